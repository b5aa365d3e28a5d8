/** A college of any size: rows that Zoho has, and what Moodle has of some of them before Wasl hears of anything. */
import type { Payload } from '../../core/plugin.ts'
import type { College } from './college.ts'

export interface Size {
  readonly programs: number
  readonly units: number
  readonly classes: number
  readonly teachers: number
  readonly students: number
  readonly enrolmentsEach: number
  /** Of every second student Zoho has them, of the others Moodle's plugin tells. */
  readonly gradesEach: number
}

export interface Row {
  readonly module: string
  readonly id: string
}

/** @returns all rows of Zoho, and the payloads of grades that Moodle has given */
export function populate({ zoho, moodle }: College, size: Size): { rows: Row[]; grades: Payload[] } {
  const rows: Row[] = []
  const grades: Payload[] = []
  const add = (module: string, fields: Payload): string => {
    const id = zoho.person.create(module, fields)
    rows.push({ module, id })
    return id
  }
  const at = <T>(list: readonly T[], place: number): T => list[place % list.length] as T
  const many = <T>(count: number, make: (place: number) => T): T[] =>
    Array.from({ length: count }, (_, place) => make(place))

  const programs = many(size.programs, n =>
    add('BTEC_Programs', { Name: `Programme ${n}`, Program_Name: `Programme ${n}`, Program_Code: `P-${n}` }),
  )
  const teachers = many(size.teachers, n =>
    add('BTEC_Teachers', {
      Full_Name: `معلم ${n}`,
      Academic_Email: `teacher.${n}@college.test`,
      Teacher_ID: `T-${n}`,
      Status: 'Active',
    }),
  )
  const units = many(size.units, n =>
    add('BTEC_Units', {
      Name: `Unit ${n}`,
      Unit_Name: `Unit ${n}`,
      Unit_Code: `U-${n}`,
      Program: { id: at(programs, n) },
    }),
  )
  const courses = many(size.classes, n => {
    if (n % 2 === 0) return undefined
    const course = { fullname: `Class ${n}`, shortname: `C-${n}` }
    return String(moodle.person.createCourse(course).id)
  })
  const noClass = String(moodle.person.createCourse({ fullname: 'Library', shortname: 'LIB' }).id)
  const classes = many(size.classes, n =>
    add('BTEC_Classes', {
      ...(courses[n] === undefined ? {} : { Moodle_Class_ID: courses[n] }),
      Name: `Class ${n}`,
      Class_Name: `Class ${n}`,
      Class_Code: `C-${n}`,
      Unit: { id: at(units, n) },
      Program: { id: at(programs, n) },
      Teacher: { id: at(teachers, n) },
      Status: 'Active',
    }),
  )
  // Every second student has a Moodle account already, every second class a course.
  const users = many(size.students, n => {
    if (n % 2 === 0) return undefined
    const email = `student.${n}@college.test`
    return String(moodle.person.createUser({ email, firstname: 'Before', lastname: 'Wasl' }, 'none').id)
  })
  const students = many(size.students, n =>
    add('BTEC_Students', {
      ...(users[n] === undefined ? {} : { Student_Moodle_ID: users[n] }),
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
    for (let k = 0; k < size.enrolmentsEach; k++) {
      add('BTEC_Enrollments', {
        Student: { id: student },
        Class: { id: at(classes, n + k) },
        Status: (n + k) % 7 === 0 ? 'Withdrawn' : 'Active',
        Start_Date: '2026-09-06',
      })
    }
    const userid = users[n]
    for (let k = 0; k < size.gradesEach; k++) {
      if (userid !== undefined) grades.push(grade(userid, at(courses, n + k) ?? noClass, n, k))
      else
        add('BTEC_Grades', {
          Student: { id: student },
          Unit: { id: at(units, n + k) },
          Registration: { id: registration },
          Grade: 'Merit',
          Score: 65,
        })
    }
  })
  return { rows, grades }
}

const ROLES = ['teacher', 'iv', 'manager'] as const
const CRITERIA = [['P1', 'P2'], ['P1', 'M1'], ['P1', 'M1', 'D1'], []] as const

/** As the plugin tells it: of points or of Moodle's own BTEC scale, with the criteria that its form has. */
function grade(userid: string, courseid: string, n: number, k: number): Payload {
  const criteria = CRITERIA[(n + k) % CRITERIA.length] ?? []
  const scaled = criteria.length === 0 && k % 2 === 0
  return {
    grade_id: String(500_000 + 100 * n + k),
    userid,
    courseid,
    itemid: String(7000 + k),
    itemtype: 'mod',
    itemmodule: 'assign',
    itemname: `واجب ${k}`,
    assignment: { id: String(9000 + k), name: `واجب ${k}` },
    ...(scaled
      ? { gradetype: 2, scale: 'Refer, Pass, Merit, Distinction', finalgrade: 1 + ((n + k) % 4) }
      : { gradetype: 1, grademin: 0, grademax: 20, finalgrade: (n * 7 + k * 3) % 21 }),
    grader: { id: String(40 + k), name: `مصحح ${k}` },
    grader_role: ROLES[(n + k) % ROLES.length] ?? '',
    feedback: `<p>Feedback ${n}.${k}</p>`,
    learning_outcomes: criteria.map((code, place) => ({
      code,
      description: `${code} of ${k}`,
      score: (n + place) % 2,
      feedback: `${code}: ${n}`,
    })),
    timemodified: 1_790_000_000 + k,
  }
}
