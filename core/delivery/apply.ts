/**
 * APPLY and MARK: takes deliveries, from memory or by `dueAt`, and gives every event its outcome.
 *
 * Filter: taken where `dueAt` has come, which is put off and counted (`tries`) before any work; marked by `{_id, turn}`
 * while `dueAt` stands. Invariant: an event has its outcome only after its record was written, and `dueAt` goes with the
 * last outcome; a crash between the two applies again, which finds nothing to do.
 */
import { DataError, StoreError, type WaslError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { ConnectorDefinition, IncomingEvent, ResourceName } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument, EventDocument } from '../store/documents.ts'
import { newId } from '../store/ids.ts'
import { readDelivery } from './arrive.ts'
import { decideBatch } from './batch.ts'
import { storedError } from './error.ts'
import type { Gates } from './gate.ts'
import { touchedEvents } from './own-touches.ts'
import type { Decision, Item } from './scene.ts'
import type { Surroundings, Tenant } from './tenant.ts'
import { nameOf } from './tenant.ts'
import { createTouchReader, heldBack, readAgainMs, type Touched } from './touch.ts'

/** Payloads that wait in memory, in bytes; beyond it deliveries are only stored. */
const MOST_BYTES = 32 * 1024 * 1024
const MOST_EVENTS = 500
/** Crash-claims after which a delivery is never tried again. */
export const MOST_TRIES = 3
/** A delivery taken by `dueAt` is left to others after so long. */
const TAKE_MS = 60_000
const TAKE_AT_ONCE = 200

export interface ApplyOptions extends Surroundings {
  readonly store: Store
  readonly gates: Pick<Gates, 'before' | 'isPaused'>
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  /** These records are due now; `others`: and some that are not named. */
  readonly onDue: (tenant: string, records: readonly string[], others: boolean) => void
  /** This delivery's events got their outcomes. */
  readonly onMarked: (delivery: DeliveryDocument) => void
}

export interface Apply {
  /** False: there is no room. */
  take(document: DeliveryDocument, events: readonly IncomingEvent[]): boolean
  /** Takes what is due. True: there may be more. */
  sweep(): Promise<boolean>
  /** Resolves when nothing is in hand. */
  idle(): Promise<void>
  stop(): void
}

interface Task {
  readonly document: DeliveryDocument
  readonly events: readonly IncomingEvent[]
  /** By place: what was read for a touch. */
  readonly touched: Map<number, Touched>
  /** Called when its turn is over, however it ended. */
  readonly over?: () => void
}

