import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { checkBaseUrl, judgeAddress } from '../core/addresses.ts'
import { DataError, RetryableError, SetupError, WaslError } from '../core/errors.ts'
import type { HttpClient, HttpRequest } from '../core/plugin.ts'
import { createHttpClient } from '../core/request.ts'

/** Ends with `after`: every server and client of the test. */
const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => {}) // resets are what these tests are about
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

const clientOf = (port: number, path = ''): HttpClient => {
  const client = createHttpClient(`http://127.0.0.1:${port}${path}`, { remote: 'moodle', allowPrivate: true })
  open.push(() => client.close())
  return client
}

const http = async (listener: RequestListener, path = ''): Promise<HttpClient> =>
  clientOf(await listen(createServer(listener)), path)

/** A server that answers a request with these bytes and then does as told. */
const raw = async (answer: (socket: Socket) => void): Promise<HttpClient> =>
  clientOf(await listen(createTcpServer(socket => socket.once('data', () => answer(socket)))))

async function failure(client: HttpClient, request: Partial<HttpRequest> = {}): Promise<WaslError> {
  try {
    await client.request({ method: 'POST', path: '/', json: {}, ...request })
  } catch (error) {
    if (error instanceof WaslError) return error
    throw error
  }
  throw new Error('the request did not fail')
}

const facts = (error: WaslError) => ({
  code: error.code,
  ...(error instanceof RetryableError ? { gate: error.gate, ambiguous: error.ambiguous } : {}),
})

