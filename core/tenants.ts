/** The tenants as the engine works with them: their pipelines, their connections, and who may speak for them. */

import type { Tenant, Tenants } from './delivery/tenant.ts'
import { connectorOf, nameOf, SWEEP_SECONDS } from './delivery/tenant.ts'
import { SetupError } from './errors.ts'
import type { Access, ApiKey, Endpoint } from './http/ports.ts'
import type { Expiring } from './operations/measures.ts'
import type { PipelineSet } from './pipeline/compiled.ts'
import type {
  Connection,
  ConnectorDefinition,
  FieldMetadata,
  HttpClient,
  Json,
  Log,
  Run,
  Tools,
} from './plugin.ts'
import type { Secrets } from './secrets.ts'
import type { Store } from './store/connect.ts'
import type { TenantDocument } from './store/documents.ts'

/** What is stored of tenants and keys is read again after so long, for what other engines changed. */
const FRESH_MS = 5000
const METADATA_MS = 3_600_000
const METADATA_FAILED_MS = 60_000
const EXPIRING_MS = 15 * 60_000

export interface TenantOptions {
  readonly store: Pick<Store, 'tenants' | 'vault' | 'nonces'>
  readonly secrets: Secrets
  readonly connectors: readonly ConnectorDefinition[]
  readonly log: Log
  readonly now: () => number
  /** `previous`: what ran before; a module whose file has become wrong goes on as it was. */
  readonly load: (tenant: string, previous?: PipelineSet) => Promise<PipelineSet>
  /** The tenant has these pipelines from now on; asked again where it raises. */
  readonly taken?: (tenant: string, pipelines: PipelineSet) => Promise<void>
  /** Settings that the environment gives the default tenant's connection, where it gives some. */
  readonly given: (tenant: string, connector: string) => { readonly [name: string]: Json } | undefined
  /** An error in words of a language, as the register is told of it. Absent: its own message. */
  readonly message?: (error: Parameters<NonNullable<Run['explain']>>[0], language: string) => string
  readonly http: (
    tenant: string,
    remote: string,
    baseUrl: string,
    options?: Parameters<Tools['http']>[1],
  ) => HttpClient
}

export interface TenantDirectory extends Tenants {
  readonly access: Access
  /** What of its connections ends by itself, and when; asked of the remotes at most every 15 minutes. */
  expiring(id: string): Promise<readonly Expiring[]>
  /** Reads tenants now; before the first request. */
  refresh(): Promise<void>
  /** Files have changed: reads them again for every tenant, and swaps each one's pipelines at once. */
  reload(): Promise<void>
  ids(): readonly string[]
  /** Which connectors each tenant is connected to; for people. */
  facts(): { readonly [tenant: string]: readonly string[] }
  close(): Promise<void>
}

interface Known extends Tenant {
  readonly document: TenantDocument
  /** The state of the files that it was read from. */
  readonly files: number
  close(): Promise<void>
}

interface HeldEndpoint extends Endpoint {
  /** Until when the second secret counts, in milliseconds since 1970. */
  readonly oldUntil?: number
}

/** Judged when it is asked for: an old secret ends at its moment, not when tenants are read again. */
const live = (endpoint: HeldEndpoint, now: number): Endpoint =>
  endpoint.oldUntil === undefined || endpoint.oldUntil > now
    ? endpoint
    : { ...endpoint, secrets: endpoint.secrets.slice(0, 1) }

export const sealContext = (tenant: string, purpose: string): string => `${tenant}|${purpose}`

