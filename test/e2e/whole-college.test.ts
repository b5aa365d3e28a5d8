import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege } from './college.ts'

/** `COLLEGE=full npx mocha test/e2e/whole-college.test.ts` takes a college of 600 students; in `npm test` it is smaller. */
const FULL = process.env['COLLEGE'] === 'full'
const SIZE = FULL
  ? { programs: 3, units: 12, classes: 20, teachers: 40, students: 600, enrolmentsEach: 6, gradesEach: 12 }
  : { programs: 2, units: 6, classes: 8, teachers: 5, students: 60, enrolmentsEach: 4, gradesEach: 3 }
const LONGEST_MS = FULL ? 900_000 : 120_000

/** Always the same order for the same seed, so that a failure can be run again. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed
  const random = () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32
    return state / 2 ** 32
  }
  const order = [...all]
  for (let place = order.length - 1; place > 0; place--) {
    const other = Math.floor(random() * (place + 1))
    ;[order[place], order[other]] = [order[other] as T, order[place] as T]
  }
  return order
}

interface Row {
  readonly module: string
  readonly id: string
}

function populate({ zoho }: College): Row[] {
  const rows: Row[] = []
  const add = (module: string, fields: Payload): string => {
    const id = zoho.person.create(module, fields)
    rows.push({ module, id })
    return id
  }
  const at = <T>(list: readonly T[], place: number): T => list[place % list.length] as T
  const many = <T>(count: number, make: (place: number) => T): T[] =>
    Array.from({ length: count }, (_, place) => make(place))

  const programs = many(SIZE.programs, n =>
    add('BTEC_Programs', { Name: `Programme ${n}`, Program_Name: `Programme ${n}`, Program_Code: `P-${n}` }),
  )
  const teachers = many(SIZE.teachers, n =>
    add('BTEC_Teachers', {
      Full_Name: `معلم ${n}`,
      Academic_Email: `teacher.${n}@college.test`,
      Teacher_ID: `T-${n}`,
      Status: 'Active',
    }),
  )
  const units = many(SIZE.units, n =>
    add('BTEC_Units', {
      Name: `Unit ${n}`,
      Unit_Name: `Unit ${n}`,
      Unit_Code: `U-${n}`,
      Program: { id: at(programs, n) },
    }),
  )
  const classes = many(SIZE.classes, n =>
    add('BTEC_Classes', {
      Name: `Class ${n}`,
      Class_Name: `Class ${n}`,
      Class_Code: `C-${n}`,
      Unit: { id: at(units, n) },
      Program: { id: at(programs, n) },
      Teacher: { id: at(teachers, n) },
      Status: 'Active',
    }),
  )
  const students = many(SIZE.students, n =>
    add('BTEC_Students', {
      Student_ID: `S-${String(n).padStart(5, '0')}`,
      Full_Name: n % 2 === 0 ? `طالب رقم ${n}` : `Student Number ${n}`,
      Academic_Email: `student.${n}@college.test`,
      Status: n % 20 === 0 ? 'Suspended' : 'Active',
    }),
  )
  students.forEach((student, n) => {
    const registration = add('BTEC_Registrations', {
      Name: `R-${n}`,
      Student: { id: student },
      Program: { id: at(programs, n) },
      Status: 'Active',
    })
    add('BTEC_Payments', {
      Name: `PAY-${n}`,
      Student: { id: student },
      Registration: { id: registration },
      Amount: 100 + n,
    })
    for (let k = 0; k < SIZE.enrolmentsEach; k++) {
      add('BTEC_Enrollments', {
        Student: { id: student },
        Class: { id: at(classes, n + k) },
        Status: (n + k) % 7 === 0 ? 'Withdrawn' : 'Active',
        Start_Date: '2026-09-06',
      })
    }
    for (let k = 0; k < SIZE.gradesEach; k++) {
      add('BTEC_Grades', {
        Student: { id: student },
        Unit: { id: at(units, n + k) },
        Registration: { id: registration },
        Grade: 'Merit',
        Score: 65,
      })
    }
  })
  return rows
}

/**
 * Every record as it stands in Zoho beside what Moodle has of it, field by field; told is what differs. Asks both
 * sandboxes alone: what Zoho's rows mean in Moodle is said here a second time, by hand.
 */
function differences({ zoho, moodle: { site } }: College, rows: readonly Row[]): string[] {
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
    same(`${module} in all`, zoho.records(module).length, of(module).length)
  }
  return found
}

/** What ends at the store, as it stands there beside its row in Zoho; read from the database, not through the engine. */
async function storeDifferences({ zoho, engine }: College, rows: readonly Row[]): Promise<string[]> {
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
    const stored = await engine.store.db.collection('records').find({ module }).toArray()
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

describe('a whole college, in any order', () => {
  let college: College
  let rows: Row[]

  before(async () => {
    college = await openCollege({ announce: false, zoho: { concurrency: 100 } })
    rows = populate(college)
  })

  after(() => college.close())

  async function deliver(order: readonly Row[], run: string): Promise<void> {
    const queue = [...order]
    const sender = async () => {
      for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
        const record = college.zoho.record(row.module, row.id) as Payload
        const { status } = await college.webhook(row.module, {
          notification_id: `${run}-${row.id}`,
          timestamp: record['Modified_Time'] as string,
          module: row.module,
          operation: 'insert',
          record_id: row.id,
          data: record,
        })
        expect(status).to.be.oneOf([200, 202])
      }
    }
    await Promise.all(Array.from({ length: 20 }, sender))
    await college.quiet(LONGEST_MS)
  }

  const states = async () => {
    const { db } = college.engine.store
    const found = await db
      .collection('records')
      .aggregate([{ $group: { _id: '$state', count: { $sum: 1 } } }])
      .toArray()
    return Object.fromEntries(found.map(({ _id, count }) => [_id, count]))
  }

  it('arrives whole on both sides, with 10 % of it sent twice', async () => {
    const order = shuffled([...rows, ...rows.filter((_, place) => place % 10 === 0)], 7)
    await deliver(order, 'first')
    const stuck = await college.engine.store.db
      .collection('records')
      .find({ state: { $nin: ['ok'] } })
      .limit(5)
      .toArray()
    expect(
      stuck.map(({ module, state, missing, lastError, identities }) => ({
        module,
        state,
        missing,
        lastError,
        identities,
      })),
    ).to.deep.equal([])
    expect(await states()).to.deep.equal({ ok: rows.length })

    const found = [...differences(college, rows), ...(await storeDifferences(college, rows))]
    expect(found.slice(0, 10), `${found.length} differences`).to.deep.equal([])
  }).timeout(LONGEST_MS)

  it('is left alone when all of it is sent again', async () => {
    const writes = () =>
      college.moodle.log.filter(call => /create|update|enrol|add_/.test(call.function)).length
    const before = writes()
    const asked = college.zoho.log.length
    await deliver(shuffled(rows, 11), 'again')
    expect(writes() - before).to.equal(0)
    expect(college.zoho.log.length - asked).to.equal(0)
    expect(await states()).to.deep.equal({ ok: rows.length })
  }).timeout(LONGEST_MS)
})
