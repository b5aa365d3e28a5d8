import type { CourseRow, EnrolmentRow, GradeRow, Site, UserRow } from './site.ts'

/** Moodle's short names of what a person is told as. */
const shortNames: Readonly<Record<string, readonly string[]>> = {
  student: ['student'],
  teacher: ['editingteacher'],
}

/** As the plugin extracts them: ids as text, times in seconds. */
export const userPayload = (user: UserRow): Readonly<Record<string, unknown>> => ({
  id: String(user.id),
  username: user.username,
  email: user.email,
  firstname: user.firstname,
  lastname: user.lastname,
  idnumber: user.idnumber,
  auth: user.auth,
  phone1: user['phone1'] ?? '',
  phone2: user['phone2'] ?? '',
  city: user['city'] ?? '',
  country: user['country'] ?? '',
  deleted: user.deleted,
  suspended: user.suspended,
  role: user.role,
  roles: shortNames[user.role] ?? [],
  timecreated: user.timecreated,
  timemodified: user.timemodified,
})

export const coursePayload = (course: CourseRow): Readonly<Record<string, unknown>> => ({
  id: String(course.id),
  fullname: course.fullname,
  shortname: course.shortname,
  idnumber: course.idnumber,
  categoryid: String(course.categoryid),
  visible: course['visible'] ?? 1,
  startdate: course['startdate'] ?? 0,
  enddate: course['enddate'] ?? 0,
  timecreated: course.timecreated,
  timemodified: course.timemodified,
})

export const enrolmentPayload = (
  enrolment: EnrolmentRow,
  course: CourseRow | undefined,
): Readonly<Record<string, unknown>> => ({
  enrollment_id: String(enrolment.id),
  userid: String(enrolment.userid),
  courseid: String(enrolment.courseid),
  role: 'student',
  status: enrolment.status,
  timestart: enrolment.timestart,
  timeend: enrolment.timeend,
  enrol_method: 'manual',
  course_name: course?.fullname ?? '',
  timecreated: enrolment.timecreated,
  timemodified: enrolment.timemodified,
})

/** What is kept of a user whose row is anonymised already. */
export const deletedUser = (user: UserRow, time: number): Readonly<Record<string, unknown>> => ({
  id: String(user.id),
  username: user.username,
  email: user.email,
  idnumber: user.idnumber,
  deleted: 1,
  timemodified: time,
})

export const deletedCourse = (course: CourseRow, time: number): Readonly<Record<string, unknown>> => ({
  id: String(course.id),
  shortname: course.shortname,
  fullname: course.fullname,
  idnumber: course.idnumber,
  deleted: 1,
  timemodified: time,
})

export const deletedEnrolment = (
  enrolment: EnrolmentRow,
  time: number,
): Readonly<Record<string, unknown>> => ({
  enrollment_id: String(enrolment.id),
  userid: String(enrolment.userid),
  courseid: String(enrolment.courseid),
  status: 1,
  timestart: enrolment.timestart,
  timeend: enrolment.timeend,
  enrol_method: 'manual',
  deleted: 1,
  timemodified: time,
})

const keptOfGrade =
  'userid courseid itemid itemname itemtype itemmodule assignmentid gradetype grademin grademax'
    .split(' ')
    .concat('gradepass', 'grade_id')

export function deletedGrade(site: Site, grade: GradeRow, time: number): Readonly<Record<string, unknown>> {
  const was = gradePayload(site, grade)
  return {
    ...Object.fromEntries(keptOfGrade.map(name => [name, was[name]])),
    assignment: was['assignmentid'] === null ? null : { id: was['assignmentid'] },
    student: { id: grade.userid },
    deleted: 1,
    timemodified: time,
  }
}

export type GradePayload = Readonly<Record<string, unknown>>

/** In the order in which the plugin tells it; what nobody has told the sandbox is as in an empty form. */
export function gradePayload(site: Site, { id, userid, courseid, pair, payload }: GradeRow): GradePayload {
  const of = pair.slice(pair.indexOf('_') + 1)
  const isAssignment = !of.startsWith('i')
  const assignment = (payload['assignment'] ?? {}) as GradePayload
  const user = site.users.get(Number(userid))
  const text = (from: GradePayload, name: string) => String(from[name] ?? '')
  const labels = payload['scale'] as readonly unknown[] | undefined
  const grader = payload['grader'] as GradePayload | null | undefined
  return {
    userid,
    courseid,
    itemid: text(payload, 'itemid') || String(id),
    itemname: text(payload, 'itemname') || text(assignment, 'name'),
    itemtype: text(payload, 'itemtype'),
    itemmodule: isAssignment ? 'assign' : null,
    assignmentid: isAssignment ? of : null,
    gradetype: Number(payload['gradetype']),
    grademin: Number(payload['grademin']),
    grademax: Number(payload['grademax']),
    gradepass: Number(payload['gradepass'] ?? 0),
    grade_id: String(id),
    finalgrade: Number(payload['finalgrade']),
    course_name: text(payload, 'course_name') || (site.courses.get(Number(courseid))?.fullname ?? ''),
    overridden: Number(payload['overridden'] ?? 0),
    hidden: Number(payload['hidden'] ?? 0),
    student: {
      id: userid,
      username: user?.username ?? '',
      name: user === undefined ? '' : `${user.firstname} ${user.lastname}`,
      idnumber: user?.idnumber ?? '',
    },
    assignment: isAssignment
      ? {
          id: of,
          cmid: text(assignment, 'cmid'),
          name: text(assignment, 'name'),
          idnumber: text(assignment, 'idnumber'),
        }
      : null,
    attemptnumber: payload['attemptnumber'] ?? (isAssignment ? 0 : null),
    feedback: text(payload, 'feedback'),
    learning_outcomes: ((payload['learning_outcomes'] ?? []) as readonly GradePayload[]).map(outcome => ({
      code: text(outcome, 'code') || text(outcome, 'shortname'),
      description: text(outcome, 'description'),
      score: outcome['score'] ?? null,
      feedback: text(outcome, 'feedback') || text(outcome, 'remark'),
      achieved: Number(outcome['score'] ?? 0) > 0,
    })),
    timemodified: Number(payload['timemodified']),
    ...(labels === undefined
      ? {}
      : { scale: labels.map(String), scale_label: payload['scale_label'] ?? null }),
    grader: grader
      ? { id: text(grader, 'id'), username: text(grader, 'username'), name: text(grader, 'name') }
      : null,
    grader_role: payload['grader_role'] ?? null,
  }
}
