import { expect } from 'chai'
import { type Machine, type StoreClock, startClock } from '../../core/store/clock.ts'
import { openStore } from '../../core/store/connect.ts'
import { until } from '../e2e/college.ts'
import { freshDatabase } from '../store.ts'

const START = Date.UTC(2026, 10, 28)
const MINUTE = 60_000

/** A machine and a store whose clocks a test turns. */
function world() {
  const clocks = { wall: START, monotonic: 1000, uptime: 5000, store: START, roundTrip: 10 }
  const machine: Machine = {
    wall: () => clocks.wall,
    monotonic: () => clocks.monotonic,
    uptime: () => clocks.uptime,
  }
  const pass = (ms: number) => {
    for (const name of ['wall', 'monotonic', 'uptime', 'store'] as const) clocks[name] += ms
  }
  return {
    clocks,
    machine,
    pass,
    async ask() {
      pass(clocks.roundTrip / 2)
      const told = clocks.store
      pass(clocks.roundTrip / 2)
      return told
    },
  }
}

describe("the store's clock", () => {
  let running: StoreClock[] = []
  afterEach(() => {
    for (const clock of running) clock.stop()
    running = []
  })
  const start = async (...given: Parameters<typeof startClock>) => {
    const clock = await startClock(...given)
    running.push(clock)
    return clock
  }

  const cases: readonly [string, (at: ReturnType<typeof world>) => void, number][] = [
    ['while nothing happens', ({ pass }) => pass(MINUTE), 0],
    ['when the wall clock is set an hour ahead', ({ clocks }) => (clocks.wall += 60 * MINUTE), 60 * MINUTE],
    ['when it is set back ten minutes', ({ clocks }) => (clocks.wall -= 10 * MINUTE), -10 * MINUTE],
    [
      'when the machine has slept',
      ({ clocks }) => {
        for (const name of ['wall', 'uptime', 'store'] as const) clocks[name] += 90 * MINUTE
      },
      0,
    ],
    [
      'when it has slept and was set meanwhile',
      ({ clocks }) => {
        for (const name of ['wall', 'uptime', 'store'] as const) clocks[name] += 90 * MINUTE
        clocks.wall -= MINUTE
      },
      -MINUTE,
    ],
  ]
  for (const [name, happens, ahead] of cases)
    it(`goes on as the store's ${name}`, async () => {
      const at = world()
      const clock = await start({ ask: at.ask, machine: at.machine })
      happens(at)
      expect(clock.now()).to.equal(at.clocks.store)
      expect(clock.ahead()).to.equal(ahead)
      at.pass(1234)
      expect(clock.now()).to.equal(at.clocks.store)
    })

  it('takes the answer with the shortest way', async () => {
    const at = world()
    const ways = [500, 4, 900]
    const ask = async () => {
      const way = ways.shift() ?? 4
      at.pass(way)
      return at.clocks.store
    }
    const clock = await start({ ask, machine: at.machine })
    expect(clock.now() - at.clocks.store).to.equal(2)
  })

  it('follows the store when its clock is set, and not a slow answer', async () => {
    const at = world()
    let asked = 0
    const ask = () => {
      asked += 1
      return at.ask()
    }
    const rounds = async () => {
      const before = asked
      await until('it was asked again', async () => asked >= before + 6)
    }
    const clock = await start({ ask, machine: at.machine, everyMs: 1 })
    at.clocks.roundTrip = 2000
    await rounds()
    expect(clock.now()).to.equal(at.clocks.store)
    at.clocks.roundTrip = 10
    at.clocks.store -= 10 * MINUTE
    await until('it follows', async () => clock.now() === at.clocks.store)
  })

  it('tells once that the clocks differ, and once that they do not any more', async () => {
    const at = world()
    const told: number[] = []
    at.clocks.wall += 60 * MINUTE
    let asked = 0
    const ask = () => {
      asked += 1
      return at.ask()
    }
    await start({ ask, machine: at.machine, everyMs: 1, onDiffers: ahead => told.push(ahead) })
    await until('it was asked again', async () => asked > 9)
    at.clocks.wall = at.clocks.store
    await until('it is told', async () => told.length > 1)
    expect(told).to.deep.equal([60 * MINUTE, 0])
  })

  it('is that of the server', async () => {
    const store = await openStore({ uri: await freshDatabase() })
    try {
      // It runs on this machine, so nothing lies between the two.
      expect(Math.abs(store.clock.ahead())).to.be.lessThan(1000)
    } finally {
      await store.close()
    }
  })
})
