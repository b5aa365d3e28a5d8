/**
 * What a claimed record is called: identities that a push brought are added, and records that are one become one.
 *
 * Filter: added by `{_id, lease.nonce}` in an update of its own; steps two and three of MERGE by the survivor's `{_id, rev}`
 * and the loser's pair. Invariant: an identity stands with one record of a tenant: where the unique index refuses it, the two
 * merge, share it, or are a conflict for a person. One that is still to be added keeps its record due.
 */
import { randomUUID } from 'node:crypto'
import type { Store } from '../store/connect.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { LeasedPair } from '../store/records.ts'
import { changeOf } from './draft.ts'
import type { Held } from './held.ts'
import { takenBy } from './match.ts'
import { absorbed, beginMerge, mayMerge } from './merge.ts'
import { conflicting, mergedAway, rest } from './settle.ts'
import type { Surroundings, Tenant } from './tenant.ts'

export interface Identified {
  /** Go on with these. */
  readonly open: readonly Held[]
  /** How the leases of others end. */
  readonly pairs: readonly LeasedPair[]
  /** Due now beside them: losers and survivors of merges. */
  readonly due: readonly string[]
}

export async function settleIdentities(
  options: Pick<Surroundings, 'now' | 'crash'> & { readonly store: Pick<Store, 'records'> },
  tenant: Tenant,
  nonce: string,
  helds: readonly Held[],
): Promise<Identified> {
  const { store, now } = options
  const open: Held[] = []
  const pairs: LeasedPair[] = []
  const due: string[] = []

  /** Steps two and three of a merge; repeated when either changed meanwhile. */
  async function finishMerge(held: Held): Promise<void> {
    CRASH: options.crash?.at('M1')
    const { record, pipeline } = held
    const survivor = await survivorOf(record)
    if (survivor === undefined) {
      pairs.push(mergedAway(held, true, now()))
      return
    }
    const change = changeOf({ stored: survivor, next: absorbed(survivor, record, pipeline, new Date(now())) })
    const { stale } =
      change === null ? { stale: new Set() } : await store.records.update([change], randomUUID())
    CRASH: options.crash?.at('M2')
    pairs.push(mergedAway(held, stale.size === 0, now()))
    due.push(survivor._id)
  }

  async function survivorOf({ mergedInto }: RecordDocument): Promise<RecordDocument | undefined> {
    let id = mergedInto
    for (let step = 0; step < 5 && id !== undefined; step++) {
      const [found] = await store.records.byIds(tenant.id, [id])
      if (found?.mergedInto === undefined) return found
      id = found.mergedInto
    }
    return undefined
  }

  async function identify(held: Held): Promise<void> {
    const { record, pipeline } = held
    const known = new Set([...record.identities, ...(record.absorbedIdentities ?? [])])
    const missing = pipeline.identitiesOf(record.fields).filter(each => !known.has(each))
    if (missing.length === 0 || record.state === 'conflict') {
      open.push(held)
      return
    }
    CRASH: options.crash?.at('C5')
    if (await store.records.addIdentity(record._id, nonce, missing)) {
      held.rev += 1
      record.identities.push(...missing)
      open.push(held)
      return
    }
    const [holder] = await store.records.byIdentities(tenant.id, missing)
    if (holder === undefined || holder._id === record._id) pairs.push(rest(held, [], now()))
    else await resolve(held, holder, missing)
  }

  async function resolve(held: Held, holder: RecordDocument, missing: readonly string[]): Promise<void> {
    const { record, pipeline } = held
    if (holder.mergedInto === record._id) {
      open.push(held)
      due.push(holder._id)
      return
    }
    const identity = missing.find(each => holder.identities.includes(each)) ?? (missing[0] as string)
    if (shareIt(held, holder, identity)) {
      // Both were on their way there at once: who owns it is settled with the next claim.
      pairs.push(rest(held, [], now()))
      return
    }
    if (!mayMerge(record, holder, pipeline)) {
      const resource = identity.slice(0, identity.indexOf(':'))
      pairs.push(conflicting(held, resource, takenBy(holder, identity), now()))
      return
    }
    const loser = await beginMerge(
      store.records,
      { ...record, rev: held.rev },
      holder,
      randomUUID(),
      new Date(now()),
    )
    if (loser !== undefined) due.push(loser)
    // Its own lease went with the write that made it the loser.
    if (loser !== record._id) pairs.push(rest(held, [], now()))
  }

  await Promise.all(helds.map(held => (held.record.state === 'merged' ? finishMerge(held) : identify(held))))
  return { open, pairs, due }
}

/** Do both stand for the one remote object of that identity? */
const shareIt = ({ record, pipeline }: Held, holder: RecordDocument, identity: string): boolean =>
  pipeline.shared.some(plan => {
    const key = plan.keyOf(record.fields)
    return identity.startsWith(`${plan.resource}:`) && key !== undefined && holder.keys.includes(key)
  })
