import { DataError } from '../../errors.ts'
import type { Incoming, IncomingEvent, Json, Parsed, Payload } from '../../plugin.ts'
import { idOf, item } from './item.ts'

const isObject = (value: Json | undefined): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const shape = (at: string, message: string) => new DataError('PARSE_SHAPE', message, { at, remote: 'sample' })

/** A row that is no record becomes an empty one: it is refused alone, where it stands. */
function eventOf(row: Json, kind: 'state' | 'delete'): IncomingEvent {
  const payload = isObject(row) ? row : {}
  const id = idOf(payload)
  return {
    resource: 'item',
    kind,
    version: item.versionOf(payload),
    ...(id === undefined ? {} : { id }),
    ...(kind === 'delete' ? {} : { payload }),
  }
}

/**
 * Makes events of `{ "type": "item.saved" | "item.deleted", "item": {...} }`, and of lists of items. Pure: what is
 * stored is parsed again after a crash. Raises DataError `PARSE_SHAPE` with the place in the body in `at`.
 */
export function parse({ channel, body }: Incoming): Parsed {
  if (!isObject(body)) throw shape('', 'the body is not an object')
  if (channel === 'batch') {
    const list = body['data'] ?? body['items']
    if (!Array.isArray(list)) throw shape('items', 'there is no list of items')
    return { events: list.map(row => eventOf(row, 'state')) }
  }
  const kind = { 'item.saved': 'state', 'item.deleted': 'delete' }[String(body['type'])]
  if (kind === undefined) throw shape('type', 'the type is neither item.saved nor item.deleted')
  if (!isObject(body['item'])) throw shape('item', 'there is no item')
  return { events: [eventOf(body['item'], kind as 'state' | 'delete')] }
}
