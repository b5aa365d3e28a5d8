/**
 * What one batch knows of one tenant's records: those that were read, those that it makes, and what it looked for in
 * vain. Deciding asks here; what was never looked for is noted as wanted, read for the whole batch at once, and then
 * the decision is made again.
 */
import type { RecordView } from '../plugin.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { Records } from '../store/records.ts'
import { type Draft, draftOf, viewOf } from './draft.ts'

export interface Session {
  readonly tenant: string
  /** Undefined: not looked for yet, and noted as wanted. Null: there is none. */
  byIdentity(identity: string): Draft | null | undefined
  /** The record that others find under `key` (`student|moodleUserId=42`); null and undefined as above. */
  byKey(key: string): RecordView | null | undefined
  /** `draft` changed or is new: it is found under its identities and keys from now on. */
  hold(draft: Draft): void
  readonly drafts: ReadonlySet<Draft>
  readonly wanting: boolean
  /** Notes what will be needed anyway, before anybody asks. */
  want(identities: Iterable<string>): void
  /** Reads everything that is wanted, in one command for identities and one for keys. */
  read(): Promise<void>
}

export function openSession(tenant: string, records: Records): Session {
  const identities = new Map<string, Draft | null>()
  const keys = new Map<string, RecordView | null>()
  const byId = new Map<string, Draft>()
  const drafts = new Set<Draft>()
  let wantedIdentities = new Set<string>()
  let wantedKeys = new Set<string>()

  /** Follows merges, so that a loser's identities lead to its survivor. */
  async function survivors(found: readonly RecordDocument[]): Promise<readonly RecordDocument[]> {
    const known = new Map(found.map(record => [record._id, record]))
    for (let step = 0; step < 5; step++) {
      const targets = [...known.values()]
        .map(record => record.mergedInto)
        .filter((id): id is string => id !== undefined && !known.has(id))
      if (targets.length === 0) break
      for (const record of await records.byIds(tenant, targets)) known.set(record._id, record)
    }
    return found.map(record => {
      let at = record
      for (let step = 0; step < 5 && at.mergedInto !== undefined; step++) at = known.get(at.mergedInto) ?? at
      return at
    })
  }

  function draftFor(record: RecordDocument): Draft {
    const known = byId.get(record._id)
    if (known !== undefined) return known
    const draft = draftOf(record)
    byId.set(record._id, draft)
    return draft
  }

  return {
    tenant,
    drafts,
    get wanting() {
      return wantedIdentities.size > 0 || wantedKeys.size > 0
    },

    byIdentity(identity) {
      const draft = identities.get(identity)
      if (draft === undefined) wantedIdentities.add(identity)
      return draft
    },

    byKey(key) {
      const view = keys.get(key)
      if (view === undefined) wantedKeys.add(key)
      return view
    },

    want(wanted) {
      for (const identity of wanted) if (!identities.has(identity)) wantedIdentities.add(identity)
    },

    hold(draft) {
      drafts.add(draft)
      byId.set(draft.next._id, draft)
      for (const identity of draft.next.identities) identities.set(identity, draft)
      const view = draft.next.state === 'merged' ? null : viewOf(draft.next)
      for (const key of draft.next.keys) keys.set(key, view)
    },

    async read() {
      const identitiesNow = wantedIdentities
      const keysNow = wantedKeys
      wantedIdentities = new Set()
      wantedKeys = new Set()
      const [byIdentity, byKey] = await Promise.all([
        records.byIdentities(tenant, [...identitiesNow]),
        records.byKeys(tenant, [...keysNow]),
      ])
      const heads = await survivors(byIdentity)
      byIdentity.forEach((record, place) => {
        const draft = draftFor(heads[place] as RecordDocument)
        for (const identity of record.identities) {
          if (identitiesNow.has(identity)) identities.set(identity, draft)
        }
      })
      for (const identity of identitiesNow) if (!identities.has(identity)) identities.set(identity, null)
      for (const record of livingFirst(byKey)) {
        const view = viewOf(byId.get(record._id)?.next ?? record)
        for (const key of record.keys) if (keysNow.has(key) && !keys.has(key)) keys.set(key, view)
      }
      for (const key of keysNow) if (!keys.has(key)) keys.set(key, null)
    },
  }
}

/** Where several records carry one key, a living one answers for it, and among those the oldest. */
export function livingFirst(records: readonly RecordDocument[]): readonly RecordDocument[] {
  const rank = (record: RecordDocument) =>
    record.state === 'merged' ? 2 : record.state === 'deleted' ? 1 : 0
  return [...records].sort((a, b) => rank(a) - rank(b) || (a._id < b._id ? -1 : 1))
}
