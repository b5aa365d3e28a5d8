/**
 * SEND, one call of one remote: match, note what is begun, write, and settle each record by its own answer.
 *
 * Filter: what is begun is noted by `{_id, lease.nonce}`. Invariant: a creation is noted as `sending` before its first byte,
 * and none goes out under a lease that is known to be lost; so whoever finds it after a crash looks there first.
 */
import { randomUUID } from 'node:crypto'
import { RetryableError, SetupError, WaslError } from '../errors.ts'
import type { ResourceConnection, ResourceDefinition, WriteOperation, WriteResult } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { OutboxEntry, RecordDocument } from '../store/documents.ts'
import type { LeasedPair } from '../store/records.ts'
import { agreeing, strangers, unseenOf } from './agree.ts'
import type { Hashes } from './back.ts'
import { retryAt } from './backoff.ts'
import { without } from './draft.ts'
import type { Gates } from './gate.ts'
import { lookBack, type SentBack } from './look-back.ts'
import { type HeldSend, type Match, matchAll, refuseTaken } from './match.ts'
import { beginMerge } from './merge.ts'
import { acknowledged, conflicting, gated, markRefused, refused, rest, retried } from './settle.ts'
import type { Spread } from './spread.ts'
import { connectorOf, nameOf, resourceConnection, type Surroundings, type Tenant } from './tenant.ts'

/** All that one call may take, in milliseconds: looking, writing, and adopting what was there already. */
const TOTAL_MS = 90_000

export interface CallOptions extends Surroundings {
  readonly store: Store
  readonly gates: Gates
  readonly spread: Spread
  /** Something is tried again at that moment. */
  readonly onRetry: (notice: { tenant: string; remote: string; reason: string; at: number }) => void
}

type Write = HeldSend & { readonly id?: string }

export interface Hold {
  /** Aborted when the lease of one of those that are sent is found to be lost: the call is given up. */
  readonly lost: AbortSignal
  /** Finds out, by the clock alone, whether it is lost. */
  readonly look: () => void
}

/**
 * @returns how each lease ends; the caller writes them
 */
