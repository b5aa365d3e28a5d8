/** Whether deliveries can be accepted, and what is said of the remotes; anybody may ask, so it names no tenant. */
import type { Store } from '../store/connect.ts'
import type { GateDocument } from '../store/documents.ts'

export interface RemoteState {
  /** Tenants that are connected to it. */
  readonly tenants: number
  /** `open` for all of them, or how many are closed, by the reason. */
  readonly state: 'open' | 'unused' | { readonly [reason in GateDocument['reason']]?: number }
}

/** The store is asked whether it takes writes at most so often. */
const PING_MS = 2000

/**
 * A store whose disk is full may find room for the small write of a ping, and for no delivery: what was refused just now
 * counts too.
 */
export function readiness<Facts>(
  store: Pick<Store, 'ping'>,
  intake: { readonly refusing: boolean },
  facts: () => Facts,
): () => Promise<{ readonly ready: boolean; readonly facts: Facts }> {
  let asked = Number.NEGATIVE_INFINITY
  let written = true
  return async () => {
    if (performance.now() - asked > PING_MS) {
      asked = performance.now()
      written = await store.ping().then(
        () => true,
        () => false,
      )
    }
    return { ready: written && !intake.refusing, facts: facts() }
  }
}

/** `connected`: the connectors of each tenant. Pure. */
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
