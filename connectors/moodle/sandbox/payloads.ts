import type { CourseRow, EnrolmentRow, UserRow } from './site.ts'

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
  status: enrolment.status,
  timestart: enrolment.timestart,
  timeend: enrolment.timeend,
  enrol_method: 'manual',
  course_name: course?.fullname ?? '',
  timecreated: enrolment.timecreated,
  timemodified: enrolment.timemodified,
})
