/** The modules of a tenant: what runs, and what is switched off. */
import type { Desk } from './desk.ts'

export interface ModuleView {
  readonly module: string
  readonly summary: string
  /** What is switched off skips its events, and nothing of it is sent. */
  readonly enabled: boolean
  readonly config: string
  readonly flows: readonly { readonly name: string; readonly from: string; readonly to: readonly string[] }[]
}

export async function listModules({
  store,
  tenant,
}: Pick<Desk, 'store' | 'tenant'>): Promise<readonly ModuleView[]> {
  const document = await store.tenants.one(tenant.id)
  return [...tenant.pipelines.modules].map(([module, { config, flows, file }]) => ({
    module,
    summary: file.summary,
    enabled: document?.modules[module]?.enabled !== false,
    config,
    flows: flows.map(flow => ({
      name: flow.name,
      from: flow.from,
      to: flow.pushes.map(({ to }) => to),
    })),
  }))
}

/** `module`: one that runs. Other engines hear of it within seconds. */
export async function switchModule(
  { store, tenant, audit, by }: Desk,
  module: string,
  enabled: boolean,
): Promise<void> {
  await audit.write({ tenant: tenant.id, by, action: 'module.switch', target: module, details: { enabled } })
  await store.tenants.switchModule(tenant.id, module, enabled)
}
