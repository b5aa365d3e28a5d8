/** A Sample to try things on: its API as far as the connector uses it, a few faults, and its webhooks. */
import { createHmac, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Payload } from '../../../plugin.ts'
import type { SampleSettings } from '../settings.ts'

export type Fault = 'busy' | 'outage' | 'lose-answer' | 'refuse-token'

export interface Sandbox {
  readonly url: string
  /** What `connect` needs in order to reach it. */
  readonly settings: SampleSettings
  /** What people do in Sample. */
  save(fields: Payload, id?: string): string
  remove(id: string): void
  get(id: string): Payload | undefined
  readonly count: number
  /** For the next `times` calls; undefined: none. */
  fault(kind: Fault | undefined, times?: number): void
  /** Webhooks go there from now on. `url`: the engine's base address. */
  announce(endpoint: { readonly url: string; readonly id: string; readonly secret: string }): void
  /** Resolves when every webhook so far was answered or given up. */
  announced(): Promise<void>
  close(): Promise<void>
}

const TOKEN = 'sample-sandbox-token'
const RETRIES = 5

export async function startSandbox({ port = 0 }: { readonly port?: number } = {}): Promise<Sandbox> {
  const items = new Map<string, Payload>()
  const deleted = new Set<string>()
  const sending = new Set<Promise<void>>()
  let target: { readonly url: string; readonly id: string; readonly secret: string } | undefined
  let fault: { readonly kind: Fault; left: number } | undefined
  let last = 0
  let clock = 0

  function save(fields: Payload, id?: string): string {
    const key = id ?? String(++last).padStart(5, '0')
    clock = Math.max(clock + 1, Date.now())
    const saved = { ...items.get(key), ...fields, id: key, modified: clock }
    items.set(key, saved)
    tell('item.saved', saved)
    return key
  }

  function remove(id: string): void {
    if (!items.delete(id)) return
    deleted.add(id)
    clock = Math.max(clock + 1, Date.now())
    tell('item.deleted', { id, modified: clock })
  }

  /** Standard Webhooks: HMAC-SHA256 over id, time and body. */
  function tell(type: string, item: Payload): void {
    if (target === undefined) return
    const { url, id, secret } = target
    const body = JSON.stringify({ type, item })
    const message = `msg_${randomUUID()}`
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    const sent = deliver(`${url}/api/v1/events/sample/item?endpoint=${id}`, body, () => {
      const time = String(Math.floor(Date.now() / 1000))
      const signature = createHmac('sha256', key).update(`${message}.${time}.${body}`).digest('base64')
      return { 'webhook-id': message, 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` }
    }).finally(() => sending.delete(sent))
    sending.add(sent)
  }

  const operations: Record<string, (body: Payload) => Payload> = {
    '/status': () => ({ ok: true }),
    '/items/read': body => {
      const ids = body['ids'] as string[]
      return {
        items: ids.flatMap(id => items.get(id) ?? []),
        deleted: ids.filter(id => deleted.has(id)),
      }
    },
    '/items/search': body => {
      const values = new Set(body['values'] as string[])
      return { items: [...items.values()].filter(one => values.has(String(one[String(body['by'])]))) }
    },
    '/items/write': body => ({ results: (body['operations'] as Payload[]).map(write) }),
  }

  function write(operation: Payload): Payload {
    const id = operation['id'] as string | undefined
    const fields = operation['fields'] as Payload
    if (id !== undefined && !items.has(id)) return { ok: false, code: 'gone', message: 'It is not there.' }
    if (fields['title'] === '' || (id === undefined && typeof fields['title'] !== 'string'))
      return { ok: false, code: 'invalid', field: 'title', message: 'An item needs a title.' }
    const holder = [...items.values()].find(one => one['code'] === fields['code'] && one['id'] !== id)
    if (fields['code'] !== undefined && holder !== undefined)
      return {
        ok: false,
        code: 'duplicate',
        field: 'code',
        id: holder['id'] ?? null,
        message: 'The code is taken.',
      }
    const saved = save(fields, id)
    const { modified = 0 } = items.get(saved) as Payload
    return { ok: true, id: saved, action: id === undefined ? 'created' : 'updated', modified }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = []
    for await (const chunk of request) body.push(chunk as Buffer)
    const kind = fault !== undefined && fault.left-- > 0 ? fault.kind : undefined
    const reply = (status: number, content: Payload, headers = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(content))
    if (kind === 'busy') return void reply(429, {}, { 'retry-after': '1' })
    if (kind === 'outage') return void reply(503, {})
    if (kind === 'refuse-token' || request.headers.authorization !== `Bearer ${TOKEN}`)
      return void reply(401, {})
    const operation = operations[request.url ?? '']
    if (operation === undefined) return void reply(404, {})
    const result = operation(JSON.parse(Buffer.concat(body).toString()))
    if (kind === 'lose-answer') return void request.socket.destroy()
    reply(200, result)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    settings: { url, token: TOKEN, allowPrivate: true },
    save,
    remove,
    get: id => items.get(id),
    get count() {
      return items.size
    },
    fault(kind, times = 1) {
      fault = kind === undefined ? undefined : { kind, left: times }
    },
    announce(endpoint) {
      target = endpoint
    },
    async announced() {
      while (sending.size > 0) await Promise.all(sending)
    },
    async close() {
      target = undefined
      await Promise.all(sending)
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

/** Sends until it is taken, a few times at most, as a good sender of webhooks does. */
async function deliver(address: string, body: string, headers: () => Record<string, string>): Promise<void> {
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    const taken = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers() },
      body,
      signal: AbortSignal.timeout(10_000),
    }).then(
      response => response.status < 500,
      () => false,
    )
    if (taken) return
    await pause(200 * 2 ** attempt)
  }
}
