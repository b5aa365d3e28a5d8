import {
  invalidParameter,
  MoodleException,
  moodleException,
  noCapability,
  noRecord,
  noUser,
} from '../exceptions.ts'
import { list, object, optional, required } from '../parameters.ts'
import { enrolUser, unenrolUser } from '../person.ts'
import type { CourseRow, EnrolmentRow, Site, UserRow } from '../site.ts'
import { type Functions, int, rows, text } from './function.ts'
import { userDetails } from './user-details.ts'

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
      if (options.get('onlysuspended') === '1' && !site.has('moodle/course:enrolreview'))
        throw noCapability('Review course enrolments')
      const fields = options.get('userfields')?.split(',')
      return site.enrolments
        .by('courseid', courseid)
        .filter(({ status }) => options.get('onlysuspended') !== '1' || status === 1)
        .filter(({ status }) => options.get('onlyactive') !== '1' || status === 0)
        .map(enrolment => enrolledUser(site, course, enrolment, fields))
    },
  },
}

const order = 'id username firstname lastname fullname email department idnumber'.split(' ')

function enrolledUser(
  site: Site,
  course: CourseRow,
  enrolment: EnrolmentRow,
  fields: readonly string[] | undefined,
) {
  const user = site.users.get(enrolment.userid)!
  const details = userDetails(site, user, site.has('moodle/course:useremail')) ?? {
    id: user.id,
    fullname: `${user.firstname} ${user.lastname}`,
  }
  if (fields !== undefined)
    return Object.fromEntries(
      Object.entries(details).filter(([name]) => ['id', 'fullname', ...fields].includes(name)),
    )
  return {
    ...Object.fromEntries(Object.entries(details).filter(([name]) => order.includes(name))),
    firstaccess: 0,
    lastaccess: 0,
    lastcourseaccess: 0,
    profileimageurlsmall: details['profileimageurlsmall'],
    profileimageurl: details['profileimageurl'],
    groups: site.groups
      .by('courseid', course.id)
      .filter(group => site.groupMembers.by('pair', `${group.id}_${user.id}`).length > 0)
      .map(({ id, name, description }) => ({ id, name, description, descriptionformat: 1 })),
    roles: [{ roleid: enrolment.roleid, name: '', shortname: roles[enrolment.roleid], sortorder: 0 }],
    enrolledcourses: [{ id: course.id, fullname: course.fullname, shortname: course.shortname }],
  }
}

/** Raises what Moodle raises for a course that is gone, or that the account may not enter. */
function enterCourse(site: Site, courseid: number): void {
  if (site.courses.get(courseid) === undefined) throw invalidParameter('Context does not exist')
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

export function existingUser(site: Site, id: number): UserRow {
  const user = site.users.get(id)
  if (user === undefined || user.deleted === 1) throw noUser('SELECT * FROM {user} WHERE id = ?', [id])
  return user
}
