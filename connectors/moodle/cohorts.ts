import { DataError, type WaslError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, WriteOperation, WriteResult } from '../../core/plugin.ts'
import { writeBatches } from './batch.ts'
import { isObject, listIn, type MoodleClient, unexpected } from './client.ts'
import { missingField, refusedField, sendable } from './fields.ts'
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

  /**
   * Moodle's update must tell name and idnumber anew, and lets an idnumber that another cohort has pass: so what is
   * there is read before, and an idnumber that changes is looked up.
   */
  async function update(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_cohort_update_cohorts'
    const known = await byIds(
      operations.map(({ id }) => id!),
      signal,
    )
    const refused = new Map<string, DataError>()
    for (const { id, fields } of operations) {
      const { idnumber } = fields
      if (!known.has(id!)) refused.set(id!, gone(id!))
      else if (typeof idnumber === 'string' && idnumber !== '' && idnumber !== known.get(id!)!['idnumber']) {
        const holder = (await matching(idnumber, signal)).find(cohort => cohort['id'] !== id)?.['id']
        if (typeof holder === 'string') refused.set(id!, taken(holder))
      }
    }
    const changes = ({ fields }: WriteOperation) => sendable('cohort', fields, 'id')
    const sent = operations.filter(
      operation => Object.keys(changes(operation)).length > 0 && !refused.has(operation.id!),
    )
    const cohorts = sent.map(operation => {
      const { name: held = '', idnumber = '' } = known.get(operation.id!)!
      return { id: operation.id!, ...system, name: held, idnumber, ...changes(operation) }
    })
    if (cohorts.length > 0)
      await client.call({ name, parameters: { cohorts }, resource: NAME, writes: true }, signal)
    return operations.map((operation): WriteResult => {
      const id = operation.id!
      const error = refused.get(id)
      if (error !== undefined) return { ok: false, error }
      return { ok: true, id, action: sent.includes(operation) ? 'updated' : 'unchanged' }
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
    if (id !== undefined || typeof fields['idnumber'] !== 'string') return results
    const holder = (await matching(fields['idnumber'], signal))[0]?.['id']
    if (typeof holder !== 'string') return results
    const duplicateOf = { by: 'idnumber', id: holder }
    return results.set(operation, { ok: false, error: taken(holder, refusal), duplicateOf })
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

const taken = (holder: string, cause?: WaslError) =>
  new DataError('MOODLE_TAKEN', `the Moodle cohort ${holder} has this idnumber already`, {
    at: 'idnumber',
    remote: 'moodle',
    ...(cause === undefined ? {} : { cause }),
  })
