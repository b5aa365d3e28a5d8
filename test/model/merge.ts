/**
 * MERGE of two records that turn out to be one: the loser gets `mergedInto`, the survivor takes over what it has,
 * the loser is `absorbed`. A (0) is older and was heard from one side, B (1) is younger and was heard from the
 * other; every event of B shows that B is A. Both may be pushed meanwhile, and whoever acts may crash at any step.
 */
import type { Model, Move } from './explore.ts'

export type MergeFault =
  | 'merge without comparing rev'
  | 'no sweep for what was left half merged'
  | 'absorbed although it changed since'
  | 'an ack on a merged record is not taken over'

export interface MergeOptions {
  /** `A1`, `B2`: record and version. */
  readonly events: readonly string[]
  readonly crashes?: number
  readonly fault?: MergeFault
}

interface Stored {
  /** The versions heard from either side. */
  sides: [number, number]
  pushed: [number, number]
  /** The link that a push of B brings; the survivor must end up with it. */
  linked: boolean
  due: boolean
  leased: boolean
  merged: boolean
  absorbed: boolean
}
interface Worker {
  job: 'apply' | 'push' | 'sweep'
  at: string
  event: number
  record: number
  /** Whether `rev` of A and of B is still the one that was read. */
  fresh: [boolean, boolean]
  holds: boolean
  /** What was read of B, or is being pushed. */
  sides: [number, number]
  linked: boolean
}
interface State {
  events: { arrived: boolean; done: boolean }[]
  records: [Stored, Stored]
  workers: (Worker | null)[]
  crashes: number
}

const stored = (): Stored => ({
  sides: [0, 0],
  pushed: [0, 0],
  linked: false,
  due: false,
  leased: false,
  merged: false,
  absorbed: true,
})
const copy = (s: State): State => structuredClone(s)

