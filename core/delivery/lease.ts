/**
 * The lease of one batch. Invariant: nothing is sent for a record whose lease is known to be lost.
 *
 * It is renewed three times within its length, by `lease.nonce` alone. Whoever finds that a record has another
 * nonce, or that no renewal was heard of for a whole lease, gives up the calls that are under way for it: another
 * engine may be sending a newer state. A process that stood still (stopped, or its machine asleep) finds out only when it
 * goes on, so the clock is looked at just before anything is sent.
 */
import type { Log } from '../plugin.ts'
import type { Records } from '../store/records.ts'

/** A lease that is not renewed ends after so many milliseconds. */
export const LEASE_MS = 15_000

export interface Lease {
  /** Aborted when one of `records` is found to be lost; for the calls that send them. */
  signalFor(records: readonly string[]): AbortSignal
  /** To be called just before something is sent: a lease that has run out is lost, whoever has it now. */
  look(): void
  /** Their leases ended as they should: they are renewed no more. */
  settled(records: readonly string[]): void
  /** Renews no more; tells which records are still held. */
  end(): readonly string[]
}

export interface LeaseOptions {
  readonly records: Pick<Records, 'extend'>
  readonly nonce: string
  /** All that were claimed under this nonce. */
  readonly ids: readonly string[]
  /** When the lease ends unless it is renewed, in milliseconds since 1970. */
  readonly until: number
  readonly log: Log
  readonly now: () => number
  /** Default LEASE_MS. */
  readonly ms?: number
}

export function keepLease({ records, nonce, ids, until, log, now, ms = LEASE_MS }: LeaseOptions): Lease {
  const held = new Set(ids)
  const calls = new Set<{ readonly records: readonly string[]; readonly controller: AbortController }>()
  let renewedUntil = until
  let renewing = false

  function lose(lost: readonly string[]): void {
    for (const id of lost) held.delete(id)
    for (const { records: sent, controller } of calls) {
      if (sent.some(id => lost.includes(id))) controller.abort()
    }
    log.warn('lease_lost', { records: lost.length })
  }

  function look(): void {
    if (now() >= renewedUntil && held.size > 0) lose([...held])
  }

  async function renew(): Promise<void> {
    if (renewing || held.size === 0) return
    renewing = true
    const asked = [...held]
    const next = now() + ms
    try {
      const ours = new Set(await records.extend(asked, nonce, new Date(next)))
      renewedUntil = next
      // What was settled meanwhile is not lost.
      const lost = asked.filter(id => held.has(id) && !ours.has(id))
      if (lost.length > 0) lose(lost)
    } catch (error) {
      log.warn('lease_not_renewed', { error })
      look()
    } finally {
      renewing = false
    }
  }

  const timer = setInterval(renew, ms / 3)
  return {
    signalFor(sent) {
      const controller = new AbortController()
      calls.add({ records: sent, controller })
      if (sent.some(id => !held.has(id))) controller.abort()
      return controller.signal
    },
    look,
    settled(done) {
      for (const id of done) held.delete(id)
    },
    end() {
      clearInterval(timer)
      const left = [...held]
      held.clear()
      return left
    },
  }
}
