import { SetupError } from '../../core/errors.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { rowsIn, type ZohoClient } from './client.ts'
import { coqlIn, coqlName, coqlNumber, coqlText, criteriaEquals, criteriaValue } from './coql.ts'
import type { Field, Metadata } from './metadata.ts'
import { chunks, type Reader } from './read.ts'
import { idText, isZohoId } from './resources.ts'

/** COQL's `in` takes 50 values in every edition. */
const VALUES_PER_QUERY = 50
const PAYLOADS_PER_VALUE = 200
const numbers = new Set(['integer', 'bigint', 'double', 'currency', 'percent'])
/** What COQL does not filter by. */
const unfiltered = new Set(['textarea'])

/** What a field holds, as the text that is looked for: a lookup by its id, a list by nothing. */
export const comparable = (value: Json | undefined): string | undefined => {
  if (value === null || value === undefined || Array.isArray(value)) return undefined
  return typeof value === 'object' ? idText(value['id']) : String(value)
}

const quoted = (field: Field, value: string) =>
  numbers.has(field.type) ? coqlNumber(value) : coqlText(value)

export const createFinder = (client: ZohoClient, metadata: Metadata, reader: Reader, module: string) => {
  const query = async (column: string, values: readonly string[], signal: AbortSignal): Promise<string[]> => {
    const json = { select_query: coqlIn(module, ['id'], column, values) }
    const call = { method: 'POST', path: '/coql', json, writes: false, resource: module, signal } as const
    const answer = await client.call(call)
    const ids = rowsIn(answer).flatMap(row => idText(row['id']) ?? [])
    const more = (answer.body['info'] as { more_records?: Json } | undefined)?.more_records === true
    if (!more || values.length === 1) return ids
    // More than one answer holds: fewer values at once, so that none is pushed out by another's many records.
    const middle = Math.ceil(values.length / 2)
    return [
      ...(await query(column, values.slice(0, middle), signal)),
      ...(await query(column, values.slice(middle), signal)),
    ]
  }

  const search = async (field: string, value: string, signal: AbortSignal): Promise<string[]> => {
    const query = { criteria: criteriaEquals(field, value), fields: 'id', per_page: '200' }
    const answer = await client.call({
      method: 'GET',
      path: `/${module}/search`,
      query,
      resource: module,
      signal,
    })
    return rowsIn(answer).flatMap(row => idText(row['id']) ?? [])
  }

  const idsHolding = async (
    field: Field,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<string[]> => {
    const name = coqlName(field.name)
    if (name === undefined) return []
    const column = field.type === 'lookup' ? `${name}.id` : name
    const query1 = unfiltered.has(field.type) ? () => undefined : (value: string) => quoted(field, value)
    const literals = values.flatMap(value => query1(value) ?? [])
    const others = numbers.has(field.type) ? [] : values.filter(value => query1(value) === undefined)
    const ids: string[] = []
    for (const some of chunks(literals, VALUES_PER_QUERY)) ids.push(...(await query(column, some, signal)))
    for (const value of others) {
      const escaped = criteriaValue(value)
      if (escaped !== undefined) ids.push(...(await search(name, escaped, signal)))
    }
    return [...new Set(ids)]
  }

  /**
   * Records that hold exactly one of the values in `by`, a field's API name or `id`. COQL and, for values that it
   * cannot carry, the search tell the ids; what counts is what the records themselves then say. Both may lag behind
   * a write: not found does not mean not there. Raises SetupError `ZOHO_FIELD` for a field that is not there.
   */
  return async (
    by: string,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly Payload[]>> => {
    const wanted = new Set(values.filter(value => value !== ''))
    const found = new Map<string, Payload[]>()
    if (wanted.size === 0) return found
    if (by === 'id') {
      const ids = [...wanted].filter(value => isZohoId(value))
      for (const [id, payload] of await reader.records(ids, signal)) found.set(id, [payload])
      return found
    }
    const field = (await metadata.fields(module)).get(by)
    // Answering nobody would let a creation double what is there.
    if (field === undefined)
      throw new SetupError('ZOHO_FIELD', `${module} has no field ${by}, or the user does not see it`, {
        at: by,
        remote: 'zoho',
        resource: module,
        hint: "make it in Zoho, or give this college's name for it in its mapping",
      })
    const ids = await idsHolding(field, [...wanted], signal)
    for (const payload of (await reader.records(ids, signal)).values()) {
      const value = comparable(payload[by])
      if (value === undefined || !wanted.has(value)) continue
      const same = found.get(value)
      if (same === undefined) found.set(value, [payload])
      else if (same.length < PAYLOADS_PER_VALUE) same.push(payload)
    }
    return found
  }
}
