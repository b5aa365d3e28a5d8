/** The audit log: what a person changes is written down before it is done, sealed over the row before. */
import { StoreError } from '../errors.ts'
import { canonical } from '../pipeline/canonical.ts'
import type { Json } from '../plugin.ts'
import type { AuditDocument, AuditRows } from '../store/audit.ts'

/** Two people who act at once want the same number: the second takes the next. */
const MOST_TRIES = 50
const PAGE = 500

export interface AuditEntry {
  readonly tenant: string
  readonly by: string
  readonly action: string
  readonly target: string
  readonly details?: { readonly [name: string]: Json }
}

export interface Verdict {
  readonly ok: boolean
  readonly rows: number
  /** The seal of the last row: kept elsewhere, it shows whether later rows were cut off. */
  readonly head: string
  /** The first row that is not as it was written, and why. */
  readonly broken?: { readonly number: number; readonly why: string }
}

export interface Audit {
  write(entry: AuditEntry): Promise<void>
  /** `head`: what an earlier verdict gave, which must still be found among the rows. */
  verify(tenant: string, head?: string): Promise<Verdict>
  page(tenant: string, after: number, limit: number): Promise<readonly AuditDocument[]>
  of(tenant: string, target: string, limit: number): Promise<readonly AuditDocument[]>
}

/** `hash`: HMAC-SHA256 under the installation's key, in hex: who has the store alone cannot make a seal. */
export function createAudit(rows: AuditRows, hash: (text: string) => string, now: () => number): Audit {
  const sealOf = ({ tenant, number, at, by, action, target, details, before }: Omit<AuditDocument, 'seal'>) =>
    hash(
      `audit|${canonical([tenant, number, at.toISOString(), by, action, target, details as Json, before])}`,
    )

  function wrongIn(row: AuditDocument, number: number, before: string): string | undefined {
    if (row.number !== number) return `row ${number} is missing`
    if (row.before !== before) return 'it does not follow the row before it'
    return sealOf(row) === row.seal ? undefined : 'it was changed after it was written'
  }

  return {
    async write({ tenant, by, action, target, details = {} }) {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const last = await rows.last(tenant)
        const number = (last?.number ?? 0) + 1
        const row = {
          _id: `${tenant}|${number}`,
          tenant,
          number,
          at: new Date(now()),
          by,
          action,
          target,
          details: details as { [name: string]: Json },
          before: last?.seal ?? '',
        }
        if (await rows.add({ ...row, seal: sealOf(row) })) return
      }
      throw new StoreError('AUDIT_BUSY', 'The audit log took no row, because too many were written at once.')
    },

    async verify(tenant, head) {
      let before = ''
      let number = 0
      let seen = head === undefined
      for (;;) {
        const page = await rows.page(tenant, number, PAGE)
        for (const row of page) {
          const why = wrongIn(row, number + 1, before)
          if (why !== undefined)
            return { ok: false, rows: number, head: before, broken: { number: number + 1, why } }
          before = row.seal
          number = row.number
          seen ||= row.seal === head
        }
        if (page.length < PAGE) break
      }
      if (seen) return { ok: true, rows: number, head: before }
      const why = 'rows after this one were cut off: the head that was kept is not among them'
      return { ok: false, rows: number, head: before, broken: { number: number + 1, why } }
    },

    page: rows.page,
    of: rows.of,
  }
}
