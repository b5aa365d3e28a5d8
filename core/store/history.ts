/** The history as operators read it: deliveries by tenant, newest first, always by an index and never with their bytes. */
import type { Collection, Document } from 'mongodb'
import type { Outcome } from '../plugin.ts'
import type { DeliveryDocument, EventDocument } from './documents.ts'
import { guarded, tenantOf } from './failure.ts'
import { idWithin } from './ids.ts'
import { oldestDueIn } from './oldest.ts'
import type { Payloads } from './payloads.ts'
import { standingsFor, standingsOf } from './standings.ts'

export interface HistoryFilter {
  readonly module?: string
  /** `null`: events that have no outcome yet. */
  readonly outcome?: Outcome | null
  /** A record's `_id`. */
  readonly record?: string
  /** The modules that are looked through where none is named. */
  readonly modules: readonly string[]
}

export type DeliveryFacts = Omit<DeliveryDocument, 'raw'>

export interface History {
  /** Deliveries with an event that fits, newest first, from the delivery `from` (itself included) on. */
  page(
    tenant: string,
    filter: HistoryFilter,
    from: string | undefined,
    limit: number,
  ): Promise<readonly DeliveryFacts[]>
  /** Deliveries with an INVALID event, oldest first, from the delivery `from` (itself included) on. */
  invalid(tenant: string, from: string, limit: number): Promise<readonly DeliveryFacts[]>
  /** Events that were SKIPPED and told of one of these objects, newest first. */
  skipped(tenant: string, identities: readonly string[], limit: number): Promise<readonly DeliveryFacts[]>
  /** Deliveries received between two moments, oldest first, after the delivery `after`. */
  window(
    tenant: string,
    from: Date,
    to: Date,
    after: string | undefined,
    limit: number,
  ): Promise<readonly DeliveryFacts[]>
  /**
   * Writes `events` into a delivery that is not open, if they are still what was read, and with `dueAt` opens it.
   * False: it is open, its bytes are forgotten (only with `dueAt`), or somebody was faster.
   */
  change(
    delivery: Pick<DeliveryDocument, '_id' | 'tenant' | 'events'>,
    events: readonly EventDocument[],
    dueAt?: Date,
  ): Promise<boolean>
  /** The newest deliveries that somebody sent with an event of `module`, with their bytes where they are kept. */
  samples(tenant: string, module: string, limit: number): Promise<readonly DeliveryDocument[]>
  /** Deliveries with an INVALID event, counted up to `limit`. */
  countInvalid(tenant: string, limit: number): Promise<number>
  /** Since when the delivery that is due the longest waits to be applied; undefined: nothing is due. */
  oldestDue(tenant: string, now: Date): Promise<Date | undefined>
  /** Whether its bytes are still kept. */
  isKept(tenant: string, id: string): Promise<boolean>
}

export function historyIn(collection: Collection<DeliveryDocument>, payloads: Payloads): History {
  const withoutBytes = { projection: { raw: 0 } } as const

  function read(
    filter: Document,
    direction: 1 | -1,
    limit: number,
    hint?: string,
  ): Promise<readonly DeliveryFacts[]> {
    return guarded('read the history', () =>
      collection
        .find(filter, { ...withoutBytes, ...(hint === undefined ? {} : { hint }) })
        .sort({ _id: direction })
        .limit(limit)
        .toArray(),
    )
  }

  return {
    page(tenant, { module, outcome, record, modules }, from, limit) {
      const filter: Document = { tenant: tenantOf(tenant) }
      if (from !== undefined) filter['_id'] = { $lte: from }
      if (record !== undefined) {
        filter['events.record'] = record
        return read(filter, -1, limit, 'record')
      }
      if (module === undefined && outcome === undefined) return read(filter, -1, limit)
      if (module === undefined && outcome === 'INVALID') {
        // Their own index holds nothing else, also those of modules that run no more.
        filter['events.outcome'] = 'INVALID'
        return read(filter, -1, limit, 'invalid')
      }
      const fitting = {
        ...(module === undefined ? {} : { module }),
        ...(outcome === undefined ? {} : { outcome }),
      }
      filter['standings'] = { $in: standingsFor(fitting, modules) }
      return read(filter, -1, limit, 'standing')
    },

    invalid(tenant, from, limit) {
      const filter = { tenant: tenantOf(tenant), 'events.outcome': 'INVALID', _id: { $gte: from } }
      return read(filter, 1, limit, 'invalid')
    },

    async skipped(tenant, identities, limit) {
      if (identities.length === 0) return []
      const filter = {
        tenant: tenantOf(tenant),
        'events.identity': { $in: [...identities] },
        'events.outcome': 'SKIPPED',
      }
      return read(filter, -1, limit, 'skipped')
    },

    window(tenant, from, to, after, limit) {
      const first = after === undefined ? { $gte: idWithin(from, '0') } : { $gt: after }
      const filter = { tenant: tenantOf(tenant), _id: { ...first, $lte: idWithin(to, 'f') } }
      return read(filter, 1, limit, 'newest')
    },

    async change({ _id, tenant, events: before }, events, dueAt) {
      const filter = {
        _id,
        tenant: tenantOf(tenant),
        dueAt: { $exists: false },
        events: before,
        ...(dueAt === undefined ? {} : { raw: { $exists: true } }),
      }
      const set = {
        events: [...events],
        standings: standingsOf(events),
        ...(dueAt === undefined ? {} : { dueAt, tries: 0 }),
      }
      const done = await guarded('change a delivery', () =>
        collection.updateOne(filter as Document, { $set: set }),
      )
      return done.matchedCount === 1
    },

    async samples(tenant, module, limit) {
      const filter = {
        tenant: tenantOf(tenant),
        standings: { $in: standingsFor({ module }, []) },
        // What Wasl itself has looked up was not sent by anybody.
        channel: { $nin: ['lookup', 'sweep'] },
        raw: { $exists: true },
      }
      const found = await guarded(
        'read samples',
        () =>
          collection
            .find(filter as Document, { hint: 'standing' })
            .sort({ _id: -1 })
            .limit(limit)
            .toArray() as Promise<DeliveryDocument[]>,
      )
      return found.map(payloads.opened)
    },

    countInvalid(tenant, limit) {
      const filter = { tenant: tenantOf(tenant), 'events.outcome': 'INVALID' } as const
      return guarded('count dead letters', () =>
        collection.countDocuments(filter as Document, { limit, hint: 'invalid' }),
      )
    },

    oldestDue: (tenant, now) => oldestDueIn(collection, tenant, now),

    async isKept(tenant, id) {
      const filter = { _id: id, tenant: tenantOf(tenant), raw: { $exists: true } }
      const found = await guarded('see whether a payload is kept', () =>
        collection.findOne(filter, { projection: { _id: 1 } }),
      )
      return found !== null
    },
  }
}
