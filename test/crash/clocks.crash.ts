/**
 * Three engines on one store whose wall clocks are wrong: an hour ahead, an hour behind, and one that jumps ten minutes
 * ahead or behind every 20 s. Only the store's clock and that of the sandboxes are right. `CLOCKS_SECONDS=120` is
 * shorter; schedules need that much.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { channelToken } from '../../connectors/zoho/verify.ts'
import type { Credentials } from '../../core/first-start.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { embeddedUri } from '../../core/store/embedded/connect.ts'
import { environmentFor } from '../e2e/college.ts'
import { atRest, unfinished } from '../rest.ts'
import { root } from '../sources.ts'
import { freshDatabase } from '../store.ts'
import { many, print } from './colleges.ts'
import { buildProgram, type EngineProcess, runEngine } from './processes.ts'
import { entryOf } from './store-process.ts'
import { studentFields } from './storm-plan.ts'
import { signed } from './world.ts'
import { type Write, writesOf } from './writes.ts'

const SECONDS = Number(process.env['CLOCKS_SECONDS'] ?? 240)
const CLOCKS = ['3600000', '-3600000', 'step']
/** Three of every four are sent whole, the others only named. */
const STUDENTS = 2 * SECONDS
const VERSIONS = 4
/** Calls take a while, so that leases are held when others look. */
const LATENCY_MS = 400
const LATE_MS = 60_000
/** Students are compared with Zoho so often, in seconds. */
const INTERVAL = 40

/** When a version was told to an engine, by student and version. */
type Told = Map<string, number>

describe('engines whose clocks are wrong', function () {
  this.timeout(0)

  it('J08: push nothing twice, are not late, and run each schedule when it is due', async () => {
    const program = await buildProgram()
    const folder = await mkdtemp(join(tmpdir(), 'wasl-clocks-'))
    const zoho = await startZohoSandbox({ concurrency: 60 })
    const moodle = await startMoodleSandbox({ latencyMs: LATENCY_MS })
    const writes = writesOf(moodle)
    const engines: EngineProcess[] = []
    const uri = process.env['MONGODB_URI']
      ? await freshDatabase()
      : await embeddedUri(folder, { entry: entryOf(program) })
    const store = await openStore({ uri })
    try {
      const environment = { ...environmentFor(zoho, moodle), WASL_DATA: folder, MONGODB_URI: uri }
      const preload = `--import ${pathToFileURL(join(root, 'test/wall-clock.mjs'))}`
      for (const clock of CLOCKS)
        engines.push(await runEngine(program, { ...environment, NODE_OPTIONS: preload, WALL_CLOCK: clock }))
      await store.tenants.changeModule('default', 'student', { interval: INTERVAL })
      const schedules = watchSchedules(store)
      const told = await send(engines, zoho, moodle)
      await rest(store)
      writes.look()
      const runs = await schedules.end()
      await judge({
        store,
        told,
        byStudent: writes.byStudent,
        created: writes.created,
        runs,
        engines,
        moodle,
      })
    } finally {
      await Promise.all(engines.map(engine => engine.stop()))
      writes.end()
      await store.close()
      await Promise.all([zoho.close(), moodle.stop()])
      await rm(folder, { recursive: true, force: true })
      await program.remove()
    }
  })
})

/** A registrar changes students one after the other, all of them `VERSIONS` times, and an engine is told of it. */
async function send(
  engines: readonly EngineProcess[],
  zoho: ZohoSandbox,
  moodle: MoodleSandbox,
): Promise<Told> {
  const credentials = await (engines[0] as EngineProcess).credentials()
  const ids = Array.from({ length: STUDENTS }, (_, n) =>
    zoho.person.create('BTEC_Students', studentFields(n, 0)),
  )
  const told: Told = new Map()
  const posts = STUDENTS * VERSIONS
  const begun = performance.now()
  await many(posts, 16, async post => {
    await pause(Math.max(0, (post / posts) * SECONDS * 1000 - (performance.now() - begun)))
    // From time to time Moodle fails, so that something is tried again.
    if (post % 50 === 0) moodle.faults.add({ kind: 'database', times: 2 })
    const n = post % STUDENTS
    const version = Math.floor(post / STUDENTS) + 1
    const id = ids[n] as string
    zoho.person.update('BTEC_Students', id, studentFields(n, version))
    const { url } = engines[Math.floor(Math.random() * engines.length)] as EngineProcess
    // As it stands there, so that whoever reads it again finds what was sent.
    const data = { ...zoho.record('BTEC_Students', id) }
    const body = {
      notification_id: `clocks-${post}`,
      timestamp: new Date().toISOString(),
      module: 'BTEC_Students',
      operation: 'update',
      record_id: id,
      data,
    }
    const answer = await (n % 4 === 0
      ? named(url, credentials, id)
      : signed(url, credentials, 'student', body))
    await answer.arrayBuffer()
    expect(answer.status, `post ${post}`).to.be.oneOf([200, 202])
    told.set(`STU-${n} V${version}`, Date.now())
  })
  return told
}