export async function call(
  options: CallOptions,
  tenant: Tenant,
  nonce: string,
  resource: string,
  sends: readonly HeldSend[],
  { lost, look }: Hold,
): Promise<readonly LeasedPair[]> {
  const { store, gates, spread, now, random, log } = options
  const definition = options.resource(resource)
  const connection = resourceConnection(tenant, resource)
  const signal = AbortSignal.any([AbortSignal.timeout(TOTAL_MS), lost])
  const pairs: LeasedPair[] = []
  let answered = false

  const fail = async ({ held, send }: HeldSend, error: unknown): Promise<void> => {
    if (!(error instanceof WaslError)) log.error('send_failed', { tenant: tenant.id, resource, error })
    const known =
      error instanceof WaslError
        ? error
        : new RetryableError('INTERNAL', 'Wasl itself failed here.', { ambiguous: true })
    const gate = await gates.closeFor(tenant.id, resource, known)
    const ambiguous = known instanceof RetryableError && known.ambiguous
    if (gate !== undefined) pairs.push(gated(held, gate, now(), ambiguous ? undefined : send.to))
    else if (known instanceof RetryableError) {
      let again: number | undefined
      const when = (attempt: number, failingSince: number): number => {
        const earliest = retryAt(attempt, failingSince, now(), random(), known.retryAfterMs)
        again = spread.at(`${tenant.id}|${connectorOf(resource)}`, earliest)
        return again
      }
      pairs.push(retried(held, send, known, ambiguous, when, now()))
      if (again === undefined) return
      options.onRetry({ tenant: tenant.id, remote: connectorOf(resource), reason: known.code, at: again })
    } else {
      // The remote dealt with the record, be it by refusing it.
      answered = true
      if (known.code === 'REMOTE_GONE' && send.what === 'push') {
        // Whether it is to be made again is not ours to say.
        pairs.push(conflicting(held, send.to, known, now()))
      } else if (send.what === 'marks') pairs.push(markRefused(held, send, known, now()))
      else pairs.push(refused(held, send.to, known, send.rendered?.content, now()))
    }
  }

  const merge = async ({ held }: HeldSend, holder: RecordDocument): Promise<void> => {
    const own = { ...held.record, rev: held.rev }
    const loser = await beginMerge(store.records, own, holder, randomUUID(), new Date(now()))
    if (loser !== held.record._id) pairs.push(rest(held, [], now()))
  }

  const failAll = async (all: readonly HeldSend[], error: unknown): Promise<void> => {
    for (const each of all) await fail(each, error)
  }

  if (definition === undefined || connection === undefined) {
    await failAll(sends, notConnected(tenant.id, resource))
    return pairs
  }
  const target = { name: resource, definition, connection }
  const creations = sends.filter(({ send }) => send.id === undefined)
  let matches: ReadonlyMap<HeldSend, Match> = new Map()
  try {
    if (creations.length > 0) matches = await matchAll(store.records, tenant.id, target, creations, signal)
    const refused = await strangers(connection, unseenOf(sends), ({ send }) => send.id, signal)
    if (refused.size > 0)
      matches = new Map([
        ...matches,
        ...[...refused].map(([each, conflict]) => [each, { conflict }] as const),
      ])
  } catch (error) {
    await failAll(sends, error)
    return pairs
  }

  const writes: Write[] = []
  for (const each of sends) {
    const match = matches.get(each)
    if (match !== undefined && 'conflict' in match) {
      answered = true
      pairs.push(conflicting(each.held, resource, match.conflict, now()))
    } else if (match !== undefined && 'merge' in match) {
      answered = true
      await merge(each, match.merge)
    } else {
      const id = each.send.id ?? (match !== undefined && 'id' in match ? match.id : undefined)
      writes.push(id === undefined ? each : { ...each, id })
    }
  }
  await noteCreations(store, nonce, resource, writes)

  const adopt: HeldSend[] = []
  const adoptions = new Map<HeldSend, Match>()
  const settle = async (all: readonly Write[], results: readonly WriteResult[]): Promise<void> => {
    const sent = sentBack(all, results)
    const made = await lookBack(tenant, resource, connection, sent, { run: tenant.run(now()), signal, log })
    for (const [place, each] of all.entries()) await settleOne(each, results[place], made.get(each.held))
  }
  const settleOne = async (each: Write, result: WriteResult | undefined, made?: Hashes): Promise<void> => {
    if (result === undefined) return fail(each, short(resource))
    if (result.ok) {
      answered = true
      pairs.push(acknowledged(each.held, each.send, result, now(), made))
      return
    }
    const { duplicateOf } = result
    const names = each.send.rendered?.match ?? []
    if (duplicateOf !== undefined && each.id === undefined && names.some(({ by }) => by === duplicateOf.by)) {
      // The search did not show it yet, the creation did.
      answered = true
      noteBegun(each, resource, undefined)
      adopt.push(each)
      adoptions.set(each, { id: duplicateOf.id })
      return
    }
    await fail(each, result.error)
  }

  CRASH: if (writes.some(({ send }) => send.what === 'marks')) options.crash?.at('C4')
  look()
  await write(options, connection, definition, writes, signal, settle, failAll)
  if (adopt.length > 0) {
    const checked = await refuseTaken(store.records, tenant.id, resource, adoptions)
    const updates: Write[] = []
    let refused: ReadonlyMap<HeldSend, WaslError>
    try {
      refused = await strangers(connection, agreeing(adopt), each => idOf(checked.get(each)), signal)
    } catch (error) {
      await failAll(adopt, error)
      return pairs
    }
    for (const each of adopt) {
      const match = checked.get(each) as Match
      const error = refused.get(each)
      if (error !== undefined) pairs.push(conflicting(each.held, resource, error, now()))
      else if ('conflict' in match) pairs.push(conflicting(each.held, resource, match.conflict, now()))
      else if ('merge' in match) await merge(each, match.merge)
      else if ('id' in match) updates.push({ ...each, id: match.id })
    }
    look()
    await write(options, connection, definition, updates, signal, settle, failAll)
  }
  if (gates.before(tenant.id, resource, '') !== undefined && answered) {
    await gates.answered(tenant.id, resource)
  }
  return pairs
}

