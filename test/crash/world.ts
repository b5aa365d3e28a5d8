/**
 * Both sandboxes, an engine in a process of its own, and a proxy before its store. What became of it all is read from
 * the sandboxes and from the store, never asked of the engine.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { channelToken } from '../../connectors/zoho/verify.ts'
import type { Credentials } from '../../core/first-start.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { environmentFor } from '../e2e/college.ts'
import { atRest, unfinished } from '../rest.ts'
import { freshDatabase } from '../store.ts'
import { type EngineProcess, type Program, runEngine } from './processes.ts'
import { startWireProxy, type WireProxy } from './wire.ts'

/** Generous: many of these runs share a machine. */
const PATIENCE_MS = 240_000
const MODULES: Readonly<Record<string, string>> = {
  student: 'BTEC_Students',
  program: 'BTEC_Programs',
  registration: 'BTEC_Registrations',
}

export interface World {
  readonly zoho: ZohoSandbox
  readonly moodle: MoodleSandbox
  readonly engine: EngineProcess
  readonly proxy: WireProxy
  /** Beside the proxy. */
  readonly store: Store
  /** One more engine on the same store, beside the proxy; it ends with the world. */
  another(): Promise<EngineProcess>
  /** A workflow's webhook, repeated until it is accepted, as a sender does. Default: to the engines in turns. */
  post(module: string, body: Payload, to?: EngineProcess): Promise<void>
  /** Zoho's own notification, which names ids only. */
  touch(id: string): Promise<void>
  /** Nothing is due, nobody waits to send, no gate stands. */
  quiet(): Promise<void>
  close(): Promise<void>
}

/**
 * @param point the crash point of the engine's first start
 * @param count of engines, all of them behind the proxy
 */
