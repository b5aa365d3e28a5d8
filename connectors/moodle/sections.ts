import { DataError, SetupError, WaslError } from '../../core/errors.ts'
import type { Payload, WriteOperation, WriteResult } from '../../core/plugin.ts'
import { harmless, writeBatches } from './batch.ts'
import { isObject, listIn, type MoodleClient, unexpected } from './client.ts'
import { errorOf, warningsIn } from './errors.ts'
import { renamed, sendable } from './fields.ts'
import { resources } from './resources.ts'

const NAME = 'moodle/course'
const FUNCTION = 'local_moodle_zoho_sync_set_sections'

/** Fields of a course that tell one of its sections -> what our plugin's function calls them. */
const names: Readonly<Record<string, string>> = {
  sectionnumber: 'number',
  sectionname: 'name',
  sectionsummary: 'summary',
  sectionvisible: 'visible',
}
export const sectionFields = Object.keys(names)

const has = ({ fields }: WriteOperation): boolean => sectionFields.some(name => fields[name] !== undefined)

/**
 * Sets the sections of courses that were written, through our plugin: Moodle's own functions cannot write a summary.
 * What it refuses is the result of the course, which may be written again without harm.
 */
export async function withSections(
  client: MoodleClient,
  operations: readonly WriteOperation[],
  written: readonly WriteResult[],
  signal: AbortSignal,
): Promise<readonly WriteResult[]> {
  const places: number[] = []
  const asked = operations.flatMap((operation, place): WriteOperation[] => {
    const result = written[place]
    if (result?.ok !== true || !has(operation)) return []
    places.push(place)
    return [{ id: result.id, fields: operation.fields }]
  })
  if (asked.length === 0) return written
  const all = [...written]
  const results = await setAll(client, asked, signal)
  results.forEach((result, index) => {
    const course = written[places[index]!]!
    if (!result.ok) all[places[index]!] = result
    else if (course.ok && course.action === 'unchanged') all[places[index]!] = result
  })
  return all
}

async function setAll(client: MoodleClient, asked: readonly WriteOperation[], signal: AbortSignal) {
  try {
    return await writeBatches(asked, {
      perCall: resources['course']!.perCall,
      send: harmless(some => setSome(client, some, signal)),
      blame: async () => new Map(),
    })
  } catch (error) {
    if (!(error instanceof WaslError)) throw error
    // The courses themselves are there: to raise it would have them made again.
    return asked.map((): WriteResult => ({ ok: false, error }))
  }
}

async function setSome(client: MoodleClient, asked: readonly WriteOperation[], signal: AbortSignal) {
  const sections = asked.map(({ id, fields }): Payload => {
    const sent = Object.entries(sendable('course', fields)).filter(([name]) => name in names)
    return {
      courseid: id!,
      number: 0,
      ...Object.fromEntries(sent.map(([name, value]) => [names[name]!, value])),
    }
  })
  const { body } = await client
    .call({ name: FUNCTION, parameters: { sections }, resource: NAME, writes: true }, signal)
    .catch(error => {
      throw error instanceof DataError && error.code === 'MOODLE_NO_RECORD' ? noFunction() : error
    })
  if (!isObject(body)) throw unexpected(FUNCTION)
  const set = new Map(
    listIn(body['sections'] ?? null, FUNCTION).map(row => [String(row['courseid']), row['changed'] === true]),
  )
  const refused = new Map(
    warningsIn(body).map(({ itemid = '', refusal }) => [itemid, errorOf(refusal, FUNCTION, NAME)]),
  )
  return asked.map(({ id = '' }): WriteResult => {
    const error = refused.get(id)
    if (error === undefined && !set.has(id)) throw unexpected(FUNCTION)
    if (error === undefined) return { ok: true, id, action: set.get(id) ? 'updated' : 'unchanged' }
    const gone = error instanceof DataError && error.code === 'MOODLE_NO_RECORD'
    return { ok: false, error: gone ? renamed(error, { code: 'REMOTE_GONE', at: 'id' }) : error }
  })
}

const noFunction = () =>
  new SetupError('MOODLE_FUNCTION', `Moodle does not know ${FUNCTION}`, {
    at: 'token',
    remote: 'moodle',
    resource: NAME,
    hint: 'install or upgrade the plugin local_moodle_zoho_sync in Moodle, then add its functions to the service',
  })
