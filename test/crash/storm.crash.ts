/**
 * Issue: 5,000 deliveries, three engine processes on one store, 60 of them killed, and the store six times. Whatever
 * was accepted is there, once. Then the same with the embedded store killed a hundred times. `STORM=500` makes both
 * smaller, `STORM_SEED=...` repeats what a run had drawn.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { openStore } from '../../core/store/connect.ts'
import { embeddedUri } from '../../core/store/embedded/connect.ts'
import { environmentFor } from '../e2e/college.ts'
import { atRest, unfinished } from '../rest.ts'
import { freshDatabase } from '../store.ts'
import { many, print } from './colleges.ts'
import { buildProgram, type EngineProcess, runEngine } from './processes.ts'
import { entryOf, killStore } from './store-process.ts'
import {
  dice,
  planStorm,
  programFields,
  type Rows,
  registrationOf,
  type Storm,
  studentFields,
} from './storm-plan.ts'
import { signed } from './world.ts'
import { type Writes, writesOf } from './writes.ts'

const COUNT = Number(process.env['STORM'] ?? 5000)
/** Of 5,000 deliveries. */
const share = (of: number, least: number) => Math.max(least, Math.round((of * COUNT) / 5000))
const SEED = Number(process.env['STORM_SEED'] ?? Math.floor(Math.random() * 1e9))
const ENGINES = 3
/** What was sent so shortly before a kill may not be acknowledged. */
const UNHEARD_MS = 2000

interface Kills {
  readonly engines: number
  readonly stores: number
  /** One about so often, in milliseconds. */
  readonly everyMs: number
}

describe('a storm of kills', function () {
  this.timeout(0)
  before(() =>
    print(
      `seed ${SEED}; again: STORM=${COUNT} STORM_SEED=${SEED} npx mocha --timeout 0 test/crash/storm.crash.ts`,
    ),
  )

  it('loses nothing, and makes nothing twice', async () => {
    const stores = process.env['MONGODB_URI'] ? 0 : share(6, 1)
    await storm({ engines: share(60, 3), stores, everyMs: 3500 })
  })

  // How a MongoDB is started again is not ours to know.
  if (process.env['MONGODB_URI'] === undefined)
    it('K53: of the embedded store loses nothing that was acknowledged', async () => {
      const engines = await storm({ engines: 0, stores: share(100, 5), everyMs: 2000 })
      expect(engines.flatMap(({ ends }) => ends)).to.deep.equal([])
    })
})

/** All of it: what is sent, killed and judged. The engines, as they ended. */
async function storm(wanted: Kills): Promise<readonly EngineProcess[]> {
  const program = await buildProgram()
  const folder = await mkdtemp(join(tmpdir(), 'wasl-storm-'))
  const zoho = await startZohoSandbox({ concurrency: 60 })
  const moodle = await startMoodleSandbox()
  const engines: EngineProcess[] = []
  const writes = writesOf(moodle)
  try {
    const random = dice(SEED)
    const rows = rowsIn(zoho)
    const plan = planStorm(COUNT, rows, Date.now() + 3_600_000, random)
    const own = process.env['MONGODB_URI'] ? await freshDatabase() : undefined
    const environment = {
      ...environmentFor(zoho, moodle),
      WASL_DATA: folder,
      ...(own === undefined ? {} : { MONGODB_URI: own }),
    }
    for (let n = 0; n < ENGINES; n++) engines.push(await runEngine(program, environment))

    const begun = Date.now()
    const kills: number[] = []
    const killing = kill(wanted, engines, folder, random, kills)
    const accepted = await send(engines, plan, random, kills, wanted.engines + wanted.stores)
    await killing
    print(`${COUNT} posts sent and accepted in ${seconds(begun)} s, ${kills.length} kills`)
    const uri = own ?? (await embeddedUri(folder, { entry: entryOf(program) }))
    await restOf(uri, writes)
    print(`at rest after ${seconds(begun)} s`)
    writes.look()
    await judge({ uri, zoho, moodle, storm: plan, rows, accepted, kills, writes, engines })
    return engines
  } finally {
    await Promise.all(engines.map(engine => engine.stop()))
    writes.end()
    await Promise.all([zoho.close(), moodle.stop()])
    await rm(folder, { recursive: true, force: true })
    await program.remove()
  }
}

const seconds = (since: number) => Math.round((Date.now() - since) / 1000)

