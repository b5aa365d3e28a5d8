/** Scales as they ran last, so that one that was changed without a version of its own is noticed after a restart too. */
import type { Scale } from '../plugin.ts'
import { guarded, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface ScaleStore {
  /** Those that a college's grades were given by last. */
  ran(tenant: string): Promise<readonly Scale[]>
  keep(tenant: string, scales: readonly Scale[]): Promise<void>
}

export function scalesIn({ scales }: Models): ScaleStore {
  return {
    async ran(tenant) {
      const found = await guarded('read the scales', () =>
        scales.findById(tenantOf(tenant)).lean<{ scales: Scale[] }>().exec(),
      )
      return found?.scales ?? []
    },

    async keep(tenant, all) {
      await guarded('keep the scales', () =>
        scales.updateOne({ _id: tenantOf(tenant) }, { $set: { scales: all } }, { upsert: true }).exec(),
      )
    },
  }
}
