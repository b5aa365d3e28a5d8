/** Looks every minute whether somebody must be told, and tells it: once per episode, and again each day it lasts. */
import { createHash } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import type { Desk } from '../operations/desk.ts'
import { listGates } from '../operations/gates.ts'
import { listDeadLetters } from '../operations/letters.ts'
import type { Log } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import type { Store } from '../store/connect.ts'
import { diskEpisode, type Episode, episodesOf, type Seen } from './episodes.ts'
import type { Way } from './ways.ts'

const EVERY_MS = 60_000
/** What comes and goes within so long is one episode. */
const QUIET_MS = 15 * 60_000
const AGAIN_MS = 24 * 3_600_000
/** After an attempt that failed. */
const RETRY_MS = 5 * 60_000
const BUSY_MS = 2 * 60_000
const LETTERS = 100

export interface Alerts {
  start(): void
  /** One round now; resolves when it is through. */
  round(): Promise<void>
  stop(): Promise<void>
}

export interface AlertOptions {
  readonly store: Store
  readonly ways: readonly Way[]
  readonly settings: Pick<Settings, 'alerts' | 'dataFolder'>
  readonly tenants: () => readonly string[]
  /** What ends by itself of a tenant's connections. */
  readonly expiring: (tenant: string) => Promise<Seen['expiring']>
  /** How far the store's clock is from that of a tenant's remotes. */
  readonly clocks: (tenant: string) => Seen['clocks']
  readonly deskFor: (tenant: string) => Promise<Desk>
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export function createAlerts(options: AlertOptions): Alerts {
  const { store, ways, settings, tenants, expiring, clocks, deskFor, log, now } = options
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  async function seenAt(tenant: string): Promise<{ language: string; episodes: readonly Episode[] }> {
    const desk = await deskFor(tenant)
    const [{ items: letters }, gates, keys, ends] = await Promise.all([
      listDeadLetters(desk, {}, { limit: LETTERS }),
      listGates(desk),
      store.tenants.keysOf(tenant),
      expiring(tenant),
    ])
    const expiringKeys = keys.map(({ _id: id, expiresAt }) => (expiresAt ? { id, expiresAt } : { id }))
    return {
      language: desk.language,
      episodes: episodesOf(
        { tenant, letters, gates, keys: expiringKeys, expiring: ends, clocks: clocks(tenant) },
        now(),
      ),
    }
  }

  async function tell(episode: Episode, language: string): Promise<void> {
    const key = [episode.tenant ?? '', episode.kind, episode.subject].join('|')
    const at = now()
    const later = (ms: number) => new Date(at + ms)
    const claimed = await store.alerts.claim(key, new Date(at), later(BUSY_MS), later(QUIET_MS))
    if (claimed === undefined) return
    // Told by every way already: this is the next day's reminder.
    const before = ways.every(({ name }) => claimed.told.includes(name)) ? [] : claimed.told
    const day = Math.floor((at - claimed.since.getTime()) / AGAIN_MS)
    const id = createHash('sha256')
      .update(`${key}|${claimed.since.getTime()}|${day}`)
      .digest('hex')
      .slice(0, 32)
    const told = [...before]
    for (const way of ways.filter(({ name }) => !before.includes(name))) {
      try {
        await way.send({ id, episode, language, at })
        told.push(way.name)
      } catch (error) {
        log.warn('alert_not_sent', { way: way.name, kind: episode.kind, tenant: episode.tenant ?? '', error })
      }
    }
    await store.alerts.note(key, told, later(told.length === ways.length ? AGAIN_MS : RETRY_MS))
  }

  async function round(): Promise<void> {
    const { bavail, blocks } = await statfs(settings.dataFolder)
    for (const episode of diskEpisode(bavail, blocks, settings.alerts.diskFree)) await tell(episode, 'en')
    for (const tenant of tenants()) {
      const { language, episodes } = await seenAt(tenant)
      for (const episode of episodes) await tell(episode, language)
    }
  }

  const once = () => {
    running ??= round()
      .catch(error => log.warn('alerts_not_checked', { error }))
      .finally(() => {
        running = undefined
      })
    return running
  }

  return {
    start() {
      if (ways.length === 0) return
      timer = setInterval(once, EVERY_MS)
      timer.unref()
    },
    round: once,
    async stop() {
      clearInterval(timer)
      await running
      for (const way of ways) way.close()
    },
  }
}
