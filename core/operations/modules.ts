/** The modules of a tenant: what runs, and what is switched off. */
import { SWEEP_SECONDS } from '../delivery/tenant.ts'
import type { Desk } from './desk.ts'

/** A sweep asks the remotes for every module: more often than once a minute only costs calls. In seconds. */
export const LEAST_INTERVAL = 60
export const MOST_INTERVAL = 604_800

export interface ModuleView {
  readonly module: string
  readonly summary: string
  /** What is switched off skips its events, and nothing of it is sent. */
  readonly enabled: boolean
  /** Seconds between completeness sweeps; 0: none by themselves. */
  readonly interval: number
  /** When the newest completed sweep began: what was changed before has come in. Absent: there was none. */
  readonly lastSyncAt?: string
  readonly config: string
  readonly flows: readonly { readonly name: string; readonly from: string; readonly to: readonly string[] }[]
}

export async function listModules({
  store,
  tenant,
}: Pick<Desk, 'store' | 'tenant'>): Promise<readonly ModuleView[]> {
  const document = await store.tenants.one(tenant.id)
  return Promise.all(
    [...tenant.pipelines.modules].map(async ([module, { config, flows, file }]): Promise<ModuleView> => {
      const { enabled = true, interval = SWEEP_SECONDS } = document?.modules[module] ?? {}
      const last = await store.syncs.newest(tenant.id, module, ['completed'])
      return {
        module,
        summary: file.summary,
        enabled,
        interval,
        ...(last === null ? {} : { lastSyncAt: last.startedAt.toISOString() }),
        config,
        flows: flows.map(flow => ({
          name: flow.name,
          from: flow.from,
          to: flow.pushes.map(({ to }) => to),
        })),
      }
    }),
  )
}

/** `module`: one that runs; what is left out stays. Other engines hear of it within seconds. */
export async function changeModule(
  { store, tenant, audit, by }: Desk,
  module: string,
  set: { readonly enabled?: boolean; readonly interval?: number },
): Promise<void> {
  await audit.write({ tenant: tenant.id, by, action: 'module.change', target: module, details: { ...set } })
  await store.tenants.changeModule(tenant.id, module, set)
}
