/** A record while a batch decides about it: the stored one, and what it would become. Pure. */
import type { RecordView } from '../plugin.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { RecordChange } from '../store/records.ts'

/** `stored` is null for a record that this batch makes. `next` is replaced, never changed in place. */
export interface Draft {
  readonly stored: RecordDocument | null
  next: RecordDocument
}

export const draftOf = (stored: RecordDocument): Draft => ({ stored, next: stored })

export function newRecord(
  id: string,
  tenant: string,
  module: string,
  source: string,
  at: Date,
): RecordDocument {
  return {
    _id: id,
    tenant,
    module,
    identities: [],
    keys: [],
    fields: {},
    sides: {},
    source,
    rev: 0,
    outbox: {},
    pushed: {},
    refs: [],
    missing: [],
    state: 'ok',
    claims: 0,
    createdAt: at,
    updatedAt: at,
  }
}

/** What steps see. A record that was only ever refused is none to them: its first good payload is NEW. */
export function viewOf(record: RecordDocument): RecordView | null {
  if (Object.keys(record.sides).length === 0 && record.state === 'invalid') return null
  const { _id, module, fields, identities, state, sides, pushed } = record
  return { id: _id, module, fields, identities, state, sides, pushed: pushed as RecordView['pushed'] }
}

const KEPT_BY_STORE = new Set(['_id', 'rev', 'write', 'updatedAt', 'createdAt', 'tenant'])

/** The top-level parts that differ; null when nothing does. */
export function changeOf(draft: Draft): RecordChange | null {
  const { stored, next } = draft
  if (stored === null || stored === next) return null
  const set: Record<string, unknown> = {}
  const unset: (keyof RecordDocument)[] = []
  for (const [name, value] of Object.entries(next)) {
    if (KEPT_BY_STORE.has(name)) continue
    if (value === undefined) unset.push(name as keyof RecordDocument)
    else if (value !== stored[name as keyof RecordDocument]) set[name] = value
  }
  for (const name of Object.keys(stored) as (keyof RecordDocument)[]) {
    if (!(name in next)) unset.push(name)
  }
  const gone = unset.filter(name => stored[name] !== undefined)
  if (Object.keys(set).length === 0 && gone.length === 0) return null
  return { id: stored._id, rev: stored.rev, set: set as Partial<RecordDocument>, unset: gone }
}

/** `record` without those of `names` that it has; the same object where it has none. */
export function without<T extends object>(record: T, ...names: (keyof T)[]): T {
  if (!names.some(name => name in record)) return record
  const copy = { ...record }
  for (const name of names) delete copy[name]
  return copy
}
