/** An end within a bounded time: parts are closed in the opposite order of their start, under one deadline. */
import type { Log } from './plugin.ts'

/** Even a part that comes to its turn after the deadline gets so long: the store, last, must let go of its connections. */
const LEAST_MS = 250

export interface Part {
  readonly name: string
  /** `ms`: what is left of the time for all. */
  readonly close: (ms: number) => Promise<unknown>
}

/** What fails or takes too long is told in the log, and left behind. `ms`: for all of them together. */
export async function closeInOrder(started: readonly Part[], ms: number, log: Log): Promise<void> {
  const deadline = performance.now() + ms
  for (const { name, close } of [...started].reverse()) {
    const left = Math.max(LEAST_MS, deadline - performance.now())
    try {
      if (!(await within(close(left), left))) log.warn('not_closed_in_time', { part: name })
    } catch (error) {
      log.warn('not_closed', { part: name, error })
    }
  }
}

/** False: it took longer; what comes of it later is nobody's concern any more. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
