/** Tenants: made with the installation's key, and their signing secrets, which are rotated with an overlap. */
import type { EndpointDocument, TenantDocument } from '../store/documents.ts'
import type { Desk } from './desk.ts'
import type { EndpointMaking } from './endpoints.ts'
import { createKey, type KeyMaking, type NewKey } from './keys.ts'

const HOUR_MS = 3_600_000

/** What a tenant's id may be: it stands in headers, file names and keys. */
export const TENANT_ID = /^[a-z0-9][a-z0-9-]{1,62}$/
/** An id by which a remote knows a tenant. */
export const ORGANISATION_ID = /^[\w.-]{1,60}$/

/** Whether it is a time zone by its IANA name. */
export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** How what a tenant needs is made. */
export interface TenantMaking extends EndpointMaking {
  readonly keys: KeyMaking
  /** Every way of sending to it, with new secrets, sealed. */
  readonly endpoints: (tenant: string) => EndpointDocument[]
  /** A new secret in the form that the verifier of that name takes. */
  readonly secret: (verifier: string) => string
}

export interface NewTenant {
  readonly id: string
  readonly name: string
  /** By connector. */
  readonly organisations: { readonly [connector: string]: string }
  readonly timezone: string
  readonly language: string
}

/** What the new tenant is told, once. */
export interface MadeTenant {
  readonly tenant: NewTenant
  /** Scope `admin`, of that tenant only. */
  readonly key: NewKey
  readonly endpoints: readonly {
    readonly id: string
    readonly connector: string
    readonly verifier: string
    readonly secret: string
  }[]
}

/** Undefined: there is one with that id. */
export async function createTenant(
  desk: Desk,
  making: TenantMaking,
  given: NewTenant,
): Promise<MadeTenant | undefined> {
  const { store, audit, by, now } = desk
  const { id, organisations, ...rest } = given
  const endpoints = making.endpoints(id)
  const document: TenantDocument = {
    _id: id,
    ...rest,
    organisations: { ...organisations },
    endpoints,
    connections: {},
    modules: {},
    createdAt: new Date(now()),
  }
  if ((await store.tenants.one(id)) !== null) return undefined
  await audit.write({
    tenant: desk.tenant.id,
    by,
    action: 'tenant.create',
    target: id,
    details: { name: given.name },
  })
  if (!(await store.tenants.create(document))) return undefined
  const own = { ...desk, tenant: { ...desk.tenant, id } }
  return {
    tenant: given,
    key: await createKey(own, making.keys, ['admin'], undefined),
    endpoints: endpoints.map(({ id: endpoint, connector, verifier, secrets }) => ({
      id: endpoint,
      connector,
      verifier,
      secret: making.sealing.open(id, endpoint, secrets[0] ?? ''),
    })),
  }
}

/** The new secret, shown once; the old one counts for `hours` more. Undefined: there is no such endpoint. */
export async function rotateSecret(
  { store, tenant, audit, by, now }: Desk,
  { sealing, secret: make }: Pick<TenantMaking, 'sealing' | 'secret'>,
  id: string,
  hours: number,
): Promise<
  { readonly id: string; readonly secret: string; readonly oldUntil: string } | 'changed' | undefined
> {
  const document = await store.tenants.one(tenant.id)
  const endpoint = document?.endpoints.find(each => each.id === id)
  const was = endpoint?.secrets[0]
  if (endpoint === undefined || was === undefined) return undefined
  const secret = make(endpoint.verifier)
  const oldUntil = new Date(now() + hours * HOUR_MS)
  const details = { oldUntil: oldUntil.toISOString() }
  await audit.write({ tenant: tenant.id, by, action: 'endpoint.rotate', target: id, details })
  const next = { secrets: [sealing.seal(tenant.id, id, secret), was], oldUntil }
  if (!(await store.tenants.rotateSecret(tenant.id, id, was, next))) return 'changed'
  return { id, secret, ...details }
}
