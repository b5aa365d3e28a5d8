/**
 * The protocol of delivery: APPLY by compare-and-set, CLAIM, SEND, ACK, PARK, WAKE, RETRY, DEAD and replay.
 * Record 0 (C) needs record 1 (D) to be linked before it can be sent. Two workers, every interleaving, a crash at
 * any step, a lease that expires under a worker that still lives.
 *
 * `rev` and the lease's nonce are not numbers here: a worker's `fresh` says whether the record's `rev` is still the
 * one that it read, `holds` whether the lease is still its own. That is what the guarded writes compare.
 */
import {
  copy,
  type DeliveryOptions,
  type DeliveryState,
  initialState,
  key,
  refuses,
  rulesOf,
} from './delivery-state.ts'
import { type Add, ATTEMPTS, wake, workerMoves } from './delivery-worker.ts'
import type { Model, Move } from './explore.ts'

export function deliveryModel(options: DeliveryOptions): Model<DeliveryState> {
  const rules = rulesOf(options)
  const { events, faulty } = rules
  const newest = [0, 1].map(record =>
    Math.max(0, ...events.filter(e => e.record === record).map(e => e.version)),
  )

  function moves(s: DeliveryState): Move<DeliveryState>[] {
    const out: Move<DeliveryState>[] = []
    const move: Add = (name, change, chance = false) => {
      const to = copy(s)
      change(to)
      out.push({ name, to, chance })
    }
    for (const [i, event] of s.events.entries()) {
      const { record, version } = events[i]!
      if (!event.arrived)
        move(`accept ${options.events[i]}`, n => {
          n.events[i]!.arrived = true
        })
      if (event.done && s.replays > 0)
        move(
          `replay ${options.events[i]}`,
          n => {
            n.replays--
            n.events[i]!.done = false
            for (const worker of n.workers)
              if (worker?.job === 'apply' && worker.event === i) worker.current = false
            if (n.records[record]!.dead && version === n.records[record]!.applied)
              n.records[record]!.asked = true
          },
          true,
        )
    }
    for (const [r, record] of s.records.entries()) {
      const owner = s.workers.findIndex(
        worker => worker?.job === 'push' && worker.record === r && worker.holds,
      )
      if (record.leased && owner < 0)
        move(`the lease of ${r} expires`, n => {
          n.records[r]!.leased = false
        })
      if (record.leased && owner >= 0 && s.liveExpiries > 0)
        move(
          `the lease of ${r} expires under its worker`,
          n => {
            n.liveExpiries--
            n.records[r]!.leased = false
            n.workers[owner]!.holds = false
          },
          true,
        )
      if (record.resting)
        move(`the time of ${r} has come`, n => {
          n.records[r]!.backoff = false
          n.records[r]!.resting = false
        })
      const waking = s.workers.some(
        worker => worker?.job === 'push' && worker.record === r && worker.at.startsWith('wake'),
      )
      if (record.woke && !waking)
        move(`the sweep wakes who waits for ${r}`, n => {
          wake(n)
          n.records[r]!.woke = false
        })
    }
    for (const [w, worker] of s.workers.entries()) {
      if (worker) {
        workerMoves(rules, s, w, move)
        if (s.crashes > 0)
          move(
            `worker ${w} crashes before: ${worker.at}`,
            n => {
              n.workers[w] = null
              n.crashes--
            },
            true,
          )
        continue
      }
      for (const [i, event] of s.events.entries())
        if (event.arrived && !event.done)
          move(`worker ${w} takes ${options.events[i]}`, n => {
            const at = faulty('event marked before it is applied') ? 'mark first' : 'read'
            n.workers[w] = {
              job: 'apply',
              at,
              event: i,
              record: events[i]!.record,
              version: 0,
              fresh: false,
              holds: false,
              current: true,
            }
          })
      for (const [r, record] of s.records.entries()) {
        const open = record.due && record.outbox > 0 && !record.leased && !record.backoff
        if (open && (!record.dead || faulty('a dead record is claimed')))
          move(`worker ${w} claims ${r}`, n => {
            n.records[r]!.leased = true
            const at = r === 0 ? 'read what it needs' : 'send'
            n.workers[w] = {
              job: 'push',
              at,
              event: 0,
              record: r,
              version: record.outbox,
              fresh: true,
              holds: true,
              current: true,
            }
          })
      }
    }
    return out
  }

  function forbidden(before: DeliveryState, { name, to }: Move<DeliveryState>): string | undefined {
    for (const [r, record] of to.records.entries()) {
      if (record.applied < before.records[r]!.applied) return `what is applied to ${r} went back`
      if (
        /: SEND/.test(name) &&
        before.records[r]!.resting &&
        name.includes(`, ${r}: `) &&
        before.records[r]!.leased
      )
        return `${r} was sent before its time`
      if (/claims/.test(name) && name.endsWith(`claims ${r}`) && before.records[r]!.dead)
        return `dead ${r} was taken`
    }
    for (const [i, event] of to.events.entries())
      if (event.done && to.records[events[i]!.record]!.applied < events[i]!.version)
        return `${options.events[i]} is marked but not applied`
    return undefined
  }

  function unfinished(s: DeliveryState): string | undefined {
    for (const [i, event] of s.events.entries()) {
      if (!event.arrived) return undefined
      if (!event.done) return `${options.events[i]} is lost`
    }
    for (const [r, record] of s.records.entries()) {
      const want = newest[r]!
      if (want === 0) continue
      if (record.dead) {
        if (record.outbox !== want) return `${r} is dead with nothing to send again`
        if (record.asked) return `${r} is dead although somebody asked for it again`
        if (!refuses(rules, r, want) && (options.failures ?? 0) < ATTEMPTS)
          return `${r} is dead although its newest version is good`
      } else if (r === 0 && !s.records[1]!.linked) {
        if (!record.waiting || record.outbox !== want) return '0 does not wait for what is missing'
      } else {
        if (record.outbox > 0) return `the outbox of ${r} is not empty`
        if (s.remote[r] !== want) return `the remote has version ${s.remote[r]} of ${r}, not ${want}`
      }
    }
    return undefined
  }

  return { initial: initialState(options), moves, forbidden, unfinished, key }
}
