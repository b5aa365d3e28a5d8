/**
 * Agenda's store. Agenda compares what it stores with `Date` alone, so an engine an hour ahead would put every schedule
 * an hour off and run what another still runs. Here its times are the store's in the collection, and those of this
 * machine in its hands.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { MongoBackend } from '@agendajs/mongo-backend'
import { datefields, type JobParameters, type JobRepository } from 'agenda'
import type { Db } from 'mongodb'
import type { Log } from '../plugin.ts'

const AGAIN_MS = 1000

export interface BackendOptions {
  readonly db: Db
  readonly collection: string
  readonly log: Log
  /** The store's time, in milliseconds since 1970. */
  readonly now: () => number
}

/**
 * Agenda connects as soon as it is made, once, and nobody hears how that went: where the store was away just then, it
 * would never start, and the process would end by an unhandled rejection.
 */
export class PatientBackend extends MongoBackend {
  #stopped = false
  readonly #log: Log
  readonly #timed: JobRepository

  constructor({ db, collection, log, now }: BackendOptions) {
    super({ mongo: db as never, collection })
    this.#log = log
    this.#timed = timed(super.repository, now)
  }

  override get repository() {
    return this.#timed as MongoBackend['repository']
  }

  override async connect(): Promise<void> {
    while (!this.#stopped) {
      try {
        return await super.connect()
      } catch (error) {
        if (!this.#stopped) this.#log.warn('scheduler_waits_for_store', { error })
        await pause(AGAIN_MS, undefined, { ref: false })
      }
    }
  }

  giveUp(): void {
    this.#stopped = true
  }
}

/** The same repository, which stores the store's times and answers this machine's. */
function timed(repository: JobRepository, now: () => number): JobRepository {
  const ahead = () => Date.now() - now()
  const moved = <T extends JobParameters | undefined>(job: T, by: number): T => {
    if (job === undefined) return job
    const times = datefields.flatMap(field => {
      const time = job[field]
      return time ? [[field, new Date(new Date(time).getTime() + by)]] : []
    })
    return { ...job, ...Object.fromEntries(times) }
  }
  const own: Partial<JobRepository> = {
    async saveJob<T>(job: JobParameters<T>, options: Parameters<JobRepository['saveJob']>[1]) {
      const saved = await repository.saveJob(moved(job as JobParameters, -ahead()), options)
      return moved(saved, ahead()) as JobParameters<T>
    },
    saveJobState: (job, options) => repository.saveJobState(moved(job, -ahead()), options),
    async getNextJobToRun(name, nextScanAt, lockDeadline, at, options) {
      const by = -ahead()
      const [scan, deadline, locked] = [nextScanAt, lockDeadline, at ?? new Date()].map(
        time => new Date(time.getTime() + by),
      ) as [Date, Date, Date]
      return moved(await repository.getNextJobToRun(name, scan, deadline, locked, options), ahead())
    },
  }
  return new Proxy(repository, {
    get(target, name) {
      const value = own[name as keyof JobRepository] ?? target[name as keyof JobRepository]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