describe('createHttpClient', () => {
  it('sends a form as given, in order, below the base URL', async () => {
    const client = await http((request, response) => {
      let body = ''
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => response.end(JSON.stringify([request.method, request.url, body])))
    }, '/moodle/')
    const answer = await client.request({
      method: 'POST',
      path: '/server.php',
      query: { a: 'x&y' },
      form: [
        ['users[1][name]', 'x&users[0][auth]=nologin'],
        ['users[0][name]', 'علي'],
      ],
    })
    const [method, url, body] = answer.json() as string[]
    expect([method, url]).to.deep.equal(['POST', '/moodle/server.php?a=x%26y'])
    expect([...new URLSearchParams(body)]).to.deep.equal([
      ['users[1][name]', 'x&users[0][auth]=nologin'],
      ['users[0][name]', 'علي'],
    ])
  })

  it('answers every status, with headers in lower case and ids that keep their digits', async () => {
    const client = await http((_, response) => {
      response.writeHead(429, { 'Retry-After': '7', 'X-Two': ['a', 'b'] })
      response.end('{"id":3652397000000186017}')
    })
    const answer = await client.request({ method: 'GET', path: '/' })
    expect(answer.status).to.equal(429)
    expect(answer.headers).to.include({ 'retry-after': '7', 'x-two': 'a, b' })
    expect(answer.json()).to.deep.equal({ id: '3652397000000186017' })
  })

  it('follows no redirect and gives the token to nobody', async () => {
    let visits = 0
    const trap = await listen(
      createServer((_, response) => {
        visits++
        response.end()
      }),
    )
    for (const status of [301, 302, 303, 307, 308]) {
      const client = await http((_, response) => {
        response.writeHead(status, { location: `http://127.0.0.1:${trap}/` })
        response.end()
      })
      const answer = await client.request({ method: 'POST', path: '/', form: [['wstoken', 'secret']] })
      expect(answer.status).to.equal(status)
    }
    expect(visits).to.equal(0)
  })

  it('ignores a proxy named in the environment', async () => {
    let visits = 0
    const proxy = await listen(
      createServer((_, response) => {
        visits++
        response.end()
      }),
    )
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = `http://127.0.0.1:${proxy}`
    open.push(() => {
      delete process.env['HTTP_PROXY']
      delete process.env['http_proxy']
    })
    const client = await http((_, response) => response.end('[]'))
    expect((await client.request({ method: 'GET', path: '/' })).text).to.equal('[]')
    expect(visits).to.equal(0)
  })

  it('takes no setting from a prototype that somebody spoilt', async () => {
    let visits = 0
    const trap = await listen(
      createServer((_, response) => {
        visits++
        response.end()
      }),
    )
    const client = await http((request, response) => {
      if (request.url === '/') response.writeHead(307, { location: `http://127.0.0.1:${trap}/` })
      response.end()
    })
    const spoilt = {
      proxy: { host: '127.0.0.1', port: trap, protocol: 'http:' },
      baseURL: `http://127.0.0.1:${trap}`,
      maxRedirects: 5,
      socketPath: '/nowhere',
      transformResponse: () => 'forged',
    }
    Object.assign(Object.prototype, spoilt)
    let answer: Awaited<ReturnType<HttpClient['request']>>
    try {
      answer = await client.request({ method: 'GET', path: '/' })
    } finally {
      for (const name of Object.keys(spoilt)) delete (Object.prototype as Record<string, unknown>)[name]
    }
    expect([answer.status, answer.text, visits]).to.deep.equal([307, '', 0])
  })

  it('reads compressed answers', async () => {
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
    ] as const) {
      const client = await http((_, response) => {
        response.setHeader('content-encoding', encoding)
        response.end(compress('{"a":1}'))
      })
      expect((await client.request({ method: 'GET', path: '/' })).json()).to.deep.equal({ a: 1 })
    }
  })

  it('says that an answer is no JSON without repeating it', async () => {
    for (const body of ['<html>secret</html>', '{"a": "secret', '', '{"a":1,"a":2}']) {
      const client = await http((_, response) => response.end(body))
      const answer = await client.request({ method: 'GET', path: '/' })
      expect(() => answer.json())
        .to.throw(RetryableError, /moodle answered 200/)
        .that.satisfies((e: RetryableError) => e.code === 'REMOTE_NOT_JSON' && !e.message.includes('secret'))
    }
  })

  it('has a deadline for the whole answer, dripping ones too', async () => {
    const client = await http((_, response) => {
      const drip = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(drip))
    })
    const error = await failure(client, { timeoutMs: 60 })
    expect(facts(error)).to.deep.equal({ code: 'REMOTE_TIMEOUT', gate: 'outage', ambiguous: true })
  })

  it('is not ambiguous about a request that waited for a connection in vain', async () => {
    const port = await listen(createServer(() => {}))
    const client = createHttpClient(`http://127.0.0.1:${port}`, {
      remote: 'moodle',
      allowPrivate: true,
      maxSockets: 1,
    })
    open.push(() => client.close())
    const first = failure(client, { timeoutMs: 120 })
    const second = failure(client, { timeoutMs: 60 })
    expect(facts(await second)).to.deep.equal({ code: 'REMOTE_TIMEOUT', gate: 'outage', ambiguous: false })
    expect(facts(await first)).to.deep.equal({ code: 'REMOTE_TIMEOUT', gate: 'outage', ambiguous: true })
  })

  it('shuts no gate when the caller gives up', async () => {
    const client = await http(() => {})
    const error = await failure(client, { signal: AbortSignal.timeout(30) })
    expect(facts(error)).to.deep.equal({ code: 'REMOTE_ABORTED', gate: undefined, ambiguous: true })
    const before = await failure(client, { signal: AbortSignal.abort() })
    expect(facts(before)).to.deep.equal({ code: 'REMOTE_ABORTED', gate: undefined, ambiguous: false })
  })

  it('is not ambiguous where nobody listens or the name is unknown', async () => {
    const server = createTcpServer()
    const port = await listen(server)
    server.close()
    await once(server, 'close')
    expect(facts(await failure(clientOf(port)))).to.deep.equal({
      code: 'REMOTE_UNREACHABLE',
      gate: 'outage',
      ambiguous: false,
    })
    const client = createHttpClient('https://nobody.invalid', { remote: 'zoho' })
    expect(facts(await failure(client))).to.deep.equal({
      code: 'REMOTE_UNREACHABLE',
      gate: 'outage',
      ambiguous: false,
    })
  })

  const broken: [string, (socket: Socket) => void][] = [
    ['a reset before the answer', socket => socket.resetAndDestroy()],
    ['an end before the answer', socket => socket.end()],
    [
      'half an answer and a reset',
      socket => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"ok":true,"a":12', () =>
          socket.resetAndDestroy(),
        )
      },
    ],
    [
      'half an answer and an end',
      socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"ok":true}'),
    ],
    [
      'a chunked answer without its end',
      socket => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"ok":true}\r\n'),
    ],
    ['something that is no HTTP', socket => socket.end('220 smtp.example.org ESMTP\r\n')],
    [
      'a broken gzip stream',
      socket => socket.end('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd'),
    ],
  ]
  for (const [what, answer] of broken)
    it(`is ambiguous about ${what}`, async () => {
      expect(facts(await failure(await raw(answer)))).to.deep.equal({
        code: 'REMOTE_UNREACHABLE',
        gate: 'outage',
        ambiguous: true,
      })
    })

  it('cuts an answer at 5 MiB, however it is packed', async () => {
    const big = await http((_, response) => {
      const chunk = Buffer.alloc(256 * 1024)
      const more = (): void => {
        while (response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    expect(facts(await failure(big))).to.deep.equal({
      code: 'REMOTE_TOO_LARGE',
      gate: undefined,
      ambiguous: true,
    })

    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024))
    const packed = await http((_, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(bomb)
    })
    expect((await failure(packed)).code).to.equal('REMOTE_TOO_LARGE')
  })

  it('refuses control characters and Arabic in headers, naming the header', async () => {
    let visits = 0
    const client = await http((_, response) => {
      visits++
      response.end()
    })
    for (const value of ['a\r\nX-Evil: 1', 'a\u0000', 'علي']) {
      const error = await failure(client, { headers: { 'X-Name': value } })
      expect(error).to.be.instanceOf(DataError)
      expect([error.code, error.at]).to.deep.equal(['HEADER_VALUE', 'X-Name'])
    }
    expect(visits).to.equal(0)
  })

  it('refuses a path that leaves the base URL, and a body that is too large', async () => {
    const client = await http((_, response) => response.end(), '/moodle')
    for (const path of ['https://evil.example/', '/../x', '/%2e%2e/x', '@evil.example/', '/\\..\\..\\x'])
      expect((await failure(client, { path })).code, path).to.equal('REQUEST_PATH')
    const error = await failure(client, { json: 'x'.repeat(6 * 1024 * 1024) })
    expect(error.code).to.equal('REQUEST_TOO_LARGE')
  })

  it('holds no header of the request in its errors', async () => {
    const client = await raw(socket => socket.destroy())
    const error = await failure(client, { headers: { Authorization: 'Zoho-oauthtoken canary' } })
    const { inspect } = await import('node:util')
    expect(inspect(error, { depth: 10, showHidden: true })).not.to.contain('canary')
  })

  it('uses a connection again', async () => {
    let connections = 0
    const server = createServer((_, response) => response.end('1'))
    server.on('connection', () => connections++)
    const client = clientOf(await listen(server))
    for (let i = 0; i < 5; i++) await client.request({ method: 'GET', path: '/' })
    expect(connections).to.equal(1)
  })

  it('takes a certificate that nobody vouches for as a mistake of the installation', async () => {
    const port = await listen(
      createSecureServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (_, r) => r.end()),
    )
    const client = createHttpClient(`https://localhost:${port}`, { remote: 'moodle', allowPrivate: true })
    open.push(() => client.close())
    const error = await failure(client)
    expect(error).to.be.instanceOf(SetupError)
    expect(error.code).to.equal('REMOTE_CERTIFICATE')
  })

  it('connects to no private address under a public name', async function () {
    let connections = 0
    const server = createSecureServer({ key: TEST_KEY, cert: TEST_CERTIFICATE })
    server.on('connection', () => connections++)
    const port = await listen(server)
    // A name which the system resolves to this machine, and which the check of the text cannot know.
    const { hostname } = await import('node:os')
    const { promises } = await import('node:dns')
    const resolved = await promises.lookup(hostname()).catch(() => undefined)
    if (resolved === undefined || judgeAddress(resolved.address) === 'public') return this.skip()
    const client = createHttpClient(`https://${hostname()}:${port}`, { remote: 'moodle' })
    open.push(() => client.close())
    const error = await failure(client)
    expect(error).to.be.instanceOf(SetupError)
    expect([error.code, connections]).to.deep.equal(['REMOTE_ADDRESS', 0])
  })
})

