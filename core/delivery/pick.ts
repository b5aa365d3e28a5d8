/** What is sent next. Each tenant has its own batches at a time: none waits for the slow remote of another. */
import type { Records } from '../store/records.ts'

const MOST_RECORDS = 200
/** Batches at a time, of one tenant and of all together. */
const MOST_OF_ONE = 4
const MOST_TOGETHER = 32
/** Past a tenant that is busy, the store looks through all that it has due: not more often than this. */
const PAST_BUSY_MS = 1000
/** However much is hinted, the store is asked so often: what other engines made due, and retries, nobody hints at. */
const LOOK_MS = 1000

/** Records of one tenant that are due, to be claimed together. */
export interface Picked {
  readonly tenant: string
  readonly ids: readonly string[]
}

export interface Picks {
  /** These are due now; saves asking the store. */
  hint(tenant: string, records: Iterable<string>): void
  /** Some are due now, and it is not known which: the store is asked. */
  look(): void
  /** More may be claimed, of some tenant. */
  readonly room: boolean
  /** Some of what was hinted may be claimed. */
  readonly hinted: boolean
  next(): Promise<readonly Picked[]>
  /** A batch of the tenant has begun; the answer is called when it has ended. */
  begin(tenant: string): () => void
  /** One that was claimed before has begun: no other such one is picked until the answer is called. */
  beginAlone(): () => void
}

/** `now`: milliseconds since 1970; it may be set back, which must not keep anything waiting. */
export function createPicks(records: Pick<Records, 'due'>, now: () => number): Picks {
  /** In the order of their turns. */
  const hints = new Map<string, Set<string>>()
  const running = new Map<string, number>()
  let together = 0
  let alone = false
  let pastBusy = Number.NEGATIVE_INFINITY
  let looked = Number.NEGATIVE_INFINITY
  let unknown = false

  const busy = (tenant: string) => (running.get(tenant) ?? 0) >= MOST_OF_ONE
  const turn = () => [...hints.keys()].find(tenant => !busy(tenant))

  function takeHints(tenant: string): Picked {
    const all = hints.get(tenant) ?? new Set<string>()
    const ids: string[] = []
    for (const id of all) {
      if (ids.length === MOST_RECORDS) break
      ids.push(id)
      all.delete(id)
    }
    // It comes after the others now.
    hints.delete(tenant)
    if (all.size > 0) hints.set(tenant, all)
    return { tenant, ids }
  }

  function hinted(): readonly Picked[] {
    const tenant = turn()
    return tenant === undefined ? [] : [takeHints(tenant)]
  }

  async function stored(at: number): Promise<readonly Picked[]> {
    const full = [...running.keys()].filter(busy)
    if (full.length > 0) {
      if (Math.abs(at - pastBusy) < PAST_BUSY_MS) return []
      pastBusy = at
    }
    const due = await records.due(new Date(at), MOST_RECORDS, full)
    const fresh = new Map<string, string[]>()
    for (const { _id, tenant: of, claims } of due) {
      hints.get(of)?.delete(_id)
      if (claims === 0) fresh.set(of, [...(fresh.get(of) ?? []), _id])
    }
    for (const [of, ids] of hints) if (ids.size === 0) hints.delete(of)
    if (fresh.size > 0) return [...fresh].map(([of, ids]) => ({ tenant: of, ids }))
    // It was claimed before and never settled: perhaps it ended the process. It goes alone.
    const first = due[0]
    return first === undefined || alone ? [] : [{ tenant: first.tenant, ids: [first._id] }]
  }

  return {
    hint(tenant, ids) {
      const known = hints.get(tenant) ?? new Set<string>()
      for (const id of ids) known.add(id)
      if (known.size > 0) hints.set(tenant, known)
    },

    look() {
      unknown = true
    },

    get room() {
      return together < MOST_TOGETHER
    },

    get hinted() {
      return turn() !== undefined
    },

    async next() {
      const at = now()
      const lately = Math.abs(at - looked) < LOOK_MS
      if (lately && (turn() !== undefined || !unknown)) return hinted()
      looked = at
      unknown = false
      const found = await stored(at)
      // There may be more than that.
      unknown ||= found.length > 0
      return found.length === 0 ? hinted() : found
    },

    begin(tenant) {
      together += 1
      running.set(tenant, (running.get(tenant) ?? 0) + 1)
      return () => {
        together -= 1
        const left = (running.get(tenant) ?? 1) - 1
        if (left === 0) running.delete(tenant)
        else running.set(tenant, left)
      }
    },

    beginAlone() {
      alone = true
      return () => {
        alone = false
      }
    },
  }
}
