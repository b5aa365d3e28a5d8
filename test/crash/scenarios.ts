/** What happens to a college, in small: each scenario leaves the same behind, whatever fails on the way. */
import type { Payload } from '../../core/plugin.ts'
import type { World } from './world.ts'

export interface Scenario {
  readonly name: string
  /** `tag` is in everything that it makes, and in nothing else. */
  run(world: World, tag: string): Promise<void>
}

type Row = Payload & { readonly id: string }

const SECOND = 1000
const AT = Date.UTC(2026, 8, 1)

function studentIn({ zoho }: World, tag: string, more: Payload = {}): Row {
  const fields = {
    Student_ID: `STU-${tag}`,
    Full_Name: 'Rana Aziz',
    First_Name: 'Rana',
    Last_Name: 'Aziz',
    Academic_Email: `${tag}@college.test`,
    City: 'Amman',
    Status: 'Active',
    ...more,
  }
  return { id: zoho.person.create('BTEC_Students', fields), ...fields }
}

/** @param nth orders the versions of one record, and names the notification */
function told(api: string, row: Row, tag: string, nth: number, operation = 'update'): Payload {
  const at = new Date(AT + nth * SECOND).toISOString()
  const data: Payload = operation === 'delete' ? {} : { Modified_Time: at, ...row }
  return {
    notification_id: `${tag}-${api}-${nth}`,
    timestamp: at,
    module: api,
    operation,
    record_id: row.id,
    data,
  }
}

const tellStudent = (world: World, row: Row, tag: string, nth: number, operation?: string) =>
  world.post('student', told('BTEC_Students', row, tag, nth, operation))

