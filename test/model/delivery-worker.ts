/** What a worker of the delivery's model does: APPLY, MARK, SEND, ACK, PARK, RETRY, DEAD and WAKE, one store operation at a time. */
import { type DeliveryState, type Rules, refuses, type Stored, type Worker } from './delivery-state.ts'

/** After this many failed attempts a record is dead (72 hours in the engine). */
export const ATTEMPTS = 2

export type Add = (name: string, change: (next: DeliveryState) => void, chance?: boolean) => void

/** Who waits for record 1 is due again. */
export function wake(n: DeliveryState): void {
  const waiting = n.records[0]!
  if (!waiting.waiting) return
  waiting.waiting = false
  waiting.due = true
}

/** Every other worker that has read this record now holds an old `rev`. */
function changed(n: DeliveryState, r: number): void {
  for (const worker of n.workers) if (worker?.record === r) worker.fresh = false
}

/** Adds what worker `w` can do next in `s`. */
export function workerMoves(rules: Rules, s: DeliveryState, w: number, move: Add): void {
  const { events, faulty } = rules
  const now = s.workers[w]!
  const act = (
    name: string,
    change: (n: DeliveryState, worker: Worker, record: Stored) => void,
    chance = false,
  ) =>
    move(`worker ${w}, ${now.record}: ${name}`, n => change(n, n.workers[w]!, n.records[now.record]!), chance)
  const end = (n: DeliveryState): void => {
    n.workers[w] = null
  }
  /** A write that is guarded by the lease: false when it matches nothing, and the worker is done. */
  const owned = (n: DeliveryState, worker: Worker, record: Stored): boolean => {
    if (!worker.holds && !faulty('writes without the lease')) {
      end(n)
      return false
    }
    record.leased = false
    return true
  }

  switch (now.at) {
    case 'mark first':
      act('mark', (n, worker) => {
        n.events[worker.event]!.done = true
        worker.at = 'read'
      })
      break
    case 'read':
      act('read', (_, worker, record) => {
        worker.fresh = true
        worker.version = record.applied
        worker.at = 'apply'
      })
      break
    case 'apply':
      act('apply', (n, worker, record) => {
        const { version } = events[worker.event]!
        const replayed = faulty('a replay counts as the newest')
        const again =
          version === worker.version && record.dead && !faulty('a replay of what is dead is unchanged')
        if (version <= worker.version && !replayed && !again) {
          worker.at = 'mark'
          return
        }
        if (!worker.fresh && !faulty('apply without comparing rev')) {
          worker.at = 'read'
          return
        }
        changed(n, worker.record)
        const correction = version > record.applied
        record.applied = version
        if (faulty('outbox as a second write')) {
          worker.at = 'put into the outbox'
          return
        }
        if (!again) record.outbox = version
        put(rules, record, correction)
        worker.at = 'mark'
      })
      break
    case 'put into the outbox':
      act('put into the outbox', (_, worker, record) => {
        record.outbox = record.applied
        put(rules, record, true)
        worker.at = 'mark'
      })
      break
    case 'mark':
      act('mark', (n, worker) => {
        if (worker.current || faulty('mark without seeing the replay')) n.events[worker.event]!.done = true
        end(n)
      })
      break
    case 'read what it needs':
      act('read what it needs', (n, worker) => {
        const there = n.records[1]!.linked
        worker.at = there ? 'send' : faulty('park in one write') ? 'park' : 'say that it waits'
      })
      break
    case 'say that it waits':
      act('say that it waits', (n, worker, record) => {
        if (!worker.holds && !faulty('writes without the lease')) return end(n)
        record.waiting = true
        worker.at = 'read it again'
      })
      break
    case 'read it again':
      act('read it again', (n, worker) => {
        worker.at = n.records[1]!.linked && !faulty('park without reading again') ? 'it is there' : 'park'
      })
      break
    case 'it is there':
      act('it is there', (n, worker, record) => {
        if (!worker.holds && !faulty('writes without the lease')) return end(n)
        record.waiting = false
        worker.at = 'send'
      })
      break
    case 'park':
      act('park', (n, worker, record) => {
        if (!owned(n, worker, record)) return
        if (faulty('park in one write')) record.waiting = true
        if (record.waiting && (record.outbox === worker.version || faulty('park in one write')))
          record.due = false
        end(n)
      })
      break
    case 'send':
      if (refuses(rules, now.record, now.version)) {
        act('SEND is refused', (_, worker) => {
          worker.at = 'dead'
        })
        break
      }
      if (s.failures > 0) {
        act('SEND fails', (n, worker) => retry(n, worker), true)
        act(
          'SEND is done, its answer is lost',
          (n, worker) => {
            send(rules, n, worker)
            retry(n, worker)
          },
          true,
        )
      }
      act('SEND', (n, worker) => {
        send(rules, n, worker)
        worker.at = 'ack'
      })
      break
    case 'ack':
      act('ack', (n, worker, record) => {
        if (!owned(n, worker, record)) return
        record.linked = true
        record.attempts = 0
        record.asked = false
        if (worker.fresh || faulty('ack without comparing rev')) {
          record.outbox = 0
          record.due = false
        }
        changed(n, worker.record)
        if (worker.record !== 1) return end(n)
        record.woke = !faulty('nothing left to wake after a crash')
        worker.at = 'wake'
      })
      break
    case 'retry':
      act('retry', (n, worker, record) => {
        if (!owned(n, worker, record)) return
        if (faulty('retry puts back what it had tried')) record.outbox = worker.version
        record.attempts = worker.fresh ? record.attempts + 1 : 0
        record.backoff = true
        record.resting = true
        if (record.attempts >= ATTEMPTS) die(rules, record)
        end(n)
      })
      break
    case 'dead':
      act('dead', (n, worker, record) => {
        if (!owned(n, worker, record)) return
        if (worker.fresh || faulty('dead without comparing rev')) die(rules, record)
        end(n)
      })
      break
    case 'wake':
      act('wake who waits', (n, worker) => {
        wake(n)
        worker.at = 'wake is done'
      })
      break
    case 'wake is done':
      act('wake is done', (n, _, record) => {
        record.woke = false
        end(n)
      })
      break
    default:
      throw new Error(`no such place: ${now.at}`)
  }
}

/** APPLY's part in the outbox: new content starts its attempts again, and is not stopped by a refusal of the old. */
function put({ faulty }: Rules, record: Stored, correction: boolean): void {
  record.due = true
  record.waiting = false
  if (record.dead && correction && faulty('a refusal blocks its correction')) return
  if (record.dead || faulty('an event cancels the backoff')) record.backoff = false
  record.dead = false
  record.attempts = 0
}

function die({ faulty }: Rules, record: Stored): void {
  record.dead = true
  record.due = faulty('a dead record is claimed')
  record.asked = false
  record.attempts = 0
  record.backoff = false
  record.resting = false
  if (faulty('dead forgets what was to be sent')) record.outbox = 0
}

function send({ options }: Rules, n: DeliveryState, { record, version }: Worker): void {
  n.remote[record] = options.conditional ? Math.max(n.remote[record]!, version) : version
}

function retry(n: DeliveryState, worker: Worker): void {
  n.failures--
  worker.at = 'retry'
}
