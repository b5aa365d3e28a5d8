import type { Log, Tools, Vault } from '../../../core/plugin.ts'
import { createHttpClient } from '../../../core/request.ts'

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** A vault in memory, with the compare-and-set of the real one. Several connections may share it. */
export const memoryVault = (): Vault & { readonly writes: number } => {
  const entries = new Map<string, { value: string; version: number }>()
  let writes = 0
  return {
    get writes() {
      return writes
    },
    async read(name) {
      await Promise.resolve()
      return entries.get(name) ?? null
    },
    async write(name, value, version) {
      await Promise.resolve()
      if ((entries.get(name)?.version ?? 0) !== version) return false
      entries.set(name, { value, version: version + 1 })
      writes++
      return true
    },
  }
}

export const toolsFor = (vault: Vault, now: () => number = Date.now): Tools => ({
  tenant: 'default',
  log: silent,
  vault,
  now,
  http: (baseUrl, options) => createHttpClient(baseUrl, { remote: 'zoho', ...options }),
})
