/** What people do in Moodle, and what Zoho has of it in the end: both sandboxes are asked, never the engine. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

describe('from Moodle into Zoho', () => {
  let college: College
  const zohoIds: Record<string, string> = {}
  let userid: number
  let courseid: number

  before(async () => {
    college = await openCollege()
    const { person } = college.zoho
    zohoIds['program'] = person.create('BTEC_Programs', {
      Name: 'Business',
      Program_Name: 'Business',
      Program_Code: 'BUS',
    })
    zohoIds['class'] = person.create('BTEC_Classes', {
      Name: 'Marketing A',
      Class_Name: 'Marketing A',
      Class_Code: 'M-A',
      Program: { id: zohoIds['program'] },
    })
    zohoIds['student'] = person.create('BTEC_Students', {
      Student_ID: 'STU-1',
      Full_Name: 'علي عمر',
      Academic_Email: 'ali@college.test',
    })
    await college.quiet()
    userid = Number(college.zoho.record('BTEC_Students', zohoIds['student'])?.['Student_Moodle_ID'])
    courseid = Number(college.zoho.record('BTEC_Classes', zohoIds['class'])?.['Moodle_Class_ID'])
  })

  after(() => college.close())

  const writesToZoho = (module: string) =>
    college.zoho.log.filter(({ method, path }) => method !== 'GET' && path.includes(`/${module}`)).length
  const writesToMoodle = () =>
    college.moodle.log.filter(call => /create|update|enrol_users|delete|add_/.test(call.function)).length

  /** What both systems are asked to write because of what somebody did in Moodle. */
  async function writesOf(module: string, act: () => void) {
    const [zoho, moodle] = [writesToZoho(module), writesToMoodle()]
    act()
    await college.quiet()
    return { zoho: writesToZoho(module) - zoho, moodle: writesToMoodle() - moodle }
  }

  describe('an enrolment', () => {
    const rows = () => college.zoho.records('BTEC_Enrollments')
    const enrol = (more: { suspended?: boolean; timestart?: number } = {}) =>
      writesOf('BTEC_Enrollments', () => {
        college.moodle.person.enrol(userid, courseid, { timestart: Date.UTC(2026, 8, 6) / 1000, ...more })
      })

    it('becomes a row with its student and class, by one write and no echo', async () => {
      expect(await enrol()).to.deep.equal({ zoho: 1, moodle: 0 })
      expect(rows()).to.have.length(1)
      const row = rows()[0] as Payload
      expect(row).to.deep.include({
        Enrollment_Moodle_ID: `${userid}_${courseid}`,
        Moodle_Course_ID: String(courseid),
        Status: 'Active',
        Start_Date: '2026-09-06',
        Sync_Status: 'Synced',
      })
      expect((row['Student'] as Payload)['id']).to.equal(zohoIds['student'])
      expect((row['Class'] as Payload)['id']).to.equal(zohoIds['class'])
    })

    it('that is suspended, let in again and ended is so in Zoho, each by one write', async () => {
      expect(await enrol({ suspended: true })).to.deep.equal({ zoho: 1, moodle: 0 })
      expect(rows().map(({ Status }) => Status)).to.deep.equal(['Suspended'])
      expect(await enrol()).to.deep.equal({ zoho: 1, moodle: 0 })
      expect(rows().map(({ Status }) => Status)).to.deep.equal(['Active'])
      const ended = await writesOf('BTEC_Enrollments', () => college.moodle.person.unenrol(userid, courseid))
      expect(ended).to.deep.equal({ zoho: 1, moodle: 0 })
      expect(rows().map(({ Status }) => Status)).to.deep.equal(['Withdrawn'])
    })

    it('that is made again in Moodle is active in its row again', async () => {
      await enrol()
      expect(rows().map(({ Status }) => Status)).to.deep.equal(['Active'])
    })

    it('that Zoho has made follows whoever said it last, and is not said back', async () => {
      const other = college.zoho.person.create('BTEC_Classes', {
        Name: 'Marketing B',
        Class_Name: 'Marketing B',
        Class_Code: 'M-B',
        Program: { id: zohoIds['program'] as string },
      })
      const id = college.zoho.person.create('BTEC_Enrollments', {
        Student: { id: zohoIds['student'] as string },
        Class: { id: other },
        Status: 'Active',
      })
      await college.quiet()
      const place = Number(college.zoho.record('BTEC_Classes', other)?.['Moodle_Class_ID'])
      const { person } = college.moodle
      const acts = [
        () => void person.enrol(userid, place, { suspended: true }),
        () => void college.zoho.person.update('BTEC_Enrollments', id, { Status: 'Active' }),
        () => void person.enrol(userid, place, { suspended: true }),
        () => void person.enrol(userid, place),
        () => void college.zoho.person.update('BTEC_Enrollments', id, { Status: 'Suspended' }),
      ]
      const seen: unknown[] = []
      for (const act of acts) {
        const { zoho, moodle } = await writesOf('BTEC_Enrollments', act)
        const [row] = college.moodle.site.enrolments.by('pair', `${userid}_${place}`)
        seen.push([college.zoho.record('BTEC_Enrollments', id)?.['Status'], row?.status, zoho, moodle])
      }
      // Status in Zoho, status in Moodle (1: suspended), what Zoho and Moodle were asked to write.
      expect(seen).to.deep.equal([
        ['Suspended', 1, 1, 0],
        ['Active', 0, 1, 1],
        ['Suspended', 1, 1, 0],
        ['Active', 0, 1, 0],
        ['Suspended', 1, 1, 1],
      ])
    })
  })

  describe('a grade with its outcomes', () => {
    const outcome = (code: string, score: number) => ({ code, description: `${code} وصف`, score })
    const grade = (finalgrade: number, learning_outcomes: Payload[]) =>
      writesOf('BTEC_Grades', () =>
        college.moodle.person.grade({
          userid: String(userid),
          courseid: String(courseid),
          assignment: { id: '71', name: 'Essay' },
          finalgrade,
          learning_outcomes,
        }),
      )
    const rows = () =>
      (college.zoho.records('BTEC_Grades')[0]?.['Learning_Outcomes_Assessm'] ?? []) as Payload[]

    it('is one row and its outcomes; a correction says only what differs of them, by one read and one write', async () => {
      expect(await grade(65, [outcome('P1', 1), outcome('M1', 1), outcome('D1', 0)])).to.include({ zoho: 1 })
      const ids = new Map(rows().map(row => [row['LO_Code'], row['id']]))
      expect([...ids.keys()]).to.deep.equal(['P1', 'M1', 'D1'])

      const calls = college.zoho.log.length
      await grade(45, [outcome('P1', 1), outcome('M1', 0)])
      const made = college.zoho.log.slice(calls).filter(({ path }) => path.includes('/BTEC_Grades'))
      expect(made.map(({ method }) => method)).to.deep.equal(['GET', 'PUT'])
      const sent = JSON.parse(JSON.stringify(made[1]?.body)).data[0] as Payload
      const said = (sent['Learning_Outcomes_Assessm'] as Payload[]).map(row => [row['id'], '_delete' in row])
      expect(said).to.deep.equal([
        [ids.get('P1'), false],
        [ids.get('M1'), false],
        [ids.get('D1'), true],
      ])
      expect(rows().map(row => [row['LO_Code'], row['LO_Score']])).to.deep.equal([
        ['P1', 1],
        ['M1', 0],
      ])
      expect(await grade(45, [outcome('P1', 1), outcome('M1', 0)])).to.deep.equal({ zoho: 0, moodle: 0 })
    })
  })

  describe('a teacher who edits a Moodle profile', () => {
    const students = () => college.zoho.records('BTEC_Students').length
    const teachers = (email: string) =>
      college.zoho.records('BTEC_Teachers').filter(each => each['Academic_Email'] === email)
    const record = async (id: number) => {
      const [found] = await college.engine.store.records.byIdentities('default', [`moodle/user:${id}`])
      return found
    }

    it('stays a teacher, whichever system made her, and with the role of a student in another course', async () => {
      const { person } = college.moodle
      const before = students()
      const made = person.createUser(
        { username: 'lina', email: 'lina@college.test', firstname: 'Lina', lastname: 'Haddad' },
        'teacher',
      )
      college.zoho.person.create('BTEC_Teachers', {
        Teacher_ID: 'T-2',
        Full_Name: 'Sami Zaid',
        Academic_Email: 'sami@college.test',
      })
      await college.quiet()
      const [row] = teachers('sami@college.test')
      const told = await until('the link', () => row?.['Teacher_Moodle_ID'] as string | undefined)
      for (const id of [made.id, Number(told)]) {
        person.updateUser(id, { city: 'Irbid' })
        await college.quiet()
        // She is nowhere a teacher at the moment; then she takes a course herself.
        person.updateUser(id, { role: '', phone1: '0790000001' })
        person.assignRole(id, 'student')
        await college.quiet()
        expect(await record(id)).to.include({ module: 'teacher', state: 'ok' })
      }
      for (const email of ['lina@college.test', 'sami@college.test'])
        expect(teachers(email), email).to.have.length(1)
      expect(teachers('lina@college.test')[0]).to.include({ City: 'Irbid', Phone_Number: '0790000001' })
      // Of him Zoho has said that he has no city: that goes back.
      expect(college.moodle.site.users.get(Number(told))?.['city']).to.equal('')
      expect(students()).to.equal(before)
    })
  })

  describe('batches of what Moodle has', () => {
    const batch = async (collection: string, list: readonly Payload[]) => {
      const { status, body } = await college.call('POST', `/api/v1/moodle/${collection}`, {
        [collection]: list,
      } as Payload)
      expect(status).to.equal(200)
      await college.quiet()
      return body as unknown as { results: readonly Payload[]; summary: Payload }
    }

    it('of users: each by its role, in order, and the bad one stops none of the others', async () => {
      const person = (id: number, more: Payload) => ({
        id,
        username: `batch.${id}`,
        email: `batch.${id}@college.test`,
        firstname: 'Batch',
        lastname: String(id),
        timemodified: 1795503600,
        ...more,
      })
      const list = [
        person(9001, { role: 'student' }),
        person(9002, { role: 'teacher' }),
        person(9003, {}),
        person(9004, { role: 'student', email: 'none' }),
        person(9005, { role: 'student', userid: '9005' }),
      ]
      const { results, summary } = await batch('users', list)
      expect(
        results.map(({ module, outcome, reason, code }) => [module, outcome, reason ?? code]),
      ).to.deep.equal([
        ['student', 'NEW', undefined],
        ['teacher', 'NEW', undefined],
        [undefined, 'SKIPPED', 'no_role_yet'],
        ['student', 'INVALID', 'EMAIL_INVALID'],
        ['student', 'NEW', undefined],
      ])
      expect(summary).to.include({ total: 5, new: 3, skipped: 1, invalid: 1, open: 0 })
      const made = (module: string) =>
        college.zoho
          .records(module)
          .map(each => each['Academic_Email'])
          .filter(email => String(email).startsWith('batch.'))
      expect(made('BTEC_Students')).to.have.members(['batch.9001@college.test', 'batch.9005@college.test'])
      expect(made('BTEC_Teachers')).to.deep.equal(['batch.9002@college.test'])
      expect((await batch('users', list)).summary).to.include({
        unchanged: 3,
        skipped: 1,
        invalid: 1,
        new: 0,
      })
    })

    it('of enrolments: those of people who are known are in Zoho, the others wait', async () => {
      const list = [
        { enrollment_id: 1, userid: 9001, courseid, status: 0, timemodified: 1795503600 },
        { enrollment_id: 2, userid: '777777', courseid, status: 1, timemodified: 1795503600 },
        { enrolment_id: 3, status: 0 },
      ]
      const { results, summary } = await batch('enrollments', list)
      expect(results.map(({ outcome, message, code }) => [outcome, code ?? message])).to.deep.equal([
        ['NEW', undefined],
        ['WAITING', 'waits for student 777777'],
        ['INVALID', 'PARSE_NO_ID'],
      ])
      expect(summary).to.include({ total: 3, new: 1, waiting: 1, invalid: 1 })
      const rows = college.zoho.records('BTEC_Enrollments')
      expect(rows.filter(each => each['Enrollment_Moodle_ID'] === `9001_${courseid}`)).to.have.length(1)
    })
  })

  describe('a user who is suspended there', () => {
    const row = (email: string) =>
      college.zoho.records('BTEC_Students').find(each => each['Academic_Email'] === email)

    it('and new is suspended in Zoho, and stays so when the registrar saves the row', async () => {
      const { id } = college.moodle.person.createUser(
        { username: 'rami', email: 'rami@college.test', firstname: 'Rami', lastname: 'Zaid', suspended: 1 },
        'student',
      )
      const made = await until('the student', () => row('rami@college.test'))
      expect(made).to.include({ Status: 'Suspended' })
      college.zoho.person.update('BTEC_Students', String(made['id']), { City: 'Salt' })
      await college.quiet()
      expect(college.moodle.site.users.get(id)).to.include({ suspended: 1, city: 'Salt' })
      college.zoho.person.update('BTEC_Students', String(made['id']), { Status: 'Active' })
      await college.quiet()
      expect(college.moodle.site.users.get(id)).to.include({ suspended: 0 })
    })

    it('although Zoho has him active is let in again: Zoho is the register', async () => {
      college.moodle.person.updateUser(userid, { suspended: true })
      await college.quiet()
      expect(college.moodle.site.users.get(userid)).to.include({ suspended: 0 })
      expect(row('ali@college.test')?.['Status']).to.equal(null)
    })
  })
})

