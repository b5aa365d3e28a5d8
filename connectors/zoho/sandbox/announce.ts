/** What the sandbox's CRM tells others of its changes: workflow functions, and notification channels. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Payload } from '../../../core/plugin.ts'
import { channelToken, signatureHeaders } from '../verify.ts'
import type { Change } from './world.ts'

/**
 * Where changes go. `workflow`: a Deluge function sends the whole record, signed. `notification`: Zoho's own
 * notification, ids only, the secret in the URL and the channel's token in the body.
 */
export interface NotifyTarget {
  /** `{module}` in it stands for the module's API name. */
  readonly url: string
  readonly secret: string
  /** Default `workflow`. */
  readonly style?: 'workflow' | 'notification'
  /** How often a refused delivery is repeated. Zoho documents nothing of the kind: default 0. */
  readonly retries?: number
  /** How long after. Default 1,000. */
  readonly retryMs?: number
  /** What a workflow function would send besides, such as `Prefer: wait=5`. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface Announcement {
  readonly url: string
  readonly body: Payload
  /** 0: nobody answered. */
  readonly status: number
  readonly answer: string
}

export interface Channel {
  readonly url: string
  readonly id: string
  readonly token: string | null
  readonly events: readonly string[]
  readonly expiresAt: number
}

const TIMEOUT_MS = 10_000
const AT_ONCE = 10
const REMEMBERED = 1_000

export interface Announcer {
  target: NotifyTarget | null
  readonly channels: Map<string, Channel>
  readonly sent: readonly Announcement[]
  changed(change: Change): void
  /** Sends the newest announcement once more, the same bytes; undefined where there is none. */
  repeat(): Promise<Announcement | undefined>
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>
  close(): Promise<void>
}

const callback = (change: Change, base: string, channel: string, token: string | null): Payload => ({
  server_time: change.at,
  affected_values: [],
  query_params: {},
  module: change.module.name,
  resource_uri: `${base}/crm/v8/${change.module.name}`,
  ids: [change.id],
  affected_fields: [],
  operation: change.operation,
  channel_id: channel,
  token,
})

export const createAnnouncer = (options: {
  readonly base: () => string
  readonly moment: (at: number) => string
  readonly now: () => number
}): Announcer => {
  const sent: Announcement[] = []
  const channels = new Map<string, Channel>()
  const queue: (() => Promise<void>)[] = []
  const closing = new AbortController()
  let again: (() => Promise<void>) | undefined
  let running = 0
  let waiting: (() => void)[] = []

  const post = async (
    url: string,
    body: Payload,
    headersFor: (path: string, bytes: Buffer) => Record<string, string>,
    target: Pick<NotifyTarget, 'retries' | 'retryMs' | 'headers'> = {},
  ) => {
    const { retries = 0, retryMs: wait = 1_000 } = target
    again = () => post(url, body, headersFor, target)
    const bytes = Buffer.from(JSON.stringify(body))
    const { pathname, search } = new URL(url)
    for (let tries = 0; ; tries++) {
      const headers = {
        'Content-Type': 'application/json',
        ...target.headers,
        ...headersFor(pathname + search, bytes),
      }
      let [status, answer] = [0, '']
      try {
        const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)])
        const response = await fetch(url, {
          method: 'POST',
          headers,
          body: new Uint8Array(bytes),
          redirect: 'manual',
          signal,
        })
        status = response.status
        answer = (await response.text()).slice(0, 2_000)
      } catch (error) {
        answer = error instanceof Error ? error.message : String(error)
      }
      sent.push({ url, body, status, answer })
      if (sent.length > REMEMBERED) sent.shift()
      if ((status >= 200 && status < 300) || tries >= retries || closing.signal.aborted) return
      // It raises only where the sandbox closes meanwhile: then there is one try more at most.
      await delay(wait, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  const pump = () => {
    while (running < AT_ONCE && queue.length > 0) {
      const work = queue.shift()!
      running++
      void work().finally(() => {
        running--
        pump()
      })
    }
    if (running > 0 || queue.length > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }
  const enqueue = (work: () => Promise<void>) => {
    if (closing.signal.aborted) return
    queue.push(work)
    pump()
  }

  const toTarget = (target: NotifyTarget, change: Change) => {
    const url = new URL(target.url.replaceAll('{module}', change.module.name))
    if (target.style === 'notification') {
      url.searchParams.set('secret', target.secret)
      const body = callback(change, options.base(), '1000000068001', channelToken(target.secret))
      return enqueue(() => post(url.href, body, () => ({}), target))
    }
    const body: Payload = {
      notification_id: randomUUID(),
      timestamp: options.moment(change.at),
      module: change.module.name,
      operation: change.operation,
      record_id: change.id,
      data: change.operation === 'delete' ? null : change.record,
    }
    const sign = (path: string, bytes: Buffer) =>
      signatureHeaders({ method: 'POST', path, body: bytes, now: options.now() }, target.secret)
    return enqueue(() => post(url.href, body, sign, target))
  }

  const eventNames = { insert: 'create', update: 'edit', delete: 'delete' } as const

  const announcer: Announcer = {
    target: null,
    channels,
    sent,
    changed(change) {
      if (announcer.target !== null && change.workflow) toTarget(announcer.target, change)
      // Nothing says that `trigger: []` silences channels, so they are always told.
      for (const channel of channels.values()) {
        if (channel.expiresAt <= options.now()) continue
        const names = [`${change.module.name}.${eventNames[change.operation]}`, `${change.module.name}.all`]
        if (!channel.events.some(event => names.includes(event))) continue
        const body = callback(change, options.base(), channel.id, channel.token)
        enqueue(() => post(channel.url, body, () => ({})))
      }
    },
    async repeat() {
      await again?.()
      return sent.at(-1)
    },
    idle: () =>
      running === 0 && queue.length === 0 ? Promise.resolve() : new Promise(resolve => waiting.push(resolve)),
    async close() {
      queue.length = 0
      closing.abort()
      await announcer.idle()
    },
  }
  return announcer
}
