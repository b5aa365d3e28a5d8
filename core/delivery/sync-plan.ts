/**
 * How a completeness sweep begins: which remotes are asked, and since when.
 *
 * Filter: a unique index lets one of a module run. Invariant: whoever orders one beside it is answered with that one.
 */
import type { CompiledPipeline } from '../pipeline/compiled.ts'
import type { ResourceDefinition } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { SyncDocument } from '../store/syncs.ts'
import type { Tenant } from './tenant.ts'

/** A sweep begins so long before the last one did: clocks differ, and remotes show changes late. */
const OVERLAP_MS = 300_000
const KEEP_MS = 400 * 24 * 3_600_000

export interface SyncOrder {
  /** `schedule`, or who ordered it. */
  readonly by: string
  /** Everything, whenever it was changed. */
  readonly full: boolean
  readonly repeats?: SyncDocument
}

/** The resources of a module's flows that list what was changed; with `full` also those that only list everything. */
export function sweptResources(
  { flows }: Pick<CompiledPipeline, 'flows'>,
  registry: { readonly resource: (name: string) => ResourceDefinition | undefined },
  full: boolean,
): readonly string[] {
  const listed = flows.filter(({ from }) => {
    const can = registry.resource(from)?.changes
    return can === 'since' || (can === 'all' && full)
  })
  return [...new Set(listed.map(({ from }) => from as string))]
}

export type Begun =
  | { readonly sync: SyncDocument; readonly fresh: boolean }
  /** No remote lists what of this module was changed. */
  | 'nothing-listed'

/**
 * Writes a sweep down, for whichever engine finds it first; where one of the module runs, that one (`fresh: false`).
 * Before the first one ended, the college's making is the beginning: what is older comes in only when all is ordered.
 */
export async function beginSync(
  { store, now }: { readonly store: Pick<Store, 'syncs'>; readonly now: () => number },
  tenant: Pick<Tenant, 'id' | 'pipelines' | 'createdAt'>,
  module: string,
  { by, full, repeats }: SyncOrder,
): Promise<Begun> {
  const { pipelines } = tenant
  const pipeline = pipelines.modules.get(module)
  const resources = pipeline === undefined ? [] : sweptResources(pipeline, pipelines.registry, full)
  if (resources.length === 0) return 'nothing-listed'
  for (;;) {
    const last = await store.syncs.newest(tenant.id, module, ['completed'])
    const since =
      repeats?.since?.getTime() ?? (last === null ? tenant.createdAt : last.startedAt.getTime() - OVERLAP_MS)
    const sync = await store.syncs.add({
      tenant: tenant.id,
      module,
      by,
      ...(full ? {} : { since: wholeSecond(since) }),
      status: 'running',
      resources: [...resources],
      place: 0,
      recordsProcessed: 0,
      read: 0,
      pages: 0,
      attempt: 0,
      startedAt: new Date(now()),
      dueAt: new Date(now()),
      ...(repeats === undefined ? {} : { retryOf: repeats._id }),
      expireAt: new Date(now() + KEEP_MS),
    })
    if (sync !== undefined) return { sync, fresh: true }
    const running = await store.syncs.newest(tenant.id, module, ['running'])
    // It may have ended just now.
    if (running !== null) return { sync: running, fresh: false }
  }
}

/** The times of remotes count in seconds: what was changed in the same one as `ms` must be listed. */
const wholeSecond = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)