export async function openWorld(program: Program, point?: string, count = 1): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'wasl-crash-'))
  const uri = await freshDatabase()
  const [zoho, moodle, proxy, store] = await Promise.all([
    startZohoSandbox(),
    startMoodleSandbox(),
    startWireProxy(uri),
    openStore({ uri, patienceMs: 30_000 }),
  ])
  const environment = { ...environmentFor(zoho, moodle), WASL_DATA: folder, MONGODB_URI: proxy.uri }
  const engine = await runEngine(program, environment, point)
  const credentials = await engine.credentials()
  const forMoodle = credentials.endpoints['moodle'] as Credentials['endpoints'][string]
  const plugin = moodle.plugin({
    url: engine.url,
    secret: forMoodle.secret,
    endpoint: forMoodle.id,
    retryMs: 100,
  })

  const others: EngineProcess[] = []
  for (let n = 1; n < count; n++) others.push(await runEngine(program, environment))
  const taking = [engine, ...others]
  let turns = 0
  /** Whoever tells twice is heard by two of them. */
  const next = (): EngineProcess => taking[turns++ % taking.length] as EngineProcess

  async function untilAccepted(send: () => Promise<Response>): Promise<void> {
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      const status = await send().then(
        async response => {
          await response.arrayBuffer()
          return response.status
        },
        () => 0,
      )
      if (status >= 200 && status < 300) return
      if (status >= 400 && status < 500) throw new Error(`answered ${status}`)
      if (Date.now() > deadline) throw new Error('not accepted in time')
      await pause(100)
    }
  }

  return {
    zoho,
    moodle,
    engine,
    proxy,
    store,

    async another() {
      const one = await runEngine(program, { ...environment, MONGODB_URI: uri })
      others.push(one)
      return one
    },

    post: (module, body, to) => untilAccepted(() => signed((to ?? next()).url, credentials, module, body)),

    touch(id) {
      const { id: endpoint = '', secret = '' } = credentials.endpoints['zoho-token'] ?? {}
      const body = JSON.stringify({
        server_time: Date.now(),
        module: MODULES['student'],
        ids: [id],
        operation: 'update',
        channel_id: '1',
        token: channelToken(secret),
      })
      const query = `endpoint=${endpoint}&secret=${encodeURIComponent(secret)}`
      return untilAccepted(() =>
        fetch(`${next().url}/api/v1/events/zoho/student?${query}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(10_000),
        }),
      )
    },

    async quiet() {
      const { db } = store
      const sent = async () => {
        await plugin.idle()
        if (plugin.waiting > 0 || (await db.collection('gates').countDocuments()) > 0) return false
        // One engine may put a record at a gate that another has just opened: it is found there and let go.
        return (await db.collection('records').countDocuments({ gate: { $exists: true } })) === 0
      }
      for (const deadline = Date.now() + PATIENCE_MS; ; ) {
        if (await atRest(store, sent)) return
        if (Date.now() > deadline)
          throw new Error(
            `not quiet in time: ${await unfinished(store)}, ${plugin.waiting} events of the plugin`,
          )
        await pause(50)
      }
    },

    async close() {
      await plugin.stop()
      await Promise.all([engine, ...others].map(each => each.stop()))
      await store.close()
      await proxy.close()
      await Promise.all([zoho.close(), moodle.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function signed(url: string, credentials: Credentials, module: string, body: Json): Promise<Response> {
  const { id = '', secret = '' } = credentials.endpoints['zoho'] ?? {}
  const path = `/api/v1/events/zoho/${module}?endpoint=${id}`
  const text = JSON.stringify(body)
  const headers = signatureHeaders({ method: 'POST', path, body: Buffer.from(text), now: Date.now() }, secret)
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
    signal: AbortSignal.timeout(10_000),
  })
}

/** Everything that a case left behind, in the remotes and in the store, told without ids and times. */
export async function left({ zoho, moodle, store }: World, tag: string): Promise<string> {
  const { site } = moodle
  const nameOfUser = new Map([...site.users.all()].map(user => [String(user.id), user.idnumber]))
  const ids = new Set<string>()
  const rows = Object.values(MODULES).flatMap(module =>
    zoho.records(module).flatMap(row => {
      if (!JSON.stringify(row).includes(tag)) return []
      ids.add(String(row['id']))
      return [shownRow(module, row, nameOfUser)]
    }),
  )
  const users = [...site.users.all()].flatMap(user => {
    const { username, email, idnumber, firstname, lastname, city, suspended } = user
    if (!idnumber.includes(tag) && !email.includes(tag)) return []
    ids.add(`u${user.id}`)
    return [{ username, email, idnumber, firstname, lastname, city, suspended }]
  })
  const cohortNames = new Map([...site.cohorts.all()].map(({ id, idnumber }) => [id, idnumber]))
  const members = [...site.cohortMembers.all()].flatMap(({ of, userid }) => {
    const told = `${nameOfUser.get(String(userid))} in ${cohortNames.get(of)}`
    return told.includes(tag) ? [told] : []
  })
  const cohorts = [...cohortNames.values()].filter(name => name.includes(tag))
  const categories = [...site.categories.all()].filter(({ idnumber }) => idnumber.includes(tag))

  const documents = await store.db.collection('records').find({}).toArray()
  const own = documents.filter(document => {
    const told = JSON.stringify(document)
    const of = (id: string) =>
      id.startsWith('u') ? told.includes(`"moodle/user:${id.slice(1)}"`) : told.includes(id)
    return told.includes(tag) || [...ids].some(of)
  })
  const records = own.flatMap((record): unknown[] => {
    const identities = record['identities'] as string[]
    if (record['state'] === 'merged') {
      return record['absorbed'] === true && record['dueAt'] === undefined ? [] : ['a merge that is not done']
    }
    // What a completeness sweep reads once more adds a status that no one gave.
    const {
      modifiedAt: _at,
      createdAt: _made,
      status: _status,
      ...fields
    } = record['fields'] as Record<string, Json>
    const shownFields = Object.fromEntries(
      Object.entries(fields)
        // Whoever came first, the store keeps its fields first.
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([name, value]) => (value === null ? [] : [[name, /Id$|Key$/.test(name) ? true : value]])),
    )
    return [
      {
        module: record['module'],
        state: record['state'],
        fields: shownFields,
        identities: resources([...identities, ...((record['absorbedIdentities'] ?? []) as string[])]),
        outbox: Object.keys(record['outbox'] as object),
        missing: (record['missing'] as unknown[]).length,
        held: [record['gate'], record['lease'], record['woke'], record['dueAt']].filter(Boolean).length,
        error: (record['lastError'] as { code?: string } | undefined)?.code,
      },
    ]
  })
  const deliveries = await store.db.collection('deliveries').find({}).toArray()
  const events = deliveries.flatMap(delivery => {
    const mine = String(delivery['senderId'] ?? '').includes(tag)
    const all = delivery['events'] as readonly { outcome?: string; identity?: string }[]
    return mine ? [`${delivery['senderId']} ${all.map(({ outcome }) => outcomeClass(outcome)).join()}`] : []
  })
  const all = { rows, users, members, cohorts, categories: categories.length, records, events }
  let text = JSON.stringify(
    Object.fromEntries(
      Object.entries(all).map(([name, list]) => [
        name,
        Array.isArray(list) ? list.map(each => JSON.stringify(each)).sort() : list,
      ]),
    ),
    null,
    1,
  )
  for (const id of ids) if (!id.startsWith('u')) text = text.replaceAll(id, '<id>')
  return text.replaceAll(tag, '#')
}

/** APPLY again finds nothing to do, so NEW may be told as UNCHANGED after a crash. */
const outcomeClass = (outcome: string | undefined): string =>
  outcome === undefined ? 'open' : outcome === 'INVALID' ? 'INVALID' : 'done'

const resources = (identities: readonly string[]) =>
  identities
    .map(identity => (identity.startsWith('=') ? identity : identity.slice(0, identity.indexOf(':'))))
    .sort()

/** Moodle's ids are told as whose they are. */
function shownRow(module: string, row: Payload, users: ReadonlyMap<string, string>): Payload {
  const shown: Record<string, Json> = { module }
  for (const [name, value] of Object.entries(row)) {
    if (value === null || name === 'Name' || /(_Time|^Last_|^id$|Modified|Created|Synced)/.test(name))
      continue
    if (name === 'Student_Moodle_ID') shown[name] = users.get(String(value)) ?? 'nobody'
    else if (typeof value === 'object' && 'id' in value) shown[name] = value.id as string
    else shown[name] = /Moodle_.*ID|_Moodle_ID|Category/.test(name) ? true : value
  }
  return shown
}
