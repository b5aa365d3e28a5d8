import { expect } from 'chai'
import type { SetupError } from '../../../core/errors.ts'
import { connectSite, never } from './connected.ts'
import { onReal } from './site.ts'

describe('grades in Moodle', () => {
  let connected: Awaited<ReturnType<typeof connectSite>>
  const grades = () => connected.connection.resources['grade']!
  /** A real Moodle has the grades that people gave there: no web service makes an assignment. */
  const sandbox = () => connected.site.sandbox!

  before(async () => {
    connected = await connectSite()
    if (onReal) return
    const { person } = sandbox()
    const ali = person.createUser({ email: 'ali@college.example', firstname: 'Ali', lastname: 'Saleh' })
    const mona = person.createUser({ email: 'mona@college.example', firstname: 'منى', lastname: 'Haddad' })
    const course = person.createCourse({ fullname: 'Unit 1', shortname: 'U1' })
    for (const { id } of [ali, mona]) person.enrol(id, course.id)
    person.grade({
      userid: ali.id,
      courseid: course.id,
      assignment: { id: '12', cmid: '34', name: 'A1', idnumber: '' },
      itemid: '56',
      gradetype: 2,
      grademin: 1,
      grademax: 4,
      finalgrade: 3,
      scale: ['Refer', 'Pass', 'Merit', 'Distinction'],
      scale_label: 'Merit',
      feedback: '<p>جيد</p>',
      grader: { id: '9', username: 'khalil', name: 'Sara Khalil' },
      grader_role: 'teacher',
      learning_outcomes: [{ code: 'P1', description: 'Explain', score: 1, feedback: 'Met' }],
    })
    person.grade({ userid: mona.id, courseid: course.id, itemid: '57', itemtype: 'manual', finalgrade: 88 })
  })
  after(() => connected.stop())

  /** All pages. */
  async function listed(since?: number) {
    const objects = []
    for (let page: string | undefined, first = true; first || page !== undefined; first = false) {
      const asked = { ...(since === undefined ? {} : { since }), ...(page === undefined ? {} : { page }) }
      const answer = await grades().changes!(asked, never)
      objects.push(...answer.objects)
      page = answer.next
    }
    return objects
  }

  it('are listed whole, and each that is listed is read under its own key', async () => {
    const objects = await listed()
    if (!onReal) expect(objects.map(({ id }) => id)).to.deep.equal(['5_12', '6_i57'])
    const ids = objects.map(({ id }) => id)
    const read = await grades().read(ids, never)
    for (const { id, at, version } of objects) {
      const result = read.get(id)!
      if (result.state !== 'found') throw new Error(`${id} is ${result.state}`)
      const { key, userid, finalgrade, timemodified } = result.payload
      expect([key, typeof finalgrade]).to.deep.equal([id, 'number'])
      expect(id.startsWith(`${userid}_`)).to.equal(true)
      expect([version, at]).to.deep.equal([[timemodified], Number(timemodified) * 1000])
    }
  })

  it('that were not changed since are not listed', async () => {
    expect(await listed(Date.now() + 86_400_000)).to.deep.equal([])
  })

  it('that are not there are gone where nobody can have them, and unseen where somebody may', async () => {
    const asked = ['999999_999999', '999999_i999999', 'x', '5_', '5_j7', '5_6_7']
    const read = await grades().read(asked, never)
    expect(Object.fromEntries(read)).to.deep.equal({
      '999999_999999': { state: 'gone' },
      '999999_i999999': { state: 'gone' },
      x: { state: 'unseen' },
      '5_': { state: 'unseen' },
      '5_j7': { state: 'unseen' },
      '5_6_7': { state: 'unseen' },
    })
    if (onReal) return
    expect((await grades().read(['6_12'], never)).get('6_12')).to.deep.equal({ state: 'unseen' })
  })

  it('are asked for 50 in a call', async () => {
    connected.calls.length = 0
    const ids = Array.from({ length: 120 }, (_, n) => `999999_${n + 1}`)
    expect((await grades().read([...ids, ...ids], never)).size).to.equal(120)
    expect(connected.calls).to.deep.equal(Array(3).fill('local_moodle_zoho_sync_get_grades'))
  })

  it('are found by their key, and looked up by nothing else', async () => {
    const [first] = await listed()
    if (first !== undefined) {
      const found = await grades().find('key', [first.id, '999999_999999'], never)
      expect([...found.keys()]).to.deep.equal([first.id])
    }
    const error = await grades()
      .find('itemname', ['A1'], never)
      .catch((caught: unknown) => caught)
    expect(error).to.include({ code: 'MOODLE_FIND' })
  })

  it('are never written', async () => {
    const [result] = await grades().write([{ fields: { finalgrade: 70 } }], never)
    expect(result).to.nested.include({ ok: false, 'error.code': 'MOODLE_READ_ONLY' })
  })

  it('of a Moodle without our plugin are not listed, and not read', async function () {
    if (onReal) return this.skip()
    sandbox().site.unknown.add('local_moodle_zoho_sync_get_grades')
    sandbox().site.unknown.add('local_moodle_zoho_sync_list_grades')
    try {
      expect(await listed()).to.deep.equal([])
      const error = await grades()
        .read(['5_12'], never)
        .catch((caught: unknown) => caught)
      expect(error).to.include({ code: 'MOODLE_FUNCTION', resource: 'moodle/grade' })
      expect((error as SetupError).hint).to.include('upgrade the plugin')
    } finally {
      sandbox().site.unknown.clear()
    }
  })

  it('are whole: criteria, labels, marker', async function () {
    if (onReal) return this.skip()
    const result = (await grades().read(['5_12'], never)).get('5_12')!
    expect(result.state).to.equal('found')
    expect(result).to.deep.nested.include({
      'payload.scale': ['Refer', 'Pass', 'Merit', 'Distinction'],
      'payload.scale_label': 'Merit',
      'payload.grader': { id: '9', username: 'khalil', name: 'Sara Khalil' },
      'payload.learning_outcomes': [
        { code: 'P1', description: 'Explain', score: 1, feedback: 'Met', achieved: true },
      ],
    })
  })
})
