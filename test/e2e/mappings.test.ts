import { expect } from 'chai'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

type Item = Readonly<Record<string, Json>>

const PATH = '/v1/extension/field-mappings/student'

describe('an admin edits a mapping', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const student = (fields: Payload): Payload & { id: string } => ({
    id: college.zoho.person.create('BTEC_Students', { Full_Name: 'Dana Omari', ...fields }),
    Full_Name: 'Dana Omari',
    Status: 'Active',
    ...fields,
  })
  const put = (mapping: Json, version: number, reason = 'Our own field.') =>
    college.call('PUT', PATH, { mapping, reason }, { 'if-match': `"${version}"` })
  const reading = (email: Json): Payload => ({ read: { 'zoho/BTEC_Students': { email } } })
  const private_ = reading({ from: ['Academic_Email', 'Private_Mail'] })

  it('sees what counts, and that every line comes from the pipeline', async () => {
    const { status, headers, body } = await college.call('GET', PATH)
    expect([status, headers.get('etag')]).to.deep.equal([200, '"0"'])
    const lines = body['lines'] as Item[]
    expect(new Set(lines.map(({ origin }) => origin))).to.deep.equal(new Set(['pipeline']))
    const email = lines.find(({ field }) => field === 'email')
    expect(JSON.stringify(email?.['rule'])).to.include('Academic_Email')
  })

  it('tries it on the newest events: which records and fields would differ, and nothing is written', async () => {
    await college.webhook('student', notification(student({ Private_Mail: 'dana@home.test' })), {
      prefer: 'wait=5',
    })
    await college.webhook('student', notification(student({ Academic_Email: 'dana@college.test' })), {
      prefer: 'wait=5',
    })
    const { body } = await college.call('POST', `${PATH}/preview`, { mapping: private_ })
    expect(body).to.include({ events: 2 })
    const [difference, ...others] = body['differences'] as Item[]
    expect(others).to.deep.equal([])
    expect(difference?.['outcome']).to.deep.equal({ before: 'INVALID', after: 'NEW' })
    expect(difference?.['fields']).to.deep.include({ field: 'email', before: null, after: 'dana@home.test' })
    expect((await college.call('GET', PATH)).headers.get('etag')).to.equal('"0"')
  })

  it('saves it as a new version, which counts at once, with its author and reason', async () => {
    const saved = await put(private_, 0)
    expect([saved.status, saved.headers.get('etag')]).to.deep.equal([200, '"2"'])
    const lines = saved.body['lines'] as Item[]
    expect(lines.filter(({ origin }) => origin === 'mapping').map(({ field }) => field)).to.deep.equal([
      'email',
    ])
    const answer = await college.webhook(
      'student',
      notification(student({ Private_Mail: 'second@home.test' })),
      { prefer: 'wait=10' },
    )
    expect(answer.body).to.include({ outcome: 'NEW' })
    const { body } = await college.call('GET', `${PATH}/versions`)
    expect((body['items'] as Item[])[0]).to.include({ version: 2, reason: 'Our own field.' })
    const log = await college.call('GET', '/api/v1/audit')
    expect((log.body['items'] as Item[]).at(-1)).to.include({ action: 'mapping.save', target: 'student' })
    const event = await college.call('GET', `/api/v1/events/${answer.body['id']}-0`)
    expect(event.body['config']).to.match(/default\.2$/)
  })

  it('A08: is told when somebody else was faster, and when nothing says what is replaced', async () => {
    const late = await put(reading({ from: 'Other_Mail' }), 0)
    expect([late.status, late.body['code']]).to.deep.equal([412, 'STALE_VERSION'])
    const blind = await college.call('PUT', PATH, { mapping: private_, reason: 'No version.' })
    expect([blind.status, blind.body['code']]).to.deep.equal([428, 'IF_MATCH_NEEDED'])
    const both = await Promise.all([
      put(reading({ from: 'One_Mail' }), 2, 'The first of two.'),
      put(reading({ from: 'Two_Mail' }), 2, 'The second of two.'),
    ])
    expect(both.map(({ status }) => status).sort()).to.deep.equal([200, 412])
  })

  it('A09: is told what is wrong, with its place, as for a file; nothing is saved', async () => {
    const { status, body } = await put({ read: { 'zoho/BTEC_Students': { emial: { from: 'Mail' } } } }, 3)
    expect([status, body['code']]).to.deep.equal([400, 'MAPPING_WRONG'])
    const [finding] = body['findings'] as Item[]
    expect(finding?.['pointer']).to.equal('/read/zoho~1BTEC_Students/emial')
    const needed = await put(reading(false), 3)
    expect((needed.body['findings'] as Item[])[0]?.['code']).to.equal('FIELD_NEEDED')
    expect((await college.call('GET', PATH)).headers.get('etag')).to.equal('"3"')
  })

  it('goes back to an earlier version, as a new one', async () => {
    const back = await college.call(
      'POST',
      `${PATH}/rollback`,
      { version: 2, reason: 'It was right before.' },
      { 'if-match': '"3"' },
    )
    expect([back.status, back.headers.get('etag')]).to.deep.equal([200, '"4"'])
    expect(back.body['mapping']).to.deep.include(private_)
    await college.restart()
    expect((await college.call('GET', PATH)).headers.get('etag'), 'after a restart').to.equal('"4"')
    const { pipelines } = await college.engine.tenants.get('default')
    expect(pipelines.modules.get('student')?.config).to.match(/default\.4$/)
  })

  it('compares any two versions, line by line', async () => {
    const compared = async (query: string) => (await college.call('GET', `${PATH}/compare?${query}`)).body
    const email = (body: Item) =>
      (body['differences'] as Item[]).map(({ of, field, what }) => [of, field, what])
    const own = await compared('from=0')
    expect(own).to.include({ from: 0, to: 4, module: 'student' })
    expect(email(own)).to.deep.equal([['zoho-to-moodle', 'email', 'line']])
    const [difference] = own['differences'] as Item[]
    expect(JSON.stringify(difference?.['from']))
      .to.contain('Academic Email')
      .and.not.to.contain('Private_Mail')
    expect(JSON.stringify(difference?.['to'])).to.contain('Private_Mail')
    expect(email(await compared('from=2&to=4')), 'rolled back').to.deep.equal([])
    expect(email(await compared('from=4&to=3'))).to.deep.equal([['zoho-to-moodle', 'email', 'line']])
    // No file has a mapping of it, and there is no fifth version.
    for (const query of ['from=1', 'from=5', 'from=0&to=9'])
      expect((await college.call('GET', `${PATH}/compare?${query}`)).status, query).to.equal(404)
    expect((await college.call('GET', `${PATH}/compare`)).status).to.equal(400)
  })

  it('sees the modules, and the fields of each', async () => {
    const { body } = await college.call('GET', '/v1/extension/modules')
    expect((body['items'] as Item[]).map(({ module }) => module)).to.include('grade')
    const schema = await college.call('GET', '/v1/extension/metadata/canonical-schema')
    expect(schema.body['modules']).to.have.nested.property('student.fields.email')
    expect((await college.call('GET', '/v1/extension/field-mappings/nothing')).status).to.equal(404)
  })
})

