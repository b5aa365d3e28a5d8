import { expect } from 'chai'
import type { MoodleSettings } from '../../../connectors/moodle/settings.ts'
import { RetryableError, SetupError } from '../../../core/errors.ts'
import type { Payload, WriteOperation } from '../../../core/plugin.ts'
import { type ConnectedSite, connectSite, never } from './connected.ts'
import { errorOf, raised } from './failures.ts'
import { onSandbox } from './site.ts'

let connected: ConnectedSite
const site = () => connected.site
const sandbox = () => connected.site.sandbox!
const resource = (name: string) => connected.connection.resources[name]!

const person = (name: string) =>
  site().create('user', {
    username: `${name}.${site().run}`,
    email: `${name}@${site().run}.example`,
    firstname: 'First',
    lastname: 'Last',
  })
const course = (name: string, more: Payload = {}) =>
  site().create('course', {
    fullname: `Unit ${name}`,
    shortname: `${name}${site().run}`,
    categoryid: '1',
    ...more,
  })

/** Two people and two courses. */
let ali = ''
let mona = ''
let unit1 = ''
let unit2 = ''
async function openCollege(settings: Partial<MoodleSettings> = {}): Promise<void> {
  connected = await connectSite(settings)
  ali = await person('ali')
  mona = await person('mona')
  unit1 = await course('U1')
  unit2 = await course('U2')
}

