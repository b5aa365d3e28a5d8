/**
 * A Moodle for tests, asked past the connector: the sandbox, or the real one that `npm run test:moodle` was given.
 * Both are asked by the same functions of Moodle's web service, so a test sees no difference, or finds one.
 */
import { formOf } from '../../../connectors/moodle/form.ts'
import type { MoodleSandbox } from '../../../connectors/moodle/sandbox/index.ts'
import type { Json, Payload } from '../../../core/plugin.ts'

export interface RealMoodle {
  readonly url: string
  readonly token: string
  /** A token that may delete: without it what tests made stays, and tests that need deletions are skipped. */
  readonly adminToken?: string
}

/** Set by `test/moodle.mjs` only: a college's own settings never lead a test to its Moodle. */
export const realMoodle: RealMoodle | undefined =
  process.env['WASL_TEST_MOODLE'] === undefined
    ? undefined
    : (JSON.parse(process.env['WASL_TEST_MOODLE']) as RealMoodle)

export const onReal = realMoodle !== undefined

/** For what only the sandbox can be told to do: faults, lost capabilities, its log. */
export const onSandbox = (onReal ? it.skip : it) as Mocha.TestFunction
export const inSandbox = (onReal ? describe.skip : describe) as Mocha.SuiteFunction

/** An object of a resource, past the connector. */
interface Shelf {
  readonly create: (site: Site, fields: Payload) => Promise<string>
  readonly read: (site: Site, id: string) => Promise<Payload | null>
  /** Ids of those that carry the run's name. */
  readonly ours: (site: Site) => Promise<readonly string[]>
  readonly remove: { readonly name: string; readonly parameters: (ids: readonly string[]) => Payload }
}

export interface Site {
  readonly sandbox: MoodleSandbox | undefined
  /** Begins the key of everything that a test makes, and is found nowhere else in this Moodle. */
  readonly run: string
  readonly mayDelete: boolean
  /** Calls a function as an administrator would; raises what Moodle refuses as an Error with its answer. */
  ask(name: string, parameters: Payload): Promise<Json>
  create(resource: string, fields: Payload): Promise<string>
  read(resource: string, id: string): Promise<Payload | null>
  remove(resource: string, id: string): Promise<void>
  count(resource: string): Promise<number>
  /** Role ids, and whether suspended, of a user in a course; null where he is not enrolled. */
  enrolment(userid: string, courseid: string): Promise<{ roles: number[]; suspended: boolean } | null>
  members(resource: 'cohort' | 'group', id: string): Promise<readonly string[]>
  /** Takes away what the run made, as far as the token allows. */
  clean(): Promise<void>
}

const first = (body: Json): Payload => (body as Payload[])[0]!
const idsOf = (list: Json, key: string, run: string) =>
  (list as Payload[])
    .filter(row =>
      String(row[key] ?? '')
        .toLowerCase()
        .includes(run),
    )
    .map(({ id }) => String(id))

const creating =
  (name: string, list: string) =>
  async (site: Site, fields: Payload): Promise<string> =>
    String(first(await site.ask(name, { [list]: [fields] }))['id'])