/** Zoho's own notification, which names the record only. */
function named(url: string, credentials: Credentials, id: string): Promise<Response> {
  const { id: endpoint = '', secret = '' } = credentials.endpoints['zoho-token'] ?? {}
  const query = `endpoint=${endpoint}&secret=${encodeURIComponent(secret)}`
  return fetch(`${url}/api/v1/events/zoho/student?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      server_time: Date.now(),
      module: 'BTEC_Students',
      ids: [id],
      operation: 'update',
      channel_id: '1',
      token: channelToken(secret),
    }),
  })
}

interface Runs {
  /** By schedule of Agenda: when it ran. */
  readonly rings: ReadonlyMap<string, readonly number[]>
  /** When students were compared with Zoho. */
  readonly sweeps: readonly number[]
}

function watchSchedules({ db }: Store): { end(): Promise<Runs> } {
  const rings = new Map<string, number[]>()
  let watching = true
  const watch = (async () => {
    while (watching) {
      for (const { name, lastRunAt } of await db
        .collection('agendaJobs')
        .find({ type: 'single' })
        .toArray()) {
        const known = rings.get(name) ?? []
        rings.set(name, known)
        const at = (lastRunAt as Date | null)?.getTime()
        // Written when it begins and when it ends, by a clock that is right to a millisecond or two.
        if (at !== undefined && at - (known.at(-1) ?? 0) > 1000) known.push(at)
      }
      await pause(100)
    }
  })()
  return {
    async end() {
      watching = false
      await watch
      const syncs = await db.collection('syncs').find({ module: 'student', by: 'schedule' }).toArray()
      return { rings, sweeps: syncs.map(({ startedAt }) => (startedAt as Date).getTime()).sort() }
    },
  }
}

async function rest(store: Store): Promise<void> {
  // A comparison with Zoho begins now and then: what counts is that nothing else is left.
  for (const deadline = performance.now() + 300_000; !(await atRest(store)); await pause(100))
    if (performance.now() > deadline) throw new Error(`not at rest: ${await unfinished(store)}`)
}

interface Aftermath {
  readonly store: Store
  readonly told: Told
  readonly byStudent: ReadonlyMap<string, readonly Write[]>
  readonly created: ReadonlyMap<string, number>
  readonly runs: Runs
  readonly engines: readonly EngineProcess[]
  readonly moodle: MoodleSandbox
}

async function judge({ store, told, byStudent, created, runs, engines, moodle }: Aftermath): Promise<void> {
  const lags = [...told].map(([key, at]) => {
    const [name = '', version = ''] = key.split(' V')
    // Before its sender heard that it was accepted, where the engine is quick.
    const heard = byStudent.get(name)?.find(({ content }) => Number(content.slice(1)) >= Number(version))
    return heard === undefined ? Number.POSITIVE_INFINITY : Math.max(0, heard.at - at)
  })
  lags.sort((a, b) => a - b)
  const share = (part: number) => lags[Math.min(lags.length - 1, Math.floor(part * lags.length))] as number
  const all = [...byStudent]
  const sent = all.reduce((n, [, list]) => n + list.length, 0)
  const twice = all.filter(([, list]) => new Set(list.map(({ content }) => content)).size < list.length)
  const back = all.filter(([, list]) =>
    list.some(({ content }, n) => n > 0 && content < (list[n - 1] as Write).content),
  )
  const users = [...moodle.site.users.all()].filter(({ idnumber }) => idnumber.startsWith('STU-'))
  const wrong = users.filter(({ lastname }) => lastname !== `V${VERSIONS}`)
  const records = store.db.collection('records')
  const other = await records.countDocuments({ module: 'student', state: { $ne: 'ok' } })
  print(
    `${told.size} versions of ${STUDENTS} students in ${SECONDS} s told to 3 engines; ${sent} sent, ${twice.length} students with one sent twice, ` +
      `${back.length} that went back, ${wrong.length} not at their newest, ${other} records not at rest`,
  )
  print(`from told to Moodle: p50 ${share(0.5)} ms, p99 ${share(0.99)} ms, at most ${share(1)} ms`)
  const sweeps = { name: `students compared every ${INTERVAL} s`, times: runs.sweeps, every: INTERVAL }
  const rings = ['sweep', 'sync'].map((name, n) => ({
    name,
    times: runs.rings.get(name) ?? [],
    every: n === 0 ? 30 : 20,
  }))
  const schedules = [sweeps, ...rings].map(({ name, times, every }) => {
    const gaps = times.slice(1).map((at, n) => (at - (times[n] as number)) / 1000)
    const said = `${name}: ${times.length} times, ${Math.min(...gaps).toFixed(1)} to ${Math.max(...gaps).toFixed(1)} s apart`
    return { said, every, gaps }
  })
  print(schedules.map(({ said }) => said).join('; '))

  expect(users).to.have.length(STUDENTS)
  expect([...created].filter(([name, times]) => name.startsWith('STU-') && times !== 1)).to.deep.equal([])
  expect([twice, back, wrong]).to.deep.equal([[], [], []])
  expect(other).to.equal(0)
  expect(share(0.99)).to.be.lessThan(LATE_MS)
  for (const { said, every, gaps } of schedules) {
    expect(gaps.length, said).to.be.greaterThan(0)
    // Agenda looks every 5 s; students are compared when the 20 s of `sync` come round.
    expect(Math.min(...gaps), said).to.be.greaterThan(every - 6)
    expect(Math.max(...gaps), said).to.be.lessThan(every + 20 + LATE_MS / 1000)
  }
  expect(engines.flatMap(({ ends }) => ends)).to.deep.equal([])
}
