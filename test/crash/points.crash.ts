/**
 * Issue: every crash point before and after the store's reply, and every reply of the store dropped once; the end is
 * that of a run in which nothing fails. `POINTS=B3,C2` and `SCENARIOS=new,merge` run a part of it, `TELL=1` tells each case.
 */
import { expect } from 'chai'
import { CRASH_LABELS } from '../../core/crash.ts'
import { print } from './colleges.ts'
import { buildProgram, type Program } from './processes.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import type { Command } from './wire.ts'
import { left, openWorld, type World } from './world.ts'

/** Where each point is reached; each is tried in each of these. */
const REACHED: Readonly<Record<string, readonly string[]>> = {
  A1: ['new', 'delete'],
  A2: ['new', 'repeat', 'touch'],
  B1: ['new'],
  B2: ['older version', 'waiting and arrival'],
  B3: ['new', 'repeat', 'merge', 'touch'],
  C1: ['update', 'waiting and arrival'],
  C2: ['new', 'merge', 'lost creation', 'lost creation in Zoho', 'lost delete'],
  C3: ['update', 'refusal and correction'],
  C4: ['new', 'write-back'],
  C5: ['new', 'waiting and arrival'],
  C6: ['waiting and arrival', 'arrival of what is not sent', 'merge'],
  C7: ['waiting and arrival', 'arrival of what is not sent', 'merge'],
  D1: ['waiting and arrival'],
  E1: ['retry'],
  G1: ['gate'],
  M1: ['merge'],
  M2: ['merge'],
  M3: ['merge'],
  F1: ['touch'],
}
const chosen = (name: string, all: readonly string[]) => process.env[name]?.split(',') ?? all
const LABELS = chosen('POINTS', CRASH_LABELS)
const NAMES = new Set(
  chosen(
    'SCENARIOS',
    SCENARIOS.map(({ name }) => name),
  ),
)
const WRITES = new Set(['insert', 'update', 'delete', 'findAndModify'])
/** What the delivery rests on; Agenda's own collection is looked at elsewhere. */
const OURS = new Set(['records', 'deliveries', 'gates', 'vault', 'tenants', 'apikeys', 'nonces'])

interface Lane {
  readonly scenario: Scenario
  readonly world: World
  readonly expected: string
  /** One more time; what it left behind. */
  again(): Promise<string>
}

