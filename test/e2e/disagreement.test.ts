import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

describe('a row in Zoho that is found by its key, but is another', () => {
  let college: College
  let userid: string
  let student: string
  let classes: readonly { id: string; courseid: string }[]

  before(async function () {
    this.timeout(30_000)
    college = await openCollege()
    const { person } = college.zoho
    student = person.create('BTEC_Students', {
      Student_ID: 'STU-1',
      Full_Name: 'Ali Omar',
      Academic_Email: 'ali@college.test',
    })
    const program = person.create('BTEC_Programs', {
      Name: 'Business',
      Program_Name: 'Business',
      Program_Code: 'BUS',
    })
    const ids = ['A', 'B'].map(name =>
      person.create('BTEC_Classes', {
        Name: `Class ${name}`,
        Class_Name: `Class ${name}`,
        Class_Code: `CLS-${name}`,
        Program: { id: program },
        Status: 'Active',
      }),
    )
    await college.quiet()
    userid = String(college.zoho.record('BTEC_Students', student)?.['Student_Moodle_ID'])
    classes = ids.map(id => ({
      id,
      courseid: String(college.zoho.record('BTEC_Classes', id)?.['Moodle_Class_ID']),
    }))
  })

  after(() => college.close())

  /** A row that was there before Wasl: `{user}_{grade item}` looks like `{user}_{assignment}`. */
  const old = (key: string, fields: Payload) => {
    const notified = college.zoho.person.create('BTEC_Grades', {
      Student: { id: student },
      Moodle_Grade_Composite_Key: `${userid}_${key}`,
      Grade: 'Pass',
      Score: 50,
      ...fields,
    })
    return notified
  }

  const grade = async (assignment: string, more: Payload = {}) => {
    college.moodle.person.grade({
      userid,
      courseid: classes[0]?.courseid as string,
      assignment: { id: assignment, name: 'Assignment 1' },
      itemid: `5${assignment}`,
      finalgrade: 75,
      ...more,
    })
    await college.quiet()
  }

  const story = async (module: string, id: string) => {
    const { body } = await college.call('GET', `/api/v1/records/${module}/${id}`)
    return body as unknown as { readonly record: Payload; readonly why: Payload }
  }

  const rows = (key: string) =>
    college.zoho
      .records('BTEC_Grades')
      .filter(each => each['Moodle_Grade_Composite_Key'] === `${userid}_${key}`)

  const classOf = (module: string, id: string) =>
    (college.zoho.record(module, id)?.['Class'] as Payload | undefined)?.['id']

  /** Rows that nobody tells Wasl of. */
  const unheard = async (act: () => string): Promise<string> => {
    const { url } = college.engine
    college.zoho.notify(null)
    const id = act()
    const endpoint = college.engine.credentials.endpoints['zoho']
    college.zoho.notify({
      url: `${url}/api/v1/events/zoho/{module}`,
      secret: endpoint?.secret as string,
      retries: 5,
    })
    return id
  }

  it('by its class is a conflict for a person, and is not overwritten', async () => {
    const id = await unheard(() => old('101', { Class: { id: classes[1]?.id as string } }))
    await grade('101')
    expect(college.zoho.record('BTEC_Grades', id)).to.include({ Grade: 'Pass', Score: 50 })
    expect(rows('101')).to.have.length(1)
    const { record, why } = await story('grade', `${userid}_101`)
    expect(record['state']).to.equal('conflict')
    expect(why).to.include({ because: 'conflict', code: 'MATCH_DISAGREES', field: 'Class' })
    expect(why['sentence']).to.contain('has "Class B" as its Class')

    // The registrar sees that it was the wrong class there.
    college.zoho.person.update('BTEC_Grades', id, { Class: { id: classes[0]?.id as string } })
    await college.quiet()
    await until('the row', () => college.zoho.record('BTEC_Grades', id)?.['Grade'] === 'Distinction')
    expect(college.zoho.record('BTEC_Grades', id)).to.include({ Grade: 'Distinction', Score: 75 })
    expect((await story('grade', `${userid}_101`)).record['state']).to.equal('ok')
    expect(rows('101')).to.have.length(1)
  })

  it('by its assignment is one too', async () => {
    const id = await unheard(() => old('102', { Assignment_Name: 'Quiz of last year' }))
    await grade('102')
    expect(college.zoho.record('BTEC_Grades', id)).to.include({ Grade: 'Pass' })
    const { why } = await story('grade', `${userid}_102`)
    expect(why).to.include({ code: 'MATCH_DISAGREES', field: 'Assignment_Name' })

    // The old row gives its key away; somebody tries again.
    await unheard(() => {
      college.zoho.person.update('BTEC_Grades', id, { Moodle_Grade_Composite_Key: null })
      return id
    })
    const { record } = await story('grade', `${userid}_102`)
    const retry = await college.call('POST', `/api/v1/dead-letters/${String(record['id'])}/retry`, {
      reason: 'the key was taken out of the old row',
    })
    expect(retry.status).to.be.oneOf([200, 202])
    await college.quiet()
    expect(rows('102')).to.have.length(1)
    expect(rows('102')[0]).to.include({ Grade: 'Distinction', Assignment_Name: 'Assignment 1' })
    expect(college.zoho.record('BTEC_Grades', id)).to.include({ Grade: 'Pass' })
  })

  it('is one as well where Zoho itself had told of the row before', async () => {
    const id = old('103', { Class: { id: classes[1]?.id as string } })
    await college.quiet()
    await grade('103')
    expect(college.zoho.record('BTEC_Grades', id)).to.include({ Grade: 'Pass' })
    expect((await story('grade', `${userid}_103`)).why).to.include({ code: 'MATCH_DISAGREES' })
  })

  it('is one as well where the search does not show it yet and the creation does', async () => {
    college.zoho.faults.set({ searchLagMs: 60_000 })
    const id = await unheard(() => old('104', { Class: { id: classes[1]?.id as string } }))
    await grade('104')
    expect(college.zoho.record('BTEC_Grades', id)).to.include({ Grade: 'Pass' })
    expect((await story('grade', `${userid}_104`)).why).to.include({ code: 'MATCH_DISAGREES' })
    college.zoho.faults.set({})
  })

  it('is taken over where it agrees, or says nothing of it', async () => {
    const id = await unheard(() => old('105', { Assignment_Name: 'Assignment 1' }))
    await grade('105')
    expect(college.zoho.record('BTEC_Grades', id)).to.deep.include({ Grade: 'Distinction', Score: 75 })
    expect(classOf('BTEC_Grades', id)).to.equal(classes[0]?.id)
  })

  it('may be an enrolment of another class', async () => {
    const [first, second] = classes as [{ id: string; courseid: string }, { id: string; courseid: string }]
    const key = `${userid}_${first.courseid}`
    const id = await unheard(() =>
      college.zoho.person.create('BTEC_Enrollments', {
        Student: { id: student },
        Class: { id: second.id },
        Enrollment_Moodle_ID: key,
        Status: 'Completed',
      }),
    )
    college.moodle.person.enrol(Number(userid), Number(first.courseid))
    await college.quiet()
    expect(college.zoho.record('BTEC_Enrollments', id)).to.deep.include({ Status: 'Completed' })
    expect(classOf('BTEC_Enrollments', id)).to.equal(second.id)
    const { record, why } = await story('enrollment', key)
    expect(record['state']).to.equal('conflict')
    expect(why).to.include({ code: 'MATCH_DISAGREES', field: 'Class' })
  })
})
