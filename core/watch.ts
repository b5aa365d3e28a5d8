/** Tells when files of some folders have changed, also where folders appear, vanish or are replaced. */
import { type FSWatcher, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Editors and deployments write in several steps. */
const SETTLE_MS = 100
/** What no notice told of (network disks, exhausted watches, folders that were not there) is found after so long. */
const LOOK_MS = 2000

export interface WatchOptions {
  readonly folders: readonly string[]
  /** Which files count, by name. */
  readonly matches: RegExp
  /** Never called twice at a time; what changes meanwhile calls it again. */
  readonly changed: () => Promise<void>
  readonly failed: (error: unknown) => void
}

export interface Watching {
  close(): Promise<void>
}

/** The state of every file that counts, and the folders in which they stand. */
interface Seen {
  readonly files: string
  readonly folders: readonly string[]
}

/** Resolves once the state that changes are compared with is known. */
export async function watchFiles({ folders, matches, changed, failed }: WatchOptions): Promise<Watching> {
  const watchers = new Map<string, FSWatcher>()
  let seen = await look(folders, matches)
  let running: Promise<void> | undefined
  let soon: NodeJS.Timeout | undefined
  let closed = false

  function settle(): void {
    if (closed) return
    clearTimeout(soon)
    soon = setTimeout(() => {
      running ??= compare().finally(() => {
        running = undefined
      })
    }, SETTLE_MS)
  }

  async function compare(): Promise<void> {
    try {
      const now = await look(folders, matches)
      const same = now.files === seen.files
      seen = now
      renew()
      if (same || closed) return
      await changed()
      // What changed while it ran was not told to anybody.
      settle()
    } catch (error) {
      failed(error)
    }
  }

  /** A folder that was replaced is another one under the same name: only its own watcher hears of it. */
  function renew(): void {
    if (closed) return
    const there = new Set(seen.folders)
    for (const [key, watcher] of watchers) {
      if (there.has(key)) continue
      watcher.close()
      watchers.delete(key)
    }
    for (const key of there) {
      if (watchers.has(key)) continue
      try {
        const watcher = watch(key.slice(key.indexOf(' ') + 1), { persistent: false }, settle)
        watcher.on('error', () => watcher.close())
        watchers.set(key, watcher)
      } catch {
        // It vanished again, or the system has no watches left: the look every two seconds finds what changes.
      }
    }
  }

  renew()
  const looking = setInterval(settle, LOOK_MS).unref()
  return {
    async close() {
      closed = true
      clearInterval(looking)
      clearTimeout(soon)
      for (const watcher of watchers.values()) watcher.close()
      await running
    },
  }
}

async function look(roots: readonly string[], matches: RegExp): Promise<Seen> {
  const files: string[] = []
  const folders: string[] = []
  async function walk(folder: string): Promise<void> {
    const [entries, facts] = await Promise.all([
      unlessGone(readdir(folder, { withFileTypes: true })),
      unlessGone(stat(folder)),
    ])
    // A folder that is still to come is told by the one around it.
    if (entries === undefined || facts === undefined) return around(folder)
    folders.push(`${facts.ino} ${folder}`)
    await Promise.all(
      entries.map(async entry => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return walk(path)
        if (!matches.test(entry.name)) return
        const state = await unlessGone(stat(path))
        if (state !== undefined) files.push(`${path} ${state.ino} ${state.size} ${state.mtimeMs}`)
      }),
    )
  }
  async function around(folder: string): Promise<void> {
    const parent = dirname(folder)
    const facts = roots.includes(folder) ? await unlessGone(stat(parent)) : undefined
    if (facts !== undefined) folders.push(`${facts.ino} ${parent}`)
  }
  await Promise.all(roots.map(walk))
  return { files: files.sort().join('\n'), folders }
}

const unlessGone = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
