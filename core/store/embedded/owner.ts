/**
 * One server per data folder. The record of the owner is taken in an LMDB transaction, which settles races between
 * processes; an owner that died (its process id is gone, or belongs to a later process) is stale. Every write
 * transaction asks again, so that a server that was wrongly taken for dead stops instead of writing.
 */
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Storage } from './storage/storage.ts'

interface Owner {
  readonly pid: number
  /** When the process began, in the system's own words: process ids are used again. */
  readonly began: string
  readonly nonce: string
}

const key = 'owner'

export interface Ownership {
  release(): void
}

/** Undefined where another living process owns the folder. */
export function takeOwnership(storage: Storage, lost: () => void): Ownership | undefined {
  const mine: Owner = { pid: process.pid, began: beganAt(process.pid) ?? '', nonce: randomUUID() }
  const text = JSON.stringify(mine)
  const taken = storage.claim(key, old => (old !== undefined && isAlive(JSON.parse(old)) ? undefined : text))
  if (!taken) return undefined
  storage.load()
  storage.guard(() => {
    if (storage.peek(key) === text) return
    lost()
    throw new Error('another process has taken the data folder over')
  })
  return {
    release: () => {
      if (storage.peek(key) === text) storage.release(key)
    },
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.pid === process.pid) return owner.began === beganAt(process.pid)
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const began = beganAt(owner.pid)
  return began !== undefined && began === owner.began
}

/** Boot and start time of a process: from /proc, elsewhere (macOS) from ps. */
function beganAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie holds nothing any more.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
  } catch {
    // On Linux the process is gone; elsewhere there is no /proc.
    if (process.platform === 'linux') return undefined
    const { stdout, status } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
    return status === 0 ? stdout.trim() || undefined : undefined
  }
}
