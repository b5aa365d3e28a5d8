/** Jobs over many records or events that a person has ordered, with their progress. */
import { ObjectId } from 'bson'
import { trusted } from 'mongoose'
import { guarded, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface BulkDocument {
  _id: string
  tenant: string
  /** `dead-letters.retry` */
  what: string
  order: { [name: string]: unknown }
  by: string
  state: 'running' | 'done' | 'cancelled' | 'failed'
  done: number
  refused: number
  startedAt: Date
  /** When it moved last. */
  seenAt: Date
  endedAt?: Date
  error?: string
  expireAt: Date
}

export interface BulkJobs {
  add(job: Omit<BulkDocument, '_id'>): Promise<BulkDocument>
  one(tenant: string, id: string): Promise<BulkDocument | null>
  /** Newest first. */
  page(tenant: string, limit: number): Promise<readonly BulkDocument[]>
  /** False: it was cancelled. */
  progress(tenant: string, id: string, done: number, refused: number, now: Date): Promise<boolean>
  /** A cancelled job stays so. */
  end(
    tenant: string,
    id: string,
    set: Pick<BulkDocument, 'state' | 'done' | 'refused'> & { endedAt: Date },
    error?: string,
  ): Promise<void>
  /** Jobs that have not moved since `before`: whoever ran them ended within them. The number of them. */
  abandon(before: Date, now: Date, error: string): Promise<number>
  /** False: it does not run any more. */
  cancel(tenant: string, id: string): Promise<boolean>
}

export function bulkIn({ bulk }: Models): BulkJobs {
  const running = (tenant: string, id: string) => ({
    _id: id,
    tenant: tenantOf(tenant),
    state: 'running' as const,
  })
  return {
    async add(job) {
      tenantOf(job.tenant)
      const whole = { _id: new ObjectId().toHexString(), ...job }
      await guarded('add a job', () => bulk.create(whole))
      return whole
    },

    one: (tenant, id) =>
      guarded('read a job', () =>
        bulk
          .findOne({ _id: id, tenant: tenantOf(tenant) })
          .lean<BulkDocument>()
          .exec(),
      ),

    page: (tenant, limit) =>
      guarded('read jobs', () =>
        bulk
          .find({ tenant: tenantOf(tenant) })
          .sort({ _id: -1 })
          .limit(limit)
          .lean<BulkDocument[]>()
          .exec(),
      ),

    async progress(tenant, id, done, refused, now) {
      const written = await guarded('note a job’s progress', () =>
        bulk.updateOne(running(tenant, id), { $set: { done, refused, seenAt: now } }).exec(),
      )
      return written.matchedCount === 1
    },

    async end(tenant, id, set, error) {
      await guarded('end a job', () =>
        bulk
          .updateOne(running(tenant, id), { $set: { ...set, ...(error === undefined ? {} : { error }) } })
          .exec(),
      )
    },

    async abandon(before, now, error) {
      const written = await guarded('end abandoned jobs', () =>
        bulk
          .updateMany(
            { state: 'running', seenAt: trusted({ $lt: before }) },
            { $set: { state: 'failed', endedAt: now, error } },
          )
          .exec(),
      )
      return written.modifiedCount
    },

    async cancel(tenant, id) {
      const written = await guarded('cancel a job', () =>
        bulk.updateOne(running(tenant, id), { $set: { state: 'cancelled', endedAt: new Date() } }).exec(),
      )
      return written.matchedCount === 1
    },
  }
}
