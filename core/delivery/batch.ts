/**
 * The writes of APPLY: one batch of one tenant's events is read, decided and written.
 *
 * Filter: a new record by its id and the unique `{tenant, identities}`, a known one by `{_id, rev}` as it was read; what is
 * not matched is read and decided again. Invariant: the state that was applied and what is due from it are one update, so a
 * side's version never goes back and nothing that was applied is forgotten elsewhere.
 */
import { randomUUID } from 'node:crypto'
import type { RecordDocument } from '../store/documents.ts'
import type { Records } from '../store/records.ts'
import { decide, type Merging, READ_WHOLE } from './decide.ts'
import { changeOf, type Draft } from './draft.ts'
import { storedError } from './error.ts'
import { beginMerge } from './merge.ts'
import type { Decision, GateBefore, Item } from './scene.ts'
import { openSession, type Session } from './session.ts'
import type { Surroundings, Tenant } from './tenant.ts'
import { compareVersions } from './version.ts'
import { wakeAtOnce } from './wake.ts'

/** Rounds of reading in one decision: identities, unique values, and references that refer on. */
const MOST_ROUNDS = 12
/** So often a batch is decided again when others write the same records; then its rest waits for `dueAt`. */
const MOST_RACES = 6

export interface Decided {
  readonly decisions: ReadonlyMap<Item, Decision>
  /** Their whole records must be read first. */
  readonly partial: readonly Item[]
  /** Records that are due for SEND now. */
  readonly due: readonly string[]
  /** Others are due as well, who waited for them. */
  readonly woken: boolean
}

export async function decideBatch(
  records: Records,
  tenant: Tenant,
  items: readonly Item[],
  surroundings: Pick<Surroundings, 'log' | 'now' | 'crash'> & { readonly gateBefore: GateBefore },
): Promise<Decided> {
  const decisions = new Map<Item, Decision>()
  const partial: Item[] = []
  const due = new Set<string>()
  let woken = false
  let open = oldestFirst(items)
  for (let race = 0; open.length > 0 && race < MOST_RACES; race++) {
    const session = openSession(tenant.id, records)
    const made = await decideAll(session, tenant, open, surroundings)
    await turn()
    CRASH: surroundings.crash?.at('B2')
    const lost = await write(records, session.drafts)
    const again: Item[] = []
    for (const item of open) {
      const decision = made.get(item)
      if (decision === undefined) continue
      if (decision === READ_WHOLE) partial.push(item)
      else if ('merge' in decision) {
        const [a, b] = decision.merge
        const settled = a.stored !== null && b.stored !== null && changeOf(a) === null && changeOf(b) === null
        const loser = settled
          ? await beginMerge(records, a.next, b.next, randomUUID(), new Date(surroundings.now()))
          : undefined
        if (loser !== undefined) due.add(loser)
        again.push(item)
      } else if (decision.record !== undefined && lost.has(decision.record)) again.push(item)
      else decisions.set(item, decision)
    }
    const written = [...session.drafts].filter(({ next }) => !lost.has(next._id))
    const { settled, woken: some } = await wakeAtOnce(records, tenant, written, surroundings)
    for (const { next } of written) {
      if (next.dueAt !== undefined && !settled.has(next._id)) due.add(next._id)
    }
    woken ||= some > 0
    open = again
  }
  return { decisions, partial, due: [...due], woken }
}

/**
 * One turn of the event loop. What a step left behind (a rejection, a `setImmediate` that throws) ends the process now,
 * while none of its events has an outcome: so it is found to be poison, as what throws at once is found to be wrong.
 */
const turn = () => new Promise(resolve => setImmediate(resolve))

async function decideAll(
  session: Session,
  tenant: Tenant,
  items: readonly Item[],
  { log, now, gateBefore }: Pick<Surroundings, 'log' | 'now'> & { readonly gateBefore: GateBefore },
): Promise<ReadonlyMap<Item, Decision | Merging | typeof READ_WHOLE>> {
  const made = new Map<Item, Decision | Merging | typeof READ_WHOLE>()
  const run = tenant.run(now())
  session.want(items.flatMap(({ event }) => event.identity ?? []))
  await session.read()
  let pending = items
  for (let round = 0; pending.length > 0 && round < MOST_ROUNDS; round++) {
    if (session.wanting) await session.read()
    const blocked = new Set<string>()
    const rest: Item[] = []
    for (const item of pending) {
      const identity = item.event.identity ?? ''
      let decision: Decision | Merging | typeof READ_WHOLE | undefined
      if (!blocked.has(identity)) {
        try {
          decision = decide(session, tenant, item, run, gateBefore)
        } catch (error) {
          log.error('event_failed', { tenant: tenant.id, event: item.event.id, error })
          decision = { outcome: 'INVALID', changes: [], error: storedError(error) }
        }
      }
      if (decision === undefined) {
        // Later events of this record wait for this one.
        if (identity !== '') blocked.add(identity)
        rest.push(item)
      } else {
        made.set(item, decision)
      }
    }
    pending = rest
  }
  return made
}

/** @returns the ids of records that were not written, because somebody else did meanwhile */
async function write(records: Records, drafts: ReadonlySet<Draft>): Promise<ReadonlySet<string>> {
  const fresh: RecordDocument[] = []
  const changes = []
  for (const draft of drafts) {
    if (draft.stored === null) fresh.push(draft.next)
    else {
      const change = changeOf(draft)
      if (change !== null) changes.push(change)
    }
  }
  const [refused, updated] = await Promise.all([records.insert(fresh), records.update(changes, randomUUID())])
  const lost = new Set<string>([...updated.stale, ...updated.refused])
  for (const place of refused) {
    const record = fresh[place]
    if (record !== undefined) lost.add(record._id)
  }
  return lost
}

/**
 * Events of one record go by version; everything else keeps its place. What says nothing of order parts those before
 * it from those after it.
 */
export function oldestFirst(items: readonly Item[]): readonly Item[] {
  const groups: number[][] = []
  const open = new Map<string, number[]>()
  items.forEach(({ event: { identity, version } }, place) => {
    if (identity === undefined) return
    const group = open.get(identity)
    if (version.length === 0) open.delete(identity)
    else if (group !== undefined) group.push(place)
    else {
      const begun = [place]
      groups.push(begun)
      open.set(identity, begun)
    }
  })
  const ordered = [...items]
  for (const places of groups) {
    if (places.length < 2) continue
    const sorted = places
      .map(place => items[place] as Item)
      .sort((a, b) => compareVersions(a.event.version, b.event.version))
    places.forEach((place, nth) => {
      ordered[place] = sorted[nth] as Item
    })
  }
  return ordered
}
