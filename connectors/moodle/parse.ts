import { DataError } from '../../core/errors.ts'
import type { Incoming, IncomingEvent, Json, Parsed, Payload, Version } from '../../core/plugin.ts'
import { isObject } from './client.ts'
import { normalise } from './payload.ts'
import { resources, seconds } from './resources.ts'

/** Lists in batch bodies. */
export const collections = {
  users: { resource: 'user', key: 'users' },
  enrollments: { resource: 'enrollment', key: 'enrollments' },
  grades: { resource: 'grade', key: 'grades' },
} as const

interface EventType {
  readonly resource: string
  readonly kind: 'state' | 'delete'
}

const verbs: Readonly<Record<string, EventType['kind']>> = {
  created: 'state',
  updated: 'state',
  added: 'state',
  deleted: 'delete',
  removed: 'delete',
}

/** Moodle's own names of grading events. */
const graded: ReadonlySet<string> = new Set(['user_graded', 'submission_graded', 'grade_released'])

const nouns = new Map([
  ...Object.entries(resources).flatMap(([resource, { aliases = [] }]) =>
    [resource, ...aliases].map(name => [name, resource] as const),
  ),
  ['user_enrollment', 'enrollment'],
  ['course_category', 'category'],
] as [string, string][])

/** What an event's name says: `user_created`, `user.created`, `\core\event\user_created`; undefined for any other. */
export function eventType(name: string): EventType | undefined {
  const plain = name
    .slice(name.lastIndexOf('\\') + 1)
    .toLowerCase()
    .replace(/[.\-/]/g, '_')
  if (graded.has(plain)) return { resource: 'grade', kind: 'state' }
  const cut = plain.lastIndexOf('_')
  const resource = nouns.get(plain.slice(0, cut))
  const kind = verbs[plain.slice(cut + 1)]
  return resource === undefined || kind === undefined ? undefined : { resource, kind }
}

/**
 * Reads the plugin's envelope `{ id, sequence, type, time, origin, data }`, and batches `{ "users": [...] }`.
 * Raises DataError `PARSE_SHAPE` (no envelope, no list), `PARSE_TYPE` (an event that is not known) and
 * `MODULE_MISMATCH` (the body names another event than the route).
 */
export function parse(incoming: Incoming): Parsed {
  return incoming.channel === 'batch' ? parseBatch(incoming) : parseEnvelope(incoming)
}

function parseEnvelope({ body, route, resource, senderId }: Incoming): Parsed {
  if (!isObject(body))
    throw shape(
      '',
      'the body must be one JSON object: { "id", "sequence", "type", "time", "origin", "data" }',
    )
  const named = textIn(body, ['type', 'event_type', 'event', 'eventname'])
  const type = typeOf(route, resource, named)
  const data = dataIn(body, named)
  const sequence = numberIn(body['sequence'])
  const time = timeIn(body['time'] ?? body['timestamp'] ?? body['timecreated'])
  const events = (Array.isArray(data) ? data : [data]).map((item, index) => {
    if (!isObject(item)) throw shape(Array.isArray(data) ? `data/${index}` : 'data', 'is no object')
    return eventOf(type, item, time, sequence)
  })
  for (const event of events)
    if (event.kind === 'delete' && event.id === undefined)
      throw shape('data', `of ${named ?? route} does not name the ${type.resource} that was deleted`)
  // Without an envelope `id` is the record's, which every event of it shares.
  const id = data === body ? undefined : textIn(body, ['id', 'event_id'])
  return senderId === undefined && id !== undefined ? { key: id, events } : { events }
}

/** The envelope's `data`; a payload that came without an envelope is taken for it when the route names the event. */
function dataIn(body: Payload, named: string | undefined): Json {
  const data = body['data'] ?? body['payload']
  if (data !== undefined && data !== null) return data
  if (named === undefined) return body
  throw shape('data', 'is missing: it must hold what happened, such as { "id": "5", "username": "ali", ... }')
}

function typeOf(
  route: string | undefined,
  resource: string | undefined,
  named: string | undefined,
): EventType {
  const said = named === undefined ? undefined : eventType(named)
  if (named !== undefined && said === undefined) throw unknownEvent(named, 'type')
  const asked = route === undefined ? undefined : (eventType(route) ?? resourceOf(route, resource))
  if (route !== undefined && asked === undefined) throw unknownEvent(route, 'the route')
  if (asked === undefined && said === undefined)
    throw shape('type', 'is missing: it must name the event, such as "user_created"')
  if (asked !== undefined && said !== undefined) {
    const sameKind = asked.kind === undefined || asked.kind === said.kind
    if (asked.resource !== said.resource || !sameKind)
      throw new DataError('MODULE_MISMATCH', `the body says "${named}", the route says "${route}"`, {
        at: 'type',
        hint: 'send each event to the route of its own name, or all of them to /webhooks',
      })
  }
  return said ?? { resource: asked!.resource, kind: asked!.kind ?? 'state' }
}