describe('enrolments in Moodle', () => {
  const enrol = (fields: Payload, id?: string): WriteOperation => ({
    fields,
    ...(id === undefined ? {} : { id }),
  })
  const write = async (...operations: readonly WriteOperation[]) =>
    resource('enrollment').write(operations, never)
  const pair = () => ({ userid: ali, courseid: unit1 })
  const id = () => `${ali}_${unit1}`
  const now = () => site().enrolment(ali, unit1)

  beforeEach(() => openCollege())
  afterEach(() => connected.stop())

  it('are made with all that is named, and known by user and course', async () => {
    const fields = { ...pair(), role: 'student', timestart: 1_793_491_200, timeend: 0 }
    expect(await write(enrol(fields))).to.deep.equal([{ ok: true, id: id(), action: 'created' }])
    expect(await now()).to.deep.equal({ roles: [5], suspended: false })
  })

  onSandbox('keep the times that are named', async () => {
    await write(enrol({ ...pair(), timestart: 1_793_491_200, timeend: 1_825_027_200 }))
    const [row] = sandbox().site.enrolments.by('pair', id())
    expect(row).to.include({ timestart: 1_793_491_200, timeend: 1_825_027_200 })
  })

  it('are suspended, never ended: enrolment, role and group stay', async () => {
    await write(enrol(pair()))
    const group = await site().create('group', { courseid: unit1, name: 'G', idnumber: `G${site().run}` })
    await resource('group_member').write([{ fields: { groupid: group, userid: ali } }], never)
    expect(await write(enrol({ suspended: true }, id()))).to.deep.equal([
      { ok: true, id: id(), action: 'updated' },
    ])
    expect(await now()).to.deep.equal({ roles: [5], suspended: true })
    expect(await site().members('group', group)).to.deep.equal([ali])
    expect(connected.calls).to.not.include('enrol_manual_unenrol_users')
  })

  it('become active again, as the same enrolment', async () => {
    await write(enrol({ ...pair(), suspended: true }))
    await write(enrol({ ...pair(), suspended: false }, id()))
    expect(await now()).to.deep.equal({ roles: [5], suspended: false })
  })

  it('may be repeated: nothing changes the second time', async () => {
    const operation = enrol({ ...pair(), timestart: 5, timeend: 1_999_999_999 })
    await write(operation)
    const before = await now()
    expect(await write(operation)).to.have.nested.property('[0].ok', true)
    expect(await now()).to.deep.equal(before)
  })

  const roles: readonly (readonly [string, Payload, number])[] = [
    ['the role of a student where none is named', {}, 5],
    ['the role that is named', { role: 'teacher' }, 3],
    ["the role's own id", { roleid: '4' }, 4],
  ]
  for (const [title, role, roleid] of roles)
    it(`give ${title}`, async () => {
      await write(enrol({ ...pair(), ...role }))
      expect(await now()).to.deep.equal({ roles: [roleid], suspended: false })
    })

  it("take the site's own role ids from the settings", async () => {
    await connected.stop()
    await openCollege({ roles: { student: 4 } })
    await write(enrol({ ...pair(), role: 'student' }))
    expect(await now()).to.deep.include({ roles: [4] })
  })

  const states: readonly (readonly [Payload, boolean])[] = [
    [{ suspended: true }, true],
    [{ suspended: false }, false],
    [{ status: 1 }, true],
    [{ status: '0' }, false],
    [{ suspended: false, status: 1 }, false],
    [{}, false],
  ]
  for (const [fields, suspended] of states)
    it(`${JSON.stringify(fields)} is ${suspended ? 'suspended' : 'active'}`, async () => {
      await write(enrol({ ...pair(), ...fields }))
      expect(await now()).to.deep.include({ suspended })
    })

  it('that cannot be made do not hold up the others', async () => {
    const results = await write(
      enrol(pair()),
      enrol({ userid: '999999', courseid: unit1 }),
      enrol({ userid: mona, courseid: '999999' }),
      enrol({ userid: mona, courseid: unit2 }),
      enrol({ userid: mona }),
      enrol({ userid: mona, courseid: unit1, role: 'dean' }),
    )
    expect(results.map(({ ok }) => ok)).to.deep.equal([true, false, false, true, false, false])
    expect(errorOf(results[1])).to.include({ code: 'MOODLE_NO_USER', at: 'userid' })
    expect(errorOf(results[2])).to.include({ code: 'MOODLE_NO_COURSE', at: 'courseid' })
    expect(errorOf(results[4])).to.include({ code: 'MOODLE_FIELD_NEEDED', at: 'courseid' })
    expect(errorOf(results[5])).to.include({ code: 'MOODLE_ROLE', at: 'role' })
  })

  it('of a deleted user say that he is gone, and hold up no other', async function () {
    if (!site().mayDelete) return this.skip()
    await site().remove('user', ali)
    const results = await write(enrol(pair()), enrol({ userid: mona, courseid: unit1 }))
    expect(results.map(({ ok }) => ok)).to.deep.equal([false, true])
    expect(errorOf(results[0])).to.include({ code: 'MOODLE_NO_USER', at: 'userid' })
  })

  onSandbox('whose answer is lost are simply tried again', async () => {
    sandbox().faults.add({ kind: 'drop' })
    const error = await raised(write(enrol(pair())))
    expect(error).to.be.instanceOf(RetryableError)
    expect((error as RetryableError).ambiguous).to.equal(false)
    expect(await write(enrol(pair()))).to.have.nested.property('[0].ok', true)
  })

  onSandbox('without the capability shut only this resource', async () => {
    sandbox().site.withheld.add('enrol/manual:enrol')
    const error = await raised(write(enrol(pair())))
    expect(error).to.be.instanceOf(SetupError)
    expect(error).to.include({ code: 'MOODLE_CAPABILITY', resource: 'moodle/enrollment' })
  })

  it('are read with their state, many courses at once', async () => {
    await write(
      enrol(pair()),
      enrol({ userid: mona, courseid: unit1, suspended: true }),
      enrol({ userid: ali, courseid: unit2 }),
    )
    const asked = [id(), `${mona}_${unit1}`, `${ali}_${unit2}`, `${mona}_${unit2}`, `${ali}_999999`, 'x']
    const found = await resource('enrollment').read(asked, never)
    const told = [...found].map(([pairId, result]) => [
      pairId,
      result.state === 'found' ? result.payload['status'] : result.state,
    ])
    expect(told).to.deep.equal(asked.map((each, n) => [each, [0, 1, 0, 'unseen', 'unseen', 'unseen'][n]]))
    const suspended = `${mona}_${unit1}`
    const matches = await resource('enrollment').find('id', [suspended, `${mona}_${unit2}`], never)
    expect([...matches.keys()]).to.deep.equal([suspended])
    expect(matches.get(suspended)![0]).to.deep.include({ id: suspended, userid: mona, courseid: unit1 })
  })
})

