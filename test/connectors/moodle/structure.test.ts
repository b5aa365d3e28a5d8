import { expect } from 'chai'
import { DataError, RetryableError, SetupError } from '../../../core/errors.ts'
import type { Payload, WriteOperation } from '../../../core/plugin.ts'
import { type ConnectedSite, connectSite, never } from './connected.ts'
import { errorOf, raised } from './failures.ts'
import { onSandbox, realMoodle } from './site.ts'

describe('courses, categories, cohorts and groups in Moodle', () => {
  let connected: ConnectedSite
  let run = ''
  const site = () => connected.site
  const resource = (name: string) => connected.connection.resources[name]!
  const write = (name: string, ...operations: readonly WriteOperation[]) =>
    resource(name).write(operations, never)
  const course = (n: number, more: Payload = {}): Payload => ({
    fullname: `Unit ${n}`,
    shortname: `U${n}${run}`,
    idnumber: `Z${n}${run}`,
    categoryid: '1',
    ...more,
  })

  beforeEach(async () => {
    connected = await connectSite()
    run = connected.site.run
  })
  afterEach(() => connected.stop())

  it('numbers and switches that were cleared are sent as 0, a cleared lookup not at all', async () => {
    const id = await site().create('course', course(1, { summary: 'x', visible: '1' }))
    const fields = { enddate: '', visible: '', categoryid: '', summary: '' }
    expect(await write('course', { id, fields })).to.have.nested.property('[0].ok', true)
    expect(await site().read('course', id)).to.deep.include({
      enddate: 0,
      visible: 0,
      categoryid: 1,
      summary: '',
    })
  })

  const refusals: readonly (readonly [string, () => Payload, string, string])[] = [
    ['a category that is not there', () => ({ categoryid: '999999' }), 'MOODLE_NO_CATEGORY', 'categoryid'],
    ['no category', () => ({ categoryid: '' }), 'MOODLE_NO_PROGRAMME', 'categoryid'],
    ['a short name that is taken', () => ({ shortname: `U9${run}` }), 'MOODLE_TAKEN', 'shortname'],
    ['an idnumber that is taken', () => ({ idnumber: `Z9${run}` }), 'MOODLE_TAKEN', 'idnumber'],
  ]
  for (const [title, fields, code, at] of refusals)
    it(`${title} is told at its field, and the rest of the batch is made`, async () => {
      await site().create('course', course(9))
      const operations = [course(1), course(2, fields()), course(3)].map(each => ({ fields: each }))
      const results = await write('course', ...operations)
      expect(results.map(({ ok }) => ok)).to.deep.equal([true, false, true])
      expect(errorOf(results[1])).to.include({ code, at })
    })

  it('an update that takes the short name of another course fails alone', async () => {
    const [one, two] = [await site().create('course', course(1)), await site().create('course', course(2))]
    const results = await write(
      'course',
      { id: one, fields: { shortname: `U2${run}` } },
      { id: two, fields: { fullname: 'new' } },
      { id: '999999', fields: { fullname: 'new' } },
    )
    expect(results.map(({ ok }) => ok)).to.deep.equal([false, true, false])
    expect(errorOf(results[0])).to.include({ code: 'MOODLE_TAKEN', at: 'shortname' })
    expect(errorOf(results[2])).to.include({ code: 'REMOTE_GONE', at: 'id' })
  })

  describe('its section', () => {
    const section = async (id: string, number = 0) =>
      ((await site().ask('core_course_get_contents', { courseid: id })) as Payload[]).find(
        each => each['section'] === number,
      )
    // Nobody but the administrator's service can tell what a section holds.
    before(function () {
      if (realMoodle !== undefined && realMoodle.adminToken === undefined) this.skip()
    })

    const told = { sectionname: 'Marketing', sectionsummary: 'U-2\nCredits: 10 < 20' }

    it('is named and described as the course is made, and again when that changes', async () => {
      const [made] = await write('course', { fields: course(1, told) })
      const id = made!.ok ? made!.id : ''
      expect(await section(id)).to.include({ name: 'Marketing' })
      expect((await section(id))?.['summary']).to.match(/U-2<br \/>\s*Credits: 10 &lt; 20/)
      const [changed] = await write('course', { id, fields: { sectionname: 'التسويق' } })
      expect(changed).to.deep.equal({ ok: true, id, action: 'updated' })
      expect((await section(id))?.['summary']).to.match(/U-2/)
      expect(await section(id)).to.include({ name: 'التسويق' })
      const [same] = await write('course', { id, fields: { sectionname: 'التسويق' } })
      expect(same).to.deep.equal({ ok: true, id, action: 'unchanged' })
      await write('course', { id, fields: { sectionname: '', sectionsummary: '' } })
      expect(await section(id)).to.include({ summary: '' })
      expect((await section(id))?.['name']).not.to.equal('التسويق')
    })

    it('may be any, also one that the course has not yet, and is hidden unless it is the general one', async () => {
      const id = await site().create('course', course(1))
      const hidden = { sectionname: 'Marketing', sectionvisible: false }
      const results = await write(
        'course',
        { id, fields: { ...hidden, sectionnumber: 7 } },
        { id, fields: { ...hidden, sectionnumber: 0 } },
      )
      expect(results.map(({ ok }) => ok)).to.deep.equal([true, true])
      expect(await section(id, 7)).to.include({ name: 'Marketing', visible: 0 })
      expect(await section(id, 0)).to.include({ name: 'Marketing', visible: 1 })
    })

    it('that a course cannot have is told at its number, a course that is gone by its id, and the rest is set', async () => {
      const [one, two] = [await site().create('course', course(1)), await site().create('course', course(2))]
      const results = await write(
        'course',
        { id: one, fields: { fullname: 'Unit 1b', ...told, sectionnumber: 5000 } },
        { id: two, fields: told },
        { id: '999999', fields: told },
      )
      expect(results.map(({ ok }) => ok)).to.deep.equal([false, true, false])
      expect(errorOf(results[0])).to.include({ code: 'MOODLE_NO_SECTION', at: 'sectionnumber' })
      expect(errorOf(results[2])).to.include({ code: 'REMOTE_GONE', at: 'id' })
      expect(await site().read('course', one)).to.include({ fullname: 'Unit 1b' })
      expect(await section(two)).to.include({ name: 'Marketing' })
    })

    it('with a name that Moodle does not take is told, and no course is made twice', async () => {
      const results = await write(
        'course',
        { fields: course(1, { ...told, sectionname: 'a <b>c' }) },
        { fields: course(2, told) },
      )
      expect(results.map(({ ok }) => ok)).to.deep.equal([false, true])
      expect(errorOf(results[0])).to.include({ code: 'MOODLE_INVALID' })
      expect(await site().count('course')).to.equal(2)
    })

    onSandbox(
      'needs our plugin: without it the error says so, and the course can be written again',
      async () => {
        const { unknown, unlisted } = connected.site.sandbox!.site
        for (const set of [unknown, unlisted]) {
          set.add('local_moodle_zoho_sync_set_sections')
          const [result] = await write('course', { fields: course(set === unknown ? 1 : 2, told) })
          expect(errorOf(result)).to.be.instanceOf(SetupError).and.include({ code: 'MOODLE_FUNCTION' })
          set.clear()
        }
        expect(await site().count('course')).to.equal(2)
        const [found] = (await resource('course').find('idnumber', [`Z1${run}`], never)).values()
        const [again] = await write('course', { id: String(found?.[0]?.['id']), fields: told })
        expect(again).to.include({ ok: true, action: 'updated' })
      },
    )

    onSandbox(
      'whose answer is lost leaves a course that is found and told again, and nobody in doubt',
      async () => {
        connected.site.sandbox!.faults.add({ kind: 'drop', function: 'local_moodle_zoho_sync_set_sections' })
        const [lost] = await write('course', { fields: course(1, told) })
        expect(errorOf(lost)).to.be.instanceOf(RetryableError).and.include({ ambiguous: false })
        const [found] = (await resource('course').find('idnumber', [`Z1${run}`], never)).values()
        const id = String(found?.[0]?.['id'])
        expect(await write('course', { id, fields: told })).to.have.nested.property('[0].ok', true)
        expect(await section(id)).to.include({ name: 'Marketing' })
        expect(await site().count('course')).to.equal(1)
      },
    )

    onSandbox('needs the right to hide it, which is told as a capability', async () => {
      const id = await site().create('course', course(1))
      connected.site.sandbox!.site.withheld.add('moodle/course:sectionvisibility')
      const [result] = await write('course', { id, fields: { sectionnumber: 1, sectionvisible: false } })
      expect(errorOf(result)).to.be.instanceOf(SetupError).and.include({ code: 'MOODLE_CAPABILITY' })
    })
  })

  it('50 courses are read in one call', async () => {
    const made = await write('course', ...Array.from({ length: 50 }, (_, n) => ({ fields: course(n) })))
    connected.calls.length = 0
    const ids = made.map(result => (result.ok ? result.id : ''))
    const found = await resource('course').read(ids, never)
    expect([...found.values()].filter(({ state }) => state === 'found')).to.have.length(50)
    expect(connected.calls).to.have.length(1)
  })

  it('a course that is missing hides none of the others: Moodle breaks when it is asked for both', async () => {
    const [one, two] = [await site().create('course', course(1)), await site().create('course', course(2))]
    const found = await resource('course').read([one, '999999', two], never)
    const states = [...found.values()].map(({ state }) => state)
    expect(states).to.deep.equal(['found', 'unseen', 'found'])
    expect(connected.calls.length).to.be.at.most(4)
  })

  it('a course is made in its category, and moves to another', async () => {
    const categories = ['A', 'B'].map(name => ({ fields: { name, idnumber: `${name}${run}` } }))
    const [a, b] = (await write('category', ...categories)).map(result => (result.ok ? result.id : ''))
    const [made] = await write('course', { fields: course(1, { categoryid: a! }) })
    const id = made!.ok ? made!.id : ''
    expect(await site().read('course', id)).to.include({ categoryid: Number(a) })
    expect(await write('course', { id, fields: { categoryid: b! } })).to.have.nested.property('[0].ok', true)
    expect(await site().read('course', id)).to.include({ categoryid: Number(b) })
  })

  it('a category keeps its idnumber when only its name changes, and may go below another', async () => {
    const categories = ['A', 'B'].map(name => ({ fields: { name, idnumber: `${name}${run}` } }))
    const [a, b] = (await write('category', ...categories)).map(result => (result.ok ? result.id : ''))
    await write('category', { id: a!, fields: { name: 'Business' } })
    await write('category', { id: a!, fields: { parent: b! } })
    expect(await site().read('category', a!)).to.include({
      name: 'Business',
      idnumber: `A${run}`,
      parent: Number(b),
    })
  })

  const holders: readonly (readonly [string, string, (n: number) => Payload, string])[] = [
    ['category', 'idnumber', n => ({ name: `P ${n}`, idnumber: `P${n}${run}` }), 'MOODLE_TAKEN'],
    ['cohort', 'idnumber', n => ({ name: `C ${n}`, idnumber: `C${n}${run}` }), 'MOODLE_TAKEN'],
  ]
  for (const [name, at, fields, code] of holders)
    it(`an update that takes the ${at} of another ${name} fails alone`, async () => {
      const [one, two] = [await site().create(name, fields(1)), await site().create(name, fields(2))]
      const results = await write(
        name,
        { id: one, fields: { [at]: fields(2)[at]! } },
        { id: two, fields: { description: 'new' } },
      )
      expect(results.map(({ ok }) => ok)).to.deep.equal([false, true])
      expect(errorOf(results[0])).to.be.instanceOf(DataError)
      expect(errorOf(results[0])).to.include({ code, at })
      expect(await site().read(name, two)).to.include({ description: 'new' })
    })

  it('a cohort keeps name and idnumber when only its description changes', async () => {
    const id = await site().create('cohort', { name: 'دفعة 2026', idnumber: `C${run}` })
    const results = await write('cohort', { id, fields: { description: 'new', visible: false } })
    expect(results).to.deep.equal([{ ok: true, id, action: 'updated' }])
    expect(await site().read('cohort', id)).to.include({
      name: 'دفعة 2026',
      idnumber: `C${run}`,
      description: 'new',
      visible: false,
    })
  })

  it('a group keeps name and idnumber when only its description changes; a name that is taken is told', async () => {
    const courseid = await site().create('course', course(1))
    const [one, two] = [
      await site().create('group', { courseid, name: 'One', idnumber: `G1${run}` }),
      await site().create('group', { courseid, name: 'Two', idnumber: `G2${run}` }),
    ]
    await write('group', { id: one, fields: { description: 'new' } })
    expect(await site().read('group', one)).to.include({
      name: 'One',
      idnumber: `G1${run}`,
      description: 'new',
    })
    for (const fields of [{ name: 'Two' }, { idnumber: `G2${run}` }]) {
      const [result] = await write('group', { id: one, fields })
      expect(errorOf(result)).to.include({ code: 'MOODLE_TAKEN', at: Object.keys(fields)[0] })
    }
    const [again] = await write('group', { fields: { courseid, name: 'Two', idnumber: `G3${run}` } })
    expect(errorOf(again)).to.include({ code: 'MOODLE_TAKEN', at: 'name' })
    expect(two).to.not.equal(one)
  })

  onSandbox('a course whose idnumber cannot be seen stops the look-up: a double would be made', async () => {
    await site().create('course', course(1))
    site().sandbox!.site.withheld.add('moodle/course:update')
    const error = await raised(resource('course').find('idnumber', [`Z1${run}`], never))
    expect(error).to.include({ code: 'MOODLE_COURSES_HIDDEN', resource: 'moodle/course' })
  })

  onSandbox('categories that may not be searched stop the look-up too', async () => {
    site().sandbox!.site.withheld.add('moodle/category:manage')
    const error = await raised(resource('category').find('idnumber', ['P-1'], never))
    expect(error).to.be.instanceOf(SetupError)
    expect(error).to.include({ code: 'MOODLE_CAPABILITY', resource: 'moodle/category' })
  })
})
