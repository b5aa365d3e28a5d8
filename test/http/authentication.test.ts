import type { ServerInjectOptions } from '@hapi/hapi'
import { expect } from 'chai'
import Joi from 'joi'
import { newApiKey } from '../../core/http/keys.ts'
import { type College, college, NOW } from './college.ts'

const EVENT = '/api/v1/events/classroom/user_created'
const KEYED = '/api/v1/events/register/People'
const SYNC = '/api/v1/sync/students'

const withHeaders = (request: ServerInjectOptions, headers: Record<string, string>): ServerInjectOptions => ({
  ...request,
  headers: { ...request.headers, ...headers },
})

describe('who is calling', () => {
  let at: College
  before(async () => {
    at = await college()
  })
  after(() => at.server.stop())

  const refusals: [string, () => ServerInjectOptions][] = [
    ['nobody', () => ({ method: 'POST', url: EVENT, payload: '{}' })],
    ['nobody at /webhooks', () => ({ method: 'POST', url: '/api/v1/webhooks', payload: '{}' })],
    ['a changed body', () => ({ ...at.signed(EVENT, { a: 1 }), payload: '{"a": 1}' })],
    [
      "an unknown sender's secret",
      () => at.signed(EVENT, {}, { secret: `whsec_${Buffer.alloc(32).toString('base64')}` }),
    ],
    ['a signature 301 s old', () => at.signed(EVENT, {}, { at: NOW - 301_000 })],
    ['a signature from 301 s ahead', () => at.signed(EVENT, {}, { at: NOW + 301_000 })],
    ["another connector's endpoint", () => at.signed(EVENT, {}, { endpoint: 'register-north' })],
    ['an endpoint that is not the one named', () => at.signed(`${EVENT}?endpoint=classroom-south`, {})],
    [
      'an endpoint named twice',
      () => at.signed(`${EVENT}?endpoint=classroom-north&endpoint=classroom-north`, {}),
    ],
    ['an unknown endpoint', () => at.signed(`${EVENT}?endpoint=nobody`, {})],
    ["another college's name", () => withHeaders(at.signed(EVENT, {}), { 'x-tenant-id': 'south' })],
    ['two names of colleges', () => withHeaders(at.signed(EVENT, {}), { 'x-tenant-id': 'north, north' })],
    ['an unknown key', () => at.keyed(KEYED, {}, newApiKey().key)],
    ['a wrong secret', () => at.keyed(KEYED, {}, `${at.keys.operate.slice(0, -1)}!`)],
    [
      'another secret',
      () =>
        at.keyed(
          KEYED,
          {},
          at.keys.operate.replace(/.$/, c => (c === '0' ? '1' : '0')),
        ),
    ],
    ['an expired key', () => at.keyed(KEYED, {}, at.keys.expired)],
    ["another college's key", () => withHeaders(at.keyed(KEYED, {}), { 'x-tenant-id': 'south' })],
    ['a key where the connector takes none', () => at.keyed(EVENT, {})],
    [
      'another scheme',
      () => withHeaders(at.keyed(KEYED, {}), { authorization: `Digest ${at.keys.operate}` }),
    ],
    ['a batch of nobody', () => ({ method: 'POST', url: SYNC, payload: '{"data":[]}' })],
    ['a question of nobody', () => ({ method: 'POST', url: '/api/v1/events/status', payload: '{"ids":[]}' })],
  ]
  for (const [who, request] of refusals)
    it(`answers ${who} with the one 401`, async () => {
      const response = await at.server.inject(request())
      expect(response.payload).to.equal(
        '{"statusCode":401,"error":"Unauthorized","message":"The request could not be authenticated.","code":"UNAUTHORIZED"}',
      )
      expect(response.statusCode).to.equal(401)
      expect(response.headers['www-authenticate']).to.be.a('string')
    })

  it('stored nothing of them, and logged no secret', () => {
    expect(at.intake.arrivals).to.deep.equal([])
    expect(at.lines.filter(line => line.includes('http.refused'))).to.have.length(refusals.length)
    expect(at.lines.join('\n')).not.to.match(/whsec_[A-Za-z0-9+/]{8}|wasl_[a-z0-9]+_[a-z0-9]{8}|v1,/)
  })

  it('S03, S12: accepts either live secret, 299 s early or late', async () => {
    const { secrets } = at.endpoints[0]!
    for (const secret of secrets)
      for (const shift of [-299_000, 299_000]) {
        const response = await at.server.inject(at.signed(EVENT, {}, { secret, at: NOW + shift }))
        expect(response.statusCode).to.equal(202)
      }
  })

  it('accepts a key as Bearer, and as Basic by its whole or its secret part', async () => {
    const [, id, secret] = at.keys.operate.split('_')
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    for (const authorization of [
      `bearer ${at.keys.operate}`,
      basic(`${id}:${at.keys.operate}`),
      basic(`${id}:${secret}`),
    ]) {
      const response = await at.server.inject(withHeaders(at.keyed(KEYED, {}), { authorization }))
      expect(response.statusCode, authorization).to.equal(202)
      expect(at.intake.arrivals.at(-1)).to.include({
        tenant: 'north',
        endpoint: `key:${id}`,
        connector: 'register',
        trusted: true,
      })
    }
    for (const authorization of [basic(`nobody:${at.keys.operate}`), basic(`${id}:`), basic('nocolon')]) {
      const response = await at.server.inject(withHeaders(at.keyed(KEYED, {}), { authorization }))
      expect(response.statusCode, authorization).to.equal(401)
    }
  })

  it("takes no request that another site made a person's browser send", async () => {
    const [, id, secret] = at.keys.operate.split('_')
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
    const crossed = withHeaders(at.keyed(KEYED, {}), { authorization, 'sec-fetch-site': 'cross-site' })
    expect((await at.server.inject(crossed)).statusCode).to.equal(401)
    const form = withHeaders(at.keyed(KEYED, {}), { authorization, 'content-type': 'text/plain' })
    expect((await at.server.inject(form)).statusCode).to.equal(415)
    const own = withHeaders(at.keyed(KEYED, {}), { authorization, 'sec-fetch-site': 'same-origin' })
    expect((await at.server.inject(own)).statusCode).to.equal(202)
  })

  it('answers a key without the scope with 403, and lets admin do everything', async () => {
    const response = await at.server.inject(at.keyed(SYNC, { data: [] }, at.keys.read))
    expect([response.statusCode, (response.result as { code: string }).code]).to.deep.equal([
      403,
      'SCOPE_MISSING',
    ])
    expect((await at.server.inject(at.keyed(SYNC, { data: [] }, at.keys.admin))).statusCode).to.equal(200)
    expect(
      (await at.server.inject(at.keyed('/api/v1/events/status', { ids: [] }, at.keys.operate))).statusCode,
    ).to.equal(200)
  })

  it('asks a key at /webhooks for the connector', async () => {
    const response = await at.server.inject(at.keyed('/api/v1/webhooks', {}))
    expect([response.statusCode, (response.result as { code: string }).code]).to.deep.equal([
      400,
      'CONNECTOR_NEEDED',
    ])
    expect((await at.server.inject(at.keyed('/api/v1/webhooks?connector=register', {}))).statusCode).to.equal(
      202,
    )
  })

  it('verifies no more than 16 endpoints for a request that names none', async () => {
    const many = await college({
      access: {
        endpoints: () => new Array(17).fill(at.endpoints[0]),
        endpoint: () => at.endpoints[0],
        key: () => undefined,
        spendNonce: async () => true,
        hashKey: secret => secret,
      },
    })
    const { secrets } = at.endpoints[0]!
    const unnamed = await many.server.inject(many.signed(EVENT, {}, { secret: secrets[0]! }))
    const named = await many.server.inject(
      many.signed(`${EVENT}?endpoint=classroom-north`, {}, { secret: secrets[0]! }),
    )
    expect([unnamed.statusCode, named.statusCode]).to.deep.equal([401, 202])
    await many.server.stop()
  })

  it('refuses, and does not fail, where a verifier throws', async () => {
    const broken = await college({
      verifiers: new Map([
        [
          'standard-webhooks',
          {
            name: 'standard-webhooks',
            summary: '',
            newSecret: () => '',
            verify: () => {
              throw new Error('a mistake')
            },
          },
        ],
      ]),
    })
    expect((await broken.server.inject(broken.signed(EVENT, {}))).statusCode).to.equal(401)
    expect(broken.lines.some(line => line.startsWith('error http.verifier_failed'))).to.equal(true)
    await broken.server.stop()
  })

  it('gives other routes the strategy "key" with scopes', async () => {
    const other = await college()
    other.server.route({
      method: 'GET',
      path: '/api/v1/records/{module}',
      options: {
        auth: { strategy: 'key', scope: 'read' },
        validate: { params: Joi.object({ module: Joi.string().pattern(/^[a-z]{1,40}$/) }) },
      },
      handler: request => request.auth.credentials.user as object,
    })
    const get = (key?: string) =>
      other.server.inject({
        method: 'GET',
        url: '/api/v1/records/student',
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      })
    expect((await get(other.keys.read)).result).to.include({ tenant: 'north' })
    expect((await get(other.keys.expired)).statusCode).to.equal(401)
    expect((await get()).payload).to.equal(
      (await other.server.inject({ method: 'POST', url: EVENT })).payload,
    )
    await other.server.stop()
  })
})
