/** Jobs over many records or events that a person has ordered, with their progress. */
import { trusted } from 'mongoose'
import { guarded, tenantOf } from './failure.ts'
import { newId } from './ids.ts'
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
  /** The id after which it goes on. */
  after?: string
  startedAt: Date
  /** When it moved last; long ago: whoever runs it has ended, or nobody does yet. */
  seenAt: Date
  /** Names who runs it: what is written by another has no effect. */
  nonce?: string
  /** How often it was taken up since it moved last. */
  tries: number
  endedAt?: Date
  error?: string
  expireAt: Date
}

/** A job under the nonce of who runs it. */
export type Running = Pick<BulkDocument, '_id' | 'tenant' | 'nonce'>

export interface Moved {
  readonly done: number
  readonly refused: number
  /** Absent: it has not begun to move. */
  readonly after: string | undefined
  readonly seenAt: Date
}

export interface BulkJobs {
  add(job: Omit<BulkDocument, '_id'>): Promise<BulkDocument>
  one(tenant: string, id: string): Promise<BulkDocument | null>
  /** Newest first. */
  page(tenant: string, limit: number): Promise<readonly BulkDocument[]>
  /** The oldest job that has not moved since `before`, which is run under `nonce` from now on. */
  claim(before: Date, now: Date, nonce: string): Promise<BulkDocument | null>
  /** False: it was cancelled, or another runs it by now. */
  progress(job: Running, set: Moved): Promise<boolean>
  /** Whoever comes next goes on with it. */
  release(job: Running): Promise<void>
  /** A cancelled job stays so. */
  end(
    job: Running,
    set: Pick<BulkDocument, 'state' | 'done' | 'refused'> & { endedAt: Date },
    error?: string,
  ): Promise<void>
  /** False: it does not run any more. */
  cancel(tenant: string, id: string, at: Date): Promise<boolean>
}

/** `seenAt` of a job that nobody runs. */
export const NOBODY = new Date(0)

export function bulkIn({ bulk }: Models): BulkJobs {
  const running = (tenant: string, id: string) => ({
    _id: id,
    tenant: tenantOf(tenant),
    state: 'running' as const,
  })
  const own = ({ _id, tenant, nonce }: Running) => ({ ...running(tenant, _id), nonce: nonce ?? '' })
  return {
    async add(job) {
      tenantOf(job.tenant)
      const whole = { _id: newId(job.startedAt.getTime()), ...job }
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

    async claim(before, now, nonce) {
      return guarded('take up a job', () =>
        bulk
          .findOneAndUpdate(
            { state: 'running', seenAt: trusted({ $lt: before }) },
            { $set: { seenAt: now, nonce }, $inc: { tries: 1 } },
            { sort: { seenAt: 1 }, returnDocument: 'after' },
          )
          .lean<BulkDocument>()
          .exec(),
      )
    },

    async progress(job, { after, ...set }) {
      const moved = after === undefined ? set : { ...set, after, tries: 0 }
      const written = await guarded('note a job’s progress', () =>
        bulk.updateOne(own(job), { $set: moved }).exec(),
      )
      return written.matchedCount === 1
    },

    async release(job) {
      await guarded('let go of a job', () =>
        bulk.updateOne(own(job), { $set: { seenAt: NOBODY }, $unset: { nonce: '' } }).exec(),
      )
    },

    async end(job, set, error) {
      await guarded('end a job', () =>
        bulk.updateOne(own(job), { $set: { ...set, ...(error === undefined ? {} : { error }) } }).exec(),
      )
    },

    async cancel(tenant, id, at) {
      const written = await guarded('cancel a job', () =>
        bulk.updateOne(running(tenant, id), { $set: { state: 'cancelled', endedAt: at } }).exec(),
      )
      return written.matchedCount === 1
    },
  }
}
