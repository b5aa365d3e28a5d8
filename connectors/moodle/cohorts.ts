import { DataError, type WaslError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, WriteOperation, WriteResult } from '../../core/plugin.ts'
import { writeBatches } from './batch.ts'
import { isObject, listIn, type MoodleClient, unexpected } from './client.ts'
import { missingField, refusedField, renamed, sendable } from './fields.ts'
import { parts, unknownField } from './lists.ts'
import { matchEach, matchesById, readResults } from './lookups.ts'
import { payloadOf } from './parse.ts'
import { isMoodleId } from './payload.ts'
import { resources } from './resources.ts'

const NAME = 'moodle/cohort'
const PER_CALL = resources['cohort']!.perCall
const findable = new Set(['id', 'idnumber'])
/** Cohorts that one search may answer: it looks for the text anywhere in name, idnumber and description. */
const SEARCHED = 1_000
/** What every update of Moodle's must hold. */
const named = ['name', 'idnumber']
const system = { categorytype: { type: 'system', value: '' } }

/** Cohorts of the whole site through `core_cohort_*`. */
export function cohortResource(client: MoodleClient): ResourceConnection {
  async function byIds(ids: readonly string[], signal: AbortSignal) {
    const name = 'core_cohort_get_cohorts'
    const found = new Map<string, Payload>()
    for (const part of parts([...new Set(ids.filter(isMoodleId))], PER_CALL)) {
      const { body, asOf } = await client.call(
        { name, parameters: { cohortids: [...part] }, resource: NAME, writes: false },
        signal,
      )
      for (const cohort of listIn(body, name))
        found.set(String(cohort['id']), { ...payloadOf('cohort', cohort), readat: asOf })
    }
    return found
  }

  async function matching(value: string, signal: AbortSignal): Promise<readonly Payload[]> {
    const name = 'core_cohort_search_cohorts'
    const context = { contextlevel: 'system', instanceid: 0 }
    const parameters = { query: value, context, includes: 'all', limitfrom: 0, limitnum: SEARCHED }
    const { body, asOf } = await client.call({ name, parameters, resource: NAME, writes: false }, signal)
    if (!isObject(body)) throw unexpected(name)
    return listIn(body['cohorts'] ?? null, name)
      .filter(cohort => cohort['idnumber'] === value)
      .map(cohort => ({ ...payloadOf('cohort', cohort), readat: asOf }))
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (!findable.has(by)) throw unknownField(NAME, by, findable)
    if (by === 'id') return matchesById(values, await byIds(values, signal))
    return matchEach(values, value => matching(value, signal))
  }

  const read = async (ids: readonly string[], signal: AbortSignal) =>
    readResults(ids, await byIds(ids, signal))

  async function create(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_cohort_create_cohorts'
    const cohorts = operations.map(({ fields }) => ({ ...system, ...sendable('cohort', fields, 'id') }))
    const { body } = await client.call(
      { name, parameters: { cohorts }, resource: NAME, writes: true },
      signal,
    )
    const created = listIn(body, name)
    if (created.length !== operations.length) throw unexpected(name)
    return created.map(({ id }) => ({ ok: true, id: String(id), action: 'created' }))
  }

  /** Moodle's update must tell name and idnumber anew, so what was not given is read before. */
  async function update(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_cohort_update_cohorts'
    const changes = ({ fields }: WriteOperation) => sendable('cohort', fields, 'id')
    const partial = operations
      .filter(each => named.some(field => each.fields[field] === undefined))
      .map(({ id }) => id!)
    const known = partial.length === 0 ? new Map<string, Payload>() : await byIds(partial, signal)
    const lost = (id: string) => partial.includes(id) && !known.has(id)
    const sent = operations.filter(each => Object.keys(changes(each)).length > 0 && !lost(each.id!))
    const cohorts = sent.map(each => ({
      id: each.id!,
      ...system,
      ...Object.fromEntries(named.map(field => [field, known.get(each.id!)?.[field] ?? ''])),
      ...changes(each),
    }))
    if (cohorts.length > 0)
      await client.call({ name, parameters: { cohorts }, resource: NAME, writes: true }, signal)
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
    if (id !== undefined && !(await byIds([id], signal)).has(id)) {
      results.set(operation, { ok: false, error: gone(id) })
    } else if (typeof fields['idnumber'] === 'string') {
      const holder = (await matching(fields['idnumber'], signal))[0]?.['id']
      if (typeof holder !== 'string' || holder === id) return results
      const error = renamed(refusal, {
        code: 'MOODLE_TAKEN',
        at: 'idnumber',
        hint: `the cohort ${holder} has this idnumber`,
      })
      const duplicateOf = { by: 'idnumber', id: holder }
      results.set(operation, id === undefined ? { ok: false, error, duplicateOf } : { ok: false, error })
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
          refusedField('cohort', fields) ??
          (id === undefined ? missingField('cohort', fields, ['name', 'idnumber']) : undefined),
        send: some => (some[0]?.id === undefined ? create(some, signal) : update(some, signal)),
        blame: (some, refusal) => blame(some, refusal, signal),
      }),
  }
}

const gone = (id: string) =>
  new DataError('REMOTE_GONE', `there is no cohort ${id} in Moodle`, { at: 'id', remote: 'moodle' })