describe('members of cohorts and groups in Moodle', () => {
  beforeEach(() => openCollege())
  afterEach(() => connected.stop())
  const cohort = () => site().create('cohort', { name: 'C', idnumber: `C${site().run}` })
  const write = (kind: 'cohort_member' | 'group_member', operations: readonly WriteOperation[]) =>
    resource(kind).write(operations, never)

  it('come into a cohort and leave it', async () => {
    const cohortid = await cohort()
    const results = await write('cohort_member', [
      { fields: { cohortid, userid: ali, removed: false } },
      { fields: { cohortid, userid: mona } },
    ])
    expect(results).to.deep.equal([
      { ok: true, id: `${cohortid}_${ali}`, action: 'created' },
      { ok: true, id: `${cohortid}_${mona}`, action: 'created' },
    ])
    await write('cohort_member', [{ id: `${cohortid}_${ali}`, fields: { removed: true } }])
    expect(await site().members('cohort', cohortid)).to.deep.equal([mona])
    const asked = [`${cohortid}_${ali}`, `${cohortid}_${mona}`, `999999_${mona}`]
    const found = await resource('cohort_member').read(asked, never)
    expect([...found.values()].map(({ state }) => state)).to.deep.equal(['unseen', 'found', 'unseen'])
  })

  it('may be added and taken out again and again', async () => {
    const cohortid = await cohort()
    const add = [{ fields: { cohortid, userid: ali } }]
    const remove = [{ id: `${cohortid}_${ali}`, fields: { removed: true } }]
    for (const operations of [add, add, remove, remove, add])
      expect(await write('cohort_member', operations)).to.have.nested.property('[0].ok', true)
    expect(await site().members('cohort', cohortid)).to.deep.equal([ali])
  })

  it('who do not exist are told alone: the warning of Moodle names nobody', async () => {
    const cohortid = await cohort()
    const results = await write(
      'cohort_member',
      [ali, '999999', mona].map(userid => ({ fields: { cohortid, userid } })),
    )
    expect(results.map(({ ok }) => ok)).to.deep.equal([true, false, true])
    expect(errorOf(results[1])).to.include({ code: 'MOODLE_NO_MEMBER', at: 'userid' })
  })

  it('of a cohort that is not there are told so', async () => {
    const [result] = await write('cohort_member', [{ fields: { cohortid: '999999', userid: ali } }])
    expect(errorOf(result)).to.include({ code: 'MOODLE_NO_MEMBER', at: 'cohortid' })
  })

  it('of a group must be enrolled in its course', async () => {
    const groupid = await site().create('group', { courseid: unit1, name: 'G', idnumber: `G${site().run}` })
    await resource('enrollment').write([{ fields: { userid: ali, courseid: unit1 } }], never)
    const results = await write(
      'group_member',
      [ali, mona].map(userid => ({ fields: { groupid, userid } })),
    )
    expect(results[0]).to.deep.equal({ ok: true, id: `${groupid}_${ali}`, action: 'created' })
    expect(errorOf(results[1])).to.include({ code: 'MOODLE_NOT_ENROLLED', at: 'userid' })
    const asked = [`${groupid}_${ali}`, `${groupid}_${mona}`, `999999_${ali}`]
    expect((await resource('group_member').find('id', asked, never)).size).to.equal(1)
    await write('group_member', [{ id: `${groupid}_${ali}`, fields: { removed: true } }])
    expect(await site().members('group', groupid)).to.deep.equal([])
  })

  it('are added and removed in one call of ours', async () => {
    const cohortid = await cohort()
    await write('cohort_member', [{ fields: { cohortid, userid: ali } }])
    const results = await write('cohort_member', [
      { id: `${cohortid}_${ali}`, fields: { removed: true } },
      { fields: { cohortid, userid: mona, removed: false } },
    ])
    expect(results.every(({ ok }) => ok)).to.equal(true)
    expect(await site().members('cohort', cohortid)).to.deep.equal([mona])
  })
})
