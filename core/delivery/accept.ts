/**
 * ACCEPT: durable first, then answered. Deliveries that arrive together become one insert.
 *
 * Filter: the unique `{tenant, key}` refuses what came before; a repeat of what ended badly opens it again where it has no
 * `dueAt`. Invariant: what was answered 2xx is stored, once, and stays due until each of its events has an outcome.
 */
import type { ConnectorDefinition, IncomingEvent } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument } from '../store/documents.ts'
import { type Arrived, arrive, asReused } from './arrive.ts'
import type { Arrival, Receipt } from './intake.ts'
import { receiptOf, statusesOf } from './status.ts'
import type { Surroundings, Tenants } from './tenant.ts'

/** Deliveries in one insert at most; the driver splits what is larger than a message anyway. */
const MOST = 500

export interface AcceptOptions extends Pick<Surroundings, 'crash'> {
  readonly store: Store
  readonly tenants: Tenants
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  /** APPLY takes what was stored; false: it has no room, `dueAt` brings it later. */
  readonly handOver: (document: DeliveryDocument, events: readonly IncomingEvent[]) => boolean
  readonly now: () => number
}

export interface Accept {
  /** @throws StoreError where it was not stored */
  accept(arrival: Arrival): Promise<Receipt>
  /** Resolves when nothing is on its way to the store. */
  idle(): Promise<void>
}

interface Waiting {
  readonly document: DeliveryDocument
  readonly resolve: (fresh: boolean) => void
  readonly reject: (error: unknown) => void
}

export function createAccept(options: AcceptOptions): Accept {
  const { store, tenants, connectors, handOver, now } = options
  let queue: Waiting[] = []
  let running: Promise<void> | undefined

  function insert(document: DeliveryDocument): Promise<boolean> {
    return new Promise((resolve, reject) => {
      queue.push({ document, resolve, reject })
      running ??= flush().finally(() => {
        running = undefined
      })
    })
  }

  async function flush(): Promise<void> {
    // What arrives in this turn of the event loop goes into the same insert.
    await new Promise(resolve => setImmediate(resolve))
    while (queue.length > 0) {
      const batch = queue.slice(0, MOST)
      queue = queue.slice(MOST)
      try {
        const taken = await store.deliveries.insert(batch.map(each => each.document))
        CRASH: options.crash?.at('A2')
        batch.forEach((each, place) => {
          each.resolve(!taken.has(place))
        })
      } catch (error) {
        for (const each of batch) each.reject(error)
      }
    }
  }

  async function stored(arrived: Arrived): Promise<Receipt> {
    const { document } = arrived
    if (await insert(document)) {
      if (document.dueAt !== undefined) handOver(document, arrived.events)
      return receiptOf(
        document,
        document.events.map(event => ({ id: event.id, ...openOr(event.outcome) })),
      )
    }
    const [earlier] = await store.deliveries.byKeys(document.tenant, [document.key])
    if (earlier === undefined) return stored({ ...arrived, document: { ...document, key: document._id } })
    if (earlier.hash !== document.hash && document.idReused !== true) {
      return stored({ ...arrived, document: asReused(document) })
    }
    return repeat(earlier)
  }

  /** What was stored before is answered from there; what ended badly is tried again. */
  async function repeat(earlier: DeliveryDocument): Promise<Receipt> {
    const tenant = await tenants.get(earlier.tenant)
    const statuses = await statusesOf(store, tenant, [earlier])
    if (earlier.dueAt === undefined && earlier.error === undefined) {
      const failed = new Set(
        statuses.filter(each => each.state === 'FAILED' || each.state === 'INVALID').map(each => each.id),
      )
      if (failed.size > 0) {
        const events = earlier.events.map(event => {
          if (!failed.has(event.id)) return event
          const { outcome: _outcome, reason: _reason, error: _error, changes: _changes, ...open } = event
          return open
        })
        await store.deliveries.reopen(earlier.tenant, earlier._id, events, new Date(now()))
      }
    }
    return { ...receiptOf(earlier, statuses), duplicate: true }
  }

  return {
    async accept(arrival) {
      CRASH: options.crash?.at('A1')
      const tenant = await tenants.get(arrival.tenant)
      const connector = connectors.get(arrival.connector)
      const arrived = arrive(arrival, connector, (name, route) => tenant.pipelines.resourceOf(name, route))
      return stored(arrived)
    },

    async idle() {
      while (running !== undefined) await running
    },
  }
}

const openOr = (outcome: DeliveryDocument['events'][number]['outcome']) => ({
  state: outcome ?? ('open' as const),
})
