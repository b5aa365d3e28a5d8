/** Ends the process when its event loop has not turned for long: whoever keeps it running starts it again. */
import { Worker } from 'node:worker_threads'
import type { Log } from './plugin.ts'

const STUCK_MS = 30_000
const BEAT_MS = 1000

/**
 * A thread of its own looks at a counter that this one raises. Nothing but a signal ends a process whose loop is stuck:
 * exit codes are given by that loop, so systemd and containers see SIGKILL. It writes to the file itself, since a
 * worker's `process.stderr` goes through the thread that is stuck; and it waits a second at most for that, since who
 * read the file may be gone, or read no more.
 */
const WATCHER = `
  const { write } = require('node:fs')
  const { workerData } = require('node:worker_threads')
  const beats = new Int32Array(workerData.shared)
  let last = -1
  let since = performance.now()
  const end = () => process.kill(process.pid, 'SIGKILL')
  const watch = setInterval(() => {
    const beat = Atomics.load(beats, 0)
    if (beat !== last) { last = beat; since = performance.now(); return }
    if (performance.now() - since < workerData.stuckMs) return
    clearInterval(watch)
    setTimeout(end, 1000)
    write(2, '{"level":"error","event":"event_loop_stuck"}\\n', end)
  }, workerData.beatMs)
`

/** @returns a function that ends the watch */
export function watchTurns(log: Log, stuckMs: number = STUCK_MS): () => void {
  const shared = new SharedArrayBuffer(4)
  const beats = new Int32Array(shared)
  const beat = setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS)
  beat.unref()
  const watcher = new Worker(WATCHER, {
    eval: true,
    execArgv: [],
    workerData: { shared, stuckMs, beatMs: BEAT_MS },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  })
  watcher.on('error', error => log.warn('watchdog_failed', { error }))
  watcher.unref()
  return () => {
    clearInterval(beat)
    void watcher.terminate()
  }
}
