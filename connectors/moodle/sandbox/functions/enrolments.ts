import { MoodleException, moodleException, noCapability, noContext, noRecord, noUser } from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import { enrolUser, unenrolUser } from '../person.ts'
import type { CourseRow, EnrolmentRow, Site, UserRow } from '../site.ts'
import { type Functions, int, rows, text } from './function.ts'
import { userDetails } from './user-details.ts'

const GUEST = 1

/** Roles of a new site that the account may assign: editingteacher, teacher, student. */
export const roles: Readonly<Record<number, string>> = { 3: 'editingteacher', 4: 'teacher', 5: 'student' }

export const enrolmentFunctions: Functions = {
  enrol_manual_enrol_users: {
    parameters: {
      enrolments: list(
        object({
          roleid: required('int'),
          userid: required('int'),
          courseid: required('int'),
          timestart: optional('int'),
          timeend: optional('int'),
          suspend: optional('int'),
        }),
      ),
    },
    run(site, parameters) {
      for (const enrolment of rows(parameters['enrolments'])) {
        const [roleid, userid, courseid] = ['roleid', 'userid', 'courseid'].map(name =>
          int(enrolment[name]),
        ) as [number, number, number]
        enterCourse(site, courseid)
        const user = activeUser(site, userid)
        if (!(roleid in roles) || !site.has('moodle/role:assign'))
          throw moodleException(
            'wsusercannotassign',
            `You don't have the permission to assign this role (${roleid}) to this user (${userid}) in this course (${courseid}).`,
          )
        if (courseid === 1)
          throw moodleException(
            'wsnoinstance',
            `Manual enrolment plugin instance doesn't exist or is disabled for the course (id = ${courseid})`,
          )
        if (userid === GUEST)
          throw moodleException('guestsarenotallowed', 'The guest user is not allowed to do this')
        const status = int(enrolment['suspend']) === 0 ? 0 : 1
        const times = { timestart: int(enrolment['timestart']), timeend: int(enrolment['timeend']) }
        enrolUser(site, { user, courseid, roleid, status, ...times }, 'ws')
      }
      return null
    },
  },

  enrol_manual_unenrol_users: {
    parameters: {
      enrolments: list(
        object({ userid: required('int'), courseid: required('int'), roleid: optional('int') }),
      ),
    },
    run(site, parameters) {
      for (const { userid, courseid } of rows(parameters['enrolments'])) {
        if (site.courses.get(int(courseid)) === undefined)
          throw noRecord('course', 'SELECT id,category FROM {course} WHERE id = ?', [int(courseid)])
        enterCourse(site, int(courseid))
        unenrolUser(site, int(userid), int(courseid), 'ws')
      }
      return null
    },
  },

  core_enrol_get_enrolled_users: {
    parameters: {
      courseid: required('int'),
      options: list(object({ name: required('alphanumext'), value: required('raw') }), true),
    },
    run(site, parameters) {
      const courseid = int(parameters['courseid'])
      const course = site.courses.get(courseid)
      if (course === undefined) throw noRecord('course', 'SELECT * FROM {course} WHERE id = ?', [courseid])
      const options = new Map(rows(parameters['options']).map(({ name, value }) => [text(name), text(value)]))
      const [onlyActive, onlySuspended] = ['onlyactive', 'onlysuspended'].map(name =>
        isSet(options.get(name)),
      )
      if ((onlyActive || onlySuspended) && !site.has('moodle/course:enrolreview'))
        throw noCapability('Review course enrolments')
      if (onlyActive && onlySuspended) throw bothAsked()
      const fields = options.get('userfields')?.split(',')
      const [from, most] = ['limitfrom', 'limitnumber'].map(name => int(options.get(name))) as [
        number,
        number,
      ]
      return site.enrolments
        .by('courseid', courseid)
        .filter(enrolment => !onlySuspended || !isActive(site, enrolment))
        .filter(enrolment => !onlyActive || isActive(site, enrolment))
        .sort((a, b) => a.userid - b.userid)
        .slice(from, most === 0 ? undefined : from + most)
        .map(enrolment => enrolledUser(site, course, enrolment, fields))
    },
  },
}

/** As PHP's `!empty`. */
const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== '0'

const bothAsked = () =>
  new MoodleException(
    'core\\exception\\coding_exception',
    'codingerror',
    'Coding error detected, it must be fixed by a programmer: Both onlyactive and onlysuspended are set, this is probably not what you want!',
  )

/** Neither suspended, nor to begin later, nor at its end. */
function isActive(site: Site, { status, timestart, timeend }: EnrolmentRow): boolean {
  const now = site.time()
  return status === 0 && timestart <= now && (timeend === 0 || timeend > now)
}

const order = ['id', 'username', 'firstname', 'lastname', 'fullname', 'email', 'department', 'institution']
  .concat(['idnumber', 'interests', 'firstaccess', 'lastaccess', 'lastcourseaccess', 'city', 'country'])
  .concat(['profileimageurlsmall', 'profileimageurl', 'groups', 'roles', 'enrolledcourses'])

function enrolledUser(
  site: Site,
  course: CourseRow,
  enrolment: EnrolmentRow,
  fields: readonly string[] | undefined,
) {
  const user = site.users.get(enrolment.userid)!
  const groups = site.groups
    .by('courseid', course.id)
    .filter(group => site.groupMembers.by('pair', `${group.id}_${user.id}`).length > 0)
    .map(({ id, name, description }) => ({ id, name, description, descriptionformat: 1 }))
  const courses = site.enrolments
    .by('userid', user.id)
    .filter(each => isActive(site, each))
    .map(each => site.courses.get(each.courseid))
    .flatMap(each =>
      each === undefined ? [] : [{ id: each.id, fullname: each.fullname, shortname: each.shortname }],
    )
  const details: Record<string, unknown> = {
    ...(userDetails(site, user, site.has('moodle/course:useremail')) ?? {
      id: user.id,
      fullname: `${user.firstname} ${user.lastname}`,
    }),
    lastcourseaccess: 0,
    ...(groups.length > 0 ? { groups } : {}),
    roles: [{ roleid: enrolment.roleid, name: '', shortname: roles[enrolment.roleid], sortorder: 0 }],
    ...(courses.length > 0 ? { enrolledcourses: courses } : {}),
  }
  const shown = order.filter(name => name in details)
  const asked =
    fields === undefined ? shown : shown.filter(name => ['id', 'fullname', ...fields].includes(name))
  return Object.fromEntries(asked.map(name => [name, details[name]]))
}

/** Raises what Moodle raises for a course that is gone, or that the account may not enter. */
function enterCourse(site: Site, courseid: number): void {
  if (site.courses.get(courseid) === undefined) throw noContext()
  if (!site.has('enrol/manual:enrol'))
    throw new MoodleException(
      'core\\exception\\require_login_exception',
      'requireloginerror',
      'Course or activity not accessible.',
      'Not enrolled',
    )
}

function activeUser(site: Site, id: number): UserRow {
  if (site.users.get(id)?.deleted === 1) throw moodleException('userdeleted', 'error/userdeleted')
  return existingUser(site, id)
}

function existingUser(site: Site, id: number): UserRow {
  const user = site.users.get(id)
  if (user === undefined || user.deleted === 1) throw noUser('SELECT * FROM {user} WHERE id = ?', [id])
  return user
}

/** As a group or a cohort looks for its member. */
export function localUser(site: Site, id: number): UserRow {
  const user = site.users.get(id)
  if (user === undefined || user.deleted === 1)
    throw noUser('SELECT * FROM {user} WHERE id = ? AND deleted = ? AND mnethostid = ?', [id, 0, '1'])
  return user
}
