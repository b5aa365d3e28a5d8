import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { judgeAddress } from '../../core/addresses.ts'
import { DataError, SetupError } from '../../core/errors.ts'
import type { HttpClient } from '../../core/plugin.ts'
import { createHttpClient } from '../../core/request.ts'
import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts'
import { facts, failure, remotes } from './remotes.ts'

describe('createHttpClient, what it lets nobody do', () => {
  const { http, later, listen, raw } = remotes()

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
    later(() => {
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
    later(() => client.close())
    const error = await failure(client)
    expect(error).to.be.instanceOf(SetupError)
    expect([error.code, connections]).to.deep.equal(['REMOTE_ADDRESS', 0])
  })
})
