import { expect } from 'chai'
import { RetryableError, SetupError } from '../../../core/errors.ts'
import type { Payload, WriteOperation, WriteResult } from '../../../core/plugin.ts'
import { type Connected, connect, never } from './connected.ts'

const errorOf = (result: WriteResult | undefined) => {
  if (result === undefined || result.ok) throw new Error('it went well')
  return result.error
}

/** Users 5 and 6, courses 2 and 3. */
const withCollege = async (): Promise<Connected> =>
  connect({
    college: {
      users: [{ email: 'a@college.example' }, { email: 'b@college.example' }],
      courses: [
        { fullname: 'Unit 1', shortname: 'U1' },
        { fullname: 'Unit 2', shortname: 'U2' },
      ],
    },
  })

describe('enrolments in Moodle', () => {
  let connected: Connected
  const enrollments = () => connected.connection.resources['enrollment']!
  const row = (pair: string) => connected.sandbox.site.enrolments.by('pair', pair)[0]
  const enrol = (fields: Payload, id?: string): WriteOperation => ({
    fields,
    ...(id === undefined ? {} : { id }),
  })
  const write = async (...operations: readonly WriteOperation[]) => enrollments().write(operations, never)

  beforeEach(async () => {
    connected = await withCollege()
  })
  afterEach(() => connected.stop())

  it('are made with all that is named, and known by user and course', async () => {
    const fields = { userid: '5', courseid: '2', role: 'student', timestart: 1_793_491_200, timeend: 0 }
    expect(await write(enrol(fields))).to.deep.equal([{ ok: true, id: '5_2', action: 'created' }])
    expect(row('5_2')).to.include({ roleid: 5, status: 0, timestart: 1_793_491_200, timeend: 0 })
  })

  it('are suspended, never ended: the row and the grades stay', async () => {
    await write(enrol({ userid: '5', courseid: '2' }))
    expect(await write(enrol({ suspended: true }, '5_2'))).to.deep.equal([
      { ok: true, id: '5_2', action: 'updated' },
    ])
    expect(row('5_2')).to.include({ status: 1 })
    expect(connected.sandbox.log.map(call => call.function)).to.not.include('enrol_manual_unenrol_users')
  })

  it('may be repeated: nothing changes the second time', async () => {
    const operation = enrol({ userid: '5', courseid: '2', timestart: 5, timeend: 9 })
    await write(operation)
    const before = row('5_2')
    await write(operation)
    expect(row('5_2')).to.equal(before)
  })

  const roles: readonly (readonly [string, Payload, number])[] = [
    ['the role of a student where none is named', {}, 5],
    ['the role that is named', { role: 'teacher' }, 3],
    ["the role's own id", { roleid: '4' }, 4],
  ]
  for (const [title, role, roleid] of roles)
    it(`give ${title}`, async () => {
      await write(enrol({ userid: '5', courseid: '2', ...role }))
      expect(row('5_2')).to.include({ roleid })
    })

  it("take the site's own role ids from the settings", async () => {
    await connected.stop()
    connected = await connect(
      { college: { users: [{ email: 'a@x.org' }], courses: [{ fullname: 'U', shortname: 'U' }] } },
      { roles: { student: 4 } },
    )
    await write(enrol({ userid: '5', courseid: '2', role: 'student' }))
    expect(row('5_2')).to.include({ roleid: 4 })
  })

  const states: readonly (readonly [Payload, 0 | 1])[] = [
    [{ suspended: true }, 1],
    [{ suspended: false }, 0],
    [{ status: 1 }, 1],
    [{ status: '0' }, 0],
    [{ suspended: false, status: 1 }, 0],
    [{}, 0],
  ]
  for (const [fields, status] of states)
    it(`${JSON.stringify(fields)} is status ${status}`, async () => {
      await write(enrol({ userid: '5', courseid: '2', ...fields }))
      expect(row('5_2')).to.include({ status })
    })

  it('that cannot be made do not hold up the others', async () => {
    const results = await write(
      enrol({ userid: '5', courseid: '2' }),
      enrol({ userid: '99999', courseid: '2' }),
      enrol({ userid: '6', courseid: '999' }),
      enrol({ userid: '6', courseid: '3' }),
      enrol({ userid: '6' }),
      enrol({ userid: '6', courseid: '2', role: 'dean' }),
    )
    expect(results.map(({ ok }) => ok)).to.deep.equal([true, false, false, true, false, false])
    expect(errorOf(results[1])).to.include({ code: 'MOODLE_NO_USER', at: 'userid' })
    expect(errorOf(results[2])).to.include({ code: 'MOODLE_NO_COURSE', at: 'courseid' })
    expect(errorOf(results[4])).to.include({ code: 'MOODLE_FIELD_NEEDED', at: 'courseid' })
    expect(errorOf(results[5])).to.include({ code: 'MOODLE_ROLE', at: 'role' })
  })

  it('whose answer is lost are simply tried again', async () => {
    connected.sandbox.faults.add({ kind: 'drop' })
    let error: unknown
    try {
      await write(enrol({ userid: '5', courseid: '2' }))
    } catch (raised) {
      error = raised
    }
    expect(error).to.be.instanceOf(RetryableError)
    expect((error as RetryableError).ambiguous).to.equal(false)
    expect(await write(enrol({ userid: '5', courseid: '2' }))).to.have.nested.property('[0].ok', true)
  })

  it('without the capability shut only this resource', async () => {
    connected.sandbox.site.withheld.add('enrol/manual:enrol')
    let error: unknown
    try {
      await write(enrol({ userid: '5', courseid: '2' }))
    } catch (raised) {
      error = raised
    }
    expect(error).to.be.instanceOf(SetupError)
    expect(error).to.include({ code: 'MOODLE_CAPABILITY', resource: 'moodle/enrollment' })
  })

  it('are read with their state, many courses at once', async () => {
    connected.sandbox.person.enrol(5, 2)
    connected.sandbox.person.enrol(6, 2, { suspended: true })
    connected.sandbox.person.enrol(5, 3)
    const found = await enrollments().read(['5_2', '6_2', '5_3', '6_3', '5_999', 'x'], never)
    const told = [...found].map(([id, result]) => [
      id,
      result.state === 'found' ? result.payload['status'] : result.state,
    ])
    expect(told).to.deep.equal([
      ['5_2', 0],
      ['6_2', 1],
      ['5_3', 0],
      ['6_3', 'unseen'],
      ['5_999', 'unseen'],
      ['x', 'unseen'],
    ])
    expect((await enrollments().find('id', ['6_2', '6_3'], never)).get('6_2')![0]).to.deep.include({
      id: '6_2',
      userid: '6',
      courseid: '2',
    })
  })
})