export function createApply(options: ApplyOptions): Apply {
  const { store, tenants, connectors, log, now, random } = options
  const read = createTouchReader(now)
  const queues = new Map<string, Task[]>()
  const deciding = new Map<string, Promise<unknown>>()
  let bytes = 0
  let running: Promise<void> | undefined
  /** Taken by `dueAt` when the store failed, which is nobody's poison. */
  const excused: Task[] = []
  const background = new Set<Promise<unknown>>()
  let stopped = false

  function aside(work: Promise<unknown>): void {
    const tracked = work
      .catch(error => log.error('apply_failed', { error }))
      .finally(() => background.delete(tracked))
    background.add(tracked)
  }

  function enqueue(task: Task): void {
    const queue = queues.get(task.document.tenant)
    if (queue === undefined) queues.set(task.document.tenant, [task])
    else queue.push(task)
    bytes += task.document.raw.length
    running ??= drain().finally(() => {
      running = undefined
    })
  }

  async function drain(): Promise<void> {
    while (queues.size > 0 && !stopped) {
      // Tenants take turns: whoever sends much does not hold up who sends little.
      for (const [tenantId, queue] of [...queues]) {
        const batch: Task[] = []
        let events = 0
        while (queue.length > 0 && events < MOST_EVENTS) {
          const task = queue.shift() as Task
          events += task.events.length
          batch.push(task)
        }
        if (queue.length === 0) queues.delete(tenantId)
        try {
          CRASH: await options.crash?.after('B1')
          await applyTasks(await tenants.get(tenantId), batch)
        } catch (error) {
          // Nothing is lost: `dueAt` brings every one of them again.
          log.error('apply_failed', { tenant: tenantId, deliveries: batch.length, error })
          if (error instanceof StoreError) excused.push(...batch.filter(({ over }) => over !== undefined))
        }
        for (const task of batch) {
          bytes -= task.document.raw.length
          task.over?.()
        }
      }
    }
  }

  /** Reads what must be read from remotes first; that never holds up the others. */
  async function applyTasks(tenant: Tenant, tasks: readonly Task[]): Promise<void> {
    const ready: Task[] = []
    const reading: Task[] = []
    for (const task of tasks) (placesToRead(task).length > 0 ? reading : ready).push(task)
    if (reading.length > 0) aside(readFor(tenant, reading))
    if (ready.length > 0) await decideTasks(tenant, ready)
  }

  const placesToRead = ({ document, touched }: Task): number[] =>
    document.events.flatMap((event, place) =>
      event.kind === 'touch' && event.outcome === undefined && !touched.has(place) ? [place] : [],
    )

  async function readFor(tenant: Tenant, tasks: readonly Task[]): Promise<void> {
    const wanted = new Map<string, Map<string, { task: Task; place: number }[]>>()
    for (const task of tasks) {
      for (const place of placesToRead(task)) {
        const event = task.document.events[place] as EventDocument
        const id = event.identity?.slice(event.resource.length + 1)
        if (id === undefined) {
          const error = new DataError('PARSE_SHAPE', 'The notification names no record.', { at: 'id' })
          task.touched.set(place, { error, again: false })
          continue
        }
        const ids = wanted.get(event.resource) ?? new Map<string, { task: Task; place: number }[]>()
        wanted.set(event.resource, ids)
        ids.set(id, [...(ids.get(id) ?? []), { task, place }])
      }
    }
    await Promise.all(
      [...wanted].map(async ([resource, ids]) => {
        const definition = options.resource(resource)
        const results: ReadonlyMap<string, Touched> =
          definition === undefined
            ? new Map()
            : options.gates.isPaused(tenant.id, resource)
              ? heldBack(resource, [...ids.keys()])
              : await read(tenant, resource, definition, [...ids.keys()])
        const unknown = new DataError('UNKNOWN_MODULE', `Nothing is known of ${nameOf(resource)}.`)
        for (const [id, places] of ids) {
          for (const { task, place } of places) {
            task.touched.set(place, results.get(id) ?? { error: unknown, again: false })
          }
        }
      }),
    )
    CRASH: options.crash?.at('F1')
    await decideTasks(tenant, tasks)
  }

  /** One batch of a tenant at a time: two of them would only spoil each other's writes. */
  function decideTasks(tenant: Tenant, tasks: readonly Task[]): Promise<void> {
    const before = deciding.get(tenant.id) ?? Promise.resolve()
    const mine = before.then(() => decideNow(tenant, tasks))
    // Who asked for the batch gets its failure, from `mine`; the next one only waits for its end.
    const ended = mine.catch(() => undefined)
    deciding.set(tenant.id, ended)
    void ended.then(() => {
      if (deciding.get(tenant.id) === ended) deciding.delete(tenant.id)
    })
    return mine
  }

  async function decideNow(tenant: Tenant, tasks: readonly Task[]): Promise<void> {
    const items = new Map<Item, { task: Task; place: number }>()
    const outcomes = new Map<Task, EventDocument[]>()
    const again = new Map<Task, number>()
    for (const task of tasks) {
      outcomes.set(task, [...task.document.events])
      task.document.events.forEach((event, place) => {
        if (event.outcome !== undefined) return
        const item = itemOf(task, place)
        if ('event' in item) items.set(item, { task, place })
        else settleUnread(task, place, item)
      })
    }

    function settleUnread(task: Task, place: number, failure: Extract<Touched, { error: WaslError }>): void {
      const event = task.document.events[place] as EventDocument
      const events = outcomes.get(task) as EventDocument[]
      const { channel } = task.document
      if (channel === 'lookup' || (channel === 'sweep' && failure.error.code === 'REMOTE_UNSEEN')) {
        // Nobody told of it, we only asked: that it is not there is an answer.
        events[place] = { ...event, outcome: 'SKIPPED', reason: 'not_found' }
        return
      }
      const retryMs = tenant.pipelines.retryMs(event.resource as ResourceName)
      const later =
        failure.againMs ??
        (failure.again
          ? readAgainMs(task.document.receivedAt.getTime(), now(), random(), retryMs)
          : undefined)
      if (later !== undefined) {
        again.set(task, Math.min(again.get(task) ?? Infinity, later))
        log.warn('read_failed', { tenant: tenant.id, event: event.id, code: failure.error.code })
        return
      }
      events[place] = { ...event, outcome: 'INVALID', error: storedError(failure.error) }
    }

    const decided = await decideBatch(store.records, tenant, [...items.keys()], {
      ...options,
      gateBefore: (resource, module) => options.gates.before(tenant.id, resource, '', module),
    })
    CRASH: options.crash?.at('B3')
    for (const [item, decision] of decided.decisions) {
      const { task, place } = items.get(item) as { task: Task; place: number }
      ;(outcomes.get(task) as EventDocument[])[place] = withDecision(
        { ...item.event, kind: (task.document.events[place] as EventDocument).kind },
        decision,
      )
    }
    if (decided.due.length > 0 || decided.woken) options.onDue(tenant.id, decided.due, decided.woken)

    const whole = new Set<Task>()
    for (const item of decided.partial) {
      const { task, place } = items.get(item) as { task: Task; place: number }
      ;(outcomes.get(task) as EventDocument[])[place] = { ...item.event, kind: 'touch' }
      task.touched.delete(place)
      whole.add(task)
    }
    const marks = [...outcomes].map(([task, events]) => {
      const open = events.some(event => event.outcome === undefined)
      const later = again.get(task) ?? (whole.has(task) ? TAKE_MS : 1000)
      return {
        id: task.document._id,
        turn: task.document.turn,
        events,
        tries: 0,
        ...(open ? { dueAt: new Date(now() + later) } : {}),
      }
    })
    await store.deliveries.mark(marks)
    for (const [task, events] of outcomes) {
      const document = { ...task.document, events }
      if (whole.has(task)) enqueue({ ...task, document, touched: new Map(task.touched) })
      else if (events.every(event => event.outcome !== undefined)) options.onMarked(document)
    }
  }

  function itemOf(task: Task, place: number): Item | Extract<Touched, { error: WaslError }> {
    const event = task.document.events[place] as EventDocument
    const incoming = task.events[place]
    const ifNew = newId(now())
    if (event.kind !== 'touch') {
      const definition = options.resource(event.resource)
      return {
        event,
        payload: incoming?.payload,
        partial: incoming?.partial ?? definition?.partial ?? false,
        readAt: undefined,
        toldAt: task.document.receivedAt,
        newId: ifNew,
      }
    }
    const touched = task.touched.get(place) as Touched
    if ('error' in touched) return touched
    const { result, readAt } = touched
    if (result.state !== 'found') {
      return { event: { ...event, kind: 'delete' }, payload: undefined, partial: false, readAt, newId: ifNew }
    }
    const version = options.resource(event.resource)?.versionOf(result.payload) ?? []
    return {
      event: { ...event, kind: 'state', version },
      payload: result.payload,
      partial: false,
      readAt,
      newId: ifNew,
    }
  }

  /** A stored delivery is parsed again, exactly as it was when it came. */
  async function revive(document: DeliveryDocument): Promise<Task | undefined> {
    try {
      if (document.tries >= MOST_TRIES) {
        throw new DataError('POISON', 'Wasl was ended several times while it worked on this delivery.', {
          hint: 'Send its content to the maintainers; it is not tried again by itself.',
        })
      }
      if (document.unreadable === true)
        throw new DataError('PAYLOAD_UNREADABLE', 'The stored bytes of this delivery cannot be read.', {
          hint: 'They were changed in the store, or stored under another WASL_KEY: save the record again where it came from.',
        })
      const { channel } = document
      if (channel === 'lookup' || channel === 'sweep')
        return { document, events: touchedEvents(document), touched: new Map() }
      const tenant = await tenants.get(document.tenant)
      const parsed = readDelivery(
        connectors.get(document.connector),
        { ...document, channel, receivedAt: document.receivedAt.getTime(), body: parseJson(document.raw) },
        (connector, route) => tenant.pipelines.resourceOf(connector, route),
      )
      return { document, events: parsed.events, touched: new Map() }
    } catch (cause) {
      if (!(cause instanceof DataError)) throw cause
      const error = storedError(cause)
      const events = document.events.map(event =>
        event.outcome === undefined ? { ...event, outcome: 'INVALID' as const, error } : event,
      )
      await store.deliveries.mark([{ id: document._id, turn: document.turn, events, tries: document.tries }])
      options.onMarked({ ...document, events })
      return undefined
    }
  }

  return {
    take(document, events) {
      if (stopped || bytes + document.raw.length > MOST_BYTES) return false
      enqueue({ document, events, touched: new Map() })
      return true
    },

    async sweep() {
      await store.deliveries.excuse(excused.map(({ document }) => document._id))
      excused.splice(0)
      const at = now()
      const due = await store.deliveries.take(new Date(at), new Date(at + TAKE_MS), TAKE_AT_ONCE)
      const taken: Promise<void>[] = []
      for (const document of due) {
        const task = await revive(document)
        if (task === undefined || stopped) continue
        // Only these: what comes in meanwhile, without end perhaps, has its own turn.
        taken.push(new Promise(over => enqueue({ ...task, over })))
      }
      await Promise.all(taken)
      return due.length > 0 && !stopped
    },

    async idle() {
      while (running !== undefined || background.size > 0) await Promise.all([running, ...background])
    },

    stop() {
      stopped = true
      for (const queue of queues.values()) for (const task of queue) task.over?.()
      queues.clear()
    },
  }
}

function withDecision(event: EventDocument, decision: Decision): EventDocument {
  const { outcome, reason, changes, error, module, flow, config, record, answers } = decision
  return {
    ...event,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(changes.length === 0 ? {} : { changes }),
    ...(error === undefined ? {} : { error }),
    ...(module === undefined ? {} : { module }),
    ...(flow === undefined ? {} : { flow }),
    ...(config === undefined ? {} : { config }),
    ...(record === undefined ? {} : { record }),
    ...(answers === undefined ? {} : { answers }),
  }
}
