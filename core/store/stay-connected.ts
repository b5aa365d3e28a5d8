/**
 * Sees whether the driver still works. Where a connection is closed just when something is written to it, the driver (7.8)
 * waits without end for a socket that is gone. If it was its monitor's, it never learns that the server is back (two of
 * three engines stood so after some sixty kills of their server); if it was one of the pool, the pool has one less, and
 * in the end none. The same client is then closed and connected anew, so that whoever holds a collection of it goes on.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { MongoClient } from 'mongodb'

/** The driver gives a server 10 s to answer, and 10 s more where it tells of changes by itself. */
const STUCK_MS = 30_000
const LOOK_MS = 5000
const AGAIN_MS = 1000

export interface StayConnectedOptions {
  readonly client: Pick<MongoClient, 'on' | 'off' | 'close' | 'connect'>
  /** It is connected anew. */
  readonly onStuck?: (() => void) | undefined
  /** No server answers. */
  readonly onLost?: (() => void) | undefined
  /** Default 30 s. */
  readonly stuckMs?: number
  /** Default 5 s. */
  readonly lookMs?: number
}

/** @returns a function that ends the watch */
export function stayConnected({
  client,
  onStuck,
  onLost,
  stuckMs = STUCK_MS,
  lookMs = LOOK_MS,
}: StayConnectedOptions): () => void {
  /** By server: since when it is asked. */
  const asked = new Map<string, number>()
  /** How many wait for a connection, and since when none of them got one. */
  let waiting = 0
  let waitingSince = 0
  let reconnecting = false
  let stopped = false

  async function reconnect(): Promise<void> {
    reconnecting = true
    onStuck?.()
    // It is given up in any case: how its end fails says nothing of the connection to come.
    await client.close().catch(() => undefined)
    asked.clear()
    waiting = 0
    while (!stopped) {
      const up = await client.connect().then(
        () => true,
        () => false,
      )
      if (up) break
      onLost?.()
      await pause(AGAIN_MS, undefined, { ref: false })
    }
    // The watch was ended meanwhile, and nobody waits for this any more.
    if (stopped) await client.close().catch(() => undefined)
    reconnecting = false
  }

  const begun = ({ connectionId }: { connectionId: string }) =>
    void asked.set(connectionId, performance.now())
  const ended = ({ connectionId }: { connectionId: string }) => void asked.delete(connectionId)
  const gone = ({ address }: { address: string }) => void asked.delete(address)
  const waits = () => {
    if (waiting === 0) waitingSince = performance.now()
    waiting += 1
  }
  const served = () => {
    waiting = Math.max(0, waiting - 1)
    waitingSince = performance.now()
  }
  const listeners = {
    serverHeartbeatStarted: begun,
    serverHeartbeatSucceeded: ended,
    serverHeartbeatFailed(event: { connectionId: string }) {
      ended(event)
      onLost?.()
    },
    serverClosed: gone,
    connectionCheckOutStarted: waits,
    connectionCheckedOut: served,
    connectionCheckOutFailed: served,
  }
  const names = Object.keys(listeners) as (keyof typeof listeners)[]
  for (const name of names) client.on(name, listeners[name])
  const isStuck = () => {
    const since = Math.min(...asked.values(), waiting > 0 ? waitingSince : Number.POSITIVE_INFINITY)
    return performance.now() - since > stuckMs
  }
  let before = false
  const timer = setInterval(() => {
    // A process that was stopped has answers to read before it may say so.
    const stuck = isStuck()
    if (!reconnecting && stuck && before) void reconnect()
    before = stuck
  }, lookMs)
  timer.unref()
  return () => {
    stopped = true
    clearInterval(timer)
    for (const name of names) client.off(name, listeners[name])
  }
}
