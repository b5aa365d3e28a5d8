/** Many dead letters or retries at once, as a job that shows its progress and can be cancelled. */
import type { Json, Log } from '../plugin.ts'
import type { BulkDocument } from '../store/bulk.ts'
import { discard, discardRecords, replayWindow, retryRecords, retryTogether } from './changes.ts'
import type { Desk } from './desk.ts'
import { deliveryOf } from './events.ts'
import { type LetterFilter, listDeadLetters, listRetries } from './letters.ts'
import { moduleNamed } from './records.ts'

const PAGE = 100

export type BulkOrder =
  | { readonly what: 'retries.retry'; readonly filter: LetterFilter }
  | { readonly what: 'dead-letters.retry'; readonly filter: LetterFilter }
  | { readonly what: 'dead-letters.discard'; readonly filter: LetterFilter; readonly reason: string }
  | { readonly what: 'events.replay'; readonly from: string; readonly to: string; readonly module?: string }

export interface BulkView {
  readonly id: string
  readonly what: string
  readonly state: BulkDocument['state']
  readonly order: { readonly [name: string]: Json }
  readonly by: string
  readonly done: number
  /** Changed by somebody else meanwhile, or not kept any more. */
  readonly refused: number
  readonly startedAt: string
  readonly endedAt?: string
  readonly error?: string
}

export const bulkView = (job: BulkDocument): BulkView => ({
  id: job._id,
  what: job.what,
  state: job.state,
  order: job.order as { [name: string]: Json },
  by: job.by,
  done: job.done,
  refused: job.refused,
  startedAt: job.startedAt.toISOString(),
  ...(job.endedAt === undefined ? {} : { endedAt: job.endedAt.toISOString() }),
  ...(job.error === undefined ? {} : { error: job.error }),
})

/** Writes the job down; `runBulk` does it. */
export async function startBulk(desk: Desk, order: BulkOrder): Promise<BulkDocument> {
  const { store, tenant, audit, by, now } = desk
  const { what, ...rest } = order
  const details = JSON.parse(JSON.stringify(rest)) as { [name: string]: Json }
  const job = await store.bulk.add({
    tenant: tenant.id,
    what,
    order: details,
    by,
    state: 'running',
    done: 0,
    refused: 0,
    startedAt: new Date(now()),
    seenAt: new Date(now()),
    expireAt: new Date(now() + 30 * 24 * 3_600_000),
  })
  await audit.write({ tenant: tenant.id, by, action: what, target: job._id, details })
  return job
}

/** A job that has not moved for so long was left by an engine or command that ended within it. */
const ABANDONED_MS = 5 * 60_000

/** `now`: milliseconds since 1970. What they have done stays done. */
export const endAbandoned = (store: Desk['store'], now: number): Promise<number> =>
  store.bulk.abandon(
    new Date(now - ABANDONED_MS),
    new Date(now),
    'Whoever ran it ended within it; order it again, which does only what is left.',
  )

/** Until it is done or cancelled, page by page in the order received; what fails is told in the job itself. */
export async function runBulk(desk: Desk, job: BulkDocument, order: BulkOrder, log: Log): Promise<void> {
  const { store, tenant, now } = desk
  let done = 0
  let refused = 0
  let state: BulkDocument['state'] = 'done'
  let error: string | undefined
  try {
    for await (const part of parts(desk, order)) {
      done += part.done
      refused += part.refused
      if (!(await store.bulk.progress(tenant.id, job._id, done, refused, new Date(now())))) {
        state = 'cancelled'
        break
      }
    }
  } catch (cause) {
    state = 'failed'
    error = 'Wasl itself failed here; the log has the details.'
    log.error('bulk_failed', { tenant: tenant.id, job: job._id, error: cause })
  }
  await store.bulk.end(tenant.id, job._id, { state, done, refused, endedAt: new Date(now()) }, error)
}

async function* parts(
  desk: Desk,
  order: BulkOrder,
): AsyncGenerator<{ readonly done: number; readonly refused: number }> {
  if (order.what === 'events.replay') {
    const [from, to] = [new Date(order.from), new Date(order.to)]
    const module = order.module && (moduleNamed(desk, order.module) ?? order.module)
    let after: string | undefined
    do {
      const part = await replayWindow(desk, from, to, module, after)
      yield { done: part.replayed, refused: part.refused }
      after = part.next
    } while (after !== undefined)
    return
  }
  const list = order.what === 'retries.retry' ? listRetries : listDeadLetters
  let cursor: string | undefined
  let held: readonly string[] = []
  do {
    const page = await list(desk, order.filter, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
    cursor = page.next
    const groups = grouped([...held, ...page.items.map(({ id }) => id)])
    // The events of a delivery can only be opened together, and the next page may hold more of the last one.
    const last = groups.at(-1)?.[0] ?? ''
    held = cursor !== undefined && isEvent(last) ? (groups.pop() ?? []) : []
    let done = 0
    for (const ids of groups) done += await changeTogether(desk, order, ids).catch(noneOf)
    yield { done, refused: groups.flat().length - done }
  } while (cursor !== undefined)
}

/** Ids as they follow each other: records together, and the events of one delivery together. */
function grouped(ids: readonly string[]): string[][] {
  const groups: string[][] = []
  for (const id of ids) {
    const last = groups.at(-1)
    if (last !== undefined && groupOf(last[0] as string) === groupOf(id)) last.push(id)
    else groups.push([id])
  }
  return groups
}

const groupOf = (id: string): string => (isEvent(id) ? deliveryOf(id) : 'records')
const isEvent = (id: string): boolean => id.includes('-')

/** How many of them were changed. */
async function changeTogether(desk: Desk, order: BulkOrder, ids: readonly string[]): Promise<number> {
  const events = isEvent(ids[0] ?? '')
  if (order.what !== 'dead-letters.discard')
    return events ? retryTogether(desk, ids) : retryRecords(desk, ids)
  if (!events) return discardRecords(desk, ids, order.reason)
  let done = 0
  for (const id of ids) if ((await discard(desk, id, order.reason)) === 'done') done += 1
  return done
}

/** What cannot be replayed any more does not stop the others. */
function noneOf(error: unknown): number {
  if ((error as { code?: string }).code === 'PAYLOAD_FORGOTTEN') return 0
  throw error
}
