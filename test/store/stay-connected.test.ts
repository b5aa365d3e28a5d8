import { expect } from 'chai'
import type { MongoClient } from 'mongodb'
import { openStore } from '../../core/store/connect.ts'
import { until } from '../e2e/college.ts'
import { freshDatabase } from '../store.ts'
import { record } from './documents.ts'

describe('a driver that is stuck', () => {
  for (const [what, event] of [
    ['does not look at its server any more', 'serverHeartbeatStarted'],
    ['has no connection left', 'connectionCheckOutStarted'],
  ] as const)
    it(`and ${what} is connected anew, and whoever used the store goes on`, async () => {
      let stuck = 0
      const store = await openStore({
        uri: await freshDatabase(),
        patience: { stuckMs: 1000, lookMs: 10 },
        onStuck: () => (stuck += 1),
      })
      try {
        const { db } = store
        const collection = db.collection('records')
        await store.records.insert([record(1)])
        // It asked, and nothing ever came of it.
        const client = db.client as unknown as MongoClient
        client.emit(event, { connectionId: 'gone' } as never)
        await until('it is noticed', async () => stuck > 0)
        const answered = () =>
          store.ping().then(
            () => true,
            () => false,
          )
        await until('it is connected', answered)
        // The native collections, mongoose's models, the clock, and those whom the store gave its database.
        expect(await store.records.byIds('al-noor', [record(1)._id])).to.have.length(1)
        expect(await store.gates.all()).to.deep.equal([])
        expect(await store.nonces.spend('al-noor', 'e', 'n', new Date())).to.equal(true)
        expect(await collection.countDocuments()).to.equal(1)
        expect(await db.collection('agendaJobs').countDocuments()).to.equal(0)
        expect(stuck).to.be.at.least(1)
      } finally {
        await store.close()
      }
    }).timeout(20_000)
})