export function createTenants(options: TenantOptions): TenantDirectory {
  const { store, secrets, connectors, log, now } = options
  let known = new Map<string, Known>()
  let endpoints = new Map<string, HeldEndpoint>()
  const taken = new Map<string, PipelineSet>()
  const expiring = new Map<string, { facts: readonly Expiring[]; until: number }>()
  const keys = new Map<string, { key: ApiKey | undefined; until: number }>()
  let freshUntil = 0
  let refreshing: Promise<void> | undefined
  /** Counts the changes of files. */
  let files = 0
  const told = new Set<string>()
  let unreadable: unknown
  let anyOpened = false

  async function open(document: TenantDocument, before?: Known): Promise<Known> {
    const state = files
    const pipelines = await options.load(document._id, before?.pipelines)
    const sameConnections =
      before !== undefined &&
      sameDocument(before.document, document) &&
      before.pipelines.registry === pipelines.registry
    if (sameConnections) return { ...before, pipelines, files: state }
    const connectors = [...pipelines.registry.connectors.values()]
    const connections = new Map<string, Connection>()
    for (const connector of connectors) {
      const settings = settingsOf(document, connector)
      if (settings !== undefined)
        connections.set(connector.name, connector.connect(settings, toolsFor(document._id, connector)))
    }
    const metadata = new Map<
      string,
      { facts: ReadonlyMap<string, FieldMetadata> | undefined; until: number }
    >()
    const { timezone, language } = document
    const explain: Run['explain'] = error => options.message?.(error, language) ?? error.message
    return {
      id: document._id,
      document,
      pipelines,
      files: state,
      run: at => ({ tenant: document._id, timezone, language, at, explain }),
      createdAt: document.createdAt.getTime(),
      sweepEvery: module => (document.modules[module]?.interval ?? SWEEP_SECONDS) * 1000,
      switchedOff: module => document.modules[module]?.enabled === false,
      connection: connector => connections.get(connector),
      metadata: resource => metadata.get(resource)?.facts,
      async prepare(resources) {
        await Promise.all(
          [...new Set(resources)].map(async resource => {
            if ((metadata.get(resource)?.until ?? 0) > now()) return
            const connection = connections.get(connectorOf(resource))?.resources[nameOf(resource)]
            if (connection?.metadata === undefined) return
            try {
              const facts = await connection.metadata(AbortSignal.timeout(20_000))
              metadata.set(resource, { facts, until: now() + METADATA_MS })
            } catch (error) {
              // Without it values are sent as they are, and the remote itself refuses what it does not know.
              log.warn('metadata_not_read', { tenant: document._id, resource, error })
              metadata.set(resource, {
                facts: metadata.get(resource)?.facts,
                until: now() + METADATA_FAILED_MS,
              })
            }
          }),
        )
      },
      async close() {
        await Promise.all([...connections.values()].map(connection => connection.close()))
      },
    }
  }

  /** Undefined: it cannot be read, which is the affair of its tenant alone and is told once. */
  function opened(sealed: string, context: string): string | undefined {
    try {
      const plain = secrets.open(sealed, context)
      anyOpened = true
      return plain
    } catch (error) {
      unreadable ??= error
      if (!told.has(`${context} ${sealed}`)) log.error('secret_unreadable', { secret: context, error })
      told.add(`${context} ${sealed}`)
      return undefined
    }
  }

  function settingsOf(document: TenantDocument, connector: ConnectorDefinition) {
    const sealed = document.connections[connector.name]
    if (sealed === undefined) return options.given(document._id, connector.name)
    const plain = opened(sealed, sealContext(document._id, connector.name))
    return plain === undefined ? undefined : JSON.parse(plain)
  }

  function toolsFor(tenant: string, connector: ConnectorDefinition): Tools {
    const contextOf = (name: string) => sealContext(tenant, `vault|${connector.name}|${name}`)
    return {
      tenant,
      log,
      now,
      http: (baseUrl, given) => options.http(tenant, connector.name, baseUrl, given),
      vault: {
        async read(name) {
          const found = await store.vault.read(tenant, `${connector.name}|${name}`)
          return found && { value: secrets.open(found.sealed, contextOf(name)), version: found.version }
        },
        write: (name, value, version) =>
          store.vault.write(
            tenant,
            `${connector.name}|${name}`,
            secrets.seal(value, contextOf(name)),
            version,
          ),
      },
    }
  }

  function endpointsOf(document: TenantDocument): readonly HeldEndpoint[] {
    const secretsOf = ({ id, secrets: sealed }: TenantDocument['endpoints'][number]) => {
      const plain = sealed.map(each => opened(each, sealContext(document._id, id)))
      // One that cannot be read leaves none: which of two is the old one would be lost.
      return plain.includes(undefined) ? [] : (plain as string[])
    }
    return document.endpoints.map(endpoint => ({
      id: endpoint.id,
      tenant: document._id,
      connector: endpoint.connector,
      verifier: endpoint.verifier,
      secrets: secretsOf(endpoint),
      options: endpoint.options ?? {},
      ...(endpoint.oldUntil === undefined ? {} : { oldUntil: endpoint.oldUntil.getTime() }),
    }))
  }

  async function readAll(): Promise<void> {
    const next = new Map<string, Known>()
    const nextEndpoints = new Map<string, HeldEndpoint>()
    for (const document of await store.tenants.all()) {
      const before = known.get(document._id)
      const same = before !== undefined && before.files === files && sameDocument(before.document, document)
      next.set(document._id, same ? before : await open(document, before))
      for (const endpoint of endpointsOf(document)) nextEndpoints.set(endpoint.id, endpoint)
    }
    // Not one can be read: that is another WASL_KEY.
    if (unreadable !== undefined && !anyOpened) throw unreadable
    const closed = [...known].filter(([id, tenant]) => next.get(id)?.connection !== tenant.connection)
    known = next
    endpoints = nextEndpoints
    keys.clear()
    freshUntil = now() + FRESH_MS
    for (const [, tenant] of closed) await tenant.close()
    for (const [id, { pipelines }] of next) {
      if (taken.get(id) === pipelines) continue
      await options.taken?.(id, pipelines)
      taken.set(id, pipelines)
    }
  }

  async function refresh(): Promise<void> {
    // What is being read may be older than what the caller knows of; who began it hears of its failure.
    await refreshing?.catch(() => undefined)
    refreshing ??= readAll().finally(() => {
      refreshing = undefined
    })
    await refreshing
  }

  /** Stale answers are good enough while the store is read again, and when it cannot be. */
  function freshen(): void {
    const left = freshUntil - now()
    // More than that only where the clock was set back.
    if (left > 0 && left <= FRESH_MS) return
    freshUntil = now() + FRESH_MS
    refresh().catch(error => log.warn('tenants_not_read', { error }))
  }

  return {
    refresh,

    async reload() {
      files += 1
      await refresh()
    },

    ids: () => [...known.keys()],

    async expiring(id) {
      const before = expiring.get(id)
      const tenant = known.get(id)
      if (tenant === undefined || (before?.until ?? 0) > now()) return before?.facts ?? []
      expiring.set(id, { facts: before?.facts ?? [], until: now() + EXPIRING_MS })
      const asked = connectors.map(async ({ name }) => {
        const all = await tenant.connection(name)?.expiring?.(AbortSignal.timeout(20_000))
        return (all ?? []).map(each => ({ remote: name, ...each }))
      })
      const facts = await Promise.all(asked).catch(error => {
        log.warn('expiry_not_read', { tenant: id, error })
        return [...(before?.facts ?? [])]
      })
      expiring.set(id, { facts: facts.flat(), until: now() + EXPIRING_MS })
      return facts.flat()
    },

    async get(id) {
      freshen()
      const tenant = known.get(id)
      if (tenant !== undefined) return tenant
      await refresh()
      const found = known.get(id)
      if (found === undefined)
        throw new SetupError('TENANT_UNKNOWN', `There is no tenant "${id}".`, { at: 'tenant' })
      return found
    },

    access: {
      endpoints(tenant, connector) {
        freshen()
        return [...endpoints.values()]
          .filter(
            endpoint =>
              (tenant === undefined || endpoint.tenant === tenant) &&
              (connector === undefined || endpoint.connector === connector),
          )
          .map(endpoint => live(endpoint, now()))
      },

      async endpoint(id) {
        freshen()
        const endpoint = endpoints.get(id)
        return endpoint && live(endpoint, now())
      },

      async key(id) {
        const cached = keys.get(id)
        if (cached !== undefined && cached.until > now()) return cached.key
        const stored = await store.tenants.key(id)
        const key = stored === null ? undefined : keyOf(stored)
        if (keys.size > 1000) keys.clear()
        keys.set(id, { key, until: now() + FRESH_MS })
        return key
      },

      spendNonce: (tenant, endpoint, nonce, until) =>
        store.nonces.spend(tenant, endpoint, nonce, new Date(until)),

      hashKey: secret => secrets.hashKey(secret),
    },

    facts() {
      const connected = (tenant: Known) =>
        connectors.filter(({ name }) => tenant.connection(name) !== undefined).map(({ name }) => name)
      return Object.fromEntries([...known].map(([id, tenant]) => [id, connected(tenant)]))
    },

    async close() {
      await Promise.all([...known.values()].map(tenant => tenant.close()))
    },
  }
}

const sameDocument = (a: TenantDocument, b: TenantDocument): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

function keyOf({
  tenant,
  scopes,
  hash,
  expiresAt,
}: NonNullable<Awaited<ReturnType<Store['tenants']['key']>>>): ApiKey {
  return { tenant, scopes, hash, ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.getTime() }) }
}
