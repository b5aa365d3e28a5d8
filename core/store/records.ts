/** Records: one update of one document each, told apart by `rev` (applying) or by the lease's nonce (sending). */
import type { Collection, Document, Filter } from 'mongodb'
import { insertAll, updateAll } from './commands.ts'
import type { RecordDocument } from './documents.ts'
import { duplicatesOf, guarded, tenantOf } from './failure.ts'

/** Top-level parts of a record that change; `rev` is raised by the store. */
export interface RecordChange {
  readonly id: string
  /** The revision that was read. */
  readonly rev: number
  readonly set: Partial<RecordDocument>
  readonly unset: readonly (keyof RecordDocument)[]
}

/** Records that stand alike once they have woken others. */
export interface Resting {
  readonly ids: readonly string[]
  readonly rev: number
  readonly state: RecordDocument['state']
  readonly gate?: string
}

/** What a sender of a leased record knows now. Paths with dots are allowed (`outbox.moodle/user.attempt`). */
export interface LeasedChange {
  readonly id: string
  readonly rev: number
  readonly set: Readonly<Record<string, unknown>>
  readonly unset: readonly string[]
}

/** The ordered pair: `same` if nothing changed since the claim, else `changed`. */
export interface LeasedPair {
  readonly same: LeasedChange
  readonly changed: LeasedChange
}

export interface Records {
  byIds(tenant: string, ids: readonly string[]): Promise<readonly RecordDocument[]>
  byIdentities(tenant: string, identities: readonly string[]): Promise<readonly RecordDocument[]>
  byKeys(tenant: string, keys: readonly string[]): Promise<readonly RecordDocument[]>
  /** In one command; the places of those that a unique index refused. */
  insert(documents: readonly RecordDocument[]): Promise<ReadonlySet<number>>
  /**
   * Compare-and-set on `rev`, all in one command under the name `write`.
   * @returns the ids that were not written: changed by somebody else (`stale`), or refused by a unique index.
   */
  update(
    changes: readonly RecordChange[],
    write: string,
  ): Promise<{ readonly stale: ReadonlySet<string>; readonly refused: ReadonlySet<string> }>
  /** What is due and not leased, oldest first, but for some tenants' own: tenant, id and claims. */
  due(
    now: Date,
    limit: number,
    except?: readonly string[],
  ): Promise<readonly Pick<RecordDocument, '_id' | 'tenant' | 'claims'>[]>
  /** Leases those of `ids` that are still due, counts the claim, and reads them back. */
  claim(ids: readonly string[], nonce: string, now: Date, until: Date): Promise<readonly RecordDocument[]>
  /** Writes by nonce alone and keeps the lease. The number that was written. */
  note(nonce: string, changes: readonly LeasedChange[]): Promise<number>
  /** Ends leases, each by its ordered pair: by nonce and `rev`, then by nonce alone. */
  settle(nonce: string, pairs: readonly LeasedPair[]): Promise<void>
  /** Adds identities by the nonce, in an update of their own. False: another record holds one of them. */
  addIdentity(id: string, nonce: string, identities: readonly string[]): Promise<boolean>
  /** Ends leases, by the nonce, and leaves the records due later with no claim counted. */
  postpone(ids: readonly string[], nonce: string, until: Date): Promise<void>
  /** Keeps leases for longer. Those of `ids` that are still leased under `nonce`. */
  extend(ids: readonly string[], nonce: string, until: Date): Promise<readonly string[]>
  /** The record gives up its identity in a resource that several share, and what it sent there. False: it changed. */
  yieldShared(
    id: string,
    filter: { readonly rev: number } | { readonly 'lease.nonce': string },
    shared: { readonly resource: string; readonly idField: string },
  ): Promise<boolean>
  /** Records that were merged away give up identities that lead to their survivor. */
  dropAbsorbed(tenant: string, identities: readonly string[]): Promise<void>
  /** The record is to send itself to a shared resource, if it has not and is neither deleted nor merged. */
  handOver(id: string, resource: string, now: Date): Promise<boolean>
  /** Makes due every record of the tenant that refers to one of `refs`, at a gate or not. The number of them. */
  wake(tenant: string, refs: readonly string[], now: Date): Promise<number>
  /** Of those that woke whom they had to, what they are now that nothing of them is due. Filter: `_id` and `rev`. */
  rest(resting: readonly Resting[]): Promise<void>
  /** The oldest records at a gate, made due: those that still stand there. Their ids. */
  release(gate: string, limit: number, now: Date): Promise<readonly string[]>
  /** The gates at which records stand. */
  gates(): Promise<readonly string[]>
  countAtGate(gate: string, limit: number): Promise<number>
}

