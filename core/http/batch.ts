import type { Request, ResponseObject, ResponseToolkit, Server } from '@hapi/hapi'
import type { Arrival, EventStatus, Receipt } from '../delivery/intake.ts'
import { parseJson } from '../json.ts'
import type { Json, Payload } from '../plugin.ts'
import { eventAnswer, resultsOf, summarise } from './answers.ts'
import type { Sender } from './authentication.ts'
import { idempotencyKeyOf, rawBody } from './events.ts'
import type { Modules, Surroundings } from './ports.ts'
import { notFound, problem } from './problems.ts'
import type { Door } from './receive.ts'

/** Deliveries of one batch that wait for the store at a time. */
const AT_A_TIME = 4
/** Members beside the list that every part repeats. */
const MAX_BESIDE = 20

/** A list that was sent: in whose shape, under which name, and from which member of the body. */
interface Batch {
  readonly sender: Sender
  readonly connector: string
  readonly route: string
  readonly key: string
}

/**
 * `POST /sync/{module}` with `{"data": [...]}`, and the lists that connectors declare
 * (`POST /{connector}/{collection}`). Answered once every record was applied, per record in request order.
 */
export function addBatchRoutes(server: Server, surroundings: Surroundings, door: Door): void {
  const { connectors, limits, modules } = surroundings
  const expected = {
    keys: true,
    scope: 'operate',
    limits: { bytes: limits.batchBytes, ms: limits.batchMs },
  } as const

  server.route({
    method: 'POST',
    path: '/api/v1/sync/{module}',
    options: rawBody(),
    handler: (request, h) =>
      door.receive(request, expected, async ({ sender, raw }) => {
        const route = request.params['module'] as string
        const known = await modules(sender.tenant)
        if (known.moduleOf(route) === undefined) throw unknownModule(route, known)
        const connector = sender.connector ?? syncConnector(request, route, known, surroundings)
        return run(request, h, { sender, connector, route, key: 'data' }, raw, surroundings, door)
      }),
  })

  for (const [connector, { collections = {} }] of connectors)
    for (const [collection, { key }] of Object.entries(collections))
      server.route({
        method: 'POST',
        path: `/api/v1/${connector}/${collection}`,
        options: rawBody(),
        handler: (request, h) =>
          door.receive(request, { ...expected, connector }, ({ sender, raw }) =>
            run(request, h, { sender, connector, route: collection, key }, raw, surroundings, door),
          ),
      })
}

async function run(
  request: Request,
  h: ResponseToolkit,
  batch: Batch,
  raw: Buffer,
  surroundings: Surroundings,
  door: Door,
): Promise<ResponseObject> {
  const { intake, limits } = surroundings
  const idempotencyKey = idempotencyKeyOf(request)
  const chunks = chunksOf(parseJson(raw), batch.key, limits.chunk)
  const deadline = performance.now() + limits.waitMs

  const receipts: Receipt[] = []
  for (let i = 0; i < chunks.length; i += AT_A_TIME) {
    const accepted = chunks.slice(i, i + AT_A_TIME).map((chunk, offset) => {
      const arrival = arrivalOf(batch, chunk.body, i + offset, idempotencyKey, surroundings.now())
      return door.fairness.share(arrival.tenant, arrival.raw.length, () => intake.accept(arrival))
    })
    receipts.push(...(await allOf(accepted)))
  }

  const states = await Promise.all(
    receipts.map(async (receipt, index): Promise<EventStatus[]> => {
      const left = Math.max(0, deadline - performance.now())
      const settled = await intake.settled(batch.sender.tenant, receipt.id, left, 'applied')
      return resultsOf(settled, chunks[index]!.records)
    }),
  )
  const events = states.flat()
  const summary = summarise(events.map(event => event.state))
  const repeated = receipts.length > 0 && receipts.every(receipt => receipt.duplicate)
  const status = repeated ? 'duplicate_request' : summary.open > 0 ? 'accepted' : 'processed'
  return h
    .response({
      status,
      ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }),
      ...(receipts.some(receipt => receipt.id_reused === true) ? { id_reused: true } : {}),
      deliveries: receipts.map(receipt => receipt.id),
      results: events.map((event, index) => ({ index, ...eventAnswer(event) })),
      summary,
    })
    .code(summary.open > 0 ? 202 : 200)
}

/** All of them have ended before the first failure is raised, so that none goes on unseen. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const ended = await Promise.allSettled(promises)
  return ended.map(result => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

/** One part of a batch as a delivery. `index`: its place among those under one `idempotencyKey`. */
export function arrivalOf(
  { sender, connector, route }: Omit<Batch, 'key'>,
  body: Payload,
  index: number,
  idempotencyKey: string | undefined,
  receivedAt: number,
): Arrival {
  // The key counts per route and part: each part is a delivery of its own, which a repeat finds again.
  const senderId = idempotencyKey === undefined ? undefined : `batch:${route}:${index}:${idempotencyKey}`
  return {
    tenant: sender.tenant,
    endpoint: sender.endpoint,
    connector,
    channel: 'batch',
    route,
    raw: Buffer.from(JSON.stringify(body)),
    body,
    ...(senderId === undefined ? {} : { senderId }),
    trusted: sender.trusted,
    receivedAt,
  }
}

/**
 * The list in parts of at most `size`, each in the shape in which the whole came, short members beside it (a time,
 * a module's name) included. Raises 400 where there is no list.
 */
export function chunksOf(
  body: Json,
  key: string,
  size: number,
): { body: Payload; records: readonly Json[] }[] {
  const whole = body !== null && typeof body === 'object' && !Array.isArray(body) ? body : {}
  const list = Object.hasOwn(whole, key) ? whole[key] : undefined
  if (!Array.isArray(list)) {
    const message = `The body must be an object with a list under "${key}".`
    throw problem(400, 'BATCH_SHAPE', message, {
      findings: [{ pointer: `/${key}`, code: 'BATCH_SHAPE', message }],
      hint: `send {"${key}": [...]}`,
    })
  }
  const beside = Object.entries(whole).filter(([, value]) => isShort(value))
  const shared = Object.fromEntries(beside.slice(0, MAX_BESIDE))
  const chunks = []
  for (let i = 0; i < list.length; i += size) {
    const records = list.slice(i, i + size)
    chunks.push({ body: { ...shared, [key]: records }, records })
  }
  return chunks
}

const isShort = (value: Json): boolean =>
  typeof value === 'string' ? value.length <= 200 : value === null || typeof value !== 'object'

function unknownModule(name: string, known: Modules) {
  const names = [...known.modules.keys()].sort()
  return notFound(`There is no module "${name.slice(0, 80)}".`, `the modules are: ${names.join(', ')}`)
}

/** In whose shape the records of a key's owner are: as the query says, else the setting, else the only one there is. */
function syncConnector(
  request: Request,
  module: string,
  known: Modules,
  { connectors, syncConnector: preferred }: Surroundings,
): string {
  const fitting = [...connectors.keys()].filter(name => known.resourceOf(name, module) !== undefined)
  const asked: unknown = request.query['connector']
  if (asked !== undefined) {
    if (typeof asked === 'string' && fitting.includes(asked)) return asked
  } else if (preferred !== undefined && fitting.includes(preferred)) return preferred
  else if (fitting.length === 1) return fitting[0]!
  throw problem(400, 'CONNECTOR_NEEDED', 'The query must say in whose shape the records are.', {
    hint: `add ?connector= and one of: ${fitting.join(', ')}`,
  })
}