const idOf = (match: Match | undefined) => (match !== undefined && 'id' in match ? match.id : undefined)

async function write(
  options: Pick<CallOptions, 'crash'>,
  connection: ResourceConnection,
  definition: ResourceDefinition,
  writes: readonly Write[],
  signal: AbortSignal,
  settle: (all: readonly Write[], results: readonly WriteResult[]) => Promise<void>,
  failAll: (all: readonly HeldSend[], error: unknown) => Promise<void>,
): Promise<void> {
  if (writes.length === 0) return
  const operations = writes.map((each): WriteOperation => {
    const key = each.id === undefined ? keyOf(each, definition) : undefined
    return {
      fields: each.send.fields,
      ...(each.id === undefined ? {} : { id: each.id }),
      ...(key === undefined ? {} : { key }),
    }
  })
  let results: readonly WriteResult[]
  try {
    const answer = connection.write(operations, signal)
    CRASH: {
      // It may fail while the point lets it have its moment.
      answer.catch(() => undefined)
      await options.crash?.after('C2')
    }
    results = await answer
    CRASH: options.crash?.at('C3')
  } catch (error) {
    await failAll(writes, error)
    return
  }
  await settle(writes, results)
}

/** Those that a sender is to take back, as far as they were taken. */
const sentBack = (all: readonly Write[], results: readonly WriteResult[]): readonly SentBack[] =>
  all.flatMap(({ held, send }, place) => {
    const result = results[place]
    const back = send.what === 'push' && held.record.outbox[send.to]?.back !== undefined
    return back && result?.ok === true ? [{ held, id: result.id }] : []
  })

/** The strongest of the values that were matched in vain: one that the remote itself keeps unique, if there is one. */
function keyOf({ send }: Write, { uniqueBy }: ResourceDefinition): { by: string; value: string } | undefined {
  const values = (send.rendered?.match ?? []).filter(({ by }) => by !== 'id')
  return [...values].reverse().find(({ by }) => uniqueBy.includes(by)) ?? values.at(-1)
}

/** Written before the call: whoever finds the record after a crash knows that it may be there already. */
async function noteCreations(
  store: Store,
  nonce: string,
  resource: string,
  writes: readonly Write[],
): Promise<void> {
  const begun = writes.filter(each => each.id === undefined && each.send.what === 'push')
  await store.records.note(
    nonce,
    begun.map(({ held, send }) => ({
      id: held.record._id,
      rev: held.rev,
      set: {
        [`outbox.${resource}.sending`]: true,
        [`outbox.${resource}.was`]: send.rendered?.match ?? [],
      },
      unset: [],
    })),
  )
  for (const each of begun) {
    each.held.rev += 1
    noteBegun(each, resource, each.send.rendered?.match ?? [])
  }
}

/** What the held record says must be what is stored, since settling writes its whole outbox. */
function noteBegun({ held }: HeldSend, resource: string, was: OutboxEntry['was'] | undefined): void {
  const entry = without(held.record.outbox[resource] ?? { attempt: 0 }, 'sending', 'was')
  const noted = was === undefined ? entry : { ...entry, sending: true, was }
  held.record.outbox = { ...held.record.outbox, [resource]: noted }
}

const notConnected = (tenant: string, resource: string): WaslError =>
  new SetupError('NOT_CONNECTED', `Tenant "${tenant}" has no connection to ${connectorOf(resource)}.`, {
    hint: `Give it the settings of ${connectorOf(resource)}, or switch off what is sent to ${nameOf(resource)}.`,
  })

const short = (resource: string): WaslError =>
  new RetryableError('REMOTE_SHORT', `${resource} answered for fewer records than were sent.`, {
    ambiguous: true,
  })
