/**
 * Edits of one moment: all of them carry one version. Their notifications come in any order, one of them twice; touches
 * are read. Two workers, each with its own event, every interleaving with the edits themselves. In the end the record
 * must be what its source is.
 */
import type { Model, Move } from './explore.ts'

/** Ways to build it wrong; each must be caught. */
export type TieFault =
  | 'who is told last is right'
  | 'who is told first is right'
  | 'an earlier read is kept'
  | 'a read does not ask what was told meanwhile'
  | 'apply without comparing rev'

export interface TieOptions {
  /** `2`: the second edit is told. `?1`: a touch that comes after the first. */
  readonly events: readonly string[]
  readonly fault?: TieFault
}

interface Stored {
  /** Which edit the record is; 0: nothing yet. */
  edit: number
  /** When it was told, or when the read that brought it began; 0 otherwise. */
  toldAt: number
  readAt: number
}

interface Worker {
  event: number
  at: 'ask' | 'read' | 'look' | 'decide'
  /** What the event brings, and when its read began; 0: it was told. */
  edit: number
  readAt: number
  /** What it saw when it looked, and whether that is still so. */
  seen: Stored
  fresh: boolean
}

interface TieState {
  /** What the source is: the number of the last edit. */
  source: number
  clock: number
  arrived: number[]
  done: boolean[]
  record: Stored
  workers: (Worker | null)[]
}

const nothing: Stored = { edit: 0, toldAt: 0, readAt: 0 }

export function tieModel({ events: texts, fault }: TieOptions): Model<TieState> {
  const events = texts.map(text => ({ touch: text.startsWith('?'), edit: Number(text.replace('?', '')) }))
  const edits = Math.max(...events.map(({ edit }) => edit))

  function moves(s: TieState): Move<TieState>[] {
    const out: Move<TieState>[] = []
    const move = (name: string, change: (n: TieState) => void) => {
      const to = structuredClone(s)
      change(to)
      out.push({ name, to })
    }
    if (s.source < edits) move(`edit ${s.source + 1}`, n => void n.source++)
    for (const [i, { edit }] of events.entries()) {
      if (s.arrived[i] === 0 && s.source >= edit)
        move(`${texts[i]} comes`, n => {
          n.arrived[i] = ++n.clock
        })
    }
    for (const [w, worker] of s.workers.entries()) {
      if (worker !== null) {
        out.push(act(s, w, worker))
        continue
      }
      for (const [i, { touch, edit }] of events.entries()) {
        const taken = s.workers.some(other => other?.event === i)
        if (s.arrived[i] === 0 || s.done[i] || taken) continue
        move(`worker ${w} takes ${texts[i]}`, n => {
          n.workers[w] = {
            event: i,
            at: touch ? 'ask' : 'look',
            edit,
            readAt: 0,
            seen: nothing,
            fresh: false,
          }
        })
      }
    }
    return out
  }

  function act(s: TieState, w: number, worker: Worker): Move<TieState> {
    const { event, at, edit, readAt, seen, fresh } = worker
    const does = (what: string, change: (n: TieState, me: Worker) => void): Move<TieState> => {
      const to = structuredClone(s)
      change(to, to.workers[w]!)
      return { name: `worker ${w}, ${texts[event]}: ${what}`, to }
    }
    const next = (what: string, place: Worker['at']) =>
      does(what, (_, me) => Object.assign(me, { at: place }))
    if (at === 'ask')
      return does('begins to read', (n, me) => Object.assign(me, { readAt: ++n.clock, at: 'read' }))
    if (at === 'read')
      return does(`reads ${s.source}`, (n, me) => Object.assign(me, { edit: n.source, at: 'look' }))
    if (at === 'look')
      return does('looks', (n, me) => Object.assign(me, { seen: n.record, fresh: true, at: 'decide' }))

    if (seen.edit === edit) return does('finds nothing new', end)
    if (seen.edit !== 0) {
      if (fault === 'who is told first is right') return does('is passed over', end)
      if (readAt === 0 && fault !== 'who is told last is right') return next('must ask', 'ask')
      const meanwhile = readAt !== 0 && seen.toldAt >= readAt
      if (meanwhile && fault !== 'a read does not ask what was told meanwhile')
        return next('must ask again', 'ask')
      if (readAt !== 0 && seen.readAt > readAt && fault !== 'an earlier read is kept')
        return does('is passed over', end)
    }
    if (!fresh && fault !== 'apply without comparing rev') return next('looks again', 'look')
    return does(`applies ${edit}`, (n, me) => {
      n.record = { edit, readAt, toldAt: readAt === 0 ? n.arrived[event]! : 0 }
      for (const worker of n.workers) if (worker !== null) worker.fresh = false
      end(n, me)
    })
  }

  function end(n: TieState, { event }: Worker): void {
    n.done[event] = true
    n.workers[n.workers.findIndex(worker => worker?.event === event)] = null
  }

  return {
    initial: {
      source: 0,
      clock: 0,
      arrived: events.map(() => 0),
      done: events.map(() => false),
      record: nothing,
      workers: [null, null],
    },
    moves,
    key: s => JSON.stringify(s),
    unfinished: s =>
      s.record.edit === s.source ? undefined : `the record is edit ${s.record.edit}, its source ${s.source}`,
  }
}