describe('checkBaseUrl', () => {
  const refused = [
    'https://169.254.169.254',
    'https://127.0.0.1',
    'https://[::ffff:7f00:1]',
    'https://0x7f000001',
    'https://2130706433',
    'https://127.1',
    'https://localhost.',
    'https://[64:ff9b::7f00:1]',
    'https://moodle.example@127.0.0.1/',
    'https://user:pass@moodle.example/',
    'http://moodle.example',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://moodle.example:22',
    'https://moodle.example:6379',
    'https://10.1.2.3',
    'https://[fd00::1]',
    'https://moodle.example/?a=1',
    'moodle.example',
  ]
  for (const url of refused)
    it(`refuses ${url}`, () => {
      expect(() => checkBaseUrl(url, { remote: 'moodle' }))
        .to.throw(SetupError)
        .with.property('code', 'REMOTE_ADDRESS')
    })

  it('allows loopback where it is asked for, and metadata services never', () => {
    const lab = { remote: 'moodle', allowPrivate: true }
    expect(checkBaseUrl('http://127.0.0.1:9001/m', lab).origin).to.equal('http://127.0.0.1:9001')
    for (const url of [
      'http://169.254.169.254',
      'http://[::ffff:a9fe:a9fe]',
      'http://[fe80::1]',
      'file:///x',
    ])
      expect(() => checkBaseUrl(url, lab), url).to.throw(SetupError)
  })

  it('allows a public address', () => {
    expect(checkBaseUrl('https://www.zohoapis.eu/crm', { remote: 'zoho' }).hostname).to.equal(
      'www.zohoapis.eu',
    )
  })
})

