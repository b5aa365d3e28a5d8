/** Those who wait for the end of a delivery, told when something of it moved. */

/** What one of them looks at. What is told from `add` on is heard, also while it is still looking. */
export interface Watch {
  add(names: Iterable<string>): void
  /** Resolves when one of the names moved since the last time, or after `ms`. */
  moved(ms: number): Promise<void>
  end(): void
}

export interface Waiters {
  watch(): Watch
  tell(names: Iterable<string>): void
  /** Lets everybody go. */
  close(): void
}

export function createWaiters(): Waiters {
  const hearers = new Map<string, Set<() => void>>()

  function tell(names: Iterable<string>): void {
    if (hearers.size === 0) return
    for (const name of names) for (const hear of hearers.get(name) ?? []) hear()
  }

  return {
    watch() {
      const names = new Set<string>()
      let heard = false
      let wake: (() => void) | undefined
      const hear = () => {
        heard = true
        wake?.()
      }
      return {
        add(more) {
          for (const name of more) {
            names.add(name)
            const all = hearers.get(name)
            if (all === undefined) hearers.set(name, new Set([hear]))
            else all.add(hear)
          }
        },

        async moved(ms) {
          if (!heard) {
            await new Promise<void>(resolve => {
              const timer = setTimeout(resolve, ms)
              wake = () => {
                clearTimeout(timer)
                resolve()
              }
            })
            wake = undefined
          }
          heard = false
        },

        end() {
          for (const name of names) {
            const all = hearers.get(name)
            all?.delete(hear)
            if (all?.size === 0) hearers.delete(name)
          }
        },
      }
    },

    tell,

    close() {
      tell([...hearers.keys()])
    },
  }
}
