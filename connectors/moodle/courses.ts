import { DataError, RetryableError, SetupError, type WaslError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, WriteOperation, WriteResult } from '../../core/plugin.ts'
import { writeBatches } from './batch.ts'
import { isObject, listIn, type MoodleClient, unexpected } from './client.ts'
import { errorOf, warningsIn } from './errors.ts'
import { missingField, refusedField, renamed, sendable } from './fields.ts'
import { mapInTurn, parts, unknownField } from './lists.ts'
import { matchEach, matchesById, readResults } from './lookups.ts'
import { payloadOf } from './parse.ts'
import { isMoodleId } from './payload.ts'
import { resources, seconds } from './resources.ts'
import { sectionFields, withSections } from './sections.ts'

const NAME = 'moodle/course'
const PER_CALL = resources['course']!.perCall
/** Calls at a time where one id is asked for. */
const WIDTH = 4
const findable = new Set(['id', 'shortname', 'idnumber'])

/**
 * Courses through `core_course_get_courses_by_field`, `core_course_create_courses` and `core_course_update_courses`, one
 * section of each through our plugin.
 */
export function courseResource(client: MoodleClient): ResourceConnection {
  async function byField(field: string, value: string, signal: AbortSignal): Promise<readonly Payload[]> {
    const name = 'core_course_get_courses_by_field'
    const { body, asOf } = await client.call(
      { name, parameters: { field, value }, resource: NAME, writes: false },
      signal,
    )
    if (!isObject(body)) throw unexpected(name)
    return listIn(body['courses'] ?? null, name).map(course => ({
      readat: asOf,
      ...payloadOf('course', course),
    }))
  }

  /** One id that is not there breaks Moodle's answer for all of them (an Error of PHP): then each is asked alone. */
  async function byIdsOnce(ids: readonly string[], signal: AbortSignal): Promise<readonly Payload[]> {
    if (ids.length > 1)
      try {
        return await byField('ids', ids.join(','), signal)
      } catch (error) {
        if (!(error instanceof RetryableError) || error.code !== 'MOODLE_INTERNAL') throw error
      }
    return (await mapInTurn(ids, WIDTH, id => byField('id', id, signal))).flat()
  }

  async function byIds(ids: readonly string[], signal: AbortSignal) {
    const found = new Map<string, Payload>()
    for (const part of parts([...new Set(ids.filter(isMoodleId))], PER_CALL))
      for (const course of await byIdsOnce(part, signal)) found.set(String(course['id']), course)
    return found
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (!findable.has(by)) throw unknownField(NAME, by, findable)
    if (by === 'id') return matchesById(values, await byIds(values, signal))
    return matchEach(values, value => matching(by, value, signal))
  }

  /** Moodle's database may compare without regard to case or accents, so what it found is compared again. */
  async function matching(by: string, value: string, signal: AbortSignal): Promise<readonly Payload[]> {
    let courses: readonly Payload[]
    try {
      courses = await byField(by, value, signal)
    } catch (error) {
      // A value that cannot be in that column is refused; nobody has it.
      if (error instanceof DataError) return []
      throw error
    }
    if (courses.some(course => !(by in course)))
      throw new SetupError('MOODLE_COURSES_HIDDEN', `the service account cannot see the ${by} of courses`, {
        at: 'token',
        remote: 'moodle',
        resource: NAME,
        hint: 'give its role moodle/course:update and moodle/course:viewhiddencourses',
      })
    return courses.filter(course => course[by] === value)
  }

  const read = async (ids: readonly string[], signal: AbortSignal) =>
    readResults(ids, await byIds(ids, signal))

  async function create(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_course_create_courses'
    const courses = operations.map(({ fields }) => sendable('course', fields, 'id', ...sectionFields))
    const { body } = await client.call(
      { name, parameters: { courses }, resource: NAME, writes: true },
      signal,
    )
    const created = listIn(body, name)
    if (created.length !== operations.length) throw unexpected(name)
    return created.map(({ id }) => ({ ok: true, id: String(id), action: 'created' }))
  }

  async function update(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_course_update_courses'
    const courses = operations
      .map(({ id, fields }) => ({ id: id!, ...sendable('course', fields, 'id', ...sectionFields) }))
      .filter(course => Object.keys(course).length > 1)
    const warnings = new Map<string, WaslError>()
    if (courses.length > 0) {
      const { body } = await client.call(
        { name, parameters: { courses }, resource: NAME, writes: true },
        signal,
      )
      if (body !== null && !isObject(body)) throw unexpected(name)
      for (const { itemid, refusal } of warningsIn(body))
        if (itemid !== undefined) warnings.set(itemid, gone(errorOf(refusal, name, NAME)))
    }
    const changed = new Set(courses.map(({ id }) => id))
    return operations.map(({ id }): WriteResult => {
      const error = warnings.get(id!)
      if (error !== undefined) return { ok: false, error }
      return { ok: true, id: id!, action: changed.has(id!) ? 'updated' : 'unchanged' }
    })
  }

  /** Whom a name belongs to is asked only for the one course that was refused by itself: it is a call for each. */
  async function blame(operations: readonly WriteOperation[], refusal: WaslError, signal: AbortSignal) {
    const results = new Map<WriteOperation, WriteResult>()
    const [operation] = operations
    if (operations.length !== 1 || operation === undefined || operation.id !== undefined) return results
    if (!(refusal instanceof DataError) || refusal.code !== 'MOODLE_TAKEN') return results
    const { key, fields } = operation
    const asked = ['shortname', 'idnumber'].sort((a, b) => Number(b === key?.by) - Number(a === key?.by))
    for (const by of asked) {
      const value = fields[by]
      if (typeof value !== 'string' || value === '') continue
      const id = (await matching(by, value, signal))[0]?.['id']
      if (typeof id !== 'string') continue
      const error = renamed(refusal, { at: by, hint: `the course ${id} has this ${by}` })
      results.set(operation, { ok: false, error, duplicateOf: { by, id } })
      break
    }
    return results
  }

  return {
    read,
    find,
    /** Moodle has no such list: all courses in one answer, of which those that were not changed are left out. */
    async changes({ since = 0 }, signal) {
      const courses = await byField('', '', signal)
      const objects = courses.flatMap(course => {
        // The site's front page is a course to Moodle, in no category; nobody is taught there.
        if (String(course['categoryid']) === '0') return []
        const changed = seconds(course['timemodified'])
        // Without the capability that shows it, any course may have been changed.
        if (changed === undefined) return [{ id: String(course['id']) }]
        const at = changed * 1000
        return at < since ? [] : [{ id: String(course['id']), version: [changed], at }]
      })
      return { objects }
    },
    write: (operations, signal) =>
      writeBatches(operations, {
        perCall: PER_CALL,
        refuse: ({ id, fields }) =>
          refusedField('course', fields) ?? (id === undefined ? missingIn(fields) : undefined),
        send: async some => {
          const written = await (some[0]?.id === undefined ? create(some, signal) : update(some, signal))
          return withSections(client, some, written, signal)
        },
        blame: (some, refusal) => blame(some, refusal, signal),
      }),
  }
}

/** A registrar knows programmes, not categories. */
function missingIn(fields: Payload): DataError | undefined {
  const missing = missingField('course', fields, ['fullname', 'shortname', 'categoryid'])
  if (missing?.at !== 'categoryid') return missing
  return new DataError(
    'MOODLE_NO_PROGRAMME',
    'no programme is named, so the course has no category in Moodle',
    {
      at: 'categoryid',
      remote: 'moodle',
      hint: 'name the programme of the class, or that of its unit, and save it',
    },
  )
}

const gone = (error: WaslError): WaslError =>
  error instanceof DataError && error.code === 'MOODLE_NO_RECORD'
    ? renamed(error, { code: 'REMOTE_GONE', at: 'id' })
    : error