describe('judgeAddress', () => {
  const table: [string, string][] = [
    ['8.8.8.8', 'public'],
    ['172.15.255.255', 'public'],
    ['172.16.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['0.0.0.0', 'private'],
    ['::', 'private'],
    ['::1', 'private'],
    ['::127.0.0.1', 'private'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:8.8.8.8', 'public'],
    ['2002:7f00:1::', 'private'],
    ['2002:a9fe:a9fe::1', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['2001:4860:4860::8888', 'public'],
    ['fe80::1%eth0', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['fd12::1', 'private'],
    ['239.1.1.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['not an address', 'forbidden'],
  ]
  for (const [address, verdict] of table)
    it(`calls ${address} ${verdict}`, () => {
      expect(judgeAddress(address)).to.equal(verdict)
    })
})

/** Self-signed, for `localhost`, until 2126; it protects nothing. */
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYzeA5ZFonsvQHrgY
Bfj6YSzvZ37im3azT1uU5sjBN2ehRANCAAQl64sLDblEU9IlHsojeNaJJPaQW/xB
axcPCR7TZd5yc3CJRK3FQmZGWNJIVbH1WOtSMVv+9DznePmoMK1aagWe
-----END PRIVATE KEY-----`
const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIURHdVpY0iCL9+vKp9E6wM4BE5ImMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDEyMTAyM1oYDzIxMjYxMDMx
MTIxMDIzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQl64sLDblEU9IlHsojeNaJJPaQW/xBaxcPCR7TZd5yc3CJRK3FQmZG
WNJIVbH1WOtSMVv+9DznePmoMK1aagWeo1MwUTAdBgNVHQ4EFgQUnpSFsvHLsIIc
ntQBS7p4zNYo1l8wHwYDVR0jBBgwFoAUnpSFsvHLsIIcntQBS7p4zNYo1l8wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAueVWdKouS7lR6OTlLZMe
b/STri2a3EXy/2SM4JdIXdUCIQC4fu9ce7D0GnBNI+WZLnOfDbBXX33EVwxluTGf
ts0tyg==
-----END CERTIFICATE-----`
