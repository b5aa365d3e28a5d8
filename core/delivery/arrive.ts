/** What becomes of a request before it is stored: its events, its key, its bytes. Pure but for the new id. */
import { createHash } from 'node:crypto'
import { DataError, WaslError } from '../errors.ts'
import type { ConnectorDefinition, Incoming, IncomingEvent, Parsed } from '../plugin.ts'
import type { DeliveryDocument, EventDocument } from '../store/documents.ts'
import { newId } from '../store/ids.ts'
import { storedError } from './error.ts'
import type { Arrival } from './intake.ts'

/** Events and their bytes are kept so long, in milliseconds. */
const KEEP_MS = 400 * 24 * 3_600_000
/** Whoever is handed the delivery in memory has so long before others find it by `dueAt`. */
export const HEAD_START_MS = 10_000

export interface Arrived {
  readonly document: DeliveryDocument
  readonly events: readonly IncomingEvent[]
}

type Reader = Pick<ConnectorDefinition, 'parse'>
type ResourceOf = (connector: string, route: string) => string | undefined

/** What the connector reads in a delivery; raises DataError where it cannot. */
export function readDelivery(
  reader: Reader | undefined,
  from: Pick<Arrival, 'connector' | 'channel' | 'route' | 'body' | 'failure' | 'senderId' | 'receivedAt'>,
  resourceOf: ResourceOf,
): Parsed {
  if (from.failure !== undefined) throw from.failure
  if (reader === undefined) {
    throw new DataError('UNKNOWN_CONNECTOR', `No connector "${from.connector}" is loaded.`)
  }
  const resource = from.route === undefined ? undefined : resourceOf(from.connector, from.route)
  const incoming: Incoming = {
    channel: from.channel,
    body: from.body ?? null,
    receivedAt: from.receivedAt,
    ...(from.route === undefined ? {} : { route: from.route }),
    ...(resource === undefined ? {} : { resource }),
    ...(from.senderId === undefined ? {} : { senderId: from.senderId }),
  }
  return reader.parse(incoming)
}

/** @returns the delivery as it is to be stored; one that cannot be read is closed already, as a dead letter. */
export function arrive(arrival: Arrival, reader: Reader | undefined, resourceOf: ResourceOf): Arrived {
  const id = newId(arrival.receivedAt)
  const base = {
    _id: id,
    tenant: arrival.tenant,
    endpoint: arrival.endpoint,
    connector: arrival.connector,
    channel: arrival.channel,
    ...(arrival.route === undefined ? {} : { route: arrival.route }),
    hash: createHash('sha256').update(arrival.raw).digest('hex'),
    raw: arrival.raw,
    trusted: arrival.trusted,
    receivedAt: new Date(arrival.receivedAt),
    tries: 0,
    turn: 0,
    expireAt: new Date(arrival.receivedAt + KEEP_MS),
  }
  try {
    const parsed = readDelivery(reader, arrival, resourceOf)
    const senderId = arrival.senderId ?? parsed.senderId
    const events = parsed.events.map((event, place) => eventDocument(event, arrival, `${id}-${place}`))
    return {
      events: parsed.events,
      document: {
        ...base,
        ...(senderId === undefined ? {} : { senderId }),
        key: senderId === undefined ? (parsed.key ?? id) : `id:${senderId}`,
        events,
        ...(events.length === 0 ? {} : { dueAt: new Date(arrival.receivedAt + HEAD_START_MS) }),
      },
    }
  } catch (cause) {
    if (!(cause instanceof WaslError)) throw cause
    const error = storedError(cause)
    const event: EventDocument = {
      id: `${id}-0`,
      resource: arrival.connector,
      kind: 'state',
      version: [],
      outcome: 'INVALID',
      error,
    }
    const senderId = arrival.senderId
    return {
      events: [],
      document: {
        ...base,
        ...(senderId === undefined ? {} : { senderId }),
        key: senderId === undefined ? id : `id:${senderId}`,
        events: [event],
        error,
      },
    }
  }
}

function eventDocument(event: IncomingEvent, arrival: Arrival, id: string): EventDocument {
  const resource = `${arrival.connector}/${event.resource}`
  return {
    id,
    resource,
    kind: arrival.trusted ? event.kind : 'touch',
    version: event.version,
    ...(event.id === undefined ? {} : { identity: `${resource}:${event.id}` }),
  }
}

/** The same id with other bytes is another delivery, and says so. */
export const asReused = (document: DeliveryDocument): DeliveryDocument => ({
  ...document,
  key: `${document.key}:${document.hash}`,
  idReused: true,
})
