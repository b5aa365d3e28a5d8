/**
 * Completeness sweeps: what the remotes say was changed since the last one is compared with what is stored, and what
 * may be newer comes in as touches. Nothing is ever taken for deleted because it is missing from a list.
 *
 * Filter: taken where `dueAt` has come, under a nonce; moved on by `{_id, nonce}` while it runs. Invariant: a page's touches
 * are stored before its place is, so a crash lists one page twice and skips none.
 */
import { randomUUID } from 'node:crypto'
import { DataError, RetryableError, StoreError, WaslError } from '../errors.ts'
import type { ChangedPage } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { SyncDocument } from '../store/syncs.ts'
import { backoffMs } from './backoff.ts'
import type { Delivery } from './delivery.ts'
import type { Gates } from './gate.ts'
import { type OwnTouches, touch } from './own-touches.ts'
import { resourceConnection, type Surroundings, type Tenant } from './tenant.ts'
import { toRead } from './unread.ts'

/** Sweeps that one engine runs at once: they must not take the calls of a remote from those who wait. */
const AT_ONCE = 2
/** Whoever runs one has it for so long after its last page. */
const LEASE_MS = 120_000
const LIST_MS = 40_000
/** The next page is listed when this one has come in, or after so long. */
const SETTLE_MS = 30_000
/** A page that fails so often ends the sweep. */
const MOST_ATTEMPTS = 8
const GATE_MS = 5000

export interface SyncOptions extends Surroundings, OwnTouches {
  readonly store: Pick<Store, 'deliveries' | 'records' | 'syncs'>
  readonly gates: Pick<Gates, 'before'>
  readonly settled: Delivery['settled']
}

export interface Sync {
  /** A sweep may be due: takes it, and those that another engine has left. */
  ring(): void
  stop(): void
  idle(): Promise<void>
}

