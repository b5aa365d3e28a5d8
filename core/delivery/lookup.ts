/** Before a record waits for others, they are sought in their remote; what is found comes in as a touch. */
import { createHash } from 'node:crypto'
import { ObjectId } from 'bson'
import { WaslError } from '../errors.ts'
import { type Lookup, lookupsOf } from '../pipeline/lookup.ts'
import type { IncomingEvent } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument } from '../store/documents.ts'
import { HEAD_START_MS } from './arrive.ts'
import type { Gates } from './gate.ts'
import { connectorOf, nameOf, resourceConnection, type Surroundings, type Tenant } from './tenant.ts'

/** Neither a miss nor a hit is asked for again so soon, in milliseconds. */
const AGAIN_MS = 3_600_000
const KEEP_MS = 30 * 24 * AGAIN_MS
const TOTAL_MS = 30_000
const REMEMBERED = 100_000

export interface Wanted {
  readonly module: string
  /** `student|moodleUserId=42` */
  readonly key: string
}

export interface LookupOptions extends Surroundings {
  readonly store: Pick<Store, 'deliveries'>
  readonly gates: Pick<Gates, 'before'>
  readonly handOver: (document: DeliveryDocument, events: readonly IncomingEvent[]) => boolean
}

/** @returns a function that seeks what is missing, one `find` per resource and field; it never raises */
export function createLookup(
  options: LookupOptions,
): (tenant: Tenant, wanted: readonly Wanted[]) => Promise<void> {
  const { log, now, gates } = options
  const asked = new Map<string, number>()

  function fresh(tenant: Tenant, { key }: Wanted): boolean {
    const name = `${tenant.id}|${key}`
    if ((asked.get(name) ?? 0) > now()) return false
    if (asked.size > REMEMBERED) asked.clear()
    asked.set(name, now() + AGAIN_MS)
    return true
  }

  async function ask(tenant: Tenant, resource: string, by: string | undefined, values: readonly string[]) {
    if (by === undefined) return values
    const connection = resourceConnection(tenant, resource)
    const definition = options.resource(resource)
    if (connection === undefined || definition === undefined) return []
    const found = await connection.find(by, values, AbortSignal.timeout(TOTAL_MS))
    return [...found.values()].flat().flatMap(payload => definition.idOf(payload) ?? [])
  }

  return async (tenant, wanted) => {
    const lookups = wanted
      .filter(each => fresh(tenant, each))
      .flatMap(({ module, key }) => {
        const pipeline = tenant.pipelines.modules.get(module)
        return pipeline === undefined ? [] : lookupsOf(pipeline, key)
      })
    for (const [resource, by, values] of grouped(lookups)) {
      if (resourceConnection(tenant, resource) === undefined) continue
      if (gates.before(tenant.id, resource, '') !== undefined) continue
      try {
        const ids = await ask(tenant, resource, by, values)
        if (ids.length > 0) await touch(options, tenant, resource, [...new Set(ids)])
      } catch (error) {
        if (!(error instanceof WaslError)) throw error
        log.warn('lookup_failed', { tenant: tenant.id, resource, code: error.code })
      }
    }
  }
}

function grouped(
  lookups: readonly Lookup[],
): readonly (readonly [string, string | undefined, readonly string[]])[] {
  const groups = new Map<string, { resource: string; by: string | undefined; values: Set<string> }>()
  for (const { resource, by, value } of lookups) {
    const key = `${resource}|${by ?? ''}`
    const group = groups.get(key) ?? { resource, by, values: new Set<string>() }
    groups.set(key, group)
    group.values.add(value)
  }
  return [...groups.values()].map(({ resource, by, values }) => [resource, by, [...values]] as const)
}

/** A delivery of our own: stored as others are, so that a crash loses no touch. */
async function touch(
  options: LookupOptions,
  tenant: Tenant,
  resource: string,
  ids: readonly string[],
): Promise<void> {
  const { store, now } = options
  const at = now()
  const raw = Buffer.from(JSON.stringify({ resource, ids }))
  const hash = createHash('sha256').update(raw).digest('hex')
  const _id = new ObjectId().toHexString()
  const events = ids.map(
    (id): IncomingEvent => ({ resource: nameOf(resource), kind: 'touch', id, version: [] }),
  )
  const document: DeliveryDocument = {
    _id,
    tenant: tenant.id,
    endpoint: 'lookup',
    connector: connectorOf(resource),
    channel: 'lookup',
    key: `lookup:${Math.floor(at / AGAIN_MS)}:${hash}`,
    hash,
    raw,
    trusted: false,
    receivedAt: new Date(at),
    dueAt: new Date(at + HEAD_START_MS),
    tries: 0,
    turn: 0,
    events: ids.map((id, place) => ({
      id: `${_id}-${place}`,
      resource,
      kind: 'touch',
      version: [],
      identity: `${resource}:${id}`,
    })),
    expireAt: new Date(at + KEEP_MS),
  }
  const repeated = await store.deliveries.insert([document])
  if (repeated.size === 0) options.handOver(document, events)
}

/** What a stored lookup asked for, after a crash. Pure. */
export const lookupEvents = ({ events }: DeliveryDocument): readonly IncomingEvent[] =>
  events.map(({ resource, identity = '' }) => ({
    resource: nameOf(resource),
    kind: 'touch',
    id: identity.slice(resource.length + 1),
    version: [],
  }))
