/** Many dead letters or retries at once, as a job that shows its progress and can be cancelled. */
import { randomBytes } from 'node:crypto'
import { StoreError } from '../errors.ts'
import type { Json, Log } from '../plugin.ts'
import { type BulkDocument, NOBODY } from '../store/bulk.ts'
import { type Done, discard, discardRecords, replayWindow, retryRecords, retryTogether } from './changes.ts'
import type { Desk } from './desk.ts'
import { deliveryOf } from './events.ts'
import { deadLetterWalk, type Letter, type LetterFilter, retryWalk } from './letters.ts'
import { inOrder, type Walk } from './paging.ts'
import { moduleNamed } from './records.ts'

const AT_ONCE = 100

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

/** What runs a job is named by a nonce of its own. */
export const newNonce = (): string => randomBytes(12).toString('hex')

/** Writes the job down. `nonce`: who runs it at once (`runBulk`); without it an engine takes it up. */
export async function startBulk(desk: Desk, order: BulkOrder, nonce?: string): Promise<BulkDocument> {
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
    tries: 0,
    startedAt: new Date(now()),
    seenAt: nonce === undefined ? NOBODY : new Date(now()),
    ...(nonce === undefined ? {} : { nonce }),
    expireAt: new Date(now() + 30 * 24 * 3_600_000),
  })
  await audit.write({ tenant: tenant.id, by, action: what, target: job._id, details })
  return job
}

/** What was ordered, as it stands in the job. */
export const orderOf = ({ what, order }: Pick<BulkDocument, 'what' | 'order'>): BulkOrder =>
  ({ ...order, what }) as BulkOrder

/**
 * Until it is done or cancelled, or `isStopping`, part by part in the order received; after each it is written down
 * how far it is, so that whoever takes it up goes on there. What fails is told in the job itself.
 */
export async function runBulk(
  desk: Desk,
  job: BulkDocument,
  log: Log,
  isStopping: () => boolean = () => false,
): Promise<void> {
  const { store, now } = desk
  let { done, refused } = job
  let state: BulkDocument['state'] = 'done'
  let error: string | undefined
  try {
    for await (const part of parts(desk, orderOf(job), job.after ?? '')) {
      done += part.done
      refused += part.refused
      const moved = { done, refused, after: part.after, seenAt: new Date(now()) }
      if (!(await store.bulk.progress(job, moved))) return
      if (isStopping()) return await store.bulk.release(job)
    }
  } catch (cause) {
    log.error('bulk_failed', { tenant: job.tenant, job: job._id, error: cause })
    // The store is gone for a while: whoever takes the job up then goes on with it.
    if (cause instanceof StoreError) return
    state = 'failed'
    error = 'Wasl itself failed here; the log has the details.'
  }
  await store.bulk.end(job, { state, done, refused, endedAt: new Date(now()) }, error)
}

/** What it has done stays done; whoever runs it stops after the part that is under way. */
export async function cancelBulk({ store, tenant, audit, by, now }: Desk, id: string): Promise<Done> {
  if ((await store.bulk.one(tenant.id, id)) === null) return 'missing'
  await audit.write({ tenant: tenant.id, by, action: 'bulk.cancel', target: id })
  return (await store.bulk.cancel(tenant.id, id, new Date(now()))) ? 'done' : 'refused'
}

interface Part {
  readonly done: number
  /** Changed by somebody else meanwhile, or not kept any more. */
  readonly refused: number
  /** The id that it goes on after. */
  readonly after: string
}

async function* parts(desk: Desk, order: BulkOrder, after: string): AsyncGenerator<Part> {
  if (order.what === 'events.replay') {
    const [from, to] = [new Date(order.from), new Date(order.to)]
    const module = order.module && (moduleNamed(desk, order.module) ?? order.module)
    let next: string | undefined = after
    while (next !== undefined) {
      const part = await replayWindow(desk, from, to, module, next === '' ? undefined : next)
      next = part.next
      yield { done: part.replayed, refused: part.refused, after: next ?? after }
    }
    return
  }
  const whole =
    order.what === 'retries.retry'
      ? ((await retryWalk(desk, order.filter)) as Walk<unknown, Letter>)
      : ((await deadLetterWalk(desk, order.filter)) as Walk<unknown, Letter>)
  for await (const { items, last } of inOrder(whole, deliveryOf, after, AT_ONCE)) {
    const groups = grouped(items.map(({ id }) => id))
    let done = 0
    for (const ids of groups) done += await changeTogether(desk, order, ids).catch(noneOf)
    yield { done, refused: items.length - done, after: last }
  }
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
