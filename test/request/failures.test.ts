import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { expect } from 'chai'
import { SetupError } from '../../core/errors.ts'
import { createHttpClient } from '../../core/request.ts'
import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts'
import { facts, failure, remotes } from './remotes.ts'

describe('createHttpClient, when a request fails', () => {
  const { clientOf, http, later, listen, raw } = remotes()

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
    later(() => client.close())
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

  it('takes a certificate that nobody vouches for as a mistake of the installation', async () => {
    const port = await listen(
      createSecureServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (_, r) => r.end()),
    )
    const client = createHttpClient(`https://localhost:${port}`, { remote: 'moodle', allowPrivate: true })
    later(() => client.close())
    const error = await failure(client)
    expect(error).to.be.instanceOf(SetupError)
    expect(error.code).to.equal('REMOTE_CERTIFICATE')
  })
})