describe('crash points', function () {
  this.timeout(0)
  let program: Program
  let tags = 0

  before(async () => {
    program = await buildProgram()
  })
  after(() => program?.remove())

  async function openLane(scenario: Scenario, point?: string, engines = 1): Promise<Lane> {
    const world = await openWorld(program, point, engines)
    const again = async (): Promise<string> => {
      tags += 1
      const tag = `q${String(tags).padStart(5, '0')}q`
      world.moodle.faults.clear()
      world.zoho.faults.clear()
      await scenario.run(world, tag)
      await world.quiet()
      return left(world, tag)
    }
    const expected = await again()
    return { scenario, world, expected, again }
  }

  /** One lane for each scenario, all of them at once: most of the time they wait for leases to end. */
  async function inLanes(
    work: (lane: Lane) => Promise<void>,
    first: (name: string) => string | undefined = () => undefined,
    engines = 1,
  ): Promise<void> {
    let opened: Promise<unknown> = Promise.resolve()
    const ends = await Promise.allSettled(
      SCENARIOS.filter(({ name }) => NAMES.has(name)).map(async scenario => {
        // One after the other: starts are what costs.
        const opening = opened.then(() => openLane(scenario, first(scenario.name), engines))
        opened = opening.catch(() => undefined)
        const lane = await opening
        try {
          await work(lane)
        } finally {
          await lane.world.close()
        }
      }),
    )
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  const differences: string[] = []
  afterEach(() => differences.splice(0))

  async function compare(lane: Lane, what: string): Promise<boolean> {
    let found: string
    try {
      found = await lane.again()
    } catch (error) {
      found = String(error)
    }
    if (found === lane.expected) {
      if (process.env['TELL'] !== undefined) print(`${lane.scenario.name}, ${what}: as without`)
      return true
    }
    differences.push(`${lane.scenario.name}, ${what}:\n${difference(lane.expected, found)}`)
    print(differences.at(-1) as string)
    return false
  }

  it('every point, after the reply of the store', async () => {
    const ended: string[] = []
    const missed: string[] = []
    const labelsOf = (name: string) => LABELS.filter(each => REACHED[each]?.includes(name))
    await inLanes(
      async ({ world, scenario, ...lane }) => {
        const labels = labelsOf(scenario.name)
        for (const [place, label] of labels.entries()) {
          const before = world.engine.ends.length
          await world.engine.arm()
          // It is started again with what is next.
          world.engine.next = labels[place + 1]
          const same = await compare({ world, scenario, ...lane }, label)
          const ends = world.engine.ends.slice(before)
          if (ends.length !== 1 || ends[0]?.signal !== 'SIGKILL') {
            missed.push(`${label} in ${scenario.name}`)
            // So that the next point is in it.
            if (ends.length === 0) world.engine.kill()
          } else if (same) ended.push(label)
        }
      },
      name => labelsOf(name)[0],
    )
    const tried = new Set(ended)
    const different = differences.length
    print(
      `after the reply: ${ended.length} crashes at ${tried.size} of ${LABELS.length} points ended as without; ` +
        `${different} did not; ${missed.length} points were not reached ${missed.join(', ')}`,
    )
    expect(differences).to.deep.equal([])
    expect(missed).to.deep.equal([])
    if (process.env['SCENARIOS'] === undefined) expect([...tried].sort()).to.deep.equal([...LABELS].sort())
  })

  it('a write-back whose process dies before it is sent arrives', async () => {
    const scenario = SCENARIOS.find(({ name }) => name === 'new') as Scenario
    const lane = await openLane(scenario, 'C4')
    const { engine, zoho } = lane.world
    try {
      await engine.arm()
      engine.next = undefined
      expect(await compare(lane, 'C4')).to.equal(true)
      const rows = zoho.records('BTEC_Students')
      const told = rows.filter(row => row['Student_Moodle_ID'] && row['Sync_Status'] === 'Synced')
      print(
        `ended by ${engine.ends.map(({ signal }) => signal)}; ${told.length} of ${rows.length} rows were told`,
      )
      expect(engine.ends.map(({ signal }) => signal)).to.deep.equal(['SIGKILL'])
      expect(told).to.have.length(2)
    } finally {
      await lane.world.close()
    }
  })

  it('every write of the store, before its reply', async () => {
    const counts = new Map<string, number>()
    let crashes = 0
    await inLanes(async lane => {
      const { proxy, engine } = lane.world
      for (let nth = 1; nth < 100; nth++) {
        let met = 0
        let killed: Command | undefined
        proxy.treat(command => {
          if (!WRITES.has(command.name) || !OURS.has(command.collection) || isPoll(command)) return 'pass'
          met += 1
          return met === nth ? 'drop' : 'pass'
        })
        proxy.onDropped = command => {
          killed = command
          engine.kill()
        }
        const same = await compare(lane, `killed before the reply of write ${nth}`)
        if (killed === undefined) break
        crashes += 1
        const what = `${killed.name} ${killed.collection}`
        if (same) counts.set(what, (counts.get(what) ?? 0) + 1)
        await engine.ready()
      }
      proxy.treat(() => 'pass')
    })
    print(`before the reply: ${crashes} crashes, ended as without: ${told(counts)}`)
    expect(differences).to.deep.equal([])
    expect(crashes).to.be.greaterThan(0)
  })

  it('every reply of the store dropped once, in every scenario', () => dropEach(1))
  it('K51: every reply of the store dropped once, in every scenario, with two engines', () => dropEach(2))

  /** The engines' webhooks, claims and sweeps share the proxy: the nth reply may be the one's or the other's. */
  async function dropEach(engines: number): Promise<void> {
    const counts = new Map<string, number>()
    let dropped = 0
    const work = async (lane: Lane): Promise<void> => {
      const { proxy } = lane.world
      // Two engines ask now more, now less: it is over when so many in a row were not met.
      let missed = 0
      for (let nth = 1; nth < 200 && missed < engines * 2 - 1; nth++) {
        let met = 0
        let last: Command | undefined
        proxy.treat(command => {
          if (!OURS.has(command.collection) || isPoll(command)) return 'pass'
          met += 1
          return met === nth ? 'drop' : 'pass'
        })
        proxy.onDropped = command => {
          last = command
        }
        const same = await compare(lane, `reply ${nth} dropped`)
        missed = last === undefined ? missed + 1 : 0
        if (last === undefined) continue
        dropped += 1
        if (same) counts.set(lane.scenario.name, (counts.get(lane.scenario.name) ?? 0) + 1)
      }
      proxy.treat(() => 'pass')
    }
    await inLanes(work, () => undefined, engines)
    print(`${dropped} replies dropped, ${engines} engines, ended as without: ${told(counts)}`)
    expect(differences).to.deep.equal([])
    expect(dropped).to.be.greaterThan(0)
  }
})

/** What an engine asks once a second, whether anything happens or not. */
function isPoll({ name, collection, body }: Command): boolean {
  if (name === 'distinct' || name === 'aggregate') return true
  if (name !== 'find') return false
  const filter = body['filter'] as Record<string, unknown>
  if (collection === 'gates' || collection === 'tenants') return Object.keys(filter).length === 0
  return filter['dueAt'] !== undefined
}

const told = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, n]) => `${n} x ${what}`).join(', ')

function difference(expected: string, found: string): string {
  const [a, b] = [expected.split('\n'), found.split('\n')]
  const lines = [
    ...a.filter(line => !b.includes(line)).map(line => `      - ${line}`),
    ...b.filter(line => !a.includes(line)).map(line => `      + ${line}`),
  ]
  return lines.join('\n')
}
