/** The composition root: builds every part, wires them, starts and stops them in order. */
import { setMaxListeners } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Alerts, createAlerts } from './alerts/alerts.ts'
import { waysOf } from './alerts/ways.ts'
import { type CrashPoint, crashPoint } from './crash.ts'
import { createDelivery, type Delivery } from './delivery/delivery.ts'
import { createSyncSchedule } from './delivery/sync-schedule.ts'
import { SetupError, StoreError } from './errors.ts'
import { type Credentials, type FirstStart, firstStart, writeCredentials } from './first-start.ts'
import { operationRoutes } from './http/operations/routes.ts'
import type { HttpOptions } from './http/ports.ts'
import { createServer } from './http/server.ts'
import { createJobs } from './jobs/jobs.ts'
import { createAudit } from './operations/audit.ts'
import { createBulkRunner } from './operations/bulk-runner.ts'
import { savedMappings } from './operations/mappings.ts'
import { createMeasures } from './operations/measures.ts'
import { readiness, remoteStates } from './operations/readiness.ts'
import { lookUps } from './pipeline/further.ts'
import { loadPipelines } from './pipeline/load.ts'
import { holdsOf } from './pipeline/overlay.ts'
import { holdKey } from './pipeline/references.ts'
import type { ConnectorDefinition, Json, Log } from './plugin.ts'
import { createReasons } from './reasons/reasons.ts'
import { createRegistry } from './registry.ts'
import { findingLog, watchSettings } from './reload.ts'
import { createHttpClient } from './request.ts'
import { createSecrets, readKey } from './secrets.ts'
import { connectionSettings, type Settings } from './settings.ts'
import { closeInOrder, type Part } from './stopping.ts'
import { openStore, type Store } from './store/connect.ts'
import { embeddedUri } from './store/embedded/connect.ts'
import { tenantMaking, verifiersOf } from './tenant-making.ts'
import { tenantPipelines } from './tenant-pipelines.ts'
import { createTenants, type TenantDirectory } from './tenants.ts'

const PAYLOAD_DAYS = 30
const DAY_MS = 24 * 3_600_000
/** For the end of all parts together: a person's tools kill after 25 s, systemd and containers after 30 s. */
const STOP_MS = 22_000
/** Of that for requests that are under way: new ones are refused meanwhile. */
const REQUESTS_MS = 5_000
/** What is kept of it for letting go of connections, once what is in hand has ended or was given up. */
const LAST_MS = 2_000

export interface EngineOptions {
  readonly settings: Settings
  readonly connectors: readonly ConnectorDefinition[]
  readonly log: Log
  /** Settings of the default tenant's connections that come from elsewhere than the environment (the demo). */
  readonly connections?: { readonly [connector: string]: { readonly [name: string]: Json } }
  /** The driver tells its listeners of every command (tests count them). */
  readonly monitorCommands?: boolean
  /** The engine's clock, in milliseconds since 1970 (tests of long times set their own). Default: the store's time. */
  readonly now?: () => number
  /** False: Agenda is not started; everything must come to its end without it (a test shows that it does). */
  readonly scheduler?: boolean
}

export interface Engine {
  /** Where it listens: `http://127.0.0.1:8001`; absent for workers. */
  readonly url: string
  readonly credentials: Credentials
  readonly store: Store
  readonly delivery: Delivery
  readonly tenants: TenantDirectory
  /** Tells people of trouble; works where the role is not `http`. */
  readonly alerts: Alerts
  /** Where the data is, without a password. */
  readonly storeName: string
  /** Takes nothing new, finishes or releases what is in hand: within `ms`, 22 s where nothing is said. */
  stop(ms?: number): Promise<void>
}

/** The address of the store, and how a person calls it. */
export async function storeAddress(settings: Pick<Settings, 'mongodbUri' | 'dataFolder'>) {
  if (settings.mongodbUri !== undefined) {
    const shown = settings.mongodbUri.replace(/\/\/[^@/]*@/, '//').replace(/\?.*$/, '')
    return { uri: settings.mongodbUri, name: shown }
  }
  // Beside the bundle, or among the sources.
  const bundled = import.meta.url.endsWith('.js')
  const entry = fileURLToPath(
    new URL(bundled ? './embedded.js' : './store/embedded/process.ts', import.meta.url),
  )
  try {
    return {
      uri: await embeddedUri(settings.dataFolder, { entry }),
      name: `embedded, ${settings.dataFolder}`,
    }
  } catch (cause) {
    throw new StoreError('STORE_NOT_STARTED', (cause as Error).message, {
      at: 'WASL_DATA',
      hint: 'Mend what it says, or set MONGODB_URI to a MongoDB of your own.',
      cause,
    })
  }
}