export function createSync(options: SyncOptions): Sync {
  const { store, tenants, gates, log, now, random } = options
  const running = new Set<Promise<void>>()
  const stopping = new AbortController()
  let looking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function ring(): void {
    if (stopping.signal.aborted) return
    looking ??= look()
      .catch(error => log.warn('sweeps_not_read', { error }))
      .finally(() => {
        looking = undefined
      })
  }

  async function look(): Promise<void> {
    while (running.size < AT_ONCE && !stopping.signal.aborted) {
      const at = now()
      const sync = await store.syncs.take(new Date(at), new Date(at + LEASE_MS), randomUUID())
      if (sync === null) break
      const mine = run(sync)
        .catch(error => log.error('sweep_failed', { tenant: sync.tenant, sync: sync._id, error }))
        .finally(() => {
          running.delete(mine)
          ring()
        })
      running.add(mine)
    }
    if (running.size < AT_ONCE) await lookAgain()
  }

  /** For one that waits, or that somebody else may leave behind. */
  async function lookAgain(): Promise<void> {
    clearTimeout(timer)
    const next = await store.syncs.nextDue()
    if (next === undefined || stopping.signal.aborted) return
    timer = setTimeout(ring, Math.min(LEASE_MS, Math.max(50, next.getTime() - now())))
    timer.unref()
  }

  async function run(sync: SyncDocument): Promise<void> {
    let at = sync
    for (;;) {
      const next = await step(at)
      if (next === undefined) return
      at = next
    }
  }

  /** One page; undefined: it is over, waits, or is not ours any more. */
  async function step(sync: SyncDocument): Promise<SyncDocument | undefined> {
    const resource = sync.resources[sync.place]
    if (resource === undefined) return end(sync, 'completed')
    if (stopping.signal.aborted) return later(sync, 0)
    if (gates.before(sync.tenant, resource, '', sync.module) !== undefined) return later(sync, GATE_MS)
    let page: ChangedPage
    let wanted: readonly string[]
    try {
      const tenant = await tenants.get(sync.tenant)
      page = await listed(tenant, resource, sync)
      wanted = await unread(sync.tenant, resource, page)
    } catch (error) {
      return failed(sync, error)
    }
    const key = (hash: string) => `sweep:${sync._id}:${hash}`
    const delivery =
      wanted.length === 0 ? undefined : await touch(options, sync.tenant, 'sweep', resource, wanted, key)
    const set = {
      recordsProcessed: sync.recordsProcessed + page.objects.length,
      read: sync.read + wanted.length,
      pages: sync.pages + 1,
      place: page.next === undefined ? sync.place + 1 : sync.place,
      attempt: 0,
      dueAt: new Date(now() + LEASE_MS),
      ...(page.next === undefined ? {} : { page: page.next }),
    }
    const unset = ['errorCode', 'errorMessage', ...(page.next === undefined ? ['page'] : [])] as const
    if (!(await store.syncs.progress(sync, set, unset as readonly (keyof SyncDocument)[]))) return undefined
    if (delivery !== undefined) await options.settled(sync.tenant, delivery, SETTLE_MS, 'applied')
    const { page: _page, errorCode: _code, errorMessage: _message, ...rest } = sync
    return { ...rest, ...set }
  }

  async function listed(
    tenant: Tenant,
    resource: string,
    { since, page, resources }: SyncDocument,
  ): Promise<ChangedPage> {
    const connection = resourceConnection(tenant, resource)
    // A college may have only one of a module's remotes.
    if (connection === undefined && resources.some(each => resourceConnection(tenant, each) !== undefined))
      return { objects: [] }
    if (connection?.changes === undefined)
      throw new DataError('NOT_CONNECTED', `There is no connection to list ${resource} through.`, {
        hint: 'Connect this tenant to it, then start the sweep again.',
      })
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(LIST_MS)])
    return connection.changes(
      {
        ...(since === undefined ? {} : { since: since.getTime() }),
        ...(page === undefined ? {} : { page }),
      },
      signal,
    )
  }

  async function unread(tenant: string, resource: string, { objects }: ChangedPage) {
    const identities = objects.map(({ id }) => `${resource}:${id}`)
    return toRead(resource, objects, await store.records.byIdentities(tenant, identities))
  }

  async function later(sync: SyncDocument, ms: number): Promise<undefined> {
    await store.syncs.progress(sync, { dueAt: new Date(now() + ms) })
    return undefined
  }

  async function failed(sync: SyncDocument, error: unknown): Promise<undefined> {
    if (error instanceof StoreError) throw error
    if (stopping.signal.aborted) return later(sync, 0)
    if (!(error instanceof WaslError)) {
      log.error('sweep_failed', { tenant: sync.tenant, sync: sync._id, error })
      return end(sync, 'failed', {
        errorCode: 'INTERNAL',
        errorMessage: 'Wasl itself failed here; the log has the details.',
      })
    }
    const said = { errorCode: error.code, errorMessage: error.message }
    const attempt = sync.attempt + 1
    if (!(error instanceof RetryableError) || attempt > MOST_ATTEMPTS) return end(sync, 'failed', said)
    const ms = Math.max(1000, backoffMs(attempt, random(), error.retryAfterMs))
    await store.syncs.progress(sync, { ...said, attempt, dueAt: new Date(now() + ms) })
    return undefined
  }

  async function end(
    sync: SyncDocument,
    status: 'completed' | 'failed',
    said: Partial<SyncDocument> = {},
  ): Promise<undefined> {
    await store.syncs.progress(sync, { status, completedAt: new Date(now()), ...said }, ['dueAt', 'nonce'])
    const { tenant, module, recordsProcessed, read } = sync
    log.info('sweep_ended', { tenant, module, status, recordsProcessed, read })
    return undefined
  }

  return {
    ring,
    stop() {
      stopping.abort()
      clearTimeout(timer)
    },
    async idle() {
      await looking
      await Promise.all(running)
    },
  }
}
