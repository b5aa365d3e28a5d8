/**
 * Payloads that make a step throw, at once or when nobody listens any more, loop for ever, exhaust the memory or end the
 * process, among good ones: those end dead with their reason, the good ones are done, and whatever ended the process is
 * started again. `POISON=200` makes the 2,000 good ones fewer.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { standardWebhooksHeaders } from '../../core/http/verifiers/standard-webhooks.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import type { DeliveryDocument } from '../../core/store/documents.ts'
import { randomOf } from '../bench/workload.ts'
import { atRest, unfinished } from '../rest.ts'
import { freshDatabase } from '../store.ts'
import { many, print } from './colleges.ts'
import { buildProgram, type EngineProcess, type Program, runEngine } from './processes.ts'

const GOOD = Number(process.env['POISON'] ?? 2000)
const EACH = 5
const RUNS = [
  { title: 'K56: those that end it at once', kinds: ['throw', 'loop', 'memory', 'exit'] },
  { title: 'K58: those that leave behind what ends it', kinds: ['later', 'rejection'] },
] as const
const PATIENCE_MS = 3_600_000

/** A connector as a stranger writes it, with a transform that does what its value says. */
const CONNECTOR = `
import { defineConnector } from 'wasl/plugin'
const spring = {
  throw() { return undefined.nothing },
  loop() { for (;;); },
  memory() { const all = []; for (;;) all.push(new Array(1000).fill(all.length)) },
  exit() { process.exit(0) },
  later() { setImmediate(() => { throw new Error('later') }) },
  rejection() { void Promise.reject(new Error('nobody listens')) },
}
export default defineConnector({
  name: 'trap',
  summary: 'Things that may be traps.',
  settings: { type: 'object', properties: {}, additionalProperties: false },
  resources: {
    thing: { summary: 'A thing.', perCall: 1, idOf: ({ id }) => id, versionOf: ({ version }) => [version], fields: { id: { kind: 'id' }, does: {} } },
  },
  accepts: ['standard-webhooks'],
  transforms: [{
    name: 'spring',
    summary: 'Does what the value says.',
    prepare: () => value => (spring[value] ?? (() => value))(),
  }],
  parse: ({ body }) => ({ events: [{ resource: 'thing', kind: 'state', id: body.id, version: [body.version], payload: body }] }),
  connect: () => ({ resources: {}, check: async () => [], close: async () => {} }),
})
`

const PIPELINE = {
  version: 1,
  module: 'thing',
  summary: 'Things, which end at the store.',
  record: {
    identity: { 'trap/thing': 'thingId' },
    fingerprint: ['does'],
    fields: { thingId: { type: 'string', format: 'id' }, does: { type: 'string' } },
  },
  flows: {
    'trap-to-store': {
      from: 'trap/thing',
      steps: [
        { step: 'parse' },
        { step: 'map', fields: { thingId: 'id', does: { from: 'does', transform: 'spring' } } },
        { step: 'fingerprint' },
        { step: 'upsert' },
      ],
    },
  },
}

interface Thing {
  readonly id: string
  readonly does: string
}

/** In random order. */
function things(kinds: readonly string[]): Thing[] {
  const all: Thing[] = Array.from({ length: GOOD }, (_, n) => ({ id: `good-${n}`, does: 'nothing' }))
  const random = randomOf(11)
  for (const does of kinds)
    for (let n = 0; n < EACH; n++)
      all.splice(Math.floor(random() * all.length), 0, { id: `${does}-${n}`, does })
  return all
}

/** Repeated until it is accepted, as a sender does. */
async function send(
  engine: EngineProcess,
  endpoint: { id: string; secret: string },
  thing: Thing,
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ ...thing, version: 1 }))
  const id = randomUUID()
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await pause(200)) {
    const response = await fetch(`${engine.url}/api/v1/events/trap/thing?endpoint=${endpoint.id}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...standardWebhooksHeaders(endpoint.secret, { id, now: Date.now(), body }),
      },
      body,
      signal: AbortSignal.timeout(10_000),
      // The process may be gone, or about to be killed.
    }).catch(() => undefined)
    if (response === undefined || response.status === 503) continue
    if (response.ok) return
    throw new Error(`${thing.id} was answered ${response.status}: ${await response.text()}`)
  }
  throw new Error(`${thing.id} was never accepted`)
}

for (const { title, kinds } of RUNS)
  describe(`${kinds.length * EACH} payloads (${kinds.join(', ')}) among ${GOOD}`, () => {
    let home: string
    let program: Program
    let engine: EngineProcess
    let store: Store

    before(async () => {
      home = await mkdtemp(join(tmpdir(), 'wasl-poison-'))
      await mkdir(join(home, 'connectors/trap'), { recursive: true })
      await mkdir(join(home, 'pipelines'))
      await writeFile(join(home, 'connectors/trap/index.ts'), CONNECTOR)
      await writeFile(join(home, 'pipelines/thing.json'), JSON.stringify(PIPELINE))
      program = await buildProgram()
      const uri = await freshDatabase()
      engine = await runEngine(program, {
        NODE_ENV: 'production',
        // Memory is exhausted in seconds, not minutes.
        NODE_OPTIONS: '--max-old-space-size=256',
        WASL_KEY: Buffer.alloc(32, 7).toString('base64'),
        WASL_HOME: home,
        WASL_DATA: join(home, 'data'),
        MONGODB_URI: uri,
        TRAP_ENABLED: 'true',
      })
      store = await openStore({ uri })
    })

    after(async () => {
      await engine?.stop()
      await store?.close()
      await program?.remove()
      await rm(home, { recursive: true, force: true })
    })

    it(`${title} are dead with their reason, the others are done`, async () => {
      const { endpoints } = await engine.credentials()
      const endpoint = endpoints['trap']
      if (endpoint === undefined) throw new Error('the connector has no endpoint')
      const all = things(kinds)
      await many(all.length, 20, n => send(engine, endpoint, all[n] as Thing))
      for (const deadline = Date.now() + PATIENCE_MS; !(await atRest(store)); await pause(500))
        if (Date.now() > deadline) throw new Error(`not at rest: ${await unfinished(store)}`)

      const ends = new Map<string, number>()
      const deliveries = await store.db.collection<DeliveryDocument>('deliveries').find().toArray()
      const events = deliveries.flatMap(each => each.events)
      for (const event of events) {
        const kind = String(event.identity ?? event.id)
          .replace(/^.*:/, '')
          .replace(/-\d+$/, '')
        const end = `${kind}: ${event.outcome}${event.error === undefined ? '' : ` ${event.error.code}`}`
        ends.set(end, (ends.get(end) ?? 0) + 1)
      }
      const deaths = engine.ends.map(({ code, signal }) => signal ?? `exit ${code}`)
      const counted = [...new Set(deaths)].map(
        end => `${deaths.filter(each => each === end).length} x ${end}`,
      )
      print(`the engine ended ${deaths.length} times: ${counted.join(', ')}`)
      for (const [end, times] of [...ends].sort()) print(`${times} ${end}`)

      const wanted = kinds.map(kind => [`${kind}: INVALID ${kind === 'throw' ? 'INTERNAL' : 'POISON'}`, EACH])
      expect(Object.fromEntries(ends)).to.deep.equal({ 'good: NEW': GOOD, ...Object.fromEntries(wanted) })
      expect(await store.db.collection('records').countDocuments()).to.equal(GOOD)
    })
  })
