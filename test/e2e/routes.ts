/** What the routes for people and tools name and take, beside what the table of routes says of them. */
import type { Payload } from '../../core/plugin.ts'

/** What belongs to one college. */
export type Kind = 'event' | 'record' | 'job' | 'tenant' | 'endpoint' | 'key' | 'sync'

/** Ids in our form that nobody has. */
export const NOBODYS: Readonly<Record<Kind, string>> = {
  event: '0123456789abcdef01234567-0',
  record: '0123456789abcdef01234567',
  job: '0123456789abcdef01234567',
  tenant: 'nobody',
  endpoint: 'ep_nobody',
  key: '0123456789ab',
  sync: '0123456789abcdef01234567',
}

/** The OpenAPI document itself, in which they do not stand. */
export const OPEN: ReadonlySet<string> = new Set(['GET /documentation', 'GET /documentation/openapi.json'])

const KINDS: readonly (readonly [prefix: string, ...kinds: Kind[]])[] = [
  ['/api/v1/events/', 'event'],
  ['/api/v1/records/', 'record'],
  ['/api/v1/retries/', 'record'],
  ['/api/v1/dead-letters/', 'record', 'event'],
  ['/api/v1/bulk/', 'job'],
  ['/v1/extension/tenants/', 'tenant'],
  ['/v1/extension/endpoints/', 'endpoint'],
  ['/api/v1/keys/', 'key'],
  ['/v1/extension/sync/', 'sync'],
]

/** Whose id `{id}` is in this path; undefined: nobody has said so yet. */
export const kindOf = (path: string): readonly Kind[] | undefined =>
  KINDS.find(([prefix]) => path.startsWith(prefix))?.slice(1) as readonly Kind[] | undefined

const REASON = { reason: 'I say so.' }
const MAPPING = { mapping: { read: {} }, reason: 'I say so.' }
const BODIES: Readonly<Record<string, Payload>> = {
  'POST /api/v1/dead-letters/{id}/discard': REASON,
  'POST /api/v1/dead-letters/retry': { filter: { code: 'NOBODYS' } },
  'POST /api/v1/dead-letters/discard': { filter: { code: 'NOBODYS' }, ...REASON },
  'POST /api/v1/retries/{id}/discard': REASON,
  'POST /api/v1/retries/retry': { filter: { code: 'NOBODYS' } },
  'POST /api/v1/events/replay': { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' },
  'POST /api/v1/gates/{connector}/pause': REASON,
  'POST /api/v1/gates/{connector}/resume': {},
  'POST /api/v1/keys': { scopes: ['read'] },
  'POST /api/v1/keys/{id}/rotate': { hours: 1 },
  'POST /v1/extension/endpoints': { connector: 'zoho', verifier: 'zoho-signature' },
  'POST /v1/extension/endpoints/{id}/rotate': { hours: 1 },
  'POST /v1/extension/tenants': { id: 'third', name: 'Third' },
  'POST /v1/extension/sync/trigger': { module: 'unit' },
  'POST /api/v1/modules/{module}/pause': REASON,
  'POST /api/v1/tenant/pause': REASON,
  'PUT /v1/extension/modules/{name}': { enabled: true },
  'PUT /v1/extension/settings': { connector: 'moodle', settings: {} },
  'PUT /v1/extension/field-mappings/{module}': MAPPING,
  'POST /v1/extension/field-mappings/{module}/preview': { mapping: { read: {} } },
  'POST /v1/extension/field-mappings/{module}/rollback': { version: 2, ...REASON },
}

/** A body that such a route takes; undefined: it takes none. */
export const routeBody = (method: string, path: string): Payload | undefined => BODIES[`${method} ${path}`]
