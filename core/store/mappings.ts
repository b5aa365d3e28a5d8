/** Mappings that admins have saved: versions are only ever added, the newest of a module counts. */
import { trusted } from 'mongoose'
import type { Json } from '../plugin.ts'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface MappingDocument {
  /** `tenant|module|version`, so that a version is given once. */
  _id: string
  tenant: string
  module: string
  /** Files are version 1. */
  version: number
  mapping: { [name: string]: Json }
  by: string
  reason: string
  at: Date
}

export interface Mappings {
  /** The newest version of every module that has one. */
  newest(tenant: string): Promise<readonly MappingDocument[]>
  /** Newest first. */
  versions(tenant: string, module: string, limit: number): Promise<readonly MappingDocument[]>
  one(tenant: string, module: string, version: number): Promise<MappingDocument | null>
  /** False: somebody has saved that version already. Every engine hears of it within seconds. */
  add(mapping: Omit<MappingDocument, '_id'>): Promise<boolean>
}

export function mappingsIn({ mappings, tenants }: Models): Mappings {
  const idOf = (tenant: string, module: string, version: number) => `${tenantOf(tenant)}|${module}|${version}`
  const versions: Mappings['versions'] = (tenant, module, limit) =>
    guarded('read the versions of a mapping', () =>
      mappings
        .find({ tenant: tenantOf(tenant), module })
        .sort({ version: -1 })
        .limit(limit)
        .lean<MappingDocument[]>()
        .exec(),
    )
  return {
    versions,

    async newest(tenant) {
      const named = await guarded('read mappings', () =>
        mappings.distinct('module', { tenant: tenantOf(tenant), module: trusted({ $exists: true }) }).exec(),
      )
      const found = await Promise.all(named.map(module => versions(tenant, String(module), 1)))
      return found.flat()
    },

    one: (tenant, module, version) =>
      guarded('read a mapping', () =>
        mappings
          .findById(idOf(tenant, module, version))
          .lean<MappingDocument>()
          .exec(),
      ),

    add: mapping =>
      guarded('save a mapping', async () => {
        const { tenant, module, version } = mapping
        try {
          await mappings.create({ _id: idOf(tenant, module, version), ...mapping })
        } catch (error) {
          if (isDuplicateKey(error)) return false
          throw error
        }
        // Engines read a tenant's pipelines again when its document has changed.
        await tenants.updateOne({ _id: tenant }, { $set: { [`modules.${module}.mapping`]: version } }).exec()
        return true
      }),
  }
}
