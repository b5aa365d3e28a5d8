/** The pipelines of a college as they run: with the mappings that were saved, and by the scales that ran before. */
import { savedMappings } from './operations/mappings.ts'
import { canonical } from './pipeline/canonical.ts'
import type { PipelineSet } from './pipeline/compiled.ts'
import { type LoadOptions, loadPipelines } from './pipeline/load.ts'
import type { Json, Scale } from './plugin.ts'
import type { Store } from './store/connect.ts'

/** `previous`: what this engine ran before; without it the store says by which scales grades were given last. */
export function tenantPipelines(
  store: Pick<Store, 'mappings' | 'scales'>,
  parts: Pick<LoadOptions, 'folders' | 'registry'>,
): (tenant: string, previous?: PipelineSet) => Promise<PipelineSet> {
  return async (tenant, previous) => {
    const mappings = await savedMappings(store, tenant)
    const before = previous?.scales.values() ?? (await store.scales.ran(tenant))
    const running = new Map([...before].map(scale => [scale.scale, scale]))
    const set = await loadPipelines({
      ...parts,
      tenant,
      mappings,
      running,
      ...(previous === undefined ? {} : { previous }),
    })
    // One whose file cannot be read now is not forgotten.
    const known = new Map([...running, ...set.scales])
    if (textOf(known) !== textOf(running)) await store.scales.keep(tenant, [...known.values()])
    return set
  }
}

const textOf = (scales: ReadonlyMap<string, Scale>): string =>
  canonical([...scales.values()] as unknown as Json)
