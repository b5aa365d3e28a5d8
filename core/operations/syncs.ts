/** Completeness sweeps as people order, watch, cancel and repeat them. */
import { beginSync } from '../delivery/sync-plan.ts'
import { DataError } from '../errors.ts'
import type { SyncDocument, SyncStatus } from '../store/syncs.ts'
import type { Done } from './changes.ts'
import { type Desk, modulesOf } from './desk.ts'
import { cursorOf, type Page, type PageRequest, partsOf } from './paging.ts'

/** One entry of the history. Times are ISO 8601. */
export interface SyncView {
  readonly id: string
  readonly module: string
  readonly status: SyncStatus
  /** Objects that the remotes listed as changed or deleted. */
  readonly recordsProcessed: number
  /** Those of them that were read anew. */
  readonly recordsRead: number
  readonly startedAt: string
  readonly completedAt?: string
  /** Why it failed; while it runs, why its next page is tried again. */
  readonly errorMessage?: string
  readonly errorCode?: string
  readonly by: string
  /** What was changed from then on; absent: everything. */
  readonly since?: string
  /** What is being listed now. */
  readonly listing?: string
  readonly retryOf?: string
}

export const syncView = (sync: SyncDocument): SyncView => ({
  id: sync._id,
  module: sync.module,
  status: sync.status,
  recordsProcessed: sync.recordsProcessed,
  recordsRead: sync.read,
  startedAt: sync.startedAt.toISOString(),
  ...(sync.completedAt === undefined ? {} : { completedAt: sync.completedAt.toISOString() }),
  ...(sync.errorMessage === undefined ? {} : { errorMessage: sync.errorMessage }),
  ...(sync.errorCode === undefined ? {} : { errorCode: sync.errorCode }),
  by: sync.by,
  ...(sync.since === undefined ? {} : { since: sync.since.toISOString() }),
  ...(sync.status === 'running' ? { listing: sync.resources[sync.place] ?? '' } : {}),
  ...(sync.retryOf === undefined ? {} : { retryOf: sync.retryOf }),
})

/**
 * Begins a sweep of `module`, or of every module that is switched on; those of which one runs already are shown as
 * they are. Raises DataError `MODULE_OFF`, `NOT_LISTED`.
 */
export async function triggerSync(
  desk: Desk,
  { module, full }: { readonly module?: string; readonly full: boolean },
): Promise<readonly SyncView[]> {
  const document = await desk.store.tenants.one(desk.tenant.id)
  const isOn = (each: string) => document?.modules[each]?.enabled !== false
  if (module !== undefined && !isOn(module)) throw off(module)
  const wanted = module === undefined ? modulesOf(desk).filter(isOn) : [module]
  const views: SyncView[] = []
  for (const each of wanted) {
    const begun = await begin(desk, each, { full, createdAt: document?.createdAt.getTime() ?? 0 })
    if (begun !== undefined) views.push(begun)
    else if (module !== undefined) throw notListed(module)
  }
  return views
}

async function begin(
  desk: Desk,
  module: string,
  { full, createdAt, repeats }: { full: boolean; createdAt: number; repeats?: SyncDocument },
): Promise<SyncView | undefined> {
  const { tenant, audit, by } = desk
  const details = { full, ...(repeats === undefined ? {} : { retryOf: repeats._id }) }
  await audit.write({ tenant: tenant.id, by, action: 'sync.trigger', target: module, details })
  const order = { by, full, ...(repeats === undefined ? {} : { repeats }) }
  const begun = await beginSync(desk, { ...tenant, createdAt }, module, order)
  return begun === 'nothing-listed' ? undefined : syncView(begun.sync)
}

/** Newest first. */
export async function syncHistory(
  { store, tenant }: Desk,
  filter: { readonly module?: string; readonly status?: SyncStatus },
  { cursor, limit }: PageRequest,
): Promise<Page<SyncView>> {
  const [before] = partsOf(cursor, 1) ?? []
  const found = await store.syncs.page(tenant.id, filter, before, limit + 1)
  const items = found.slice(0, limit).map(syncView)
  const last = items.at(-1)
  return { items, ...(found.length > limit && last !== undefined ? { next: cursorOf([last.id]) } : {}) }
}

export async function showSync({ store, tenant }: Desk, id: string): Promise<SyncView | undefined> {
  const sync = await store.syncs.one(tenant.id, id)
  return sync === null ? undefined : syncView(sync)
}

/** Begins one that failed or was cancelled anew, from the same moment on. `refused`: it runs, or was completed. */
export async function retrySync(desk: Desk, id: string): Promise<SyncView | Exclude<Done, 'done'>> {
  const repeats = await desk.store.syncs.one(desk.tenant.id, id)
  if (repeats === null) return 'missing'
  if (repeats.status === 'running' || repeats.status === 'completed') return 'refused'
  const document = await desk.store.tenants.one(desk.tenant.id)
  if (document?.modules[repeats.module]?.enabled === false) throw off(repeats.module)
  const full = repeats.since === undefined
  const createdAt = document?.createdAt.getTime() ?? 0
  const begun = await begin(desk, repeats.module, { full, createdAt, repeats })
  if (begun === undefined) throw notListed(repeats.module)
  return begun
}

/** What has come in stays; nothing more is listed. */
export async function cancelSync(desk: Desk, id: string): Promise<Done> {
  const { store, tenant, audit, by, now } = desk
  if ((await store.syncs.one(tenant.id, id)) === null) return 'missing'
  await audit.write({ tenant: tenant.id, by, action: 'sync.cancel', target: id })
  return (await store.syncs.cancel(tenant.id, id, new Date(now()))) ? 'done' : 'refused'
}

const off = (module: string) =>
  new DataError('MODULE_OFF', `The module "${module}" is switched off.`, {
    at: 'module',
    hint: 'Switch it on first.',
  })

const notListed = (module: string) =>
  new DataError('NOT_LISTED', `No remote lists what of "${module}" was changed.`, {
    at: 'module',
    hint: 'Order everything with "full", where a remote lists that; else it comes in by webhooks only.',
  })
