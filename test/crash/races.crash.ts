/** Issue: simultaneous webhooks, both systems at once, waiting against arrival. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { notification } from '../e2e/college.ts'
import { many, openTwo, post, print, type TwoEngines } from './colleges.ts'

const size = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const WEBHOOKS = size('RACES_WEBHOOKS', 1000)
const PERSONS = size('RACES_PERSONS', 200)
const ARRIVALS = size('RACES_ARRIVALS', 10_000)
const count = (all: readonly (string | number)[]) => {
  const times = new Map<string | number, number>()
  for (const each of all) times.set(each, (times.get(each) ?? 0) + 1)
  return [...times].map(([what, n]) => `${n} x ${what}`).join(', ')
}

describe('races between two engines', function () {
  this.timeout(0)
  let two: TwoEngines

  afterEach(() => two.close())

  it('two webhooks for one record at once make one object, and nobody is shown an error', async () => {
    two = await openTwo({ announce: false })
    const { college, engines } = two
    const statuses: number[] = []
    const ids: string[] = []
    await many(WEBHOOKS, 10, async n => {
      const fields = {
        Student_ID: `STU-S${n}`,
        Academic_Email: `same.${n}@college.test`,
        Full_Name: 'Same Old',
      }
      const id = college.zoho.person.create('BTEC_Students', fields)
      ids.push(id)
      const older = notification({ id, ...fields }, { at: '2026-09-01T10:00:00Z' })
      const newer = notification({ id, ...fields, Full_Name: 'Same New' }, { at: '2026-09-01T10:00:01Z' })
      statuses.push(
        ...(await Promise.all([
          post(engines[n % 2]!, 'student', older),
          post(engines[1 - (n % 2)]!, 'student', newer),
        ])),
      )
    })
    await college.quiet(300_000)
    const users = [...college.moodle.site.users.all()].filter(each => each.idnumber.startsWith('STU-S'))
    const records = await college.engine.store.db.collection('records').countDocuments()
    const marks = ids.map(id => String(college.zoho.record('BTEC_Students', id)?.['Sync_Status']))
    print(
      `${WEBHOOKS} pairs: answers ${count(statuses)}; ${users.length} users, ${new Set(users.map(each => each.idnumber)).size} different, ` +
        `last names ${count(users.map(each => each.lastname))}; ${records} records; Zoho says ${count(marks)}`,
    )
    expect(statuses.every(status => status === 202)).to.equal(true)
    expect(users).to.have.length(WEBHOOKS)
    expect(new Set(users.map(each => each.idnumber)).size).to.equal(WEBHOOKS)
    expect(new Set(users.map(each => each.lastname))).to.deep.equal(new Set(['New']))
    expect(records).to.equal(WEBHOOKS)
    expect(new Set(marks)).to.deep.equal(new Set(['Synced']))
  })

  it('a student whom both systems make at once is one user and one record, linked', async () => {
    two = await openTwo({ announce: false, echoes: true })
    const { college, engines } = two
    await many(PERSONS, 10, async n => {
      const fields = {
        Student_ID: `STU-B${n}`,
        Full_Name: 'Rima Both',
        Academic_Email: `both.${n}@college.test`,
        Username: `both.${n}`,
      }
      const id = college.zoho.person.create('BTEC_Students', fields)
      college.moodle.person.createUser(
        {
          username: `both.${n}`,
          email: fields.Academic_Email,
          firstname: 'Rima',
          lastname: 'Both',
          idnumber: fields.Student_ID,
        },
        'student',
      )
      await post(engines[1], 'student', notification({ id, ...fields }))
    })
    await college.quiet(300_000)
    const users = [...college.moodle.site.users.all()].filter(each => each.email.startsWith('both.'))
    const rows = college.zoho.records('BTEC_Students')
    const linked = users.filter(
      user =>
        rows.filter(
          row => row['Student_Moodle_ID'] === String(user.id) && row['Academic_Email'] === user.email,
        ).length === 1,
    )
    const states = await college.engine.store.db
      .collection('records')
      .find({ state: { $ne: 'merged' } })
      .toArray()
    print(
      `${PERSONS} persons: ${users.length} users, ${rows.length} Zoho records, ${linked.length} linked; records ${count(states.map(each => String(each['state'])))}`,
    )
    expect([users.length, rows.length, linked.length]).to.deep.equal([PERSONS, PERSONS, PERSONS])
    expect(states.filter(each => each['state'] !== 'ok')).to.have.length(0)
  })

  it('what waits is let go by what arrives: 10,000 races, without any sweep by the scheduler', async () => {
    two = await openTwo({ announce: false, engine: { scheduler: false } })
    const { college, engines } = two
    const { db } = college.engine.store
    const statuses: number[] = []
    const lateness: number[] = []
    let longest = 0
    let watching = true
    // How long anything stands due that nobody holds: what only a sweep found would stand for 30 s.
    const watch = (async () => {
      while (watching) {
        const [oldest] = await db
          .collection('records')
          .find({ dueAt: { $exists: true }, lease: { $exists: false } })
          .sort({ dueAt: 1 })
          .limit(1)
          .toArray()
        if (oldest) longest = Math.max(longest, Date.now() - (oldest['dueAt'] as Date).getTime())
        await pause(200)
      }
    })()
    await many(ARRIVALS, 64, async n => {
      const program = `9200000${String(n).padStart(10, '0')}`
      const body = (module: string, data: Payload & { id: string }): Payload => ({
        ...notification(data),
        module,
      })
      const student = {
        id: `9100000${String(n).padStart(10, '0')}`,
        Student_ID: `STU-W${n}`,
        Full_Name: 'Wafa Waits',
        Academic_Email: `waits.${n}@college.test`,
      }
      const registration = {
        id: `9300000${String(n).padStart(10, '0')}`,
        Name: `R${n}`,
        Student: { id: student.id },
        Program: { id: program },
      }
      const send = async (which: number, module: string, api: string, data: Payload & { id: string }) => {
        await pause(Math.random() * 5)
        statuses.push(await post(engines[which]!, module, body(api, data)))
      }
      const begun = Date.now()
      await Promise.all([
        send(n % 2, 'registration', 'BTEC_Registrations', registration),
        send(1 - (n % 2), 'program', 'BTEC_Programs', {
          id: program,
          Name: `P${n}`,
          Program_Name: `P${n}`,
          Program_Code: `P-${n}`,
        }),
        send(n % 2, 'student', 'BTEC_Students', student),
      ])
      lateness.push(Date.now() - begun)
    })
    await college.quiet(600_000)
    watching = false
    await watch
    const states = await db
      .collection('records')
      .aggregate([{ $match: { module: 'registration' } }, { $group: { _id: '$state', n: { $sum: 1 } } }])
      .toArray()
    const wokeLeft = await db.collection('records').countDocuments({ woke: true })
    print(
      `${ARRIVALS} races: answers ${count(statuses)}; registrations ${states.map(each => `${each['n']} x ${each['_id']}`).join(', ')}; ` +
        `${wokeLeft} left to wake; nothing stood due unheld longer than ${longest} ms`,
    )
    expect(states.map(each => ({ state: each['_id'], n: each['n'] }))).to.deep.equal([
      { state: 'ok', n: ARRIVALS },
    ])
    expect(wokeLeft).to.equal(0)
  })
})
