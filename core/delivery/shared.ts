/**
 * Shared objects: several records stand for one remote object (a student's enrolments in one class). The youngest that
 * wants it owns it; the others are stored, and send nothing there. With none that wants it, the last owner says so.
 *
 * Filter: another record gives it up by `{_id, rev}`, our own by `{_id, lease.nonce}`; it is handed over to one that is not
 * gone and has neither sent nor planned it. Invariant: the old owner has dropped the identity before the new one adds it,
 * each in its own update, and whoever should own it is due.
 */
import type { SharedPlan } from '../pipeline/compiled.ts'
import type { Store } from '../store/connect.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { Held } from './held.ts'
import type { Tenant } from './tenant.ts'

/** Its own identities of the resource, and those that lead to it from records that were merged into it. */
const identitiesIn = (record: RecordDocument, resource: string) => {
  const ofIt = (identity: string) => identity.startsWith(`${resource}:`)
  return { own: record.identities.filter(ofIt), absorbed: (record.absorbedIdentities ?? []).filter(ofIt) }
}

const holds = (record: RecordDocument, resource: string): boolean => {
  const { own, absorbed } = identitiesIn(record, resource)
  return own.length > 0 || absorbed.length > 0
}

/** Pure. */
export function ownerOf(plan: SharedPlan, group: readonly RecordDocument[]): RecordDocument | undefined {
  const living = group.filter(({ state }) => state !== 'deleted' && state !== 'merged')
  const fitting = living.filter(record => plan.fits(record.fields))
  if (fitting.length > 0) return youngest(plan, fitting)
  return (
    group.find(record => record.state !== 'merged' && holds(record, plan.resource)) ?? youngest(plan, living)
  )
}

function youngest(plan: SharedPlan, records: readonly RecordDocument[]): RecordDocument | undefined {
  const order = (record: RecordDocument) => [plan.age(record.fields), record._id] as const
  return [...records].sort((a, b) => {
    const [ageA, idA] = order(a)
    const [ageB, idB] = order(b)
    return ageA === ageB ? (idA < idB ? 1 : -1) : ageA < ageB ? 1 : -1
  })[0]
}

/**
 * Settles who owns what the held records share. Who does not own it is told by `held.kept`; an identity in the wrong
 * hands is dropped there, so that its owner can take it.
 * @returns records that are due because they own something now
 */
export async function settleShared(
  store: Pick<Store, 'records'>,
  tenant: Tenant,
  nonce: string,
  helds: readonly Held[],
  now: () => number,
): Promise<readonly string[]> {
  const asking = helds.flatMap(held =>
    held.pipeline.shared.flatMap(plan => {
      const key = plan.keyOf(held.record.fields)
      return key === undefined || held.record.state === 'merged' ? [] : [{ held, plan, key }]
    }),
  )
  if (asking.length === 0) return []
  const found = await store.records.byKeys(tenant.id, [...new Set(asking.map(({ key }) => key))])
  const due: string[] = []
  for (const { held, plan, key } of asking) {
    const others = found.filter(record => record._id !== held.record._id && record.keys.includes(key))
    if (others.length === 0) continue
    const owner = ownerOf(plan, [held.record, ...others])
    if (owner === undefined) continue
    if (owner === held.record) {
      for (const other of others) {
        if (!holds(other, plan.resource)) continue
        await store.records.yieldShared(other._id, { rev: other.rev }, plan)
        await store.records.dropAbsorbed(tenant.id, identitiesIn(other, plan.resource).absorbed)
      }
      continue
    }
    held.kept.add(plan.resource)
    if (holds(held.record, plan.resource) || held.record.fields[plan.idField] != null) {
      await store.records.yieldShared(held.record._id, { 'lease.nonce': nonce }, plan)
      await store.records.dropAbsorbed(tenant.id, identitiesIn(held.record, plan.resource).absorbed)
      held.rev += 1
      held.record.absorbedIdentities = (held.record.absorbedIdentities ?? []).filter(
        each => !each.startsWith(`${plan.resource}:`),
      )
      held.record.identities = held.record.identities.filter(each => !each.startsWith(`${plan.resource}:`))
      held.record.fields = { ...held.record.fields, [plan.idField]: null }
    }
    if (await store.records.handOver(owner._id, plan.resource, new Date(now()))) due.push(owner._id)
  }
  return due
}
