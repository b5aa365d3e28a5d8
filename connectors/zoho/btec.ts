/**
 * The nine modules of a BTEC college in Zoho CRM, written down once: the resources of the connector, what
 * `doctor` asks for, and the layout of the sandbox all come from here. A college may have any further fields.
 */

export type ZohoType =
  | 'text'
  | 'textarea'
  | 'email'
  | 'phone'
  | 'website'
  | 'picklist'
  | 'multiselectpicklist'
  | 'integer'
  | 'bigint'
  | 'double'
  | 'date'
  | 'datetime'
  | 'boolean'
  | 'lookup'
  | 'subform'
  | 'autonumber'

export interface ZohoField {
  readonly type: ZohoType
  /** Longest text in characters; the usual one of its type where absent. */
  readonly length?: number
  readonly values?: readonly string[]
  /** Zoho itself refuses a second record with the same value. */
  readonly unique?: boolean
  readonly mandatory?: boolean
  /** The module that a lookup points to, or that holds a subform's rows. */
  readonly of?: string
  /** `STU-{0001}`: prefix and width of an autonumber. */
  readonly pattern?: string
  /** It holds an id or a key: never cut. */
  readonly identifies?: boolean
  /** The connection does not work without it; `doctor` says so when it is missing. */
  readonly needed?: boolean
}

export interface ZohoModule {
  readonly summary: string
  readonly aliases: readonly string[]
  readonly fields: Readonly<Record<string, ZohoField>>
}

const text = (length = 255): ZohoField => ({ type: 'text', length })
const area: ZohoField = { type: 'textarea', length: 2000 }
const email: ZohoField = { type: 'email', length: 100 }
const phone: ZohoField = { type: 'phone', length: 30 }
const date: ZohoField = { type: 'date' }
const pick = (...values: string[]): ZohoField => ({ type: 'picklist', values })
const lookup = (of: string): ZohoField => ({ type: 'lookup', of })
const number = (pattern: string): ZohoField => ({ type: 'autonumber', pattern })
const name: ZohoField = { type: 'text', length: 120, mandatory: true }
/** The id of its Moodle counterpart. Text, since ids with leading zeros occur in institution data. */
const moodleId: ZohoField = { type: 'text', length: 60, identifies: true, needed: true }
/** Where Wasl creates records, Zoho must refuse doubles: a creation whose answer is lost is told by it. */
const link: ZohoField = { ...moodleId, unique: true }
const optionalId: ZohoField = { type: 'text', length: 60, identifies: true }
const sync: Record<string, ZohoField> = {
  Last_Sync_with_Moodle: { type: 'datetime', needed: true },
  Sync_Status: { ...pick('Pending', 'Synced', 'Failed'), needed: true },
  Sync_Error_Message: { ...text(255), needed: true },
}
/** Units are told nothing back unless they are courses of their own. */
const optionalSync = Object.fromEntries(
  Object.entries(sync).map(([name, field]) => [name, { ...field, needed: false }]),
)
const person: Record<string, ZohoField> = {
  Full_Name: text(),
  First_Name: text(80),
  Last_Name: text(80),
  Academic_Email: { ...email, unique: true, needed: true },
  Email: email,
  Username: { ...text(100), identifies: true },
  Phone: phone,
  Phone_Number: phone,
  Mobile: phone,
  City: text(120),
  Country: text(120),
}

