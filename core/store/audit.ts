/** What people changed, per tenant: rows that are only ever added, each sealed over the one before it. */
import { trusted } from 'mongoose'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface AuditDocument {
  /** `tenant|number`, so that a number is given once. */
  _id: string
  tenant: string
  number: number
  at: Date
  /** `key:<id>` or `terminal:<user>`. */
  by: string
  /** `records.retry` */
  action: string
  /** What it was done to: an id, a module, a remote. */
  target: string
  details: { [name: string]: unknown }
  /** The `seal` of the row before; empty for the first. */
  before: string
  seal: string
}

export interface AuditRows {
  last(tenant: string): Promise<AuditDocument | null>
  /** False: the number is taken. */
  add(row: AuditDocument): Promise<boolean>
  /** In order, after the number `after`. */
  page(tenant: string, after: number, limit: number): Promise<readonly AuditDocument[]>
  /** Newest first: rows about `target`, alone or (in `details.ids`) among others. */
  of(tenant: string, target: string, limit: number): Promise<readonly AuditDocument[]>
}

export function auditIn({ audit }: Models): AuditRows {
  return {
    last: tenant =>
      guarded('read the audit log', () =>
        audit
          .findOne({ tenant: tenantOf(tenant) })
          .sort({ number: -1 })
          .lean<AuditDocument>()
          .exec(),
      ),

    add: row =>
      guarded('write the audit log', async () => {
        tenantOf(row.tenant)
        try {
          await audit.create(row)
          return true
        } catch (error) {
          if (isDuplicateKey(error)) return false
          throw error
        }
      }),

    page: (tenant, after, limit) =>
      guarded('read the audit log', () =>
        audit
          .find({ tenant: tenantOf(tenant), number: trusted({ $gt: after }) })
          .sort({ number: 1 })
          .limit(limit)
          .lean<AuditDocument[]>()
          .exec(),
      ),

    of: (tenant, target, limit) =>
      guarded('read the audit log', () =>
        audit
          .find({ tenant: tenantOf(tenant) })
          .or([{ target }, { 'details.ids': target }])
          .sort({ number: -1 })
          .limit(limit)
          .lean<AuditDocument[]>()
          .exec(),
      ),
  }
}
