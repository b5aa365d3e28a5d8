import type { Payload } from '../../core/plugin.ts'
import type { College } from './college.ts'
import type { Row } from './population.ts'

/**
 * Every record as it stands in Zoho beside what Moodle has of it, field by field; told is what differs. Asks both
 * sandboxes alone: what Zoho's rows mean in Moodle is said here a second time, by hand.
 */
export function differences(
  { zoho, moodle: { site } }: College,
  rows: readonly Row[],
  grades: readonly Payload[],
): string[] {
  const found: string[] = []
  const of = (module: string) => rows.filter(each => each.module === module)
  const row = (module: string, id: unknown) => zoho.record(module, String(id)) as Payload
  const referred = (from: Payload, field: string, module: string) =>
    row(module, (from[field] as Payload)['id'])
  const same = (what: string, is: unknown, wanted: unknown) => {
    if (is !== wanted) found.push(`${what} is ${String(is)}, not ${String(wanted)}`)
  }
  const oneOf = <T>(what: string, all: readonly T[]): T | undefined => {
    same(`the number of ${what}`, all.length, 1)
    return all[0]
  }

  for (const [module, link, number] of [
    ['BTEC_Students', 'Student_Moodle_ID', 'Student_ID'],
    ['BTEC_Teachers', 'Teacher_Moodle_ID', 'Teacher_ID'],
  ] as const) {
    for (const { id } of of(module)) {
      const person = row(module, id)
      const what = `${module} ${String(person[number])}`
      const user = oneOf(what, site.users.by('idnumber', person[number]))
      const [first, ...others] = String(person['Full_Name']).split(' ')
      same(`${what}: id`, String(user?.id), person[link])
      same(`${what}: email`, user?.email, person['Academic_Email'])
      same(`${what}: username`, user?.username, String(person['Academic_Email']).split('@')[0])
      same(`${what}: firstname`, user?.firstname, first)
      same(`${what}: lastname`, user?.lastname, others.join(' '))
      same(`${what}: suspended`, user?.suspended, person['Status'] === 'Suspended' ? 1 : 0)
      same(`${what}: status`, person['Sync_Status'], 'Synced')
    }
  }
  for (const { id } of of('BTEC_Programs')) {
    const program = row('BTEC_Programs', id)
    const code = program['Program_Code']
    const category = oneOf(`category ${String(code)}`, site.categories.by('idnumber', code))
    const cohort = oneOf(`cohort ${String(code)}`, site.cohorts.by('idnumber', code))
    same(`category ${String(code)}: name`, category?.name, program['Program_Name'])
    same(`category ${String(code)}: id`, String(category?.id), program['Moodle_Category_ID'])
    same(`cohort ${String(code)}: name`, cohort?.name, program['Program_Name'])
    same(`cohort ${String(code)}: id`, String(cohort?.id), program['Moodle_Cohort_ID'])
  }
  for (const { id } of of('BTEC_Classes')) {
    const klass = row('BTEC_Classes', id)
    const what = `course ${String(klass['Class_Code'])}`
    const course = oneOf(what, site.courses.by('shortname', klass['Class_Code']))
    const program = referred(klass, 'Program', 'BTEC_Programs')
    same(`${what}: id`, String(course?.id), klass['Moodle_Class_ID'])
    same(`${what}: fullname`, course?.fullname, klass['Class_Name'])
    same(`${what}: idnumber`, course?.idnumber, id)
    same(`${what}: category`, String(course?.categoryid), program['Moodle_Category_ID'])
    same(`${what}: status`, klass['Sync_Status'], 'Synced')
  }
  for (const { id } of of('BTEC_Enrollments')) {
    const enrolment = row('BTEC_Enrollments', id)
    const student = referred(enrolment, 'Student', 'BTEC_Students')
    const klass = referred(enrolment, 'Class', 'BTEC_Classes')
    const pair = `${String(student['Student_Moodle_ID'])}_${String(klass['Moodle_Class_ID'])}`
    const held = oneOf(`enrolment ${pair}`, site.enrolments.by('pair', pair))
    same(`enrolment ${pair}: status`, held?.status, enrolment['Status'] === 'Withdrawn' ? 1 : 0)
    same(`enrolment ${pair}: start`, held?.timestart, Date.UTC(2026, 8, 6) / 1000)
    same(`enrolment ${pair}: mark`, enrolment['Sync_Status'], 'Synced')
  }
  for (const { id } of of('BTEC_Registrations')) {
    const registration = row('BTEC_Registrations', id)
    const student = referred(registration, 'Student', 'BTEC_Students')
    const program = referred(registration, 'Program', 'BTEC_Programs')
    const pair = `${String(program['Moodle_Cohort_ID'])}_${String(student['Student_Moodle_ID'])}`
    oneOf(`member ${pair}`, site.cohortMembers.by('pair', pair))
    same(`registration ${id}: mark`, registration['Sync_Status'], 'Synced')
  }
  // Nothing beside: no second user, course, enrolment or member, whatever it is called.
  same('members in all', site.cohortMembers.size, of('BTEC_Registrations').length)
  same('enrolments in all', site.enrolments.size, of('BTEC_Enrollments').length)
  for (const module of new Set(rows.map(each => each.module))) {
    const told = of(module).length + (module === 'BTEC_Grades' ? grades.length : 0)
    same(`${module} in all`, zoho.records(module).length, told)
  }
  return found
}

