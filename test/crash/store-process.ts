/** The embedded store as a process of its own, found by its data folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Program } from './processes.ts'

/** What the embedded store of a program is started from. */
export const entryOf = ({ entry }: Program) => join(dirname(entry), 'embedded.js')

/** The processes that serve this data folder: one at most, none while nobody has started it again. */
export const storesOf = (folder: string): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return line.includes('embedded.js') && line.includes(folder)
      } catch {
        // It ended since it was listed.
        return false
      }
    })
    .map(Number)

/** SIGKILL. False: there was none to kill just then. */
export function killStore(folder: string): boolean {
  const [pid] = storesOf(folder)
  if (pid === undefined) return false
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}
