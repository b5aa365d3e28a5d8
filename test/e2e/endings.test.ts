/** How each of the flows ends what it has made: by a deletion or a suspension that somebody told of, never by absence. */
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

describe('what ends', () => {
  let college: College
  const id: Record<string, string> = {}

  before(async function () {
    this.timeout(20_000)
    college = await openCollege()
    const make = (name: string, module: string, fields: Payload) => {
      id[name] = college.zoho.person.create(module, fields)
    }
    const at = (name: string) => ({ id: id[name] as string })
    make('program', 'BTEC_Programs', { Name: 'Law', Program_Name: 'Law', Program_Code: 'LAW' })
    make('unit', 'BTEC_Units', {
      Name: 'Tax',
      Unit_Name: 'Tax',
      Unit_Code: 'U-TAX',
      Program: at('program'),
    })
    for (const name of ['lina', 'sami'])
      make(name, 'BTEC_Teachers', { Full_Name: `${name} Haddad`, Academic_Email: `${name}@college.test` })
    for (const name of ['class', 'other'])
      make(name, 'BTEC_Classes', {
        Name: name,
        Class_Name: `Class ${name}`,
        Class_Code: name,
        Program: at('program'),
        Unit: at('unit'),
        Status: 'Active',
      })
    for (const name of ['ali', 'mona', 'omar'])
      make(name, 'BTEC_Students', {
        Student_ID: `S-${name}`,
        Full_Name: `${name} Saleh`,
        Academic_Email: `${name}@college.test`,
      })
    for (const name of ['ali', 'mona']) {
      make(`${name} registered`, 'BTEC_Registrations', {
        Student: at(name),
        Program: at('program'),
        Status: 'Active',
      })
      for (const klass of ['class', 'other'])
        make(`${name} in ${klass}`, 'BTEC_Enrollments', {
          Student: at(name),
          Class: at(klass),
          Status: 'Active',
        })
      make(`${name} paid`, 'BTEC_Payments', {
        Student: at(name),
        Registration: at(`${name} registered`),
        Amount: 100,
      })
      make(`${name} graded`, 'BTEC_Grades', {
        Student: at(name),
        Unit: at('unit'),
        Registration: at(`${name} registered`),
        Grade: 'Merit',
      })
    }
    await college.quiet()
  })

  after(() => college.close())

  const row = (module: string, name: string) => college.zoho.record(module, id[name] as string) as Payload
  const link = (module: string, name: string, field: string) => Number(row(module, name)[field])
  const user = (name: string) => link('BTEC_Students', name, 'Student_Moodle_ID')
  const course = (name: string) => link('BTEC_Classes', name, 'Moodle_Class_ID')
  const site = () => college.moodle.site
  /** 0 active, 1 suspended. */
  const enrolled = (name: string, klass: string) =>
    site().enrolments.by('pair', `${user(name)}_${course(klass)}`)[0]?.status
  const inCohort = () => [...site().cohortMembers.all()].map(({ userid }) => Number(userid)).sort()
  const record = async (module: string, name: string) => {
    const [found] = await college.engine.store.records.byIdentities('default', [`zoho/${module}:${id[name]}`])
    return { state: found?.state, missing: found?.missing.map(({ label }) => label) }
  }
  async function inZoho(act: (person: College['zoho']['person']) => void): Promise<void> {
    act(college.zoho.person)
    await college.quiet()
  }
  async function inMoodle(act: (person: College['moodle']['person']) => void): Promise<void> {
    act(college.moodle.person)
    await college.quiet()
  }
  /** Calls that change something in Moodle. */
  const writes = () =>
    college.moodle.log.filter(call => /create|update|enrol_users|delete|add_/.test(call.function)).length

  it('began whole', () => {
    for (const name of ['ali', 'mona'])
      for (const klass of ['class', 'other']) expect(enrolled(name, klass), `${name} in ${klass}`).to.equal(0)
    expect(inCohort()).to.deep.equal([user('ali'), user('mona')].sort())
  })

  it('is not what a batch or a list does not name', async () => {
    const before = writes()
    const { id: zohoId, ...fields } = row('BTEC_Enrollments', 'ali in class')
    await college.call('POST', '/api/v1/sync/enrollments', { data: [{ id: zohoId as string, ...fields }] })
    await college.call('POST', '/api/v1/moodle/users', { users: [] })
    // It ended in Moodle, and nobody told: the whole list does not show it any more.
    const [gone] = site().enrolments.by('pair', `${user('mona')}_${course('other')}`)
    if (gone === undefined) throw new Error('there is no enrolment')
    site().enrolments.remove(gone.id)
    for (const module of ['enrollment', 'student', 'class']) {
      const { body } = await college.call('POST', '/v1/extension/sync/trigger', { module, full: true })
      const [{ id: sweep } = { id: '' }] = body['items'] as { id: string }[]
      await until('the end of the sweep', async () => {
        const { body } = await college.call('GET', `/v1/extension/sync/history/${sweep}`)
        return body['status'] === 'completed'
      })
    }
    await college.quiet()
    expect(writes() - before).to.equal(0)
    expect(row('BTEC_Enrollments', 'mona in other')).to.include({ Status: 'Active' })
  })

  it('a registration that is withdrawn or deleted: out of the cohort; active again: back', async () => {
    const set = (Status: string) =>
      inZoho(zoho => zoho.update('BTEC_Registrations', id['ali registered'] as string, { Status }))
    await set('Withdrawn')
    expect(inCohort()).to.deep.equal([user('mona')])
    await set('Active')
    expect(inCohort()).to.deep.equal([user('ali'), user('mona')].sort())
    await inZoho(zoho => zoho.remove('BTEC_Registrations', id['ali registered'] as string))
    expect(inCohort()).to.deep.equal([user('mona')])
    // What was paid and graded under it stays, and says what it lacks.
    for (const [module, name] of [
      ['BTEC_Payments', 'ali paid'],
      ['BTEC_Grades', 'ali graded'],
    ] as const) {
      const { state, missing } = await record(module, name)
      expect({ state, missing }).to.deep.equal({
        state: 'waiting',
        missing: [`registration ${id['ali registered']}`],
      })
    }
  })

  it('a class that is cancelled: hidden; deleted: hidden too, and its enrolments are suspended', async () => {
    const visible = (name: string) => site().courses.get(course(name))?.['visible']
    await inZoho(zoho => zoho.update('BTEC_Classes', id['other'] as string, { Status: 'Cancelled' }))
    expect(visible('other')).to.equal(0)
    expect(enrolled('ali', 'other')).to.equal(0)
    const other = { course: course('other'), pair: `${user('ali')}_${course('other')}` }
    await inZoho(zoho => zoho.remove('BTEC_Classes', id['other'] as string))
    expect(site().courses.get(other.course)?.['visible']).to.equal(0)
    expect(site().enrolments.by('pair', other.pair)[0]?.status).to.equal(1)
    expect(enrolled('ali', 'class')).to.equal(0)
  })

  it('a grade or a payment: gone from the store, and nothing is sent; a Moodle grade: its row stays', async () => {
    await inMoodle(moodle =>
      moodle.grade({
        userid: String(user('mona')),
        courseid: String(course('class')),
        assignment: { id: '5', name: 'Essay' },
        finalgrade: 65,
      }),
    )
    const rows = () => college.zoho.records('BTEC_Grades').filter(each => each['Assignment_Name'] === 'Essay')
    expect(rows()).to.have.length(1)
    const before = writes()
    await inZoho(zoho => {
      zoho.remove('BTEC_Payments', id['mona paid'] as string)
      zoho.remove('BTEC_Grades', id['mona graded'] as string)
    })
    expect(await record('BTEC_Payments', 'mona paid')).to.include({ state: 'deleted' })
    expect(await record('BTEC_Grades', 'mona graded')).to.include({ state: 'deleted' })
    expect(writes() - before).to.equal(0)
    // Unenrolling deletes the grades of the course in Moodle.
    await inMoodle(moodle => moodle.unenrol(user('mona'), course('class')))
    expect(rows()).to.have.length(1)
    expect(rows()[0]).to.include({ Grade: 'Merit' })
    expect(row('BTEC_Enrollments', 'mona in class')).to.include({ Status: 'Withdrawn' })
  })

  it('a teacher who is inactive or deleted: suspended', async () => {
    const of = (name: string) => link('BTEC_Teachers', name, 'Teacher_Moodle_ID')
    const [lina, sami] = [of('lina'), of('sami')]
    await inZoho(zoho => {
      zoho.update('BTEC_Teachers', id['lina'] as string, { Status: 'Inactive' })
      zoho.remove('BTEC_Teachers', id['sami'] as string)
    })
    expect([lina, sami].map(each => site().users.get(each)?.suspended)).to.deep.equal([1, 1])
    await inZoho(zoho => zoho.update('BTEC_Teachers', id['lina'] as string, { Status: 'Active' }))
    expect(site().users.get(lina)?.suspended).to.equal(0)
  })

  it('a student who is deleted: suspended, in each course too, and out of the cohort; payments and grades stay', async () => {
    const ali = user('ali')
    await inZoho(zoho => zoho.remove('BTEC_Students', id['ali'] as string))
    expect(site().users.get(ali)?.suspended).to.equal(1)
    expect(site().enrolments.by('pair', `${ali}_${course('class')}`)[0]?.status).to.equal(1)
    for (const [module, name] of [
      ['BTEC_Payments', 'ali paid'],
      ['BTEC_Grades', 'ali graded'],
    ] as const)
      expect((await record(module, name)).missing).to.include(`student ${id['ali']}`)
    const mona = user('mona')
    expect(inCohort()).to.deep.equal([mona])
    await inZoho(zoho => zoho.remove('BTEC_Students', id['mona'] as string))
    expect(inCohort()).to.deep.equal([])
  })

  it('a user who is deleted in Moodle: the student stays in Zoho, and is not made anew', async () => {
    const omar = user('omar')
    const users = site().users.size
    await inMoodle(moodle => moodle.deleteUser(omar))
    expect(row('BTEC_Students', 'omar')).to.include({ Student_ID: 'S-omar' })
    expect(site().users.size).to.equal(users)
  })

  it('a unit or a programme: nothing in Moodle is taken away, the cohort is only offered no more', async () => {
    const before = writes()
    await inZoho(zoho => {
      zoho.remove('BTEC_Units', id['unit'] as string)
      zoho.remove('BTEC_Programs', id['program'] as string)
    })
    expect(await record('BTEC_Units', 'unit')).to.include({ state: 'deleted' })
    expect(await record('BTEC_Programs', 'program')).to.include({ state: 'deleted' })
    expect(site().categories.by('idnumber', 'LAW')).to.have.length(1)
    expect(
      site()
        .cohorts.by('idnumber', 'LAW')
        .map(({ visible }) => Number(visible)),
    ).to.deep.equal([0])
    expect(writes() - before).to.equal(1)
  })
})
