import { expect } from 'chai'
import { StoreError } from '../../core/errors.ts'
import { type College, college, NOW } from './college.ts'

const EVENT = '/api/v1/events/classroom/user_created'
const STUDENT = { id: '5', name: 'Ali' }

describe('POST /events and /webhooks', () => {
  let at: College
  beforeEach(async () => {
    at = await college()
  })
  afterEach(() => at.server.stop())

  it('stores the exact bytes, then answers 202 with the ids', async () => {
    const body = '{ "id": 3652397000000186017 }'
    const response = await at.server.inject(at.signed(EVENT, body, { id: 'msg_1' }))
    expect(response.statusCode).to.equal(202)
    expect(response.result).to.deep.equal({
      status: 'accepted',
      id: 'd1',
      notification_id: 'msg_1',
      events: [{ id: 'd1-0', module: 'student' }],
    })
    const { raw, ...arrival } = at.intake.arrivals[0]!
    expect(raw.toString()).to.equal(body)
    expect(arrival).to.deep.equal({
      tenant: 'north',
      endpoint: 'classroom-north',
      connector: 'classroom',
      channel: 'events',
      route: 'user_created',
      body: { id: '3652397000000186017' },
      senderId: 'msg_1',
      trusted: true,
      receivedAt: NOW,
    })
  })

  it('finds the endpoint of a /webhooks request by its signature, its query or its tenant', async () => {
    for (const [url, headers] of [
      ['/api/v1/webhooks', {}],
      ['/api/v1/webhooks?endpoint=classroom-south', {}],
      ['/api/v1/webhooks', { 'x-tenant-id': 'south' }],
    ] as const) {
      const request = at.signed(url, STUDENT, { endpoint: 'classroom-south' })
      const response = await at.server.inject({ ...request, headers: { ...request.headers, ...headers } })
      expect(response.statusCode).to.equal(202)
    }
    expect(at.intake.arrivals.map(a => [a.tenant, a.connector, a.channel, a.route])).to.deep.equal(
      new Array(3).fill(['south', 'classroom', 'webhooks', undefined]),
    )
  })

  it('answers a repeat with 200, duplicate or in_progress', async () => {
    for (const [state, status] of [
      ['NEW', 'duplicate'],
      ['open', 'in_progress'],
    ]) {
      const request = at.signed(EVENT, { state, changes: [] })
      expect((await at.server.inject(request)).statusCode).to.equal(202)
      const repeat = await at.server.inject(request)
      expect(repeat.statusCode).to.equal(200)
      expect(repeat.result).to.include({ status, outcome: state })
    }
    expect(at.intake.arrivals).to.have.length(2)
  })

  it('W03: takes another body under the same id as a second delivery, and says so', async () => {
    await at.server.inject(at.signed(EVENT, { a: 1 }, { id: 'x' }))
    const response = await at.server.inject(at.signed(EVENT, { a: 2 }, { id: 'x' }))
    expect(response.statusCode).to.equal(202)
    expect(response.result).to.include({ id: 'd2', id_reused: true })
  })

  const unreadable: [string, Buffer | string, string | undefined][] = [
    ['an empty body', '', 'JSON_SYNTAX'],
    ['half an object', '{', 'JSON_SYNTAX'],
    ['a repeated key', '{"id":"1","id":"2"}', 'JSON_DUPLICATE_KEY'],
    ['a byte FF', Buffer.from([0x22, 0xff, 0x22]), 'JSON_UTF8'],
    ['400,000 levels', '['.repeat(400_000) + ']'.repeat(400_000), 'JSON_DEPTH'],
    ['__proto__', '{"__proto__":{"isAdmin":true}}', 'JSON_PROTO_KEY'],
    ['a form', 'a=b&c=d', 'JSON_SYNTAX'],
    ['null', 'null', undefined],
    ['a list', '[]', undefined],
    ['a byte order mark', Buffer.from('\ufeff{}'), undefined],
  ]
  for (const [what, body, code] of unreadable)
    it(`keeps ${what} that was signed, and answers 202`, async () => {
      const response = await at.server.inject(at.signed(EVENT, body))
      expect(response.statusCode).to.equal(202)
      const arrival = at.intake.arrivals[0]!
      expect(arrival.failure?.code).to.equal(code)
      expect('body' in arrival).to.equal(code === undefined)
    })

  it('W16: looks at the bytes whatever the type says', async () => {
    for (const type of [
      'text/plain',
      'application/json; charset=utf-16',
      'multipart/form-data',
      'nonsense',
      '',
    ]) {
      const request = at.signed(EVENT, STUDENT)
      const response = await at.server.inject({
        ...request,
        headers: { ...request.headers, 'content-type': type },
      })
      expect(response.statusCode, type).to.equal(202)
    }
  })

  it('accepts an unknown resource of a known connector, and no unknown connector', async () => {
    expect((await at.server.inject(at.signed('/api/v1/events/classroom/Nobody', {}))).statusCode).to.equal(
      202,
    )
    expect((await at.server.inject(at.signed('/api/v1/events/nobody/user', {}))).statusCode).to.equal(404)
  })

  it('W09: refuses a compressed body without opening it', async () => {
    const request = at.signed(EVENT, STUDENT)
    const response = await at.server.inject({
      ...request,
      headers: { ...request.headers, 'content-encoding': 'gzip' },
    })
    expect(response.statusCode).to.equal(415)
  })

  it('answers 413 beyond 1 MiB', async () => {
    const most = `"${'x'.repeat(1024 * 1024 - 2)}"`
    expect((await at.server.inject(at.signed(EVENT, most))).statusCode).to.equal(202)
    const response = await at.server.inject(at.signed(EVENT, `${most} `))
    expect(response.statusCode).to.equal(413)
    expect(response.result).to.include({ code: 'BODY_TOO_LARGE' })
  })

  it('W17: answers 503 with Retry-After while the store takes nothing, and while it stops', async () => {
    at.intake.failure = new StoreError('STORE_UNAVAILABLE', 'mongodb://user:secret@host is away')
    const response = await at.server.inject(at.signed(EVENT, STUDENT))
    expect(response.statusCode).to.equal(503)
    expect(response.headers['retry-after']).to.match(/^\d+$/)
    expect(response.result).to.include({ code: 'STORE_UNAVAILABLE' })
    expect(response.payload).not.to.contain('mongodb')
    at.intake.failure = undefined
    at.intake.open = false
    const stopping = await at.server.inject(at.signed(EVENT, STUDENT))
    expect([stopping.statusCode, stopping.headers['retry-after']]).to.deep.equal([503, '5'])
  })

  it('turns one college away when its deliveries fill the room, and not the other', async () => {
    await at.server.stop()
    at = await college({ limits: { bodyBytes: 8000 } })
    let release = () => {}
    at.intake.hold = new Promise(resolve => {
      release = resolve
    })
    const body = { pad: 'x'.repeat(900) }
    const north = [1, 2, 3, 4, 5].map(() => at.server.inject(at.signed(EVENT, body)))
    const turnedAway = await Promise.race(north)
    expect(turnedAway.statusCode).to.equal(503)
    const south = at.server.inject(at.signed(EVENT, body, { endpoint: 'classroom-south' }))
    release()
    expect((await south).statusCode).to.equal(202)
    expect((await Promise.all(north)).map(r => r.statusCode).sort()).to.deep.equal([202, 202, 202, 202, 503])
  })

  describe('with Prefer: wait', () => {
    const waiting = (at: College, body: unknown, prefer = 'wait=5') => {
      const request = at.signed(EVENT, body)
      return { ...request, headers: { ...request.headers, prefer } }
    }

    it('answers 200 with the outcome, what was done and what the flow answers', async () => {
      const told = {
        state: 'UPDATED',
        action: 'updated',
        ids: { 'register/People': '7' },
        reason: 'because',
        changes: [{ field: 'name', from: 'a', to: 'b' }],
      }
      const response = await at.server.inject(
        waiting(at, { ...told, answers: { btec_grade: 'Merit', id: 'no' } }),
      )
      expect(response.statusCode).to.equal(200)
      expect(response.headers['preference-applied']).to.equal('wait=5')
      const { state, ...rest } = told
      expect(response.result).to.deep.include({
        ...rest,
        status: 'processed',
        id: 'd1',
        outcome: state,
        btec_grade: 'Merit',
      })
    })

    it('answers 202 when the time is over, and never waits longer than the limit', async () => {
      await at.server.stop()
      at = await college({ limits: { waitMs: 1000 } })
      const began = Date.now()
      const response = await at.server.inject(waiting(at, { state: 'open' }, 'respond-async, wait=9999; x=1'))
      expect(response.statusCode).to.equal(202)
      expect(response.headers['preference-applied']).to.equal('wait=1')
      expect(Date.now() - began).to.be.within(900, 3000)
    })

    it('answers at once when too many wait already', async () => {
      await at.server.stop()
      at = await college({ limits: { waiters: 1 } })
      const first = at.server.inject(waiting(at, { state: 'open' }))
      while (at.intake.waiting() === 0) await new Promise(setImmediate)
      const second = await at.server.inject(waiting(at, { state: 'open', n: 2 }))
      expect([second.statusCode, second.headers['preference-applied']]).to.deep.equal([202, undefined])
      at.intake.release()
      expect((await first).statusCode).to.equal(202)
    })

    it('passes over what it does not understand', async () => {
      for (const prefer of ['wait', 'wait=soon', 'wait=-1', 'awaits=3', 'handling=lenient']) {
        const response = await at.server.inject(waiting(at, { state: 'open', prefer }, prefer))
        expect([response.statusCode, response.headers['preference-applied']], prefer).to.deep.equal([
          202,
          undefined,
        ])
      }
    })
  })

  it("tells the state of events by our ids or the sender's, of the own college only", async () => {
    await at.server.inject(
      at.signed(EVENT, { state: 'WAITING', notification_id: 'n1', reason: 'student 5 is not here yet' }),
    )
    await at.server.inject(at.signed(EVENT, { state: 'NEW' }, { endpoint: 'classroom-south' }))
    const ask = async (ids: unknown, key = at.keys.read) =>
      at.server.inject(at.keyed('/api/v1/events/status', { ids }, key))
    expect((await ask(['n1', 'd2-0', 'nothing'])).result).to.deep.equal({
      events: [
        {
          id: 'd1-0',
          notification_id: 'n1',
          module: 'student',
          reason: 'student 5 is not here yet',
          outcome: 'WAITING',
        },
      ],
    })
    expect(JSON.parse((await ask(['n1', 'd2-0'], at.keys.south)).payload).events).to.have.length(1)
    const signed = await at.server.inject(at.signed('/api/v1/events/status', { ids: ['d1-0'] }))
    expect(JSON.parse(signed.payload).events).to.have.length(1)
    for (const ids of [undefined, 'd1', [1], [''], new Array(501).fill('a')]) {
      const refused = await ask(ids)
      expect(refused.statusCode).to.equal(400)
      expect(JSON.parse(refused.payload).findings[0].pointer).to.match(/^\/ids/)
    }
  })
})
