import { unavailable } from './problems.ts'

/** Bytes that wait for the store, by tenant. */
export interface Fairness {
  /**
   * Runs `store` while the bytes count as the tenant's. Half of the room is anybody's; beyond it a tenant gets
   * its equal share, so that one tenant's flood is turned away (503) while the others' deliveries pass.
   */
  share<T>(tenant: string, bytes: number, store: () => Promise<T>): Promise<T>
}

export function createFairness(room: number): Fairness {
  const used = new Map<string, number>()
  let total = 0

  const fits = (tenant: string, bytes: number): boolean => {
    if (total + bytes <= room / 2) return true
    if (total + bytes > room) return false
    const own = used.get(tenant) ?? 0
    const tenants = used.size + (used.has(tenant) ? 0 : 1)
    // The newcomer's room is kept free: one tenant alone never gets all of it.
    return own + bytes <= room / (tenants + 1)
  }

  return {
    async share(tenant, bytes, store) {
      if (!fits(tenant, bytes)) throw unavailable('BUSY', 'The store is behind. Please try again.')
      total += bytes
      used.set(tenant, (used.get(tenant) ?? 0) + bytes)
      try {
        return await store()
      } finally {
        total -= bytes
        const left = (used.get(tenant) ?? 0) - bytes
        if (left <= 0) used.delete(tenant)
        else used.set(tenant, left)
      }
    },
  }
}
