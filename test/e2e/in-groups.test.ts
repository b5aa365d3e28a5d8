import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

/** A college that teaches several classes of a unit in one course: three files chosen by its configuration. */
describe('classes as groups in the course of their unit', () => {
  let home: string
  let college: College
  const ids: Record<string, string> = {}

  before(async function () {
    this.timeout(30_000)
    home = await mkdtemp(join(tmpdir(), 'wasl-home-'))
    await mkdir(join(home, 'config'))
    const pipelines = { unit: 'unit-as-course', class: 'class-as-group', enrollment: 'enrollment-in-group' }
    await writeFile(join(home, 'config', 'default.json'), JSON.stringify({ pipelines }))
    college = await openCollege({ environment: { WASL_HOME: home } })
    const { person } = college.zoho
    const program = person.create('BTEC_Programs', {
      Name: 'Business',
      Program_Name: 'Business',
      Program_Code: 'BUS',
    })
    ids['unit'] = person.create('BTEC_Units', {
      Name: 'Marketing',
      Unit_Name: 'Marketing',
      Unit_Code: 'U-2',
      Program: { id: program },
    })
    for (const name of ['A', 'B'])
      ids[name] = person.create('BTEC_Classes', {
        Name: `شعبة ${name}`,
        Class_Name: `شعبة ${name}`,
        Class_Code: `C-${name}`,
        Unit: { id: ids['unit'] },
      })
    ids['student'] = person.create('BTEC_Students', {
      Student_ID: 'STU-1',
      Full_Name: 'Ali Omar',
      Academic_Email: 'ali@college.test',
    })
    await college.quiet()
  })

  after(async () => {
    await college.close()
    await rm(home, { recursive: true, force: true })
  })

  const enrol = (klass: string): string =>
    college.zoho.person.create('BTEC_Enrollments', {
      Student: { id: ids['student'] as string },
      Class: { id: ids[klass] as string },
      Status: 'Active',
    })
  const set = async (id: string, fields: { Status?: string; Class?: { id: string } }) => {
    college.zoho.person.update('BTEC_Enrollments', id, fields)
    await college.quiet()
  }
  const enrolments = () => [...college.moodle.site.enrolments.all()].map(({ status }) => status)
  const groups = () => {
    const { site } = college.moodle
    const names = new Map([...site.groups.all()].map(({ id, name }) => [String(id), name]))
    return [...site.groupMembers.all()].map(({ of }) => names.get(String(of))).sort()
  }
  const stuck = () =>
    college.engine.store.db
      .collection('records')
      .countDocuments({ state: { $nin: ['ok', 'merged', 'deleted'] } })

  it('are one course with a group for each class, and Zoho has their ids', async () => {
    const { site } = college.moodle
    const courses = [...site.courses.all()].filter(each => each.shortname === 'U-2')
    expect(courses).to.have.length(1)
    expect(college.zoho.record('BTEC_Units', ids['unit'] as string)?.['Moodle_Course_ID']).to.equal(
      String(courses[0]?.id),
    )
    const all = [...site.groups.all()]
    expect(all.map(({ name }) => name).sort()).to.deep.equal(['شعبة A', 'شعبة B'])
    expect(all.map(({ courseid }) => String(courseid))).to.deep.equal([
      String(courses[0]?.id),
      String(courses[0]?.id),
    ])
    for (const name of ['A', 'B'])
      expect(college.zoho.record('BTEC_Classes', ids[name] as string)?.['Sync_Status']).to.equal('Synced')
    expect(await stuck()).to.equal(0)
  })

  it('take a student into the course and the group of the class', async () => {
    ids['first'] = enrol('A')
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    expect(groups()).to.deep.equal(['شعبة A'])
    expect(college.zoho.record('BTEC_Enrollments', ids['first'])?.['Sync_Status']).to.equal('Synced')
  })

  it('suspend who is withdrawn, out of the group, and take back who is enrolled again by a new record', async () => {
    await set(ids['first'] as string, { Status: 'Withdrawn' })
    expect(enrolments()).to.deep.equal([1])
    expect(groups()).to.deep.equal([])
    ids['second'] = enrol('A')
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    expect(groups()).to.deep.equal(['شعبة A'])
    expect(await stuck()).to.equal(0)
  })

  it('keep a student in the course for the other class when one of the two ends', async () => {
    ids['other'] = enrol('B')
    await college.quiet()
    expect(enrolments()).to.deep.equal([0])
    expect(groups()).to.deep.equal(['شعبة A', 'شعبة B'])
    await set(ids['second'] as string, { Status: 'Withdrawn' })
    expect(enrolments()).to.deep.equal([0])
    expect(groups()).to.deep.equal(['شعبة B'])
    expect(await stuck()).to.equal(0)
  })

  it('know the course of both classes also where the enrolments came before them', async () => {
    const { person } = college.zoho
    const { site } = college.moodle
    // Nobody tells of the classes: they are sought once the enrolments wait for them.
    college.zoho.notify(null)
    const student = person.create('BTEC_Students', {
      Student_ID: 'STU-2',
      Full_Name: 'Mona Omar',
      Academic_Email: 'mona@college.test',
    })
    const rows = ['C', 'D'].map(name => {
      const fields = {
        Class_Name: `Late ${name}`,
        Class_Code: `C-${name}`,
        Unit: { id: ids['unit'] as string },
      }
      const row = {
        Student: { id: student },
        Class: { id: person.create('BTEC_Classes', { Name: name, ...fields }) },
        Status: 'Active',
      }
      return { id: person.create('BTEC_Enrollments', row), ...row }
    })
    const { body } = await college.call('POST', '/api/v1/sync/enrollments', { data: rows })
    expect(body['summary']).to.include({ waiting: 2 })
    const userid = await until(
      'the user',
      () => college.zoho.record('BTEC_Students', student)?.['Student_Moodle_ID'],
    )
    const places = () => [...site.groupMembers.all()].filter(each => String(each.userid) === userid)
    await until('both groups', () => places().length === 2)
    await college.quiet()
    expect(site.enrolments.by('userid', Number(userid)).map(({ status }) => status)).to.deep.equal([0])
    expect(await stuck()).to.equal(0)

    // One of the two ends, and the course stays for the other; then that one ends too.
    const withdraw = async (row: { id: string } | undefined) => {
      person.update('BTEC_Enrollments', row?.id ?? '', { Status: 'Withdrawn' })
      const data = [college.zoho.record('BTEC_Enrollments', row?.id ?? '') as Payload]
      await college.call('POST', '/api/v1/sync/enrollments', { data })
      await college.quiet()
      return [site.enrolments.by('userid', Number(userid))[0]?.status, places().length]
    }
    expect(await withdraw(rows[1])).to.deep.equal([0, 1])
    expect(await withdraw(rows[0])).to.deep.equal([1, 0])
    expect(await stuck()).to.equal(0)
  }).timeout(20_000)
})
