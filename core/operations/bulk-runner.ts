/** Takes up jobs that nobody runs: those that were ordered by HTTP, and those whose engine or command ended within them. */
import type { Log } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import { newNonce, runBulk } from './bulk.ts'
import type { Desk } from './desk.ts'

/** A job that has not moved for so long was left by whoever ran it; a part of one takes a fraction of it. */
const LEFT_MS = 30_000
const LOOK_MS = 5_000
/** What ends the process each time is not tried for ever. */
const MOST_TRIES = 5

export interface BulkRunnerOptions {
  readonly store: Pick<Store, 'bulk'>
  /** The desk of a tenant, in the name of whoever ordered. */
  readonly deskFor: (tenant: string, by: string) => Promise<Desk>
  /** Something may be due. */
  readonly afterwards: () => void
  readonly log: Log
  readonly now: () => number
}

export interface BulkRunner {
  /** Looks now; resolves when no job is left that nobody runs. */
  ring(): Promise<void>
  start(): void
  /** Jobs are let go after the part that is under way; another engine goes on with them. */
  stop(): Promise<void>
}

export function createBulkRunner({ store, deskFor, afterwards, log, now }: BulkRunnerOptions): BulkRunner {
  let stopping = false
  let working: Promise<void> | undefined
  /** It was rung for while it worked: once more. */
  let again = false
  let timer: NodeJS.Timeout | undefined

  async function work(): Promise<void> {
    for (;;) {
      again = false
      const at = now()
      const job = stopping ? null : await store.bulk.claim(new Date(at - LEFT_MS), new Date(at), newNonce())
      if (job !== null) {
        if (job.tries > MOST_TRIES)
          await store.bulk.end(
            job,
            { state: 'failed', done: job.done, refused: job.refused, endedAt: new Date(at) },
            'Whoever ran it ended within it, again and again; the log has what they said.',
          )
        else await runBulk(await deskFor(job.tenant, job.by), job, log, () => stopping)
        afterwards()
      } else if (!again || stopping) return
    }
  }

  const ring = (): Promise<void> => {
    again = true
    working ??= work()
      .catch(error => log.warn('jobs_not_taken_up', { error }))
      .finally(() => {
        working = undefined
      })
    return working
  }

  return {
    ring,
    start() {
      timer = setInterval(ring, LOOK_MS).unref()
      void ring()
    },
    async stop() {
      stopping = true
      clearInterval(timer)
      await working
    },
  }
}
