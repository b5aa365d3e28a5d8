import { expect } from 'chai'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'
import { terminalOf } from './terminal.ts'

type Item = Readonly<Record<string, Json>>

describe('an operator’s session', () => {
  let college: College
  let next = 5000

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  function student(changes: Payload = {}): Payload & { id: string } {
    next += 1
    const fields: Payload = {
      Student_ID: `STU-${next}`,
      Full_Name: 'Rana Khalil',
      Academic_Email: `rana.khalil.${next}@college.test`,
      Status: 'Active',
      ...changes,
    }
    return { id: college.zoho.person.create('BTEC_Students', fields), ...fields }
  }

  async function get(path: string): Promise<Readonly<Record<string, Json>>> {
    const { status, body } = await college.call('GET', path)
    expect(status, JSON.stringify(body)).to.equal(200)
    return body
  }

  const post = (path: string, body: Json = {}) => college.call('POST', path, body)

  /** Every page of a list. */
  async function all(path: string): Promise<readonly Item[]> {
    const items: Item[] = []
    let cursor: Json | undefined
    do {
      const mark = cursor === undefined ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`
      const page = await get(`${path}${mark}`)
      items.push(...(page['items'] as Item[]))
      cursor = page['next']
    } while (cursor !== undefined)
    return items
  }

  const jobDone = (id: Json | undefined) =>
    until('the job is done', async () => {
      const job = await get(`/api/v1/bulk/${id}`)
      return job['state'] === 'running' ? undefined : job
    })

  const why = async (id: string, module = 'student') => {
    const { why: told } = await get(`/api/v1/records/${module}/${id}`)
    return told as Item
  }

  it('sees 300 students wait for a Moodle that is down, and all of them done when it is back', async () => {
    college.moodle.faults.add({ kind: 'maintenance', times: 1_000_000 })
    const rows = Array.from({ length: 300 }, () => student())
    const { body } = await college.call('POST', '/api/v1/sync/students', { data: rows })
    expect(body['summary']).to.include({ total: 300, new: 300 })
    await until('all stand at the gate', async () => {
      const retries = await all('/api/v1/retries?limit=200&module=BTEC_Students')
      return retries.filter(({ state }) => state === 'gated').length === 300
    })
    const { items: gates } = await get('/api/v1/gates')
    const [gate] = gates as Item[]
    expect(gate).to.include({ remote: 'moodle', reason: 'outage', code: 'MOODLE_MAINTENANCE', records: 300 })
    const outages = await all('/api/v1/retries?limit=200&because=outage')
    expect(outages).to.have.length(300)
    expect(await all('/api/v1/retries?because=busy')).to.deep.equal([])
    const told = await why(rows[7]?.id ?? '')
    expect(told).to.include({ because: 'gated', code: 'MOODLE_MAINTENANCE' })
    expect(told['sentence']).to.match(/^It stands at the gate of moodle/)

    college.moodle.faults.clear()
    const resumed = await post('/api/v1/gates/moodle/resume')
    expect(resumed.status).to.equal(200)
    await until('Moodle is open again', async () => {
      const { items } = await get('/api/v1/gates')
      return (items as Item[]).every(each => each['opening'] === true)
    })
    const job = await post('/api/v1/retries/retry', { filter: { module: 'Students' } })
    expect(job.status).to.equal(202)
    expect(await jobDone(job.body['id'])).to.include({ state: 'done' })
    await until(
      'all are in Moodle',
      async () => (await all('/api/v1/retries?limit=200')).length === 0,
      30_000,
    )
    await college.quiet()
    const here = new Set([...college.moodle.site.users.all()].map(({ idnumber }) => idnumber))
    expect(rows.filter(row => !here.has(String(row['Student_ID'])))).to.deep.equal([])
  }).timeout(60_000)

  it('finds five without an email, corrects the mapping, and tries them again together', async () => {
    const rows = Array.from({ length: 5 }, () => {
      const { Academic_Email: email, ...row } = student()
      return { ...row, Personal_Mail: email } as Payload & { id: string }
    })
    const { body } = await college.call('POST', '/api/v1/sync/students', { data: rows })
    expect(body['summary']).to.include({ total: 5, invalid: 5 })
    const letters = await all('/api/v1/dead-letters?limit=2&code=REQUIRED')
    expect(await all('/api/v1/dead-letters?because=invalid')).to.deep.equal(letters)
    expect(letters.map(({ state, field }) => [state, field])).to.deep.equal(
      Array.from({ length: 5 }, () => ['invalid', 'email']),
    )
    expect(letters[0]?.['tried']).to.deep.equal(['Academic_Email', 'Academic Email', 'Email', 'email'])
    expect(letters[0]?.['explained']).to.have.all.keys('cause', 'who', 'next')
    expect(await why(rows[0]?.id ?? '')).to.include({ because: 'invalid', field: 'email' })

    const path = '/v1/extension/field-mappings/student'
    const mapping = {
      read: { 'zoho/BTEC_Students': { email: { from: ['Academic_Email', 'Personal_Mail'] } } },
    }
    const preview = await post(`${path}/preview`, { mapping, events: 5 })
    const differences = preview.body['differences'] as Item[]
    expect(differences.map(({ outcome }) => outcome)).to.deep.equal(
      Array.from({ length: 5 }, () => ({ before: 'INVALID', after: 'NEW' })),
    )
    const etag = (await college.call('GET', path)).headers.get('etag') ?? ''
    const saved = await college.call(
      'PUT',
      path,
      { mapping, reason: 'Private addresses count too.' },
      { 'if-match': etag },
    )
    expect(saved.status, JSON.stringify(saved.body)).to.equal(200)
    const job = await post('/api/v1/dead-letters/retry', { filter: { code: 'REQUIRED' } })
    expect(await jobDone(job.body['id'])).to.include({ state: 'done', done: 5, refused: 0 })
    await college.quiet()
    expect(await all('/api/v1/dead-letters')).to.deep.equal([])
    const here = new Set([...college.moodle.site.users.all()].map(({ idnumber }) => idnumber))
    expect(rows.filter(row => !here.has(String(row['Student_ID'])))).to.deep.equal([])
  }).timeout(30_000)

  it('A05: tries one dead letter again: a second click is told that it is on its way, or done', async () => {
    college.moodle.person.createUser(
      { username: 'taken.by.another', email: 'another@else.test', firstname: 'S', lastname: 'E' },
      'none',
    )
    const one = student({ Username: 'taken.by.another' })
    await college.webhook('student', notification(one))
    const [letter] = await until('the dead letter', async () => {
      const found = await all('/api/v1/dead-letters?state=dead')
      return found.length > 0 ? found : undefined
    })
    expect(letter).to.include({ kind: 'record', state: 'dead', module: 'student' })
    expect(await why(one.id)).to.include({ because: 'dead' })
    const user = [...college.moodle.site.users.all()].find(each => each.username === 'taken.by.another')
    college.moodle.person.updateUser(user?.id ?? 0, { username: 'freed.now' })
    const clicks = await Promise.all(
      Array.from({ length: 10 }, () => post(`/api/v1/dead-letters/${letter?.['id']}/retry`)),
    )
    expect(clicks.filter(({ status }) => status === 202)).to.have.length(1)
    expect(clicks.filter(({ status, body }) => status === 409 && body['code'] === 'NOT_NOW')).to.have.length(
      9,
    )
    await college.quiet()
    expect(await why(one.id)).to.include({ because: 'sent' })
    expect((await post(`/api/v1/dead-letters/${letter?.['id']}/retry`)).status).to.equal(409)
  }).timeout(20_000)

  it('gives one up with a reason, which stands in its story', async () => {
    const { Academic_Email: _email, ...row } = student()
    await college.call('POST', '/api/v1/sync/students', { data: [row] })
    const [letter] = await all('/api/v1/dead-letters')
    expect((await post(`/api/v1/dead-letters/${letter?.['id']}/discard`)).status).to.equal(400)
    const given = { reason: 'A test account.' }
    expect((await post(`/api/v1/dead-letters/${letter?.['id']}/discard`, given)).status).to.equal(200)
    expect(await all('/api/v1/dead-letters')).to.deep.equal([])
    const event = await get(`/api/v1/events/${letter?.['id']}`)
    expect(event).to.include({ outcome: 'SKIPPED', reason: 'discarded' })
    const { items } = await get('/api/v1/audit')
    expect((items as Item[]).at(-1)).to.deep.include({ action: 'event.discard', target: letter?.['id'] })
  })

  it('keeps what cannot be read as a dead letter, and says why', async () => {
    const answer = await college.webhook('student', { module: 'BTEC_Teachers', data: { id: '1' } })
    expect(answer.status).to.equal(202)
    const [letter] = await until('the dead letter', async () => {
      const found = await all('/api/v1/dead-letters?state=unreadable')
      return found.length > 0 ? found : undefined
    })
    expect(letter?.['explained']).to.have.property('next')
  })

  it('pauses Moodle and resumes it: what comes meanwhile waits, and nothing fails', async () => {
    expect((await post('/api/v1/gates/moodle/pause', { reason: 'Upgrade tonight.' })).status).to.equal(200)
    const calls = college.moodle.log.length
    const one = student()
    await until('every engine knows', () =>
      college.engine.delivery.gates.some(gate => gate.reason === 'paused'),
    )
    await college.webhook('student', notification(one))
    await until('it stands at the gate', async () => {
      const { items } = await get('/api/v1/retries?state=gated')
      return (items as Item[]).length === 1
    })
    expect(await why(one.id)).to.include({ because: 'paused' })
    expect(college.moodle.log.length).to.equal(calls)
    expect((await post('/api/v1/gates/moodle/resume')).status).to.equal(200)
    await until('it is sent', async () => (await why(one.id))['because'] === 'sent')
  }).timeout(20_000)

  it('shows the events of a record, by state and one by one, and replays one', async () => {
    const one = student({ City: 'Irbid' })
    await college.webhook('student', notification(one), { prefer: 'wait=10' })
    await college.webhook('student', notification({ ...one, City: 'Salt' }), { prefer: 'wait=10' })
    const { items } = await get(`/api/v1/records/students?q=${one.id}`)
    const [record] = items as Item[]
    const every = await all(`/api/v1/events?record=${record?.['id']}&limit=1`)
    // Moodle tells of our own writes too: echoes, which change nothing.
    const events = every.filter(({ outcome }) => outcome !== 'UNCHANGED')
    expect(events.map(({ outcome }) => outcome)).to.deep.equal(['UPDATED', 'NEW'])
    const updated = await all(`/api/v1/events?record=${record?.['id']}&state=UPDATED`)
    expect(updated[0]?.['changes']).to.deep.equal([{ field: 'city', from: 'Irbid', to: 'Salt' }])
    const replayed = await post(`/api/v1/events/${events[1]?.['id']}/replay`)
    expect(replayed.status).to.equal(202)
    await college.quiet()
    expect(await get(`/api/v1/events/${events[1]?.['id']}`)).to.include({
      outcome: 'SKIPPED',
      reason: 'older',
    })
    const { record: after } = await get(`/api/v1/records/student/${one.id}`)
    expect((after as Item)['fields']).to.include({ city: 'Salt' })
  })
})

describe('why is this student not in Moodle?', function () {
  this.timeout(40_000)
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const told = async (module: string, id: string) => {
    const { status, body } = await college.call('GET', `/api/v1/records/${module}/${id}`)
    expect(status, JSON.stringify(body)).to.equal(200)
    return body['why'] as Item
  }

  const { wasl } = terminalOf(() => college)
  /** A terminal answers what HTTP does. */
  async function toldBoth(module: string, id: string): Promise<Item> {
    const why = await told(module, id)
    const { text } = await wasl(`records show ${module} ${id}`)
    expect(text).to.contain(why['sentence'])
    const { next } = (why['explained'] ?? {}) as Item
    if (next !== undefined) expect(text).to.contain(`→ ${next}`)
    return why
  }

  const sync = (module: string, row: Payload) =>
    college.call('POST', `/api/v1/sync/${module}`, { data: [row] })

  const person = (id: string, more: Payload = {}): Payload => ({
    id,
    Student_ID: `STU-${id}`,
    Full_Name: 'Lina Haddad',
    Academic_Email: `lina.${id}@college.test`,
    ...more,
  })

  it('because its email is none: it is invalid, and says what to mend', async () => {
    await sync('students', person('70', { Academic_Email: 'unknown' }))
    await college.quiet()
    expect(await toldBoth('student', '70')).to.include({ because: 'invalid', field: 'email' })
  })

  it('because Moodle is away: it stands at the gate', async () => {
    await college.call('POST', '/api/v1/gates/moodle/pause', { reason: 'So that it stands there.' })
    await until('the engine knows', () => college.engine.delivery.gates.length > 0)
    await sync('students', person('69'))
    await until('it stands there', async () => (await told('student', '69'))['because'] === 'paused')
    await toldBoth('student', '69')
    await college.call('POST', '/api/v1/gates/moodle/resume')
    await until('it goes on', async () => (await told('student', '69'))['because'] !== 'paused')
  })

  it('because the class of the enrolment is not known: it waits', async () => {
    await sync('enrollments', {
      id: '71000000000000001',
      Student: { id: '71000000000000002' },
      Class: { id: '71000000000000003' },
      Status: 'Active',
    })
    await college.quiet()
    const { because, sentence } = await toldBoth('enrollment', '71000000000000001')
    expect(because).to.equal('waiting')
    expect(sentence).to.match(/^It waits for .*student.*71000000000000002/)
  })

  it('because the name fits two people in Moodle: a person must decide', async () => {
    for (const username of ['twin.a', 'twin.b'])
      college.moodle.person.createUser(
        { username, email: `${username}@else.test`, firstname: 'T', lastname: 'W', idnumber: 'STU-72' },
        'none',
      )
    const { id: _id, ...fields } = person('72')
    const id = college.zoho.person.create('BTEC_Students', fields)
    await sync('students', { ...fields, id })
    await until('the conflict', async () => (await told('student', id))['because'] === 'conflict')
    const why = await toldBoth('student', id)
    expect(why).to.include({ code: 'AMBIGUOUS_MATCH' })
    expect(why['explained']).to.include({ who: 'it' })
  })

  it('because the module is switched off', async () => {
    await college.moodle.faults.add({ kind: 'maintenance', times: 1000 })
    await sync('students', person('73'))
    await college.engine.store.tenants.change('default', { modules: { student: { enabled: false } } })
    expect(await toldBoth('student', '73')).to.include({ because: 'switched_off' })
    await college.engine.store.tenants.change('default', { modules: {} })
    college.moodle.faults.clear()
    await college.call('POST', '/api/v1/gates/moodle/resume')
  })

  it('because nobody has given a role: there is no record, and the answer says so', async () => {
    const user = college.moodle.person.createUser(
      { username: 'no.role.yet', email: 'no.role@college.test', firstname: 'No', lastname: 'Role' },
      'none',
    )
    await college.quiet()
    const why = await until('the event', async () => {
      const { status, body } = await college.call('GET', `/api/v1/records/student/${user.id}`)
      return status === 200 ? (body['why'] as Item) : undefined
    })
    expect(why).to.include({ because: 'no_role_yet' })
    expect(await toldBoth('student', String(user.id))).to.deep.equal(why)
  })

  it('because the student was merged into the one whom Moodle told of before', async () => {
    await college.call('POST', '/api/v1/gates/zoho/pause', { reason: 'So that Zoho hears of it later.' })
    await until('the engine knows', () =>
      college.engine.delivery.gates.some(({ remote }) => remote === 'zoho'),
    )
    const user = college.moodle.person.createUser(
      {
        username: 'lina.80',
        email: 'lina.80@college.test',
        firstname: 'Lina',
        lastname: 'Haddad',
        idnumber: 'STU-80',
      },
      'student',
    )
    await until('Moodle’s event', async () => {
      const { status } = await college.call('GET', `/api/v1/records/student/${user.id}`)
      return status === 200
    })
    const { id: _id, ...fields } = person('80')
    const id = college.zoho.person.create('BTEC_Students', fields)
    await sync('students', { ...fields, id })
    const why = await until('the merge', async () => {
      const told_ = await told('student', id)
      return told_['because'] === 'merged' ? told_ : undefined
    })
    expect(why['sentence']).to.match(/^It was merged into the record [0-9a-f]{24}/)
    expect(await toldBoth('student', id)).to.deep.equal(why)
    await college.call('POST', '/api/v1/gates/zoho/resume')
  }).timeout(20_000)

  it('in Arabic, for who reads Arabic', async () => {
    const { body } = await college.call('GET', '/api/v1/records/enrollment/71000000000000001?lang=ar')
    expect((body['why'] as Item)['sentence']).to.match(/^ينتظر /)
  })
})
