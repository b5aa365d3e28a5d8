/** What the readiness says of the remotes; anybody may ask, so it names no tenant. Pure. */
import type { GateDocument } from '../store/documents.ts'

export interface RemoteState {
  /** Tenants that are connected to it. */
  readonly tenants: number
  /** `open` for all of them, or how many are closed, by the reason. */
  readonly state: 'open' | 'unused' | { readonly [reason in GateDocument['reason']]?: number }
}

/** `connected`: the connectors of each tenant. */
export function remoteStates(
  connectors: Iterable<string>,
  connected: readonly (readonly string[])[],
  gates: readonly Pick<GateDocument, 'remote' | 'reason' | 'opening'>[],
): { readonly [connector: string]: RemoteState } {
  return Object.fromEntries(
    [...connectors].map(name => {
      const tenants = connected.filter(all => all.includes(name)).length
      const closed: { [reason in GateDocument['reason']]?: number } = {}
      for (const { remote, reason, opening } of gates)
        if (opening === undefined && (remote === '*' || remote.split('/')[0] === name))
          closed[reason] = (closed[reason] ?? 0) + 1
      const open = tenants === 0 ? 'unused' : 'open'
      return [name, { tenants, state: Object.keys(closed).length === 0 ? open : closed }] as const
    }),
  )
}
