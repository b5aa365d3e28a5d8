/**
 * CLAIM and SEND: what is due is leased, computed from what is stored now, and sent in as few calls as possible.
 *
 * Filter of CLAIM: `dueAt` has come, and there is no lease or it has run out; the update sets the batch's nonce and counts
 * the claim, and what carries the nonce is read back. Invariant: one live lease a record, and every later write names its
 * nonce: whoever lost it writes nothing. What was claimed and never settled goes alone, and above the limit it is dead.
 */
import { randomUUID } from 'node:crypto'
import { DataError, StoreError } from '../errors.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { LeasedPair } from '../store/records.ts'
import { MOST_TRIES } from './apply.ts'
import { type CallOptions, call } from './call.ts'
import { type Held, readReferences, takenAnew, targetsOf } from './held.ts'
import { settleIdentities } from './identities.ts'
import { keepLease, LEASE_MS, type Lease } from './lease.ts'
import type { Wanted } from './lookup.ts'
import type { HeldSend } from './match.ts'
import { createPicks, type Picked } from './pick.ts'
import { nextFor } from './plan.ts'
import { gated, missingOf, parked, refused, rest, taken } from './settle.ts'
import { settleShared } from './shared.ts'
import type { Tenant } from './tenant.ts'
import { wake } from './wake.ts'

/** Records of a module whose file is broken or gone are looked at again after so long. */
const HOMELESS_MS = 60_000

export interface SendOptions extends CallOptions {
  /** These records' leases ended. */
  readonly onSettled: (records: readonly string[]) => void
  /** Records wait for these: they may be sought. */
  readonly onMissing: (tenant: Tenant, wanted: readonly Wanted[]) => void
}

export interface Send {
  /** These are due now; saves asking the store. */
  hint(tenant: string, records: readonly string[]): void
  /** Some are due now, and it is not known which. */
  look(): void
  /** Starts as many batches as there is room for. True: something was claimed. */
  work(): Promise<boolean>
  idle(): Promise<void>
  stop(): void
  /** Gives up the leases of what is not finished, so that another engine need not wait for their end. */
  release(): Promise<void>
}

