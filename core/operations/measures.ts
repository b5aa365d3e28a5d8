/** What this engine counts while it works, and what it asks the store when somebody wants to know. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { HttpClient } from '../plugin.ts'
import type { Deliveries } from '../store/deliveries.ts'
import type { Desk } from './desk.ts'

/** States that somebody may have to do something about; the others are as many as there are records. */
const COUNTED = ['due', 'waiting', 'gated', 'retrying', 'dead', 'conflict', 'invalid'] as const
const MOST_COUNTED = 10_000
const NANO = 1e-9
/** Deliveries whose tenant is remembered until they are marked; another engine may mark them. */
const MOST_OPEN = 20_000
/** So long a store that took no delivery is said to take none, unless it takes one. */
const REFUSING_MS = 5000
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]

/** Something that ends by itself: a token, a channel. */
export interface Expiring {
  readonly remote: string
  readonly what: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** A new one is made in time. */
  readonly renews: boolean
}

export interface Clock {
  readonly remote: string
  /** The store's is so many seconds ahead; less than 0: behind. */
  readonly ahead: number
}

export interface Measures {
  /** The same operations, counted and timed. */
  deliveries(deliveries: Deliveries): Deliveries
  /** The store took no delivery just now, and none since. */
  readonly refusing: boolean
  /** The same client, timed. */
  client(tenant: string, remote: string, client: HttpClient): HttpClient
  /** A signature fitted; `older`: under the secret that a rotation left for its overlap. */
  signed(tenant: string, older: boolean): void
  /** How far the store's clock is from that of the tenant's remotes, as their newest answers tell. */
  clocks(tenant: string): readonly Clock[]
  /** Something is sent again later. */
  retried(tenant: string, remote: string, reason: string): void
  /** Of the desk's tenant, and of the process as a whole, as Prometheus reads it. */
  text(desk: Desk, expiring: readonly Expiring[]): Promise<string>
  readonly contentType: string
  close(): void
}

export function createMeasures(now: () => number): Measures {
  const started = now()
  const tenants = new Map<string, ReturnType<typeof createTenantMeasures>>()
  const tenantOf = new Map<string, string>()
  const process_ = createProcessMeasures()
  let refusedAt = Number.NEGATIVE_INFINITY

  /** A registry for each, so that nobody reads of another; as many as there are tenants. */
  function of(tenant: string) {
    const known = tenants.get(tenant) ?? createTenantMeasures()
    tenants.set(tenant, known)
    return known
  }

  function remember(delivery: string, tenant: string): void {
    tenantOf.set(delivery, tenant)
    if (tenantOf.size <= MOST_OPEN) return
    for (const oldest of tenantOf.keys()) {
      tenantOf.delete(oldest)
      break
    }
  }

  const countOutcomes = (
    tenant: string,
    events: readonly { readonly module?: string; readonly outcome?: string }[],
  ) => {
    for (const { module = '', outcome = '' } of events) of(tenant).events.inc({ module, outcome })
  }

  async function timed<T>(operation: string, run: () => Promise<T>): Promise<T> {
    const end = process_.store.startTimer({ operation })
    try {
      return await run()
    } finally {
      end()
    }
  }

  return {
    deliveries(deliveries) {
      return {
        ...deliveries,
        async insert(documents) {
          const known = await timed('insert', () => deliveries.insert(documents)).catch(error => {
            refusedAt = performance.now()
            throw error
          })
          refusedAt = Number.NEGATIVE_INFINITY
          for (const [place, { _id, tenant, dueAt, events }] of documents.entries()) {
            if (known.has(place)) continue
            of(tenant).deliveries.inc()
            if (dueAt !== undefined) remember(_id, tenant)
            else countOutcomes(tenant, events)
          }
          return known
        },
        async take(at, until, limit) {
          const taken = await timed('take', () => deliveries.take(at, until, limit))
          for (const { _id, tenant } of taken) remember(_id, tenant)
          return taken
        },
        async mark(marks) {
          await timed('mark', () => deliveries.mark(marks))
          for (const { id, dueAt, events } of marks) {
            const tenant = tenantOf.get(id)
            if (dueAt !== undefined || tenant === undefined) continue
            tenantOf.delete(id)
            countOutcomes(tenant, events)
          }
        },
      }
    },

    get refusing() {
      return performance.now() - refusedAt < REFUSING_MS
    },

    client(tenant, remote, client) {
      return {
        get origin() {
          return client.origin
        },
        async request(request) {
          const end = of(tenant).requests.startTimer({ remote })
          let status = 'failed'
          try {
            const answer = await client.request(request)
            status = `${Math.floor(answer.status / 100)}xx`
            const told = Date.parse(answer.headers['date'] ?? '')
            if (!Number.isNaN(told)) of(tenant).setClock(remote, (now() - told) / 1000)
            return answer
          } finally {
            end({ status })
          }
        },
        close: () => client.close(),
      }
    },

    signed: (tenant, older) => of(tenant).signatures.inc({ secret: older ? 'older' : 'newest' }),
    clocks: tenant => of(tenant).clocks(),
    retried: (tenant, remote, reason) => of(tenant).retries.inc({ remote, reason }),

    async text(desk, expiring) {
      const at = now()
      const own = of(desk.tenant.id)
      await timed('ping', () => own.read(desk, expiring, at))
      process_.read((at - started) / 1000)
      return Registry.merge([process_.registry, own.registry]).metrics()
    },

    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    close: () => process_.close(),
  }
}

