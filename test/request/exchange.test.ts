import { once } from 'node:events'
import { createServer } from 'node:http'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { RetryableError } from '../../core/errors.ts'
import { remotes } from './remotes.ts'

describe('createHttpClient, sending and answering', () => {
  const { clientOf, http, listen } = remotes()

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

  it('answers who uses it when it is closed, and then ends its connections', async () => {
    const answering: (() => void)[] = []
    const arrived: (() => void)[] = []
    const here = new Promise<void>(resolve => void arrived.push(resolve))
    let ended: Promise<unknown> | undefined
    const client = await http((request, response) => {
      ended = once(request.socket, 'close')
      answering.push(() => response.end('{"a":1}'))
      arrived[0]?.()
    })
    const answer = client.request({ method: 'GET', path: '/' })
    await here
    client.close()
    answering[0]?.()
    expect((await answer).json()).to.deep.equal({ a: 1 })
    await ended
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

  it('uses a connection again', async () => {
    let connections = 0
    const server = createServer((_, response) => response.end('1'))
    server.on('connection', () => connections++)
    const client = clientOf(await listen(server))
    for (let i = 0; i < 5; i++) await client.request({ method: 'GET', path: '/' })
    expect(connections).to.equal(1)
  })
})