export function createSend(options: SendOptions): Send {
  const { store, tenants, gates, now, log } = options
  const picks = createPicks(store.records, now)
  const batches = new Set<Promise<void>>()
  const leases = new Map<string, Lease>()
  /** By nonce: what was claimed when the store failed. That is nobody's poison, and need not wait for its lease. */
  const owed = new Map<string, readonly string[]>()
  let stopped = false
  /** What this engine has leased, and what of it became due once more meanwhile. */
  const held = new Set<string>()
  const again = new Set<string>()

  async function giveBack(): Promise<void> {
    for (const [nonce, ids] of owed) {
      await store.records.postpone(ids, nonce, new Date(now()))
      owed.delete(nonce)
      picks.look()
    }
  }

  async function claim({ tenant, ids }: Picked): Promise<boolean> {
    const nonce = randomUUID()
    const at = now()
    const claimed = await store.records
      .claim(ids, nonce, new Date(at), new Date(at + LEASE_MS))
      .catch(error => {
        // It may have been carried out all the same.
        owed.set(nonce, ids)
        throw error
      })
    CRASH: options.crash?.at('C1')
    const ours = new Set(claimed.map(record => record._id))
    for (const id of ids) if (held.has(id) && !ours.has(id)) again.add(id)
    if (claimed.length === 0) return false
    for (const id of ours) held.add(id)
    const ended = picks.begin(tenant)
    const endedAlone = claimed.some(record => record.claims > 1) ? picks.beginAlone() : undefined
    const batch = run(tenant, nonce, claimed, at + LEASE_MS)
      .catch(error => log.error('send_failed', { records: claimed.length, error }))
      .finally(() => {
        ended()
        endedAlone?.()
        batches.delete(batch)
        for (const id of ours) {
          held.delete(id)
          if (again.delete(id)) picks.hint(tenant, [id])
        }
        options.onSettled([...ours])
      })
    batches.add(batch)
    return true
  }

  async function run(
    tenant: string,
    nonce: string,
    claimed: readonly RecordDocument[],
    until: number,
  ): Promise<void> {
    const ids = claimed.map(record => record._id)
    const lease = keepLease({ records: store.records, nonce, ids, until, log, now })
    leases.set(nonce, lease)
    try {
      await runFor(await tenants.get(tenant), nonce, lease, claimed)
    } catch (error) {
      // Anything else may be due to one of them: those are counted, and taken alone next time.
      if (error instanceof StoreError) owed.set(nonce, lease.end())
      throw error
    } finally {
      leases.delete(nonce)
      lease.end()
    }
  }

  async function runFor(
    tenant: Tenant,
    nonce: string,
    lease: Lease,
    records: readonly RecordDocument[],
  ): Promise<void> {
    const settle = async (ended: readonly LeasedPair[]): Promise<void> => {
      lease.settled(ended.map(({ same }) => same.id))
      await store.records.settle(nonce, ended)
      const at = new Date(now())
      const again = ended.filter(({ same: { set } }) => set['dueAt'] instanceof Date && set['dueAt'] <= at)
      picks.hint(
        tenant.id,
        again.map(({ same }) => same.id),
      )
      CRASH: {
        if (ended.some(({ same }) => same.set['absorbed'] === true)) options.crash?.at('M3')
        if (ended.some(({ same }) => same.set['state'] === 'retrying')) options.crash?.at('E1')
      }
    }
    const helds: Held[] = []
    const homeless: string[] = []
    for (const record of records) {
      const pipeline = tenant.pipelines.modules.get(record.module)
      if (pipeline === undefined) homeless.push(record._id)
      else helds.push({ record, pipeline, rev: record.rev, found: new Map(), kept: new Set() })
    }
    if (homeless.length > 0) {
      log.warn('records_without_pipeline', { tenant: tenant.id, records: homeless.length })
      lease.settled(homeless)
      await store.records.postpone(homeless, nonce, new Date(now() + HOMELESS_MS))
    }
    const wakers = helds.filter(({ record }) => record.woke === true)
    if ((await wake(store.records, tenant, wakers, options)) > 0) picks.look()
    for (const id of await settleShared(store, tenant, nonce, helds, now)) picks.hint(tenant.id, [id])
    const { open, pairs: ended, due } = await settleIdentities(options, tenant, nonce, helds)
    const pairs: LeasedPair[] = [...ended]
    picks.hint(tenant.id, due)
    await Promise.all([
      readReferences(store.records, tenant, open),
      tenant.prepare(
        open
          .flatMap(({ record }) => targetsOf(record))
          .filter(resource => !gates.isPaused(tenant.id, resource)),
      ),
    ])

    const calls = new Map<string, HeldSend[]>()
    const parking: { held: Held; next: Extract<ReturnType<typeof nextFor>, { do: 'park' }> }[] = []
    const run = tenant.run(now())
    for (const held of open) {
      const { record } = held
      if (record.claims > MOST_TRIES) {
        pairs.push(refused(held, Object.keys(record.outbox)[0] ?? record.source, poison(), undefined, now()))
        continue
      }
      const anew = takenAnew(held, run)
      if (anew !== undefined) {
        pairs.push(taken(held, anew, now()))
        picks.hint(tenant.id, [record._id])
        continue
      }
      const next = nextFor(held, {
        run,
        gateBefore: resource => gates.before(tenant.id, resource, record._id, record.module),
        metadata: resource => tenant.metadata(resource),
      })
      if (next.do === 'rest') pairs.push(rest(held, next.drop, now()))
      else if (next.do === 'gate') pairs.push(gated(held, next.gate, now()))
      else if (next.do === 'refuse') pairs.push(refused(held, next.to, next.error, undefined, now()))
      else if (next.do === 'park') parking.push({ held, next })
      else calls.set(next.to, [...(calls.get(next.to) ?? []), { held, send: next }])
    }
    await Promise.all([
      settle(pairs),
      park(tenant, nonce, parking, settle),
      ...[...calls].flatMap(([resource, sends]) =>
        chunks(sends, options.resource(resource)?.perCall ?? 1).map(async chunk => {
          const lost = lease.signalFor(chunk.map(({ held }) => held.record._id))
          await settle(await call(options, tenant, nonce, resource, chunk, { lost, look: lease.look }))
        }),
      ),
    ])
  }

  /**
   * PARK: says what is missing, looks once more, and only then lets go. Filter: by `{_id, lease.nonce}`, then the pair.
   * Invariant: who arrives after the first write finds it in `refs`, who arrived before is found by the second look.
   */
  async function park(
    tenant: Tenant,
    nonce: string,
    parking: readonly { held: Held; next: Extract<ReturnType<typeof nextFor>, { do: 'park' }> }[],
    settle: (pairs: readonly LeasedPair[]) => Promise<void>,
  ): Promise<void> {
    if (parking.length === 0) return
    await store.records.note(
      nonce,
      parking.map(({ held, next }) => ({
        id: held.record._id,
        rev: held.rev,
        set: { missing: missingOf(next.missing), refs: [...new Set(next.refs.map(each => each.key))] },
        unset: [],
      })),
    )
    CRASH: options.crash?.at('D1')
    for (const { held } of parking) {
      held.rev += 1
      held.found.clear()
    }
    await readReferences(
      store.records,
      tenant,
      parking.map(({ held }) => held),
    )
    const conditions = {
      run: tenant.run(now()),
      gateBefore: () => undefined,
      metadata: (resource: string) => tenant.metadata(resource),
    }
    const pairs = parking.map(({ held }) => {
      const next = nextFor(held, conditions)
      // What came meanwhile makes it due again at once.
      return next.do === 'park' ? parked(held, next.to, next.missing, now()) : rest(freed(held), [], now())
    })
    await settle(pairs)
    options.onMissing(
      tenant,
      parking.flatMap(({ next }) =>
        next.missing.flatMap(({ module, key, held }) => (held === true ? [] : { module, key })),
      ),
    )
  }

  return {
    hint: picks.hint,

    look: picks.look,

    async work() {
      let claimed = false
      await giveBack()
      while (!stopped && picks.room) {
        const picked = await picks.next()
        if (picked.length === 0) break
        let any = false
        for (const each of picked) any = (!stopped && (await claim(each))) || any
        claimed ||= any
        if (!any && !picks.hinted) break
      }
      return claimed
    },

    async idle() {
      while (batches.size > 0) await Promise.all(batches)
    },

    stop() {
      stopped = true
    },

    async release() {
      const held = [...leases].map(([nonce, lease]) => [nonce, lease.end()] as const)
      await Promise.all(held.map(([nonce, ids]) => store.records.postpone(ids, nonce, new Date(now()))))
    },
  }
}

/** As if it did not wait: the next claim sends it. */
const freed = (held: Held): Held => ({ ...held, record: { ...held.record, state: 'due', missing: [] } })

const poison = () =>
  new DataError('POISON', 'Wasl was ended several times while it sent this record.', {
    hint: 'Send its content to the maintainers; a retry by hand tries it once more.',
  })

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: T[][] = []
  for (let from = 0; from < all.length; from += size) parts.push(all.slice(from, from + size))
  return parts
}
