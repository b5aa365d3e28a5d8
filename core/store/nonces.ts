/** Nonces of signed requests that were used: each counts once, whichever engine it comes to. */
import { createHash } from 'node:crypto'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface Nonces {
  /** False: it was used before. `expireAt`: from then on the request is too old anyway. */
  spend(tenant: string, endpoint: string, nonce: string, expireAt: Date): Promise<boolean>
}

export function noncesIn({ nonces }: Models): Nonces {
  return {
    async spend(tenant, endpoint, nonce, expireAt) {
      const hash = createHash('sha256').update(nonce).digest('hex')
      const _id = `${tenantOf(tenant)}|${endpoint}|${hash}`
      return guarded('note a nonce', async () => {
        try {
          await nonces.create({ _id, expireAt })
          return true
        } catch (error) {
          if (isDuplicateKey(error)) return false
          throw error
        }
      })
    },
  }
}
