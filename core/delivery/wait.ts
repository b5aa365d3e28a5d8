/** Those who wait for the end of a delivery, told when something of it moved. */

export interface Waiters {
  /** Resolves when `name` moved, or after `ms`. */
  moved(name: string, ms: number): Promise<void>
  tell(names: Iterable<string>): void
  readonly size: number
  /** Lets everybody go. */
  close(): void
}

export function createWaiters(): Waiters {
  const waiting = new Map<string, Set<() => void>>()
  let size = 0

  function tell(names: Iterable<string>): void {
    if (size === 0) return
    for (const name of names) {
      const all = waiting.get(name)
      if (all === undefined) continue
      for (const wake of [...all]) wake()
    }
  }

  return {
    get size() {
      return size
    },

    moved(name, ms) {
      return new Promise(resolve => {
        const all = waiting.get(name) ?? new Set<() => void>()
        waiting.set(name, all)
        size += 1
        const wake = () => {
          clearTimeout(timer)
          all.delete(wake)
          if (all.size === 0) waiting.delete(name)
          size -= 1
          resolve()
        }
        const timer = setTimeout(wake, ms)
        all.add(wake)
      })
    },

    tell,

    close() {
      tell([...waiting.keys()])
    },
  }
}