describe('a college in which Moodle may suspend as well', () => {
  let home: string
  let college: College

  before(async function () {
    this.timeout(30_000)
    home = await mkdtemp(join(tmpdir(), 'wasl-suspending-'))
    await mkdir(join(home, 'config'))
    const pipelines = { student: 'student-suspended-in-moodle' }
    await writeFile(join(home, 'config', 'default.json'), JSON.stringify({ pipelines }))
    college = await openCollege({ environment: { WASL_HOME: home } })
  })

  after(async () => {
    await college.close()
    await rm(home, { recursive: true })
  })

  it('has in both systems what was said last, and neither says it to and fro', async () => {
    const { zoho, moodle } = college
    const fields = { Student_ID: 'S-1', Full_Name: 'Ali Omar', Academic_Email: 'ali@college.test' }
    const id = zoho.person.create('BTEC_Students', { ...fields, Status: 'Active' })
    await college.quiet()
    const user = Number(zoho.record('BTEC_Students', id)?.['Student_Moodle_ID'])
    const both = () => [zoho.record('BTEC_Students', id)?.['Status'], moodle.site.users.get(user)?.suspended]
    const once = async (act: () => void) => {
      act()
      await college.quiet()
      return both()
    }
    expect(both()).to.deep.equal(['Active', 0])
    expect(await once(() => moodle.person.updateUser(user, { suspended: true }))).to.deep.equal([
      'Suspended',
      1,
    ])
    expect(await once(() => zoho.person.update('BTEC_Students', id, { City: 'Salt' }))).to.deep.equal([
      'Suspended',
      1,
    ])
    expect(await once(() => moodle.person.updateUser(user, { suspended: false }))).to.deep.equal([
      'Active',
      0,
    ])
    expect(await once(() => zoho.person.update('BTEC_Students', id, { Status: 'Suspended' }))).to.deep.equal([
      'Suspended',
      1,
    ])
    expect(await once(() => zoho.person.update('BTEC_Students', id, { Status: 'Active' }))).to.deep.equal([
      'Active',
      0,
    ])
  })
})
