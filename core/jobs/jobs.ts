/**
 * Agenda rings: it sweeps, it runs schedules, and it shows operators when something is tried again. Nothing rests on
 * it: the time at which work is due stands in our own documents. Deleting Agenda's collection loses nothing, and the
 * schedules are made again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Agenda } from 'agenda'
import type { Db, ObjectId } from 'mongodb'
import type { Log } from '../plugin.ts'
import { duplicatesOf } from '../store/failure.ts'
import { PatientBackend } from './backend.ts'

const COLLECTION = 'agendaJobs'
const SWEEP_SECONDS = 30
/** So often is looked whether a module is to be compared with its remotes. */
const SYNC_SECONDS = 20
/** Retries that are due within the same so many milliseconds are one job. */
const BUCKET_MS = 10_000
const LOCK_MS = 60_000
const DRAIN_MS = 2000
/** So often is looked whether the schedules still stand in Agenda's collection. */
const LOOK_MS = 20_000
const SCHEDULES = { sweep: SWEEP_SECONDS, sync: SYNC_SECONDS, schedules: 3600 }
/** A schedule that Agenda ran so much too late is run here: no engine's Agenda looks at it any more. */
const LATE_MS = 15_000
/** There is one of each, so none can hold others up; Agenda counts a lock too many where a clock jumps. */
const NO_LOCK_LIMIT = { lockLimit: 1000 }

type ScheduleName = keyof typeof SCHEDULES
const NAMES = Object.keys(SCHEDULES) as ScheduleName[]

interface Schedule {
  readonly _id: ObjectId
  readonly type: string
  readonly name: ScheduleName
  readonly nextRunAt: Date | null
}

export interface RetryNotice {
  readonly tenant: string
  readonly remote: string
  /** The error's code. */
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface Jobs {
  start(): Promise<void>
  /** One job for all that a tenant sends to a remote again within 10 s for the same reason. */
  retry(notice: RetryNotice): void
  /** `stopped`, `running`, or what went wrong last. */
  readonly state: string
  stop(ms: number): Promise<void>
}

export interface JobsOptions {
  readonly db: Db
  readonly log: Log
  /** The store's time, in milliseconds since 1970. */
  readonly now: () => number
  /** Something may be due. */
  readonly ring: () => void
  /** Begins the completeness sweeps that are due, and takes up those that wait. */
  readonly sync: () => Promise<void>
  /** What is done once an hour (retention). */
  readonly hourly: () => Promise<void>
  /** So often is looked whether the schedules are still there. Default 20 s. */
  readonly lookMs?: number
}

export function createJobs({ db, log, now, ring, sync, hourly, lookMs = LOOK_MS }: JobsOptions): Jobs {
  const backend = new PatientBackend({ db, collection: COLLECTION, log, now })
  const agenda = new Agenda({
    backend,
    processEvery: 5000,
    maxConcurrency: 3,
    defaultConcurrency: 1,
    defaultLockLimit: 1,
    defaultLockLifetime: LOCK_MS,
    removeOnComplete: true,
  })
  const jobs = db.collection<Schedule>(COLLECTION)
  const told = new Map<string, number>()
  const adding = new Set<Promise<unknown>>()
  let state = 'stopped'
  let stopped = false
  let starting: Promise<void> | undefined
  let looking: NodeJS.Timeout | undefined
  let mending: Promise<void> | undefined

  agenda.on('error', (error: Error) => {
    state = 'failing'
    log.warn('scheduler_failed', { error })
  })

  // Handlers take a moment and are repeatable: Agenda's locks give no mutual exclusion.
  const work: Readonly<Record<ScheduleName, () => Promise<void>>> = {
    async sweep() {
      state = 'running'
      ring()
    },
    sync,
    schedules: hourly,
  }
  for (const [name, run] of Object.entries(work)) agenda.define(name, run, NO_LOCK_LIMIT)
  agenda.define('retry', async () => ring())

  /** Two engines that start at once would make a repeated job twice; a unique index lets the second fail. */
  async function every(seconds: number, name: string): Promise<void> {
    try {
      await agenda.every(seconds * 1000, name, undefined, { skipImmediate: true })
    } catch (error) {
      if (duplicatesOf(error) === undefined) throw error
    }
  }

  async function schedule(): Promise<void> {
    await jobs.createIndex(
      { name: 1 },
      { name: 'single', unique: true, partialFilterExpression: { type: 'single' } },
    )
    for (const [name, seconds] of Object.entries(SCHEDULES)) if (!stopped) await every(seconds, name)
  }

  async function begin(): Promise<void> {
    await agenda.ready
    if (stopped) return
    await agenda.start()
    // Before the schedules: what the store does not take now is mended later.
    looking = setInterval(() => {
      if (mending === undefined) mending = mend().finally(() => (mending = undefined))
    }, lookMs)
    looking.unref()
    await schedule()
    if (!stopped) state = 'running'
  }

  /**
   * Whatever was deleted there never runs again by itself, and what was put hours ahead by a clock that was wrong then
   * would not for hours. What nobody runs any more runs here, on whichever engine moves it on first.
   */
  async function mend(): Promise<void> {
    try {
      const found = await jobs.find({ type: 'single', name: { $in: NAMES } }).toArray()
      if (stopped) return
      if (found.length < NAMES.length) {
        await schedule()
        state = 'running'
        log.warn('schedules_made_again', {})
      }
      for (const { _id, name, nextRunAt } of found) await setRight(_id, name, nextRunAt)
    } catch (error) {
      if (!stopped) log.warn('schedules_not_seen', { error })
    }
  }

  async function setRight(id: ObjectId, name: ScheduleName, next: Date | null): Promise<void> {
    const every = SCHEDULES[name] * 1000
    const ahead = (next?.getTime() ?? Number.POSITIVE_INFINITY) - now()
    if (ahead >= -LATE_MS && ahead <= 2 * every) return
    const set = { nextRunAt: new Date(now() + every), lockedAt: null }
    const moved = await jobs.updateOne({ _id: id, nextRunAt: next }, { $set: set })
    if (moved.matchedCount === 0) return
    log.warn('schedule_set_right', { name, secondsAhead: Math.round(ahead / 1000) })
    await work[name]()
  }

  return {
    get state() {
      return state
    },

    start() {
      starting = begin()
      return starting
    },

    retry({ tenant, remote, reason, at }) {
      if (state === 'stopped') return
      const bucket = Math.ceil(at / BUCKET_MS) * BUCKET_MS
      const key = `${tenant}|${remote}|${reason}|${bucket}`
      if (told.has(key)) return
      told.set(key, bucket)
      for (const [old, until] of told) if (until < now()) told.delete(old)
      const job = agenda.create('retry', { tenant, remote, reason })
      // Agenda goes by the clock of this machine.
      job.schedule(new Date(bucket + Date.now() - now()))
      const saving = job
        .save()
        .catch(error => log.warn('retry_not_scheduled', { tenant, remote, error }))
        .finally(() => adding.delete(saving))
      adding.add(saving)
    },

    async stop(ms) {
      stopped = true
      backend.giveUp()
      state = 'stopped'
      clearInterval(looking)
      const most = Math.min(ms, DRAIN_MS)
      // Whoever stops at once after the start stops what has begun only; how it failed, the starter hears. Agenda is
      // never ready where the store went away meanwhile.
      await Promise.race([
        Promise.allSettled([starting, mending, ...adding]),
        pause(most, undefined, { ref: false }),
      ])
      // Handlers take a moment; Agenda sometimes waits for jobs that it only believes to be running.
      await agenda.drain(most)
    },
  }
}
