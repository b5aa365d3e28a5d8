import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SignedRequest } from '../../../core/plugin.ts'

export interface Door {
  readonly url: string
  readonly requests: SignedRequest[]
  status: number
  close(): Promise<void>
}

export const until = async (happened: () => boolean) => {
  while (!happened()) await new Promise(resolve => setImmediate(resolve))
}

/** Where webhooks arrive: keeps the exact bytes and headers. */
export const openDoor = async (): Promise<Door> => {
  const requests: SignedRequest[] = []
  const server: Server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
    const headers = new Map(
      Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat()]),
    )
    const query = Object.fromEntries(new URL(request.url!, 'http://door').searchParams)
    requests.push({
      method: request.method!,
      path: request.url!,
      query,
      headers,
      body: Buffer.concat(parts),
      now: Date.now(),
    })
    response.writeHead(door.status).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const door: Door = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    status: 202,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return door
}
