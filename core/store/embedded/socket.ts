/** Where the server of a data folder listens. */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The kernel's limit for the path of a Unix socket, without the end byte: 107 on Linux, 103 on macOS. */
const longestPath = process.platform === 'linux' ? 107 : 103

/** `<tmp>/wasl-<uid>-<hash of the folder>/s.sock`: drivers know a socket by its ending. */
export function socketPathOf(dataFolder: string): string {
  const hash = createHash('sha256').update(realpathSync(dataFolder)).digest('hex').slice(0, 16)
  const path = join(realpathSync(tmpdir()), `wasl-${process.getuid?.() ?? 0}-${hash}`, 's.sock')
  if (Buffer.byteLength(path) > longestPath) {
    throw new Error(
      `the socket's path ${path} is longer than the ${longestPath} bytes that the system allows; set TMPDIR to a shorter folder`,
    )
  }
  return path
}

/** Makes the folder of the socket, for this user alone; raises where it belongs to somebody else or is open to others. */
export function makeSocketFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  const uid = process.getuid?.()
  if (!found.isDirectory() || (uid !== undefined && found.uid !== uid) || (found.mode & 0o077) !== 0) {
    throw new Error(
      `${folder} must be a folder of this user that nobody else can enter (mode 0700); remove it and start again`,
    )
  }
}
