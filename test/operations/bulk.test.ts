import { expect } from 'chai'
import { endAbandoned } from '../../core/operations/bulk.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { freshDatabase } from '../store.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const MINUTE = 60_000

describe('a job over many', () => {
  let store: Store

  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })

  after(() => store.close())

  const add = (minutesAgo: number) =>
    store.bulk.add({
      tenant: 'al-noor',
      what: 'retries.retry',
      order: {},
      by: 'key:x',
      state: 'running',
      done: 7,
      refused: 0,
      startedAt: new Date(NOW - 60 * MINUTE),
      seenAt: new Date(NOW - minutesAgo * MINUTE),
      expireAt: new Date(NOW + 1000 * MINUTE),
    })

  it('whose engine ended within it has failed, with what it did; one that moves runs on', async () => {
    const [left, moving, slow] = [await add(6), await add(1), await add(6)]
    expect(await store.bulk.progress('al-noor', slow._id, 8, 0, new Date(NOW))).to.equal(true)
    expect(await endAbandoned(store, NOW)).to.equal(1)
    const states = await Promise.all(
      [left, moving, slow].map(async ({ _id }) => (await store.bulk.one('al-noor', _id))?.state),
    )
    expect(states).to.deep.equal(['failed', 'running', 'running'])
    const ended = await store.bulk.one('al-noor', left._id)
    expect(ended).to.include({ done: 7 })
    expect(ended?.error).to.match(/order it again/)
    expect(await store.bulk.progress('al-noor', left._id, 9, 0, new Date(NOW)), 'it is told').to.equal(false)
  })
})