/** What ends at the store, as it stands there beside its row in Zoho; read from the database, not through the engine. */
export async function storeDifferences({ zoho, engine }: College, rows: readonly Row[]): Promise<string[]> {
  const found: string[] = []
  const id = (value: unknown) => (value as Payload | null)?.['id'] ?? null
  const kept = {
    BTEC_Payments: {
      module: 'payment',
      fields: (row: Payload) => ({
        studentZohoId: id(row['Student']),
        registrationZohoId: id(row['Registration']),
        amount: row['Amount'],
        receipt: row['Name'],
      }),
    },
    BTEC_Grades: {
      module: 'grade',
      fields: (row: Payload) => ({
        studentZohoId: id(row['Student']),
        unitZohoId: id(row['Unit']),
        registrationZohoId: id(row['Registration']),
        grade: row['Grade'],
        score: row['Score'],
      }),
    },
    BTEC_Registrations: {
      module: 'registration',
      fields: (row: Payload) => ({
        studentZohoId: id(row['Student']),
        programZohoId: id(row['Program']),
        status: row['Status'],
      }),
    },
  } as const
  for (const [resource, { module, fields }] of Object.entries(kept)) {
    // Moodle's grades go on to Zoho, and are compared there.
    const stored = await engine.store.db.collection('records').find({ module, 'fields.key': null }).toArray()
    const byId = new Map(stored.map(record => [record['fields']['zohoId'], record['fields'] as Payload]))
    const told = rows.filter(each => each.module === resource)
    if (stored.length !== told.length) found.push(`${stored.length} of ${told.length} ${module}s`)
    for (const row of told)
      for (const [field, wanted] of Object.entries(fields(zoho.record(resource, row.id) as Payload))) {
        const is = byId.get(row.id)?.[field]
        if (is !== wanted) found.push(`${module} ${row.id}: ${field} is ${String(is)}, not ${String(wanted)}`)
      }
  }
  return found
}

/** What Moodle's grades are in Zoho, said by hand: nothing of the engine's scale or mapping is asked. */
export function gradeDifferences(
  { zoho }: College,
  rows: readonly Row[],
  grades: readonly Payload[],
): string[] {
  const found: string[] = []
  const linked = (module: string, field: string) =>
    new Map(rows.filter(row => row.module === module).map(({ id }) => [zoho.record(module, id)?.[field], id]))
  const students = linked('BTEC_Students', 'Student_Moodle_ID')
  const classes = linked('BTEC_Classes', 'Moodle_Class_ID')
  const byKey = new Map<unknown, Payload[]>()
  for (const row of zoho.records('BTEC_Grades')) {
    const key = row['Moodle_Grade_Composite_Key']
    byKey.set(key, [...(byKey.get(key) ?? []), row])
  }
  for (const grade of grades) {
    const assignment = grade['assignment'] as Payload
    const key = `${String(grade['userid'])}_${String(assignment['id'])}`
    const [row, ...others] = byKey.get(key) ?? []
    if (row === undefined || others.length > 0) {
      found.push(`${others.length + (row === undefined ? 0 : 1)} rows of grade ${key}`)
      continue
    }
    const { name, id } = grade['grader'] as Payload
    const by = (role: string, value: unknown) => (grade['grader_role'] === role ? value : null)
    const wanted = {
      ...gradeAndScore(grade),
      Moodle_Grade_ID: grade['grade_id'],
      Student: students.get(grade['userid']),
      Class: classes.get(grade['courseid']) ?? null,
      Assignment_Name: assignment['name'],
      Feedback: String(grade['feedback']).replace(/<[^>]*>/g, ''),
      Grade_Date: '2026-09-21',
      Grader_Name: by('teacher', name),
      Grader_Moodle_ID: by('teacher', id),
      IV_Name: by('iv', name),
      IV_Moodle_ID: by('iv', id),
      Sync_Status: 'Synced',
    }
    for (const [field, value] of Object.entries(wanted)) {
      const held = row[field] ?? null
      const is = field === 'Student' || field === 'Class' ? ((held as Payload | null)?.['id'] ?? null) : held
      if (is !== value) found.push(`grade ${key}: ${field} is ${String(is)}, not ${String(value)}`)
    }
    const is = ((row['Learning_Outcomes_Assessm'] ?? []) as Payload[]).map(outcome =>
      ['LO_Code', 'LO_Outcome_Identification', 'LO_Title', 'LO_Definition', 'LO_Score', 'LO_Feedback'].map(
        field => outcome[field],
      ),
    )
    const outcomes = (grade['learning_outcomes'] as Payload[]).map(
      ({ code, description, score, feedback }) => [code, code, description, description, score, feedback],
    )
    if (JSON.stringify(is) !== JSON.stringify(outcomes))
      found.push(`grade ${key}: outcomes are ${JSON.stringify(is)}, not ${JSON.stringify(outcomes)}`)
  }
  return found
}

function gradeAndScore(grade: Payload): { Grade: string; Score: number } {
  const given = Number(grade['finalgrade'])
  if (grade['gradetype'] === 2) {
    const bands = [
      { Grade: 'Refer', Score: 19.5 },
      { Grade: 'Pass', Score: 49.5 },
      { Grade: 'Merit', Score: 64.5 },
      { Grade: 'Distinction', Score: 85 },
    ]
    return bands[given - 1] ?? { Grade: '', Score: Number.NaN }
  }
  const Score = given * 5
  const earned = Score >= 70 ? 'Distinction' : Score >= 60 ? 'Merit' : Score >= 40 ? 'Pass' : 'Refer'
  const offered = (grade['learning_outcomes'] as Payload[]).map(({ code }) => String(code).charAt(0))
  const above: Record<string, string> = offered.includes('D')
    ? {}
    : offered.includes('M')
      ? { Distinction: 'Merit' }
      : offered.includes('P')
        ? { Distinction: 'Pass', Merit: 'Pass' }
        : {}
  return { Grade: above[earned] ?? earned, Score }
}
