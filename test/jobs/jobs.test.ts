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

  async function start(db = store.db): Promise<Jobs> {
    const jobs = createJobs({
      db,
      log: quiet,
      now: Date.now,
      ring: () => {},
      sync: async () => {},
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