function createProcessMeasures() {
  const registers = [new Registry()] as const
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  const store = new Histogram({
    name: 'wasl_store_seconds',
    help: 'How long the store took for an operation of this engine.',
    labelNames: ['operation'],
    buckets: BUCKETS,
    registers: [...registers],
  })
  const lag = new Gauge({
    name: 'wasl_event_loop_delay_seconds',
    help: 'Delay of the event loop.',
    labelNames: ['quantile'],
    registers: [...registers],
  })
  const memory = new Gauge({
    name: 'wasl_resident_memory_bytes',
    help: 'Memory of this process.',
    registers: [...registers],
  })
  const up = new Gauge({
    name: 'wasl_up_seconds',
    help: 'Since when this engine runs.',
    registers: [...registers],
  })
  return {
    registry: registers[0],
    store,
    read(seconds: number) {
      for (const percent of [50, 99])
        lag.set({ quantile: String(percent / 100) }, delay.percentile(percent) * NANO)
      memory.set(process.memoryUsage.rss())
      up.set(seconds)
    },
    close: () => void delay.disable(),
  }
}

function createTenantMeasures() {
  const registry = new Registry()
  const registers = [registry]
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name, help, labelNames: [...labelNames], registers })
  const records = gauge('wasl_records', 'Records that are not at rest, counted up to 10,000 each.', [
    'module',
    'state',
  ])
  const gates = gauge('wasl_gates_closed', 'Remotes to which nothing is sent now.', ['remote', 'reason'])
  const letters = gauge(
    'wasl_dead_letters',
    'Dead and conflicting records and events that are INVALID, counted up to 10,000 each.',
  )
  const age = gauge(
    'wasl_queue_age_seconds',
    'How long what is due the longest waits; at most, where much of other colleges is due.',
    ['queue'],
  )
  const expiry = gauge('wasl_expires_seconds', 'How long a token or channel lasts still.', ['remote', 'what'])

  const clock = gauge(
    'wasl_clock_ahead_seconds',
    'How far the clock of the store is ahead of that of a remote, by its newest answer.',
    ['remote'],
  )
  const ahead = new Map<string, number>()

  return {
    registry,
    setClock(remote: string, seconds: number) {
      ahead.set(remote, seconds)
      clock.set({ remote }, seconds)
    },
    clocks: (): readonly Clock[] => [...ahead].map(([remote, seconds]) => ({ remote, ahead: seconds })),
    signatures: new Counter({
      name: 'wasl_signatures_total',
      help: 'Signatures that fitted, by which of the two live secrets they did.',
      labelNames: ['secret'],
      registers,
    }),
    deliveries: new Counter({
      name: 'wasl_deliveries_total',
      help: 'Deliveries stored by this engine.',
      registers,
    }),
    events: new Counter({
      name: 'wasl_events_total',
      help: 'Events by what this engine made of them.',
      labelNames: ['module', 'outcome'],
      registers,
    }),
    retries: new Counter({
      name: 'wasl_retries_total',
      help: 'Sendings that failed and are tried again later.',
      labelNames: ['remote', 'reason'],
      registers,
    }),
    requests: new Histogram({
      name: 'wasl_remote_request_seconds',
      help: 'Requests to remotes.',
      labelNames: ['remote', 'status'],
      buckets: BUCKETS,
      registers,
    }),

    /** What is asked of the store when somebody wants to know. `at`: milliseconds since 1970. */
    async read({ store, tenant }: Desk, expiring: readonly Expiring[], at: number): Promise<void> {
      const states = [...tenant.pipelines.modules.keys()].flatMap(module =>
        COUNTED.map(state => ({ module, state })),
      )
      const [counts, closed, invalid, oldest] = await Promise.all([
        Promise.all(
          states.map(({ module, state }) => store.lookup.count(tenant.id, module, state, MOST_COUNTED)),
        ),
        store.gates.of(tenant.id),
        store.history.countInvalid(tenant.id, MOST_COUNTED),
        Promise.all([
          store.lookup.oldestDue(tenant.id, new Date(at)),
          store.history.oldestDue(tenant.id, new Date(at)),
        ]),
      ])
      let dead = invalid
      for (const [place, labels] of states.entries()) {
        const count = counts[place] ?? 0
        records.set(labels, count)
        if (labels.state === 'dead' || labels.state === 'conflict') dead += count
      }
      letters.set(dead)
      gates.reset()
      for (const { remote, reason } of closed) gates.set({ remote, reason }, 1)
      const waits = (since: Date | undefined) =>
        since === undefined ? 0 : Math.max(0, at - since.getTime()) / 1000
      age.set({ queue: 'sending' }, waits(oldest[0]))
      age.set({ queue: 'intake' }, waits(oldest[1]))
      expiry.reset()
      for (const { remote, what, at: end } of expiring) expiry.set({ remote, what }, (end - at) / 1000)
    },
  }
}
