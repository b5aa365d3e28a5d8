/**
 * The flows' Moodle half, from Zoho's webhook to what Moodle itself says: on the sandbox in `npm test`, on a real
 * Moodle in `npm run test:moodle`. The engine is not asked for the end state.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { onSandbox, realMoodle, type Site, siteAt } from '../connectors/moodle/site.ts'
import { type College, type CollegeOptions, openCollege, until } from './college.ts'

const LONGEST_MS = 90_000

describe('from Zoho into Moodle', () => {
  let college: College
  let site: Site

  async function open(environment: CollegeOptions['environment'] = {}): Promise<void> {
    const zoho = { concurrency: 100 }
    college = await openCollege({ announce: false, zoho, realMoodle, environment })
    const target = realMoodle ?? college.moodle
    site = siteAt(
      { url: target.url, token: target.adminToken ?? target.token },
      {
        sandbox: realMoodle === undefined ? college.moodle : undefined,
        mayDelete: target.adminToken !== undefined,
      },
    )
  }
  async function close(): Promise<void> {
    await college.close()
    await site.clean()
  }

  /** Zoho tells of its record; what it set off is done. */
  async function tell(module: string, id: string, operation = 'update'): Promise<void> {
    const record = college.zoho.record(module, id) as Payload | undefined
    const told = record ?? { id, Modified_Time: new Date().toISOString() }
    const { status } = await college.webhook(module, {
      notification_id: `${module}-${id}-${Math.random()}`,
      timestamp: String(told['Modified_Time']),
      module,
      operation,
      record_id: id,
      data: told,
    })
    expect(status).to.equal(202)
    await college.quiet(LONGEST_MS)
  }
  async function make(module: string, fields: Payload): Promise<string> {
    const id = college.zoho.person.create(module, fields)
    await tell(module, id, 'insert')
    return id
  }
  async function change(module: string, id: string, fields: Payload): Promise<void> {
    college.zoho.person.update(module, id, fields)
    await tell(module, id)
  }
  const link = (module: string, id: string, field: string) =>
    until(`${field} is written back`, () => {
      const { [field]: value } = college.zoho.record(module, id) as Payload
      return value === null || value === undefined || value === '' ? undefined : String(value)
    })

  const makeStudent = (n: number, more: Payload = {}) =>
    make('BTEC_Students', {
      Student_ID: `STU-${site.run}-${n}`,
      Full_Name: `Student ${n}`,
      Academic_Email: `s${n}.${site.run}@college.example`,
      Status: 'Active',
      ...more,
    })
  const makeProgram = () =>
    make('BTEC_Programs', {
      Name: `هندسة ${site.run}`,
      Program_Name: `هندسة ${site.run}`,
      Program_Code: `P-${site.run}`,
    })
  const makeUnit = (program: string) =>
    make('BTEC_Units', {
      Name: 'Unit 1',
      Unit_Name: 'Unit 1',
      Unit_Code: `U-${site.run}`,
      Program: { id: program },
    })
  const makeClass = (program: string, unit: string) =>
    make('BTEC_Classes', {
      Name: 'Class 1',
      Class_Name: 'الشعبة 1',
      Class_Code: `C-${site.run}`,
      Unit: { id: unit },
      Program: { id: program },
      Status: 'Active',
    })

  describe('with a class for each course', () => {
    before(async function () {
      this.timeout(LONGEST_MS)
      await open()
    })
    after(close)

    it('a student becomes a user, changes, is suspended, and comes back', async () => {
      const student = await makeStudent(1, { Full_Name: 'منى الحداد', City: 'إربد', Country: 'Jordan' })
      const id = await link('BTEC_Students', student, 'Student_Moodle_ID')
      expect(await site.read('user', id)).to.include({
        username: `s1.${site.run}`,
        email: `s1.${site.run}@college.example`,
        idnumber: `STU-${site.run}-1`,
        firstname: 'منى',
        lastname: 'الحداد',
        city: 'إربد',
        country: 'JO',
        suspended: false,
      })
      await change('BTEC_Students', student, { Full_Name: 'منى O’Neil-الحداد', City: 'عمّان' })
      expect(await site.read('user', id)).to.include({ lastname: 'O’Neil-الحداد', city: 'عمّان' })
      await change('BTEC_Students', student, { Status: 'Suspended' })
      expect(await site.read('user', id)).to.include({ suspended: true, lastname: 'O’Neil-الحداد' })
      await change('BTEC_Students', student, { Status: 'Active' })
      expect(await site.read('user', id)).to.include({ suspended: false })
      expect(await site.count('user')).to.equal(1)
    }).timeout(LONGEST_MS)

    it('a user whom Moodle has already is taken over, not doubled', async () => {
      const held = await site.create('user', {
        username: `held.${site.run}`,
        email: `held.${site.run}@college.example`,
        firstname: 'Held',
        lastname: 'Already',
        idnumber: `STU-${site.run}-7`,
      })
      const student = await makeStudent(7, {
        Academic_Email: `held.${site.run}@college.example`,
        Full_Name: 'Held Anew',
      })
      expect(await link('BTEC_Students', student, 'Student_Moodle_ID')).to.equal(held)
      expect(await site.read('user', held)).to.include({ lastname: 'Anew' })
    }).timeout(LONGEST_MS)

    it('programme, class, registration and enrolment become category, course, cohort and enrolment', async () => {
      const student = await makeStudent(2)
      const userid = await link('BTEC_Students', student, 'Student_Moodle_ID')
      const program = await makeProgram()
      const categoryid = await link('BTEC_Programs', program, 'Moodle_Category_ID')
      const cohortid = await link('BTEC_Programs', program, 'Moodle_Cohort_ID')
      expect(await site.read('category', categoryid)).to.include({
        name: `هندسة ${site.run}`,
        idnumber: `P-${site.run}`,
      })
      expect(await site.read('cohort', cohortid)).to.include({ idnumber: `P-${site.run}` })

      const unit = await makeUnit(program)
      const klass = await makeClass(program, unit)
      const courseid = await link('BTEC_Classes', klass, 'Moodle_Class_ID')
      expect(await site.read('course', courseid)).to.include({
        fullname: 'الشعبة 1',
        shortname: `C-${site.run}`,
        idnumber: klass,
        categoryid: Number(categoryid),
      })

      const registration = await make('BTEC_Registrations', {
        Name: 'R',
        Student: { id: student },
        Program: { id: program },
        Status: 'Active',
      })
      expect(await site.members('cohort', cohortid)).to.deep.equal([userid])

      const enrolment = await make('BTEC_Enrollments', {
        Student: { id: student },
        Class: { id: klass },
        Status: 'Active',
        Start_Date: '2026-09-06',
        End_Date: '2027-06-30',
      })
      expect(await site.enrolment(userid, courseid)).to.deep.equal({ roles: [5], suspended: false })
      await change('BTEC_Enrollments', enrolment, { Status: 'Withdrawn' })
      expect(await site.enrolment(userid, courseid)).to.deep.equal({ roles: [5], suspended: true })
      await change('BTEC_Enrollments', enrolment, { Status: 'Active' })
      expect(await site.enrolment(userid, courseid)).to.deep.equal({ roles: [5], suspended: false })
      college.zoho.person.remove('BTEC_Enrollments', enrolment)
      await tell('BTEC_Enrollments', enrolment, 'delete')
      expect(await site.enrolment(userid, courseid)).to.deep.equal({ roles: [5], suspended: true })

      // No web service of Moodle tells the times of an enrolment.
      const [row] = college.moodle.site.enrolments.by('pair', `${userid}_${courseid}`)
      const times = { timestart: Date.UTC(2026, 8, 6) / 1000, timeend: Date.UTC(2027, 5, 30) / 1000 }
      if (realMoodle === undefined) expect(row).to.include({ status: 1, ...times })

      await change('BTEC_Classes', klass, { Class_Name: 'الشعبة 2' })
      expect(await site.read('course', courseid)).to.include({
        fullname: 'الشعبة 2',
        categoryid: Number(categoryid),
      })
      await change('BTEC_Programs', program, { Program_Name: `علوم ${site.run}` })
      expect(await site.read('category', categoryid)).to.include({ name: `علوم ${site.run}` })
      expect(await site.read('cohort', cohortid)).to.include({
        name: `علوم ${site.run}`,
        idnumber: `P-${site.run}`,
      })
      await change('BTEC_Programs', program, { Status: 'Inactive' })
      expect(await site.read('cohort', cohortid)).to.include({ visible: false })
      expect(await site.members('cohort', cohortid)).to.deep.equal([userid])
      await change('BTEC_Programs', program, { Status: 'Active' })
      expect(await site.read('cohort', cohortid)).to.include({ visible: true })
      await change('BTEC_Registrations', registration, { Status: 'Withdrawn' })
      expect(await site.members('cohort', cohortid)).to.deep.equal([])
      expect(await site.count('course')).to.equal(1)
      expect(await site.count('category')).to.equal(1)
      expect(await site.count('cohort')).to.equal(1)
    }).timeout(2 * LONGEST_MS)
  })

  /** A college whose configuration chooses these files. */
  function choosing(pipelines: Readonly<Record<string, string>>): void {
    let home: string
    before(async function () {
      this.timeout(LONGEST_MS)
      home = await mkdtemp(join(tmpdir(), 'wasl-chosen-'))
      await mkdir(join(home, 'config'))
      await writeFile(join(home, 'config', 'default.json'), JSON.stringify({ pipelines }))
      await open({ WASL_HOME: home })
    })
    after(async () => {
      await close()
      await rm(home, { recursive: true })
    })
  }

  describe('with its unit in a section of the course of each class', () => {
    choosing({ unit: 'unit-in-course', class: 'class-with-section' })

    let program = ''
    let unit = ''
    let courses: readonly string[] = []
    const generalSection = async (courseid: string) => {
      const sections = await site.ask('core_course_get_contents', { courseid })
      return (sections as Payload[]).find(({ section }) => section === 0)
    }
    const classIn = (n: number) =>
      make('BTEC_Classes', {
        Name: `Class ${n}`,
        Class_Name: `الشعبة ${n}`,
        Class_Code: `C${n}-${site.run}`,
        Unit: { id: unit },
        Program: { id: program },
      })

    it('each course tells the unit, and again when that is changed', async function () {
      // Nobody but the administrator's service can tell what a section holds.
      if (realMoodle !== undefined && realMoodle.adminToken === undefined) return this.skip()
      program = await makeProgram()
      unit = await makeUnit(program)
      const classes = [await classIn(1), await classIn(2)]
      courses = await Promise.all(classes.map(klass => link('BTEC_Classes', klass, 'Moodle_Class_ID')))
      for (const id of courses)
        expect(await generalSection(id)).to.include({ name: 'Unit 1', summary: `U-${site.run}` })

      await change('BTEC_Units', unit, { Unit_Name: 'الوحدة 1', Credits: 10, Description: 'a < b' })
      for (const [place, id] of courses.entries()) {
        const section = await generalSection(id)
        expect(section).to.include({ name: 'الوحدة 1' })
        expect(section?.['summary']).to.match(/Credits: 10<br \/>\s*a &lt; b/)
        expect(await site.read('course', id)).to.include({ fullname: `الشعبة ${place + 1}` })
      }
      for (const klass of classes)
        expect(college.zoho.record('BTEC_Classes', klass)).to.include({ Sync_Status: 'Synced' })
      expect(await site.count('course')).to.equal(2)
    }).timeout(2 * LONGEST_MS)

    onSandbox('what is no news of the unit writes nothing, and its end leaves the sections', async () => {
      const calls = college.moodle.log.length
      await change('BTEC_Units', unit, { Owner_Note: 'nobody maps this' })
      college.zoho.person.remove('BTEC_Units', unit)
      await tell('BTEC_Units', unit, 'delete')
      expect(college.moodle.log.slice(calls)).to.deep.equal([])
      for (const id of courses) expect(await generalSection(id)).to.include({ name: 'الوحدة 1' })
    })
  })

  describe('with its unit in the summary of the course of each class', () => {
    choosing({ unit: 'unit-in-course', class: 'class-with-summary' })

    it('the course tells the unit, and again when that is changed', async () => {
      const program = await makeProgram()
      const unit = await makeUnit(program)
      const klass = await makeClass(program, unit)
      const courseid = await link('BTEC_Classes', klass, 'Moodle_Class_ID')
      const summary = async () => String((await site.read('course', courseid))?.['summary'])
      expect(await summary()).to.match(new RegExp(`^Unit 1(<br />)?\nU-${site.run}$`))
      await change('BTEC_Units', unit, { Unit_Name: 'Unit 1b', Level: 'Level 3' })
      expect(await summary()).to.match(/^Unit 1b.*Level 3$/s)
    }).timeout(2 * LONGEST_MS)
  })

  describe('with a class for each group', () => {
    choosing({ unit: 'unit-as-course', class: 'class-as-group', enrollment: 'enrollment-in-group' })

    it('unit, class and enrolment become course, group and member', async () => {
      const student = await makeStudent(1)
      const userid = await link('BTEC_Students', student, 'Student_Moodle_ID')
      const program = await makeProgram()
      const unit = await makeUnit(program)
      const klass = await makeClass(program, unit)
      const [courseid] = await until('the unit is a course', async () => {
        const body = await site.ask('core_course_get_courses_by_field', {
          field: 'shortname',
          value: `U-${site.run}`,
        })
        const courses = (body as Payload)['courses'] as Payload[]
        return courses.length === 1 ? [String(courses[0]!['id'])] : undefined
      })
      const groups = (await site.ask('core_group_get_course_groups', { courseid: courseid! })) as Payload[]
      expect(groups).to.have.length(1)
      expect(groups[0]).to.include({ idnumber: klass, name: 'الشعبة 1' })
      const groupid = String(groups[0]!['id'])

      const enrolment = await make('BTEC_Enrollments', {
        Student: { id: student },
        Class: { id: klass },
        Status: 'Active',
      })
      expect(await site.enrolment(userid, courseid!)).to.deep.equal({ roles: [5], suspended: false })
      expect(await site.members('group', groupid)).to.deep.equal([userid])
      await change('BTEC_Enrollments', enrolment, { Status: 'Withdrawn' })
      expect(await site.members('group', groupid)).to.deep.equal([])
    }).timeout(2 * LONGEST_MS)
  })
})
