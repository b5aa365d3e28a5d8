import type { Request, Server } from '@hapi/hapi'
import type { SignedRequest, Verdict } from '../plugin.ts'
import { type Caller, callerOf, credentialsIn } from './keys.ts'
import type { Endpoint, Scope, Surroundings } from './ports.ts'
import { forbidden, problem, tooManyAttempts, unauthorized } from './problems.ts'
import { requestIdOf } from './request-id.ts'

/** Verifications of one request at most, where it names neither its endpoint nor its tenant. */
const MAX_CANDIDATES = 16

/** Who sent a delivery, as far as it is proved. */
export interface Sender {
  readonly tenant: string
  /** The endpoint's id, or `key:<id>`. */
  readonly endpoint: string
  /** Absent for a key: it belongs to a tenant, not to a remote. */
  readonly connector?: string
  readonly trusted: boolean
  readonly senderId?: string
  /** The signature covers the whole request: see `Verdict`. */
  readonly nonce?: string
}

type Needs = Pick<Surroundings, 'access' | 'verifiers' | 'log' | 'now' | 'attempts' | 'signed'>

/** Whose key the request carries; undefined where it carries none of ours. Raises 401, 403, 415 and 429. */
export async function callerBy(request: Request, scope: Scope, needs: Needs): Promise<Caller | undefined> {
  const authorization = request.raw.req.headers.authorization
  if (authorization === undefined || credentialsIn(authorization) === undefined) return undefined
  const caller = await judged(request, authorization, needs)
  if (!caller.scopes.has(scope)) throw forbidden(scope)
  // The one type that a form of another site cannot send.
  if (
    caller.basic &&
    request.method !== 'get' &&
    !/^application\/json\b/i.test(request.raw.req.headers['content-type'] ?? '')
  )
    throw problem(415, 'UNSUPPORTED_TYPE', 'The body must be of the type application/json.')
  return caller
}

/** Raises 401, and 429 where too many keys were wrong before. */
async function judged(request: Request, authorization: string, needs: Needs): Promise<Caller> {
  const { access, attempts, now, log } = needs
  const peer = request.info.remoteAddress
  const key = credentialsIn(authorization)?.id ?? ''
  const throttled = (wait: number) => {
    // One line for each that is not looked at would be as much work as looking.
    log.debug('http.throttled', { method: request.method, path: request.path, peer, wait })
    return tooManyAttempts(wait)
  }
  const before = attempts.waitFor(peer, key)
  if (before !== undefined) throw throttled(before)
  const caller = await callerOf(authorization, request.raw.req.headers, access, now())
  if (caller !== undefined) {
    attempts.succeeded(key)
    return caller
  }
  attempts.failed(peer, key)
  const wait = attempts.waitFor(peer, key)
  if (wait !== undefined) log.warn('http.throttling', { peer, key, wait })
  throw refused(request, needs, ['the key is unknown, expired, or of another tenant'])
}

export const senderOf = (caller: Caller): Sender => ({
  tenant: caller.tenant,
  endpoint: `key:${caller.id}`,
  trusted: true,
})

/**
 * Who signed these bytes: the endpoint that `?endpoint=` names, or one of the tenant's that `X-Tenant-ID` names,
 * or one of all where they are few. Raises 401 where nobody did, or not for that tenant.
 */
export async function signerOf(
  request: Request,
  body: Buffer,
  connector: string | undefined,
  needs: Needs,
): Promise<Sender> {
  const signed = signedRequest(request, body, needs.now())
  const reasons: string[] = []
  for (const endpoint of await candidates(request, connector, needs)) {
    const verdict = judge(endpoint, signed, needs)
    if (!verdict.ok) {
      reasons.push(`${endpoint.id}: ${verdict.reason}`)
      continue
    }
    needs.signed?.(endpoint.tenant, verdict.secret > 0)
    if (verdict.secret > 0) needs.log.debug('http.old_secret', { endpoint: endpoint.id })
    return {
      tenant: endpoint.tenant,
      endpoint: endpoint.id,
      connector: endpoint.connector,
      trusted: verdict.trusted,
      ...(verdict.senderId === undefined ? {} : { senderId: verdict.senderId }),
      ...(verdict.nonce === undefined ? {} : { nonce: verdict.nonce }),
    }
  }
  throw refused(request, needs, reasons.length === 0 ? ['no endpoint is meant'] : reasons)
}

/** A nonce is kept for as long as its timestamp counts, from 5 minutes ahead to 5 minutes behind, and a margin. */
const NONCE_MS = 660_000
/** What a tenant's signing secret may do; it makes no tenants and no keys. */
const SIGNED_SCOPES: readonly Scope[] = ['read', 'operate', 'configure']

