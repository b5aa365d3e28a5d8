import { expect } from 'chai'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { type Engine, startEngine } from '../../core/engine.ts'
import { createLog } from '../../core/log.ts'
import { type College, connectors, notification, openCollege } from './college.ts'

const SETTINGS = '/v1/extension/settings'
const MAPPING = '/v1/extension/field-mappings/student'

/** The extension API as Zoho's widget reaches it: through a function that signs with the tenant's secret. */
describe('a signed call of the extension API', () => {
  let college: College
  let second: Engine

  before(async () => {
    college = await openCollege({ announce: false })
    second = await startEngine({
      settings: college.settings,
      connectors,
      log: createLog({ level: 'silent', readable: true }),
    })
  })

  after(async () => {
    await second.stop()
    await college.close()
  })

  const endpoint = () => college.engine.credentials.endpoints['zoho']!
  function signed(method: string, path: string, body = '', at = Date.now(), secret = endpoint().secret) {
    const request = { method, path, body: Buffer.from(body), now: at }
    return { method, path, body, headers: signatureHeaders(request, secret) }
  }
  async function send(
    { method, path, body, headers }: ReturnType<typeof signed>,
    url = college.engine.url,
    more: Record<string, string> = {},
  ) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers, ...more },
      ...(method === 'GET' ? {} : { body }),
    })
    return { status: response.status, text: await response.text() }
  }
  const edit = (from: string) =>
    JSON.stringify({
      mapping: { read: { 'zoho/BTEC_Students': { email: { from } } } },
      reason: 'The mail of the college.',
    })

  it('is taken with the endpoint named in the signed path, or found by the tenant', async () => {
    expect((await send(signed('GET', `${SETTINGS}?endpoint=${endpoint().id}`))).status).to.equal(200)
    expect((await send(signed('GET', SETTINGS))).status).to.equal(200)
    const named = await send(signed('GET', SETTINGS), college.engine.url, { 'x-tenant-id': 'default' })
    expect(named.status).to.equal(200)
  })

  it('saves a mapping, and the audit log names the endpoint', async () => {
    const saved = await send(signed('PUT', MAPPING, edit('College_Mail')), college.engine.url, {
      'if-match': '"0"',
    })
    expect(saved.status, saved.text).to.equal(200)
    const { body } = await college.call('GET', '/api/v1/audit')
    expect(JSON.stringify(body)).to.contain(`"by":"endpoint:${endpoint().id}"`)
  })

  it('W02: the same delivery 50 times at once to two engines is one', async () => {
    const path = `/api/v1/events/zoho/student?endpoint=${endpoint().id}`
    const body = JSON.stringify(notification({ id: '65000000000000001', Full_Name: 'Rana Aziz' }))
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        send(signed('POST', path, body), i % 2 === 0 ? college.engine.url : second.url),
      ),
    )
    expect(answers.filter(({ status }) => status !== 200 && status !== 202)).to.deep.equal([])
    expect(answers.filter(({ status }) => status === 202)).to.have.length(1)
    expect(new Set(answers.map(({ text }) => JSON.parse(text).id)).size).to.equal(1)
    const stored = college.engine.store.db.collection('deliveries')
    expect(await stored.countDocuments({ endpoint: endpoint().id })).to.equal(1)
  })

  it('S14: sent 20 times at once to two engines, it is carried out once', async () => {
    const once = signed('PUT', MAPPING, edit('Other_Mail'))
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        send(once, i % 2 === 0 ? college.engine.url : second.url, { 'if-match': '"2"' }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter(status => status === 200)).to.have.length(1)
    expect(statuses.filter(status => status === 401)).to.have.length(19)
    const { body } = await college.call('GET', `${MAPPING}/versions`)
    expect((body['items'] as { version: number }[]).map(({ version }) => version)).to.deep.equal([3, 2])
  })

  it('A01, S02, S03: every other one gets the one 401', async () => {
    const good = () => signed('PUT', MAPPING, edit('Third_Mail'))
    const plugin = college.engine.credentials.endpoints['moodle']!
    const refused = {
      'not signed': { ...good(), headers: {} },
      'another body': { ...good(), body: edit('Evil_Mail') },
      'a body spelt otherwise': { ...good(), body: edit('Third_Mail').replace(':', ': ') },
      'another path': { ...good(), path: `${MAPPING}/rollback`, method: 'POST' },
      'another method': { ...good(), method: 'POST', path: `${MAPPING}/preview` },
      'too old': signed('GET', SETTINGS, '', Date.now() - 302_000),
      'from the future': signed('GET', SETTINGS, '', Date.now() + 302_000),
      'another secret': signed('GET', SETTINGS, '', Date.now(), 'x'.repeat(43)),
      'an endpoint that does not sign whole requests': signed('GET', `${SETTINGS}?endpoint=${plugin.id}`),
    }
    const texts = new Set<string>()
    for (const [why, request] of Object.entries(refused)) {
      const { status, text } = await send(request)
      expect(status, why).to.equal(401)
      texts.add(text)
    }
    expect((await send(good(), college.engine.url, { 'x-tenant-id': 'other' })).status).to.equal(401)
    expect(texts.size).to.equal(1)
  })

  it('opens nothing but the extension API', async () => {
    for (const path of ['/api/v1/audit', '/api/v1/dead-letters', '/metrics'])
      expect((await send(signed('GET', path))).status, path).to.equal(401)
  })
})
