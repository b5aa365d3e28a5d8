/**
 * The store's time, which all engines of an installation go by. Leases, due times, gates, schedules and the age of a
 * signature are compared with what another engine wrote, so the wall clock of each machine may be hours off, or jump.
 *
 * The store is asked what its clock says (`localTime` of MongoDB's `hello`), and half the round trip is added. Between
 * two answers time goes by the monotonic clock. That one may stand still while a machine sleeps, so whenever the wall
 * clock moved otherwise, the machine's uptime, which does not, tells a sleep from a clock that was set.
 *
 * Where the store's own clock is set back or forth, all engines follow within seconds.
 */
import { uptime } from 'node:os'

/** The store is asked at least so often. */
const EVERY_MS = 10_000
/** So often in a row; the answer that took the least time counts. */
const ASKS = 3
/** What two monotonic clocks drift apart in a second at most, in milliseconds: 100 ppm. */
const DRIFT_MS = 0.1
/** How exact a server tells its time. */
const TICK_MS = 1
/** The wall clock moved by so much more or less than the monotonic one: it was set, or the machine slept. */
const MOVED_MS = 500
/** Less is told as no difference: clocks that are kept in step differ by milliseconds. */
export const CLOCKS_DIFFER_MS = 5000

export interface StoreClock {
  /** The store's time in milliseconds since 1970. Raises nothing, asks nobody. */
  now(): number
  /** So many milliseconds is the wall clock of this machine ahead of the store's; less than 0: behind. */
  ahead(): number
  stop(): void
}

export interface StoreClockOptions {
  /** What the store's clock says, in milliseconds since 1970. */
  readonly ask: () => Promise<number>
  /** The clocks of this machine differ from the store's by `ahead`, or no more; told once for each change. */
  readonly onDiffers?: (ahead: number) => void
  /** The clocks of this machine (tests bring their own). */
  readonly machine?: Machine
  /** Default 10 s. */
  readonly everyMs?: number
}

export interface Machine {
  /** The wall clock. */
  readonly wall: () => number
  readonly monotonic: () => number
  /** Since the machine was started, sleep included. */
  readonly uptime: () => number
}

const THIS: Machine = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1000,
}

/** What is known of the store's time: it was `time`, give or take `error`, when the monotonic clock said `at`. */
interface Reading {
  readonly time: number
  readonly at: number
  readonly error: number
}

/** @throws what `ask` raises; later failures leave the clock going on by itself */
export async function startClock({
  ask,
  onDiffers,
  machine = THIS,
  everyMs = EVERY_MS,
}: StoreClockOptions): Promise<StoreClock> {
  let reading = await best(ask, machine)
  let slept = 0
  let base = sights(machine)
  let told = 0
  let stopped = false

  function now(): number {
    const monotonic = machine.monotonic()
    if (Math.abs(machine.wall() - base.wall - (monotonic - base.monotonic)) > MOVED_MS) {
      const seen = sights(machine)
      const away = seen.uptime - base.uptime - (seen.monotonic - base.monotonic)
      if (away > MOVED_MS) slept += away
      base = seen
    }
    return reading.time + (monotonic - reading.at) + slept
  }

  const ahead = () => machine.wall() - now()

  function tell(): void {
    const by = Math.abs(ahead()) < CLOCKS_DIFFER_MS ? 0 : ahead()
    if (Math.abs(by - told) < CLOCKS_DIFFER_MS) return
    told = by
    onDiffers?.(by)
  }

  async function correct(): Promise<void> {
    const next = await best(ask, machine)
    const expected = now() - (machine.monotonic() - next.at)
    const grown = reading.error + ((next.at - reading.at) / 1000) * DRIFT_MS
    // What is known better already stays, unless both cannot be true.
    const agree = slept === 0 && Math.abs(next.time - expected) <= grown + next.error
    if (!agree || next.error <= grown) {
      reading = next
      slept = 0
    }
  }

  let correcting = false
  const timer = setInterval(() => {
    tell()
    if (correcting) return
    correcting = true
    correct()
      // The store is away; what needs it says so.
      .catch(() => undefined)
      .finally(() => {
        correcting = false
        if (!stopped) tell()
      })
  }, everyMs)
  timer.unref()
  tell()
  return {
    now,
    ahead,
    stop() {
      stopped = true
      clearInterval(timer)
    },
  }
}

const sights = ({ wall, monotonic, uptime }: Machine) => ({
  wall: wall(),
  monotonic: monotonic(),
  uptime: uptime(),
})

async function best(ask: () => Promise<number>, { monotonic }: Machine): Promise<Reading> {
  let found: Reading | undefined
  for (let n = 0; n < ASKS; n++) {
    const from = monotonic()
    const told = await ask()
    const at = monotonic()
    const half = (at - from) / 2
    if (found === undefined || half + TICK_MS < found.error)
      found = { time: told + half, at, error: half + TICK_MS }
  }
  return found as Reading
}
