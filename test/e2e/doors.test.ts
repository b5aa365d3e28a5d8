import { expect } from 'chai'
import { channelToken } from '../../connectors/zoho/index.ts'
import { standardWebhooksHeaders } from '../../core/http/verifiers/standard-webhooks.ts'
import type { Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

describe('the doors of the intake', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${college.engine.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })

  const user = (idnumber: string) =>
    [...college.moodle.site.users.all()].find(each => each.idnumber === idnumber)

  it("takes Zoho's own notification as a touch: the record is read, not believed", async () => {
    const { id, secret } = college.engine.credentials.endpoints['zoho-token'] as {
      id: string
      secret: string
    }
    const student = college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-TOUCH',
      Full_Name: 'Nour Touched',
      Academic_Email: 'nour@college.test',
    })
    const body = {
      server_time: Date.now(),
      module: 'BTEC_Students',
      ids: [student],
      operation: 'insert',
      channel_id: '1000000068001',
      token: channelToken(secret),
      // Whoever knows the address could add this; nobody reads it.
      data: { id: student, Full_Name: 'Somebody Else' },
    }
    const path = `/api/v1/events/zoho/student?endpoint=${id}&secret=${encodeURIComponent(secret)}`
    const answer = await post(path, JSON.stringify(body), { prefer: 'wait=10' })
    expect(answer.status).to.equal(200)
    expect(await answer.json()).to.include({ outcome: 'NEW', action: 'created' })
    expect(user('STU-TOUCH')?.lastname).to.equal('Touched')
  })

  it('deletes by a touch only what Zoho itself says is deleted', async () => {
    const { id, secret } = college.engine.credentials.endpoints['zoho-token'] as {
      id: string
      secret: string
    }
    const path = `/api/v1/events/zoho/student?endpoint=${id}&secret=${encodeURIComponent(secret)}`
    const student = college.zoho
      .records('BTEC_Students')
      .find(each => each['Student_ID'] === 'STU-TOUCH') as Payload
    const told = (operation: string, at: number) => ({
      server_time: at,
      module: 'BTEC_Students',
      ids: [student['id'] as string],
      operation,
      channel_id: '1000000068001',
      token: channelToken(secret),
    })
    const lie = await post(path, JSON.stringify(told('delete', Date.now() + 1)), { prefer: 'wait=10' })
    expect(((await lie.json()) as Payload)['outcome']).to.equal('UNCHANGED')
    expect(user('STU-TOUCH')?.suspended).to.equal(0)
    college.zoho.person.remove('BTEC_Students', student['id'] as string)
    const truth = await post(path, JSON.stringify(told('delete', Date.now() + 2)), { prefer: 'wait=10' })
    expect(((await truth.json()) as Payload)['outcome']).to.equal('DELETED')
    await until('she is suspended', () => user('STU-TOUCH')?.suspended === 1)
  })

  it('reads a record once for a burst of touches', async () => {
    const { id, secret } = college.engine.credentials.endpoints['zoho-token'] as {
      id: string
      secret: string
    }
    const path = `/api/v1/events/zoho/student?endpoint=${id}&secret=${encodeURIComponent(secret)}`
    const student = college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-BURST',
      Full_Name: 'Burst One',
      Academic_Email: 'burst@college.test',
    })
    const before = college.zoho.log.length
    const at = Date.now()
    const body = (n: number) =>
      JSON.stringify({
        server_time: at + n,
        module: 'BTEC_Students',
        ids: [student],
        operation: 'update',
        channel_id: '1',
        token: channelToken(secret),
      })
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => post(path, body(n))))
    expect(answers.every(({ status }) => status === 202)).to.equal(true)
    await college.quiet()
    const reads = college.zoho.log
      .slice(before)
      .filter(call => call.method === 'GET' && call.path.includes(student)).length
    expect(reads).to.be.at.most(3)
  })

  it("takes the Moodle plugin's events through one door", async () => {
    const { id, secret } = college.engine.credentials.endpoints['moodle'] as { id: string; secret: string }
    const envelope = {
      id: 'evt-1',
      sequence: 900,
      type: 'user_created',
      time: Math.floor(Date.now() / 1000),
      origin: 'web',
      data: {
        id: '900',
        username: 'door',
        email: 'door@college.test',
        firstname: 'Door',
        lastname: 'Opener',
        idnumber: 'STU-DOOR',
        role: 'student',
        timemodified: Math.floor(Date.now() / 1000),
      },
    }
    const body = Buffer.from(JSON.stringify(envelope))
    const headers = standardWebhooksHeaders(secret, { id: 'evt-1', now: Date.now(), body })
    const answer = await post(`/api/v1/webhooks?endpoint=${id}`, body.toString(), {
      ...headers,
      prefer: 'wait=10',
    })
    expect(answer.status).to.equal(200)
    expect(await answer.json()).to.include({ outcome: 'NEW', action: 'created' })
    expect(
      college.zoho.records('BTEC_Students').find(each => each['Student_Moodle_ID'] === '900'),
    ).to.include({ Full_Name: 'Door Opener' })
  })

  it('opens for nobody else: unsigned, wrongly signed and another tenant are the same 401', async () => {
    const endpoint = college.engine.credentials.endpoints['zoho']
    const path = `/api/v1/events/zoho/student?endpoint=${endpoint?.id}`
    const body = JSON.stringify(notification({ id: '81000000000000001' }))
    const unsigned = await post(path, body)
    const wrong = await post(path, body, {
      'x-zoho-signature': '0'.repeat(64),
      'x-zoho-timestamp': String(Math.floor(Date.now() / 1000)),
      'x-zoho-nonce': 'n',
    })
    const foreign = await college.webhook('student', JSON.parse(body), { 'x-tenant-id': 'somebody-else' })
    expect([unsigned.status, wrong.status, foreign.status]).to.deep.equal([401, 401, 401])
    expect(await unsigned.json()).to.deep.equal(await wrong.json())
  })

  it('answers people with 404 for a module that nobody runs, and with 413 for too much', async () => {
    const unknown = await college.call('POST', '/api/v1/sync/dragons', { data: [] })
    expect(unknown.status).to.equal(404)
    const large = await post('/api/v1/events/zoho/student', 'x'.repeat(1_100_000))
    expect(large.status).to.equal(413)
  })
})
