import { DataError, type WaslError } from '../../core/errors.ts'
import type {
  Payload,
  ReadResult,
  ResourceConnection,
  WriteOperation,
  WriteResult,
} from '../../core/plugin.ts'
import { harmless, writeBatches } from './batch.ts'
import { isObject, listIn, type MoodleClient, unexpected } from './client.ts'
import { refusedField, renamed } from './fields.ts'
import { groupBy, mapInTurn, unknownField } from './lists.ts'
import { payloadOf } from './parse.ts'
import { isMoodleId, pairIn } from './payload.ts'
import { resources } from './resources.ts'
import { DEFAULT_ROLES, type MoodleSettings } from './settings.ts'

const NAME = 'moodle/enrollment'
const PER_CALL = resources['enrollment']!.perCall
const WIDTH = 4
const COURSES_PER_PAGE = 20

/**
 * Enrolments through `enrol_manual_enrol_users`, which makes and changes them alike and may be repeated without harm.
 * What an operation leaves out is set to Moodle's default (no end, active), so a push names all of it.
 */
export function enrollmentResource(
  client: MoodleClient,
  settings: Pick<MoodleSettings, 'roles'>,
): ResourceConnection {
  const roles: Readonly<Record<string, number>> = { ...DEFAULT_ROLES, ...settings.roles }

  /** Users of a course; nobody where the course is gone. */
  async function usersOf(courseid: string, suspended: boolean, signal: AbortSignal) {
    const name = 'core_enrol_get_enrolled_users'
    const options = [{ name: 'userfields', value: 'id' }]
    if (suspended) options.push({ name: 'onlysuspended', value: '1' })
    try {
      const { body, asOf } = await client.call(
        { name, parameters: { courseid, options }, resource: NAME, writes: false },
        signal,
      )
      return { asOf, users: new Set(listIn(body, name).map(user => String(user['id']))) }
    } catch (error) {
      if (error instanceof DataError) return { asOf: 0, users: new Set<string>() }
      throw error
    }
  }

  async function read(ids: readonly string[], signal: AbortSignal) {
    const results = new Map<string, ReadResult>(ids.map(id => [id, { state: 'unseen' }]))
    const byCourse = [
      ...groupBy(
        ids.filter(id => pairIn(id) !== undefined),
        id => pairIn(id)![1],
      ),
    ]
    await mapInTurn(byCourse, WIDTH, async ([courseid, pairs]) => {
      const { users, asOf } = await usersOf(courseid, false, signal)
      const enrolled = pairs.filter(id => users.has(pairIn(id)![0]))
      if (enrolled.length === 0) return
      const { users: suspended } = await usersOf(courseid, true, signal)
      for (const id of enrolled) {
        const userid = pairIn(id)![0]
        const status = suspended.has(userid) ? 1 : 0
        const payload = payloadOf('enrollment', { userid, courseid, status, readat: asOf })
        results.set(id, { state: 'found', payload })
      }
    })
    return results
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (by !== 'id' && by !== 'key') throw unknownField(NAME, by, ['id'])
    const matches = new Map<string, readonly Payload[]>()
    for (const [id, result] of await read([...new Set(values)], signal))
      if (result.state === 'found') matches.set(id, [result.payload])
    return matches
  }

  const pairOf = ({ id, fields }: WriteOperation): readonly [string, string] | undefined => {
    const [user, course] = [String(fields['userid'] ?? ''), String(fields['courseid'] ?? '')]
    if (isMoodleId(user) && isMoodleId(course)) return [user, course]
    return id === undefined ? undefined : pairIn(id)
  }

  const roleOf = ({ roleid, role }: Payload): string | undefined => {
    if (roleid !== undefined && roleid !== null && roleid !== '') return String(roleid)
    const named = roles[role === undefined || role === null || role === '' ? 'student' : String(role)]
    return named === undefined ? undefined : String(named)
  }

  function refuse(operation: WriteOperation): DataError | undefined {
    const refused = refusedField('enrollment', operation.fields)
    if (refused !== undefined) return refused
    if (pairOf(operation) === undefined)
      return new DataError(
        'MOODLE_FIELD_NEEDED',
        'an enrolment needs "userid" and "courseid", both ids of Moodle',
        {
          at: isMoodleId(String(operation.fields['userid'] ?? '')) ? 'courseid' : 'userid',
          remote: 'moodle',
        },
      )
    if (roleOf(operation.fields) !== undefined) return undefined
    return new DataError('MOODLE_ROLE', `the role "${String(operation.fields['role'])}" is not known`, {
      at: 'role',
      remote: 'moodle',
      hint: `known are ${Object.keys(roles).join(', ')}; name others with their ids in the setting "roles"`,
    })
  }

  async function send(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'enrol_manual_enrol_users'
    const enrolments = operations.map(operation => {
      const { fields } = operation
      const [userid, courseid] = pairOf(operation)!
      return {
        roleid: roleOf(fields)!,
        userid,
        courseid,
        ...timeOf('timestart', fields),
        ...timeOf('timeend', fields),
        suspend: isSuspended(fields),
      }
    })
    await client.call({ name, parameters: { enrolments }, resource: NAME, writes: true }, signal)
    return operations.map(operation => ({
      ok: true,
      id: pairOf(operation)!.join('_'),
      action: operation.id === undefined ? 'created' : 'updated',
    }))
  }

  /** In production an unknown course is no more than `invalidparameter`, an unknown user `invalidrecordunknown`. */
  async function blame(
    [operation, ...others]: readonly WriteOperation[],
    refusal: WaslError,
    signal: AbortSignal,
  ) {
    const results = new Map<WriteOperation, WriteResult>()
    if (operation === undefined || others.length > 0 || !(refusal instanceof DataError)) return results
    const [userid, courseid] = pairOf(operation)!
    if (refusal.code === 'MOODLE_NO_RECORD' || refusal.code === 'MOODLE_NO_USER')
      return results.set(operation, {
        ok: false,
        error: renamed(refusal, {
          code: 'MOODLE_NO_USER',
          at: 'userid',
          hint: `there is no user ${userid} in Moodle`,
        }),
      })
    if (refusal.code !== 'MOODLE_INVALID') return results
    const name = 'core_course_get_courses_by_field'
    const { body } = await client.call(
      { name, parameters: { field: 'id', value: courseid }, resource: 'moodle/course', writes: false },
      signal,
    )
    if (listIn((body as Payload)['courses'] ?? null, name).length > 0) return results
    return results.set(operation, {
      ok: false,
      error: renamed(refusal, {
        code: 'MOODLE_NO_COURSE',
        at: 'courseid',
        hint: `there is no course ${courseid} in Moodle`,
      }),
    })
  }

  /** Courses in turn, by their ids; Moodle does not tell when an enrolment was changed. */
  async function changes({ page = '0' }: { readonly page?: string }, signal: AbortSignal) {
    const name = 'core_course_get_courses_by_field'
    const { body } = await client.call(
      { name, parameters: { field: '', value: '' }, resource: 'moodle/course', writes: false },
      signal,
    )
    if (!isObject(body)) throw unexpected(name)
    const later = listIn(body['courses'] ?? null, name)
      .map(course => Number(course['id']))
      .filter(id => id > Number(page))
      .sort((a, b) => a - b)
    const some = later.slice(0, COURSES_PER_PAGE)
    const users = await mapInTurn(some, WIDTH, id => usersOf(String(id), false, signal))
    const objects = some.flatMap((course, at) =>
      [...(users[at]?.users ?? [])].map(user => ({ id: `${user}_${course}` })),
    )
    return { objects, ...(later.length > some.length ? { next: String(some.at(-1)) } : {}) }
  }

  return {
    read,
    find,
    changes,
    write: (operations, signal) =>
      writeBatches(operations, {
        perCall: PER_CALL,
        refuse,
        kindOf: () => 'enrol',
        send: harmless(some => send(some, signal)),
        blame: (some, refusal) => blame(some, refusal, signal),
      }),
  }
}

/** `suspended` says it plainly; `status` as Moodle stores it: 0 active, 1 suspended. */
const isSuspended = ({ suspended, status }: Payload): boolean =>
  suspended === undefined || suspended === null || suspended === ''
    ? status === 1 || status === '1'
    : suspended === true || suspended === 1 || suspended === '1'

/** A cleared time is 0, as Moodle stores "none". */
const timeOf = (name: string, fields: Payload): Payload => {
  const value = fields[name]
  return value === undefined ? {} : { [name]: value === null || value === '' ? 0 : value }
}
