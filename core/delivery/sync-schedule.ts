/** Begins the completeness sweeps that are due by the interval of their module. */
import type { Log } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import { beginSync, sweptResources } from './sync-plan.ts'
import { connectorOf, type Tenant, type Tenants } from './tenant.ts'

export interface SyncScheduleOptions {
  readonly store: Pick<Store, 'syncs'>
  readonly tenants: Tenants
  readonly ids: () => readonly string[]
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** @returns a function that may be called as often as one likes, by any number of engines; it never raises */
export function createSyncSchedule(options: SyncScheduleOptions): () => Promise<void> {
  const { store, tenants, ids, log, now } = options
  /** By tenant and module: when the newest sweep that this engine knows of began. */
  const begun = new Map<string, number>()

  async function turn(tenant: Tenant, module: string): Promise<void> {
    const every = tenant.sweepEvery(module)
    if (every === 0 || tenant.switchedOff(module) || !isListed(tenant, module)) return
    const key = `${tenant.id}|${module}`
    if (now() < (begun.get(key) ?? tenant.createdAt) + every) return
    // Another engine, or a person, may have begun one meanwhile.
    const newest = await store.syncs.newest(tenant.id, module, [
      'running',
      'completed',
      'failed',
      'cancelled',
    ])
    const last = newest?.startedAt.getTime() ?? tenant.createdAt
    begun.set(key, last)
    if (newest?.status === 'running' || now() < last + every) return
    const begin = await beginSync(options, tenant, module, { by: 'schedule', full: false })
    if (begin !== 'nothing-listed') begun.set(key, begin.sync.startedAt.getTime())
  }

  return async () => {
    for (const id of ids()) {
      try {
        const tenant = await tenants.get(id)
        for (const module of tenant.pipelines.modules.keys()) await turn(tenant, module)
      } catch (error) {
        log.warn('sweep_not_begun', { tenant: id, error })
      }
    }
  }
}

function isListed(tenant: Tenant, module: string): boolean {
  const pipeline = tenant.pipelines.modules.get(module)
  if (pipeline === undefined) return false
  const resources = sweptResources(pipeline, tenant.pipelines.registry, false)
  return resources.some(resource => tenant.connection(connectorOf(resource)) !== undefined)
}
