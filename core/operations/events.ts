/** Events as operators see them: what came in, what became of it, and why. */
import type { EventState, EventStatus } from '../delivery/intake.ts'
import { statusOf } from '../delivery/status.ts'
import type { Outcome } from '../plugin.ts'
import type { Reason } from '../reasons/reasons.ts'
import type { EventDocument, RecordDocument } from '../store/documents.ts'
import type { DeliveryFacts } from '../store/history.ts'
import { type Desk, modulesOf } from './desk.ts'
import { type Page, type PageRequest, type Portion, walk } from './paging.ts'

export const EVENT_STATES = [
  'NEW',
  'UPDATED',
  'UNCHANGED',
  'SKIPPED',
  'DELETED',
  'INVALID',
  'WAITING',
  'FAILED',
  'open',
] as const satisfies readonly EventState[]

export interface EventFilter {
  readonly state?: EventState
  readonly module?: string
  /** A record's id in our store. */
  readonly record?: string
}

/** One event in its delivery. */
export interface EventRow {
  readonly delivery: DeliveryFacts
  readonly event: EventDocument
  readonly place: number
}

export interface EventView extends Omit<EventStatus, 'state' | 'answers'> {
  readonly delivery: string
  readonly outcome: EventState
  readonly receivedAt: string
  readonly resource: string
  readonly kind: EventDocument['kind']
  readonly identity?: string
  readonly flow?: string
  /** The endpoint or key that sent it. */
  readonly endpoint: string
  /** The versions of pipeline and mapping that handled it. */
  readonly config?: string
  /** In plain words, where something is wrong. */
  readonly explained?: Reason
}

export const rowsOf = (deliveries: readonly DeliveryFacts[]): readonly EventRow[] =>
  deliveries.flatMap(delivery => delivery.events.map((event, place) => ({ delivery, event, place })))

export const idOfRow = ({ delivery, place }: EventRow): string => `${delivery._id}-${place}`

export const deliveryOf = (eventId: string): string => eventId.slice(0, 24)
const placeOf = (eventId: string): number => Number(eventId.slice(25))

/** The rows that follow the event `after`, where the deliveries begin with its own. */
export function rowsAfter(
  deliveries: readonly DeliveryFacts[],
  after: string,
  limit: number,
): Portion<EventRow> {
  const first = deliveryOf(after)
  const past = placeOf(after)
  const documents = rowsOf(deliveries).filter(({ delivery, place }) => delivery._id !== first || place > past)
  return { documents, more: deliveries.length >= limit }
}

/** The records of `rows`, by id. */
export async function recordsOf(
  { store, tenant }: Pick<Desk, 'store' | 'tenant'>,
  rows: readonly EventRow[],
): Promise<ReadonlyMap<string, RecordDocument>> {
  const ids = new Set(rows.flatMap(({ event }) => event.record ?? []))
  const records = await store.records.byIds(tenant.id, [...ids])
  return new Map(records.map(record => [record._id, record]))
}

export function eventView(
  { tenant, reasons, language }: Desk,
  { delivery, event }: EventRow,
  record: RecordDocument | undefined,
): EventView {
  const { state, answers: _answers, ...status } = statusOf(delivery, event, record, tenant)
  const explained = status.code === undefined ? undefined : reasons.of(status.code, language)
  return {
    ...status,
    delivery: delivery._id,
    outcome: state,
    receivedAt: delivery.receivedAt.toISOString(),
    resource: event.resource,
    kind: event.kind,
    endpoint: delivery.endpoint,
    ...(event.identity === undefined ? {} : { identity: event.identity }),
    ...(event.flow === undefined ? {} : { flow: event.flow }),
    ...(event.config === undefined ? {} : { config: event.config }),
    ...(explained === undefined ? {} : { explained }),
  }
}

/** Newest first; for WAITING and FAILED, which are states of records, the newest event of each such record. */
export function listEvents(desk: Desk, filter: EventFilter, page: PageRequest): Promise<Page<EventView>> {
  const { state, record } = filter
  if (record === undefined && (state === 'WAITING' || state === 'FAILED'))
    return eventsOfRecords(desk, state, filter.module, page)
  return walk(
    {
      partitions: ['events'],
      read: async (_partition, after, limit) => {
        const from = after === '' ? undefined : deliveryOf(after)
        const found = await desk.store.history.page(
          desk.tenant.id,
          { ...stored(filter), modules: modulesOf(desk) },
          from,
          limit,
        )
        return rowsAfter(found, after, limit)
      },
      idOf: idOfRow,
      show: rows => shown(desk, filter, rows),
    },
    page,
  )
}

async function shown(
  desk: Desk,
  { state, module, record }: EventFilter,
  rows: readonly EventRow[],
): Promise<readonly (EventView | undefined)[]> {
  const records = await recordsOf(desk, rows)
  return rows.map(row => {
    if (module !== undefined && row.event.module !== module) return undefined
    if (record !== undefined && row.event.record !== record) return undefined
    const view = eventView(desk, row, records.get(row.event.record ?? ''))
    return state === undefined || view.outcome === state ? view : undefined
  })
}

/** What of the filter stands in the stored events. */
function stored({ state, module, record }: EventFilter) {
  const outcome =
    state === undefined || state === 'WAITING' || state === 'FAILED'
      ? undefined
      : state === 'open'
        ? null
        : (state as Outcome)
  return {
    // An open event has no module yet.
    ...(module === undefined || outcome === null ? {} : { module }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(record === undefined ? {} : { record }),
  }
}

function eventsOfRecords(
  desk: Desk,
  state: 'WAITING' | 'FAILED',
  module: string | undefined,
  page: PageRequest,
): Promise<Page<EventView>> {
  const states = state === 'WAITING' ? (['waiting'] as const) : (['dead', 'conflict'] as const)
  const modules = module === undefined ? modulesOf(desk) : [module]
  return walk(
    {
      partitions: modules.flatMap(each => states.map(one => `${each}|${one}`)),
      read: async (partition, after, limit) => {
        const [of, one] = partition.split('|') as [string, (typeof states)[number]]
        const documents = await desk.store.lookup.inState(desk.tenant.id, of, one, after, limit)
        return { documents, more: documents.length >= limit }
      },
      idOf: (record: RecordDocument) => record._id,
      show: records =>
        Promise.all(
          records.map(async record => {
            const [delivery] = await desk.store.history.page(
              desk.tenant.id,
              { record: record._id, modules: [] },
              undefined,
              1,
            )
            const row = rowsOf(delivery === undefined ? [] : [delivery]).findLast(
              ({ event }) => event.record === record._id,
            )
            return row === undefined ? undefined : eventView(desk, row, record)
          }),
        ),
    },
    page,
  )
}

/** An event by its id; undefined: there is none. */
export async function findRow(
  { store, tenant }: Pick<Desk, 'store' | 'tenant'>,
  id: string,
): Promise<EventRow | undefined> {
  const [delivery] = await store.deliveries.byIds(tenant.id, [deliveryOf(id)])
  return delivery === undefined ? undefined : rowsOf([delivery]).find(row => idOfRow(row) === id)
}

export async function showEvent(
  desk: Desk,
  id: string,
): Promise<(EventView & { readonly payload: 'kept' | 'forgotten' }) | undefined> {
  const row = await findRow(desk, id)
  if (row === undefined) return undefined
  const records = await recordsOf(desk, [row])
  const kept = await desk.store.history.isKept(desk.tenant.id, row.delivery._id)
  return {
    ...eventView(desk, row, records.get(row.event.record ?? '')),
    payload: kept ? 'kept' : 'forgotten',
  }
}
