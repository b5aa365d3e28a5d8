/** Small secrets that every engine shares (access tokens), sealed, changed by compare-and-set on `version`. */
import type { VaultDocument } from './documents.ts'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface VaultStore {
  read(tenant: string, name: string): Promise<Pick<VaultDocument, 'sealed' | 'version'> | null>
  /** `version`: the one that was read, 0 for none. False: somebody was faster. */
  write(tenant: string, name: string, sealed: string, version: number): Promise<boolean>
}

export function vaultIn({ vault }: Models): VaultStore {
  const idOf = (tenant: string, name: string) => `${tenantOf(tenant)}|${name}`
  return {
    async read(tenant, name) {
      return guarded('read the vault', () => vault.findById(idOf(tenant, name)).lean<VaultDocument>().exec())
    },

    async write(tenant, name, sealed, version) {
      const _id = idOf(tenant, name)
      return guarded('write the vault', async () => {
        if (version === 0) {
          try {
            await vault.create({ _id, tenant, sealed, version: 1 })
            return true
          } catch (error) {
            if (isDuplicateKey(error)) return false
            throw error
          }
        }
        const done = await vault
          .updateOne({ _id, version }, { $set: { sealed, version: version + 1 } })
          .exec()
        return done.matchedCount === 1
      })
    },
  }
}
