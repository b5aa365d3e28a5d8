/** What this engine counts while it works, and what it asks the store when somebody wants to know. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { HttpClient } from '../plugin.ts'
import type { Deliveries } from '../store/deliveries.ts'
import type { Desk } from './desk.ts'
import { createDurations, type Family, type Sample } from './exposition.ts'

/** States that somebody may have to do something about; the others are as many as there are records. */
const COUNTED = ['due', 'waiting', 'gated', 'retrying', 'dead', 'conflict', 'invalid'] as const
const MOST_COUNTED = 10_000
const NANO = 1e-9
/** Deliveries whose tenant is remembered until they are marked; another engine may mark them. */
const MOST_OPEN = 20_000

export interface Measures {
  /** The same operations, counted. */
  deliveries(deliveries: Deliveries): Deliveries
  /** The same client, timed. */
  client(remote: string, client: HttpClient): HttpClient
  /** Of the desk's tenant, and of the process as a whole. */
  families(desk: Desk): Promise<readonly Family[]>
  close(): void
}

export function createMeasures(now: () => number): Measures {
  const started = now()
  const accepted = new Map<string, number>()
  const outcomes = new Map<string, Map<string, number>>()
  const tenantOf = new Map<string, string>()
  const remotes = createDurations()
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()

  const raise = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)

  function remember(delivery: string, tenant: string): void {
    tenantOf.set(delivery, tenant)
    if (tenantOf.size <= MOST_OPEN) return
    for (const oldest of tenantOf.keys()) {
      tenantOf.delete(oldest)
      break
    }
  }

  function countOutcome(tenant: string, module: string, outcome: string): void {
    const counts = outcomes.get(tenant) ?? new Map<string, number>()
    outcomes.set(tenant, counts)
    raise(counts, `${module}|${outcome}`)
  }

  return {
    deliveries(deliveries) {
      return {
        ...deliveries,
        async insert(documents) {
          const known = await deliveries.insert(documents)
          for (const [place, { _id, tenant, dueAt, events }] of documents.entries()) {
            if (known.has(place)) continue
            raise(accepted, tenant)
            if (dueAt !== undefined) remember(_id, tenant)
            else for (const { module = '', outcome = '' } of events) countOutcome(tenant, module, outcome)
          }
          return known
        },
        async take(at, until, limit) {
          const taken = await deliveries.take(at, until, limit)
          for (const { _id, tenant } of taken) remember(_id, tenant)
          return taken
        },
        async mark(marks) {
          await deliveries.mark(marks)
          for (const { id, dueAt, events } of marks) {
            const tenant = tenantOf.get(id)
            if (dueAt !== undefined || tenant === undefined) continue
            tenantOf.delete(id)
            for (const { module = '', outcome = '' } of events) countOutcome(tenant, module, outcome)
          }
        },
      }
    },

    client(remote, client) {
      return {
        get origin() {
          return client.origin
        },
        async request(request) {
          const began = performance.now()
          let status = 'failed'
          try {
            const answer = await client.request(request)
            status = `${Math.floor(answer.status / 100)}xx`
            return answer
          } finally {
            remotes.add({ remote, status }, (performance.now() - began) / 1000)
          }
        },
        close: () => client.close(),
      }
    },

    async families(desk) {
      const { store, tenant } = desk
      const at = now()
      const beganPing = performance.now()
      const [oldest, gates] = await Promise.all([store.lookup.oldestDue(new Date(at)), store.gates.all()])
      const storeSeconds = (performance.now() - beganPing) / 1000
      const records = await recordSamples(desk)
      return [
        family('wasl_deliveries_total', 'counter', 'Deliveries stored by this engine.', [
          { value: accepted.get(tenant.id) ?? 0 },
        ]),
        family(
          'wasl_events_total',
          'counter',
          'Events by what this engine made of them.',
          outcomeSamples(tenant.id),
        ),
        family('wasl_records', 'gauge', 'Records that are not at rest, counted up to 10,000 each.', records),
        family(
          'wasl_gates_closed',
          'gauge',
          'Remotes to which nothing is sent now.',
          gates
            .filter(gate => gate.tenant === tenant.id)
            .map(({ remote, reason }) => ({ labels: { remote, reason }, value: 1 })),
        ),
        family('wasl_oldest_due_seconds', 'gauge', 'How long the record waits that is due the longest.', [
          { value: oldest === undefined ? 0 : Math.max(0, at - oldest.getTime()) / 1000 },
        ]),
        family('wasl_remote_request_seconds', 'histogram', 'Requests to remotes.', remotes.samples()),
        family('wasl_store_seconds', 'gauge', 'How long the store took to answer just now.', [
          { value: storeSeconds },
        ]),
        family('wasl_event_loop_delay_seconds', 'gauge', 'Delay of the event loop.', [
          { labels: { quantile: '0.5' }, value: delay.percentile(50) * NANO },
          { labels: { quantile: '0.99' }, value: delay.percentile(99) * NANO },
        ]),
        family('wasl_resident_memory_bytes', 'gauge', 'Memory of this process.', [
          { value: process.memoryUsage.rss() },
        ]),
        family('wasl_up_seconds', 'gauge', 'Since when this engine runs.', [
          { value: (at - started) / 1000 },
        ]),
      ]
    },

    close: () => void delay.disable(),
  }

  function outcomeSamples(tenant: string): readonly Sample[] {
    return [...(outcomes.get(tenant) ?? [])].map(([key, value]) => {
      const [module = '', outcome = ''] = key.split('|')
      return { labels: { module, outcome }, value }
    })
  }
}

const family = (name: string, type: Family['type'], help: string, samples: readonly Sample[]): Family => ({
  name,
  type,
  help,
  samples,
})

function recordSamples({ store, tenant }: Desk): Promise<readonly Sample[]> {
  const all = [...tenant.pipelines.modules.keys()].flatMap(module =>
    COUNTED.map(state => ({ module, state })),
  )
  return Promise.all(
    all.map(async labels => ({
      labels,
      value: await store.lookup.count(tenant.id, labels.module, labels.state, MOST_COUNTED),
    })),
  )
}
