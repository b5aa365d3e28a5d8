/** Where events stand: their own outcome, and what their record waits for or fails at. */
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument, EventDocument, Pushed, RecordDocument } from '../store/documents.ts'
import type { EventState, EventStatus, Receipt } from './intake.ts'
import type { Tenant } from './tenant.ts'

/** Reads the records of `deliveries` once and says of every event where it stands, in order. */
export async function statusesOf(
  store: Store,
  tenant: Tenant,
  deliveries: readonly DeliveryDocument[],
): Promise<readonly EventStatus[]> {
  const ids = new Set<string>()
  for (const delivery of deliveries) {
    for (const event of delivery.events) if (event.record !== undefined) ids.add(event.record)
  }
  const records = new Map(
    (await store.records.byIds(tenant.id, [...ids])).map(record => [record._id, record] as const),
  )
  return deliveries.flatMap(delivery =>
    delivery.events.map(event => statusOf(delivery, event, records.get(event.record ?? ''), tenant)),
  )
}

/** Pure. */
export function statusOf(
  delivery: Pick<DeliveryDocument, 'senderId' | 'receivedAt'>,
  event: EventDocument,
  record: RecordDocument | undefined,
  tenant: Pick<Tenant, 'pipelines'>,
): EventStatus {
  const state = stateOf(event, record)
  const error = event.error ?? (state === 'FAILED' ? record?.lastError : undefined)
  const flow = tenant.pipelines.modules.get(event.module ?? '')?.flows.find(each => each.name === event.flow)
  const pushed = flow?.push === undefined ? undefined : record?.pushed[flow.push.to]
  const action = pushed === undefined ? undefined : actionOf(pushed, delivery.receivedAt)
  const ids = record === undefined ? undefined : idsOf(record, tenant)
  const message = error?.message ?? (state === 'WAITING' && record ? waitsFor(record) : undefined)
  return {
    id: event.id,
    state,
    ...given('notification_id', delivery.senderId),
    ...given('module', event.module),
    ...given('reason', event.reason),
    ...given('message', message),
    ...given('code', error?.code),
    ...given('field', error?.at),
    ...given('tried', error?.tried),
    ...given('changes', event.changes),
    ...given('record', event.record),
    ...given('action', action),
    ...given('ids', ids),
    ...given('answers', event.answers),
  }
}

/** What the first send after an event did: none comes before the one that created the object. */
function actionOf({ at, action, created }: Pushed, receivedAt: Date): Pushed['action'] | undefined {
  if (at < receivedAt) return undefined
  if (created === undefined) return action
  return created >= receivedAt ? 'created' : action
}

const given = <K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } =>
  value === undefined ? {} : ({ [name]: value } as { [key in K]: V })

function stateOf(event: EventDocument, record: RecordDocument | undefined): EventState {
  if (event.outcome === undefined) return 'open'
  if (event.outcome === 'INVALID' || event.outcome === 'SKIPPED' || record === undefined) return event.outcome
  if (record.state === 'dead' || record.state === 'conflict') return 'FAILED'
  if (event.outcome !== 'DELETED' && record.missing.length > 0) return 'WAITING'
  return event.outcome
}

/** `waits for student 42, class 7` */
export const waitsFor = (record: Pick<RecordDocument, 'missing'>): string =>
  `waits for ${record.missing.map(each => each.label).join(', ')}`

/** An id that a push just brought stands in the fields before it is an identity. */
function idsOf(record: RecordDocument, { pipelines }: Pick<Tenant, 'pipelines'>): Record<string, string> {
  const told = pipelines.modules.get(record.module)?.identitiesOf(record.fields) ?? []
  const ids: Record<string, string> = {}
  for (const identity of [...record.identities, ...told]) {
    if (identity.startsWith('=')) continue
    const colon = identity.indexOf(':')
    ids[identity.slice(0, colon)] = identity.slice(colon + 1)
  }
  return ids
}

export function receiptOf(delivery: DeliveryDocument, events: readonly EventStatus[]): Receipt {
  return {
    id: delivery._id,
    duplicate: false,
    events,
    ...(delivery.senderId === undefined ? {} : { notification_id: delivery.senderId }),
    ...(delivery.idReused === true ? { id_reused: true } : {}),
  }
}

/** Nothing of it is on its way any more: sent, or it cannot be sent by itself. */
export function isAtRest(record: RecordDocument): boolean {
  if (record.state === 'waiting' || record.state === 'dead' || record.state === 'conflict') return true
  return !Object.values(record.outbox).some(entry => entry.content !== undefined || entry.remove === true)
}
