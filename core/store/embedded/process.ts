/** The server as a process: `node process.ts <dataFolder> [--linger ms]`. */
import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type RunningServer, startServer } from './server.ts'
import { socketPathOf } from './socket.ts'

export { type RunningServer, type ServerOptions, startServer } from './server.ts'

const defaultLingerMs = 10_000
/** How long a starter waits for an owner that is about to end. */
const patienceMs = 15_000

/** The server for the folder; undefined where another process serves it already. */
async function serve(folder: string, lingerMs: number): Promise<RunningServer | undefined> {
  const socketPath = socketPathOf(folder)
  const { answers } = await import('./connect.ts')
  for (const until = Date.now() + patienceMs; ; ) {
    const server = await startServer({ dataFolder: folder, socketPath, lingerMs })
    if (server) return server
    if (await answers(socketPath)) return undefined
    if (Date.now() > until)
      throw new Error('another process owns the data folder but does not answer on its socket')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function main(): Promise<void> {
  const folder = process.argv[2]
  if (!folder) throw new Error('usage: process.ts <dataFolder> [--linger milliseconds]')
  const at = process.argv.indexOf('--linger')
  const lingerMs = at > 0 ? Number(process.argv[at + 1]) : defaultLingerMs
  if (!Number.isFinite(lingerMs) || lingerMs < 0)
    throw new Error(`--linger takes milliseconds, not ${process.argv[at + 1]}`)
  // The store is this user's alone.
  process.umask(0o077)
  const server = await serve(realpathSync(folder), lingerMs)
  if (!server) return
  const stop = () => void server.close()
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  await server.ended
}

if (import.meta.url === pathToFileURL(realpathSync(process.argv[1] ?? '.')).href) {
  main().then(
    () => process.exit(0),
    error => {
      process.stderr.write(
        `${new Date().toISOString()} ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
      )
      process.exit(1)
    },
  )
}
