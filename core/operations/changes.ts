/** What operators do: try again, give up, replay. Each is written into the audit log before it is done. */
import { DataError } from '../errors.ts'
import type { RecordState } from '../plugin.ts'
import type { EventDocument } from '../store/documents.ts'
import type { AuditEntry } from './audit.ts'
import type { Desk } from './desk.ts'
import { deliveryOf, type EventRow, findRow, idOfRow, rowsOf } from './events.ts'

/** What became of one thing that somebody wanted changed. */
export type Done = 'done' | 'missing' | 'refused'

/** What a person may have tried again: everything that is not on its way already, nor at its goal. */
const RETRYABLE: readonly RecordState[] = ['retrying', 'gated', 'dead', 'conflict']
const DELIVERIES_AT_ONCE = 100

const isRecord = (id: string): boolean => /^[0-9a-f]{24}$/.test(id)

async function wrote(desk: Desk, action: string, target: string, details: AuditEntry['details'] = {}) {
  await desk.audit.write({ tenant: desk.tenant.id, by: desk.by, action, target, details })
}

/** Tries a dead letter, or a record that is tried again later, now. `id`: of a record or an event. */
export async function retry(desk: Desk, id: string): Promise<Done> {
  const { store, tenant, now } = desk
  if (!isRecord(id)) return retryEvent(desk, id)
  const [record] = await store.records.byIds(tenant.id, [id])
  if (record === undefined) return 'missing'
  if (record.state === 'invalid') return retryLastEvent(desk, id)
  if (!RETRYABLE.includes(record.state)) return 'refused'
  await wrote(desk, 'record.retry', id, { code: record.lastError?.code ?? '' })
  const made = await store.lookup.retry(tenant.id, [id], RETRYABLE, new Date(now()))
  return made.length === 1 ? 'done' : 'refused'
}

/** As `retry`, for many records at once; those in other states are left alone. The number that are tried again. */
export async function retryRecords(desk: Desk, ids: readonly string[]): Promise<number> {
  const { store, tenant, now } = desk
  await wrote(desk, 'record.retry', 'records', { ids: [...ids] })
  return (await store.lookup.retry(tenant.id, ids, RETRYABLE, new Date(now()))).length
}

/** As `discard`, for many records at once. */
export async function discardRecords(desk: Desk, ids: readonly string[], reason: string): Promise<number> {
  const { store, tenant, now } = desk
  await wrote(desk, 'record.discard', 'records', { ids: [...ids], reason })
  return (await store.lookup.discard(tenant.id, ids, new Date(now()))).length
}

async function retryEvent(desk: Desk, id: string): Promise<Done> {
  const row = await findRow(desk, id)
  if (row === undefined) return 'missing'
  return row.event.outcome === 'INVALID' ? reopen(desk, 'event.retry', [row]) : 'refused'
}

/** Events of one delivery, which can only be opened together. The number of them that are tried again. */
export async function retryTogether(desk: Desk, ids: readonly string[]): Promise<number> {
  const [delivery] = await desk.store.deliveries.byIds(desk.tenant.id, [deliveryOf(ids[0] as string)])
  if (delivery === undefined) return 0
  const rows = rowsOf([delivery]).filter(row => row.event.outcome === 'INVALID' && ids.includes(idOfRow(row)))
  if (rows.length === 0) return 0
  return (await reopen(desk, 'event.retry', rows)) === 'done' ? rows.length : 0
}

/** A record that was only ever refused goes on by its newest event. */
async function retryLastEvent(desk: Desk, record: string): Promise<Done> {
  const [delivery] = await desk.store.history.page(desk.tenant.id, { record, modules: [] }, undefined, 1)
  const row = rowsOf(delivery === undefined ? [] : [delivery]).findLast(
    ({ event }) => event.record === record,
  )
  if (row === undefined || row.event.outcome !== 'INVALID') return 'refused'
  return reopen(desk, 'event.retry', [row])
}

