/** The first start: one tenant, an endpoint for each way of sending to it, one key, and a file that tells them. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newApiKey } from './http/keys.ts'
import type { ConnectorDefinition, Verifier } from './plugin.ts'
import type { Secrets } from './secrets.ts'
import type { Store } from './store/connect.ts'
import type { EndpointDocument, TenantDocument } from './store/documents.ts'
import { sealContext } from './tenants.ts'

/** What a person needs in order to send to Wasl, kept in `credentials.json` of the data folder (0600). */
export interface Credentials {
  readonly url: string
  readonly tenant: string
  /** By connector, for its first verifier; by verifier for its others. */
  readonly endpoints: {
    readonly [name: string]: { readonly id: string; readonly verifier: string; readonly secret: string }
  }
  /** Scope `admin`. */
  readonly key: string
}

export interface FirstStart {
  readonly store: Pick<Store, 'tenants'>
  readonly secrets: Secrets
  readonly connectors: readonly ConnectorDefinition[]
  readonly verifiers: ReadonlyMap<string, Verifier>
  readonly tenant: string
  readonly dataFolder: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Makes what is missing: the tenant, and endpoints of connectors that are new. Several engines may start at once: the
 * one that is first is right.
 */
export async function firstStart(options: FirstStart): Promise<void> {
  const { store, connectors, tenant, now } = options
  const before = await store.tenants.one(tenant)
  if (before !== null) {
    const known = new Set(before.endpoints.map(({ connector }) => connector))
    for (const connector of connectors.filter(({ name }) => !known.has(name)))
      await store.tenants.addEndpoints(tenant, connector.name, endpointsFor(connector, options))
    return
  }
  const endpoints = connectors.flatMap(connector => endpointsFor(connector, options))
  const document: TenantDocument = {
    _id: tenant,
    name: tenant,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    language: 'en',
    endpoints,
    connections: {},
    modules: {},
    createdAt: new Date(now),
  }
  await store.tenants.create(document)
}

/** An endpoint for each verifier that the connector accepts, with a new secret. */
export function endpointsFor(
  { name: connector, accepts }: ConnectorDefinition,
  { secrets, verifiers, tenant }: Pick<FirstStart, 'secrets' | 'verifiers' | 'tenant'>,
): EndpointDocument[] {
  return accepts.flatMap(name => {
    const verifier = verifiers.get(name)
    if (verifier === undefined) return []
    const id = `ep_${randomBytes(8).toString('hex')}`
    const sealed = secrets.seal(verifier.newSecret(), sealContext(tenant, id))
    return [{ id, connector, verifier: name, secrets: [sealed] }]
  })
}

/** Writes the credentials where they are missing, or tells another address; a lost key is replaced by a new one. */
export async function writeCredentials(
  { store, secrets, tenant, dataFolder, connectors, now }: FirstStart,
  url: string,
): Promise<Credentials> {
  const file = credentialsFile(dataFolder)
  const document = await store.tenants.one(tenant)
  const endpoints: { [name: string]: { id: string; verifier: string; secret: string } } = {}
  for (const endpoint of document?.endpoints ?? []) {
    const [sealed] = endpoint.secrets
    if (sealed === undefined) continue
    const first = connectors.find(({ name }) => name === endpoint.connector)?.accepts[0] === endpoint.verifier
    const secret = secrets.open(sealed, sealContext(tenant, endpoint.id))
    endpoints[first ? endpoint.connector : endpoint.verifier] ??= {
      id: endpoint.id,
      verifier: endpoint.verifier,
      secret,
    }
  }
  const before = await readCredentials(dataFolder)
  const stored = before === undefined ? null : await store.tenants.key(before.key.split('_')[1] ?? '')
  let key = stored === null ? undefined : before?.key
  if (key === undefined) {
    const made = newApiKey()
    const hash = secrets.hashKey(made.secret)
    await store.tenants.addKey({ _id: made.id, tenant, scopes: ['admin'], hash, createdAt: new Date(now) })
    key = made.key
  }
  // A worker listens nowhere: where another engine listens stays known.
  const credentials: Credentials = { url: url === '' ? (before?.url ?? '') : url, tenant, endpoints, key }
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, file)
  return credentials
}

export const credentialsFile = (dataFolder: string): string => join(dataFolder, 'credentials.json')

export async function readCredentials(dataFolder: string): Promise<Credentials | undefined> {
  const file = credentialsFile(dataFolder)
  if (!existsSync(file)) return undefined
  return JSON.parse(await readFile(file, 'utf8'))
}
