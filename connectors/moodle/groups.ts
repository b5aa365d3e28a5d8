import { DataError, type WaslError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, WriteOperation, WriteResult } from '../../core/plugin.ts'
import { writeBatches } from './batch.ts'
import { listIn, type MoodleClient, unexpected } from './client.ts'
import { missingField, refusedField, renamed, sendable } from './fields.ts'
import { groupBy, mapInTurn, parts, unknownField } from './lists.ts'
import { matchesById, readResults } from './lookups.ts'
import { payloadOf } from './parse.ts'
import { isMoodleId } from './payload.ts'
import { resources } from './resources.ts'

const NAME = 'moodle/group'
const PER_CALL = resources['group']!.perCall
const findable = new Set(['id', 'key'])
const WIDTH = 4

/** Groups of courses through `core_group_*`. Moodle searches them within one course only, hence `key`. */
export function groupResource(client: MoodleClient): ResourceConnection {
  async function ask(name: string, parameters: Payload, signal: AbortSignal): Promise<readonly Payload[]> {
    const { body, asOf } = await client.call({ name, parameters, resource: NAME, writes: false }, signal)
    return listIn(body, name).map(group => ({ ...payloadOf('group', group), readat: asOf }))
  }

  /** One id that is not there makes Moodle refuse all of them: they are halved until it stands alone. */
  async function byIds(ids: readonly string[], signal: AbortSignal): Promise<readonly Payload[]> {
    if (ids.length === 0) return []
    try {
      return await ask('core_group_get_groups', { groupids: [...ids] }, signal)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      if (ids.length === 1) return []
      const half = Math.ceil(ids.length / 2)
      return [...(await byIds(ids.slice(0, half), signal)), ...(await byIds(ids.slice(half), signal))]
    }
  }

  async function ofCourse(courseid: string, signal: AbortSignal): Promise<readonly Payload[]> {
    try {
      return await ask('core_group_get_course_groups', { courseid }, signal)
    } catch (error) {
      // A course that is gone has no groups.
      if (error instanceof DataError) return []
      throw error
    }
  }

  async function found(ids: readonly string[], signal: AbortSignal) {
    const groups = new Map<string, Payload>()
    for (const part of parts([...new Set(ids.filter(isMoodleId))], PER_CALL))
      for (const group of await byIds(part, signal)) groups.set(String(group['id']), group)
    return groups
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (!findable.has(by)) throw unknownField(NAME, by, findable)
    if (by === 'id') return matchesById(values, await found(values, signal))
    const keys = values.filter(value => /^\d{1,18}_./.test(value))
    const courses = [...groupBy(keys, value => value.slice(0, value.indexOf('_'))).keys()]
    const groups = (await mapInTurn(courses, WIDTH, course => ofCourse(course, signal))).flat()
    const matches = new Map<string, readonly Payload[]>()
    for (const value of keys) {
      const same = groups.filter(group => group['key'] === value)
      if (same.length > 0) matches.set(value, same)
    }
    return matches
  }

  const read = async (ids: readonly string[], signal: AbortSignal) =>
    readResults(ids, await found(ids, signal))

  async function create(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_group_create_groups'
    const groups = operations.map(({ fields }) => ({
      description: '',
      ...sendable('group', fields, 'id', 'key'),
    }))
    const { body } = await client.call({ name, parameters: { groups }, resource: NAME, writes: true }, signal)
    const created = listIn(body, name)
    if (created.length !== operations.length) throw unexpected(name)
    return created.map(({ id }) => ({ ok: true, id: String(id), action: 'created' }))
  }

  /** Moodle's update must name the group anew, so a name that was not given is read before. */
  async function update(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_group_update_groups'
    const changes = (operation: WriteOperation) =>
      sendable('group', operation.fields, 'id', 'key', 'courseid')
    const nameless = operations.filter(({ fields }) => fields['name'] === undefined).map(({ id }) => id!)
    const known = await found(nameless, signal)
    const lost = (id: string) => nameless.includes(id) && !known.has(id)
    const sent = operations.filter(each => Object.keys(changes(each)).length > 0 && !lost(each.id!))
    const groups = sent.map(each => ({
      id: each.id!,
      name: known.get(each.id!)?.['name'] ?? '',
      ...changes(each),
    }))
    if (groups.length > 0)
      await client.call({ name, parameters: { groups }, resource: NAME, writes: true }, signal)
    return operations.map((operation): WriteResult => {
      const id = operation.id!
      if (sent.includes(operation)) return { ok: true, id, action: 'updated' }
      return lost(id) ? { ok: false, error: gone(id) } : { ok: true, id, action: 'unchanged' }
    })
  }

  async function blame(
    [operation, ...others]: readonly WriteOperation[],
    refusal: WaslError,
    signal: AbortSignal,
  ) {
    const results = new Map<WriteOperation, WriteResult>()
    if (operation === undefined || others.length > 0 || !(refusal instanceof DataError)) return results
    const { id, fields } = operation
    const known = id === undefined ? undefined : (await found([id], signal)).get(id)
    if (id !== undefined && known === undefined) return results.set(operation, { ok: false, error: gone(id) })
    const courseid = String(fields['courseid'] ?? known?.['courseid'] ?? '')
    const siblings = isMoodleId(courseid) ? await ofCourse(courseid, signal) : []
    for (const by of ['idnumber', 'name']) {
      const value = fields[by]
      if (typeof value !== 'string' || value === '') continue
      const holder = siblings.find(group => group[by] === value && group['id'] !== id)?.['id']
      if (typeof holder !== 'string') continue
      const error = renamed(refusal, {
        code: 'MOODLE_TAKEN',
        at: by,
        hint: `the group ${holder} has this ${by}`,
      })
      // Another class may bear the same name: only the idnumber tells that it is the same group.
      const same = id === undefined && by === 'idnumber'
      const duplicateOf = { by: operation.key?.by ?? 'key', id: holder }
      return results.set(operation, same ? { ok: false, error, duplicateOf } : { ok: false, error })
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
          refusedField('group', fields) ??
          (id === undefined ? missingField('group', fields, ['courseid', 'name']) : undefined),
        send: some => (some[0]?.id === undefined ? create(some, signal) : update(some, signal)),
        blame: (some, refusal) => blame(some, refusal, signal),
      }),
  }
}

const gone = (id: string) =>
  new DataError('REMOTE_GONE', `there is no group ${id} in Moodle`, { at: 'id', remote: 'moodle' })
