import { expect } from 'chai'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import type { TenantDocument } from '../../core/store/documents.ts'
import { type College, notification, openCollege, until } from './college.ts'

type Item = Readonly<Record<string, Json>>

/** Two colleges at one engine, each with a Moodle of its own. */
describe('colleges that have nothing to do with each other', () => {
  let college: College
  let own: MoodleSandbox
  let other: MoodleSandbox
  let key: string
  let endpoint: { id: string; secret: string }

  before(async () => {
    college = await openCollege({ announce: false })
    own = await startMoodleSandbox()
    other = await startMoodleSandbox()
    const made = await college.call('POST', '/v1/extension/tenants', { id: 'second', name: 'Second' })
    key = String((made.body['key'] as Item)['key'])
    const { id, secret } = (made.body['endpoints'] as Item[]).find(
      each => each['verifier'] === 'zoho-signature',
    ) as Item
    endpoint = { id: String(id), secret: String(secret) }
    for (const [who, { settings }] of [
      [undefined, own],
      [key, other],
    ] as const) {
      const { url, token } = settings
      const connected = await call('PUT', '/v1/extension/settings', who, {
        connector: 'moodle',
        settings: { url, token, allowPrivate: true },
      })
      expect(connected.status, JSON.stringify(connected.body)).to.equal(200)
    }
  })

  after(async () => {
    // Ends the calls that hang there, so that the engine need not wait for them.
    await own.stop()
    await college.close()
    await other.stop()
  })

  const call = (method: string, path: string, who: string | undefined, body?: Json) =>
    college.call(method, path, body, who === undefined ? {} : { authorization: `Bearer ${who}` })

  /** A student's webhook, signed by the second college. */
  async function toSecond(body: Payload, prefer = 'wait=10'): Promise<Item> {
    const path = `/api/v1/events/zoho/student?endpoint=${endpoint.id}`
    const bytes = Buffer.from(JSON.stringify(body))
    const signed = signatureHeaders({ method: 'POST', path, body: bytes, now: Date.now() }, endpoint.secret)
    const answer = await college.call('POST', path, body, { ...signed, authorization: '', prefer })
    return answer.body
  }
  const users = (site: MoodleSandbox, number: string) =>
    [...site.site.users.all()].filter(({ idnumber }) => idnumber === number)

  it('T12: the same Zoho id in both is two records and two users, and neither follows the other', async () => {
    const id = '6100000000000000001'
    const student = (name: string, number: string) => ({
      id,
      Student_ID: number,
      Full_Name: name,
      Academic_Email: 'same.address@college.test',
      Status: 'Active',
    })
    const first = await college.webhook('student', notification(student('North One', 'T12-N')), {
      prefer: 'wait=10',
    })
    const second = await toSecond(notification(student('South One', 'T12-S')))
    expect([first.body['outcome'], second['outcome']]).to.deep.equal(['NEW', 'NEW'])
    expect([users(own, 'T12-N'), users(own, 'T12-S')].map(all => all.length)).to.deep.equal([1, 0])
    expect([users(other, 'T12-N'), users(other, 'T12-S')].map(all => all.length)).to.deep.equal([0, 1])
    await toSecond(notification({ ...student('South Two', 'T12-S') }, { at: '2027-01-01T00:00:00Z' }))
    expect(users(other, 'T12-S')[0]?.lastname).to.equal('Two')
    expect(users(own, 'T12-N')[0]?.lastname).to.equal('One')
    await call('POST', '/api/v1/gates/moodle/pause', key, { reason: 'Only the second one.' })
    const meanwhile = await college.webhook(
      'student',
      notification({ ...student('North Two', 'T12-N') }, { at: '2027-01-01T00:00:00Z' }),
      { prefer: 'wait=10' },
    )
    expect(meanwhile.body).to.include({ outcome: 'UPDATED', action: 'updated' })
    await call('POST', '/api/v1/gates/moodle/resume', key)
  }).timeout(30_000)

  it('T10: a sealed secret that was copied from another college opens nothing, and harms nobody else', async () => {
    const tenants = () => college.engine.store.db.collection<TenantDocument>('tenants')
    const first = await tenants().findOne({ _id: 'default' })
    const mine = await tenants().findOne({ _id: 'second' })
    const copied = String(first?.connections['moodle'])
    expect(copied).to.match(/^v1\./)
    const stolen = first?.endpoints.find(({ verifier }) => verifier === 'zoho-signature')?.secrets ?? []
    const endpoints = (mine?.endpoints ?? []).map(each =>
      each.verifier === 'zoho-signature' ? { ...each, secrets: stolen } : each,
    )
    await tenants().updateOne({ _id: 'second' }, { $set: { 'connections.moodle': copied } })
    await college.restart()

    const student = (id: string) => ({
      id,
      Student_ID: `T10-${id.slice(-1)}`,
      Full_Name: 'Copied Row',
      Academic_Email: `t10.${id.slice(-1)}@college.test`,
    })
    const taken = await toSecond(notification(student('6300000000000000001')), 'respond-async')
    expect(taken).to.include({ status: 'accepted' })
    const gate = await until('its gate is closed', async () => {
      const { body } = await call('GET', '/api/v1/gates', key)
      const gates = body['items'] as Item[]
      return gates.find(({ remote, reason }) => remote === 'moodle' && reason === 'setup')
    })
    expect(gate).to.include({ code: 'NOT_CONNECTED' })
    expect(users(own, 'T10-1'), 'sent with the token of the first college').to.have.length(0)
    const shown = await call('GET', '/v1/extension/settings', key)
    expect(JSON.stringify(shown.body)).to.not.contain(own.settings.token)

    const fine = await college.webhook('student', notification(student('6300000000000000002')), {
      prefer: 'wait=10',
    })
    expect(fine.body).to.include({ outcome: 'NEW', action: 'created' })

    await tenants().updateOne({ _id: 'second' }, { $set: { endpoints } })
    await college.restart()
    for (const secret of [endpoint.secret, college.engine.credentials.endpoints['zoho']!.secret, '']) {
      const path = `/v1/extension/settings?endpoint=${endpoint.id}`
      const signed = signatureHeaders({ method: 'GET', path, body: Buffer.alloc(0), now: Date.now() }, secret)
      const answer = await college
        .call('GET', path, undefined, { ...signed, authorization: '' })
        .catch(() => null)
      expect(answer?.status, 'an endpoint whose secret cannot be read').to.equal(401)
    }
    const { connections = {} } = mine ?? {}
    await tenants().updateOne({ _id: 'second' }, { $set: { connections, endpoints: mine?.endpoints ?? [] } })
    await college.restart()
    await call('POST', '/api/v1/gates/moodle/resume', key)
    await until('what waited is sent', () => users(other, 'T10-1').length === 1)
  }).timeout(40_000)

  it('T09: what waits for one’s dead Moodle keeps nobody of the other from theirs', async () => {
    const rows = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({
        id: String(6_200_000_000_000_000_000n + BigInt(from + n)),
        Student_ID: `T09-${from + n}`,
        Full_Name: 'Many Waiting',
        Academic_Email: `t09.${from + n}@college.test`,
      }))
    // Every call of it hangs until the client gives up.
    own.faults.add({ kind: 'latency', ms: 60_000, times: 1_000_000 })
    const waiting = await call('POST', '/api/v1/sync/students?connector=zoho', undefined, {
      data: rows(0, 1_000),
    })
    expect(waiting.body['summary']).to.include({ new: 1_000 })
    const began = other.log.length
    const answer = await call('POST', '/api/v1/sync/students?connector=zoho', key, { data: rows(5_000, 20) })
    expect(answer.body['summary']).to.include({ new: 20 })
    await until('all 20 are in the other Moodle', () => users(other, 'T09-5019').length === 1)
    for (let n = 5_000; n < 5_020; n++) expect(users(other, `T09-${n}`), `T09-${n}`).to.have.length(1)
    expect(other.log.slice(began).length, 'calls, in batches as ever').to.be.lessThan(20)
    expect(users(own, 'T09-0'), 'and the first one still hangs').to.have.length(0)
  }).timeout(40_000)
})
