import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import type { Json } from '../../core/plugin.ts'
import { type College, notification, openCollege } from './college.ts'
import { routeBody } from './routes.ts'

type Item = Readonly<Record<string, Json>>

/** As the domain has them; a constraint's `moodle` is any connector here. */
const EXTENSION = [
  'POST /v1/extension/tenants',
  'GET /v1/extension/tenants/{id}',
  'GET /v1/extension/settings',
  'PUT /v1/extension/settings',
  'GET /v1/extension/modules',
  'PUT /v1/extension/modules/{name}',
  'GET /v1/extension/field-mappings/{module}',
  'PUT /v1/extension/field-mappings/{module}',
  'POST /v1/extension/sync/trigger',
  'GET /v1/extension/sync/history',
  'POST /v1/extension/sync/retry/{id}',
  'GET /v1/extension/metadata/canonical-schema',
  'GET /v1/extension/metadata/{connector}-constraints',
]

/** What is paused can be resumed, and what was saved rolled back to. */
const order = (route: string): number => (/resume|rollback/.test(route) ? 1 : 0)

describe('who may come in', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const with_ = (key: Json | undefined) => ({ authorization: `Bearer ${key}` })
  const status = async (key: Json | undefined, path = '/v1/extension/modules') =>
    (await college.call('GET', path, undefined, with_(key))).status

  it('A03, T03: makes a college whose key sees only its own, and is told its secrets once', async () => {
    const made = await college.call('POST', '/v1/extension/tenants', {
      id: 'second',
      name: 'Second College',
      timezone: 'Asia/Amman',
      zohoOrgId: '60001',
    })
    expect(made.status, JSON.stringify(made.body)).to.equal(201)
    const { key } = made.body['key'] as Item
    const own = await college.call('GET', '/v1/extension/tenants/second', undefined, with_(key))
    expect(own.body).to.include({ id: 'second', name: 'Second College', zohoOrgId: '60001' })
    expect((await college.call('GET', '/v1/extension/tenants/second')).status).to.equal(404)
    expect(await status(key, '/v1/extension/tenants/default')).to.equal(404)

    const dump = JSON.stringify(await college.engine.store.tenants.all())
    const keys = JSON.stringify(await college.engine.store.tenants.keysOf('second'))
    for (const { secret } of made.body['endpoints'] as Item[]) {
      expect(dump).not.to.contain(secret)
      expect(JSON.stringify(own.body)).not.to.contain(secret)
    }
    expect(keys).not.to.contain(String(key).split('_')[2])

    const again = await college.call('POST', '/v1/extension/tenants', { id: 'second', name: 'Twice' })
    expect([again.status, again.body['code']]).to.deep.equal([409, 'TENANT_EXISTS'])
    const third = await college.call('POST', '/v1/extension/tenants', { id: 'third', name: 'T' }, with_(key))
    expect([third.status, third.body['code']]).to.deep.equal([403, 'INSTALLATION_KEY'])
    const wrong = await college.call('POST', '/v1/extension/tenants', {
      id: '../x',
      name: 'T',
      timezone: 'No',
    })
    expect((wrong.body['findings'] as Item[]).map(({ pointer }) => pointer)).to.deep.equal([
      '/id',
      '/timezone',
    ])
  })

  it('A04: gives out a key once, and a reader changes nothing', async () => {
    const { status: made, body } = await college.call('POST', '/api/v1/keys', { scopes: ['read'], days: 30 })
    expect(made).to.equal(201)
    const listed = await college.call('GET', '/api/v1/keys')
    expect(JSON.stringify(listed.body)).to.contain(body['id']).and.not.to.contain(body['key'])
    expect(await status(body['key'])).to.equal(200)
    for (const [method, path, given] of [
      ['PUT', '/v1/extension/modules/student', { enabled: false }],
      ['POST', '/api/v1/keys', { scopes: ['admin'] }],
      ['GET', '/api/v1/keys', undefined],
      ['POST', '/v1/extension/tenants', { id: 'mine', name: 'Mine' }],
    ] as [string, string, Json | undefined][]) {
      const answer = await college.call(method, path, given, with_(body['key']))
      expect([answer.status, answer.body['code']], path).to.deep.equal([403, 'SCOPE_MISSING'])
    }
  })

  it('rotates a key: both count for the overlap, and one without overlap ends', async () => {
    const { body: old } = await college.call('POST', '/api/v1/keys', { scopes: ['read'] })
    const { body: next } = await college.call('POST', `/api/v1/keys/${old['id']}/rotate`, { hours: 1 })
    expect([await status(old['key']), await status(next['key'])]).to.deep.equal([200, 200])
    const { body: last } = await college.call('POST', `/api/v1/keys/${next['id']}/rotate`, { hours: 0 })
    expect(await status(next['key'])).to.equal(401)
    expect(await status(last['key'])).to.equal(200)
    expect((await college.call('POST', `/api/v1/keys/${next['id']}/rotate`, {})).status).to.equal(404)
    expect((await college.call('DELETE', `/api/v1/keys/${last['id']}`)).body).to.include({
      status: 'revoked',
    })
    expect(await status(last['key'])).to.equal(401)
    expect((await college.call('DELETE', `/api/v1/keys/${last['id']}`)).status).to.equal(404)
  })

  it('S12: rotates a signing secret: both sign for the overlap, then only the new one', async () => {
    const { id, secret: first } = college.engine.credentials.endpoints['zoho']!
    const path = `/v1/extension/modules?endpoint=${id}`
    const signedBy = async (secret: string) => {
      const request = { method: 'GET', path, body: Buffer.alloc(0), now: Date.now() }
      const answer = await fetch(`${college.engine.url}${path}`, {
        headers: signatureHeaders(request, secret),
      })
      return answer.status
    }
    const rotate = (hours: number) => college.call('POST', `/v1/extension/endpoints/${id}/rotate`, { hours })
    const second = String((await rotate(1)).body['secret'])
    expect([await signedBy(first), await signedBy(second)]).to.deep.equal([200, 200])
    const third = String((await rotate(0)).body['secret'])
    expect([await signedBy(first), await signedBy(second), await signedBy(third)]).to.deep.equal([
      401, 401, 200,
    ])
    expect((await college.call('POST', '/v1/extension/endpoints/ep_nobody/rotate', {})).status).to.equal(404)
  })

  it('makes a further endpoint with what its verifier may switch on, and takes it away', async () => {
    const path = '/v1/extension/endpoints'
    const wish = { connector: 'zoho', verifier: 'zoho-signature', switches: ['bodyOnly'] }
    const made = await college.call('POST', path, wish)
    expect(made.status, JSON.stringify(made.body)).to.equal(201)
    const { id, secret } = made.body as { id: string; secret: string }
    const body = notification({ id: '61000000000000001', Full_Name: 'Rana Aziz' })
    const signature = createHmac('sha256', secret).update(JSON.stringify(body)).digest('hex')
    const send = () =>
      college.call('POST', `/api/v1/events/zoho/student?endpoint=${id}`, body, {
        'x-zoho-signature': signature,
        authorization: '',
      })
    expect((await send()).status).to.equal(202)
    // What covers a body only could be sent again, to another route.
    const asked = await college.call('GET', `/v1/extension/modules?endpoint=${id}`, undefined, {
      'x-zoho-signature': createHmac('sha256', secret).update('').digest('hex'),
      authorization: '',
    })
    expect(asked.status).to.equal(401)
    expect((await college.call('DELETE', `${path}/${id}`)).body).to.include({ status: 'removed' })
    expect((await send()).status).to.equal(401)
    expect((await college.call('DELETE', `${path}/${id}`)).status).to.equal(404)
    const refused = async (change: Json) => {
      const { status: code, body: said } = await college.call('POST', path, {
        ...wish,
        ...(change as object),
      })
      return [code, (said['findings'] as Item[])[0]?.['pointer']]
    }
    expect(await refused({ connector: 'nobody' })).to.deep.equal([400, '/connector'])
    expect(await refused({ verifier: 'none' })).to.deep.equal([400, '/verifier'])
    expect(await refused({ switches: ['unsigned'] })).to.deep.equal([400, '/switches/0'])
  })

  it('switches a module off and on, and its events are skipped meanwhile', async () => {
    const enable = (enabled: boolean) => college.call('PUT', '/v1/extension/modules/student', { enabled })
    const fields = { Full_Name: 'Rana Aziz', Academic_Email: 'rana@college.test', Status: 'Active' }
    const id = college.zoho.person.create('BTEC_Students', fields)
    const rotated = await college.call(
      'POST',
      `/v1/extension/endpoints/${college.engine.credentials.endpoints['zoho']!.id}/rotate`,
      {},
    )
    const send = async () => {
      const path = `/api/v1/events/zoho/student?endpoint=${rotated.body['id']}`
      const body = notification({ id, ...fields })
      const bytes = Buffer.from(JSON.stringify(body))
      const signed = signatureHeaders(
        { method: 'POST', path, body: bytes, now: Date.now() },
        String(rotated.body['secret']),
      )
      return (await college.call('POST', path, body, { ...signed, authorization: '', prefer: 'wait=10' }))
        .body
    }
    expect((await enable(false)).body).to.include({ module: 'student', enabled: false })
    expect(await send()).to.include({ outcome: 'SKIPPED', reason: 'switched_off' })
    expect((await enable(true)).body).to.include({ enabled: true })
    expect(await send()).to.include({ outcome: 'NEW' })
    expect((await college.call('PUT', '/v1/extension/modules/nothing', { enabled: true })).status).to.equal(
      404,
    )
    expect((await college.call('PUT', '/v1/extension/modules/student', { enabled: 'no' })).status).to.equal(
      400,
    )
  })

  it('has the thirteen routes of the extension API, and writes down every change that a person orders', async () => {
    const { body } = await college.call('GET', '/documentation/openapi.json')
    const routes = Object.entries(body['paths'] as Readonly<Record<string, Item>>).flatMap(
      ([path, methods]) => Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
    )
    expect(routes).to.include.members(EXTENSION)
    const changing = routes.filter(
      route => !/^GET|\{id\}|preview|\/webhooks$|events\/(status|\{)|\/sync\/\{|\{collection\}/.test(route),
    )
    expect(changing.length).to.be.greaterThan(17)
    const head = async () => (await college.call('GET', '/api/v1/audit/verification')).body['rows'] as number
    const silent: string[] = []
    for (const route of changing.sort((a, b) => order(a) - order(b))) {
      const [method = '', path = ''] = route.split(' ')
      const at = path
        .replace('{connector}/{resource}', 'moodle/user')
        .replace('{connector}', 'moodle')
        .replace(/\{(module|name)\}/, 'student')
      const etag = at.includes('field-mappings')
        ? (await college.call('GET', '/v1/extension/field-mappings/student')).headers.get('etag')
        : null
      const before = await head()
      const headers = etag === null ? {} : { 'if-match': etag }
      const given = at.endsWith('/settings')
        ? { connector: 'moodle', settings: { ...college.moodle.settings } as Json }
        : (routeBody(method, path) ?? {})
      const answer = await college.call(method, at, given, headers)
      expect(answer.status, `${route}: ${JSON.stringify(answer.body)}`).to.be.below(300)
      if ((await head()) <= before) silent.push(route)
    }
    expect(silent, 'routes that change something and say nothing of it').to.deep.equal([])
  })

  it('says what a remote takes', async () => {
    const { body } = await college.call('GET', '/v1/extension/metadata/moodle-constraints')
    expect(body['resources']).to.have.nested.property('user.fields.username')
    expect((await college.call('GET', '/v1/extension/metadata/nobody-constraints')).status).to.equal(404)
  })
})
