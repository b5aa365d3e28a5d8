import { expect } from 'chai'
import { addsUp, joined } from '../../core/operations/accounting.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

type Item = Readonly<Record<string, Json>>

describe('an accounting', () => {
  let college: College
  let next = 9000
  let ahead = 0

  before(async () => {
    college = await openCollege({ announce: false, engine: { now: () => Date.now() + ahead } })
  })

  after(() => college.close())

  function student(changes: Payload = {}): Payload & { id: string } {
    next += 1
    const fields: Payload = {
      Student_ID: `STU-${next}`,
      Full_Name: 'Rana Khalil',
      Academic_Email: `rana.${next}@college.test`,
      Status: 'Active',
      ...changes,
    }
    return { id: college.zoho.person.create('BTEC_Students', fields), ...fields }
  }

  async function get(path: string): Promise<Item> {
    const { status, body } = await college.call('GET', path)
    expect(status, JSON.stringify(body)).to.equal(200)
    return body
  }

  const accounting = (more = '') => get(`/api/v1/accounting${more}`)
  const send = (body: Payload, wait = 10) => college.webhook('student', body, { prefer: `wait=${wait}` })
  const isPaused = () => college.engine.delivery.gates.some(({ reason }) => reason === 'paused')

  it('of mixed outcomes adds up to what was sent, module by module', async () => {
    const sent = { NEW: 0, UPDATED: 0, UNCHANGED: 0, SKIPPED: 0, INVALID: 0, DELETED: 0, FAILED: 0 }
    const rows = [student(), student(), student()]
    await Promise.all(rows.map(row => send(notification(row))))
    const [first, second, third] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]]
    const updated = await send(notification({ ...first, City: 'Salt' }))
    expect(updated.body['outcome']).to.equal('UPDATED')
    sent.UPDATED += 1
    await send(notification(second))
    sent.UNCHANGED += 1
    const older = await send(notification(first, { at: '2020-01-01T00:00:00Z' }))
    expect(older.body['outcome']).to.equal('SKIPPED')
    sent.SKIPPED += 1
    const { Academic_Email: _, ...mute } = student()
    expect((await send(notification(mute as typeof first))).body['outcome']).to.equal('INVALID')
    sent.INVALID += 1
    await send(notification(third, { operation: 'delete' }))
    // The student's first event counts as NEW still; the deletion is one of its own.
    sent.DELETED += 1
    sent.NEW += 3
    college.moodle.person.createUser(
      { username: 'taken.by.another', email: 'another@else.test', firstname: 'S', lastname: 'E' },
      'none',
    )
    await send(notification(student({ Username: 'taken.by.another' })))
    sent.FAILED += 1
    const repeat = notification(student(), { notification_id: 'twice' })
    await send(repeat)
    await send(repeat)
    sent.NEW += 1
    const waiting: Payload = {
      id: '71000000000000001',
      Student: { id: '71000000000000002' },
      Class: { id: '3' },
    }
    await college.call('POST', '/api/v1/sync/enrollments', { data: [{ ...waiting, Status: 'Active' }] })
    await college.webhook('student', { module: 'BTEC_Teachers', data: { id: '1' } })
    await college.quiet()

    const account = await accounting()
    const modules = account['modules'] as Record<string, Item>
    const inStudents = Object.fromEntries(
      Object.keys(sent).map(state => [state, modules['student']?.[state] ?? 0]),
    )
    expect(inStudents).to.deep.equal(sent)
    const sum = Object.values(sent).reduce((a, b) => a + b)
    expect(modules['student']).to.include({ accepted: sum })
    expect(modules['enrollment']).to.deep.equal({ accepted: 1, WAITING: 1 })
    // The delivery that could not be read; and the plugin's teacher and users without a role.
    expect(Number(modules['-']?.['INVALID'])).to.equal(1)
    expect(account['balanced']).to.equal(true)
    const { accepted, ...states } = account['total'] as Record<string, number>
    expect(Object.values(states).reduce((a, b) => a + b)).to.equal(accepted)
    const other = await accounting('?to=2020-01-02T00:00:00Z')
    expect(other).to.deep.include({ deliveries: 0, total: { accepted: 0 }, modules: {}, balanced: true })
    expect((await college.call('GET', '/api/v1/accounting?from=2026-01-02&to=2026-01-01')).body).to.include({
      code: 'WINDOW',
    })
  }).timeout(30_000)

  it('tells when something is lost', async () => {
    const { db } = college.engine.store
    const deliveries = db.collection<{ _id: string; events: object[] }>('deliveries')
    const one = await deliveries.findOne({ 'events.outcome': 'UPDATED' } as object)
    const [event] = (one?.events ?? []) as { outcome: string }[]
    await deliveries.updateOne({ _id: one?._id ?? '' }, { $unset: { 'events.0.outcome': '' } })
    const account = await accounting()
    expect(account['balanced']).to.equal(false)
    expect((account['modules'] as Record<string, Item>)['student']).to.include({ lost: 1 })
    await deliveries.updateOne({ _id: one?._id ?? '' }, {
      $set: { 'events.0.outcome': event?.outcome },
    } as object)
    expect((await accounting())['balanced']).to.equal(true)
  })

  it('of a long window is made of parts', () => {
    const part = (accepted: number, more: object) => ({
      from: 'a',
      to: 'b',
      deliveries: accepted,
      total: { accepted, NEW: accepted },
      modules: { student: { accepted, NEW: accepted } },
      balanced: true,
      ...more,
    })
    const whole = joined(part(2, { next: 'x' }), {
      ...part(1, {}),
      modules: { student: { accepted: 1, NEW: 1 }, class: { accepted: 1, open: 1 } },
    })
    expect(whole).to.deep.equal({
      ...part(3, {}),
      modules: { student: { accepted: 3, NEW: 3 }, class: { accepted: 1, open: 1 } },
    })
    expect(addsUp({ accepted: 3, NEW: 2, open: 1 })).to.equal(true)
    expect(addsUp({ accepted: 3, NEW: 2 })).to.equal(false)
    expect(addsUp({ accepted: 3, NEW: 2, lost: 1 })).to.equal(false)
  })

  for (const [what, path, because] of [
    ['a module', '/api/v1/modules/students', 'paused_module'],
    ['a college', '/api/v1/tenant', 'paused_tenant'],
  ] as const)
    it(`T11: ${what} is paused: what comes in waits, nothing is sent, and all of it goes when it is resumed`, async () => {
      const paused = await college.call('POST', `${path}/pause`, { reason: 'Upgrade tonight.' })
      expect(paused.body['status']).to.equal('paused')
      await until('the engine knows', isPaused)
      await college.quiet()
      const calls = [college.moodle.log.length, college.zoho.log.length]
      const rows = [student(), student()]
      for (const row of rows) expect((await send(notification(row), 0)).status).to.equal(202)
      await until('they wait', async () => {
        const { items } = await get('/api/v1/retries?state=gated')
        return (items as Item[]).length === 2
      })
      const story = await get(`/api/v1/records/student/${rows[0]?.id}`)
      expect(story['why']).to.include({ because, code: 'PAUSED' })
      expect([college.moodle.log.length, college.zoho.log.length]).to.deep.equal(calls)
      expect((await accounting())['balanced']).to.equal(true)

      expect((await college.call('POST', `${path}/resume`)).body['status']).to.equal('resumed')
      await until('they are sent', async () => {
        const all = [...college.moodle.site.users.all()].map(({ idnumber }) => idnumber)
        return rows.every(row => all.includes(String(row['Student_ID'])))
      })
      await until('the pause is over', () => !isPaused())
      const { items } = await get('/api/v1/audit')
      const actions = (items as Item[]).slice(-3).map(({ action }) => action)
      expect(actions).to.include.members([`${because.slice(7)}.pause`, `${because.slice(7)}.resume`])
    }).timeout(20_000)

  it('what only touches a paused college is read when it is resumed', async () => {
    await college.call('POST', '/api/v1/tenant/pause', { reason: 'Upgrade tonight.' })
    await until('the engine knows', isPaused)
    await college.quiet()
    const calls = college.zoho.log.length
    const one = student()
    const { id } = college.engine.credentials.endpoints['zoho'] ?? { id: '' }
    const partial = { module: 'BTEC_Students', operation: 'update', record_id: one.id, data: { id: one.id } }
    expect((await college.webhook('student', partial)).status, id).to.equal(202)
    const event = await until('it is held back', async () => {
      const { items } = await get('/api/v1/events?state=open')
      return (items as Item[])[0]
    })
    expect(college.zoho.log.length).to.equal(calls)
    await college.call('POST', '/api/v1/tenant/resume')
    ahead += 20_000
    await until(
      'it is read and sent',
      async () => (await get(`/api/v1/events/${event['id']}`))['outcome'] === 'NEW',
      20_000,
    )
  }).timeout(40_000)
})