describe('members of cohorts and groups in Moodle', () => {
  let connected: Connected
  beforeEach(async () => {
    connected = await withCollege()
  })
  afterEach(() => connected.stop())
  const members = (kind: 'cohort_member' | 'group_member') => connected.connection.resources[kind]!

  it('come into a cohort and leave it', async () => {
    const { id } = connected.sandbox.site.cohorts.insert({
      name: 'C',
      idnumber: 'C',
      description: '',
      visible: 1,
    })
    const cohortid = String(id)
    const results = await members('cohort_member').write(
      [{ fields: { cohortid, userid: '5', removed: false } }, { fields: { cohortid, userid: '6' } }],
      never,
    )
    expect(results).to.deep.equal([
      { ok: true, id: '1_5', action: 'created' },
      { ok: true, id: '1_6', action: 'created' },
    ])
    await members('cohort_member').write([{ id: '1_5', fields: { removed: true } }], never)
    const found = await members('cohort_member').read(['1_5', '1_6', '9_6'], never)
    expect([...found.values()].map(({ state }) => state)).to.deep.equal(['unseen', 'found', 'unseen'])
  })

  it('who do not exist are told alone: the warning of Moodle names nobody', async () => {
    const { id } = connected.sandbox.site.cohorts.insert({
      name: 'C',
      idnumber: 'C',
      description: '',
      visible: 1,
    })
    const cohortid = String(id)
    const results = await members('cohort_member').write(
      ['5', '99999', '6'].map(userid => ({ fields: { cohortid, userid } })),
      never,
    )
    expect(results.map(({ ok }) => ok)).to.deep.equal([true, false, true])
    expect(errorOf(results[1])).to.include({ code: 'MOODLE_NO_MEMBER', at: 'userid' })
  })

  it('of a group must be enrolled in its course', async () => {
    const group = connected.sandbox.site.groups.insert({
      courseid: 2,
      name: 'G',
      idnumber: 'G',
      description: '',
      timemodified: 1,
    })
    const groupid = String(group.id)
    connected.sandbox.person.enrol(5, 2)
    const results = await members('group_member').write(
      ['5', '6'].map(userid => ({ fields: { groupid, userid } })),
      never,
    )
    expect(results[0]).to.deep.equal({ ok: true, id: '1_5', action: 'created' })
    expect(errorOf(results[1])).to.include({ code: 'MOODLE_NOT_ENROLLED', at: 'userid' })
    expect((await members('group_member').find('id', ['1_5', '1_6', '7_5'], never)).size).to.equal(1)
    await members('group_member').write([{ id: '1_5', fields: { removed: true } }], never)
    expect(connected.sandbox.site.groupMembers.size).to.equal(0)
  })

  it('are added and removed in one call of ours', async () => {
    const { id } = connected.sandbox.site.cohorts.insert({
      name: 'C',
      idnumber: 'C',
      description: '',
      visible: 1,
    })
    const cohortid = String(id)
    await members('cohort_member').write([{ fields: { cohortid, userid: '5' } }], never)
    const results = await members('cohort_member').write(
      [
        { id: `${cohortid}_5`, fields: { removed: true } },
        { fields: { cohortid, userid: '6', removed: false } },
      ],
      never,
    )
    expect(results.every(({ ok }) => ok)).to.equal(true)
    expect([...connected.sandbox.site.cohortMembers.all()].map(({ userid }) => userid)).to.deep.equal([6])
  })
})

