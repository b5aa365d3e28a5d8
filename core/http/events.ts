import type { Request, ResponseObject, ResponseToolkit, Server, ServerRoute } from '@hapi/hapi'
import type { Arrival, Receipt } from '../delivery/intake.ts'
import { acceptedAnswer, outcomeAnswer } from './answers.ts'
import type { Sender } from './authentication.ts'
import type { Surroundings } from './ports.ts'
import { waitIn } from './prefer.ts'
import { notFound, problem } from './problems.ts'
import { bodyOrFailure, type Door } from './receive.ts'

const NAME = /^[\w.\-\\]{1,120}$/
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/

/** `POST /events/{connector}/{resource}` and `POST /webhooks`: one delivery each, stored before it is answered. */
export function addEventRoutes(server: Server, surroundings: Surroundings, door: Door): void {
  const { connectors, limits } = surroundings
  const bodyLimits = { bytes: limits.webhookBytes, ms: limits.webhookMs }

  const eventHandler = (request: Request, h: ResponseToolkit) => {
    const { connector, resource } = request.params as { connector: string; resource: string }
    const definition = connectors.get(connector)
    if (definition === undefined || !NAME.test(resource)) throw notFound()
    const keys = definition.accepts.includes('bearer')
    return door.receive(
      request,
      { connector, keys, scope: 'operate', limits: bodyLimits },
      ({ sender, raw }) =>
        deliver(
          request,
          h,
          { sender, raw, connector, channel: 'events', route: resource },
          surroundings,
          door,
        ),
    )
  }

  const webhookHandler = (request: Request, h: ResponseToolkit) =>
    door.receive(request, { keys: true, scope: 'operate', limits: bodyLimits }, ({ sender, raw }) => {
      const connector = sender.connector ?? namedConnector(request, surroundings)
      return deliver(request, h, { sender, raw, connector, channel: 'webhooks' }, surroundings, door)
    })

  const options = rawBody()
  server.route([
    { method: 'POST', path: '/api/v1/events/{connector}/{resource}', options, handler: eventHandler },
    { method: 'POST', path: '/api/v1/webhooks', options, handler: webhookHandler },
  ])
}

/** The body is read by us, as it is; whatever its type is said to be, what counts are the bytes. */
export const rawBody = (): NonNullable<Exclude<ServerRoute['options'], (server: Server) => unknown>> => ({
  payload: {
    output: 'stream',
    parse: false,
    override: 'application/json',
    maxBytes: Number.MAX_SAFE_INTEGER,
    timeout: false,
  },
  timeout: { server: false },
})

/** The sender's own id of a request, apart from what a signature holds. Raises 400. */
export function idempotencyKeyOf(request: Request): string | undefined {
  const key = request.raw.req.headers['idempotency-key']?.toString()
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key
  throw problem(400, 'IDEMPOTENCY_KEY', 'The header Idempotency-Key must be 1 to 255 printable characters.')
}

interface Delivery {
  readonly sender: Sender
  readonly raw: Buffer
  readonly connector: string
  readonly channel: 'events' | 'webhooks'
  readonly route?: string
}

async function deliver(
  request: Request,
  h: ResponseToolkit,
  { sender, raw, connector, channel, route }: Delivery,
  surroundings: Surroundings,
  door: Door,
): Promise<ResponseObject> {
  const { intake, now } = surroundings
  const key = sender.senderId ?? prefixed(idempotencyKeyOf(request))
  const arrival: Arrival = {
    tenant: sender.tenant,
    endpoint: sender.endpoint,
    connector,
    channel,
    ...(route === undefined ? {} : { route }),
    raw,
    ...bodyOrFailure(raw),
    ...(key === undefined ? {} : { senderId: key }),
    trusted: sender.trusted,
    receivedAt: now(),
  }
  const receipt = await door.fairness.share(sender.tenant, raw.length, () => intake.accept(arrival))
  return answer(request, h, sender.tenant, receipt, surroundings, door)
}

const prefixed = (key: string | undefined): string | undefined =>
  key === undefined ? undefined : `idempotency:${key}`

async function answer(
  request: Request,
  h: ResponseToolkit,
  tenant: string,
  receipt: Receipt,
  { intake, limits }: Surroundings,
  door: Door,
): Promise<ResponseObject> {
  const seconds = waitIn(request.raw.req.headers['prefer'], limits.waitMs / 1000)
  const waits = seconds !== undefined && intake.open && receipt.events.length > 0 && door.waiters.take()
  if (!waits)
    return receipt.duplicate
      ? h.response(outcomeAnswer(receipt)).code(200)
      : h.response(acceptedAnswer(receipt)).code(202)
  try {
    const settled = await intake.settled(tenant, receipt.id, seconds * 1000, 'pushed')
    // Whether it was a repeat is known only from the first receipt.
    const now = { ...settled, duplicate: receipt.duplicate, ...idReused(receipt) }
    const done = receipt.duplicate || settled.events.every(event => event.state !== 'open')
    return h
      .response(outcomeAnswer(now))
      .code(done ? 200 : 202)
      .header('preference-applied', `wait=${seconds}`)
  } finally {
    door.waiters.leave()
  }
}

const idReused = (receipt: Receipt) => (receipt.id_reused === true ? { id_reused: true } : {})

/** A key belongs to no remote, so the query must say in whose shape the body is. Raises 400. */
export function namedConnector(request: Request, { connectors }: Surroundings): string {
  const name: unknown = request.query['connector']
  if (typeof name === 'string' && connectors.has(name)) return name
  throw problem(400, 'CONNECTOR_NEEDED', 'The query must name the connector, since a key belongs to none.', {
    hint: `add ?connector= and one of: ${[...connectors.keys()].join(', ')}`,
  })
}
