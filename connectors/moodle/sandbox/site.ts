import { randomBytes } from 'node:crypto'
import { openTables, type Row, type Table, type Tables } from './tables.ts'

export interface UserRow extends Row {
  username: string
  email: string
  /** In small letters: Moodle refuses an email that differs in case only. */
  emailkey: string
  idnumber: string
  firstname: string
  lastname: string
  auth: string
  suspended: 0 | 1
  deleted: 0 | 1
  timecreated: number
  timemodified: number
  /** What the plugin found out from role assignments: `student`, `teacher`, or nothing yet. */
  role: string
  [column: string]: unknown
}

export interface CourseRow extends Row {
  fullname: string
  shortname: string
  idnumber: string
  categoryid: number
  timecreated: number
  timemodified: number
}

/** A section that somebody has named, described or hidden; 0 is the general one. */
export interface SectionRow extends Row {
  courseid: number
  number: number
  name: string
  summary: string
  visible: number
}

export interface CategoryRow extends Row {
  name: string
  idnumber: string
  parent: number
  description: string
  timemodified: number
}

export interface EnrolmentRow extends Row {
  /** `{userid}_{courseid}` */
  pair: string
  userid: number
  courseid: number
  roleid: number
  status: 0 | 1
  timestart: number
  timeend: number
  timecreated: number
  timemodified: number
}

export interface CohortRow extends Row {
  name: string
  idnumber: string
  description: string
  visible: 0 | 1
}

export interface GroupRow extends Row {
  courseid: number
  name: string
  idnumber: string
  description: string
  timemodified: number
}

/** A user in a cohort or a group. */
export interface MemberRow extends Row {
  /** `{cohort or group}_{userid}` */
  pair: string
  of: number
  userid: number
}

export interface GradeRow extends Row {
  /** `{userid}_{assignment}`, or `{userid}_i{grade item}` */
  pair: string
  userid: string
  courseid: string
  payload: Readonly<Record<string, unknown>>
}

/** One envelope of the plugin that waits for its delivery. */
export interface OutboxRow extends Row {
  event: string
  type: string
  body: string
}

export type Origin = 'web' | 'ws' | 'cli'

/** Something that happened to a row, told while the transaction is open: a roll-back takes back what it led to. */
export interface SiteEvent {
  readonly type: string
  readonly origin: Origin
  readonly data: Readonly<Record<string, unknown>>
}

export interface Site {
  readonly users: Table<UserRow>
  readonly courses: Table<CourseRow>
  readonly sections: Table<SectionRow>
  readonly categories: Table<CategoryRow>
  readonly enrolments: Table<EnrolmentRow>
  readonly cohorts: Table<CohortRow>
  readonly cohortMembers: Table<MemberRow>
  readonly groups: Table<GroupRow>
  readonly groupMembers: Table<MemberRow>
  readonly grades: Table<GradeRow>
  readonly outbox: Table<OutboxRow>
  /** As debugging = DEVELOPER: answers carry `debuginfo`. */
  debug: boolean
  /** As debugging displayed: their messages carry it too. */
  debugDisplay: boolean
  /** Ids and names are compared as MariaDB compares them; PostgreSQL, the default, takes each letter as it is. */
  anyCase: boolean
  /** Whether the database takes them for the same. */
  same(one: string, other: string): boolean
  /** Rows that the database finds by this value. */
  having<R extends Row>(table: Table<R>, column: keyof R & string, value: string): readonly R[]
  readonly wwwroot: string
  readonly sitename: string
  readonly release: string
  readonly version: string
  /** Revision in the addresses of profile images. */
  readonly themerev: number
  /** The account behind the token. */
  readonly account: number
  /** A token of the site's administrator, who may all and sees more: for tests that ask past the connector. */
  readonly adminToken: string
  /** Whether who is asking now is the administrator. */
  readonly administrator: boolean
  /** Does some work as the administrator, or as the account. */
  as<T>(administrator: boolean, work: () => T): T
  /** Capabilities that the account has lost, by Moodle's names; it has all others. */
  readonly withheld: Set<string>
  /** Functions taken out of the service. */
  readonly unlisted: Set<string>
  /** Functions that this Moodle has not, as those of a plugin that is not installed. */
  readonly unknown: Set<string>
  readonly listeners: Set<(event: SiteEvent) => void>
  /** Seconds since 1970. */
  time(): number
  has(capability: string): boolean
  raise(event: SiteEvent): void
  transaction: Tables['transaction']
  close(): void
}

