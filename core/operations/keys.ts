/** The keys of people and tools: shown once, rotated with an overlap, revoked. */
import type { KeyDocument } from '../store/documents.ts'
import type { Desk } from './desk.ts'

const DAY_MS = 24 * 3_600_000
const HOUR_MS = 3_600_000
/** How long the old one counts beside the new one where nothing else is asked for. */
export const OVERLAP_HOURS = 24

export interface KeyView {
  readonly id: string
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly expiresAt?: string
}

/** `key` is shown this once: only a hash is kept. */
export interface NewKey extends KeyView {
  readonly key: string
}

/** How a key is made, and what of it is kept. */
export interface KeyMaking {
  readonly make: () => { readonly id: string; readonly secret: string; readonly key: string }
  readonly hash: (secret: string) => string
}

const view = ({ _id, scopes, createdAt, expiresAt }: KeyDocument): KeyView => ({
  id: _id,
  scopes,
  createdAt: createdAt.toISOString(),
  ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
})

export async function listKeys({
  store,
  tenant,
}: Pick<Desk, 'store' | 'tenant'>): Promise<readonly KeyView[]> {
  return (await store.tenants.keysOf(tenant.id)).map(view)
}

/** `days`: how long it counts; undefined: until it is revoked. */
export async function createKey(
  desk: Desk,
  making: KeyMaking,
  scopes: readonly string[],
  days: number | undefined,
): Promise<NewKey> {
  const expiresAt = days === undefined ? undefined : new Date(desk.now() + days * DAY_MS)
  return add(desk, making, 'key.create', scopes, expiresAt)
}

/**
 * A new key with the scopes of the old one, which counts for `hours` more; it lives as long as the old one was made
 * to live. Undefined: there is no such key, or it has expired.
 */
export async function rotateKey(
  desk: Desk,
  making: KeyMaking,
  id: string,
  hours: number,
): Promise<(NewKey & { readonly oldUntil: string }) | undefined> {
  const { store, tenant, now } = desk
  const old = (await store.tenants.keysOf(tenant.id)).find(({ _id }) => _id === id)
  if (old === undefined || (old.expiresAt !== undefined && old.expiresAt.getTime() <= now())) return undefined
  const life = old.expiresAt === undefined ? undefined : old.expiresAt.getTime() - old.createdAt.getTime()
  const made = await add(
    desk,
    making,
    'key.rotate',
    old.scopes,
    life === undefined ? undefined : new Date(now() + life),
    { old: id },
  )
  const oldUntil = new Date(
    Math.min(now() + hours * HOUR_MS, old.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER),
  )
  await store.tenants.expireKey(tenant.id, id, oldUntil)
  return { ...made, oldUntil: oldUntil.toISOString() }
}

/** False: there is no such key of this tenant. */
export async function revokeKey({ store, tenant, audit, by }: Desk, id: string): Promise<boolean> {
  const all = await store.tenants.keysOf(tenant.id)
  if (!all.some(({ _id }) => _id === id)) return false
  await audit.write({ tenant: tenant.id, by, action: 'key.revoke', target: id })
  return store.tenants.removeKey(tenant.id, id)
}

async function add(
  { store, tenant, audit, by, now }: Desk,
  { make, hash }: KeyMaking,
  action: string,
  scopes: readonly string[],
  expiresAt: Date | undefined,
  details: { readonly [name: string]: string } = {},
): Promise<NewKey> {
  const { id, secret, key } = make()
  const document: KeyDocument = {
    _id: id,
    tenant: tenant.id,
    scopes: [...scopes],
    hash: hash(secret),
    createdAt: new Date(now()),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  await audit.write({
    tenant: tenant.id,
    by,
    action,
    target: id,
    details: { scopes: scopes.join(' '), ...details },
  })
  await store.tenants.addKey(document)
  return { ...view(document), key }
}
