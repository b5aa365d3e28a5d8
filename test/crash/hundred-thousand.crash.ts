/**
 * 100,000 students in one college: all of them to be sent again at once when an engine starts, and then a file of all of
 * them of which one in twenty changed, imported while engine and import are killed. `MANY=5000` makes it smaller.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { embeddedUri } from '../../core/store/embedded/connect.ts'
import { environmentFor } from '../e2e/college.ts'
import { atRest, unfinished } from '../rest.ts'
import { root } from '../sources.ts'
import { freshDatabase } from '../store.ts'
import { print } from './colleges.ts'
import { buildProgram, type EngineProcess, type Program, runEngine } from './processes.ts'
import { entryOf } from './store-process.ts'
import { studentFields } from './storm-plan.ts'
import { type Writes, writesOf } from './writes.ts'

const COUNT = Number(process.env['MANY'] ?? 100_000)
const CHANGED_OF = 20
/** What an import sends at once. */
const PART = 500
const KILLS = Math.min(20, Math.floor(COUNT / PART / 3))
const REST_MS = 1_200_000

describe(`${COUNT} students`, function () {
  this.timeout(0)
  let program: Program
  /** As people start it: what memory it takes is decided there too. */
  const wasl = { entry: join(root, 'core/wasl.mjs'), remove: async () => {} }
  let folder: string
  let zoho: ZohoSandbox
  let moodle: MoodleSandbox
  let store: Store
  let writes: Writes
  let environment: Record<string, string>
  let engine: EngineProcess
  let ids: readonly string[]
  const begun = Date.now()
  const since = () => `${Math.round((Date.now() - begun) / 1000)} s`

  before(async () => {
    program = await buildProgram()
    folder = await mkdtemp(join(tmpdir(), 'wasl-many-'))
    zoho = await startZohoSandbox({ concurrency: 60 })
    moodle = await startMoodleSandbox()
    writes = writesOf(moodle)
    const uri = process.env['MONGODB_URI']
      ? await freshDatabase()
      : await embeddedUri(folder, { entry: entryOf(program) })
    store = await openStore({ uri })
    environment = { ...environmentFor(zoho, moodle), WASL_DATA: folder, MONGODB_URI: uri }
    ids = Array.from({ length: COUNT }, (_, n) => zoho.person.create('BTEC_Students', studentFields(n, 0)))
    print(`${since()}: ${COUNT} students in Zoho`)
  })

  after(async () => {
    await engine?.stop()
    writes.end()
    await store.close()
    await Promise.all([zoho.close(), moodle.stop()])
    await rm(folder, { recursive: true, force: true })
    await program.remove()
  })

  const states = (state: string) => store.db.collection('records').countDocuments({ state })

  async function rest(): Promise<void> {
    for (const deadline = Date.now() + REST_MS; !(await atRest(store)); await pause(500))
      if (Date.now() > deadline) throw new Error(`not at rest: ${await unfinished(store)}`)
    writes.look()
  }

  it('J04: are all tried again when an engine starts, at once and once each, in little memory', async () => {
    const first = await runEngine(wasl, environment)
    await pause(3000)
    const idle = memoryOf(first, 'VmRSS')
    moodle.faults.add({
      kind: 'database',
      function: 'core_user_create_users',
      times: Number.MAX_SAFE_INTEGER,
    })
    const file = await fileOf(zoho, ids, join(folder, 'first.ndjson'))
    const { code } = await importing(wasl, environment, file).ended
    expect(code).to.equal(0)
    print(`${since()}: imported, while every creation fails`)
    while ((await states('retrying')) < COUNT) await pause(500)
    await first.stop()
    const due = () =>
      store.db.collection('records').countDocuments({ dueAt: { $lte: new Date(store.clock.now()) } })
    while ((await due()) < COUNT) await pause(500)
    moodle.faults.clear()
    print(`${since()}: ${await due()} due, no engine`)

    const spawned = Date.now()
    engine = await runEngine(wasl, environment)
    const ready = Date.now()
    await rest()
    const sent = [...writes.byStudent].filter(([name]) => name.startsWith('STU-'))
    const effect = Math.min(...sent.map(([, list]) => list[0]?.at ?? Number.POSITIVE_INFINITY))
    const most = memoryOf(engine, 'VmHWM')
    const often = [...writes.created].filter(([name, times]) => name.startsWith('STU-') && times !== 1)
    print(
      `${since()}: at rest ${Math.round((Date.now() - ready) / 1000)} s after the engine listened, which it did after ${ready - spawned} ms; ` +
        `the first was in Moodle ${effect - ready} ms after that; ${sent.length} created, ${often.length} not once; ` +
        `memory at its most ${most} MB, ${most - idle} more than idle before`,
    )
    expect([sent.length, often]).to.deep.equal([COUNT, []])
    expect(await states('ok')).to.equal(COUNT)
  })

  it('D19: of which some changed are imported with 20 kills, and those are written', async () => {
    const changed = new Set<string>()
    for (let n = 0; n < COUNT; n += CHANGED_OF) {
      zoho.person.update('BTEC_Students', ids[n] as string, studentFields(n, 1))
      changed.add(`STU-${n}`)
    }
    // In Zoho's sandbox time counts in seconds, as in Zoho.
    const file = await fileOf(zoho, ids, join(folder, 'second.ndjson'))
    writes.look()
    const before = new Map([...writes.byStudent].map(([name, list]) => [name, list.length]))
    const kills: number[] = []
    const from = Date.now()
    const deliveries = store.db.collection('deliveries')
    const stored = await deliveries.countDocuments()
    /** The engine, and every fourth time the import, each time when so much more of the file has come. Never resolves. */
    async function killing(child: ChildProcess): Promise<never> {
      while (kills.length < KILLS && child.exitCode === null && child.signalCode === null) {
        await pause(20)
        const parts = (await deliveries.countDocuments()) - stored
        if (parts < ((kills.length + 1) * COUNT) / PART / (KILLS + 2)) continue
        const ofEngine = kills.length % 4 !== 3
        if (ofEngine ? engine.up && engine.kill() : child.kill('SIGKILL')) kills.push(Date.now())
      }
      return new Promise(() => {})
    }
    let runs = 0
    for (let over = false; !over; ) {
      runs += 1
      const { child, ended } = importing(wasl, environment, file)
      const { code, stdout, stderr } = await Promise.race([ended, killing(child)])
      over = code === 0
      if (over) print(`${since()}: ${JSON.stringify(JSON.parse(stdout).summary)} by run ${runs}`)
      // Killed, or its engine was away for too long: the same command again.
      else if (code !== null && !stderr.includes('ENGINE_UNREACHABLE')) throw new Error(stderr)
      await engine.ready()
    }
    const imported = Date.now()
    await rest()
    const written = [...writes.byStudent].flatMap(([name, list]) =>
      list.slice(before.get(name) ?? 0).map(write => ({ name, ...write })),
    )
    const names = new Set(written.map(({ name }) => name))
    const strange = [...names].filter(name => !changed.has(name))
    const missing = [...changed].filter(name => !names.has(name))
    const wrong = [...moodle.site.users.all()].filter(
      ({ idnumber, lastname }) =>
        idnumber.startsWith('STU-') && lastname !== (changed.has(idnumber) ? 'V1' : 'V0'),
    )
    const repeats = written.filter(
      (write, place) => written.findIndex(({ name }) => name === write.name) < place,
    )
    const unexplained = repeats.filter(({ at }) => !kills.some(kill => kill <= at && kill >= from))
    print(
      `${since()}: imported in ${Math.round((imported - from) / 1000)} s with ${kills.length} kills in ${runs} runs; ${changed.size} changed, ` +
        `${written.length} written, of these ${repeats.length} again after a kill, ${strange.length} unchanged, ${missing.length} missing; ` +
        `${wrong.length} wrong in Moodle; the engine at most ${memoryOf(engine, 'VmHWM')} MB since its last start`,
    )
    expect(kills.length).to.be.at.least(KILLS)
    expect([strange, missing, wrong, unexplained]).to.deep.equal([[], [], [], []])
  })
})

/** In MB. */
function memoryOf({ pid }: EngineProcess, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024)
}

/** All students as Zoho has them, one a line. */
async function fileOf(zoho: ZohoSandbox, ids: readonly string[], file: string): Promise<string> {
  const stream = createWriteStream(file)
  for (const id of ids)
    if (!stream.write(`${JSON.stringify(zoho.record('BTEC_Students', id))}\n`)) await once(stream, 'drain')
  stream.end()
  await once(stream, 'close')
  return file
}

function importing({ entry }: Program, environment: Readonly<Record<string, string>>, file: string) {
  const child = spawn(process.execPath, [entry, 'import', 'student', file, '--json'], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', text => {
      said[name] += text
    })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }))
  return { child, ended }
}
