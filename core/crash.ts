/**
 * Points at which a test lets the process die as by SIGKILL. They stand in statements labelled `CRASH`, which
 * `bundle.mjs` leaves out: an engine that people run has none of this, and WASL_CRASH means nothing to it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { SetupError } from './errors.ts'

/**
 * Between what and what. A1 the request is read, nothing stored; A2 stored, not answered; B1 answered, APPLY not
 * begun; B2 APPLY has read and decided; B3 has written, MARK has not; C1 claimed, nothing sent; C2 sent, no answer
 * taken; C3 answered, no ACK; C4 ACK, then the write-back; C5 ACK, then the new identity; C6 ACK, then WAKE; C7 woken,
 * `woke` still set; D1 inside PARK; E1 RETRY, then the ring; G1 the gate opens, its records stand there; M1 to M3
 * after each step of MERGE; F1 a touch is read, not applied.
 */
export const CRASH_LABELS: readonly string[] = [
  ...['A1', 'A2', 'B1', 'B2', 'B3', 'C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7'],
  ...['D1', 'E1', 'G1', 'M1', 'M2', 'M3', 'F1'],
]

/** What happens beside the point goes on for so long where `after` is asked: an answer leaves, a request arrives. */
const LEAVES_MS = 150

export interface CrashPoint {
  /** Does not return where this is the point that was asked for. */
  at(label: string): void
  /** As `at`, but what is under way beside it has a moment more. */
  after(label: string): Promise<void>
}

/**
 * @param wanted `B1`, or `B1:3` for the third time that the point is reached; with `@signal` behind it, times are
 * counted from the first SIGUSR2, which is answered by a line on stderr. Absent: nothing happens anywhere.
 * @throws SetupError `SETTINGS` where there is no such point
 */
export function crashPoint(wanted: string | undefined): CrashPoint | undefined {
  if (wanted === undefined) return undefined
  const [, label = '', nth = '1', signal] = /^([A-Z]\d)(?::([1-9]\d{0,5}))?(@signal)?$/.exec(wanted) ?? []
  if (!CRASH_LABELS.includes(label)) {
    throw new SetupError('SETTINGS', `WASL_CRASH: there is no point "${wanted}".`, {
      at: 'WASL_CRASH',
      hint: `Set it to one of ${CRASH_LABELS.join(', ')}, or such a one with ":3" for its third time.`,
    })
  }
  let left = Number(nth)
  let counting = signal === undefined
  if (!counting) {
    process.once('SIGUSR2', () => {
      counting = true
      process.stderr.write('crash point armed\n')
    })
  }
  const reached = (at: string): boolean => {
    if (!counting) return false
    if (at === label) left -= 1
    return at === label && left === 0
  }
  return {
    at(point) {
      if (reached(point)) die()
    },
    async after(point) {
      if (!reached(point)) return
      await pause(LEAVES_MS)
      die()
    },
  }
}

/** Nothing runs after this, not even what stands in the same turn of the event loop. */
function die(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