describe('grades in Moodle', () => {
  it('are never written, and looked up nowhere', async () => {
    const connected = await withCollege()
    try {
      const grades = connected.connection.resources['grade']!
      const [result] = await grades.write([{ fields: { finalgrade: 70 } }], never)
      expect(errorOf(result)).to.include({ code: 'MOODLE_READ_ONLY' })
      expect((await grades.read(['5_1'], never)).get('5_1')).to.deep.equal({ state: 'unseen' })
      expect(connected.sandbox.log).to.deep.equal([])
    } finally {
      await connected.stop()
    }
  })
})

describe('courses and categories in Moodle', () => {
  let connected: Connected
  beforeEach(async () => {
    connected = await withCollege()
  })
  afterEach(() => connected.stop())
  const courses = () => connected.connection.resources['course']!

  it('numbers and switches that were cleared are sent as 0, a cleared lookup not at all', async () => {
    const fields = { enddate: '', visible: '', categoryid: '', summary: '' }
    expect(await courses().write([{ id: '2', fields }], never)).to.have.nested.property('[0].ok', true)
    expect(connected.sandbox.site.courses.get(2)).to.deep.include({
      enddate: 0,
      visible: 0,
      categoryid: 1,
      summary: '',
    })
  })

  const refusals: readonly (readonly [string, Payload, string, string])[] = [
    ['a category that is not there', { categoryid: '999' }, 'MOODLE_NO_CATEGORY', 'categoryid'],
    ['no category', { categoryid: '' }, 'MOODLE_FIELD_NEEDED', 'categoryid'],
    ['a short name that is taken', { shortname: 'U2' }, 'MOODLE_TAKEN', 'shortname'],
  ]
  for (const [title, fields, code, at] of refusals)
    it(`${title} is told at its field, and the rest of the batch is made`, async () => {
      const course = (n: number, more: Payload = {}) => ({
        fields: { fullname: `N ${n}`, shortname: `N${n}`, categoryid: '1', ...more },
      })
      const results = await courses().write([course(1), course(2, fields), course(3)], never)
      expect(results.map(({ ok }) => ok)).to.deep.equal([true, false, true])
      expect(errorOf(results[1])).to.include({ code, at })
    })

  it('a course whose idnumber cannot be seen stops the look-up: a double would be made', async () => {
    connected.sandbox.site.courses.update(2, { idnumber: 'ZC-1' })
    connected.sandbox.site.withheld.add('moodle/course:update')
    let error: unknown
    try {
      await courses().find('idnumber', ['ZC-1'], never)
    } catch (raised) {
      error = raised
    }
    expect(error).to.include({ code: 'MOODLE_COURSES_HIDDEN', resource: 'moodle/course' })
  })

  it('categories that may not be searched stop the look-up too', async () => {
    connected.sandbox.site.withheld.add('moodle/category:manage')
    let error: unknown
    try {
      await connected.connection.resources['category']!.find('idnumber', ['P-1'], never)
    } catch (raised) {
      error = raised
    }
    expect(error).to.be.instanceOf(SetupError)
    expect(error).to.include({ code: 'MOODLE_CAPABILITY', resource: 'moodle/category' })
  })

  it('50 ids are read in one call', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => String(n + 2))
    const found = await courses().read(ids, never)
    expect([...found.values()].filter(({ state }) => state === 'found')).to.have.length(2)
    expect(connected.sandbox.log).to.have.length(1)
  })
})
