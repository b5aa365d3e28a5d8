/** Servers on loopback that behave as remotes may, and clients of them. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { RetryableError, WaslError } from '../../core/errors.ts'
import type { HttpClient, HttpRequest } from '../../core/plugin.ts'
import { createHttpClient } from '../../core/request.ts'

export interface Remotes {
  /** Its port on 127.0.0.1. */
  listen(server: Server): Promise<number>
  clientOf(port: number, path?: string): HttpClient
  http(listener: RequestListener, path?: string): Promise<HttpClient>
  /** Of a server that does this with the connection once a request has come. */
  raw(answer: (socket: Socket) => void): Promise<HttpClient>
  /** Is run when the test is over. */
  later(close: () => void): void
}

/** For one `describe`: what a test of it opens ends with that test. */
export function remotes(): Remotes {
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
    const client = createHttpClient(`http://127.0.0.1:${port}${path}`, {
      remote: 'moodle',
      allowPrivate: true,
    })
    open.push(() => client.close())
    return client
  }

  return {
    listen,
    clientOf,
    http: async (listener, path) => clientOf(await listen(createServer(listener)), path),
    raw: async answer =>
      clientOf(await listen(createTcpServer(socket => socket.once('data', () => answer(socket))))),
    later: close => {
      open.push(close)
    },
  }
}

export async function failure(client: HttpClient, request: Partial<HttpRequest> = {}): Promise<WaslError> {
  try {
    await client.request({ method: 'POST', path: '/', json: {}, ...request })
  } catch (error) {
    if (error instanceof WaslError) return error
    throw error
  }
  throw new Error('the request did not fail')
}

export const facts = (error: WaslError) => ({
  code: error.code,
  ...(error instanceof RetryableError ? { gate: error.gate, ambiguous: error.ambiguous } : {}),
})
