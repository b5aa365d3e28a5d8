/**
 * Loaded before a process: its wall clock is wrong. `WALL_CLOCK=3600000` is an hour ahead, `WALL_CLOCK=step` jumps ten
 * minutes ahead or behind every 20 s. Everything else of the process goes as it would, its monotonic clock too.
 */
const STEP_MS = 600_000
const EVERY_MS = 20_000

const True = Date
const given = process.env.WALL_CLOCK ?? '0'

function shift() {
  if (given !== 'step') return Number(given)
  return Math.floor(performance.now() / EVERY_MS) % 2 === 0 ? STEP_MS : -STEP_MS
}

const now = () => True.now() + shift()

globalThis.Date = new Proxy(True, {
  construct: (target, time, self) => Reflect.construct(target, time.length === 0 ? [now()] : time, self),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