function rowsIn(zoho: ZohoSandbox): Rows {
  const several = (count: number, make: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => make(n))
  const students = several(Math.ceil(COUNT / 5), n =>
    zoho.person.create('BTEC_Students', studentFields(n, 0)),
  )
  const programs = several(20, n => zoho.person.create('BTEC_Programs', programFields(n)))
  const registrations = several(Math.ceil(COUNT / 10), n =>
    zoho.person.create('BTEC_Registrations', registrationOf(n, { students, programs })),
  )
  const invalid = several(Math.ceil(COUNT / 125), n =>
    zoho.person.create('BTEC_Students', { Full_Name: `No Email ${n}`, Student_ID: `STU-${900_000 + n}` }),
  )
  return { students, programs, registrations, invalid }
}

/** Sends all posts while the kills go on, each until somebody accepts it. By notification: how it was accepted. */
async function send(
  engines: readonly EngineProcess[],
  { posts }: Storm,
  random: () => number,
  kills: readonly number[],
  most: number,
): Promise<ReadonlySet<string>> {
  const accepted = new Set<string>()
  const credentials = await (engines[0] as EngineProcess).credentials()
  await many(posts.length, 16, async n => {
    const { module, id, body } = posts[n] as Storm['posts'][number]
    // The kills are spread over all of it, however long engines take to start.
    while (kills.length < Math.floor((n / posts.length) * most)) await pause(20)
    for (;;) {
      const engine = engines[Math.floor(random() * engines.length)] as EngineProcess
      const status = await signed(engine.url, credentials, module, body).then(
        async response => {
          await response.arrayBuffer()
          return response.status
        },
        () => 0,
      )
      if (status === 200 || status === 202) break
      if (status >= 400 && status < 500) throw new Error(`${id} was answered ${status}`)
      await pause(50 + 100 * random())
    }
    accepted.add(id)
  })
  return accepted
}

/** Adds the moments of all kills to `kills`. `folder`: of the embedded store. */
async function kill(
  wanted: Kills,
  engines: readonly EngineProcess[],
  folder: string,
  random: () => number,
  kills: number[],
): Promise<void> {
  const all = wanted.engines + wanted.stores
  const between = wanted.stores === 0 ? all + 1 : Math.floor(all / wanted.stores)
  for (let n = 1, stores = 0; n <= all; n++) {
    await pause(wanted.everyMs * (0.5 + random()))
    const ofStore = stores < wanted.stores && n % between === 0
    const killed = () => {
      const engine = engines[Math.floor(random() * engines.length)] as EngineProcess
      return ofStore ? killStore(folder) : engine.up && engine.kill()
    }
    while (!killed()) await pause(20)
    if (ofStore) stores += 1
    kills.push(Date.now())
  }
}

async function restOf(uri: string, { look }: Writes): Promise<void> {
  const store = await openStore({ uri })
  try {
    for (const deadline = Date.now() + 300_000; ; ) {
      look()
      if (await atRest(store)) return
      if (Date.now() > deadline) throw new Error(`not at rest: ${await unfinished(store)}`)
      await pause(250)
    }
  } finally {
    await store.close()
  }
}

interface Aftermath {
  readonly uri: string
  readonly zoho: ZohoSandbox
  readonly moodle: MoodleSandbox
  readonly storm: Storm
  readonly rows: Rows
  readonly accepted: ReadonlySet<string>
  readonly kills: readonly number[]
  readonly writes: Writes
  readonly engines: readonly EngineProcess[]
}