export const btec: Readonly<Record<string, ZohoModule>> = {
  BTEC_Students: {
    summary: 'Students.',
    aliases: ['student', 'students'],
    fields: {
      Name: number('STU-{0001}'),
      Student_ID: { ...text(60), identifies: true },
      ...person,
      Status: pick('Active', 'Inactive', 'Suspended', 'Graduated'),
      Student_Moodle_ID: link,
      Program: lookup('BTEC_Programs'),
      Birth_Date: date,
      Gender: pick('Female', 'Male'),
      Nationality: text(120),
      National_ID: { ...text(60), identifies: true },
      Address: area,
      Notes: area,
      ...sync,
    },
  },
  BTEC_Teachers: {
    summary: 'Teachers and internal verifiers.',
    aliases: ['teacher', 'teachers'],
    fields: {
      Name: number('TCH-{0001}'),
      Teacher_ID: { ...text(60), identifies: true },
      ...person,
      Status: pick('Active', 'Inactive', 'Suspended'),
      Teacher_Moodle_ID: link,
      Department: text(),
      Notes: area,
      ...sync,
    },
  },
  BTEC_Programs: {
    summary: 'Programmes of study.',
    aliases: ['program', 'programs', 'programme', 'programmes'],
    fields: {
      Name: name,
      Program_Code: { ...text(60), identifies: true },
      Program_Name: text(),
      Level: text(60),
      Description: area,
      Status: pick('Active', 'Inactive'),
      Program_Moodle_ID: moodleId,
      Moodle_Category_ID: moodleId,
      Moodle_Cohort_ID: moodleId,
      ...sync,
    },
  },
  BTEC_Units: {
    summary: 'Taught units of a programme.',
    aliases: ['unit', 'units'],
    fields: {
      Name: name,
      Unit_Code: { ...text(60), identifies: true },
      Unit_Name: text(),
      Program: lookup('BTEC_Programs'),
      Credits: { type: 'integer' },
      Guided_Learning_Hours: { type: 'integer' },
      Level: text(60),
      Description: area,
      Status: pick('Active', 'Inactive'),
      Unit_Moodle_ID: optionalId,
      Moodle_Course_ID: optionalId,
      ...optionalSync,
    },
  },
  BTEC_Classes: {
    summary: 'Classes: each is one run of a unit, a Moodle course.',
    aliases: ['class', 'classes'],
    fields: {
      Name: name,
      Class_Name: text(),
      Class_Code: { ...text(60), identifies: true },
      Unit: lookup('BTEC_Units'),
      Program: lookup('BTEC_Programs'),
      Teacher: lookup('BTEC_Teachers'),
      Start_Date: date,
      End_Date: date,
      Status: pick('Planned', 'Active', 'Completed', 'Cancelled'),
      Capacity: { type: 'integer' },
      Description: area,
      // Not unique: where classes are groups, several share their unit's course.
      Moodle_Class_ID: moodleId,
      Moodle_Course_ID: moodleId,
      Moodle_Group_ID: optionalId,
      ...sync,
    },
  },
  BTEC_Registrations: {
    summary: 'Students registered on a programme.',
    aliases: ['registration', 'registrations'],
    fields: {
      Name: number('REG-{0001}'),
      Student: lookup('BTEC_Students'),
      Program: lookup('BTEC_Programs'),
      Registration_Date: date,
      Registration_Number: { ...text(60), identifies: true },
      Start_Date: date,
      End_Date: date,
      Status: pick('Active', 'Withdrawn', 'Completed', 'Suspended'),
      Registration_Moodle_ID: moodleId,
      Moodle_Cohort_ID: optionalId,
      Notes: area,
      ...sync,
    },
  },
  BTEC_Enrollments: {
    summary: 'Students in a class.',
    aliases: ['enrollment', 'enrollments', 'enrolment', 'enrolments'],
    fields: {
      Name: number('ENR-{0001}'),
      Student: lookup('BTEC_Students'),
      Class: lookup('BTEC_Classes'),
      Unit: lookup('BTEC_Units'),
      Program: lookup('BTEC_Programs'),
      Enrollment_Date: date,
      Start_Date: date,
      End_Date: date,
      Status: pick('Active', 'Completed', 'Withdrawn', 'Suspended'),
      // Not unique: a second enrolment after a withdrawn one is the same pair in Moodle.
      Enrollment_Moodle_ID: moodleId,
      Moodle_Course_ID: optionalId,
      Notes: area,
      ...sync,
    },
  },
  BTEC_Payments: {
    summary: 'Payments against a registration.',
    aliases: ['payment', 'payments'],
    fields: {
      Name: number('PAY-{0001}'),
      Student: lookup('BTEC_Students'),
      Registration: lookup('BTEC_Registrations'),
      Amount: { type: 'double' },
      Currency: text(10),
      Payment_Date: date,
      Due_Date: date,
      Payment_Method: pick('Cash', 'Card', 'Bank transfer', 'Cheque'),
      Payment_Status: pick('Paid', 'Pending', 'Overdue', 'Refunded'),
      Status: pick('Paid', 'Pending', 'Overdue', 'Refunded'),
      Receipt_Number: { ...text(60), identifies: true },
      Notes: area,
    },
  },
  BTEC_Grades: {
    summary: "Students' grades, for a unit or for an assignment.",
    aliases: ['grade', 'grades'],
    fields: {
      Name: number('GRD-{0001}'),
      Student: lookup('BTEC_Students'),
      Class: lookup('BTEC_Classes'),
      Unit: lookup('BTEC_Units'),
      Registration: lookup('BTEC_Registrations'),
      Assignment_Name: text(),
      Grade: pick('Distinction', 'Merit', 'Pass', 'Refer'),
      Score: { type: 'double' },
      Feedback: area,
      Grade_Date: date,
      Grader_Name: text(),
      Grader_Moodle_ID: optionalId,
      IV_Name: text(),
      IV_Moodle_ID: optionalId,
      Moodle_Grade_ID: optionalId,
      Moodle_Grade_Composite_Key: { ...link, length: 120 },
      Learning_Outcomes_Assessm: { type: 'subform', of: 'Learning_Outcomes_Assessm' },
      Status: pick('Draft', 'Released', 'Verified'),
      ...sync,
    },
  },
}

/** The rows of subforms; Zoho keeps them in modules of their own. */
export const subforms: Readonly<Record<string, ZohoModule>> = {
  Learning_Outcomes_Assessm: {
    summary: "A grade's learning outcomes.",
    aliases: [],
    fields: {
      LO_Code: text(),
      LO_Title: text(),
      LO_Outcome_Identification: text(),
      LO_Definition: area,
      LO_Score: { type: 'double' },
      LO_Feedback: area,
    },
  },
}