const resourceOf = (
  route: string,
  resource: string | undefined,
): { resource: string; kind?: undefined } | undefined => {
  const name =
    nouns.get(route.toLowerCase()) ?? (resource !== undefined && resource in resources ? resource : undefined)
  return name === undefined ? undefined : { resource: name }
}

function parseBatch({ body, route, resource }: Incoming): Parsed {
  const collection = collections[(route ?? '').toLowerCase() as keyof typeof collections]
  const name = collection?.resource ?? resource
  if (name === undefined || !(name in resources)) throw unknownEvent(route ?? '', 'the route')
  const key = collection?.key ?? 'data'
  const list = isObject(body) ? (body[key] ?? body['data']) : body
  if (!Array.isArray(list)) throw shape(key, `must be a list: { "${key}": [ ... ] }`)
  return {
    events: list.map(item =>
      isObject(item)
        ? eventOf({ resource: name, kind: 'state' }, item, undefined, undefined)
        : { resource: name, kind: 'state' as const, version: [] },
    ),
  }
}

function eventOf(
  { resource, kind }: EventType,
  data: Payload,
  time: number | undefined,
  sequence: number | undefined,
): IncomingEvent {
  const payload = payloadOf(resource, data)
  const id = resources[resource]!.idOf(payload)
  const deleted = kind === 'delete' || (resource === 'user' && id !== undefined && isTrue(payload['deleted']))
  return {
    resource,
    kind: deleted ? 'delete' : 'state',
    ...(id === undefined ? {} : { id }),
    version: versionOf(payload, time, sequence, deleted),
    payload,
  }
}

/** As the pipelines read it: our spelling of every field, and the identity of a pair or a grade in `id` and `key`. */
export function payloadOf(resource: string, data: Payload): Payload {
  const payload = normalise(resource, data)
  const id = resources[resource]!.idOf(payload)
  if (id === undefined) return payload
  switch (resource) {
    case 'grade':
      return { ...payload, key: id }
    case 'group': {
      const { courseid, idnumber } = payload
      return courseid && idnumber ? { ...payload, id, key: `${courseid}_${idnumber}` } : { ...payload, id }
    }
    case 'enrollment': {
      const own = payload['id'] === id ? undefined : payload['id']
      const enrollmentId = payload['enrollment_id'] ?? own
      return {
        ...payload,
        ...(enrollmentId === undefined ? {} : { enrollment_id: enrollmentId }),
        id,
        key: id,
      }
    }
    case 'cohort_member':
    case 'group_member':
      return { ...payload, id, key: id }
    default:
      return { ...payload, id }
  }
}

/** A deletion leaves the row's `timemodified` as it was, so the event's own time counts there. */
function versionOf(
  payload: Payload,
  time: number | undefined,
  sequence: number | undefined,
  deleted: boolean,
): Version {
  const modified = seconds(payload['timemodified'])
  const at = deleted ? Math.max(modified ?? 0, time ?? 0) || undefined : (modified ?? time)
  if (at === undefined) return []
  return sequence === undefined ? [at] : [at, sequence]
}

const isTrue = (value: Json | undefined): boolean => value === true || value === 1 || value === '1'

function textIn(body: Payload, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = body[name]
    if (typeof value === 'number') return String(value)
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
  }
  return undefined
}

const numberIn = (value: Json | undefined): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

/** Seconds since 1970 of a time in seconds, in milliseconds, or in ISO 8601. */
function timeIn(value: Json | undefined): number | undefined {
  const number = numberIn(value)
  if (number !== undefined) return number > 100_000_000_000 ? Math.floor(number / 1000) : number || undefined
  if (typeof value !== 'string') return undefined
  const parsed = Date.parse(value)
  return Number.isNaN(parsed) ? undefined : Math.floor(parsed / 1000)
}

const shape = (at: string, what: string) =>
  new DataError('PARSE_SHAPE', at === '' ? what : `"${at}" ${what}`, at === '' ? {} : { at })

const unknownEvent = (name: string, at: string) =>
  new DataError('PARSE_TYPE', `Moodle's connector knows no event "${name}"`, {
    at,
    hint: `known are ${['user', 'enrollment', 'grade', 'course'].map(noun => `${noun}_created`).join(', ')}, each with _updated and _deleted too`,
  })
