import type { Collection, Document, Filter } from 'mongodb'
import { guarded, tenantOf } from './failure.ts'

/** So many of what is due the longest are looked at, whoever's they are. */
const LOOKED_AT = 1000

/**
 * Since when the longest waiting due document of a tenant waits; undefined: nothing is due. Where so much of others is
 * due that none of its own is seen, no older one of its own can be: the answer is the age of the last that was seen.
 */
export async function oldestDueIn<T extends Document & { tenant: string; dueAt?: Date }>(
  collection: Collection<T>,
  tenant: string,
  now: Date,
): Promise<Date | undefined> {
  const own = tenantOf(tenant)
  const seen = await guarded('find what is due the longest', () =>
    collection
      .find({ dueAt: { $lte: now } } as unknown as Filter<T>, { projection: { _id: 0, tenant: 1, dueAt: 1 } })
      .sort({ dueAt: 1 })
      .limit(LOOKED_AT)
      .toArray(),
  )
  const first = seen.find(each => each.tenant === own)
  return (first ?? (seen.length === LOOKED_AT ? seen.at(-1) : undefined))?.dueAt
}