describe('an admin connects the college', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const put = (settings: Payload) =>
    college.call('PUT', '/v1/extension/settings', { connector: 'moodle', settings })
  const moodle = async () => {
    const { body } = await college.call('GET', '/v1/extension/settings')
    return (body['items'] as Item[]).find(({ connector }) => connector === 'moodle')
  }

  it('A04: enters a token, which goes in and never comes out again', async () => {
    expect(await moodle()).to.include({ connected: true, saved: false })
    const { url, token } = college.moodle.settings
    const saved = await put({ url, token, allowPrivate: true })
    expect(saved.status).to.equal(200)
    expect(JSON.stringify(saved.body)).not.to.contain(token)
    expect(await moodle()).to.deep.include({
      saved: true,
      settings: { url, token: { set: true }, allowPrivate: true },
    })
    const stored = await college.engine.store.tenants.one('default')
    expect(JSON.stringify(stored)).not.to.contain(token)
    const audit = await college.call('GET', '/api/v1/audit')
    expect(JSON.stringify(audit.body))
      .to.contain('"changed":["allowPrivate","token","url"]')
      .and.not.to.contain(token)
    const fields = { Full_Name: 'Yara Salem', Academic_Email: 'yara@college.test', Status: 'Active' }
    const id = college.zoho.person.create('BTEC_Students', fields)
    const answer = await college.webhook('student', notification({ id, ...fields }), { prefer: 'wait=10' })
    expect(answer.body).to.include({ outcome: 'NEW', action: 'created' })
  })

  it('changes the address without knowing the token', async () => {
    const { url } = college.moodle.settings
    const saved = await put({ url: `${url}/`, allowPrivate: true })
    expect([saved.status, (await moodle())?.['settings']]).to.deep.equal([
      200,
      { url: `${url}/`, token: { set: true }, allowPrivate: true },
    ])
  })

  it('corrects a token that Moodle refused, which is tried as soon as every engine knows it', async () => {
    const { token } = college.moodle.settings
    expect((await put({ token: 'a token of last year' })).status).to.equal(200)
    const fields = { Full_Name: 'Nour Salem', Academic_Email: 'nour@college.test', Status: 'Active' }
    const id = college.zoho.person.create('BTEC_Students', fields)
    await college.webhook('student', notification({ id, ...fields }))
    const gate = await until('the gate is closed', async () =>
      college.engine.delivery.gates.find(({ reason }) => reason === 'setup'),
    )
    expect(gate.openAt.getTime() - gate.closedAt.getTime()).to.be.at.least(30_000)
    expect((await put({ token })).status).to.equal(200)
    const { body } = await college.call('GET', '/api/v1/gates')
    const closed = (body['items'] as Item[]).find(({ reason }) => reason === 'setup')
    expect(Date.parse(String(closed?.['openAt'])) - gate.closedAt.getTime()).to.be.below(30_000)
  })

  it('is told at once of an address that must not be called, and the connection stays as it was', async () => {
    const before = await moodle()
    const { status, body } = await put({ url: 'http://169.254.169.254/', allowPrivate: false })
    expect([status, body['code']], JSON.stringify(body)).to.deep.equal([400, 'SETTINGS'])
    expect(await moodle()).to.deep.equal(before)
  })

  it('A04: is told what is wrong, and no secret is quoted', async () => {
    const { status, body } = await put({ token: ['canary-of-a-token'], adress: 'x' })
    expect([status, body['code']]).to.deep.equal([400, 'SETTINGS'])
    expect((body['findings'] as Item[]).map(({ pointer }) => pointer)).to.include.members([
      '/token',
      '/adress',
    ])
    expect(JSON.stringify(body)).not.to.contain('canary')
    const nobody = await college.call('PUT', '/v1/extension/settings', { connector: 'nobody', settings: {} })
    expect(nobody.status).to.equal(404)
  })

  it('sees the college without its secrets, and no other', async () => {
    const { status, body } = await college.call('GET', '/v1/extension/tenants/default')
    expect([status, body['id']]).to.deep.equal([200, 'default'])
    for (const { secret } of Object.values(college.engine.credentials.endpoints))
      expect(JSON.stringify(body)).not.to.contain(secret)
    expect((await college.call('GET', '/v1/extension/tenants/al-noor')).status).to.equal(404)
  })
})