/** Starts the embedded server again when it is gone; once at a time. */
function reviver(settings: Settings, log: Log): () => void {
  let reviving: Promise<unknown> | undefined
  return () => {
    if (reviving !== undefined) return
    reviving = storeAddress(settings)
      .then(() => log.warn('store_started_again', {}))
      .catch(error => log.error('store_not_started', { error }))
      .finally(() => {
        reviving = undefined
      })
  }
}

/** @throws SetupError, StoreError: nothing is left running */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { settings, connectors, log } = options
  const closing: Part[] = []
  let stopped: Promise<void> | undefined
  const stopAll = (ms = STOP_MS) => {
    stopped ??= closeInOrder(closing, ms, log)
    return stopped
  }
  try {
    return await start(options, closing, stopAll)
  } catch (error) {
    log.debug('start_failed', { connectors: connectors.length, dataFolder: settings.dataFolder })
    await stopAll()
    throw error
  }
}

async function start(
  {
    settings,
    connectors,
    log,
    connections = {},
    monitorCommands = false,
    now: given,
    scheduler = true,
  }: EngineOptions,
  closing: Part[],
  stopAll: (ms?: number) => Promise<void>,
): Promise<Engine> {
  const secrets = createSecrets(await readKey(settings))
  const registry = createRegistry({ connectors })
  const verifiers = verifiersOf(connectors)
  const address = await storeAddress(settings)
  const opened = await openStore({
    uri: address.uri,
    monitorCommands,
    payloads: { seal: secrets.sealBytes, open: secrets.openBytes },
    onStuck: () => log.warn('store_connected_anew', {}),
    onClock: ahead => log.warn('clock_differs_from_store', { secondsAhead: Math.round(ahead / 1000) }),
    ...(settings.mongodbUri === undefined ? { onLost: reviver(settings, log) } : {}),
  })
  closing.push({ name: 'store', close: () => opened.close() })
  const now = given ?? opened.clock.now
  const measures = createMeasures(now)
  closing.push({ name: 'measures', close: async () => measures.close() })
  const store: Store = { ...opened, deliveries: measures.deliveries(opened.deliveries) }

  const first: FirstStart = {
    store,
    secrets,
    connectors,
    verifiers,
    tenant: settings.defaultTenant,
    dataFolder: settings.dataFolder,
    now: now(),
  }
  await firstStart(first)

  const ending = new AbortController()
  setMaxListeners(0, ending.signal)
  // Configuration may describe further resources: what asks for connectors and resources finds them here.
  const known = new Map(registry.connectors)
  const tell = findingLog(log)
  const reasons = createReasons(connectors)
  const pipelinesOf = tenantPipelines(store, { folders: settings.folders, registry })
  const tenants = createTenants({
    store,
    secrets,
    connectors,
    log,
    now,
    load: async (tenant, previous) => {
      const set = await pipelinesOf(tenant, previous)
      tell(tenant, set)
      for (const [name, connector] of set.registry.connectors) known.set(name, connector)
      return set
    },
    async taken(tenant, { modules }) {
      // What is held back by nothing any more goes on.
      const off = [...modules.values()].flatMap(({ module, file }) =>
        Object.entries(holdsOf(file)).flatMap(([name, on]) => (on ? [] : holdKey(module, name))),
      )
      const woken = await store.records.wake(tenant, off, new Date(now()))
      if (woken > 0) log.info('holds_ended', { tenant, records: woken })
    },
    given: (tenant, name) => {
      if (tenant !== settings.defaultTenant) return undefined
      const connector = registry.connector(name)
      return (
        connections[name] ?? (connector === undefined ? undefined : connectionSettings(settings, connector))
      )
    },
    message: reasons.message,
    http: (tenant, remote, baseUrl, given) =>
      measures.client(
        tenant,
        remote,
        createHttpClient(baseUrl, { remote, log, until: ending.signal, ...given }),
      ),
  })
  await tenants.refresh()
  closing.push({
    name: 'tenants',
    close: async () => {
      ending.abort()
      await tenants.close()
    },
  })
  const watching = await watchSettings(settings.folders, tenants, log)
  closing.push({ name: 'watching', close: () => watching.close() })

  const testing: { crash?: CrashPoint | undefined } = {}
  CRASH: testing.crash = crashPoint(settings.crash)

  const worker = settings.role !== 'http'
  const schedule = createSyncSchedule({ store, tenants, ids: tenants.ids, log, now })
  const jobs = createJobs({
    db: store.db,
    log,
    now,
    ring: () => delivery.ring(),
    sync: async () => {
      await schedule()
      delivery.ringSync()
    },
    hourly: async () => {
      await forgetPayloads(store, now(), 2)
    },
  })
  const delivery = createDelivery({
    store,
    tenants,
    connectors: known,
    resource: lookUps(known).resource,
    log,
    now,
    random: Math.random,
    worker,
    onRetry(notice) {
      measures.retried(notice.tenant, notice.remote, notice.reason)
      jobs.retry(notice)
    },
    ...testing,
  })
  closing.push({ name: 'delivery', close: ms => delivery.stop(Math.max(0, ms - LAST_MS)) })

  const making = tenantMaking(secrets, connectors)
  const audit = createAudit(store.audit, secrets.hashKey, now)
  const deskFor = async (id: string, by: string) => {
    const tenant = await tenants.get(id)
    const { language } = tenant.run(now())
    return { store, tenant, audit, reasons, by, language, now }
  }
  const bulk = createBulkRunner({ store, deskFor, afterwards: () => delivery.ring(), log, now })
  closing.push({ name: 'jobs over many', close: () => bulk.stop() })
  const alerts = createAlerts({
    store,
    settings,
    log,
    now,
    ways: waysOf(settings.alerts, base =>
      createHttpClient(base, { remote: 'alerts', log, allowPrivate: settings.alerts.webhookPrivate }),
    ),
    tenants: tenants.ids,
    expiring: tenants.expiring,
    clocks: measures.clocks,
    deskFor: id => deskFor(id, 'alerts'),
  })
  closing.push({ name: 'alerts', close: () => alerts.stop() })

  let url = ''
  if (settings.role !== 'worker') {
    const operations = operationRoutes({
      store,
      tenants,
      audit,
      reasons,
      connectors: known,
      now,
      ring: () => delivery.ring(),
      runJobs: () => void bulk.ring(),
      ringSync: () => delivery.ringSync(),
      measures,
      expiring: tenants.expiring,
      pipelinesWith: async (tenant, module, mapping) => {
        const { [module]: _, ...others } = await savedMappings(store, tenant)
        const mappings = mapping === undefined ? others : { ...others, [module]: mapping }
        return loadPipelines({ folders: settings.folders, registry, tenant, mappings })
      },
      refresh: () => tenants.refresh(),
      sealing: making.sealing,
      making,
      installation: settings.defaultTenant,
    })
    const http: HttpOptions = {
      host: settings.host,
      port: settings.port,
      intake: delivery,
      access: tenants.access,
      signed: measures.signed,
      verifiers,
      connectors: known,
      ...(settings.syncConnector === undefined ? {} : { syncConnector: settings.syncConnector }),
      modules: async tenant => (await tenants.get(tenant)).pipelines,
      health: readiness(store, measures, () => ({
        store: settings.mongodbUri === undefined ? 'embedded' : 'mongodb',
        scheduler: worker ? jobs.state : 'elsewhere',
        connectors: remoteStates(
          registry.connectors.keys(),
          Object.values(tenants.facts()),
          delivery.gates,
        ) as unknown as Json,
      })),
      log,
      now,
    }
    const server = await createServer(http, operations)
    try {
      await server.start()
    } catch (cause) {
      await jobs.stop(0)
      throw cannotListen(settings, cause)
    }
    closing.push({ name: 'server', close: ms => server.stop({ timeout: Math.min(REQUESTS_MS, ms) }) })
    // Before it, so that whoever waits for an outcome is answered.
    closing.push({ name: 'intake', close: async () => delivery.refuse() })
    const { port } = server.listener.address() as AddressInfo
    url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`
  }
  const credentials = await writeCredentials(first, url)
  delivery.start()
  bulk.start()
  if (worker) {
    alerts.start()
    closing.push({ name: 'jobs', close: ms => jobs.stop(ms) })
    // It may come up later: what is due is found without it.
    if (scheduler) jobs.start().catch(error => log.error('scheduler_not_started', { error }))
    forgetPayloads(store, now(), 400).catch(error => log.warn('payloads_not_forgotten', { error }))
  }
  return { url, credentials, store, delivery, tenants, alerts, storeName: address.name, stop: stopAll }
}

const forgetPayloads = (store: Store, now: number, days: number): Promise<void> =>
  store.deliveries.forgetPayloads(
    new Date(now - (PAYLOAD_DAYS + days) * DAY_MS),
    new Date(now - PAYLOAD_DAYS * DAY_MS),
  )

function cannotListen({ host, port }: Settings, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new SetupError('PORT_TAKEN', `Something listens on ${host}:${port} already.`, {
      at: 'PORT',
      hint: 'End it, or start with another PORT.',
      cause,
    })
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') {
    return new SetupError('CANNOT_LISTEN', `Wasl cannot listen on ${host}:${port} (${code}).`, {
      at: 'HOST',
      hint: 'Choose an address of this machine and a port that this user may take.',
      cause,
    })
  }
  return cause
}
