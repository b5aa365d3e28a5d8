/**
 * TOUCH: what is not trusted, or was not sent, is read from the remote. Writes nothing: what was read goes through APPLY.
 *
 * Invariant: `readAt` is when the read began, and whoever is answered by a read had asked before it began.
 */
import { DataError, RetryableError, WaslError } from '../errors.ts'
import type { ReadResult, ResourceDefinition } from '../plugin.ts'
import { resourceConnection, type Tenant } from './tenant.ts'

/** What one id's read came to. */
export type Touched =
  | { readonly result: ReadResult; readonly readAt: Date }
  /** Read again later, at the earliest after so many milliseconds. */
  | {
      readonly error: WaslError
      readonly again: boolean
      /** In so many milliseconds, however long it has been failing. */
      readonly againMs?: number
    }

const TOTAL_MS = 60_000
/** Reads of one resource begin at least so far apart. */
const APART_MS = 500
/** What was just read is not read again before. */
const AGAIN_MS = 1000
/** Nor, where it was touched all that time, before: a burst of touches is three reads, not one each second. */
const BURST_MS = 5000

/**
 * Reads `ids` in calls of `perCall`, one after the other. A call that fails is the failure of its own ids only.
 * Ids that are neither there nor known to be deleted come back as `REMOTE_UNSEEN`, to be read again.
 */
export async function readTouched(
  tenant: Tenant,
  resource: string,
  definition: ResourceDefinition,
  ids: readonly string[],
  now: () => number = Date.now,
): Promise<ReadonlyMap<string, Touched>> {
  const touched = new Map<string, Touched>()
  const connection = resourceConnection(tenant, resource)
  if (connection === undefined) {
    const error = new DataError('NOT_CONNECTED', `There is no connection to read ${resource} through.`, {
      hint: 'Connect this tenant to it, then replay the delivery.',
    })
    for (const id of ids) touched.set(id, { error, again: false })
    return touched
  }
  for (let from = 0; from < ids.length; from += definition.perCall) {
    const call = ids.slice(from, from + definition.perCall)
    const readAt = new Date(now())
    try {
      const results = await connection.read(call, AbortSignal.timeout(TOTAL_MS))
      for (const id of call) {
        const result = results.get(id) ?? { state: 'unseen' as const }
        touched.set(
          id,
          result.state === 'unseen' ? { error: unseen(resource, id), again: true } : { result, readAt },
        )
      }
    } catch (error) {
      if (!(error instanceof WaslError)) throw error
      for (const id of call) touched.set(id, { error, again: !(error instanceof DataError) })
    }
  }
  return touched
}

interface Round {
  readonly ids: Set<string>
  /** Nothing in it needs to be read before. */
  earliest: number
  wake: () => void
  readonly result: Promise<ReadonlyMap<string, Touched>>
}

/**
 * Reads for many at once: while one read of a resource runs, whoever comes waits for the next, which is for all. It
 * goes as soon as one of its ids may be read.
 */
export function createTouchReader(now: () => number): typeof readTouched {
  const running = new Map<string, Promise<unknown>>()
  const waiting = new Map<string, Round>()
  const begun = new Map<string, number>()
  const recent = new Map<string, { readonly at: number; readonly apart: number }>()

  const earliestFor = (key: string): number => {
    const last = recent.get(key)
    return last === undefined ? 0 : last.at + last.apart
  }

  function note(key: string, ids: Iterable<string>): void {
    const at = now()
    begun.set(key, at)
    for (const [name, last] of recent) if (at - last.at > 2 * BURST_MS) recent.delete(name)
    for (const id of ids) {
      const last = recent.get(`${key}:${id}`)
      const burst = last !== undefined && at - last.at <= last.apart + APART_MS
      recent.set(`${key}:${id}`, { at, apart: burst ? BURST_MS : AGAIN_MS })
    }
  }

  async function pause(key: string, round: Round): Promise<void> {
    for (let over = false; !over; ) {
      const wait = Math.max((begun.get(key) ?? 0) + APART_MS, round.earliest) - now()
      // Longer than that only where the clock was set back.
      if (wait <= 0 || wait > 2 * BURST_MS) return
      over = await new Promise<boolean>(resolve => {
        const timer = setTimeout(resolve, wait, true)
        round.wake = () => {
          clearTimeout(timer)
          resolve(false)
        }
      })
    }
  }

  return async (tenant, resource, definition, ids) => {
    const key = `${tenant.id}|${resource}`
    let round = waiting.get(key)
    if (round === undefined) {
      const before = running.get(key) ?? Promise.resolve()
      const result = before.then(async () => {
        await pause(key, mine)
        waiting.delete(key)
        note(key, mine.ids)
        return readTouched(tenant, resource, definition, [...mine.ids], now)
      })
      const mine: Round = { ids: new Set(), earliest: Number.POSITIVE_INFINITY, wake: () => {}, result }
      round = mine
      waiting.set(key, round)
      // Whoever comes next waits for this one, however it ends.
      const ended = result.then(
        () => undefined,
        () => undefined,
      )
      running.set(key, ended)
      void ended.then(() => {
        if (running.get(key) === ended) running.delete(key)
      })
    }
    for (const id of ids) round.ids.add(id)
    const earliest = Math.min(...ids.map(id => earliestFor(`${key}:${id}`)))
    if (earliest < round.earliest) {
      round.earliest = earliest
      round.wake()
    }
    return round.result
  }
}

/** A person's pause lasts as long as they want: what must be read is looked at again every so often. */
const PAUSED_MS = 15_000

/** Nothing is asked of a remote that a person has paused; what must be read there waits. */
export function heldBack(resource: string, ids: readonly string[]): ReadonlyMap<string, Touched> {
  const error = new RetryableError('PAUSED', `${resource} is not read while a person has paused it.`)
  return new Map(ids.map(id => [id, { error, again: true, againMs: PAUSED_MS }]))
}

const unseen = (resource: string, id: string) =>
  new RetryableError(
    'REMOTE_UNSEEN',
    `${resource} ${id} cannot be seen: not there, and not among the deleted.`,
    {
      hint: 'See whether the account that Wasl uses may read it.',
    },
  )

/**
 * When it is read again: after half the time that it has been failing, 1 s to 1 h. Undefined: it failed for too long.
 * @param random between 0 and 1
 * @param retryMs so long it may fail
 */
export function readAgainMs(
  receivedAt: number,
  now: number,
  random: number,
  retryMs: number,
): number | undefined {
  const failing = now - receivedAt
  if (failing > retryMs) return undefined
  return Math.min(3_600_000, Math.max(1000, failing * (0.25 + 0.5 * random)))
}
