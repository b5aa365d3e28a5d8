import { createHash } from 'node:crypto'
import { DataError } from '../../core/errors.ts'
import type { Incoming, IncomingEvent, Json, Parsed, Payload, Version } from '../../core/plugin.ts'
import { idText, momentOf, versionOf } from './resources.ts'

const isObject = (value: Json | undefined): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const shape = (at: string, message: string, hint?: string) =>
  new DataError('PARSE_SHAPE', message, { at, remote: 'zoho', ...(hint === undefined ? {} : { hint }) })

const kinds: Readonly<Record<string, 'state' | 'delete'>> = {
  insert: 'state',
  create: 'state',
  update: 'state',
  edit: 'state',
  delete: 'delete',
}

const kindOf = (operation: Json | undefined) => {
  const kind = typeof operation === 'string' ? kinds[operation.toLowerCase()] : undefined
  if (kind === undefined) throw shape('operation', 'the operation is none of insert, update and delete')
  return kind
}

/** ISO 8601 with an offset, or a number of seconds or milliseconds since 1970. */
const timestampOf = (value: Json | undefined): Version => {
  if (value === undefined || value === null || value === '') return []
  const number =
    typeof value === 'number' ? value : /^\d{10}(\d{3})?$/.test(String(value)) ? Number(value) : undefined
  if (number !== undefined && number > 0) return [Math.floor(number < 1e11 ? number * 1000 : number)]
  const at = momentOf(value)
  if (at === undefined)
    throw shape('timestamp', 'the timestamp is neither ISO 8601 with an offset nor a number since 1970')
  return [at]
}

/** Which module a delivery is about: what its route says and what its body says must be the same. */
const moduleOf = (
  incoming: Incoming,
  body: Payload,
  nameOf: (name: string) => string | undefined,
): string => {
  const told = body['module']
  if (told !== undefined && told !== null && typeof told !== 'string')
    throw shape('module', 'the module is not a name')
  const inBody = typeof told === 'string' && told !== '' ? (nameOf(told) ?? told) : undefined
  const route = incoming.route
  const inRoute = incoming.resource ?? (route === undefined ? undefined : (nameOf(route) ?? route))
  if (inBody !== undefined && inRoute !== undefined && inBody !== inRoute)
    throw new DataError('MODULE_MISMATCH', `the route is for ${inRoute}, the body for ${inBody}`, {
      at: 'module',
      remote: 'zoho',
      hint: `send it to the route of ${inBody}, or correct "module"`,
    })
  const module = inBody ?? inRoute
  if (module === undefined) throw shape('module', 'neither the route nor the body names a module')
  return module
}

/**
 * Zoho's own notification: ids only, also of what was deleted, so the records are read: the deleted list decides.
 * A repeat of it carries the same `server_time`.
 */
const notification = (resource: string, body: Payload, ids: readonly Json[]): Parsed => {
  kindOf(body['operation'])
  const events = ids.map((value, index): IncomingEvent => {
    const id = idText(value)
    if (id === undefined) throw shape(`ids[${index}]`, 'an id is not a text of digits')
    return { resource, kind: 'touch', id, version: [] }
  })
  const time = body['server_time']
  if (typeof time !== 'number' || time <= 0) return { events }
  const parts = [
    body['channel_id'] ?? null,
    resource,
    body['operation'] ?? null,
    events.map(event => event.id),
    time,
  ]
  return { key: createHash('sha256').update(JSON.stringify(parts)).digest('hex'), events }
}

/** One record's state, as a workflow function sends it. */
const workflow = (resource: string, body: Payload): Parsed => {
  const data = body['data']
  if (data !== undefined && data !== null && !isObject(data))
    throw shape('data', 'the data is not one record')
  const fields = isObject(data) ? data : {}
  const [named, inside] = [idText(body['record_id']), idText(fields['id'])]
  const id = named ?? inside
  if (id === undefined) throw shape('record_id', 'the record has no id')
  if (named !== undefined && inside !== undefined && named !== inside)
    throw shape('data.id', `the record_id is ${named}, the id in the data is ${inside}`)
  const told = timestampOf(body['timestamp'])
  const modified = versionOf(fields)
  const version = modified.length > 0 ? modified : told
  const senderId = idText(body['notification_id'])
  const kind = kindOf(body['operation'])
  const event: IncomingEvent =
    kind === 'delete'
      ? { resource, kind, id, version: told.length > 0 ? told : modified }
      : Object.keys(fields).some(name => name !== 'id')
        ? {
            resource,
            kind,
            id,
            version,
            payload: { ...fields, id },
            ...(body['partial'] === true ? { partial: true } : {}),
          }
        : { resource, kind: 'touch', id, version: [] }
  return { ...(senderId === undefined ? {} : { senderId }), events: [event] }
}

/** A list of whole records. One that is no record becomes an empty one: it is refused alone, where it stands. */
const batch = (resource: string, rows: readonly Json[]): Parsed => ({
  events: rows.map((row): IncomingEvent => {
    const payload = isObject(row) ? row : {}
    const id = idText(payload['id'])
    return {
      resource,
      kind: 'state',
      version: versionOf(payload),
      payload: id === undefined ? payload : { ...payload, id },
      ...(id === undefined ? {} : { id }),
    }
  }),
})

/**
 * Makes events of what Zoho or a college's function sent. `nameOf` finds a module by its API name or an alias, in
 * any case. Raises DataError `MODULE_MISMATCH` and `PARSE_SHAPE`, with the place in the body in `at`.
 */
export const parseWith =
  (nameOf: (name: string) => string | undefined) =>
  (incoming: Incoming): Parsed => {
    const { body } = incoming
    if (!isObject(body)) throw shape('', 'the body is not an object')
    const resource = moduleOf(incoming, body, nameOf)
    const { data, ids } = body
    if (incoming.channel === 'batch' || Array.isArray(data)) {
      if (!Array.isArray(data))
        throw shape('data', 'the data is not a list of records', 'send {"data": [...]}')
      return batch(resource, data)
    }
    if (Array.isArray(ids)) return notification(resource, body, ids)
    return workflow(resource, body)
  }