/** The row is gone too: a completeness sweep that found it would rightly bring the record back. */
async function deleteStudent(world: World, row: Row, tag: string): Promise<void> {
  world.zoho.person.remove('BTEC_Students', row.id)
  await tellStudent(world, row, tag, 2, 'delete')
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'new',
    async run(world, tag) {
      await tellStudent(world, studentIn(world, tag), tag, 1)
    },
  },
  {
    name: 'update',
    async run(world, tag) {
      const row = studentIn(world, tag)
      await tellStudent(world, row, tag, 1)
      await world.quiet()
      await tellStudent(world, { ...row, City: 'Irbid', Last_Name: 'Nasser' }, tag, 2)
    },
  },
  {
    name: 'repeat',
    async run(world, tag) {
      const row = studentIn(world, tag)
      await Promise.all([1, 1, 1].map(nth => tellStudent(world, row, tag, nth)))
      await world.quiet()
      await tellStudent(world, row, tag, 1)
    },
  },
  {
    name: 'older version',
    async run(world, tag) {
      const row = studentIn(world, tag)
      await tellStudent(world, { ...row, City: 'Zarqa' }, tag, 5)
      await tellStudent(world, { ...row, City: 'Aqaba' }, tag, 3)
      await tellStudent(world, { ...row, City: 'Salt' }, tag, 4)
    },
  },
  {
    name: 'waiting and arrival',
    async run(world, tag) {
      const student = studentIn(world, tag)
      const program = { Name: `P ${tag}`, Program_Name: `P ${tag}`, Program_Code: `P-${tag}` }
      const programId = world.zoho.person.create('BTEC_Programs', program)
      const registration = {
        Registration_Number: `R-${tag}`,
        Student: { id: student.id },
        Program: { id: programId },
        Status: 'Active',
      }
      const id = world.zoho.person.create('BTEC_Registrations', registration)
      await world.post('registration', told('BTEC_Registrations', { id, ...registration }, tag, 1))
      await tellStudent(world, student, tag, 1)
      await world.post('program', told('BTEC_Programs', { id: programId, ...program }, tag, 1))
    },
  },
  {
    name: 'merge',
    async run(world, tag) {
      const row = studentIn(world, tag, { Username: tag })
      world.moodle.person.createUser(
        {
          username: tag,
          email: `${tag}@college.test`,
          firstname: 'Rana',
          lastname: 'Aziz',
          idnumber: `STU-${tag}`,
          city: 'Amman',
        },
        'student',
      )
      await tellStudent(world, row, tag, 1)
    },
  },
  {
    name: 'delete',
    async run(world, tag) {
      const row = studentIn(world, tag)
      await tellStudent(world, row, tag, 1)
      await world.quiet()
      await deleteStudent(world, row, tag)
    },
  },
  {
    name: 'refusal and correction',
    async run(world, tag) {
      world.moodle.person.createUser(
        { username: `${tag}.taken`, email: `${tag}@else.test`, firstname: 'Some', lastname: 'Body' },
        'none',
      )
      const row = studentIn(world, tag, { Username: `${tag}.taken` })
      await tellStudent(world, row, tag, 1)
      await world.quiet()
      await tellStudent(world, { ...row, Username: `${tag}.free` }, tag, 2)
    },
  },
  {
    name: 'gate',
    async run(world, tag) {
      world.moodle.faults.add({ kind: 'busy', times: 2, retryAfter: 1 })
      await tellStudent(world, studentIn(world, tag), tag, 1)
      await world.quiet()
      world.moodle.faults.clear()
    },
  },
  {
    name: 'write-back',
    async run(world, tag) {
      world.zoho.faults.set({ halfResponse: true, times: 1, method: 'PUT', path: '/crm/' })
      await tellStudent(world, studentIn(world, tag), tag, 1)
      await world.quiet()
      world.zoho.faults.clear()
    },
  },
  {
    name: 'retry',
    async run(world, tag) {
      world.moodle.faults.add({ kind: 'database', function: 'core_user_create_users' })
      await tellStudent(world, studentIn(world, tag), tag, 1)
      await world.quiet()
      world.moodle.faults.clear()
    },
  },
  {
    name: 'lost creation',
    async run(world, tag) {
      world.moodle.faults.add({ kind: 'drop', function: 'core_user_create_users' })
      await tellStudent(world, studentIn(world, tag), tag, 1)
      await world.quiet()
      world.moodle.faults.clear()
    },
  },
  {
    name: 'lost creation in Zoho',
    async run(world, tag) {
      world.zoho.faults.set({ drop: true, times: 1, method: 'POST', path: '/BTEC_Students' })
      world.moodle.person.createUser(
        {
          username: tag,
          email: `${tag}@college.test`,
          firstname: 'Rana',
          lastname: 'Aziz',
          idnumber: `STU-${tag}`,
          city: 'Amman',
        },
        'student',
      )
      await world.quiet()
      world.zoho.faults.clear()
    },
  },
  {
    name: 'lost delete',
    async run(world, tag) {
      const row = studentIn(world, tag)
      await tellStudent(world, row, tag, 1)
      await world.quiet()
      world.moodle.faults.add({ kind: 'drop', function: 'core_user_update_users' })
      await deleteStudent(world, row, tag)
      await world.quiet()
      world.moodle.faults.clear()
    },
  },
  {
    name: 'touch',
    async run(world, tag) {
      await world.touch(studentIn(world, tag).id)
    },
  },
  {
    name: 'arrival of what is not sent',
    async run(world, tag) {
      const student = studentIn(world, tag)
      const unit = { Name: `U ${tag}`, Unit_Name: `U ${tag}`, Unit_Code: `U-${tag}` }
      const unitId = world.zoho.person.create('BTEC_Units', unit)
      const grade = { Name: `G ${tag}`, Student: { id: student.id }, Unit: { id: unitId }, Grade: 'Merit' }
      const id = world.zoho.person.create('BTEC_Grades', grade)
      await world.post('grade', told('BTEC_Grades', { id, ...grade }, tag, 1))
      await world.post('unit', told('BTEC_Units', { id: unitId, ...unit }, tag, 1))
      await tellStudent(world, student, tag, 1)
    },
  },
]
