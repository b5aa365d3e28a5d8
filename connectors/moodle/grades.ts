import { DataError, SetupError } from '../../core/errors.ts'
import type { Payload, ReadResult, ResourceConnection } from '../../core/plugin.ts'
import { isObject, listIn, type MoodleClient, unexpected } from './client.ts'
import { parts, unknownField } from './lists.ts'
import { payloadOf } from './parse.ts'
import { idIn } from './payload.ts'
import { gradeKey, resources, seconds } from './resources.ts'

const NAME = 'moodle/grade'
const PER_CALL = resources['grade']!.perCall

/**
 * Grades are read through our plugin's own web service, as its events tell them: no function of Moodle tells a grade
 * whole (criteria, scale labels, marker and marking workflow are missing), and a half-told one would be taken for
 * another grade.
 */
export function gradeResource(client: MoodleClient): ResourceConnection {
  /** `undefined`: Moodle does not know the function, so the plugin is not there or older than it. */
  async function call(name: string, parameters: Payload, signal: AbortSignal): Promise<Payload | undefined> {
    try {
      const { body } = await client.call({ name, parameters, resource: NAME, writes: false }, signal)
      if (!isObject(body)) throw unexpected(name)
      return body
    } catch (error) {
      if (error instanceof DataError && error.code === 'MOODLE_NO_RECORD') return undefined
      throw error
    }
  }

  async function readPart(ids: readonly string[], signal: AbortSignal) {
    const name = 'local_moodle_zoho_sync_get_grades'
    const body = await call(name, { grades: ids.map(asked) }, signal)
    if (body === undefined)
      throw new SetupError('MOODLE_FUNCTION', `Moodle does not know ${name}`, {
        at: 'token',
        remote: 'moodle',
        resource: NAME,
        hint: 'install or upgrade the plugin local_moodle_zoho_sync in Moodle, then add its functions to the service',
      })
    const results: [string, ReadResult][] = []
    for (const grade of listIn(body['grades'] ?? null, name)) {
      const payload = payloadOf('grade', grade)
      results.push([String(payload['key']), { state: 'found', payload }])
    }
    for (const untold of listIn(body['untold'] ?? null, name))
      if (untold['reason'] === 'gone') results.push([keyOf(untold), { state: 'gone' }])
    return results
  }

  async function read(ids: readonly string[], signal: AbortSignal) {
    const results = new Map<string, ReadResult>(ids.map(id => [id, { state: 'unseen' }]))
    const askable = [...results.keys()].filter(id => GRADE.test(id))
    for (const part of parts(askable, PER_CALL))
      for (const [id, result] of await readPart(part, signal)) if (results.has(id)) results.set(id, result)
    return results
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (by !== 'id' && by !== 'key') throw unknownField(NAME, by, ['id', 'key'])
    const matches = new Map<string, readonly Payload[]>()
    for (const [id, result] of await read(values, signal))
      if (result.state === 'found') matches.set(id, [result.payload])
    return matches
  }

  return {
    read,
    find,
    async changes({ since = 0, page = '0' }, signal) {
      const name = 'local_moodle_zoho_sync_list_grades'
      const body = await call(name, { since: Math.floor(since / 1000), after: page }, signal)
      // Without the plugin no grade of this Moodle is told at all; `doctor` says so, and no sweep fails for it.
      if (body === undefined) return { objects: [] }
      const objects = listIn(body['grades'] ?? null, name).map(grade => {
        const id = keyOf(grade)
        const changed = seconds(grade['timemodified'])
        return changed === undefined ? { id } : { id, version: [changed], at: changed * 1000 }
      })
      const next = idIn(body['next'])
      return { objects, ...(next === undefined ? {} : { next }) }
    },
    write: async operations =>
      operations.map(() => ({
        ok: false,
        error: new DataError('MOODLE_READ_ONLY', 'grades are given in Moodle and never written to it', {
          at: 'to',
          remote: 'moodle',
          hint: 'take the push to moodle/grade out of the pipeline',
        }),
      })),
  }
}

/** `{userid}_{assignment}`, or `{userid}_i{grade item}`. */
const GRADE = /^(\d{1,18})_(i?)(\d{1,18})$/

const asked = (id: string): Payload => {
  const [, userid = '', item, of = ''] = GRADE.exec(id)!
  return item === 'i' ? { userid, itemid: of } : { userid, assignmentid: of }
}

/** The plugin says 0 where the item is no assignment. */
const keyOf = (grade: Payload): string => String(gradeKey(grade))
