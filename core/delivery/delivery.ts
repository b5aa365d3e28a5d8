/**
 * The delivery as one thing: ACCEPT hands over to APPLY, APPLY to SEND, and a loop picks up what is due.
 *
 * Invariant of the loop (the sweep): whatever is open has a `dueAt`, waits for a record, which wakes it, or stands at a
 * gate; what is due and the gates are looked at every second, and ringing and handing over only save that second.
 */
import type { ConnectorDefinition } from '../plugin.ts'
import { within } from '../stopping.ts'
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument, GateDocument } from '../store/documents.ts'
import { createAccept } from './accept.ts'
import { createApply } from './apply.ts'
import type { CallOptions } from './call.ts'
import { createGates } from './gate.ts'
import type { EventStatus, Intake, Receipt } from './intake.ts'
import { createLookup } from './lookup.ts'
import { createSend } from './send.ts'
import { createSpread } from './spread.ts'
import { isAtRest, receiptOf, statusesOf } from './status.ts'
import { createSync } from './sync.ts'
import type { Surroundings } from './tenant.ts'
import { createWaiters } from './wait.ts'

/** The loop looks so often by itself; whoever makes something due rings. */
const LOOK_MS = 1000
/** Another engine may do the work that somebody waits for here: look again after so long. */
const LOOK_AGAIN_MS = 500

export interface DeliveryOptions extends Surroundings {
  readonly store: Store
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  /** False: this engine only takes deliveries in; others work on them. */
  readonly worker: boolean
  /** Something is tried again at that moment. */
  readonly onRetry: CallOptions['onRetry']
}

export interface Delivery extends Intake {
  /** Starts the loop. */
  start(): void
  /** Something may be due. */
  ring(): void
  /** A completeness sweep may be due. */
  ringSync(): void
  /** Takes nothing new from now on; who waits for an outcome is answered. */
  refuse(): void
  /** Takes nothing new, finishes what is in hand, at most `ms` long; what is not finished then is resumable. */
  stop(ms: number): Promise<void>
  readonly gates: readonly GateDocument[]
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { store, tenants, log, now, worker } = options
  const waiters = createWaiters()
  const gates = createGates(store, {
    ...options,
    onProbe: (tenant, records) => send.hint(tenant, records),
  })
  const send = createSend({
    ...options,
    gates,
    spread: createSpread(now),
    onMissing: (tenant, wanted) => {
      lookup(tenant, wanted).catch(error => log.error('lookup_failed', { tenant: tenant.id, error }))
    },
    onSettled: records => {
      waiters.tell(records)
      ring()
    },
  })
  const lookup = createLookup({
    ...options,
    gates,
    handOver: (document, events) => apply.take(document, events),
  })
  const apply = createApply({
    ...options,
    gates,
    onDue: (tenant, records, others) => {
      send.hint(tenant, records)
      if (others) send.look()
      ring()
    },
    onMarked: delivery => waiters.tell([delivery._id]),
  })
  const accept = createAccept({
    ...options,
    handOver: (document, events) => worker && apply.take(document, events),
  })

  const sync = createSync({
    ...options,
    gates,
    handOver: (document, events) => apply.take(document, events),
    settled,
  })

  let open = true
  let rung = false
  let ringing: (() => void) | undefined
  let loop: Promise<void> | undefined

  function ring(): void {
    rung = true
    ringing?.()
  }