/** @param now the store's time, in milliseconds since 1970 */
export function recordsIn(collection: Collection<RecordDocument>, now: () => number): Records {
  // The partial index on identities is used only by a query that says so.
  const identified = { 'identities.0': { $exists: true } } as const
  const free = (now: Date): Filter<RecordDocument> => ({
    dueAt: { $lte: now },
    $or: [{ lease: { $exists: false } }, { 'lease.until': { $lte: now } }],
  })

  const leased = (change: LeasedChange): Document => {
    const update: Record<string, unknown> = { $inc: { rev: 1 } }
    if (Object.keys(change.set).length > 0) update['$set'] = change.set
    if (change.unset.length > 0) update['$unset'] = Object.fromEntries(change.unset.map(path => [path, '']))
    return update
  }

  return {
    async byIds(tenant, ids) {
      if (ids.length === 0) return []
      const filter = { _id: { $in: [...ids] }, tenant: tenantOf(tenant) }
      return guarded('find records', () => collection.find(filter).toArray())
    },

    async byIdentities(tenant, identities) {
      if (identities.length === 0) return []
      const filter = { tenant: tenantOf(tenant), identities: { $in: [...identities] }, ...identified }
      return guarded('find records by identity', () => collection.find(filter).toArray())
    },

    async byKeys(tenant, keys) {
      if (keys.length === 0) return []
      const filter = { tenant: tenantOf(tenant), keys: { $in: [...keys] } }
      return guarded('find records by key', () => collection.find(filter).toArray())
    },

    async insert(documents) {
      if (documents.length === 0) return new Set()
      for (const document of documents) tenantOf(document.tenant)
      const { duplicates } = await insertAll('insert records', collection, documents)
      return duplicates
    },

    async update(changes, write) {
      const none = new Set<string>()
      if (changes.length === 0) return { stale: none, refused: none }
      const updatedAt = new Date(now())
      const statements = changes.map(({ id, rev, set, unset }) => ({
        q: { _id: id, rev },
        u: {
          $set: { ...set, write, updatedAt },
          $inc: { rev: 1 },
          ...(unset.length === 0 ? {} : { $unset: Object.fromEntries(unset.map(field => [field, ''])) }),
        },
      }))
      const done = await updateAll('update records', collection, statements, false)
      if (done.matched === changes.length) return { stale: none, refused: none }
      const refused = new Set([...done.duplicates].map(place => changes[place]?.id ?? ''))
      const written = await guarded('see which records were written', () =>
        collection
          .find({ _id: { $in: changes.map(change => change.id) }, write }, { projection: { _id: 1 } })
          .toArray(),
      )
      const ours = new Set(written.map(each => each._id))
      const stale = changes.map(change => change.id).filter(id => !ours.has(id) && !refused.has(id))
      return { stale: new Set(stale), refused }
    },

    async due(now, limit, except = []) {
      const filter = except.length === 0 ? free(now) : { ...free(now), tenant: { $nin: [...except] } }
      return guarded('find due records', () =>
        collection
          .find(filter, { projection: { tenant: 1, claims: 1 } })
          .sort({ dueAt: 1 })
          .limit(limit)
          .toArray(),
      )
    },

    async claim(ids, nonce, now, until) {
      if (ids.length === 0) return []
      const claimed = await guarded('claim records', () =>
        collection.updateMany(
          { _id: { $in: [...ids] }, ...free(now) },
          { $set: { lease: { nonce, until } }, $inc: { claims: 1, rev: 1 } },
        ),
      )
      if (claimed.matchedCount === 0) return []
      return guarded('read claimed records', () =>
        collection.find({ _id: { $in: [...ids] }, 'lease.nonce': nonce }).toArray(),
      )
    },

    async note(nonce, changes) {
      if (changes.length === 0) return 0
      const statements = changes.map(change => ({
        q: { _id: change.id, 'lease.nonce': nonce },
        u: leased(change),
      }))
      return (await updateAll('note on leased records', collection, statements, false)).matched
    },

    async settle(nonce, pairs) {
      if (pairs.length === 0) return
      const statements = pairs.flatMap(({ same, changed }) => {
        const filter = { _id: same.id, 'lease.nonce': nonce }
        return [
          { q: { ...filter, rev: same.rev }, u: leased(same) },
          { q: filter, u: leased(changed) },
        ]
      })
      await updateAll('settle leased records', collection, statements, true)
    },

    async addIdentity(id, nonce, identities) {
      try {
        await guarded('add an identity', () =>
          collection.updateOne(
            { _id: id, 'lease.nonce': nonce },
            { $addToSet: { identities: { $each: [...identities] } }, $inc: { rev: 1 } },
          ),
        )
        return true
      } catch (error) {
        if (duplicatesOf(error) === undefined) throw error
        return false
      }
    },

    async postpone(ids, nonce, until) {
      await guarded('postpone records', () =>
        collection.updateMany(
          { _id: { $in: [...ids] }, 'lease.nonce': nonce },
          { $set: { dueAt: until, claims: 0 }, $unset: { lease: '' }, $inc: { rev: 1 } },
        ),
      )
    },

    async extend(ids, nonce, until) {
      const filter = { _id: { $in: [...ids] }, 'lease.nonce': nonce }
      const done = await guarded('extend leases', () =>
        collection.updateMany(filter, { $set: { 'lease.until': until } }),
      )
      if (done.matchedCount === ids.length) return ids
      const held = await guarded('see which leases are held', () =>
        collection.find(filter, { projection: { _id: 1 } }).toArray(),
      )
      return held.map(({ _id }) => _id)
    },

    async yieldShared(id, filter, { resource, idField }) {
      const done = await guarded('yield a shared identity', () =>
        collection.updateOne(
          { _id: id, ...filter } as Filter<RecordDocument>,
          {
            $pull: {
              identities: { $regex: new RegExp(`^${resource}:`) },
              absorbedIdentities: { $regex: new RegExp(`^${resource}:`) },
            },
            $set: { [`fields.${idField}`]: null },
            $unset: { [`pushed.${resource}`]: '', [`outbox.${resource}`]: '' },
            $inc: { rev: 1 },
          } as unknown as Document,
        ),
      )
      return done.matchedCount === 1
    },

    async dropAbsorbed(tenant, identities) {
      if (identities.length === 0) return
      await guarded('drop an absorbed identity', () =>
        collection.updateMany(
          { tenant: tenantOf(tenant), identities: { $in: [...identities] }, ...identified, state: 'merged' },
          { $pull: { identities: { $in: [...identities] } }, $inc: { rev: 1 } } as unknown as Document,
        ),
      )
    },

    async handOver(id, resource, now) {
      const done = await guarded('hand over a shared object', () =>
        collection.updateOne(
          {
            _id: id,
            state: { $nin: ['deleted', 'merged'] },
            [`pushed.${resource}`]: { $exists: false },
            [`outbox.${resource}`]: { $exists: false },
          } as Filter<RecordDocument>,
          {
            $set: { [`outbox.${resource}`]: { content: 'shared', attempt: 0 }, state: 'due', dueAt: now },
            $inc: { rev: 1 },
          } as unknown as Document,
        ),
      )
      return done.matchedCount === 1
    },

    async wake(tenant, refs, now) {
      if (refs.length === 0) return 0
      const done = await guarded('wake records', () =>
        collection.updateMany(
          { tenant: tenantOf(tenant), refs: { $in: [...refs] } },
          { $set: { dueAt: now }, $unset: { gate: '' }, $inc: { rev: 1 } },
        ),
      )
      return done.matchedCount
    },

    async rest(resting) {
      if (resting.length === 0) return
      const statements = resting.map(({ ids, rev, state, gate }) => ({
        q: { _id: { $in: [...ids] }, rev },
        u: {
          $set: { state, ...(gate === undefined ? {} : { gate }) },
          $unset: { woke: '', dueAt: '' },
          $inc: { rev: 1 },
        },
        multi: true,
      }))
      await updateAll('lay records to rest', collection, statements, false)
    },

    async release(gate, limit, now) {
      const held = await guarded('find records at a gate', () =>
        collection
          .find({ gate }, { projection: { _id: 1 } })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray(),
      )
      if (held.length === 0) return []
      const ids = held.map(each => each._id)
      const released = { $unset: { gate: '' }, $inc: { rev: 1 } }
      const statements = [
        {
          q: { _id: { $in: ids }, gate, state: 'gated' },
          u: { $set: { dueAt: now, state: 'due' }, ...released },
        },
        // A deleted record that stood there is deleted all the same.
        { q: { _id: { $in: ids }, gate }, u: { $set: { dueAt: now }, ...released } },
      ].map(statement => ({ ...statement, multi: true }))
      await updateAll('release records', collection, statements, true)
      return ids
    },

    async gates() {
      const found: string[] = []
      for (;;) {
        // From gate to gate in the index: `distinct` would read every record that stands at one.
        const filter = { gate: { $exists: true, $gt: found.at(-1) ?? '' } } as const
        const [next] = await guarded('find gates with records', () =>
          collection
            .find(filter, { projection: { gate: 1 } })
            .sort({ gate: 1 })
            .limit(1)
            .toArray(),
        )
        if (next?.gate === undefined) return found
        found.push(next.gate)
      }
    },

    async countAtGate(gate, limit) {
      return guarded('count records at a gate', () => collection.countDocuments({ gate }, { limit }))
    },
  }
}