/**
 * The hapi strategies of the other routes, `options: { auth: { strategy, scope: 'operate' } }`: `key`, and
 * `key-or-signature`, which also takes a request that an endpoint's secret has signed as a whole, once.
 * `bodyOf`: the exact bytes, which its handler gets again.
 */
export function addKeyStrategies(
  server: Server,
  needs: Needs,
  bodyOf: (request: Request) => Promise<Buffer>,
): void {
  async function byKey(request: Request) {
    const authorization = request.raw.req.headers.authorization
    if (authorization === undefined) throw refused(request, needs, ['no key'])
    const { id, tenant, scopes, basic } = await judged(request, authorization, needs)
    return { user: { by: `key:${id}`, tenant, basic }, scope: [...scopes] }
  }

  async function bySignature(request: Request) {
    const { tenant, endpoint, nonce } = await signerOf(request, await bodyOf(request), undefined, needs)
    if (nonce === undefined)
      throw refused(request, needs, [`${endpoint}: its signature does not cover the request`])
    if (!(await needs.access.spendNonce(tenant, endpoint, nonce, needs.now() + NONCE_MS)))
      throw refused(request, needs, [`${endpoint}: the nonce was used before`])
    return { user: { by: `endpoint:${endpoint}`, tenant, basic: false }, scope: [...SIGNED_SCOPES] }
  }

  server.auth.scheme('key', () => ({
    authenticate: async (request, h) => h.authenticated({ credentials: await byKey(request) }),
  }))
  server.auth.strategy('key', 'key')
  server.auth.scheme('key-or-signature', () => ({
    authenticate: async (request, h) => {
      const keyed = request.raw.req.headers.authorization !== undefined
      return h.authenticated({ credentials: await (keyed ? byKey : bySignature)(request) })
    },
  }))
  server.auth.strategy('key-or-signature', 'key-or-signature')
}

async function candidates(
  request: Request,
  connector: string | undefined,
  { access, log }: Needs,
): Promise<readonly Endpoint[]> {
  const tenant = single(request.raw.req.headers['x-tenant-id'])
  const id: unknown = request.query['endpoint']
  if (id !== undefined) {
    const endpoint = typeof id === 'string' ? await access.endpoint(id) : undefined
    if (endpoint === undefined) return []
    const meant =
      (connector === undefined || endpoint.connector === connector) &&
      (tenant === undefined || endpoint.tenant === tenant)
    return meant ? [endpoint] : []
  }
  const all = await access.endpoints(tenant, connector)
  if (all.length <= MAX_CANDIDATES) return all
  log.warn('http.endpoint_not_named', { connector, endpoints: all.length })
  return []
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value

function judge(endpoint: Endpoint, request: SignedRequest, { verifiers, log }: Needs): Verdict {
  const verifier = verifiers.get(endpoint.verifier)
  if (verifier === undefined) return { ok: false, reason: `there is no verifier "${endpoint.verifier}"` }
  try {
    return verifier.verify(request, endpoint.secrets, endpoint.options)
  } catch (error) {
    // A connector's own verifier may be wrong; that must not be told apart from outside.
    log.error('http.verifier_failed', { verifier: verifier.name, error })
    return { ok: false, reason: 'the verifier failed' }
  }
}

function refused(request: Request, { log }: Needs, reasons: readonly string[]) {
  log.info('http.refused', {
    method: request.method,
    path: request.path,
    peer: request.info.remoteAddress,
    request: requestIdOf(request),
    reasons,
  })
  return unauthorized()
}

function signedRequest(request: Request, body: Buffer, now: number): SignedRequest {
  const { url = '' } = request.raw.req
  const rawHeaders = rawHeadersOf(request)
  const headers = new Map<string, string[]>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const values = headers.get(name)
    if (values === undefined) headers.set(name, [rawHeaders[i + 1]!])
    else values.push(rawHeaders[i + 1]!)
  }
  return {
    method: request.method.toUpperCase(),
    path: url,
    query: singleValues(request.query),
    headers,
    body,
    now,
  }
}

/** As they came, so that a header that came twice is seen; hapi's injected requests have them by name only. */
function rawHeadersOf({ raw: { req } }: Request): readonly string[] {
  const injected = () => Object.entries(req.headers).flatMap(([name, value]) => [name, String(value)])
  return (req.rawHeaders as string[] | undefined) ?? injected()
}

/** A name that comes twice has no value: there is no telling which was meant. */
function singleValues(query: Readonly<Record<string, unknown>>): Record<string, string> {
  const values: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(query)) if (typeof value === 'string') values[name] = value
  return values
}
