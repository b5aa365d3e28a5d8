import { expect } from 'chai'
import { createSpread } from '../../core/delivery/spread.ts'
import { createJobs, type Jobs } from '../../core/jobs/jobs.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { startWireProxy } from '../crash/wire.ts'
import { quiet } from '../delivery/records.ts'
import { until } from '../e2e/college.ts'
import { freshDatabase } from '../store.ts'

const NAMES = ['schedules', 'sweep', 'sync']

describe('jobs', () => {
  let store: Store
  let engines: Jobs[] = []

  beforeEach(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  afterEach(async () => {
    for (const jobs of engines) await jobs.stop(5000)
    engines = []
    await store.close()
  })

  const rung: string[] = []
  async function start(db = store.db, now: () => number = Date.now): Promise<Jobs> {
    const jobs = createJobs({
      db,
      log: quiet,
      now,
      ring: () => rung.push('sweep'),
      sync: async () => void rung.push('sync'),
      hourly: async () => {},
      lookMs: 50,
    })
    engines.push(jobs)
    await jobs.start()
    return jobs
  }

  const named = async (type: 'single' | 'normal'): Promise<readonly string[]> => {
    const found = await store.db.collection('agendaJobs').find({ type }).toArray()
    return found.map(({ name }) => String(name)).sort()
  }

  it('of two engines that start at once have one schedule each', async () => {
    await Promise.all([start(), start()])
    expect(await named('single')).to.deep.equal(NAMES)
  })

  it('wait for a store that is away when they are made', async () => {
    const proxy = await startWireProxy(await freshDatabase())
    const beyond = await openStore({ uri: proxy.uri })
    try {
      let cut = 0
      proxy.treat(({ name, collection }) => {
        if (collection !== 'agendaJobs' || cut === 2 || name !== 'createIndexes') return 'pass'
        cut += 1
        return 'cut'
      })
      const jobs = await start(beyond.db)
      expect([jobs.state, cut]).to.deep.equal(['running', 2])
      await jobs.stop(5000)
    } finally {
      await beyond.close()
      await proxy.close()
    }
  })

  it('come back, once each, when their collection was dropped', async () => {
    await Promise.all([start(), start()])
    for (let times = 0; times < 3; times++) {
      await store.db.collection('agendaJobs').drop()
      await until('the schedules are back', async () => (await named('single')).length >= NAMES.length)
      expect(await named('single')).to.deep.equal(NAMES)
    }
  })

  const HOUR = 3_600_000
  for (const [machine, now] of [
    ['an hour ahead of', () => Date.now() - HOUR],
    ['an hour behind', () => Date.now() + HOUR],
  ] as const)
    it(`of a machine ${machine} the store are due by the store's time`, async () => {
      const jobs = await start(store.db, now)
      jobs.retry({ tenant: 'default', remote: 'moodle', reason: 'REMOTE_FAILED', at: now() })
      const collection = store.db.collection('agendaJobs')
      await until('all of them', async () => (await collection.countDocuments()) === NAMES.length + 1)
      for (const { name, nextRunAt } of await collection.find().toArray()) {
        const ahead = nextRunAt.getTime() - now()
        expect(ahead, name).to.be.within(-HOUR / 2, HOUR + 1000)
      }
    })

  it('that a wrong clock put hours away, or that nobody runs, are set right and run once', async () => {
    await Promise.all([start(), start()])
    const collection = store.db.collection('agendaJobs')
    rung.length = 0
    await collection.updateOne({ name: 'sweep' }, { $set: { nextRunAt: new Date(Date.now() + 2 * HOUR) } })
    await collection.updateOne(
      { name: 'sync' },
      { $set: { nextRunAt: new Date(Date.now() - HOUR), lockedAt: new Date() } },
    )
    await until('both ran', async () => rung.length >= 2)
    expect([...rung].sort()).to.deep.equal(['sweep', 'sync'])
    const still = { nextRunAt: { $gt: new Date(Date.now() + 60_000) } }
    expect(await collection.countDocuments({ name: { $in: ['sweep', 'sync'] }, ...still })).to.equal(0)
  })

  it('for 10,000 records that fail in one second are fewer than 20', async () => {
    const jobs = await start()
    const at = Date.now()
    const spread = createSpread(() => at)
    for (let n = 0; n < 10_000; n++) {
      const retry = { tenant: 'default', remote: 'moodle', reason: 'REMOTE_FAILED' }
      jobs.retry({ ...retry, at: spread.at('default|moodle', at + (n % 1000)) })
    }
    await until('they are scheduled', async () => (await named('normal')).length > 0)
    await jobs.stop(5000)
    expect((await named('normal')).length).to.be.within(1, 4)
  })
})