/** Asks the store's documents and the sandboxes, never an engine. */
async function judge(after: Aftermath): Promise<void> {
  const { uri, zoho, moodle, storm, rows, accepted, kills, writes, engines } = after
  const store = await openStore({ uri })
  const deliveries = await store.db
    .collection('deliveries')
    .find({ channel: { $ne: 'lookup' } }, { projection: { raw: 0 } })
    .toArray()
  const records = await store.db.collection('records').find({}).toArray()
  await store.close()

  const outcomes = new Map<string, number>()
  const found = new Map<string, number>()
  for (const { senderId, events } of deliveries) {
    found.set(senderId, (found.get(senderId) ?? 0) + 1)
    for (const { outcome = 'open' } of events as { outcome?: string }[])
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const lost = [...accepted].filter(id => !found.has(id))
  const doubled = [...found].filter(([, times]) => times > 1)
  const strange = [...found.keys()].filter(id => !accepted.has(id))
  const sum = [...outcomes.values()].reduce((a, b) => a + b, 0)
  const states = countBy(records.map(({ state }) => String(state)))
  const otherwise = engines.flatMap(({ ends }) => ends.filter(({ signal }) => signal !== 'SIGKILL'))

  const users = countBy([...moodle.site.users.all()].map(({ idnumber }) => idnumber))
  const wrong = [...storm.newest].filter(([name, content]) => {
    const own = [...moodle.site.users.all()].filter(({ idnumber }) => idnumber === name)
    const row = zoho.record('BTEC_Students', rows.students[Number(name.slice(4))] as string)
    return (
      own.length !== 1 ||
      own[0]?.lastname !== `V${content}` ||
      row?.['Student_Moodle_ID'] !== String(own[0]?.id) ||
      row?.['Sync_Status'] !== 'Synced'
    )
  })
  const keys = [
    ...[...users].filter(([name]) => name.startsWith('STU-')),
    ...countBy([...moodle.site.categories.all()].map(({ idnumber }) => `category ${idnumber}`)),
    ...countBy([...moodle.site.cohorts.all()].map(({ idnumber }) => `cohort ${idnumber}`)),
    ...countBy([...moodle.site.cohortMembers.all()].map(({ pair }) => `member ${pair}`)),
  ].filter(([name]) => !/ $/.test(name))
  const several = keys.filter(([, times]) => times > 1)
  const members = [...moodle.site.cohortMembers.all()].length
  const told = [...storm.invalid].filter(id => zoho.record('BTEC_Students', id)?.['Sync_Status'] !== 'Failed')

  const all = [...writes.byStudent.values()]
  const sent = all.reduce((n, list) => n + list.length, 0)
  const versions = [...storm.versions.values()].reduce((a, b) => a + b, 0)
  const repeated = all.flatMap(list =>
    list.flatMap((write, place) => {
      const before = list[place - 1]
      return before?.content === write.content ? [[before, write] as const] : []
    }),
  )
  const unexplained = repeated.filter(
    ([before, write]) => !kills.some(at => at >= before.at - UNHEARD_MS && at <= write.at),
  )
  const tooMany = [...writes.byStudent].filter(([name, list]) => {
    const extra = repeated.filter(([, write]) => list.includes(write)).length
    // What stood in Zoho before is a version too, where it was looked up for a registration that came first.
    const before = list.some(({ content }) => content === 'V0') ? 1 : 0
    return list.length > (storm.versions.get(name) ?? 0) + before + extra
  })
  print(
    `accepted ${accepted.size} = ${[...outcomes].map(([what, n]) => `${n} ${what}`).join(' + ')} = ${sum}; ` +
      `${lost.length} lost, ${doubled.length} stored twice, ${strange.length} never accepted`,
  )
  const dead = records.filter(({ state }) => state === 'dead').map(({ lastError }) => lastError?.code)
  print(
    `records: ${[...states].map(([what, n]) => `${n} ${what}`).join(', ')}; dead of ${dead.join(', ') || 'nothing'}`,
  )
  print(
    `remote: ${keys.length} keys, ${several.length} with more than one object; ${wrong.length} of ${storm.newest.size} students not at their newest, ` +
      `${members} of ${rows.registrations.length} registrations in their cohort, ${told.length} INVALID not told`,
  )
  print(
    `Moodle was sent ${sent} students for ${versions} versions; ${repeated.length} the same again after an ambiguous send, ` +
      `${unexplained.length} without one; ${tooMany.length} students more often than that`,
  )
  print(
    `engines ended otherwise: ${otherwise.map(({ code, output }) => `${code} ${output}`).join('; ') || 'none'}`,
  )

  expect([lost, doubled, strange, outcomes.get('open') ?? 0]).to.deep.equal([[], [], [], 0])
  expect(sum).to.equal(accepted.size)
  expect(outcomes.get('INVALID')).to.equal(storm.invalid.size)
  expect([...states.keys()].sort()).to.deep.equal(['invalid', 'ok'])
  expect([several, wrong, told]).to.deep.equal([[], [], []])
  expect(members).to.equal(rows.registrations.length)
  expect([unexplained, tooMany]).to.deep.equal([[], []])
  // The store may be killed just when an engine starts; then it says so, and is started again.
  expect(otherwise.filter(({ code }) => code !== 4)).to.deep.equal([])
}

function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
