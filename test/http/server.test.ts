import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { DataError, SetupError } from '../../core/errors.ts'
import { rawBody } from '../../core/http/events.ts'
import { type College, college } from './college.ts'

const EVENT = '/api/v1/events/classroom/user_created'

describe('the HTTP server', () => {
  let at: College
  beforeEach(async () => {
    at = await college({ limits: { webhookMs: 200, batchMs: 300 } })
  })
  afterEach(() => at.server.stop())

  it('says that it lives, and whether deliveries can be accepted', async () => {
    expect((await at.server.inject('/health/live')).result).to.deep.equal({ status: 'live' })
    const ready = await at.server.inject('/health/ready')
    expect([ready.statusCode, ready.result]).to.deep.equal([200, { store: 'ok', status: 'ready' }])
    at.intake.open = false
    const stopping = await at.server.inject('/health/ready')
    expect([stopping.statusCode, stopping.result]).to.deep.equal([503, { store: 'ok', status: 'stopping' }])
  })

  it('is not ready while the store takes nothing', async () => {
    const away = await college({ health: async () => ({ ready: false, facts: { store: 'away' } }) })
    const response = await away.server.inject('/health/ready')
    expect([response.statusCode, response.result]).to.deep.equal([
      503,
      { store: 'away', status: 'not_ready' },
    ])
    await away.server.stop()
  })

  it('answers what it does not have with 404, and a method that a path has not with 405', async () => {
    for (const url of [
      '/',
      '/api/v1/nothing',
      '/api/v1/events/a%00b/c',
      '/api/v1/events/..%2f..%2fx/y',
      '/api/v1/events/a/%ff',
    ]) {
      const response = await at.server.inject({ method: 'POST', url, payload: '{}' })
      expect([400, 404], url).to.include(response.statusCode)
      expect(response.result).to.include.keys('code')
    }
    for (const [method, url, allow] of [
      ['GET', EVENT, 'POST'],
      ['PUT', '/api/v1/webhooks', 'POST'],
      ['DELETE', '/api/v1/classroom/users', 'POST'],
      ['POST', '/health/live', 'GET, HEAD'],
    ] as const) {
      const response = await at.server.inject({ method, url })
      expect([response.statusCode, response.headers['allow']]).to.deep.equal([405, allow])
      expect(response.result).to.include({ code: 'METHOD_NOT_ALLOWED' })
    }
  })

  it('sets security headers and a correlation id on every answer', async () => {
    for (const response of [
      await at.server.inject('/health/live'),
      await at.server.inject('/nothing'),
      await at.server.inject(at.signed(EVENT, {})),
    ]) {
      expect(response.headers).to.include({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cache-control': 'no-cache',
      })
      expect(response.headers['x-request-id']).to.match(/^[0-9a-f-]{36}$/)
    }
  })

  it('A13: tells a caller nothing of a mistake of ours but a correlation id', async () => {
    at.intake.failure = new Error('secret at /srv/app')
    const response = await at.server.inject(at.signed(`${EVENT}?secret=canary`, {}))
    expect(response.statusCode).to.equal(500)
    expect(response.result).to.deep.equal({
      statusCode: 500,
      error: 'Internal Server Error',
      message: 'An internal server error occurred',
      code: 'INTERNAL',
      requestId: response.headers['x-request-id'],
    })
    const line = at.lines.find(each => each.startsWith('error http.failed'))
    expect(line).to.contain(response.headers['x-request-id']).and.not.to.contain('canary')
  })

  it('answers our errors with their code, place and hint', async () => {
    for (const [error, status] of [
      [new DataError('FIELD_NEEDED', 'it is needed', { at: 'read/email', hint: 'leave it' }), 400],
      [new SetupError('KEY_MALFORMED', 'it is no key', { hint: 'make one' }), 500],
    ] as const) {
      at.intake.failure = error
      const response = await at.server.inject(at.signed(EVENT, {}))
      expect(response.statusCode).to.equal(status)
      expect(response.result).to.include({ code: error.code, message: error.message, hint: error.hint })
    }
  })

  it('reads the JSON of further routes as strictly', async () => {
    const more = await college({}, (server, door) =>
      server.route({
        method: 'PUT',
        path: '/v1/extension/settings',
        options: { ...rawBody(), auth: { strategy: 'key', scope: 'configure' } },
        handler: async request => ({ got: await door.readJson(request) }),
      }),
    )
    const put = (payload: string, key: string) =>
      more.server.inject({ ...more.keyed('/v1/extension/settings', payload, key), method: 'PUT' })
    expect((await put('{"id":3652397000000186017}', more.keys.admin)).result).to.deep.equal({
      got: { id: '3652397000000186017' },
    })
    expect((await put('{"a":1,"a":2}', more.keys.admin)).result).to.include({ code: 'JSON_DUPLICATE_KEY' })
    expect((await put('{}', more.keys.operate)).result).to.include({ code: 'SCOPE_MISSING', statusCode: 403 })
    await more.server.stop()
  })

  it('starts with no route that takes any text as a parameter', async () => {
    const error = await college({}, server =>
      server.route({ method: 'GET', path: '/api/v1/loose/{id}', handler: () => '' }),
    ).catch((e: Error) => e)
    expect(String(error)).to.contain('GET /api/v1/loose/{id} must say in validate.params')
  })

  describe('on a socket', () => {
    let sockets: Socket[] = []
    beforeEach(() => at.server.start())
    afterEach(() => {
      for (const socket of sockets) socket.destroy()
      sockets = []
    })

    const open = async (head: string, allowHalfOpen = false): Promise<Socket> => {
      const socket = connect({ port: Number(at.server.info.port), host: '127.0.0.1', allowHalfOpen })
      sockets.push(socket)
      socket.on('error', () => {}) // the server cuts some of them
      await once(socket, 'connect')
      socket.write(head)
      return socket
    }
    const answerOf = async (socket: Socket): Promise<string> => {
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      // Not `once`, which raises what the server's cut causes.
      await new Promise<void>(resolve => void socket.once('close', () => resolve()))
      return text.split('\r\n')[0]!
    }
    const post = (headers: string, url = EVENT) => `POST ${url} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`

    it('accepts a signed webhook, and uses the connection again', async () => {
      const { payload, headers } = at.signed(EVENT, { a: 1 })
      const url = `http://127.0.0.1:${at.server.info.port}${EVENT}`
      for (const status of [202, 200]) {
        const response = await fetch(url, {
          method: 'POST',
          body: payload as Buffer,
          headers: headers as Record<string, string>,
        })
        expect(response.status).to.equal(status)
        expect(response.headers.get('connection')).to.equal('keep-alive')
        await response.text()
      }
      expect(at.intake.arrivals[0]!.raw.equals(payload as Buffer)).to.equal(true)
    })

    it('S05: refuses a signature header that came twice', async () => {
      const { payload, headers } = at.signed(EVENT, { a: 1 })
      const lines = Object.entries(headers as Record<string, string>).map(
        ([name, value]) => `${name}: ${value}`,
      )
      const body = (payload as Buffer).toString()
      const socket = await open(
        `${post(`${lines.join('\r\n')}\r\nwebhook-signature: v1,evil\r\nConnection: close\r\nContent-Length: ${body.length}`)}${body}`,
      )
      expect(await answerOf(socket)).to.contain('401')
    })

    it('W05: answers a length beyond the limit at once and closes', async () => {
      expect(await answerOf(await open(post('Content-Length: 1000000000')))).to.contain('413')
    })

    it('W07: closes on a body that does not come, and on one that comes too slowly', async () => {
      expect(await answerOf(await open(post('Content-Length: 10')))).to.contain('408')
      const slow = await open(post('Content-Length: 100000'), true)
      const drip = setInterval(() => slow.write('x'), 20)
      expect(await answerOf(slow)).to.contain('408')
      clearInterval(drip)
    })

    it('W08: closes on headers that come too slowly', async () => {
      const hasty = await college({ limits: { headersMs: 100 } })
      await hasty.server.start()
      // It sends on although it was told that nobody listens any more.
      const socket = connect({ port: Number(hasty.server.info.port), host: '127.0.0.1', allowHalfOpen: true })
      sockets.push(socket)
      socket.on('error', () => {}) // the server cuts it
      const answer = answerOf(socket)
      socket.write(`POST ${EVENT} HTTP/1.1\r\nHost: x\r\nX-A: `)
      const drip = setInterval(() => socket.write('x'), 20)
      try {
        expect(await answer).to.match(/400|^$/)
      } finally {
        clearInterval(drip)
        await hasty.server.stop()
      }
    })

    it('W06: cuts an endless body at the limit', async () => {
      const socket = await open(post('Transfer-Encoding: chunked'))
      const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`
      let written = 0
      const more = () => {
        if (socket.destroyed) return
        written += 65536
        socket.write(chunk, () => setImmediate(more))
      }
      const answer = answerOf(socket)
      more()
      expect(await answer).to.match(/413|^$/)
      expect(written).to.be.below(8 * 1024 * 1024)
    })

    it('W06, W07: 20 endless and 100 slow bodies hold up nobody, and every one is cut', async () => {
      const cut: Promise<string>[] = []
      for (let i = 0; i < 120; i++) {
        const endless = i < 20
        const head = post(endless ? 'Transfer-Encoding: chunked' : 'Content-Length: 100000')
        const socket = await open(head, true)
        const piece = endless ? `10000\r\n${'x'.repeat(65536)}\r\n` : 'x'
        const more = setInterval(() => socket.write(piece), 20)
        cut.push(answerOf(socket).finally(() => clearInterval(more)))
      }
      const good = async (i: number) => {
        const { payload, headers } = at.signed(EVENT, { many: i })
        const response = await fetch(`http://127.0.0.1:${at.server.info.port}${EVENT}`, {
          method: 'POST',
          body: payload as Buffer,
          headers: headers as Record<string, string>,
        })
        return response.status
      }
      expect(await Promise.all(Array.from({ length: 50 }, (_, i) => good(i)))).to.deep.equal(
        Array(50).fill(202),
      )
      const answers = await Promise.all(cut)
      expect(answers.filter(text => !/408|413|503|^$/.test(text))).to.deep.equal([])
    }).timeout(30_000)

    it('answers other paths and methods without waiting for a body', async () => {
      expect(await answerOf(await open(post('Content-Length: 1000000000', '/nothing')))).to.contain('404')
      expect(await answerOf(await open(post('Content-Length: 1000000000', '/health/live')))).to.contain('405')
      expect(
        await answerOf(
          await open(
            post(
              `Authorization: Bearer ${at.keys.expired}\r\nContent-Length: 1000000000`,
              '/api/v1/sync/students',
            ),
          ),
        ),
      ).to.contain('401')
    })

    it('forgets what a sender that went away had sent', async () => {
      await at.server.stop()
      at = await college({ limits: { bodyBytes: 1000, webhookMs: 5000 } })
      await at.server.start()
      for (let round = 0; round < 3; round++) {
        const socket = await open(`${post('Content-Length: 900')}${'x'.repeat(600)}`)
        socket.end()
        await once(socket, 'close')
      }
      const { payload, headers } = at.signed(EVENT, { pad: 'x'.repeat(900) }) as {
        payload: Buffer
        headers: Record<string, string>
      }
      const response = await fetch(`http://127.0.0.1:${at.server.info.port}${EVENT}`, {
        method: 'POST',
        body: payload,
        headers,
      })
      expect(response.status).to.equal(503)
      const small = at.signed(EVENT, { pad: 'x'.repeat(300) }) as {
        payload: Buffer
        headers: Record<string, string>
      }
      const taken = await fetch(`http://127.0.0.1:${at.server.info.port}${EVENT}`, {
        method: 'POST',
        body: small.payload,
        headers: small.headers,
      })
      expect(taken.status).to.equal(202)
    })

    it('says in plain words that the port is taken', async () => {
      const other = await college({ port: Number(at.server.info.port) })
      let code: unknown
      try {
        await other.server.start()
      } catch (error) {
        code = (error as { code?: string }).code
      }
      expect(code).to.equal('EADDRINUSE')
      await other.server.stop()
    })
  })
})
