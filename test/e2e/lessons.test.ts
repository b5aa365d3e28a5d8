/** Each lesson that a predecessor has paid for (domain.md) as a test of its name. */
import { expect } from 'chai'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { newApiKey } from '../../core/http/keys.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import type { RecordDocument } from '../../core/store/documents.ts'
import { type Answer, type College, notification, openCollege, until } from './college.ts'

const WAIT = { prefer: 'wait=10' }

describe('lessons already paid for', () => {
  let college: College
  let next = 0

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  /** An id that nobody else here has. */
  const id = (): string => String(9_100_000_000_000_000_000n + BigInt(++next))
  const student = (more: Payload = {}): Payload & { id: string } => {
    const own = id()
    return {
      id: own,
      Student_ID: `L-${own.slice(-4)}`,
      Full_Name: 'Nadia Karam',
      Academic_Email: `nadia.${own.slice(-4)}@college.test`,
      ...more,
    }
  }
  const sync = (module: string, ...data: Payload[]) =>
    college.call('POST', `/api/v1/sync/${module}?connector=zoho`, { data })
  const results = ({ body }: Answer) => body['results'] as Payload[]
  const recordOf = async (identity: string, tenant = 'default'): Promise<RecordDocument> => {
    const [record] = await college.engine.store.records.byIdentities(tenant, [identity])
    if (record === undefined) throw new Error(`there is no ${identity}`)
    return record
  }
  const state = (identity: string, wanted: string) =>
    until(`${identity} is ${wanted}`, async () => (await recordOf(identity)).state === wanted)
  const usersOf = (one: Payload) =>
    [...college.moodle.site.users.all()].filter(user => user.idnumber === one['Student_ID'])

  it('field names vary', async () => {
    const people: Payload[] = [
      { id: id(), Student_ID: 'V-1', Full_Name: 'Hala Amin', Academic_Email: 'v1@college.test' },
      { id: id(), Name: 'V-2', 'Full Name': 'Hala Amin', 'Academic Email': 'v2@college.test' },
      { id: id(), Student_ID: '', Name: 'V-3', Full_Name: ' Hala Amin ', Email: 'V3@college.test' },
      { id: id(), Student_ID: 'V-4', Full_Name: 'Hala Amin', Academic_Email: null, email: 'v4@college.test' },
    ]
    const answer = await sync('students', ...people)
    expect(results(answer).map(result => result['outcome'])).to.deep.equal(['NEW', 'NEW', 'NEW', 'NEW'])
    for (const [place, one] of people.entries())
      expect((await recordOf(`zoho/BTEC_Students:${one['id']}`)).fields).to.include({
        studentId: `V-${place + 1}`,
        fullName: 'Hala Amin',
        email: `v${place + 1}@college.test`,
      })
    await college.quiet()
  })

  it('key order changes a hash unless sorted', async () => {
    const one = student({ City: 'Irbid', Country: 'Jordan', Status: 'Active' })
    await college.webhook('student', notification(one), WAIT)
    await college.quiet()
    const { rev } = await recordOf(`zoho/BTEC_Students:${one.id}`)
    const calls = college.moodle.log.length
    const turned = Object.fromEntries(Object.entries(one).reverse()) as typeof one
    const answer = await sync('students', turned)
    expect(results(answer)[0]).to.include({ outcome: 'UNCHANGED' })
    await college.quiet()
    expect(college.moodle.log.length, 'calls to Moodle').to.equal(calls)
    expect((await recordOf(`zoho/BTEC_Students:${one.id}`)).rev, 'writes of the record').to.equal(rev)
  })

  it("an unbounded request cache eats the server's memory: earlier answers are kept in the store", async () => {
    const one = student()
    const headers = { 'idempotency-key': 'lesson-cache' }
    const first = await college.call('POST', '/api/v1/sync/students', { data: [one] }, headers)
    expect(first.body['status']).to.equal('processed')
    await college.restart()
    const again = await college.call('POST', '/api/v1/sync/students', { data: [one] }, headers)
    expect(again.body['status']).to.equal('duplicate_request')
    expect(again.body['summary']).to.deep.equal(first.body['summary'])
    expect(results(again)[0]).to.include({ id: results(first)[0]?.['id'], outcome: 'NEW' })
    await college.quiet()
  })

  it('missing dependencies lose records', async () => {
    const made = (module: string, fields: Payload) => ({
      id: college.zoho.person.create(module, fields),
      ...fields,
    })
    const { id: _, ...fields } = student()
    const one = made('BTEC_Students', fields)
    const programme = made('BTEC_Programs', { Name: 'Law', Program_Code: 'LAW', Program_Name: 'Law' })
    const lesson = made('BTEC_Classes', {
      Name: 'Lesson',
      Class_Code: 'LESSON',
      Class_Name: 'Lesson',
      Program: { id: programme.id },
    })
    const enrolment = made('BTEC_Enrollments', {
      Name: 'E-1',
      Student: { id: one.id },
      Class: { id: lesson.id },
      Status: 'Active',
    })
    const early = await sync('enrollments', enrolment)
    expect(results(early)[0]).to.include({ outcome: 'WAITING' })
    expect(String(results(early)[0]?.['message']))
      .to.contain(one.id)
      .and.to.contain(lesson.id)
    await sync('classes', lesson)
    await sync('students', one)
    await sync('programs', programme)
    const user = await until('the user', () => usersOf(one)[0])
    await until('the enrolment in Moodle', () =>
      [...college.moodle.site.enrolments.all()].find(each => each.userid === user.id),
    )
    await state(`zoho/BTEC_Enrollments:${enrolment.id}`, 'ok')
  }).timeout(20_000)

  it('T12: composite unique keys per tenant: the same Zoho id in two tenants is two records', async () => {
    const { store, tenants, url } = college.engine
    const key = newApiKey()
    const made = new Date()
    await store.tenants.create({
      _id: 'south',
      name: 'South',
      timezone: 'UTC',
      language: 'en',
      endpoints: [],
      connections: {},
      modules: {},
      createdAt: made,
    })
    const hash = tenants.access.hashKey(key.secret)
    await store.tenants.addKey({ _id: key.id, tenant: 'south', scopes: ['operate'], hash, createdAt: made })
    const unit = { id: id(), Unit_Code: 'U-1', Unit_Name: 'In the north' }
    await sync('units', unit)
    const answer = await fetch(`${url}/api/v1/sync/units?connector=zoho`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ data: [{ ...unit, Unit_Name: 'In the south' }] }),
    })
    const { summary } = (await answer.json()) as { summary: Payload }
    expect(summary).to.include({ total: 1, new: 1 })
    const identity = `zoho/BTEC_Units:${unit.id}`
    const [north, south] = [await recordOf(identity), await recordOf(identity, 'south')]
    expect([north.fields['name'], south.fields['name']]).to.deep.equal(['In the north', 'In the south'])
    expect(north._id).to.not.equal(south._id)
  })

  it('grades have three references', async () => {
    const one = student()
    const [unit, programme, registration, grade] = [id(), id(), id(), id()]
    const row = {
      id: grade,
      Student: { id: one.id },
      Unit: { id: unit },
      Registration: { id: registration },
      Grade: 'Merit',
      Score: 65,
    }
    const early = await sync('grades', row)
    expect(results(early)[0]).to.include({ outcome: 'WAITING' })
    const { missing } = await recordOf(`zoho/BTEC_Grades:${grade}`)
    expect(missing.map(({ name }) => name)).to.have.members(['student', 'unit', 'registration'])
    await sync('students', one)
    await sync('programs', { id: programme, Program_Code: `P-${unit.slice(-3)}`, Program_Name: 'Business' })
    await sync('registrations', { id: registration, Student: { id: one.id }, Program: { id: programme } })
    await sync('units', { id: unit, Unit_Code: `U-${unit.slice(-3)}`, Unit_Name: 'Law' })
    await state(`zoho/BTEC_Grades:${grade}`, 'ok')
    const again = await sync('grades', { ...row, Registration: { id: id() } })
    expect(results(again)[0], 'one of the three is not here').to.include({ outcome: 'WAITING' })
  }).timeout(20_000)

  it('a body read by middleware breaks its signature: the exact bytes are verified', async () => {
    const endpoint = college.engine.credentials.endpoints['zoho']
    const path = `/api/v1/events/zoho/student?endpoint=${endpoint?.id}`
    const send = async (body: string, signed = body) => {
      const request = { method: 'POST', path, body: Buffer.from(signed), now: Date.now() }
      const headers = signatureHeaders(request, endpoint?.secret ?? '')
      const sent = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body }
      return (await fetch(`${college.engine.url}${path}`, sent)).status
    }
    const odd = JSON.stringify(notification(student({ Full_Name: 'لمى' })), null, 3)
      .replace('لمى', '\\u0644\\u0645\\u0649')
      .replace('"id"', '"\\u0069d"')
    expect(await send(`\t${odd}\r\n`), 'spaces and escapes that no serialiser writes').to.equal(202)
    expect(await send(odd, JSON.stringify(JSON.parse(odd))), 'the same content in other bytes').to.equal(401)
    await college.quiet()
  })

  it('unbounded background tasks exhaust memory at 1,000 concurrent webhooks', async () => {
    const filler = 'x'.repeat(1500)
    const units = Array.from({ length: 1000 }, () => ({
      id: id(),
      Unit_Code: `C-${next}`,
      Unit_Name: 'Concurrent',
      Description: filler,
    }))
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss())
    }, 10)
    const answers = await Promise.all(
      units.map(unit =>
        college
          .webhook('unit', { ...notification(unit), module: 'BTEC_Units' } as Json)
          .then(({ status }) => status),
      ),
    )
    clearInterval(watch)
    expect(new Set(answers)).to.deep.equal(new Set([202]))
    await college.quiet()
    const stored = await college.engine.store.db.collection('records').countDocuments({
      tenant: 'default',
      identities: { $in: units.map(unit => `zoho/BTEC_Units:${unit.id}`) },
    })
    expect(stored).to.equal(units.length)
    // The test's own thousand requests are in it as well.
    expect((most - before) / 1024 ** 2, 'MiB more').to.be.lessThan(250)
  }).timeout(30_000)

  it('W02: check-then-act races at two simultaneous webhooks', async () => {
    const pairs = Array.from({ length: 20 }, () => student())
    const answers = await Promise.all(
      pairs.flatMap(one => [
        college.webhook('student', notification(one), WAIT),
        college.webhook('student', notification(one), WAIT),
      ]),
    )
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]))
    for (const place of pairs.keys()) {
      const outcomes = [answers[2 * place]?.body['outcome'], answers[2 * place + 1]?.body['outcome']]
      expect(outcomes.sort(), 'two notifications').to.deep.equal(['NEW', 'UNCHANGED'])
    }
    const body = notification(student())
    const same = await Promise.all([1, 2, 3, 4].map(() => college.webhook('student', body)))
    expect(same.filter(({ status }) => status === 202)).to.have.length(1)
    await college.quiet()
    for (const one of pairs) expect(usersOf(one), String(one['Student_ID'])).to.have.length(1)
    const records = await college.engine.store.db
      .collection('records')
      .countDocuments({ 'fields.studentId': { $in: pairs.map(one => String(one['Student_ID'])) } })
    expect(records).to.equal(pairs.length)
  }).timeout(30_000)

  it('integer Moodle ids lose leading zeros', async () => {
    const one = student({ Student_Moodle_ID: '00012345' })
    await sync('students', one)
    const record = await recordOf(`zoho/BTEC_Students:${one.id}`)
    expect(record.fields['moodleUserId']).to.equal('00012345')
    expect(record.identities).to.include('moodle/user:00012345')
    const grade = {
      grade_id: '007',
      userid: '00012345',
      itemid: '00099',
      itemtype: 'mod',
      itemname: 'Essay',
      gradetype: 1,
      finalgrade: 70,
      grademin: 0,
      grademax: 100,
      timemodified: 1_795_354_151,
    }
    const answer = await college.call('POST', '/api/v1/moodle/grades', { grades: [grade] })
    expect(results(answer)[0]).to.include({ module: 'grade' })
    const fields = (await recordOf('moodle/grade:00012345_i00099')).fields
    expect(fields).to.include({ key: '00012345_i00099', moodleUserId: '00012345', moodleGradeId: '007' })
  })

  it('a list by tenant, module and state, and a look-up by external id, need indexes', async () => {
    const { db } = college.engine.store
    const records = db.collection<RecordDocument>('records')
    const made = await recordOf(`zoho/BTEC_Units:${(await newest()).id}`)
    const many = Array.from({ length: 10_000 }, (_, n) => ({
      ...made,
      _id: `many${String(n).padStart(20, '0')}`,
      identities: [`zoho/BTEC_Units:many-${n}`],
      keys: [`unit|zohoId=many-${n}`],
      state: n % 500 === 0 ? ('dead' as const) : ('ok' as const),
    }))
    for (let n = 0; n < many.length; n += 1000) await records.insertMany(many.slice(n, n + 1000))
    const examined = async (filter: object) => {
      const { executionStats } = await db.command({
        explain: { find: 'records', filter },
        verbosity: 'executionStats',
      })
      return { found: executionStats.nReturned, looked: executionStats.totalDocsExamined }
    }
    const byId = {
      tenant: 'default',
      identities: 'zoho/BTEC_Units:many-7777',
      'identities.0': { $exists: true },
    }
    expect(await examined(byId)).to.deep.equal({ found: 1, looked: 1 })
    const dead = { tenant: 'default', module: 'unit', state: 'dead' }
    expect(await examined(dead)).to.deep.equal({ found: 20, looked: 20 })
    await records.deleteMany({ _id: { $regex: /^many/ } })
  }).timeout(30_000)

  async function newest(): Promise<{ id: string }> {
    const unit = { id: id(), Unit_Code: `N-${next}`, Unit_Name: 'Newest' }
    await sync('units', unit)
    return unit
  }
})