  /** Until somebody rings, `ms` at the longest. */
  function quiet(ms: number): Promise<void> {
    if (rung) return Promise.resolve()
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer)
        ringing = undefined
        resolve()
      }
      const timer = setTimeout(wake, ms)
      ringing = wake
    })
  }

  /** A clock that was set back must not hold the loop up. */
  function sinceLook(looked: number): number {
    const since = now() - looked
    return since < 0 ? LOOK_MS : since
  }

  async function turn(lastLook: number): Promise<number> {
    rung = false
    let looked = lastLook
    try {
      if (sinceLook(lastLook) >= LOOK_MS) {
        looked = now()
        if (await gates.turn(looked)) send.look()
        // Not awaited: what is due is applied while the loop sends.
        sweeping ??= sweep()
          .catch(error => log.error('sweep_failed', { error }))
          .finally(() => {
            sweeping = undefined
          })
      }
      await send.work()
    } catch (error) {
      log.error('loop_failed', { error })
      await quietAfterFailure()
    }
    return looked
  }

  let sweeping: Promise<unknown> | undefined

  /** All that is due, part by part: what an engine left behind may be a lot. */
  async function sweep(): Promise<void> {
    for (let more = true; more; ) more = await apply.sweep()
  }

  const quietAfterFailure = () => new Promise<void>(resolve => setTimeout(resolve, LOOK_MS))

  async function run(): Promise<void> {
    let looked = 0
    while (open) {
      looked = await turn(looked)
      await quiet(Math.max(0, LOOK_MS - sinceLook(looked)))
    }
  }

  async function receipt(tenantId: string, document: DeliveryDocument): Promise<Receipt> {
    const events = await statusesOf(store, await tenants.get(tenantId), [document])
    return receiptOf(document, events)
  }

  async function recordsMoving(tenantId: string, records: readonly string[]): Promise<boolean> {
    return (await store.records.byIds(tenantId, records)).some(record => !isAtRest(record))
  }

  async function settled(
    tenantId: string,
    id: string,
    ms: number,
    until: 'applied' | 'pushed',
  ): Promise<Receipt> {
    const deadline = performance.now() + ms
    const watch = waiters.watch()
    watch.add([id])
    try {
      for (;;) {
        const [document] = await store.deliveries.byIds(tenantId, [id])
        if (document === undefined) return { id, duplicate: false, events: [] }
        const applied = document.dueAt === undefined
        let moving = !applied
        if (applied && until === 'pushed') {
          const records = document.events.flatMap(event => event.record ?? [])
          watch.add(records)
          moving = await recordsMoving(tenantId, records)
        }
        const left = deadline - performance.now()
        // Read after it has come to rest, so that the answer tells how it ended.
        if (!moving || left <= 0 || !open) return receipt(tenantId, document)
        await watch.moved(Math.min(left, LOOK_AGAIN_MS))
      }
    } finally {
      watch.end()
    }
  }

  function refuse(): void {
    open = false
    waiters.close()
  }

  return {
    get open() {
      return open
    },

    get gates() {
      return gates.all
    },

    accept: arrival => accept.accept(arrival),

    settled,

    async status(tenantId, ids) {
      const own = new Map<string, string[]>()
      const theirs: string[] = []
      for (const id of ids) {
        const delivery = /^([0-9a-f]{24})(?:-\d+)?$/.exec(id)?.[1]
        if (delivery === undefined) theirs.push(id)
        else own.set(delivery, [...(own.get(delivery) ?? []), id])
      }
      const [byId, bySender] = await Promise.all([
        store.deliveries.byIds(tenantId, [...own.keys()]),
        store.deliveries.bySenderIds(tenantId, theirs),
      ])
      const tenant = await tenants.get(tenantId)
      const statuses = await statusesOf(store, tenant, [...byId, ...bySender])
      const asked = new Set(ids)
      return statuses.filter((each): each is EventStatus => {
        const delivery = each.id.slice(0, 24)
        return asked.has(each.id) || asked.has(delivery) || asked.has(each.notification_id ?? '')
      })
    },

    start() {
      if (!worker) return
      loop ??= run()
      sync.ring()
    },

    ring() {
      send.look()
      ring()
    },

    ringSync() {
      if (worker) sync.ring()
    },

    refuse,

    async stop(ms) {
      const deadline = performance.now() + ms
      refuse()
      ring()
      send.stop()
      sync.stop()
      await within(accept.idle(), ms)
      apply.stop()
      const finished = (async () => {
        // The loop may have claimed something while it was told to stop.
        await Promise.all([loop, sweeping, sync.idle()])
        await Promise.all([apply.idle(), send.idle()])
      })()
      if (await within(finished, Math.max(0, deadline - performance.now()))) return
      log.warn('stopped_early', { after: ms })
      await send.release()
    },
  }
}
