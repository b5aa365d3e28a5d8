import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { standardWebhooks } from '../../../core/http/verifiers/standard-webhooks.ts'
import type { Payload } from '../../../core/plugin.ts'

export interface Delivery {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly envelope: Payload
}

/** An engine's door that takes everything, or refuses the first few. */
export async function startDoor(refusals = 0): Promise<{
  url: string
  deliveries: Delivery[]
  until: (count: number) => Promise<readonly Delivery[]>
  stop: () => Promise<void>
}> {
  const deliveries: Delivery[] = []
  const waiters = new Set<() => void>()
  let refuse = refusals
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    if (refuse-- > 0) return void response.writeHead(503).end()
    const body = Buffer.concat(chunks)
    deliveries.push({
      path: request.url ?? '',
      headers: request.headers,
      body,
      envelope: JSON.parse(body.toString()) as Payload,
    })
    response.writeHead(202).end('{"status":"accepted"}')
    for (const waiter of waiters) waiter()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    until: count =>
      new Promise(resolve => {
        const look = () => {
          if (deliveries.length < count) return
          waiters.delete(look)
          resolve(deliveries)
        }
        waiters.add(look)
        look()
      }),
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** With it the sandbox's plugin signs what it sends to a door. */
export const secret = standardWebhooks.newSecret()

export const types = (deliveries: readonly Delivery[]) => deliveries.map(({ envelope }) => envelope['type'])
