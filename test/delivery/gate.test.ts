import { expect } from 'chai'
import { perSecond } from '../../core/delivery/backoff.ts'
import { createGates, type Gates } from '../../core/delivery/gate.ts'
import { RetryableError } from '../../core/errors.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { gate, NOW, record } from '../store/documents.ts'
import { freshDatabase } from '../store.ts'
import { quiet } from './records.ts'

const HELD = 100
const SECOND = 1000

describe('a gate that opens', () => {
  let store: Store
  let clock = NOW
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())
  beforeEach(async () => {
    clock = NOW
    await store.db.collection('gates').deleteMany({})
    await store.db.collection('records').deleteMany({})
    const all = Array.from({ length: HELD }, (_, n) => record(n + 1, { gate: gate()._id, state: 'gated' }))
    await store.records.insert(all)
    await store.gates.close(gate({ openAt: new Date(NOW) }), null)
  })

  const engine = (): Gates => createGates(store, { log: quiet, now: () => clock, random: () => 0 })
  const held = () => store.records.countAtGate(gate()._id, HELD)
  async function look(...engines: readonly Gates[]): Promise<void> {
    await Promise.all(engines.map(each => each.turn(clock)))
  }
  /** The probe went and was answered. */
  async function answered(first: Gates): Promise<void> {
    await look(first)
    await first.answered('al-noor', 'moodle/user')
    clock += SECOND
  }

  const shares: readonly (readonly [held: number, perSecond: number])[] = [
    [0, 1],
    [1, 1],
    [30, 1],
    [39, 1],
    [40, 2],
    [10_000, 500],
  ]
  for (const [stood, most] of shares)
    it(`lets go ${most} of ${stood} in a second`, () => expect(perSecond(stood)).to.equal(most))

  it('stays closed for a second when all calls that are under way fail, longer once its probe does', async () => {
    await store.db.collection('gates').deleteMany({})
    const probes: string[] = []
    const onProbe = (_: string, records: readonly string[]) => probes.push(...records)
    const one = createGates(store, { log: quiet, now: () => clock, random: () => 0, onProbe })
    const outage = new RetryableError('REMOTE_UNREACHABLE', 'reset', { gate: 'outage' })
    const waits = async () => {
      for (let calls = 0; calls < 4; calls++) await one.closeFor('al-noor', 'moodle/user', outage)
      return (await store.gates.all()).map(({ rounds, openAt }) => [rounds, openAt.getTime() - clock])
    }
    expect(await waits()).to.deep.equal([[0, SECOND]])
    clock += SECOND
    await look(one)
    expect(probes).to.deep.equal([record(1)._id])
    expect(await waits()).to.deep.equal([[1, 30 * SECOND]])
  })

  it('is closed where another engine has opened and removed it meanwhile', async () => {
    const [one, other] = [engine(), engine()]
    await answered(one)
    await look(other)
    expect(other.all.map(({ opening }) => opening)).to.deep.equal([perSecond(HELD - 1)])
    await store.gates.remove(gate()._id)
    const outage = new RetryableError('REMOTE_UNREACHABLE', 'reset', { gate: 'outage' })
    expect(await other.closeFor('al-noor', 'moodle/user', outage)).to.equal(gate()._id)
    const stored = await store.gates.all()
    expect(stored.map(({ rounds, opening }) => [rounds, opening])).to.deep.equal([[0, undefined]])
    expect(other.before('al-noor', 'moodle/user', 'any')).to.equal(gate()._id)
  })

  it('lets go the oldest first, each second its part, and is removed', async () => {
    const one = engine()
    await answered(one)
    expect(await held()).to.equal(HELD - 1)
    const part = perSecond(HELD - 1)
    for (let second = 0; (await held()) > 0; second++) {
      await look(one)
      const left = Math.max(0, HELD - 1 - part * (second + 1))
      expect(await held(), `second ${second}`).to.equal(left)
      const due = await store.records.due(new Date(clock), HELD)
      expect(due.map(each => each._id).sort()).to.deep.equal(
        Array.from({ length: HELD - left }, (_, n) => record(n + 1)._id),
      )
      clock += SECOND
    }
    await look(one)
    expect(await store.gates.all()).to.deep.equal([])
  })

  it('lets go no more where several engines look', async () => {
    const engines = [engine(), engine(), engine()] as const
    await answered(engines[0])
    for (let second = 1; second <= 4; second++) {
      await look(...engines)
      clock += SECOND / 2
      await look(...engines)
      clock += SECOND / 2
      expect(await held()).to.equal(HELD - 1 - second * perSecond(HELD - 1))
    }
  })

  it('does not wait for an engine whose clock is ahead', async () => {
    const [ahead, one] = [engine(), engine()]
    clock += 3600 * SECOND
    await answered(ahead)
    await look(ahead)
    const before = await held()
    clock = NOW + 3 * SECOND
    await look(one)
    expect(await held()).to.equal(before - perSecond(HELD - 1))
  })
})
