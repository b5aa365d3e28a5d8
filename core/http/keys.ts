import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Access, ApiKey, Scope } from './ports.ts'

/** `wasl_<id>_<secret>` */
const KEY = /^wasl_([a-z0-9]{6,40})_([A-Za-z0-9_-]{20,100})$/
const ID = /^[a-z0-9]{6,40}$/
const BEARER = /^bearer +(\S+)$/i
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i
const NO_HASH = '0'.repeat(64)

export interface Caller {
  readonly id: string
  readonly tenant: string
  readonly scopes: ReadonlySet<string>
  /** It came by HTTP Basic, which a browser sends by itself. */
  readonly basic: boolean
}

/**
 * A new API key. `key` is shown to its owner once; what is kept is `id` and `hashKey(secret)`.
 */
export function newApiKey(): { id: string; secret: string; key: string } {
  const id = randomBytes(6).toString('hex')
  const secret = randomBytes(30).toString('hex')
  return { id, secret, key: `wasl_${id}_${secret}` }
}

/** The scopes with those that they include. */
export function impliedScopes(scopes: readonly string[]): ReadonlySet<string> {
  const all = new Set(scopes)
  if (all.has('admin')) return new Set<Scope>(['read', 'operate', 'configure', 'admin'])
  if (all.has('operate') || all.has('configure')) all.add('read')
  return all
}

/** Id and secret of `Authorization: Bearer wasl_...`, or of Basic with the key's id as name and the key as password. */
export function credentialsIn(
  authorization: string,
): { id: string; secret: string; basic: boolean } | undefined {
  const bearer = KEY.exec(BEARER.exec(authorization)?.[1] ?? '')
  if (bearer !== null) return { id: bearer[1]!, secret: bearer[2]!, basic: false }
  const encoded = BASIC.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  const [id, password] = [pair.slice(0, colon), pair.slice(colon + 1)]
  if (colon < 0 || !ID.test(id)) return undefined
  const key = KEY.exec(password)
  if (key !== null) return key[1] === id ? { id, secret: key[2]!, basic: true } : undefined
  return { id, secret: password, basic: true }
}

/** Whose key this is; undefined for every kind of failure. An unknown key takes as long as a wrong one. */
export async function callerOf(
  authorization: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  access: Access,
  now: number,
): Promise<Caller | undefined> {
  const credentials = credentialsIn(authorization)
  if (credentials === undefined) return undefined
  const key: ApiKey | undefined = await access.key(credentials.id)
  const given = Buffer.from(access.hashKey(credentials.secret), 'hex')
  const kept = Buffer.from(key?.hash ?? NO_HASH, 'hex')
  const right = given.length === kept.length && timingSafeEqual(given, kept)
  if (key === undefined || !right) return undefined
  if (key.expiresAt !== undefined && key.expiresAt <= now) return undefined
  // A browser adds Basic by itself, on requests that another site makes it send too.
  const site = headers['sec-fetch-site']
  if (credentials.basic && site !== undefined && site !== 'same-origin' && site !== 'none') return undefined
  const tenant = headers['x-tenant-id']
  if (tenant !== undefined && tenant !== key.tenant) return undefined
  return {
    id: credentials.id,
    tenant: key.tenant,
    scopes: impliedScopes(key.scopes),
    basic: credentials.basic,
  }
}
