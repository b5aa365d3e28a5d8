import { expect } from 'chai'
import zoho from '../../../connectors/zoho/index.ts'
import {
  startZohoSandbox,
  type ZohoSandbox,
  type ZohoSandboxOptions,
} from '../../../connectors/zoho/sandbox/index.ts'
import { channelToken, zohoSignature, zohoToken } from '../../../connectors/zoho/verify.ts'
import type { Payload } from '../../../core/plugin.ts'
import { callerOf } from './caller.ts'
import { type Door, openDoor } from './door.ts'

const secret = 'a-secret-of-the-endpoint'

describe('the Zoho sandbox tells others', () => {
  let sandbox: ZohoSandbox
  let caller: ReturnType<typeof callerOf>
  const start = async (options: ZohoSandboxOptions = {}, token = '') => {
    sandbox = await startZohoSandbox(options)
    caller = callerOf(sandbox, token)
  }
  const api: ReturnType<typeof callerOf>['api'] = (...call) => caller.api(...call)
  afterEach(async () => {
    await sandbox.close()
    await door.close()
  })
  let door: Door
  beforeEach(async () => {
    await start()
    door = await openDoor()
  })

  it('what a person does, signed, with the whole record', async () => {
    sandbox.notify({ url: `${door.url}/api/v1/events/zoho/{module}?endpoint=e1`, secret })
    const id = sandbox.person.create('BTEC_Students', { Full_Name: 'ليلى', Academic_Email: 'l@x.example' })
    sandbox.person.update('BTEC_Students', id, { City: 'Salt' })
    sandbox.person.remove('BTEC_Students', id)
    await sandbox.announced()
    expect(door.requests).to.have.length(3)
    for (const request of door.requests) {
      expect(request.path).to.equal('/api/v1/events/zoho/BTEC_Students?endpoint=e1')
      expect(zohoSignature.verify(request, [secret], {})).to.include({
        ok: true,
        trusted: true,
        secret: 0,
      })
    }
    const events = door.requests.map(({ body }) => {
      const parsed = zoho.parse({
        channel: 'events',
        route: 'student',
        receivedAt: 0,
        body: JSON.parse(body.toString()),
      })
      return parsed.events[0]!
    })
    expect(events.map(({ kind }) => kind).sort()).to.deep.equal(['delete', 'state', 'state'])
    for (const event of events) expect(event.id).to.equal(id)
    const state = events.find(({ payload }) => payload?.['City'] === 'Salt')
    expect(state!.payload).to.include({ Full_Name: 'ليلى', Academic_Email: 'l@x.example' })
  })

  it('of changes by the API only where the trigger lets workflows run', async () => {
    sandbox.notify({ url: door.url, secret })
    await api('POST', '/BTEC_Programs', { data: [{ Name: 'silent' }], trigger: [] })
    await api('POST', '/BTEC_Programs', { data: [{ Name: 'told' }], trigger: ['workflow'] })
    await api('POST', '/BTEC_Programs', { data: [{ Name: 'told too' }] })
    await sandbox.announced()
    const names = sandbox.announcements.map(({ body }) => (body['data'] as Payload)['Name'])
    expect(names.sort()).to.deep.equal(['told', 'told too'])
  })

  it('as Zoho’s own notification: ids only, the secret in the URL, the token in the body', async () => {
    sandbox.notify({ url: `${door.url}/x?endpoint=e1`, secret, style: 'notification' })
    const id = sandbox.person.create('BTEC_Programs', { Name: 'P' })
    await sandbox.announced()
    const [request] = door.requests
    expect(zohoToken.verify(request!, [secret], {})).to.deep.equal({ ok: true, trusted: false, secret: 0 })
    const body = JSON.parse(request!.body.toString()) as Payload
    expect(body).to.deep.include({
      module: 'BTEC_Programs',
      operation: 'insert',
      ids: [id],
      token: channelToken(secret),
    })
    expect(body).to.not.have.property('data')
  })

  it('once, where nobody takes it; again where it is told to', async () => {
    door.status = 503
    sandbox.notify({ url: door.url, secret })
    sandbox.person.create('BTEC_Programs', { Name: 'P' })
    await sandbox.announced()
    expect(sandbox.announcements.map(({ status }) => status)).to.deep.equal([503])
    sandbox.notify({ url: door.url, secret, retries: 1, retryMs: 5 })
    sandbox.person.create('BTEC_Programs', { Name: 'Q' })
    await sandbox.announced()
    expect(sandbox.announcements.map(({ status }) => status)).to.deep.equal([503, 503, 503])
  })

  it('by channels, also of what the API wrote silently', async () => {
    const channel = {
      channel_id: '1000000068001',
      events: ['BTEC_Programs.create'],
      token: 'T',
      notify_url: `${door.url}/n`,
    }
    const answer = await api('POST', '/actions/watch', {
      watch: [channel, { events: ['BTEC_Programs.all'] }],
    })
    expect(answer.status).to.equal(207)
    const [enabled, refused] = answer.body!['watch'] as Payload[]
    expect(enabled).to.nested.include({
      code: 'SUCCESS',
      'details.events[0].resource_name': 'BTEC_Programs',
    })
    expect(refused).to.nested.include({
      code: 'MANDATORY_NOT_FOUND',
      'details.json_path': '$.watch[1].channel_id',
    })
    await api('POST', '/BTEC_Programs', { data: [{ Name: 'silent' }], trigger: [] })
    await api('POST', '/BTEC_Units', { data: [{ Name: 'not watched' }] })
    await sandbox.announced()
    expect(door.requests).to.have.length(1)
    expect(JSON.parse(door.requests[0]!.body.toString())).to.include({
      channel_id: '1000000068001',
      token: 'T',
      operation: 'insert',
    })
    expect((await api('DELETE', '/actions/watch?channel_ids=1000000068001')).status).to.equal(200)
    const again = await api('PATCH', '/actions/watch', { watch: [{ channel_id: '1000000068001' }] })
    expect((again.body!['watch'] as Payload[])[0]).to.include({ code: 'NOT_SUBSCRIBED' })
  })
})
