import { expect } from 'chai'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { createSyncSchedule } from '../../core/delivery/sync-schedule.ts'
import type { Json } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

type Item = Readonly<Record<string, Json>>

const MODULE = 'BTEC_Students'

describe('completeness sweeps', () => {
  let college: College
  /** The engine's clock is so far ahead: what was changed just now was changed a while ago. */
  let ahead = 0

  beforeEach(async () => {
    ahead = 0
    college = await openCollege({ announce: false, engine: { now: () => Date.now() + ahead } })
  })

  afterEach(() => college.close())

  const student = (n: number) => ({
    Student_ID: `STU-${n}`,
    Full_Name: `Untold Student ${n}`,
    Academic_Email: `untold.${n}@college.test`,
  })
  const create = (from: number, to: number): readonly string[] =>
    Array.from({ length: to - from }, (_, n) => college.zoho.person.create(MODULE, student(from + n)))
  const trigger = async (body: Json): Promise<Item> => {
    const { status, body: answer } = await college.call('POST', '/v1/extension/sync/trigger', body)
    expect(status, JSON.stringify(answer)).to.equal(202)
    return (answer['items'] as Item[])[0] as Item
  }
  const shown = async (id: Json | undefined): Promise<Item> =>
    (await college.call('GET', `/v1/extension/sync/history/${id}`)).body
  const ended = async (id: Json | undefined): Promise<Item> =>
    until(`the sweep ${id} is over`, async () => {
      const sync = await shown(id)
      return sync['status'] === 'running' ? undefined : sync
    })
  const sweep = async (body: Json = { module: 'student' }): Promise<Item> =>
    ended((await trigger(body))['id'])
  const moduleView = async (name: string): Promise<Item> => {
    const { body } = await college.call('GET', '/v1/extension/modules')
    return (body['items'] as Item[]).find(({ module }) => module === name) as Item
  }
  /** Calls of Zoho's since `from`: what was listed, and what was read. */
  const callsSince = (from: number) => {
    const calls = college.zoho.log.slice(from)
    return {
      listed: calls.filter(({ path }) => path.includes('/coql') || path.includes('/deleted')).length,
      read: calls.filter(({ method, path }) => method === 'GET' && /ids=|BTEC_Students\/\d/.test(path))
        .length,
    }
  }

  it('bring in what nobody told of, in few calls, and nothing twice', async () => {
    create(0, 250)
    // Zoho's times count in seconds: only in a later one do Wasl's write-backs show as a change.
    const second = Math.floor(Date.now() / 1000)
    await until('the next second', () => Math.floor(Date.now() / 1000) > second)
    ahead = 60_000
    const from = college.zoho.log.length
    const first = await sweep()
    expect(first).to.include({
      status: 'completed',
      recordsProcessed: 250,
      recordsRead: 250,
      module: 'student',
    })
    // Two pages and the deleted list; 250 records in calls of a hundred, page by page.
    expect(callsSince(from)).to.deep.equal({ listed: 3, read: 3 })
    await college.quiet(30_000)
    expect(college.moodle.site.users.size).to.be.at.least(250)
    expect((await moduleView('student'))['lastSyncAt']).to.equal(first['startedAt'])

    const before = college.zoho.log.length
    const users = college.moodle.site.users.size
    // Wasl's own write-backs are the last change of each; one read tells that nothing else came with them.
    ahead = 120_000
    expect(await sweep()).to.include({ recordsProcessed: 250, recordsRead: 250 })
    const again = college.zoho.log.length
    expect(await sweep()).to.include({ recordsProcessed: 250, recordsRead: 0 })
    expect(callsSince(again)).to.deep.equal({ listed: 3, read: 0 })
    await college.quiet()
    expect(college.moodle.site.users.size).to.equal(users)
    const writes = college.zoho.log
      .slice(before)
      .filter(({ method, path }) => method !== 'GET' && !path.includes('coql'))
    expect(writes.filter(({ path }) => path.includes(MODULE))).to.deep.equal([])

    ahead = 3_600_000
    const late = college.zoho.log.length
    expect(await sweep()).to.include({ recordsProcessed: 250, recordsRead: 0 })
    ahead += 3_600_000
    expect(await sweep()).to.include({ recordsProcessed: 0, recordsRead: 0 })
    expect(callsSince(late)).to.deep.equal({ listed: 3 + 2, read: 0 })
  }).timeout(60_000)

  it('delete what the deleted list names, and nothing for being missing from a list', async () => {
    const [gone = '', kept = ''] = create(0, 2)
    await sweep()
    await college.quiet()
    const state = async (id: string) =>
      ((await college.call('GET', `/api/v1/records/student/${id}`)).body['record'] as Item)['state']
    expect([await state(gone), await state(kept)]).to.deep.equal(['ok', 'ok'])
    college.zoho.person.remove(MODULE, gone)
    // Deleted too, and never heard of: nothing is to be done.
    college.zoho.person.remove(MODULE, create(2, 3)[0] as string)
    await sweep()
    await college.quiet()
    expect([await state(gone), await state(kept)]).to.deep.equal(['deleted', 'ok'])
    ahead = 24 * 3_600_000
    await sweep()
    ahead += 3_600_000
    expect(await sweep()).to.include({ recordsProcessed: 0 })
    expect(await state(kept)).to.equal('ok')
  })

  it('bring in a record that was changed while its event was lost', async () => {
    const [id = ''] = create(0, 1)
    await sweep()
    await college.quiet()
    college.zoho.person.update(MODULE, id, { City: 'Irbid' })
    await sweep()
    await college.quiet()
    const user = [...college.moodle.site.users.all()].find(each => each.email === 'untold.0@college.test')
    expect(user).to.include({ city: 'Irbid' })
  })

  it('can be cancelled, repeated, and order nothing twice at once', async () => {
    create(0, 250)
    college.zoho.faults.set({ latencyMs: 150 })
    const begun = await trigger({ module: 'students' })
    expect((await trigger({ module: 'student' }))['id'], 'the one that runs').to.equal(begun['id'])
    await until('a page', async () => Number((await shown(begun['id']))['recordsProcessed']) > 0)
    const cancel = () => college.call('POST', `/v1/extension/sync/cancel/${begun['id']}`)
    expect((await cancel()).body).to.include({ status: 'cancelled' })
    expect((await cancel()).status).to.equal(409)
    const { recordsProcessed } = await shown(begun['id'])
    expect(recordsProcessed).to.equal(200)
    college.zoho.faults.clear()
    const { status, body } = await college.call('POST', `/v1/extension/sync/retry/${begun['id']}`)
    expect(status).to.equal(202)
    expect(body).to.include({ retryOf: begun['id'], since: begun['since'] })
    expect(await ended(body['id'])).to.include({ status: 'completed', recordsProcessed: 250 })
    expect((await shown(begun['id']))['recordsProcessed'], 'no page more').to.equal(recordsProcessed)
    expect((await college.call('POST', `/v1/extension/sync/retry/${body['id']}`)).status).to.equal(409)
    const { body: history } = await college.call('GET', '/v1/extension/sync/history?module=student&limit=1')
    expect((history['items'] as Item[]).map(({ id }) => id)).to.deep.equal([body['id']])
    const { body: older } = await college.call(
      'GET',
      `/v1/extension/sync/history?module=student&cursor=${history['next']}`,
    )
    expect((older['items'] as Item[]).map(({ id }) => id)).to.deep.equal([begun['id']])
  }).timeout(60_000)

  it('go on after a restart where they were', async () => {
    create(0, 250)
    college.zoho.faults.set({ latencyMs: 150 })
    const from = college.zoho.log.length
    const { id } = await trigger({ module: 'student' })
    await until('a page', async () => Number((await shown(id))['recordsProcessed']) > 0)
    await college.restart()
    college.zoho.faults.clear()
    expect(await ended(id)).to.include({ status: 'completed', recordsProcessed: 250, recordsRead: 250 })
    // The page that was being listed when the engine stopped is listed once more.
    expect(callsSince(from).listed).to.be.within(3, 4)
    await college.quiet(30_000)
    expect(college.zoho.records(MODULE).filter(row => row['Sync_Status'] === 'Synced')).to.have.length(250)
  }).timeout(60_000)

  it('say why they failed, and wait out what passes', async () => {
    create(0, 1)
    college.zoho.faults.set({ scope: ['coql'] })
    const failed = await sweep()
    expect(failed).to.include({ status: 'failed', errorCode: 'ZOHO_SCOPE' })
    expect(failed['errorMessage']).to.be.a('string').that.is.not.empty
    expect(await moduleView('student')).not.to.have.property('lastSyncAt')
    college.zoho.faults.set({ status500: true, times: 2, path: 'coql' })
    expect(await sweep()).to.include({ status: 'completed', recordsProcessed: 1 })
    await college.quiet()
    const { body } = await college.call('GET', '/v1/extension/sync/history?status=failed')
    expect((body['items'] as Item[]).map(({ id }) => id)).to.deep.equal([failed['id']])
  })

  it('run by the interval of their module, once for all engines, and not where it is switched off', async () => {
    const { store, tenants, delivery } = college.engine
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const schedule = () =>
      createSyncSchedule({ store, tenants, ids: tenants.ids, log, now: () => Date.now() + ahead })
    const begun = async () => (await store.syncs.page('default', {}, undefined, 100)).map(each => each.module)
    const put = async (name: string, body: Json) => {
      const answer = await college.call('PUT', `/v1/extension/modules/${name}`, body)
      expect(answer.status, JSON.stringify(answer.body)).to.equal(200)
      return answer.body
    }
    for (const { module } of (await college.call('GET', '/v1/extension/modules')).body['items'] as Item[])
      if (module !== 'student' && module !== 'teacher') await put(String(module), { interval: 0 })
    expect(await put('student', { interval: 300 })).to.include({ interval: 300, enabled: true })
    expect(await put('teacher', { enabled: false })).to.include({ interval: 900, enabled: false })
    const [one, two] = [schedule(), schedule()]
    ahead = 270_000
    await one()
    expect(await begun()).to.deep.equal([])
    ahead = 300_000
    await Promise.all([one(), two(), one()])
    expect(await begun()).to.deep.equal(['student'])
    delivery.ringSync()
    const [first] = await store.syncs.page('default', {}, undefined, 1)
    expect(await ended(first?._id)).to.include({ by: 'schedule', status: 'completed' })
    await one()
    await two()
    expect(await begun()).to.deep.equal(['student'])
    ahead = 630_000
    await two()
    await one()
    expect(await begun()).to.deep.equal(['student', 'student'])
    for (const body of [{}, { interval: 5 }, { interval: -1 }, { interval: 1e9 }])
      expect((await college.call('PUT', '/v1/extension/modules/student', body)).status).to.equal(400)
    const off = await college.call('POST', '/v1/extension/sync/trigger', { module: 'teacher' })
    expect([off.status, off.body['code']]).to.deep.equal([400, 'MODULE_OFF'])
    await until('the scheduler rings for sweeps', async () =>
      store.db.collection('agendaJobs').findOne({ name: 'sync' }),
    )
  })

  it('bring in all that Moodle has, where all is ordered', async () => {
    const { person } = college.moodle
    const [zohoId = ''] = create(0, 1)
    await sweep()
    await college.quiet()
    const user = [...college.moodle.site.users.all()].find(each => each.email === 'untold.0@college.test')
    // The plugin is not there: nobody tells of it.
    await college.plugin.stop()
    const course = person.createCourse({ fullname: 'Unit 1', shortname: 'U1' })
    person.enrol(Number(user?.id), course.id, { role: 'student' })
    expect(await sweep({ module: 'student' }), 'Zoho’s alone').to.include({ status: 'completed' })
    expect(await sweep({ module: 'student', full: true })).to.include({ status: 'completed' })
    await college.quiet()
    const { body: seen } = await college.call('GET', `/api/v1/records/student/${zohoId}`)
    const identities = (seen['history'] as Item[]).map(({ identity }) => identity)
    expect(identities, 'known users are compared').to.include(`moodle/user:${user?.id}`)
    expect(seen['record']).to.include({ state: 'ok' })
    const classes = await sweep({ module: 'class' })
    expect(classes).to.include({ status: 'completed', recordsRead: 1 })
    expect(await sweep({ module: 'enrollment', full: true })).to.include({
      status: 'completed',
      recordsRead: 1,
    })
    await until('the enrolment', async () => {
      const { body } = await college.call('GET', `/api/v1/records/enrollment/${user?.id}_${course.id}`)
      return (body['record'] as Item | undefined)?.['module'] === 'enrollment'
    })
  }).timeout(30_000)

  it('bring in a grade whose event was lost, and its correction', async () => {
    const { person } = college.moodle
    create(0, 1)
    await sweep()
    await college.quiet()
    const user = [...college.moodle.site.users.all()].find(each => each.email === 'untold.0@college.test')
    await college.plugin.stop()
    const course = person.createCourse({ fullname: 'Unit 1', shortname: 'U1' })
    const grade = (finalgrade: number) =>
      person.grade({
        userid: Number(user?.id),
        courseid: course.id,
        assignment: { id: '12', name: 'A1' },
        finalgrade,
      })
    const zohoGrades = () => college.zoho.records('BTEC_Grades').map(({ Grade, Score }) => [Grade, Score])
    grade(65)
    expect(await sweep({ module: 'grade' })).to.include({ status: 'completed', recordsRead: 1 })
    await college.quiet()
    expect(zohoGrades()).to.deep.equal([['Merit', 65]])
    grade(72)
    await sweep({ module: 'grade' })
    await college.quiet()
    expect(zohoGrades()).to.deep.equal([['Distinction', 72]])
  }).timeout(30_000)

  it('are ordered by whoever holds the signing secret too', async () => {
    const { id, secret } = college.engine.credentials.endpoints['zoho'] as { id: string; secret: string }
    const path = `/v1/extension/sync/trigger?endpoint=${id}`
    const body = Buffer.from('{}')
    const headers = signatureHeaders({ method: 'POST', path, body, now: Date.now() }, secret)
    const answer = await fetch(`${college.engine.url}${path}`, { method: 'POST', headers, body })
    const { items } = (await answer.json()) as { items: Item[] }
    expect(answer.status).to.equal(202)
    expect(items.map(({ module }) => module)).to.include.members(['student', 'class', 'grade'])
    for (const item of items) expect(await ended(item['id'])).to.include({ status: 'completed' })
  })
})
