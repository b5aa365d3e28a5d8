import { createHmac, randomBytes } from 'node:crypto'
import type { Server, ServerInjectOptions } from '@hapi/hapi'
import { newApiKey } from '../../core/http/keys.ts'
import type { Endpoint, HttpOptions, Modules } from '../../core/http/ports.ts'
import { createServer } from '../../core/http/server.ts'
import { standardWebhooks, standardWebhooksHeaders } from '../../core/http/verifiers/standard-webhooks.ts'
import type { ConnectorDefinition, Log } from '../../core/plugin.ts'
import { plain } from '../../core/redact.ts'
import { type MemoryIntake, memoryIntake } from './memory-intake.ts'

export const NOW = Date.UTC(2026, 0, 15, 12)
const PEPPER = randomBytes(32)
export const hashKey = (secret: string): string => createHmac('sha256', PEPPER).update(secret).digest('hex')

const connector = (definition: Partial<ConnectorDefinition>): ConnectorDefinition =>
  ({
    summary: '',
    settings: {},
    resources: {},
    accepts: ['standard-webhooks'],
    parse: () => ({ events: [] }),
    connect: () => {
      throw new Error('these tests send nothing')
    },
    ...definition,
  }) as ConnectorDefinition

const modules: Modules = {
  modules: new Map([
    ['student', {} as never],
    ['grade', {} as never],
  ]),
  moduleOf: name => ({ student: 'student', students: 'student', grades: 'grade' })[name.toLowerCase()],
  resourceOf: (from, name) =>
    from === 'register' && name.toLowerCase() === 'students' ? 'People' : undefined,
}

/** Two colleges, `north` and `south`, at a server whose intake keeps everything in memory. */
export interface College {
  readonly server: Server
  readonly intake: MemoryIntake
  readonly endpoints: Endpoint[]
  /** Every line of the log, as text. */
  readonly lines: string[]
  /** Keys by their scope, and `expired`, `south` (operate, of the other college). */
  readonly keys: Readonly<Record<'read' | 'operate' | 'admin' | 'expired' | 'south', string>>
  /** Signed by an endpoint of `north`'s classroom unless said otherwise. */
  signed(
    url: string,
    body: unknown,
    more?: { endpoint?: string; id?: string; secret?: string; at?: number },
  ): ServerInjectOptions
  keyed(url: string, body: unknown, key?: string): ServerInjectOptions
}

export async function college(
  options: Partial<HttpOptions> = {},
  routes?: Parameters<typeof createServer>[1],
): Promise<College> {
  const intake = memoryIntake()
  const lines: string[] = []
  const line = (level: string) => (event: string, facts?: unknown) => {
    lines.push(`${level} ${event} ${JSON.stringify(plain(facts, { stacks: true }))}`)
  }
  const log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') } as Log
  const endpoint = (id: string, tenant: string, of: string): Endpoint => ({
    id,
    tenant,
    connector: of,
    verifier: 'standard-webhooks',
    secrets: [standardWebhooks.newSecret(), standardWebhooks.newSecret()],
    options: {},
  })
  const endpoints = [
    endpoint('classroom-north', 'north', 'classroom'),
    endpoint('register-north', 'north', 'register'),
    endpoint('classroom-south', 'south', 'classroom'),
  ]
  const kept = new Map<string, { tenant: string; scopes: string[]; hash: string; expiresAt?: number }>()
  const key = (scope: string, tenant = 'north', expiresAt?: number) => {
    const made = newApiKey()
    kept.set(made.id, {
      tenant,
      scopes: [scope],
      hash: hashKey(made.secret),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    })
    return made.key
  }
  const keys = {
    read: key('read'),
    operate: key('operate'),
    admin: key('admin'),
    expired: key('operate', 'north', NOW),
    south: key('operate', 'south'),
  }
  const server = await createServer(
    {
      host: '127.0.0.1',
      port: 0,
      intake,
      access: {
        endpoints: (tenant, of) =>
          endpoints.filter(
            e => (tenant === undefined || e.tenant === tenant) && (of === undefined || e.connector === of),
          ),
        endpoint: id => endpoints.find(e => e.id === id),
        key: id => kept.get(id),
        spendNonce: async () => true,
        hashKey,
      },
      verifiers: new Map([[standardWebhooks.name, standardWebhooks]]),
      connectors: new Map([
        [
          'classroom',
          connector({ name: 'classroom', collections: { users: { resource: 'user', key: 'users' } } }),
        ],
        ['register', connector({ name: 'register', accepts: ['standard-webhooks', 'bearer'] })],
      ]),
      modules: () => modules,
      health: () => ({ ready: true, facts: { store: 'ok' } }),
      log,
      now: () => NOW,
      ...options,
    },
    routes,
  )
  await server.initialize()

  let deliveries = 0
  const bytesOf = (body: unknown): Buffer =>
    Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return {
    server,
    intake,
    endpoints,
    lines,
    keys,
    signed(url, body, more = {}) {
      const signer = endpoints.find(e => e.id === (more.endpoint ?? 'classroom-north'))!
      const payload = bytesOf(body)
      const headers = standardWebhooksHeaders(more.secret ?? signer.secrets[0]!, {
        id: more.id ?? `msg_${++deliveries}`,
        now: more.at ?? NOW,
        body: payload,
      })
      return { method: 'POST', url, payload, headers }
    },
    keyed: (url, body, which = keys.operate) => ({
      method: 'POST',
      url,
      payload: bytesOf(body),
      headers: { authorization: `Bearer ${which}`, 'content-type': 'application/json' },
    }),
  }
}
