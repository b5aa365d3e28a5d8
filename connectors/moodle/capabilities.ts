import { RetryableError, WaslError } from '../../core/errors.ts'
import type { Check, Json, Payload } from '../../core/plugin.ts'
import { isObject, type MoodleClient, unexpected } from './client.ts'
import { LACKS, needs } from './needs.ts'

/** The front page: a course that every site has, in which nobody can be enrolled. */
const SITE = 1
const ENROL = 'enrol_manual_enrol_users'
const ENROLS = 'enrol/manual:enrol'
/** Without either, Moodle never comes to look at the role that is to be assigned. */
const RIGHTS: ReadonlySet<string> = new Set([ENROLS, 'moodle/role:assign'])
/** An id that no Moodle has given out. */
const NOBODY = 999_999_999
/** Seconds since 1970 of a moment at which nothing was changed yet. */
const NEVER = 99_999_999_999

/**
 * A call that changes nothing, whatever the account may do: Moodle looks for the capability first, and refuses the
 * rest of it after. `undefined` where the site has nothing to try it on.
 */
interface Probe {
  readonly capability: string
  readonly name: string
  readonly parameters: (account: string, look: Look) => Promise<Payload | undefined>
  /** A refusal, or something left out of the answer, that shows the capability to be missing. */
  readonly missing?: (answer: Json) => boolean
}
type Look = (name: string, parameters: Payload) => Promise<Json>

/** Errors of ours that say "may not"; any other refusal came after the capability was looked for. */
const lacking: ReadonlySet<string> = new Set(['MOODLE_CAPABILITY', 'MOODLE_NO_COURSE'])
const withoutIdnumber = (rows: Json | undefined): boolean =>
  Array.isArray(rows) && rows.some(row => isObject(row) && !('idnumber' in row))

const firstId = (rows: Json | undefined): string | undefined => {
  const first = Array.isArray(rows) ? rows.find(isObject) : undefined
  return first === undefined ? undefined : String(first['id'])
}
const firstCategory = (look: Look) => look('core_course_get_categories', {}).then(firstId)
const system = { contextlevel: 'system', instanceid: 0 }

const probes: readonly Probe[] = [
  {
    capability: 'moodle/user:create',
    name: 'core_user_create_users',
    parameters: async () => ({
      users: [{ username: 'probe', createpassword: true, firstname: ' ', lastname: ' ', email: 'none' }],
    }),
  },
  {
    capability: 'moodle/user:update',
    name: 'core_user_update_users',
    parameters: async () => ({ users: [{ id: NOBODY }] }),
  },
  {
    capability: 'moodle/course:update',
    name: 'core_course_get_courses_by_field',
    parameters: async () => ({ field: 'id', value: String(SITE) }),
    missing: answer => isObject(answer) && withoutIdnumber(answer['courses']),
  },
  {
    capability: 'moodle/course:create',
    name: 'core_course_create_courses',
    parameters: async (_, look) => {
      const categoryid = await firstCategory(look)
      return categoryid === undefined
        ? undefined
        : { courses: [{ fullname: 'probe', shortname: '', categoryid }] }
    },
  },
  {
    capability: 'moodle/category:manage',
    name: 'core_course_get_categories',
    parameters: async () => ({}),
    missing: withoutIdnumber,
  },
  {
    capability: ENROLS,
    name: ENROL,
    parameters: async () => ({ enrolments: [{ roleid: 5, userid: NOBODY, courseid: SITE }] }),
  },
  {
    capability: 'moodle/course:enrolreview',
    name: 'core_enrol_get_enrolled_users',
    parameters: async () => ({
      courseid: SITE,
      options: [
        { name: 'onlysuspended', value: '1' },
        { name: 'userfields', value: 'id' },
      ],
    }),
  },
  {
    capability: 'moodle/course:managegroups',
    name: 'core_group_get_course_groups',
    parameters: async () => ({ courseid: SITE }),
  },
  {
    capability: 'moodle/cohort:view',
    name: 'core_cohort_search_cohorts',
    parameters: async () => ({ query: '', context: system, limitnum: 1 }),
  },
  {
    capability: 'moodle/cohort:manage',
    name: 'core_cohort_update_cohorts',
    parameters: async (_, look) => {
      const found = await look('core_cohort_search_cohorts', { query: '', context: system, limitnum: 1 })
      const id = isObject(found) ? firstId(found['cohorts']) : undefined
      const categorytype = { type: 'none', value: '' }
      return id === undefined
        ? undefined
        : { cohorts: [{ id, name: 'probe', idnumber: 'probe', categorytype }] }
    },
  },
  {
    capability: 'local/moodle_zoho_sync:viewgrades',
    name: 'local_moodle_zoho_sync_list_grades',
    parameters: async () => ({ since: NEVER, limit: 1 }),
  },
]

/** What the plugin says that the account lacks, of what the functions in its service need. */
async function lackedOf(look: Look, allowed: ReadonlySet<unknown>): Promise<readonly string[]> {
  const capabilities = Object.values(needs)
    .filter(({ functions }) => functions.some(name => allowed.has(name)))
    .flatMap(need => need.capabilities)
  const body = await look(LACKS, { capabilities })
  if (!isObject(body) || !Array.isArray(body['missing'])) throw unexpected(LACKS)
  return body['missing'].map(String)
}

/** Whether the account may do what its functions need; names what it may not. */
export async function capabilityCheck(
  client: MoodleClient,
  account: string,
  allowed: ReadonlySet<unknown>,
  roles: Readonly<Record<string, number>>,
  signal: AbortSignal,
): Promise<Check> {
  const look: Look = async (name, parameters) =>
    (await client.call({ name, parameters, resource: 'moodle', writes: false }, signal)).body
  const assignments = Object.entries(roles).map(
    ([role, roleid]): Probe => ({
      capability: `moodle/role:assign (for the role ${role}, and "Allow role assignments" for it)`,
      name: ENROL,
      parameters: async () => ({ enrolments: [{ roleid, userid: account, courseid: SITE }] }),
    }),
  )
  const told = allowed.has(LACKS) ? await lackedOf(look, allowed) : undefined
  const missing = [...(told ?? [])]
  const tried = told === undefined ? probes : []
  for (const { capability, name, parameters, missing: isMissing } of [...tried, ...assignments]) {
    // Roles are looked at after the right to enrol at all.
    if (!allowed.has(name) || (name === ENROL && missing.some(each => RIGHTS.has(each)))) continue
    try {
      const asked = await parameters(account, look)
      if (asked !== undefined && isMissing?.(await look(name, asked))) missing.push(capability)
      else if (asked !== undefined && isMissing === undefined) await look(name, asked)
    } catch (error) {
      if (!(error instanceof WaslError) || error instanceof RetryableError) throw error
      if (lacking.has(error.code)) missing.push(capability)
    }
  }
  if (missing.length === 0)
    return { name: 'capabilities', ok: true, message: 'the account may do what its functions need' }
  return {
    name: 'capabilities',
    ok: false,
    message: `the account's role lacks ${missing.join(', ')}`,
    hint: 'give them to its role at system level (Users > Permissions > Define roles), or leave them if no pipeline needs them',
  }
}
