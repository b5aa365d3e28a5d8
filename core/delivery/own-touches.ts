/**
 * Touches that nobody sent: what Wasl itself wants read goes in as a delivery of its own.
 *
 * Filter: the unique `{tenant, key}`. Invariant: as ACCEPT's, so a crash loses none, and the same question is stored once.
 */
import { createHash } from 'node:crypto'
import type { IncomingEvent } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument } from '../store/documents.ts'
import { newId } from '../store/ids.ts'
import { HEAD_START_MS } from './arrive.ts'
import { connectorOf, nameOf } from './tenant.ts'

const KEEP_MS = 30 * 24 * 3_600_000

export interface OwnTouches {
  readonly store: Pick<Store, 'deliveries'>
  readonly handOver: (document: DeliveryDocument, events: readonly IncomingEvent[]) => boolean
  readonly now: () => number
}

/**
 * Stored as others are, so that a crash loses no touch. The id of the delivery, undefined where it was stored before.
 * @param keyOf what a repeat carries too, from the hash of resource and ids
 */
export async function touch(
  { store, handOver, now }: OwnTouches,
  tenant: string,
  channel: 'lookup' | 'sweep',
  resource: string,
  ids: readonly string[],
  keyOf: (hash: string) => string,
): Promise<string | undefined> {
  const at = now()
  const raw = Buffer.from(JSON.stringify({ resource, ids }))
  const hash = createHash('sha256').update(raw).digest('hex')
  const _id = newId(at)
  const document: DeliveryDocument = {
    _id,
    tenant,
    endpoint: channel,
    connector: connectorOf(resource),
    channel,
    key: keyOf(hash),
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
  if (repeated.size > 0) return undefined
  handOver(document, touchedEvents(document))
  return _id
}

/** What a stored delivery of our own asked for, also after a crash. Pure. */
export const touchedEvents = ({ events }: Pick<DeliveryDocument, 'events'>): readonly IncomingEvent[] =>
  events.map(({ resource, identity = '' }) => ({
    resource: nameOf(resource),
    kind: 'touch',
    id: identity.slice(resource.length + 1),
    version: [],
  }))
