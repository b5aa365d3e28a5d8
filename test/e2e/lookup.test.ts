import { expect } from 'chai'
import { type College, openCollege, until } from './college.ts'

describe('what a record waits for', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  it('is sought in Zoho, once for all who wait, and never asked for twice', async () => {
    const { person } = college.zoho
    const program = person.create('BTEC_Programs', {
      Name: 'Business',
      Program_Name: 'Business',
      Program_Code: 'BUS',
    })
    const students = Array.from({ length: 5 }, (_, n) =>
      person.create('BTEC_Students', {
        Student_ID: `STU-L${n}`,
        Full_Name: `Lost Student ${n}`,
        Academic_Email: `lost.${n}@college.test`,
      }),
    )
    const registrations = students.map((student, n) => ({
      id: person.create('BTEC_Registrations', {
        Name: `R-${n}`,
        Student: { id: student },
        Program: { id: program },
      }),
      Student: { id: student },
      Program: { id: program },
      Status: 'Active',
    }))
    // Zoho has told of none of the students, nor of the programme.
    await college.call('POST', '/api/v1/sync/registrations', { data: registrations })
    await college.quiet()
    for (const { id } of registrations) {
      await until('Synced', () => college.zoho.record('BTEC_Registrations', id)?.['Sync_Status'] === 'Synced')
    }
    const read = college.zoho.log.filter(
      call => call.method === 'GET' && call.path.includes('/BTEC_Students'),
    ).length
    expect(read).to.be.at.most(2)

    const asked = college.zoho.log.length
    const unknown = {
      id: '99000000000000001',
      Student: { id: '99000000000000002' },
      Program: { id: program },
    }
    const { body } = await college.call('POST', '/api/v1/sync/registrations', { data: [unknown] })
    expect(body['summary']).to.include({ waiting: 1 })
    await college.quiet()
    const first = college.zoho.log.slice(asked).filter(call => call.path.includes('99000000000000002')).length
    await college.call('POST', '/api/v1/sync/registrations', { data: [{ ...unknown, Status: 'Withdrawn' }] })
    await college.quiet()
    const second = college.zoho.log
      .slice(asked)
      .filter(call => call.path.includes('99000000000000002')).length
    expect(second).to.equal(first)
  }).timeout(30_000)

  it('is sought by what Moodle knows of a student: a grade finds its Zoho record', async () => {
    const user = college.moodle.person.createUser(
      { username: 'grade.one', email: 'grade.one@college.test', firstname: 'Grade', lastname: 'One' },
      'none',
    )
    const student = college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-G1',
      Full_Name: 'Grade One',
      Academic_Email: 'grade.one@college.test',
      Student_Moodle_ID: String(user.id),
    })
    college.moodle.person.grade({
      userid: String(user.id),
      assignment: { id: '9001', name: 'Assignment A' },
      finalgrade: 65,
      grademin: 0,
      grademax: 100,
      grader: { id: '7', name: 'Omar Khalil' },
      grader_role: 'teacher',
    })
    const grade = await until('the grade in Zoho', () => college.zoho.records('BTEC_Grades')[0])
    expect(grade).to.include({ Grade: 'Merit' })
    expect((grade['Student'] as { id: string }).id).to.equal(student)
    await college.quiet()
    expect(college.zoho.records('BTEC_Grades')).to.have.length(1)
  }).timeout(30_000)

  it('is sought for many at once: fifty students in one question, and few writes', async () => {
    const { zoho, moodle } = college
    const users = Array.from({ length: 60 }, (_, n) => {
      const email = `many.${n}@college.test`
      const user = moodle.person.createUser({ username: `many.${n}`, email }, 'none')
      zoho.person.create('BTEC_Students', {
        Student_ID: `MANY-${n}`,
        Full_Name: `Many ${n}`,
        Academic_Email: email,
        Student_Moodle_ID: String(user.id),
      })
      return String(user.id)
    })
    await college.quiet()
    const calls = zoho.log.length
    const grades = users.map((userid, n) => ({
      grade_id: String(900_000 + n),
      userid,
      itemtype: 'mod',
      assignment: { id: '72', name: 'Report' },
      gradetype: 1,
      finalgrade: 65,
      grademin: 0,
      grademax: 100,
      timemodified: 1_790_000_000,
    }))
    const { body } = await college.call('POST', '/api/v1/moodle/grades', { grades })
    expect(body['summary']).to.include({ total: 60, waiting: 60 })
    const rows = () => zoho.records('BTEC_Grades').filter(row => row['Assignment_Name'] === 'Report').length
    await until('the grades', () => rows() === 60)
    await college.quiet()
    expect(rows()).to.equal(60)
    const made = zoho.log.slice(calls)
    const asked = made.filter(
      ({ path, body }) => path.endsWith('/coql') && JSON.stringify(body).includes('from BTEC_Students '),
    )
    expect(asked).to.have.length(2)
    // As many as the batches in which they were woken, not one each.
    expect(made.length, 'calls in all').to.be.at.most(20)
  }).timeout(20_000)
})
