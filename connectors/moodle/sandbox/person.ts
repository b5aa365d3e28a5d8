import { createHash } from 'node:crypto'
import {
  coursePayload,
  deletedEnrolment,
  deletedGrade,
  deletedUser,
  enrolmentPayload,
  gradePayload,
  userPayload,
} from './payloads.ts'
import type { CourseRow, EnrolmentRow, Site, UserRow } from './site.ts'
import { changeUser, insertUser } from './users.ts'

type Values = Readonly<Record<string, unknown>>

/** What people do in Moodle's own pages; each raises the events that Moodle raises then. */
export interface Person {
  /** `username` defaults to the local part of the email. Raises an Error where Moodle's form would refuse. */
  createUser(fields: Values & { readonly email: string }, role?: string): UserRow
  updateUser(id: number, changes: Values): UserRow
  deleteUser(id: number): void
  /** Tells the user again, now with a role. */
  assignRole(id: number, role: string): UserRow
  createCourse(fields: Values & { readonly fullname: string; readonly shortname: string }): CourseRow
  /** Enrols, or changes the enrolment that is there; a role that is named is assigned. */
  enrol(userid: number, courseid: number, options?: EnrolOptions): EnrolmentRow
  unenrol(userid: number, courseid: number): void
  /** Grades an assignment, or grades it again: `fields` are laid over a payload such as the plugin's. */
  grade(fields: Values & { readonly userid: number | string }): Values
}

export interface EnrolOptions {
  readonly role?: 'student' | 'teacher'
  readonly suspended?: boolean
  readonly timestart?: number
  readonly timeend?: number
}

export function personIn(site: Site): Person {
  const user = (id: number): UserRow => {
    const found = site.users.get(id)
    if (found === undefined || found.deleted === 1) throw new Error(`there is no user ${id} in this Moodle`)
    return found
  }
  const free = (field: 'username' | 'emailkey', value: string, self?: number) => {
    if (site.users.by(field, value).some(({ id }) => id !== self))
      throw new Error(`another user has the ${field === 'username' ? 'username' : 'email'} ${value} already`)
  }

  return {
    createUser: (fields, role = '') =>
      site.transaction(() => {
        const username = String(fields['username'] ?? fields.email.split('@')[0]).toLowerCase()
        free('username', username)
        free('emailkey', fields.email.toLowerCase())
        return insertUser(site, { ...fields, username, email: fields.email, role }, 'web')
      }),
    updateUser: (id, changes) =>
      site.transaction(() => {
        const { email, username } = changes
        if (typeof email === 'string') free('emailkey', email.toLowerCase(), id)
        if (typeof username === 'string') free('username', username, id)
        const { suspended } = changes
        const stored = suspended === undefined ? changes : { ...changes, suspended: suspended ? 1 : 0 }
        return changeUser(site, user(id), stored, 'web')
      }),
    deleteUser: id => site.transaction(() => deleteUser(site, user(id), 'web')),
    assignRole: (id, role) => site.transaction(() => giveRole(site, user(id), role, 'web')),

    createCourse: fields =>
      site.transaction(() => {
        if (site.courses.by('shortname', fields.shortname).length > 0)
          throw new Error(`another course has the short name ${fields.shortname} already`)
        const time = site.time()
        const course = site.courses.insert({
          idnumber: '',
          categoryid: 1,
          ...fields,
          timecreated: time,
          timemodified: time,
        })
        site.raise({ type: 'course_created', origin: 'web', data: coursePayload(course) })
        return course
      }),

    enrol: (userid, courseid, { role = 'student', suspended = false, timestart = 0, timeend = 0 } = {}) =>
      site.transaction(() => {
        if (site.courses.get(courseid) === undefined) throw new Error(`there is no course ${courseid}`)
        const roleid = role === 'teacher' ? 3 : 5
        const status = suspended ? 1 : 0
        return enrolUser(site, { user: user(userid), courseid, roleid, status, timestart, timeend }, 'web')
      }),
    unenrol: (userid, courseid) => site.transaction(() => unenrolUser(site, userid, courseid, 'web')),

    grade: fields => site.transaction(() => gradeUser(site, fields)),
  }
}

/** Roles that the plugin tells of; another one (manager) tells nothing. */
const roleNames: Readonly<Record<number, string>> = { 3: 'teacher', 4: 'teacher', 5: 'student' }

export interface Enrolment {
  readonly user: UserRow
  readonly courseid: number
  readonly roleid: number
  readonly status: 0 | 1
  readonly timestart: number
  readonly timeend: number
}

