/** Finds the server of a data folder, or starts it. */
import { spawn } from 'node:child_process'
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { Raw } from './bson/raw.ts'
import { encode } from './bson/writer.ts'
import { makeSocketFolder, socketPathOf } from './socket.ts'

export interface ConnectOptions {
  /** The file to run as the server: `process.ts`, or what it was bundled to. */
  readonly entry: string
  /** How long the server stays after its last client, in milliseconds (default 10 s). */
  readonly lingerMs?: number
}

const startMs = 20_000
/** Keeps the server small: its heap holds what is being worked on, the data are LMDB's. */
const memoryFlags = ['--max-old-space-size=512', '--max-semi-space-size=4']

/**
 * The connection string of the data folder's server; one is started where none answers. Calling again after a lost
 * connection starts it again under the same string. Raises Error, with the end of the server's log, where it does
 * not come up.
 */
export async function embeddedUri(dataFolder: string, options: ConnectOptions): Promise<string> {
  const folder = writableFolder(dataFolder)
  const socketPath = socketPathOf(folder)
  makeSocketFolder(dirname(socketPath))
  const uri = `mongodb://${encodeURIComponent(socketPath)}/wasl?directConnection=true`
  const until = performance.now() + startMs
  let process: Started | undefined
  while (!(await answers(socketPath))) {
    if (performance.now() > until) throw notUp(folder, 'did not answer in time')
    if (process?.failed()) throw notUp(folder, `ended with ${process.failed()}`)
    if (!process || process.ended()) process = start(folder, options)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return uri
}

function writableFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return realpathSync(folder)
  } catch (cause) {
    throw new Error(
      `the data folder ${folder} cannot be written (${(cause as NodeJS.ErrnoException).code}); make it writable or name another (WASL_DATA)`,
      { cause },
    )
  }
}

interface Started {
  ended(): boolean
  /** How it failed, if it did. */
  failed(): string | undefined
}

function start(folder: string, { entry, lingerMs }: ConnectOptions): Started {
  const log = openSync(logFile(folder), 'a', 0o600)
  const loader = entry.endsWith('.ts') ? ['--import', 'tsx'] : []
  const linger = lingerMs === undefined ? [] : ['--linger', String(lingerMs)]
  const child = spawn(process.execPath, [...memoryFlags, ...loader, entry, folder, ...linger], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  let end: string | undefined
  child.once('error', error => {
    end = error.message
  })
  child.once('exit', (code, signal) => {
    end = code === 0 ? '' : signal ? `signal ${signal}` : `exit code ${code}`
  })
  child.unref()
  return { ended: () => end !== undefined, failed: () => end || undefined }
}

function logFile(folder: string): string {
  return join(folder, 'store.log')
}

function notUp(folder: string, what: string): Error {
  const tail = readFileSync(logFile(folder), 'utf8').trim().split('\n').slice(-12).join('\n')
  return new Error(`the embedded server of ${folder} ${what}${tail ? `; its log ends with:\n${tail}` : ''}`)
}

const helloMessage = messageOf({ hello: 1, $db: 'admin' })

function messageOf(command: Parameters<typeof encode>[0]): Buffer {
  const { bytes } = encode(command)
  const head = Buffer.alloc(21)
  head.writeInt32LE(head.length + bytes.length, 0)
  head.writeInt32LE(1, 4)
  head.writeInt32LE(2013, 12)
  return Buffer.concat([head, bytes])
}

/** True where a server answers hello on the socket. */
export function answers(socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(socketPath)
    let received = Buffer.alloc(0)
    const finish = (up: boolean) => {
      socket.destroy()
      resolve(up)
    }
    socket.setTimeout(2000, () => finish(false))
    socket.on('error', () => finish(false))
    socket.on('close', () => resolve(false))
    socket.on('connect', () => socket.write(helloMessage))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 26 || received.length < received.readInt32LE(0)) return
      finish(Raw.document(received, 21).get('isWritablePrimary') !== undefined)
    })
  })
}
