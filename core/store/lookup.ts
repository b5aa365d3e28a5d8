/** Records as operators look for them: by state, by name, by gate; always by an index. */
import { randomUUID } from 'node:crypto'
import type { Collection, Document } from 'mongodb'
import type { RecordState } from '../plugin.ts'
import { updateAll } from './commands.ts'
import type { OutboxEntry, RecordDocument } from './documents.ts'
import { guarded, tenantOf } from './failure.ts'
import { oldestDueIn } from './oldest.ts'

/** What a record may be found by, as it is stored. */
export interface Names {
  /** `moodle/user:456`, `=username:ali` */
  readonly identities: readonly string[]
  /** `student|moodleUserId=42` */
  readonly keys: readonly string[]
}

export interface Lookup {
  /** In the order in which they were made, after the record `after`. */
  inState(
    tenant: string,
    module: string,
    state: RecordState,
    after: string,
    limit: number,
  ): Promise<readonly RecordDocument[]>
  /** Those that are named exactly so. */
  named(tenant: string, names: Names, limit: number): Promise<readonly RecordDocument[]>
  /** Those with an identity that begins so. */
  beginning(tenant: string, prefix: string, limit: number): Promise<readonly RecordDocument[]>
  /** How many are in that state, counted up to `limit`. */
  count(tenant: string, module: string, state: RecordState, limit: number): Promise<number>
  /** Since when the record that is due the longest waits; undefined: nothing is due. */
  oldestDue(tenant: string, now: Date): Promise<Date | undefined>
  /**
   * A person asks for another attempt: what was refused, put off or given up is due now, as if it had never failed.
   * Only records in one of `states` are changed.
   * @returns the ids that were made due
   */
  retry(
    tenant: string,
    ids: readonly string[],
    states: readonly RecordState[],
    now: Date,
  ): Promise<readonly string[]>
  /**
   * A person gives up what could not be sent; the next change of the record is sent again.
   * @returns the ids that were changed
   */
  discard(tenant: string, ids: readonly string[], now: Date): Promise<readonly string[]>
}

/** Greater than every character of a name. */
const LAST = '\uffff'
const MOST = 500

export function lookupIn(collection: Collection<RecordDocument>): Lookup {
  const identified = { 'identities.0': { $exists: true } } as const

  const find = (filter: Document, limit: number, sort?: Document): Promise<readonly RecordDocument[]> =>
    guarded('look for records', () => {
      const found = collection.find(filter).limit(limit)
      return (sort === undefined ? found : found.sort(sort as { _id: 1 })).toArray()
    })

  /** Compare-and-set on `rev`, in one command; again for those that were changed meanwhile. */
  async function changeEach(
    tenant: string,
    ids: readonly string[],
    states: readonly RecordState[],
    change: (record: RecordDocument) => { set: Document; unset: Document },
  ): Promise<readonly string[]> {
    const done: string[] = []
    let left = [...new Set(ids)].slice(0, MOST)
    for (let round = 0; round < 3 && left.length > 0; round++) {
      const filter = { _id: { $in: left }, tenant: tenantOf(tenant), state: { $in: [...states] } }
      const records = await find(filter, MOST)
      if (records.length === 0) break
      const write = randomUUID()
      const statements = records.map(record => {
        const { set, unset } = change(record)
        const u = { $set: { ...set, write }, $unset: unset, $inc: { rev: 1 } }
        return { q: { _id: record._id, rev: record.rev }, u }
      })
      await updateAll('change records for an operator', collection, statements, false)
      const written = await find({ _id: { $in: left }, write }, MOST)
      done.push(...written.map(({ _id }) => _id))
      left = left.filter(id => !done.includes(id))
    }
    return done
  }

  return {
    inState(tenant, module, state, after, limit) {
      return find({ tenant: tenantOf(tenant), module, state, _id: { $gt: after } }, limit, { _id: 1 })
    },

    async named(tenant, { identities, keys }, limit) {
      tenantOf(tenant)
      const byIdentity =
        identities.length === 0
          ? []
          : await find({ tenant, identities: { $in: [...identities] }, ...identified }, limit)
      const byKey = keys.length === 0 ? [] : await find({ tenant, keys: { $in: [...keys] } }, limit)
      return [...new Map([...byIdentity, ...byKey].map(record => [record._id, record])).values()]
    },

    beginning(tenant, prefix, limit) {
      const range = { $gte: prefix, $lt: `${prefix}${LAST}` }
      return find({ tenant: tenantOf(tenant), identities: { $elemMatch: range }, ...identified }, limit)
    },

    count(tenant, module, state, limit) {
      const filter = { tenant: tenantOf(tenant), module, state }
      return guarded('count records', () => collection.countDocuments(filter, { limit }))
    },

    oldestDue: (tenant, now) => oldestDueIn(collection, tenant, now),

    retry(tenant, ids, states, now) {
      return changeEach(tenant, ids, states, record => ({
        set: { outbox: fresh(record.outbox), state: 'due', dueAt: now, claims: 0, updatedAt: now },
        unset: { gate: '', lastError: '' },
      }))
    },

    discard(tenant, ids, now) {
      return changeEach(tenant, ids, ['dead', 'conflict', 'retrying', 'gated'], () => ({
        set: { outbox: {}, missing: [], state: 'ok', claims: 0, updatedAt: now },
        // A lease that stands is broken: its holder must not write what was given up.
        unset: { dueAt: '', gate: '', lastError: '', lease: '' },
      }))
    },
  }
}

/** Every entry as if it had never been tried; what was begun and not answered stays marked so. */
function fresh(outbox: RecordDocument['outbox']): RecordDocument['outbox'] {
  const entries = Object.entries(outbox).map(([resource, entry]) => {
    const { refused: _refused, notBefore: _notBefore, failingSince: _failingSince, ...rest } = entry
    return [resource, { ...rest, attempt: 0 } satisfies OutboxEntry] as const
  })
  return Object.fromEntries(entries)
}
