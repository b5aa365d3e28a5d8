import { DataError, SetupError, type WaslError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, WriteOperation, WriteResult } from '../../core/plugin.ts'
import { writeBatches } from './batch.ts'
import { listIn, type MoodleClient, unexpected } from './client.ts'
import { missingField, refusedField, renamed, sendable } from './fields.ts'
import { parts, unknownField } from './lists.ts'
import { matchEach, matchesById, readResults } from './lookups.ts'
import { payloadOf } from './parse.ts'
import { isMoodleId } from './payload.ts'
import { resources } from './resources.ts'

const NAME = 'moodle/category'
const PER_CALL = resources['category']!.perCall
const findable = new Set(['id', 'idnumber'])

/** Categories through `core_course_get_categories`, `core_course_create_categories` and `core_course_update_categories`. */
export function categoryResource(client: MoodleClient): ResourceConnection {
  async function byCriterion(key: string, value: string, signal: AbortSignal): Promise<readonly Payload[]> {
    const name = 'core_course_get_categories'
    const parameters = { criteria: [{ key, value }], addsubcategories: false }
    const { body, asOf } = await client.call({ name, parameters, resource: NAME, writes: false }, signal)
    return listIn(body, name).map(category => ({ readat: asOf, ...payloadOf('category', category) }))
  }

  async function byIds(ids: readonly string[], signal: AbortSignal) {
    const found = new Map<string, Payload>()
    for (const part of parts([...new Set(ids.filter(isMoodleId))], PER_CALL))
      for (const category of await byCriterion('ids', part.join(','), signal))
        found.set(String(category['id']), category)
    return found
  }

  async function matching(value: string, signal: AbortSignal): Promise<readonly Payload[]> {
    const found = await byCriterion('idnumber', value, signal)
    if (found.some(category => !('idnumber' in category)))
      throw new SetupError(
        'MOODLE_CATEGORIES_HIDDEN',
        'the service account cannot see the idnumber of categories',
        {
          at: 'token',
          remote: 'moodle',
          resource: NAME,
          hint: 'give its role moodle/category:manage',
        },
      )
    return found.filter(category => category['idnumber'] === value)
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (!findable.has(by)) throw unknownField(NAME, by, findable)
    if (by === 'id') return matchesById(values, await byIds(values, signal))
    return matchEach(values, value => matching(value, signal))
  }

  const read = async (ids: readonly string[], signal: AbortSignal) =>
    readResults(ids, await byIds(ids, signal))

  async function create(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_course_create_categories'
    const categories = operations.map(({ fields }) => sendable('category', fields, 'id'))
    const { body } = await client.call(
      { name, parameters: { categories }, resource: NAME, writes: true },
      signal,
    )
    const created = listIn(body, name)
    if (created.length !== operations.length) throw unexpected(name)
    return created.map(({ id }) => ({ ok: true, id: String(id), action: 'created' }))
  }

  async function update(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_course_update_categories'
    const categories = operations
      .map(({ id, fields }) => ({ id: id!, ...sendable('category', fields, 'id') }))
      .filter(category => Object.keys(category).length > 1)
    if (categories.length > 0)
      await client.call({ name, parameters: { categories }, resource: NAME, writes: true }, signal)
    const changed = new Set(categories.map(({ id }) => id))
    return operations.map(({ id }) => ({
      ok: true,
      id: id!,
      action: changed.has(id!) ? 'updated' : 'unchanged',
    }))
  }

  async function blame(
    [operation, ...others]: readonly WriteOperation[],
    refusal: WaslError,
    signal: AbortSignal,
  ) {
    const results = new Map<WriteOperation, WriteResult>()
    if (operation === undefined || others.length > 0 || !(refusal instanceof DataError)) return results
    const { id, fields } = operation
    const { idnumber } = fields
    if (refusal.code === 'MOODLE_TAKEN' && id === undefined && typeof idnumber === 'string') {
      const holder = (await matching(idnumber, signal))[0]?.['id']
      if (typeof holder === 'string') {
        const error = renamed(refusal, { hint: `the category ${holder} has this idnumber` })
        results.set(operation, { ok: false, error, duplicateOf: { by: 'idnumber', id: holder } })
      }
    } else if (refusal.code === 'MOODLE_NO_CATEGORY' || refusal.code === 'MOODLE_NO_RECORD') {
      const gone = id !== undefined && !(await byIds([id], signal)).has(id)
      const error = renamed(refusal, gone ? { code: 'REMOTE_GONE', at: 'id' } : { at: 'parent' })
      results.set(operation, { ok: false, error })
    }
    return results
  }

  return {
    read,
    find,
    write: (operations, signal) =>
      writeBatches(operations, {
        perCall: PER_CALL,
        refuse: ({ id, fields }) =>
          refusedField('category', fields) ??
          (id === undefined ? missingField('category', fields, ['name']) : undefined),
        send: some => (some[0]?.id === undefined ? create(some, signal) : update(some, signal)),
        blame: (some, refusal) => blame(some, refusal, signal),
      }),
  }
}
