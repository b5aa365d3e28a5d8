import type { Json, Payload, RemoteField, ResourceDefinition, Version } from '../../core/plugin.ts'
import { idIn, normalise, pairOf } from './payload.ts'

const readOnly: RemoteField = { readOnly: true }
const id: RemoteField = { kind: 'id', readOnly: true }
const text = (max: number): RemoteField => ({ max })
const key = (max: number): RemoteField => ({ max, kind: 'key' })
const number: RemoteField = { kind: 'number' }
const boolean: RemoteField = { kind: 'boolean' }
const lookup: RemoteField = { kind: 'id' }

/**
 * `timemodified` of what an event or a read brings; where a read brings none (users, cohorts, pairs), `readat`, the
 * moment of which the read is surely true. Seconds.
 */
const versionOf = (payload: Payload): Version => {
  const time = seconds(payload['timemodified']) ?? seconds(payload['readat'])
  return time === undefined ? [] : [time]
}

export const seconds = (value: Json | undefined): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined
}

const own = (resource: string) => (payload: Payload) => idIn(normalise(resource, payload)['id'])

/** Lengths: Moodle's lib/db/install.xml (4.5 and 5.0). */
export const resources: Readonly<Record<string, ResourceDefinition>> = {
  user: {
    summary: 'An account. Matched by id, idnumber, username or email; its password is never written.',
    perCall: 50,
    uniqueBy: ['username', 'email'],
    empty: '',
    aliases: ['users'],
    noFlowReason: ({ role }) => (role === 'student' || role === 'teacher' ? undefined : 'no_role_yet'),
    idOf: own('user'),
    versionOf,
    changes: 'all',
    fields: {
      id,
      username: { max: 100, kind: 'username' },
      email: { max: 100, kind: 'email' },
      firstname: text(100),
      lastname: text(100),
      idnumber: key(255),
      auth: key(20),
      suspended: boolean,
      phone1: { max: 20, kind: 'phone' },
      phone2: { max: 20, kind: 'phone' },
      city: text(120),
      country: { max: 2, kind: 'picklist' },
      address: text(255),
      institution: text(255),
      department: text(255),
      description: {},
      timezone: key(100),
      lang: key(30),
      calendartype: key(30),
      theme: key(50),
      mailformat: number,
      maildisplay: number,
      middlename: text(255),
      alternatename: text(255),
      firstnamephonetic: text(255),
      lastnamephonetic: text(255),
      interests: {},
      customfields: { kind: 'rows' },
      preferences: { kind: 'rows' },
      userid: id,
      fullname: readOnly,
      role: readOnly,
      roles: readOnly,
      deleted: readOnly,
      confirmed: readOnly,
      timecreated: readOnly,
      timemodified: readOnly,
      readat: readOnly,
    },
  },

  course: {
    summary:
      'A course. Matched by id, shortname or idnumber, both of which Moodle keeps unique. `section...` tells one of its sections, 0 where no number is said.',
    perCall: 50,
    uniqueBy: ['shortname', 'idnumber'],
    empty: '',
    aliases: ['courses'],
    idOf: own('course'),
    versionOf,
    changes: 'since',
    fields: {
      id,
      fullname: text(254),
      shortname: key(255),
      idnumber: key(100),
      categoryid: lookup,
      summary: {},
      summaryformat: number,
      format: key(21),
      startdate: number,
      enddate: number,
      visible: boolean,
      lang: key(30),
      showgrades: boolean,
      newsitems: number,
      numsections: number,
      maxbytes: number,
      showreports: boolean,
      groupmode: number,
      groupmodeforce: boolean,
      defaultgroupingid: lookup,
      enablecompletion: boolean,
      completionnotify: boolean,
      courseformatoptions: { kind: 'rows' },
      sectionnumber: number,
      sectionname: text(255),
      sectionsummary: {},
      sectionvisible: boolean,
      customfields: { kind: 'rows' },
      courseid: id,
      displayname: readOnly,
      categoryname: readOnly,
      timecreated: readOnly,
      timemodified: readOnly,
    },
  },

  category: {
    summary: 'A course category. Matched by id or idnumber.',
    perCall: 50,
    uniqueBy: ['idnumber'],
    empty: '',
    aliases: ['categories'],
    idOf: own('category'),
    versionOf,
    fields: {
      id,
      name: text(255),
      parent: number,
      idnumber: key(100),
      description: {},
      descriptionformat: number,
      theme: key(50),
      visible: readOnly,
      timemodified: readOnly,
      readat: readOnly,
    },
  },

  cohort: {
    summary: 'A cohort of the whole site. Matched by id or idnumber.',
    perCall: 50,
    uniqueBy: ['idnumber'],
    empty: '',
    aliases: ['cohorts'],
    idOf: own('cohort'),
    versionOf,
    fields: {
      id,
      name: text(254),
      idnumber: key(100),
      description: {},
      descriptionformat: number,
      visible: boolean,
      theme: key(50),
      timemodified: readOnly,
      readat: readOnly,
    },
  },

  cohort_member: {
    summary: 'One user in one cohort: `{cohortid}_{userid}`. `removed: true` takes the user out of it.',
    perCall: 50,
    uniqueBy: ['id'],
    empty: '',
    aliases: ['cohort_members', 'cohort-members'],
    idOf: payload => {
      const { cohortid, userid } = normalise('cohort_member', payload)
      return pairOf(cohortid, userid)
    },
    versionOf,
    fields: {
      id,
      cohortid: lookup,
      userid: lookup,
      removed: boolean,
      timemodified: readOnly,
      readat: readOnly,
    },
  },

  group: {
    summary: 'A group of a course. Matched by id, or by `key`: `{courseid}_{idnumber}`.',
    perCall: 50,
    uniqueBy: ['key'],
    empty: '',
    aliases: ['groups'],
    idOf: own('group'),
    versionOf,
    fields: {
      id,
      key: key(150),
      courseid: lookup,
      name: text(254),
      idnumber: key(100),
      description: {},
      descriptionformat: number,
      enrolmentkey: key(50),
      visibility: number,
      participation: boolean,
      timemodified: readOnly,
      readat: readOnly,
    },
  },

  group_member: {
    summary: 'One user in one group: `{groupid}_{userid}`. `removed: true` takes the user out of it.',
    perCall: 50,
    uniqueBy: ['id'],
    empty: '',
    aliases: ['group_members', 'group-members'],
    idOf: payload => {
      const { groupid, userid } = normalise('group_member', payload)
      return pairOf(groupid, userid)
    },
    versionOf,
    fields: {
      id,
      groupid: lookup,
      userid: lookup,
      removed: boolean,
      timemodified: readOnly,
      readat: readOnly,
    },
  },

  enrollment: {
    summary:
      'One user in one course: `{userid}_{courseid}`. Ended by `suspended: true`, never by unenrolling, which deletes grades.',
    perCall: 50,
    uniqueBy: ['id'],
    empty: '',
    aliases: ['enrollments', 'enrolment', 'enrolments', 'user_enrolment'],
    idOf: payload => {
      const { userid, courseid } = normalise('enrollment', payload)
      return pairOf(userid, courseid)
    },
    versionOf,
    changes: 'all',
    fields: {
      id,
      userid: lookup,
      courseid: lookup,
      roleid: lookup,
      role: key(100),
      status: number,
      suspended: boolean,
      timestart: number,
      timeend: number,
      enrollment_id: id,
      enrol_method: readOnly,
      course_name: readOnly,
      timecreated: readOnly,
      timemodified: readOnly,
      readat: readOnly,
    },
  },

  grade: {
    summary:
      "A grade as Moodle's plugin tells it: `{userid}_{assignment}` or `{userid}_i{grade item}`. Only read.",
    perCall: 50,
    uniqueBy: [],
    empty: '',
    aliases: ['grades'],
    idOf: gradeKey,
    versionOf,
    changes: 'since',
  },
}

/**
 * A grade of an assignment is told by several of Moodle's events with the ids of different tables; student and
 * assignment are what they have in common.
 */
export function gradeKey(payload: Payload): string | undefined {
  const grade = normalise('grade', payload)
  const { assignment, student, iteminstance, itemmodule, itemid } = grade
  const user = idIn(memberOf(student, 'id')) ?? idIn(grade['userid'])
  const assign =
    idIn(memberOf(assignment, 'id')) ??
    idIn(grade['assignmentid'] ?? grade['assignment_id'] ?? grade['assign_id']) ??
    (itemmodule === 'assign' ? idIn(iteminstance) : undefined)
  const item = idIn(itemid)
  if (user === undefined || (assign === undefined && item === undefined)) return idIn(grade['key'])
  return assign === undefined ? `${user}_i${item}` : `${user}_${assign}`
}

const memberOf = (value: Json | undefined, name: string): Json | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value[name] : undefined
