/** Completeness sweeps: runs over what the remotes say was changed, each where it stands, and their history. */
import { trusted } from 'mongoose'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import { newId } from './ids.ts'
import type { Models } from './schemas.ts'

export type SyncStatus = 'running' | 'completed' | 'failed' | 'cancelled'

export interface SyncDocument {
  _id: string
  tenant: string
  module: string
  /** `schedule`, or who ordered it. */
  by: string
  /** What was changed from then on; absent: everything. */
  since?: Date
  status: SyncStatus
  /** Those that are listed, one after the other: `zoho/BTEC_Students`. */
  resources: string[]
  /** The resource at which it is. */
  place: number
  /** The page of it that comes next. */
  page?: string
  /** Objects that the remotes listed. */
  recordsProcessed: number
  /** Those of them that were read, since what is stored may be older. */
  read: number
  /** Pages that were listed. */
  pages: number
  /** How often in a row the next page failed. */
  attempt: number
  startedAt: Date
  completedAt?: Date
  errorCode?: string
  errorMessage?: string
  /** The run that failed and is repeated. */
  retryOf?: string
  /** While it runs: who finds it due goes on with it. */
  dueAt?: Date
  /** Whose turn it is. */
  nonce?: string
  expireAt: Date
}

export interface Syncs {
  /** Undefined: the module has one that runs. */
  add(sync: Omit<SyncDocument, '_id'>): Promise<SyncDocument | undefined>
  one(tenant: string, id: string): Promise<SyncDocument | null>
  /** The newest of the module with one of these states. */
  newest(tenant: string, module: string, statuses: readonly SyncStatus[]): Promise<SyncDocument | null>
  /** Newest first, those before `before`. */
  page(
    tenant: string,
    filter: { readonly module?: string; readonly status?: SyncStatus },
    before: string | undefined,
    limit: number,
  ): Promise<readonly SyncDocument[]>
  /** One that is due, oldest first; it is left alone by others until `until`. */
  take(now: Date, until: Date, nonce: string): Promise<SyncDocument | null>
  /** The next moment at which one is due, where one runs. */
  nextDue(): Promise<Date | undefined>
  /** False: it was cancelled, or another has it. `unset`: fields taken away. */
  progress(
    sync: Pick<SyncDocument, '_id' | 'tenant' | 'nonce'>,
    set: Partial<SyncDocument>,
    unset?: readonly (keyof SyncDocument)[],
  ): Promise<boolean>
  /** False: it does not run. */
  cancel(tenant: string, id: string, at: Date): Promise<boolean>
}

export function syncsIn({ syncs }: Models): Syncs {
  const lean = () => ({ lean: true as const })
  return {
    async add(sync) {
      tenantOf(sync.tenant)
      const whole = { _id: newId(sync.startedAt.getTime()), ...sync }
      return guarded('begin a sweep', async () => {
        try {
          await syncs.create(whole)
          return whole
        } catch (error) {
          if (isDuplicateKey(error)) return undefined
          throw error
        }
      })
    },

    one: (tenant, id) =>
      guarded('read a sweep', () =>
        syncs
          .findOne({ _id: id, tenant: tenantOf(tenant) })
          .lean<SyncDocument>()
          .exec(),
      ),

    newest: (tenant, module, statuses) =>
      guarded('read a module’s newest sweep', async () => {
        const found = await Promise.all(
          statuses.map(status =>
            syncs
              .findOne({ tenant: tenantOf(tenant), module, status })
              .sort({ _id: -1 })
              .lean<SyncDocument>()
              .exec(),
          ),
        )
        return found.reduce((newest, each) => ((each?._id ?? '') > (newest?._id ?? '') ? each : newest), null)
      }),

    page: (tenant, { module, status }, before, limit) =>
      guarded('read sweeps', () =>
        syncs
          .find({
            tenant: tenantOf(tenant),
            ...(module === undefined ? {} : { module }),
            ...(status === undefined ? {} : { status }),
            ...(before === undefined ? {} : { _id: trusted({ $lt: before }) }),
          })
          .sort({ _id: -1 })
          .limit(limit)
          .lean<SyncDocument[]>()
          .exec(),
      ),

    take: (now, until, nonce) =>
      guarded(
        'take a sweep',
        () =>
          syncs
            .findOneAndUpdate(
              { dueAt: trusted({ $lte: now }) },
              { $set: { dueAt: until, nonce } },
              { ...lean(), sort: { dueAt: 1 }, returnDocument: 'after' },
            )
            .exec() as Promise<SyncDocument | null>,
      ),

    nextDue: () =>
      guarded('look for sweeps', async () => {
        const next = await syncs
          .findOne({ dueAt: trusted({ $exists: true }) })
          .sort({ dueAt: 1 })
          .lean<SyncDocument>()
          .exec()
        return next?.dueAt
      }),

    async progress({ _id, tenant, nonce }, set, unset = []) {
      const change = {
        ...(Object.keys(set).length === 0 ? {} : { $set: set }),
        ...(unset.length === 0 ? {} : { $unset: Object.fromEntries(unset.map(field => [field, ''])) }),
      }
      const written = await guarded('note a sweep’s progress', () =>
        syncs
          .updateOne({ _id, tenant: tenantOf(tenant), status: 'running', nonce: nonce ?? '' }, change)
          .exec(),
      )
      return written.matchedCount === 1
    },

    async cancel(tenant, id, at) {
      const written = await guarded('cancel a sweep', () =>
        syncs
          .updateOne(
            { _id: id, tenant: tenantOf(tenant), status: 'running' },
            { $set: { status: 'cancelled', completedAt: at }, $unset: { dueAt: '', nonce: '' } },
          )
          .exec(),
      )
      return written.matchedCount === 1
    },
  }
}