export function mergeModel(options: MergeOptions): Model<State> {
  const events = options.events.map(text => ({
    record: text.startsWith('A') ? 0 : 1,
    version: Number(text[1]),
  }))
  const newest = [0, 1].map(side => Math.max(0, ...events.filter(e => e.record === side).map(e => e.version)))
  const faulty = (fault: MergeFault) => options.fault === fault
  const unread = { event: -1, record: 1, holds: true, linked: false }

  function moves(s: State): Move<State>[] {
    const out: Move<State>[] = []
    const move = (name: string, change: (n: State) => void, chance = false) => {
      const to = copy(s)
      change(to)
      out.push({ name, to, chance })
    }
    for (const [i, event] of s.events.entries())
      if (!event.arrived)
        move(`accept ${options.events[i]}`, n => {
          n.events[i]!.arrived = true
        })
    for (const [r, record] of s.records.entries())
      if (
        record.leased &&
        !s.workers.some(worker => worker?.job === 'push' && worker.record === r && worker.holds)
      )
        move(`the lease of ${r} expires`, n => {
          n.records[r]!.leased = false
        })
    for (const [w, worker] of s.workers.entries()) {
      if (worker) {
        step(s, w, (name, change) =>
          move(`worker ${w}: ${name}`, n => change(n, n.workers[w]!, n.records[worker.record]!)),
        )
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
      const begin = (n: State, begun: Partial<Worker> & Pick<Worker, 'job' | 'at'>) => {
        n.workers[w] = { ...unread, fresh: [true, true], sides: [0, 0], ...begun }
      }
      for (const [i, event] of s.events.entries())
        if (event.arrived && !event.done)
          move(`worker ${w} takes ${options.events[i]}`, n =>
            begin(n, { job: 'apply', at: 'read', event: i, record: events[i]!.record }),
          )
      if (s.records[1].merged && !s.records[1].absorbed && !faulty('no sweep for what was left half merged'))
        move(`worker ${w} sweeps`, n => begin(n, { job: 'sweep', at: 'read both' }))
      for (const [r, record] of s.records.entries())
        if (record.due && !record.leased && !record.merged)
          move(`worker ${w} claims ${r}`, n => {
            n.records[r]!.leased = true
            begin(n, { job: 'push', at: 'send', record: r, sides: [...record.sides] })
          })
    }
    return out
  }

  type Act = (name: string, change: (n: State, worker: Worker, record: Stored) => void) => void
  function step(s: State, w: number, act: Act): void {
    const now = s.workers[w]!
    const end = (n: State): void => {
      n.workers[w] = null
    }
    const changed = (n: State, record: number) => {
      for (const worker of n.workers) if (worker) worker.fresh[record] = false
    }
    const stale = (worker: Worker, record: number) =>
      !worker.fresh[record] && !faulty('merge without comparing rev')

    switch (now.at) {
      case 'read':
        act('read', (n, worker, record) => {
          if (record.merged) {
            worker.record = 0
            return
          }
          worker.fresh = [true, true]
          // There is nothing to merge into before A was applied once.
          worker.at = worker.record === 1 && n.records[0].sides[0] > 0 ? 'merge' : 'apply'
        })
        break
      case 'apply':
        act('apply', (n, worker, record) => {
          if (stale(worker, worker.record)) {
            worker.at = 'read'
            return
          }
          const { record: side, version } = events[worker.event]!
          if (version > record.sides[side]!) {
            record.sides[side] = version
            record.due = true
            changed(n, worker.record)
          }
          worker.at = 'mark'
        })
        break
      case 'mark':
        act('mark', (n, worker) => {
          n.events[worker.event]!.done = true
          end(n)
        })
        break
      case 'merge':
        act('loser: mergedInto', (n, worker) => {
          if (stale(worker, 1)) {
            worker.at = 'read'
            return
          }
          Object.assign(n.records[1], { merged: true, absorbed: false, due: false })
          changed(n, 1)
          worker.at = 'read both'
        })
        break
      case 'read both':
        act('read both', (n, worker) => {
          worker.fresh = [true, true]
          worker.sides = [...n.records[1].sides]
          worker.linked = n.records[1].linked
          worker.at = 'take over'
        })
        break
      case 'take over':
        act('survivor takes over', (n, worker) => {
          if (stale(worker, 0)) {
            worker.at = 'read both'
            return
          }
          const survivor = n.records[0]
          survivor.sides = [0, 1].map(i => Math.max(survivor.sides[i]!, worker.sides[i]!)) as [number, number]
          survivor.linked ||= worker.linked
          survivor.due = true
          changed(n, 0)
          worker.at = 'absorbed'
        })
        break
      case 'absorbed':
        act('loser: absorbed', (n, worker) => {
          if (!worker.fresh[1] && !faulty('absorbed although it changed since')) {
            worker.at = 'read both'
            return
          }
          n.records[1].absorbed = true
          if (worker.job === 'sweep') return end(n)
          worker.record = 0
          worker.at = 'read'
        })
        break
      case 'send':
        act('send', (_, worker) => {
          worker.at = 'ack'
        })
        break
      case 'ack':
        act('ack', (n, worker, record) => {
          record.leased = false
          record.pushed = worker.sides
          if (worker.record === 1) record.linked = true
          if (record.merged && !faulty('an ack on a merged record is not taken over')) record.absorbed = false
          if (worker.fresh[worker.record]) record.due = false
          changed(n, worker.record)
          end(n)
        })
        break
      default:
        throw new Error(`no such place: ${now.at}`)
    }
  }

  function unfinished(s: State): string | undefined {
    if (s.events.some(event => !event.arrived)) return undefined
    if (s.events.some(event => !event.done)) return 'an event is lost'
    const [survivor, loser] = s.records
    if (!loser.merged) return undefined
    for (const side of [0, 1])
      if (survivor.sides[side] !== newest[side])
        return `the survivor has version ${survivor.sides[side]} of side ${side}, not ${newest[side]}`
    if (!loser.absorbed) return 'the loser is not absorbed'
    if (loser.linked && !survivor.linked) return 'a link is lost'
    if (survivor.due) return 'the survivor is still due'
    if (survivor.pushed.join() !== newest.join()) return 'the remote is behind'
    return undefined
  }

  const initial: State = {
    events: events.map(() => ({ arrived: false, done: false })),
    records: [stored(), stored()],
    workers: [null, null],
    crashes: options.crashes ?? 0,
  }
  const key = (s: State) =>
    JSON.stringify([s.events, s.records, s.workers.map(worker => JSON.stringify(worker)).sort(), s.crashes])
  return { initial, moves, unfinished, key }
}