/** Puts the stored bytes of an event through the pipeline again; an older version stays older. */
export async function replay(desk: Desk, id: string): Promise<Done> {
  const row = await findRow(desk, id)
  if (row === undefined) return 'missing'
  return reopen(desk, 'event.replay', [row])
}

/** `rows`: of one delivery. */
async function reopen(desk: Desk, action: string, rows: readonly EventRow[]): Promise<Done> {
  const { store, tenant, now } = desk
  const { delivery } = rows[0] as EventRow
  if (delivery.dueAt !== undefined) return 'refused'
  if (!(await store.history.isKept(tenant.id, delivery._id))) throw forgotten()
  const ids = rows.map(idOfRow)
  const records = rows.flatMap(({ event }) => event.record ?? [])
  await wrote(desk, action, rows.length === 1 ? (ids[0] as string) : delivery._id, {
    ids: [...ids, ...records],
  })
  const places = new Set(rows.map(({ place }) => place))
  const events = delivery.events.map((event, place) => (places.has(place) ? opened(delivery, event) : event))
  const done = await store.history.change(delivery, events, new Date(now()))
  return done ? 'done' : 'refused'
}

const forgotten = () =>
  new DataError('PAYLOAD_FORGOTTEN', 'The bytes of this event are not kept any more.', {
    hint: 'Save the record again in the system that sent it.',
  })

/** As it was when it came. What is not trusted is read from its remote again. */
function opened(
  { trusted }: Pick<EventRow['delivery'], 'trusted'>,
  { id, resource, kind, identity, version }: EventDocument,
): EventDocument {
  return {
    id,
    resource,
    kind: trusted ? kind : 'touch',
    version,
    ...(identity === undefined ? {} : { identity }),
  }
}

const DISCARDABLE: readonly string[] = ['dead', 'conflict', 'retrying', 'gated']

/** Gives a dead letter up, or a record that is still tried again. The reason stands in the audit log; a later change of the record is taken as ever. */
export async function discard(desk: Desk, id: string, reason: string): Promise<Done> {
  const { store, tenant, now } = desk
  if (isRecord(id)) {
    const [record] = await store.records.byIds(tenant.id, [id])
    if (record === undefined) return 'missing'
    if (!DISCARDABLE.includes(record.state)) return 'refused'
    await wrote(desk, 'record.discard', id, { reason, code: record.lastError?.code ?? '' })
    return (await store.lookup.discard(tenant.id, [id], new Date(now()))).length === 1 ? 'done' : 'refused'
  }
  const row = await findRow(desk, id)
  if (row === undefined) return 'missing'
  if (row.event.outcome !== 'INVALID' || row.delivery.dueAt !== undefined) return 'refused'
  await wrote(desk, 'event.discard', id, { reason, code: row.event.error?.code ?? '' })
  const events = row.delivery.events.map(
    (event, place): EventDocument =>
      place === row.place ? { ...event, outcome: 'SKIPPED', reason: 'discarded' } : event,
  )
  return (await store.history.change(row.delivery, events)) ? 'done' : 'refused'
}

/** Replays what came between two moments, in the order received, a part at a time. */
export async function replayWindow(
  desk: Desk,
  from: Date,
  to: Date,
  module: string | undefined,
  after: string | undefined,
): Promise<{ readonly replayed: number; readonly refused: number; readonly next?: string }> {
  const { store, tenant, now } = desk
  const deliveries = await store.history.window(tenant.id, from, to, after, DELIVERIES_AT_ONCE)
  let replayed = 0
  let refused = 0
  for (const delivery of deliveries) {
    const chosen = delivery.events.filter(event => module === undefined || event.module === module)
    if (chosen.length === 0) continue
    const events = delivery.events.map(event => (chosen.includes(event) ? opened(delivery, event) : event))
    if (await store.history.change(delivery, events, new Date(now()))) replayed += chosen.length
    else refused += chosen.length
  }
  const last = deliveries.at(-1)?._id
  const more = deliveries.length === DELIVERIES_AT_ONCE && last !== undefined
  return { replayed, refused, ...(more ? { next: last } : {}) }
}