/** As `enrol_user`: same values again tell nothing; the role is assigned after the enrolment. */
export function enrolUser(site: Site, enrolment: Enrolment, origin: 'web' | 'ws'): EnrolmentRow {
  const { user, courseid, roleid, status, timestart, timeend } = enrolment
  const pair = `${user.id}_${courseid}`
  const time = site.time()
  const [was] = site.enrolments.by('pair', pair)
  const values = { roleid, status, timestart, timeend }
  let row: EnrolmentRow
  if (was === undefined) {
    row = site.enrolments.insert({
      pair,
      userid: user.id,
      courseid,
      ...values,
      timecreated: time,
      timemodified: time,
    })
    tellEnrolment(site, 'enrollment_created', row, origin)
  } else if (was.status === status && was.timestart === timestart && was.timeend === timeend) {
    row = was.roleid === roleid ? was : site.enrolments.update(was.id, { roleid })
  } else {
    row = site.enrolments.update(was.id, { ...values, timemodified: time })
    tellEnrolment(site, 'enrollment_updated', row, origin)
  }
  const role = roleNames[roleid]
  if (role !== undefined && user.role === '') giveRole(site, user, role, origin)
  return row
}

/** Enrolments are told of students only. */
function tellEnrolment(site: Site, type: string, row: EnrolmentRow, origin: 'web' | 'ws'): void {
  if (roleNames[row.roleid] !== 'student') return
  site.raise({ type, origin, data: enrolmentPayload(row, site.courses.get(row.courseid)) })
}

/** The same grade again keeps its id. */
function gradeUser(site: Site, fields: Values & { readonly userid: number | string }): Values {
  const userid = String(fields.userid)
  const assignment = fields['assignment'] as Values | undefined
  const pair = assignment === undefined ? `${userid}_i${fields['itemid']}` : `${userid}_${assignment['id']}`
  const [was] = site.grades.by('pair', pair)
  const courseid = String(fields['courseid'] ?? was?.courseid ?? '')
  const row = was ?? site.grades.insert({ pair, userid, courseid, payload: {} })
  const payload = {
    itemtype: 'mod',
    itemmodule: 'assign',
    gradetype: 1,
    grademin: 0,
    grademax: 100,
    ...row.payload,
    ...fields,
    grade_id: String(row.id),
    userid,
    ...(courseid === '' ? {} : { courseid }),
    timemodified: site.time(),
  }
  const stored = site.grades.update(row.id, { courseid, payload })
  // What a test says of a grade is told as it says it; the rest as the plugin would.
  const whole = gradePayload(site, stored)
  const { assignment: _, learning_outcomes: __, ...said } = payload as Values
  site.raise({ type: 'grade_updated', origin: 'web', data: { ...whole, ...said } })
  return payload
}

/** Unenrolling takes away the row, the memberships in the course's groups, and the grades of the course. */
export function unenrolUser(site: Site, userid: number, courseid: number, origin: 'web' | 'ws'): void {
  const [was] = site.enrolments.by('pair', `${userid}_${courseid}`)
  if (was === undefined) return
  site.enrolments.remove(was.id)
  for (const group of site.groups.by('courseid', courseid))
    for (const member of site.groupMembers.by('pair', `${group.id}_${userid}`))
      site.groupMembers.remove(member.id)
  for (const grade of site.grades.by('userid', String(userid))) {
    if (grade.courseid !== String(courseid)) continue
    site.grades.remove(grade.id)
    site.raise({ type: 'grade_deleted', origin, data: deletedGrade(site, grade, site.time()) })
  }
  site.raise({ type: 'enrollment_deleted', origin, data: deletedEnrolment(was, site.time()) })
}

function giveRole(site: Site, user: UserRow, role: string, origin: 'web' | 'ws'): UserRow {
  const changed = site.users.update(user.id, { role })
  site.raise({ type: 'user_updated', origin, data: userPayload(changed) })
  return changed
}

/**
 * Moodle ends the enrolments and memberships, keeps the row, empties what names the person, and tells the event with
 * what it was.
 */
export function deleteUser(site: Site, user: UserRow, origin: 'web' | 'ws'): void {
  for (const { courseid } of site.enrolments.by('userid', user.id))
    unenrolUser(site, user.id, courseid, origin)
  for (const table of [site.cohortMembers, site.groupMembers])
    for (const { id } of table.by('userid', user.id)) table.remove(id)
  const time = site.time()
  const email = createHash('md5').update(user.username).digest('hex')
  site.users.update(user.id, {
    deleted: 1,
    username: `${user.email.toLowerCase()}.${time}`,
    email,
    emailkey: email,
    idnumber: '',
    timemodified: time,
  })
  site.raise({ type: 'user_deleted', origin, data: deletedUser(user, time) })
}
