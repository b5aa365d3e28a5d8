/** Records as operators look for them, each with its history and why it is where it is. */
import type { Json, RecordState } from '../plugin.ts'
import type {
  GateDocument,
  MissingReference,
  OutboxEntry,
  RecordDocument,
  StoredError,
} from '../store/documents.ts'
import { type Desk, modulesOf, STATES } from './desk.ts'
import { type EventView, eventView, listEvents, rowsOf } from './events.ts'
import { type Page, type PageRequest, walk } from './paging.ts'
import { type Why, whyOf, whySkipped } from './why.ts'

export interface RecordFilter {
  /** One of its ids or unique names, or the beginning of one. */
  readonly q?: string
  readonly state?: RecordState
}

export interface RecordView {
  readonly id: string
  readonly module: string
  readonly state: RecordState
  /** Its ids in the remotes: `{ "moodle/user": "5" }`. */
  readonly ids: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, Json>>
  /** The connector that brought it first. */
  readonly source: string
  readonly why: Why
  readonly missing: readonly MissingReference[]
  readonly error?: StoredError
  /** What is still to be sent, by `connector/resource`. */
  readonly pending: Readonly<Record<string, Pending>>
  /** What was sent last, by `connector/resource`. */
  readonly sent: Readonly<
    Record<string, { readonly at: string; readonly action: string; readonly cut?: readonly string[] }>
  >
  readonly mergedInto?: string
  readonly config?: string
  readonly createdAt: string
  readonly updatedAt: string
}

interface Pending {
  readonly what: 'record' | 'removal' | 'marks'
  readonly attempts: number
  readonly notBefore?: string
  readonly failingSince?: string
  readonly refused: boolean
}

/** What every record of one answer is judged by, read once. */
export interface Judging {
  readonly gates: ReadonlyMap<string, GateDocument>
  readonly enabled: (module: string) => boolean | undefined
}

export async function judging({ store, tenant }: Desk): Promise<Judging> {
  const [gates, document] = await Promise.all([store.gates.of(tenant.id), store.tenants.one(tenant.id)])
  return {
    gates: new Map(gates.map(gate => [gate._id, gate])),
    enabled: module => document?.modules[module]?.enabled,
  }
}

export function recordView(
  { tenant, reasons, language }: Pick<Desk, 'tenant' | 'reasons' | 'language'>,
  record: RecordDocument,
  { gates, enabled }: Judging,
): RecordView {
  const off = enabled(record.module)
  const facts = {
    pipeline: tenant.pipelines.modules.get(record.module),
    gate: gates.get(record.gate ?? ''),
    ...(off === undefined ? {} : { enabled: off }),
  }
  return {
    id: record._id,
    module: record.module,
    state: record.state,
    ids: idsOf(record),
    fields: record.fields,
    source: record.source,
    why: whyOf(record, facts, reasons, language),
    missing: record.missing,
    pending: mapped(record.outbox, pendingOf),
    sent: mapped(record.pushed, ({ at, action, cut }) => ({
      at: at.toISOString(),
      action,
      ...(cut === undefined ? {} : { cut }),
    })),
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
    ...(record.lastError === undefined ? {} : { error: record.lastError }),
    ...(record.mergedInto === undefined ? {} : { mergedInto: record.mergedInto }),
    ...(record.config === undefined ? {} : { config: record.config }),
  }
}

const mapped = <V, W>(entries: { [name: string]: V }, change: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, change(value)]))

function pendingOf({ content, remove, attempt, notBefore, failingSince, refused }: OutboxEntry): Pending {
  return {
    what: remove === true ? 'removal' : content === undefined ? 'marks' : 'record',
    attempts: attempt,
    refused: refused !== undefined && refused === content,
    ...(notBefore === undefined ? {} : { notBefore: notBefore.toISOString() }),
    ...(failingSince === undefined ? {} : { failingSince: failingSince.toISOString() }),
  }
}

function idsOf({ identities }: RecordDocument): Record<string, string> {
  const ids: Record<string, string> = {}
  for (const identity of identities) {
    if (identity.startsWith('=')) continue
    const colon = identity.indexOf(':')
    ids[identity.slice(0, colon)] = identity.slice(colon + 1)
  }
  return ids
}

export async function listRecords(
  desk: Desk,
  module: string,
  { q, state }: RecordFilter,
  page: PageRequest,
): Promise<Page<RecordView>> {
  const facts = await judging(desk)
  const shown = (record: RecordDocument) =>
    record.module === module && (state === undefined || record.state === state)
      ? recordView(desk, record, facts)
      : undefined
  if (q !== undefined) {
    const found = await search(desk, module, q, page.limit)
    return { items: found.flatMap(record => shown(record) ?? []) }
  }
  return walk(
    {
      partitions: state === undefined ? STATES : [state],
      read: async (one, after, limit) => {
        const documents = await desk.store.lookup.inState(
          desk.tenant.id,
          module,
          one as RecordState,
          after,
          limit,
        )
        return { documents, more: documents.length >= limit }
      },
      idOf: (record: RecordDocument) => record._id,
      show: async records => records.map(shown),
    },
    page,
  )
}

