import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege } from './college.ts'

describe('a student and a class, more than once', () => {
  let college: College
  let student: string
  let klass: string

  before(async () => {
    college = await openCollege()
    const { person } = college.zoho
    const program = person.create('BTEC_Programs', {
      Name: 'Computing',
      Program_Name: 'Computing',
      Program_Code: 'COMP',
    })
    const unit = person.create('BTEC_Units', {
      Name: 'Networks',
      Unit_Name: 'Networks',
      Unit_Code: 'NET',
      Program: { id: program },
    })
    const teacher = person.create('BTEC_Teachers', {
      Full_Name: 'Lina Haddad',
      Academic_Email: 'lina@college.test',
      Status: 'Active',
    })
    klass = person.create('BTEC_Classes', {
      Name: 'Networks A',
      Class_Name: 'Networks A',
      Class_Code: 'NET-A',
      Unit: { id: unit },
      Program: { id: program },
      Teacher: { id: teacher },
    })
    student = person.create('BTEC_Students', {
      Student_ID: 'STU-1',
      Full_Name: 'Ali Omar',
      Academic_Email: 'ali@college.test',
    })
    await college.quiet()
  })

  after(() => college.close())

  const enrol = (status: string) =>
    college.zoho.person.create('BTEC_Enrollments', {
      Student: { id: student },
      Class: { id: klass },
      Status: status,
      Start_Date: '2026-09-06',
    })

  const enrolments = () => [...college.moodle.site.enrolments.all()].map(({ status }) => status)

  const stuck = async () =>
    (
      await college.engine.store.db
        .collection('records')
        .find({ module: 'enrollment', state: { $nin: ['ok', 'merged', 'deleted'] } })
        .toArray()
    ).map(({ state, lastError, missing }) => ({ state, lastError, missing }))

  it('is enrolled, withdrawn and enrolled again by a new record: active in Moodle', async () => {
    const first = enrol('Active')
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    college.zoho.person.update('BTEC_Enrollments', first, { Status: 'Withdrawn' })
    await college.quiet()
    expect(enrolments()).to.deep.equal([1])
    const second = enrol('Active')
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    expect(await stuck()).to.deep.equal([])

    // The withdrawn record is touched again: it no longer speaks for the pair.
    college.zoho.person.update('BTEC_Enrollments', first, { Start_Date: '2026-09-01' })
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    expect(await stuck()).to.deep.equal([])

    college.zoho.person.update('BTEC_Enrollments', second, { Status: 'Withdrawn' })
    await college.quiet()
    expect(enrolments()).to.deep.equal([1])
    expect(await stuck()).to.deep.equal([])
  }).timeout(30_000)

  it('has one enrolment for two active records, and it stays when one of them ends', async () => {
    const [first, second] = [enrol('Active'), enrol('Active')]
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    college.zoho.person.update('BTEC_Enrollments', second, { Status: 'Withdrawn' })
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    college.zoho.person.remove('BTEC_Enrollments', first)
    await college.quiet()
    expect(enrolments()).to.deep.equal([1])
    expect((await stuck()).filter(each => each.state !== 'deleted')).to.deep.equal([])
  }).timeout(30_000)

  it('ends when the student is deleted in Zoho', async () => {
    enrol('Active')
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    college.zoho.person.remove('BTEC_Students', student)
    await college.quiet()
    expect(enrolments()).to.deep.equal([1])
    const user = [...college.moodle.site.users.all()].find(each => each.email === 'ali@college.test') as
      | Payload
      | undefined
    expect(user?.['suspended']).to.equal(1)
  }).timeout(30_000)
})