export interface SiteOptions {
  readonly folder?: string
  readonly wwwroot: string
  readonly now: () => number
  readonly debug: boolean
  readonly themerev: number
}

const letters = new Intl.Collator('und', { sensitivity: 'base' })

export const WS_ACCOUNT = 3

/** A Moodle just installed: guest, administrator, the service account, one category. */
export function openSite({ folder, wwwroot, now, debug, themerev }: SiteOptions): Site {
  const tables = openTables(folder)
  const withheld = new Set<string>()
  const listeners = new Set<(event: SiteEvent) => void>()
  let administrator = false
  const site: Site = {
    users: tables.table<UserRow>('user', ['username', 'email', 'emailkey', 'idnumber']),
    courses: tables.table<CourseRow>('course', ['shortname', 'idnumber']),
    sections: tables.table<SectionRow>('course_sections', ['courseid']),
    categories: tables.table<CategoryRow>('course_categories', ['idnumber']),
    enrolments: tables.table<EnrolmentRow>('user_enrolments', ['pair', 'courseid', 'userid']),
    cohorts: tables.table<CohortRow>('cohort', ['idnumber']),
    cohortMembers: tables.table<MemberRow>('cohort_members', ['pair', 'of', 'userid']),
    groups: tables.table<GroupRow>('groups', ['courseid', 'idnumber']),
    groupMembers: tables.table<MemberRow>('groups_members', ['pair', 'of', 'userid']),
    grades: tables.table<GradeRow>('grade_grades', ['pair', 'userid']),
    outbox: tables.table<OutboxRow>('local_moodle_zoho_sync_outbox', []),
    debug,
    debugDisplay: false,
    anyCase: false,
    same: (one, other) => one === other || (site.anyCase && letters.compare(one, other) === 0),
    having: (table, column, value) =>
      site.anyCase
        ? [...table.all()].filter(row => site.same(String(row[column] ?? ''), value))
        : table.by(column, value),
    wwwroot,
    sitename: 'Lab College (BTEC)',
    release: '5.0.6+ (Build: 20260403)',
    version: '2025041406.01',
    themerev,
    account: WS_ACCOUNT,
    adminToken: randomBytes(16).toString('hex'),
    get administrator() {
      return administrator
    },
    as(asked, work) {
      const before = administrator
      administrator = asked
      try {
        return work()
      } finally {
        administrator = before
      }
    },
    withheld,
    unlisted: new Set(),
    unknown: new Set(),
    listeners,
    time: () => Math.floor(now() / 1000),
    has: capability => administrator || !withheld.has(capability),
    raise(event) {
      for (const listener of listeners) listener(event)
    },
    transaction: tables.transaction,
    close: () => tables.close(),
  }
  if (site.users.size === 0) install(site)
  return site
}

function install(site: Site): void {
  const account = (username: string, firstname: string, lastname: string, maildisplay = '2') =>
    site.users.insert(
      newUser(site, { username, firstname, lastname, email: `${username}@moodle.invalid`, maildisplay }),
    )
  account('guest', 'Guest user', ' ')
  // The administrator of an installation shows his email to everybody.
  account('admin', 'Admin', 'User', '1')
  account('ws_integration', 'Integration', 'Service')
  account('ws_lowpriv', 'Low', 'Privilege')
  site.categories.insert({
    name: 'Category 1',
    idnumber: '',
    parent: 0,
    description: '',
    timemodified: site.time(),
  })
  site.courses.insert({
    fullname: site.sitename,
    shortname: 'labcollege',
    idnumber: '',
    categoryid: 0,
    timecreated: site.time(),
    timemodified: site.time(),
  })
}

/** A row of Moodle's user table with its defaults. */
export function newUser(
  site: Pick<Site, 'time'>,
  fields: Readonly<Record<string, unknown>> & { username: string; email: string },
): Omit<UserRow, 'id'> {
  const time = site.time()
  return {
    idnumber: '',
    firstname: '',
    lastname: '',
    auth: 'manual',
    suspended: 0,
    deleted: 0,
    lang: 'en',
    timezone: '99',
    mailformat: '1',
    role: '',
    ...fields,
    emailkey: fields.email.toLowerCase(),
    timecreated: time,
    timemodified: time,
  }
}
