/** Deliveries: what was sent to us, durable before it is acknowledged, open as long as `dueAt` stands. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Collection } from 'mongodb'
import { insertAll, updateAll } from './commands.ts'
import type { DeliveryDocument, EventDocument } from './documents.ts'
import { guarded, tenantOf } from './failure.ts'
import { idWithin } from './ids.ts'
import type { Payloads } from './payloads.ts'
import { standingsOf } from './standings.ts'

/** What became of a delivery's events; `dueAt` where some are still open. */
export interface DeliveryMark {
  readonly id: string
  /** The delivery's `turn` when it was taken. */
  readonly turn: number
  readonly events: readonly EventDocument[]
  readonly dueAt?: Date
  /** Set back to 0 once it did not kill the process. */
  readonly tries: number
}

export interface Deliveries {
  /** Stores all of them in one command; the places of those whose key was there already. */
  insert(documents: readonly DeliveryDocument[]): Promise<ReadonlySet<number>>
  byKeys(tenant: string, keys: readonly string[]): Promise<readonly DeliveryDocument[]>
  byIds(tenant: string, ids: readonly string[]): Promise<readonly DeliveryDocument[]>
  /** Newest first: the deliveries that a sender named so. */
  bySenderIds(tenant: string, senderIds: readonly string[]): Promise<readonly DeliveryDocument[]>
  /** Makes it due again with these events, under a new `turn`. False: it is open. */
  reopen(tenant: string, id: string, events: readonly EventDocument[], dueAt: Date): Promise<boolean>
  /** Only deliveries that are still open, and were not opened again since they were taken: who is first, is right. */
  mark(marks: readonly DeliveryMark[]): Promise<void>
  /** What is due, oldest first. Raises `tries` by one and puts `dueAt` off to `until` before it answers. */
  take(now: Date, until: Date, limit: number): Promise<readonly DeliveryDocument[]>
  /** That these were taken and not finished had nothing to do with them: it is not counted. */
  excuse(ids: readonly string[]): Promise<void>
  /** Removes the bytes of what came between the two moments; its events stay. */
  forgetPayloads(from: Date, to: Date): Promise<void>
}

const FORGET_AT_ONCE = 250
/** Between two parts, so that others have most of the time. */
const FORGET_PAUSE_MS = 20

/** A span of time is a span of ids. */
const firstIdOf = (at: Date): string => idWithin(at, '0')

export function deliveriesIn(collection: Collection<DeliveryDocument>, payloads: Payloads): Deliveries {
  const open = { dueAt: { $exists: true } } as const
  /** Only who applies a delivery again needs its bytes. */
  const withoutBytes = { projection: { raw: 0 } } as const

  return {
    async insert(documents) {
      if (documents.length === 0) return new Set()
      for (const document of documents) tenantOf(document.tenant)
      const { duplicates } = await insertAll(
        'insert deliveries',
        collection,
        documents.map(document => ({
          ...payloads.sealed(document),
          standings: standingsOf(document.events),
        })),
        ({ raw }) => raw.length,
      )
      return duplicates
    },

    async byKeys(tenant, keys) {
      if (keys.length === 0) return []
      const filter = { tenant: tenantOf(tenant), key: { $in: [...keys] } }
      return guarded('find deliveries', () => collection.find(filter, withoutBytes).toArray())
    },

    async byIds(tenant, ids) {
      if (ids.length === 0) return []
      const filter = { _id: { $in: [...ids] }, tenant: tenantOf(tenant) }
      return guarded('find deliveries', () => collection.find(filter, withoutBytes).toArray())
    },

    async bySenderIds(tenant, senderIds) {
      if (senderIds.length === 0) return []
      const filter = { tenant: tenantOf(tenant), senderId: { $in: [...senderIds], $exists: true } }
      const found = await guarded('find deliveries', () => collection.find(filter, withoutBytes).toArray())
      return found.sort((a, b) => b.receivedAt.getTime() - a.receivedAt.getTime())
    },

    async reopen(tenant, id, events, dueAt) {
      const done = await guarded('reopen a delivery', () =>
        collection.updateOne(
          { _id: id, tenant: tenantOf(tenant), dueAt: { $exists: false } },
          {
            $set: { events: events as EventDocument[], standings: standingsOf(events), dueAt, tries: 0 },
            $inc: { turn: 1 },
          },
        ),
      )
      return done.matchedCount === 1
    },

    async mark(marks) {
      if (marks.length === 0) return
      const statements = marks.map(({ id, turn, events, tries, dueAt }) => ({
        q: { _id: id, turn, ...open },
        u:
          dueAt === undefined
            ? { $set: { events, standings: standingsOf(events), tries }, $unset: { dueAt: '' } }
            : { $set: { events, standings: standingsOf(events), tries, dueAt } },
      }))
      await updateAll('mark deliveries', collection, statements, false)
    },

    async take(now, until, limit) {
      const due = await guarded('find due deliveries', () =>
        collection
          .find({ dueAt: { $lte: now } })
          .sort({ dueAt: 1 })
          .limit(limit)
          .toArray(),
      )
      if (due.length === 0) return []
      // What was begun before and not finished may be what killed the process: it goes alone.
      const first = due[0] as DeliveryDocument
      const fresh = due.filter(each => each.tries === 0)
      const taken = fresh.length > 0 ? fresh : [first]
      const done = await guarded('take deliveries', () =>
        collection.updateMany(
          { _id: { $in: taken.map(each => each._id) }, dueAt: { $lte: now } },
          { $set: { dueAt: until }, $inc: { tries: 1 } },
        ),
      )
      // Another engine looked at the same moment. What it has only a part of is applied twice, which changes nothing.
      return done.matchedCount === 0 ? [] : taken.map(payloads.opened)
    },

    async excuse(ids) {
      if (ids.length === 0) return
      await guarded('excuse deliveries', () =>
        collection.updateMany(
          { _id: { $in: [...ids] }, ...open, tries: { $gt: 0 } },
          { $inc: { tries: -1 } },
        ),
      )
    },

    async forgetPayloads(from, to) {
      // A little at a time: one command over months of deliveries would hold everybody else up.
      let after = firstIdOf(from)
      for (;;) {
        const range = { _id: { $gte: after, $lt: firstIdOf(to) } }
        const part = await guarded('find payloads to forget', () =>
          collection
            .find(range, { projection: { _id: 1 } })
            .sort({ _id: 1 })
            .limit(FORGET_AT_ONCE)
            .toArray(),
        )
        const last = part.at(-1)?._id
        if (last === undefined) return
        await guarded('forget payloads', () =>
          collection.updateMany(
            { _id: { $gte: after, $lte: last }, dueAt: { $exists: false }, raw: { $exists: true } },
            { $unset: { raw: '' } },
          ),
        )
        if (part.length < FORGET_AT_ONCE) return
        after = last
        await pause(FORGET_PAUSE_MS)
      }
    },
  }
}
