import { createHmac, randomUUID } from 'node:crypto'
import type { Person } from './person.ts'
import type { Origin, Site, SiteEvent } from './site.ts'

export interface PluginOptions {
  /** The engine's base address, such as `http://127.0.0.1:8001`. */
  readonly url: string
  /** `whsec_` and the key in base64, as Standard Webhooks has it. */
  readonly secret: string
  /** Sent as `X-Tenant-ID`. */
  readonly tenant?: string
  /** The endpoint's id, named in the query. */
  readonly endpoint?: string
  /** `events` (default): `/api/v1/events/moodle/{type}`; `webhooks`: `/api/v1/webhooks` for all. */
  readonly door?: 'events' | 'webhooks'
  /** The engine's own writes are told too (`origin: ws`). The real plugin leaves them out. Default false. */
  readonly echoes?: boolean
  /** The wait after a first failed attempt, in milliseconds; it doubles up to a minute. Default 1000. */
  readonly retryMs?: number
}

export interface Attempt {
  readonly event: string
  readonly type: string
  /** 0: no answer. */
  readonly status: number
  readonly answer: string
}

/** The sandbox in the part of our Moodle plugin: an outbox that is emptied in order, and loses nothing. */
export interface MoodlePlugin {
  readonly person: Person
  echoes: boolean
  /** Events that are not delivered yet. */
  readonly waiting: number
  /** The newest last, at most 1,000. */
  readonly attempts: readonly Attempt[]
  /** Once nothing waits any more. */
  idle(): Promise<void>
  stop(): Promise<void>
}

const ATTEMPTS = 1_000
const LONGEST_MS = 60_000
const TIMEOUT_MS = 30_000

export function startPlugin(site: Site, person: Person, options: PluginOptions): MoodlePlugin {
  const { url, secret, tenant, endpoint, door = 'events', retryMs = 1_000 } = options
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const attempts: Attempt[] = []
  const waiters = new Set<() => void>()
  const stopping = new AbortController()
  let echoes = options.echoes ?? false
  let running: Promise<void> | undefined
  let wake: (() => void) | undefined

  const listener = (event: SiteEvent) => {
    if (event.origin === 'ws' && !echoes) return
    const { id } = site.outbox.insert({ event: randomUUID(), type: event.type, body: '' })
    site.outbox.update(id, { body: envelope(site, id, event) })
    // Not at once: the transaction that raised it may still be undone.
    setImmediate(start)
  }
  site.listeners.add(listener)

  const start = () => {
    if (stopping.signal.aborted || running !== undefined) return
    running = drain().finally(() => {
      running = undefined
      if (site.outbox.size === 0) for (const done of waiters) done()
      else start()
    })
  }

  async function drain(): Promise<void> {
    let failures = 0
    for (const row of site.outbox.all()) {
      while (!stopping.signal.aborted) {
        const { status, answer } = await post(row.event, row.type, row.body)
        attempts.push({ event: row.event, type: row.type, status, answer })
        if (attempts.length > ATTEMPTS) attempts.shift()
        if (status >= 200 && status < 300) {
          site.outbox.remove(row.id)
          failures = 0
          break
        }
        await pause(Math.min(retryMs * 2 ** failures++, LONGEST_MS))
      }
      if (stopping.signal.aborted) return
    }
  }

  async function post(
    event: string,
    type: string,
    body: string,
  ): Promise<{ status: number; answer: string }> {
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = createHmac('sha256', key).update(`${event}.${timestamp}.${body}`).digest('base64')
    const target = new URL(door === 'events' ? `/api/v1/events/moodle/${type}` : '/api/v1/webhooks', url)
    if (endpoint !== undefined) target.searchParams.set('endpoint', endpoint)
    try {
      const response = await fetch(target, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: {
          'content-type': 'application/json',
          'webhook-id': event,
          'webhook-timestamp': timestamp,
          'webhook-signature': `v1,${signature}`,
          ...(tenant === undefined ? {} : { 'x-tenant-id': tenant }),
        },
        body,
      })
      return { status: response.status, answer: await response.text() }
    } catch (error) {
      return { status: 0, answer: error instanceof Error ? error.message : 'no answer' }
    }
  }

  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  start()
  return {
    person,
    get echoes() {
      return echoes
    },
    set echoes(value) {
      echoes = value
    },
    get waiting() {
      return site.outbox.size
    },
    attempts,
    idle: () =>
      new Promise(resolve => {
        if (site.outbox.size === 0) return resolve()
        const done = () => {
          waiters.delete(done)
          resolve()
        }
        waiters.add(done)
      }),
    async stop() {
      site.listeners.delete(listener)
      stopping.abort()
      wake?.()
      await running
    },
  }
}

/** `sequence` rises with every event of the site, so it orders changes within one second. */
function envelope(
  site: Site,
  sequence: number,
  { type, origin, data }: SiteEvent & { origin: Origin },
): string {
  const { event } = site.outbox.get(sequence)!
  return JSON.stringify({ id: event, sequence, type, time: site.time(), origin, data })
}