const shelves: Readonly<Record<string, Shelf>> = {
  user: {
    create: (site, fields) =>
      creating('core_user_create_users', 'users')(site, { createpassword: true, ...fields }),
    read: async (site, id) =>
      ((await site.ask('core_user_get_users_by_field', { field: 'id', values: [id] })) as Payload[])[0] ??
      null,
    ours: async site => {
      const criteria = [{ key: 'email', value: `%${site.run}%` }]
      const body = (await site.ask('core_user_get_users', { criteria })) as Payload
      return idsOf(body['users']!, 'email', site.run)
    },
    remove: { name: 'core_user_delete_users', parameters: userids => ({ userids: [...userids] }) },
  },
  course: {
    create: creating('core_course_create_courses', 'courses'),
    read: async (site, id) => {
      const body = await site.ask('core_course_get_courses_by_field', { field: 'id', value: id })
      return ((body as Payload)['courses'] as Payload[])[0] ?? null
    },
    ours: async site => {
      const body = await site.ask('core_course_get_courses_by_field', { field: '', value: '' })
      return idsOf((body as Payload)['courses']!, 'shortname', site.run)
    },
    remove: { name: 'core_course_delete_courses', parameters: courseids => ({ courseids: [...courseids] }) },
  },
  category: {
    create: creating('core_course_create_categories', 'categories'),
    read: async (site, id) =>
      (
        (await site.ask('core_course_get_categories', {
          criteria: [{ key: 'ids', value: id }],
          addsubcategories: false,
        })) as Payload[]
      )[0] ?? null,
    ours: async site => idsOf(await site.ask('core_course_get_categories', {}), 'idnumber', site.run),
    remove: {
      name: 'core_course_delete_categories',
      parameters: ids => ({ categories: ids.map(id => ({ id, recursive: 1 })) }),
    },
  },
  cohort: {
    create: (site, fields) =>
      creating('core_cohort_create_cohorts', 'cohorts')(site, {
        categorytype: { type: 'system', value: '' },
        ...fields,
      }),
    read: async (site, id) =>
      ((await site.ask('core_cohort_get_cohorts', { cohortids: [id] })) as Payload[])[0] ?? null,
    ours: async site => {
      const context = { contextlevel: 'system', instanceid: 0 }
      const asked = { query: site.run, context, includes: 'all', limitfrom: 0, limitnum: 1000 }
      const body = (await site.ask('core_cohort_search_cohorts', asked)) as Payload
      return idsOf(body['cohorts']!, 'idnumber', site.run)
    },
    remove: { name: 'core_cohort_delete_cohorts', parameters: ids => ({ cohortids: [...ids] }) },
  },
  group: {
    create: (site, fields) =>
      creating('core_group_create_groups', 'groups')(site, { description: '', ...fields }),
    read: (site, id) =>
      site
        .ask('core_group_get_groups', { groupids: [id] })
        .then(first)
        .catch((error: unknown) => {
          if (/invalidrecord/.test(String(error))) return null
          throw error
        }),
    ours: async site => {
      const found = await Promise.all(
        (await shelves['course']!.ours(site)).map(courseid =>
          site.ask('core_group_get_course_groups', { courseid }),
        ),
      )
      return idsOf(found.flat() as Json, 'idnumber', site.run)
    },
    remove: { name: 'core_group_delete_groups', parameters: groupids => ({ groupids: [...groupids] }) },
  },
}

let runs = 0

/** `target` is asked with `token`, a sandbox's or a real Moodle's. */
export function siteAt(
  target: { readonly url: string; readonly token: string },
  { sandbox, mayDelete }: { sandbox: MoodleSandbox | undefined; mayDelete: boolean },
): Site {
  const run = `w${Date.now().toString(36)}${process.pid.toString(36)}x${runs++}z`

  async function enrolled(courseid: string, ...options: Payload[]): Promise<readonly Payload[]> {
    return (await site.ask('core_enrol_get_enrolled_users', { courseid, options })) as Payload[]
  }

  const site: Site = {
    sandbox,
    run,
    mayDelete,
    async ask(name, parameters) {
      const form = new URLSearchParams([
        ['wstoken', target.token],
        ['wsfunction', name],
        ['moodlewsrestformat', 'json'],
        ...formOf(parameters).map(([field, value]) => [field, value] as [string, string]),
      ])
      const response = await fetch(`${target.url}/webservice/rest/server.php`, { method: 'POST', body: form })
      const text = await response.text()
      if (text.startsWith('{"exception"')) throw new Error(`${name}: ${text}`)
      return JSON.parse(text) as Json
    },
    create: (resource, fields) => shelves[resource]!.create(site, fields),
    read: (resource, id) => shelves[resource]!.read(site, id),
    async remove(resource, id) {
      const { name, parameters } = shelves[resource]!.remove
      await site.ask(name, parameters([id]))
    },
    count: async resource => (await shelves[resource]!.ours(site)).length,
    async enrolment(userid, courseid) {
      const user = (await enrolled(courseid)).find(({ id }) => String(id) === userid)
      if (user === undefined) return null
      const suspended = await enrolled(courseid, { name: 'onlysuspended', value: '1' })
      return {
        roles: (user['roles'] as Payload[]).map(({ roleid }) => Number(roleid)),
        suspended: suspended.some(({ id }) => String(id) === userid),
      }
    },
    async members(resource, id) {
      const asked = { [`${resource}ids`]: [id] }
      const body = await site.ask(`core_${resource}_get_${resource}_members`, asked)
      return (first(body)['userids'] as Json[]).map(String)
    },
    async clean() {
      if (sandbox !== undefined) return
      for (const resource of ['cohort', 'course', 'category', 'user']) {
        const { ours, remove } = shelves[resource]!
        const ids = await ours(site)
        if (ids.length === 0) continue
        if (mayDelete && resource === 'category')
          // One that stood in another is gone with it.
          for (const id of ids)
            await site.ask(remove.name, remove.parameters([id])).catch((error: unknown) => {
              if (!/unknowncategory/.test(String(error))) throw error
            })
        else if (mayDelete) await site.ask(remove.name, remove.parameters(ids))
        else if (resource === 'user')
          await site.ask('core_user_update_users', { users: ids.map(id => ({ id, suspended: true })) })
        else if (resource === 'course')
          await site.ask('core_course_update_courses', { courses: ids.map(id => ({ id, visible: false })) })
      }
    },
  }
  return site
}
