import { categoryFunctions } from './categories.ts'
import { cohortFunctions } from './cohorts.ts'
import { courseFunctions } from './courses.ts'
import { enrolmentFunctions } from './enrolments.ts'
import type { Functions } from './function.ts'
import { gradeFunctions } from './grades.ts'
import { groupFunctions } from './groups.ts'
import { sectionFunctions } from './sections.ts'
import { siteFunctions } from './site.ts'
import { userFunctions } from './users.ts'

const own: Functions = {
  ...userFunctions,
  ...courseFunctions,
  ...categoryFunctions,
  ...enrolmentFunctions,
  ...groupFunctions,
  ...cohortFunctions,
  ...gradeFunctions,
  ...sectionFunctions,
}

/** Every function that the sandbox has, by Moodle's name. */
export const functions: Functions = { ...own, ...siteFunctions(() => Object.keys(functions).sort()) }

/** Functions that Moodle has and the service behind the token has not. */
export const unlisted: ReadonlySet<string> = new Set([
  'core_message_send_instant_messages',
  'core_user_update_picture',
  'core_role_assign_roles',
  'core_role_unassign_roles',
])
