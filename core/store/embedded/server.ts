/** Listens on a Unix socket and answers MongoDB clients. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Answer, Host } from './command/call.ts'
import { failed, run } from './command/table.ts'
import { Cursors } from './cursors.ts'
import { CommandError } from './errors.ts'
import { type Ownership, takeOwnership } from './owner.ts'
import { makeSocketFolder } from './socket.ts'
import { Storage } from './storage/storage.ts'
import { expireDocuments, startUpkeep } from './upkeep.ts'
import { formatAnswer, longestMessage, type Message, parseMessage } from './wire.ts'

export interface ServerOptions {
  readonly dataFolder: string
  readonly socketPath: string
  /** How long it stays after its last client; absent: until `close`. */
  readonly lingerMs?: number
}

export interface RunningServer {
  readonly socketPath: string
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>
  close(): Promise<void>
  /** Removes what the TTL indexes say is over at this time, as happens once a minute; says how many documents. */
  expire(now: number): Promise<number>
}

/** Undefined where another living process serves the folder. */
export async function startServer(options: ServerOptions): Promise<RunningServer | undefined> {
  const storage = new Storage(options.dataFolder)
  let server: Server | undefined
  const ownership = takeOwnership(storage, () => server?.abandon())
  if (!ownership) {
    await storage.close()
    return undefined
  }
  server = new Server(options, storage, ownership)
  await server.listen()
  return server
}

class Server implements RunningServer, Host {
  readonly socketPath: string
  readonly storage: Storage
  readonly cursors = new Cursors()
  readonly startedAt = Date.now()
  readonly ended: Promise<void>
  private readonly lingerMs: number | undefined
  private readonly ownership: Ownership
  private readonly net: NetServer
  private readonly sockets = new Set<Socket>()
  private working = 0
  private last = 0
  private linger: NodeJS.Timeout | undefined
  private closing: Promise<void> | undefined
  private readonly stopUpkeep: () => void
  private finish: () => void = () => {}

  constructor({ socketPath, lingerMs }: ServerOptions, storage: Storage, ownership: Ownership) {
    this.socketPath = socketPath
    this.lingerMs = lingerMs
    this.storage = storage
    this.ownership = ownership
    this.stopUpkeep = startUpkeep(storage, this.cursors, error => {
      process.stderr.write(`${new Date().toISOString()} expiring documents failed: ${error}\n`)
    })
    this.net = createServer({ noDelay: true }, socket => this.connected(socket))
    this.ended = new Promise(resolve => {
      this.finish = resolve
    })
  }

  connections(): number {
    return this.sockets.size
  }

  async listen(): Promise<void> {
    makeSocketFolder(dirname(this.socketPath))
    rmSync(this.socketPath, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.net.once('error', reject)
      this.net.listen(this.socketPath, () => {
        this.net.off('error', reject)
        resolve()
      })
    })
    chmodSync(this.socketPath, 0o600)
    this.waitForClients()
  }

  private waitForClients(): void {
    if (this.lingerMs === undefined || this.sockets.size > 0 || this.closing) return
    this.linger = setTimeout(() => void this.close(), this.lingerMs)
  }

  private connected(socket: Socket): void {
    clearTimeout(this.linger)
    this.sockets.add(socket)
    const connection = new Connection(this, socket, ++this.last)
    socket.on('data', chunk => connection.received(chunk))
    // A client that dies is no concern of the server's; 'close' follows.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.sockets.delete(socket)
      this.waitForClients()
    })
  }

  expire(now: number): Promise<number> {
    return expireDocuments(this.storage, now)
  }

  /** The folder belongs to another process now: nothing more is written. */
  abandon(): void {
    for (const socket of this.sockets) socket.destroy()
    void this.close()
  }

  get isClosing(): boolean {
    return this.closing !== undefined
  }

  begin(): void {
    this.working++
  }

  end(): void {
    this.working--
  }

  /** Finishes what was begun, closes the store and ends. */
  close(): Promise<void> {
    this.closing ??= this.shutDown()
    return this.closing
  }

  private async shutDown(): Promise<void> {
    clearTimeout(this.linger)
    this.stopUpkeep()
    const closed = new Promise<void>(resolve => this.net.close(() => resolve()))
    while (this.working > 0) await new Promise(resolve => setImmediate(resolve))
    for (const socket of this.sockets) socket.destroySoon()
    await closed
    this.ownership.release()
    await this.storage.close()
    this.finish()
  }
}

/** One client: its messages are answered one after the other. */
class Connection {
  private readonly server: Server
  private readonly socket: Socket
  private readonly id: number
  private chunks: Buffer[] = []
  private size = 0
  private readonly waiting: Buffer[] = []
  private busy = false

  constructor(server: Server, socket: Socket, id: number) {
    this.server = server
    this.socket = socket
    this.id = id
  }

  received(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.size += chunk.length
    while (this.size >= 16) {
      if (this.chunks[0]!.length < 16) this.chunks = [Buffer.concat(this.chunks)]
      const length = this.chunks[0]!.readInt32LE(0)
      if (length < 16 || length > longestMessage) {
        this.socket.destroy()
        return
      }
      if (this.size < length) return
      const all = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks)
      this.chunks = all.length > length ? [all.subarray(length)] : []
      this.size = all.length - length
      this.waiting.push(all.length > length ? all.subarray(0, length) : all)
    }
    if (!this.busy) this.work()
  }

  private work(): void {
    this.busy = true
    for (let bytes = this.waiting.shift(); bytes; bytes = this.waiting.shift()) {
      // What arrives after the end began is not begun: its client sees the connection close.
      if (this.server.isClosing) return
      const message = this.parse(bytes)
      if (!message) return
      const answer = run(this.server, message.body, message.sequences, this.id)
      if (answer instanceof Promise) {
        this.server.begin()
        void answer.then(result => {
          this.answer(message, result)
          this.server.end()
          this.work()
        })
        return
      }
      this.answer(message, answer)
    }
    this.busy = false
  }

  /** A message that cannot be read is answered; nothing that follows on the connection can be trusted. */
  private parse(bytes: Buffer): Message | undefined {
    try {
      return parseMessage(bytes)
    } catch (error) {
      const known =
        error instanceof CommandError
          ? error
          : new CommandError('InvalidBSON', 'the message is not well-formed')
      this.answer({ id: bytes.readInt32LE(4), legacy: false, answered: true }, failed(known))
      this.socket.end()
      return undefined
    }
  }

  private answer(message: Pick<Message, 'id' | 'legacy' | 'answered'>, answer: Answer): void {
    if (!message.answered || this.socket.destroyed) return
    const bytes = formatAnswer(message, answer)
    const tooLarge = bytes.length > longestMessage
    const error = new CommandError('BSONObjectTooLarge', `the answer of ${bytes.length} bytes is too large`)
    this.socket.write(tooLarge ? formatAnswer(message, failed(error)) : bytes)
  }
}
