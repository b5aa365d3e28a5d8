/** When a failed send is tried again. Pure. */

const FIRST_MS = 1000
const LONGEST_MS = 3_600_000
/** Doubling alone would send what always fails 13 or 14 times in its first hour. */
const MOST_IN_FIRST_HOUR = 12

/**
 * Full jitter: anywhere between 0 and 1 s doubling to 1 h, so that what failed together does not come back together.
 * @param attempt how many times it failed, 1 for the first
 * @param random between 0 and 1
 * @param askedMs what the remote asked for, clamped to 1 s .. 1 h
 */
export function backoffMs(attempt: number, random: number, askedMs?: number): number {
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20))
  const jittered = Math.round(most * random)
  return askedMs === undefined ? jittered : Math.max(jittered, clampRetryAfter(askedMs))
}

/**
 * When what failed for the `attempt`th time may go again, in milliseconds since 1970: after its backoff, and the
 * thirteenth time not before an hour is over, whatever the dice say.
 * @param failingSince when it failed first
 */
export function retryAt(
  attempt: number,
  failingSince: number,
  now: number,
  random: number,
  askedMs?: number,
): number {
  const at = now + backoffMs(attempt, random, askedMs)
  return attempt < MOST_IN_FIRST_HOUR ? at : Math.max(at, failingSince + LONGEST_MS)
}

/** A `Retry-After` that is negative, absurd or no number at all does not steer us. */
export function clampRetryAfter(ms: number): number {
  return Number.isFinite(ms) ? Math.min(LONGEST_MS, Math.max(FIRST_MS, ms)) : FIRST_MS
}

/** A hiccup is over in a second; what is not is asked no more than once in 30 s. */
const OUTAGE_MS = [1000, 30_000] as const

/** How long a gate stays closed, by how often in a row its probe failed. */
export function gateMs(
  reason: 'busy' | 'outage' | 'token' | 'setup' | 'paused',
  rounds: number,
  askedMs?: number,
): number {
  if (reason === 'token') return Math.max(600_000, clampRetryAfter(askedMs ?? 0))
  if (askedMs !== undefined) return clampRetryAfter(askedMs)
  if (reason === 'outage') return OUTAGE_MS[rounds] ?? 60_000
  const first = reason === 'setup' ? 30_000 : 1000
  return Math.min(reason === 'setup' ? 600_000 : 60_000, first * 2 ** Math.min(rounds, 10))
}

/** How many of those who stand at a gate an opening lets go per second: at most 5 %, at least one. */
export const perSecond = (held: number): number => Math.max(1, Math.floor(held * 0.05))
