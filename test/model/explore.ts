/** Explicit-state check: every interleaving of a small model, breadth first, so that the first trace is a shortest one. */

export interface Move<S> {
  readonly name: string
  readonly to: S
  /** A crash, a failure, a person's wish: it may happen, but nothing rests on it happening. */
  readonly chance?: boolean
}

export interface Model<S> {
  readonly initial: S
  /** Equal for states that behave alike. */
  readonly key: (state: S) => string
  readonly moves: (state: S) => readonly Move<S>[]
  /** What one move did that must never be done. */
  readonly forbidden?: (before: S, move: Move<S>) => string | undefined
  /** What is wrong with a state in which nothing goes on by itself any more. */
  readonly unfinished: (state: S) => string | undefined
}

export interface Found {
  readonly states: number
  /** What went wrong -> the moves that lead there. */
  readonly violations: ReadonlyMap<string, readonly string[]>
}

/** All that is wrong in at most `limit` states; raises RangeError beyond. With `first`, stops at the first. */
export function explore<S>(model: Model<S>, options: { limit: number; first?: boolean }): Found {
  const seen = new Map<string, number>([[model.key(model.initial), 0]])
  const queue: (S | undefined)[] = [model.initial]
  const parents = [-1]
  const names = ['start']
  const violations = new Map<string, readonly string[]>()
  const trace = (index: number): string[] => (index <= 0 ? [] : [...trace(parents[index]!), names[index]!])
  const report = (what: string | undefined, index: number) => {
    if (what !== undefined && !violations.has(what)) violations.set(what, trace(index))
  }

  for (let at = 0; at < queue.length; at++) {
    const state = queue[at]!
    // What was looked at is not needed again; thousands of states add up.
    queue[at] = undefined
    const moves = model.moves(state)
    if (!moves.some(move => !move.chance)) report(model.unfinished(state), at)
    for (const move of moves) {
      const key = model.key(move.to)
      let index = seen.get(key)
      if (index === undefined) {
        index = queue.length
        seen.set(key, index)
        queue.push(move.to)
        parents.push(at)
        names.push(move.name)
      }
      report(model.forbidden?.(state, move), index)
    }
    if (options.first && violations.size > 0) break
    if (seen.size > options.limit) throw new RangeError(`more than ${options.limit} states`)
  }
  return { states: seen.size, violations }
}
