/** Edits on both sides within a second, and a text of which Moodle has another form. */
import { expect } from 'chai'
import { changeUser } from '../../connectors/moodle/sandbox/users.ts'
import type { Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

/** Zoho's clock is the test's: all that is edited until it is turned has one Modified_Time. */
let zohoTime = Date.now()

describe('what both sides have to say', () => {
  let college: College

  before(async function () {
    this.timeout(30_000)
    college = await openCollege({ announce: false, echoes: true, zoho: { now: () => zohoTime } })
  })

  after(() => college.close())

  const create = (name: string, fields: Payload = {}) =>
    college.zoho.person.create('BTEC_Students', {
      Student_ID: name,
      Full_Name: 'Mona Meeting',
      Academic_Email: `${name.toLowerCase()}@college.test`,
      City: 'Amman',
      ...fields,
    })
  const row = (id: string) => college.zoho.record('BTEC_Students', id) as Payload & { id: string }
  const user = (idnumber: string) => {
    const found = [...college.moodle.site.users.all()].find(each => each.idnumber === idnumber)
    if (found === undefined) throw new Error(`${idnumber} is not in Moodle`)
    return found
  }
  /** As the workflow function sends the row just now. */
  const state = (id: string) => notification(row(id), { at: row(id)['Modified_Time'] as string })
  const tell = async (body: Payload) => {
    const { status } = await college.webhook('student', body)
    expect(status).to.be.oneOf([200, 202])
  }

  /** What Moodle's people wanted and the register did not let be, as the record's history has it. */
  const kept = async (id: string) => {
    const { body } = await college.call('GET', `/api/v1/records/student/${id}`)
    return (body['history'] as Payload[]).filter(
      ({ reason, resource }) => reason === 'kept' && resource === 'moodle/user',
    )
  }

  it('D16: tags, capitals and spaces that Moodle has not are pushed twice at most, and 100 echoes change nothing', async () => {
    const id = create('D16')
    const told: Payload & { id: string } = {
      ...row(id),
      Full_Name: '  Mona <b>Bold</b> ',
      Academic_Email: ' Mona.Bold@College.test ',
      Username: ' Mona.BOLD ',
      City: ' Amman <i>East</i> ',
    }
    await tell(notification(told, { at: told['Modified_Time'] as string }))
    await college.quiet()
    const made = user('D16')
    expect(made).to.include({ firstname: 'Mona', lastname: 'Bold', email: 'mona.bold@college.test' })
    expect(made).to.include({ username: 'mona.bold', city: 'Amman East' })
    const pushes = () =>
      college.moodle.log.filter(({ function: name }) => /^core_user_(create|update)_users$/.test(name)).length
    const writes = () =>
      college.zoho.log.filter(({ method, path }) => method !== 'GET' && path.includes('BTEC_Students')).length
    expect(pushes()).to.be.within(1, 2)
    const before = [pushes(), writes()]
    for (let n = 0; n < 100; n++) changeUser(college.moodle.site, made, {}, 'ws')
    await college.quiet()
    expect([pushes(), writes()]).to.deep.equal(before)
  })

  describe('a Moodle that makes something else of what it is sent', () => {
    let id: string
    let userid: number
    let restore = () => {}

    before(async () => {
      const { users } = college.moodle.site
      const { insert, update } = users
      const raised = <T extends object>(row: T): T =>
        'city' in row ? { ...row, city: String(row.city).toUpperCase() } : row
      users.insert = row => insert(raised(row))
      users.update = (which, changes) => update(which, raised(changes))
      restore = () => Object.assign(users, { insert, update })
      id = create('D16-M')
      await tell(state(id))
      await college.quiet()
      userid = user('D16-M').id
    })
    after(() => restore())

    /** Of this one: a sweep may bring news of the others. */
    const pushes = () =>
      college.moodle.log.filter(
        ({ function: name, parameters }) =>
          /^core_user_(create|update)_users$/.test(name) &&
          Object.values(parameters['users'] as Payload).some(each => {
            const sent = each as Payload
            return sent['idnumber'] === 'D16-M' || sent['id'] === String(userid)
          }),
      ).length
    const pushesOf = async (act: () => unknown) => {
      const before = pushes()
      await act()
      await college.quiet()
      return pushes() - before
    }
    const city = () => college.moodle.site.users.get(userid)?.city

    const echo = () => void changeUser(college.moodle.site, user('D16-M'), {}, 'ws')
    const edit = (value: string) => void college.moodle.person.updateUser(userid, { city: value })
    const sweep = async () => {
      const order = { module: 'student', full: true }
      const { status, body } = await college.call('POST', '/v1/extension/sync/trigger', order)
      expect(status, JSON.stringify(body)).to.equal(202)
      await until('the sweeps are over', async () => {
        const { body: syncs } = await college.call('GET', '/v1/extension/sync/history')
        return !JSON.stringify(syncs).includes('"running"')
      })
    }

    it('D16: gets it twice, and no echo and no sweep sends it again', async () => {
      await pushesOf(echo)
      expect(pushes()).to.equal(2)
      expect(city()).to.equal('AMMAN')
      expect(await pushesOf(() => Array.from({ length: 100 }, echo)), 'echoes').to.equal(0)
      const from = college.moodle.log.length
      expect(await pushesOf(sweep), 'a sweep').to.equal(0)
      // Listed by a range of ids, and read.
      const asked = college.moodle.log
        .slice(from)
        .filter(call => call.function.includes('get_users_by_field'))
      expect(asked.length).to.be.at.least(2)
    })

    it('D16: gets back what a person changes there, each time', async () => {
      for (const value of ['Irbid', 'Irbid', 'Ajloun', 'Irbid']) {
        const [pushed, kepts] = [await pushesOf(() => edit(value)), await kept(id)]
        expect(pushed, value).to.be.within(1, 2)
        expect(city(), value).to.equal('AMMAN')
        expect(kepts[0]?.['reason']).to.equal('kept')
      }
      expect(await pushesOf(() => Array.from({ length: 20 }, echo)), 'echoes').to.equal(0)
    })

    it('D16: gets what the register changes, twice at most, and then it is quiet', async () => {
      zohoTime += 1000
      college.zoho.person.update('BTEC_Students', id, { City: 'Zarqa' })
      const before = pushes()
      await pushesOf(() => tell(state(id)))
      await pushesOf(echo)
      expect(pushes() - before).to.be.within(1, 2)
      expect(await pushesOf(() => Array.from({ length: 20 }, echo)), 'echoes').to.equal(0)
      expect([city(), row(id)['City']]).to.deep.equal(['ZARQA', 'Zarqa'])
    })
  })

  it('D18: both sides edited within a second end at what the register says; the other edit is in the history', async () => {
    const id = create('D18')
    await tell(state(id))
    await college.quiet()
    const { id: userid } = user('D18')
    for (const first of ['zoho', 'moodle']) {
      const before = new Set((await kept(id)).map(({ id: event }) => event))
      zohoTime += 2000
      const [ours, theirs] = [`Zarqa ${first}`, `Irbid ${first}`]
      const inZoho = () => {
        college.zoho.person.update('BTEC_Students', id, { City: ours })
        return tell(state(id))
      }
      const inMoodle = async () => void college.moodle.person.updateUser(userid, { city: theirs })
      await Promise.all((first === 'zoho' ? [inZoho, inMoodle] : [inMoodle, inZoho]).map(edit => edit()))
      await college.quiet()
      expect([user('D18').city, row(id)['City']], first).to.deep.equal([ours, ours])
      const news = (await kept(id)).filter(({ id: event }) => !before.has(event))
      expect(news, first).to.not.deep.equal([])
    }
  })

  /** How many students each call since `from` asked Zoho for; one alone stands in the path. */
  const reads = (from: number) =>
    college.zoho.log
      .slice(from)
      .filter(({ method, path }) => method === 'GET' && /BTEC_Students(\?ids=|\/\d)/.test(path))
      .map(({ path }) => new URL(path, 'http://zoho').searchParams.get('ids')?.split(',').length ?? 1)

  it('D10: two edits in one second, told in reverse and one twice, end at what Zoho has, 20 times', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => create(`D10-${n}`))
    await Promise.all(ids.map(id => tell(state(id))))
    await college.quiet()
    zohoTime += 1000
    const from = college.zoho.log.length
    await Promise.all(
      ids.map(async (id, n) => {
        college.zoho.person.update('BTEC_Students', id, { City: 'First', Phone_Number: '1' })
        const first = state(id)
        college.zoho.person.update('BTEC_Students', id, { City: 'Second' })
        const second = state(id)
        expect((second['data'] as Payload)['Modified_Time']).to.equal(
          (first['data'] as Payload)['Modified_Time'],
        )
        const orders = [
          [second, second, first],
          [second, first, first],
          [first, second, first],
        ]
        for (const body of orders[n % 3] as Payload[]) await tell(body)
      }),
    )
    await college.quiet()
    const cities = () => ids.flatMap((id, n) => [user(`D10-${n}`).city, row(id)['City']])
    expect(new Set(cities())).to.deep.equal(new Set(['Second']))
    // One read for each that told something else than what was known.
    expect(reads(from).reduce((sum, asked) => sum + asked, 0)).to.be.within(20, 34)

    const before = college.zoho.log.length
    await Promise.all(ids.map(id => tell(state(id))))
    await college.quiet()
    expect(reads(before), 'what was told before').to.deep.equal([])

    const data = ids.map(id => ({ ...row(id), City: 'Third' }))
    const { body } = await college.call('POST', '/api/v1/sync/students', { data })
    await college.quiet()
    expect(body['summary']).to.include({ total: 20, unchanged: 20 })
    expect(reads(before), 'a list of 20').to.deep.equal([20])
    expect(new Set(cities())).to.deep.equal(new Set(['Second']))
  })
})
