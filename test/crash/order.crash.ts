/** Versions 1..6 in all 720 orders; edits of one second in any order; A, then B from the other side, then A again. */
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { notification, until } from '../e2e/college.ts'
import { many, openTwo, permutations, post, print, type TwoEngines } from './colleges.ts'

const AT = Date.UTC(2026, 8, 1)
const VERSIONS = [1, 2, 3, 4, 5, 6]

describe('any order', function () {
  this.timeout(0)
  let two: TwoEngines

  before(async () => {
    two = await openTwo({ announce: false })
  })
  after(() => two.close())

  it('D11: versions 1 to 6 in all 720 orders end at 6, and never go back', async () => {
    const { college, engines } = two
    const orders = permutations(VERSIONS)
    const statuses = new Map<number, number>()
    const students = orders.map((_, n) => {
      const fields = {
        Student_ID: `STU-O${n}`,
        Academic_Email: `order.${n}@college.test`,
        Full_Name: 'No One',
      }
      return { id: college.zoho.person.create('BTEC_Students', fields), ...fields }
    })
    await many(orders.length, 12, async n => {
      for (const [place, version] of orders[n]!.entries()) {
        const at = new Date(AT + version * 1000).toISOString()
        const body = notification({ ...students[n]!, First_Name: 'Order', Last_Name: `V${version}` }, { at })
        const status = await post(engines[place % 2]!, 'student', body)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    })
    await college.quiet(300_000)
    const ends = new Map<string, number>()
    for (const user of college.moodle.site.users.all()) {
      if (!user.idnumber.startsWith('STU-O')) continue
      ends.set(user.lastname, (ends.get(user.lastname) ?? 0) + 1)
    }
    const seen = new Map<string, number>()
    let writes = 0
    let back = 0
    const named = new Map<number, string>(
      [...college.moodle.site.users.all()].map(({ id, idnumber }) => [id, idnumber]),
    )
    for (const call of college.moodle.log) {
      if (!/^core_user_(create|update)_users$/.test(call.function)) continue
      const { users } = call.parameters as unknown as { users: Record<string, Record<string, string>> }
      for (const sent of Object.values(users)) {
        const who = sent['idnumber'] ?? named.get(Number(sent['id'])) ?? ''
        const version = Number(/^V(\d)$/.exec(sent['lastname'] ?? '')?.[1] ?? 0)
        if (version === 0) continue
        writes += 1
        if (version < (seen.get(who) ?? 0)) back += 1
        seen.set(who, version)
      }
    }
    print(
      `${orders.length} orders, ${[...statuses].map(([status, times]) => `${times} x ${status}`).join(', ')}; ` +
        `ends ${[...ends].map(([name, times]) => `${times} x ${name}`).join(', ')}; ${writes} writes, ${back} went back`,
    )
    expect([...statuses.keys()]).to.deep.equal([202])
    expect([...ends]).to.deep.equal([['V6', 720]])
    expect(writes).to.be.at.least(720)
    expect(back).to.equal(0)
  })

  it('D17: A, then B from the other side, then A: both sides end at A, 50 times', async () => {
    const { college } = two
    let ended = 0
    const endpoint = college.engine.credentials.endpoints['zoho']
    college.zoho.notify({
      url: `${college.engine.url}/api/v1/events/zoho/{module}`,
      secret: endpoint?.secret ?? '',
      retries: 5,
    })
    for (let n = 0; n < 50; n++) {
      const email = `aba.${n}@college.test`
      const id = college.zoho.person.create('BTEC_Students', {
        Student_ID: `STU-ABA${n}`,
        Full_Name: 'Aba Person',
        Academic_Email: email,
        City: 'Amman',
      })
      const user = await until('the user', () =>
        [...college.moodle.site.users.all()].find(each => each.email === email && each.city === 'Amman'),
      )
      await until('the link', () => college.zoho.record('BTEC_Students', id)?.['Student_Moodle_ID'])
      college.moodle.person.updateUser(user.id, { city: 'Irbid' })
      if (n % 2 === 0) await college.quiet(60_000)
      college.zoho.person.update('BTEC_Students', id, { City: 'Zarqa' })
      if (n % 3 === 0) await college.quiet(60_000)
      college.zoho.person.update('BTEC_Students', id, { City: 'Amman' })
      await college.quiet(60_000)
      const here = college.moodle.site.users.get(user.id)?.city
      const there = college.zoho.record('BTEC_Students', id)?.['City']
      if (here === 'Amman' && there === 'Amman') ended += 1
      else print(`aba ${n}: Moodle ${here}, Zoho ${there}`)
    }
    print(`${ended} of 50 ended at A on both sides`)
    expect(ended).to.equal(50)
  })
})

describe('edits of one second, told to two engines', function () {
  this.timeout(0)
  let two: TwoEngines
  let zohoTime = Date.now()

  before(async () => {
    two = await openTwo({ announce: false, zoho: { now: () => zohoTime } })
  })
  after(() => two.close())

  it('D10: told in any order and one of them twice, they end at what Zoho has, 500 times', async () => {
    const { college, engines } = two
    const runs = Number(process.env['TIES'] ?? 500)
    const ids = Array.from({ length: runs }, (_, n) =>
      college.zoho.person.create('BTEC_Students', {
        Student_ID: `STU-T${n}`,
        Full_Name: 'Tie Person',
        Academic_Email: `tie.${n}@college.test`,
        City: 'Amman',
      }),
    )
    const state = (id: string) => {
      const row = college.zoho.record('BTEC_Students', id) as Payload & { id: string }
      return notification(row, { at: row['Modified_Time'] as string })
    }
    await many(runs, 12, async n => void (await post(engines[n % 2]!, 'student', state(ids[n]!))))
    await college.quiet(120_000)
    zohoTime += 1000
    const from = college.zoho.log.length
    const orders = permutations([0, 1, 2])
    await many(runs, 12, async n => {
      const told = ['First', 'Second', 'Third'].map(City => {
        college.zoho.person.update('BTEC_Students', ids[n]!, { City })
        return state(ids[n]!)
      })
      const order = orders[n % orders.length]!
      const all = [...order, order[n % 3]!]
      for (const [place, which] of all.entries())
        await post(engines[(n + place) % 2]!, 'student', told[which]!)
    })
    await college.quiet(300_000)
    const asked = college.zoho.log
      .slice(from)
      .filter(({ method, path }) => method === 'GET' && /BTEC_Students(\?ids=|\/\d)/.test(path))
      .map(({ path }) => new URL(path, 'http://zoho').searchParams.get('ids')?.split(',').length ?? 1)
    const ends = new Map<string, number>()
    const users = new Map([...college.moodle.site.users.all()].map(user => [user.idnumber, user.city]))
    for (const [n, id] of ids.entries()) {
      const end = `${users.get(`STU-T${n}`)}, ${college.zoho.record('BTEC_Students', id)?.['City']}`
      ends.set(end, (ends.get(end) ?? 0) + 1)
    }
    print(
      `${runs} runs, ${4 * runs} notifications; ${asked.reduce((sum, each) => sum + each, 0)} records were read in ` +
        `${asked.length} calls; ends ${[...ends].map(([end, times]) => `${times} x ${end}`).join('; ')}`,
    )
    expect([...ends]).to.deep.equal([['Third, Third', runs]])
  })
})

describe('echoes of what was pushed', function () {
  this.timeout(0)
  let two: TwoEngines

  before(async () => {
    two = await openTwo({ announce: false, echoes: true })
  })
  after(() => two.close())

  it('D17: 1,000 pushes of which Moodle tells, of 300 before it answers, are pushed once each', async () => {
    const { college, engines } = two
    const runs = Number(process.env['ECHOES'] ?? 1000)
    const students = Array.from({ length: runs }, (_, n) => {
      const fields = {
        Student_ID: `STU-E${n}`,
        Full_Name: 'Echo Person',
        Academic_Email: `echo.${n}@college.test`,
        City: 'Amman',
      }
      return { ...fields, id: college.zoho.person.create('BTEC_Students', fields) }
    })
    const tellAll = (from: number, to: number, changes: Payload) =>
      many(to - from, 12, async n => {
        const body = notification({ ...students[from + n]!, ...changes })
        await post(engines[n % 2]!, 'student', body)
      })
    await tellAll(0, runs, {})
    await college.quiet(300_000)
    const from = college.moodle.log.length
    const slow = Math.round(runs * 0.3)
    await tellAll(slow, runs, { City: 'Zarqa' })
    await college.quiet(300_000)
    // Moodle has done it, and its plugin tells of it, long before it answers.
    college.moodle.faults.add({ kind: 'latency', function: 'core_user_update_users', times: runs, ms: 2000 })
    await tellAll(0, slow, { City: 'Zarqa' })
    await college.quiet(300_000)
    college.moodle.faults.clear()
    const pushed = new Map<string, number>()
    for (const { function: name, parameters } of college.moodle.log.slice(from)) {
      if (name !== 'core_user_update_users') continue
      for (const user of Object.values(parameters['users'] as Payload)) {
        const id = String((user as Payload)['id'])
        pushed.set(id, (pushed.get(id) ?? 0) + 1)
      }
    }
    const counts = new Map<number, number>()
    for (const times of pushed.values()) counts.set(times, (counts.get(times) ?? 0) + 1)
    print(`${runs} updates; pushed: ${[...counts].map(([times, of]) => `${of} x ${times}`).join(', ')}`)
    expect([...counts]).to.deep.equal([[1, runs]])
  })
})