/** By exact name, then by the beginning of an id or unique name; the text is taken as it is. */
async function search(
  { store, tenant }: Pick<Desk, 'store' | 'tenant'>,
  module: string,
  q: string,
  limit: number,
): Promise<readonly RecordDocument[]> {
  const { identities, keys, prefixes } = namesFor({ tenant }, module, q)
  const exact = await store.lookup.named(tenant.id, { identities, keys }, limit)
  const byId = /^[0-9a-f]{24}$/.test(q) ? await store.records.byIds(tenant.id, [q]) : []
  const found = new Map([...byId, ...exact].map(record => [record._id, record]))
  for (const prefix of prefixes) {
    if (found.size >= limit) break
    for (const record of await store.lookup.beginning(tenant.id, prefix, limit - found.size))
      found.set(record._id, record)
  }
  return [...found.values()].slice(0, limit)
}

/** How `text` would be stored if it were a name of one of the module's records. */
function namesFor({ tenant }: Pick<Desk, 'tenant'>, module: string, text: string) {
  const pipeline = tenant.pipelines.modules.get(module)
  const unique = pipeline?.file.record.unique ?? []
  const resources = [...(pipeline?.identity.keys() ?? [])]
  const asked = Object.fromEntries(fieldsAlone(pipeline?.file.record.findBy).map(field => [field, text]))
  const prefixes = [
    ...resources.map(resource => `${resource}:${text}`),
    ...unique.map(field => `=${field}:${text.trim().normalize('NFC').toLowerCase()}`),
  ]
  return {
    identities: prefixes,
    prefixes,
    keys: (pipeline?.keysOf(asked) ?? []).filter(key => !key.includes('&')),
  }
}

const fieldsAlone = (findBy: readonly (string | readonly string[])[] | undefined): readonly string[] =>
  (findBy ?? []).filter((key): key is string => typeof key === 'string')

/** A record, or an object of which Wasl has heard and keeps no record. */
export interface RecordStory {
  readonly record?: RecordView
  readonly why: Why
  readonly history: readonly EventView[]
  /** The cursor of `GET /events?record=` for what is older. */
  readonly next?: string
  /** What people did to it. */
  readonly changes: readonly {
    readonly at: string
    readonly by: string
    readonly action: string
    readonly details: Readonly<Record<string, unknown>>
  }[]
}

/** `id`: ours, or one of its ids or names in the remotes. Undefined: nobody has told of it. */
export async function showRecord(desk: Desk, module: string, id: string): Promise<RecordStory | undefined> {
  const { store, tenant } = desk
  const record = await oneRecord(desk, module, id)
  if (record === undefined) return skippedStory(desk, module, id)
  const view = recordView(desk, record, await judging(desk))
  const [history, rows] = await Promise.all([
    listEvents(desk, { record: record._id }, { limit: 50 }),
    store.audit.of(tenant.id, record._id, 20),
  ])
  return {
    record: view,
    why: view.why,
    history: history.items,
    ...(history.next === undefined ? {} : { next: history.next }),
    changes: rows.map(({ at, by, action, details }) => ({ at: at.toISOString(), by, action, details })),
  }
}

async function oneRecord(desk: Desk, module: string, id: string): Promise<RecordDocument | undefined> {
  const { store, tenant } = desk
  if (/^[0-9a-f]{24}$/.test(id)) {
    const [own] = await store.records.byIds(tenant.id, [id])
    if (own?.module === module) return own
  }
  const { identities, keys } = namesFor(desk, module, id)
  const found = await store.lookup.named(tenant.id, { identities, keys }, 10)
  return found.find(record => record.module === module)
}

async function skippedStory(desk: Desk, module: string, id: string): Promise<RecordStory | undefined> {
  const { store, tenant, reasons, language } = desk
  const { identities } = namesFor(desk, module, id)
  const told = new Set(identities)
  const deliveries = await store.history.skipped(tenant.id, identities, 20)
  const rows = rowsOf(deliveries).filter(
    ({ event }) => told.has(event.identity ?? '') && event.outcome === 'SKIPPED',
  )
  const [newest] = rows
  if (newest === undefined) return undefined
  return {
    why: whySkipped(newest.event.reason, reasons, language),
    history: rows.map(row => eventView(desk, row, undefined)),
    changes: [],
  }
}

/** The module that a route or a person means; undefined: there is none. */
export const moduleNamed = ({ tenant }: Pick<Desk, 'tenant'>, name: string): string | undefined =>
  tenant.pipelines.moduleOf(name) ?? modulesOf({ tenant }).find(module => module === name)
