/**
 * A proxy for the store's wire: it stands between an engine and its store, reads each command, and can keep the answer
 * from ever coming. It speaks MongoDB's wire protocol as far as its headers, so the store may be any.
 */
import { connect, createServer, type Socket } from 'node:net'
import { deserialize } from 'bson'

const OP_MSG = 2013
/** Of drivers, not of what they are used for. */
const PROTOCOL = new Set([
  'hello',
  'ismaster',
  'isMaster',
  'ping',
  'endSessions',
  'saslStart',
  'saslContinue',
])

/** One command on its way. */
export interface Command {
  /** `update` */
  readonly name: string
  /** The collection, for the commands that name one. */
  readonly collection: string
  /** All of it; documents that were sent beside it stand where the command would hold them. */
  readonly body: { readonly [name: string]: unknown }
}

/**
 * What becomes of a command. `drop`: the store carries it out, but its answer never comes, the connection is cut.
 * `cut`: the connection is cut before the store hears it.
 */
export type Treatment = 'pass' | 'drop' | 'cut' | { readonly delayMs: number }

export interface WireProxy {
  /** For the engine. */
  readonly uri: string
  /** Asked for each command but the driver's own (`hello`, `ping` ...), from now on. Undefined passes. */
  treat(judge: (command: Command) => Treatment | undefined): void
  /** Called when the store has carried out what is to be dropped, before the connection is cut. */
  onDropped: (command: Command) => void
  /** How many commands were carried out, or cut. */
  readonly seen: number
  /** Cuts every connection that is open; the next ones pass. */
  cutAll(): void
  close(): Promise<void>
}

/** @param uri of one server: an address or a socket, without TLS */
export async function startWireProxy(uri: string): Promise<WireProxy> {
  const [, credentials = '', host = '', rest = ''] =
    /^mongodb:\/\/([^/@]*@)?([^/?,]+)(\/?.*)$/.exec(uri) ?? []
  if (host === '') throw new Error(`a proxy needs the address of one server, not ${uri}`)
  const name = decodeURIComponent(host)
  const [address = '', port = '27017'] = name.split(':')
  const upstream = () => (name.startsWith('/') ? connect(name) : connect(Number(port), address))
  const sockets = new Set<Socket>()
  let judge: (command: Command) => Treatment | undefined = () => undefined
  let seen = 0

  const server = createServer(client => {
    const store = upstream()
    /** By the request's id: what becomes of its answer. */
    const waiting = new Map<number, { readonly command: Command; readonly treatment: Treatment }>()
    const cut = () => {
      client.destroy()
      store.destroy()
    }
    for (const [socket, other] of [
      [client, store],
      [store, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }

    client.on(
      'data',
      messages(message => {
        const command = commandOf(message)
        if (command === undefined || PROTOCOL.has(command.name)) return void store.write(message)
        seen += 1
        const treatment = judge(command) ?? 'pass'
        if (treatment === 'cut') return cut()
        if (treatment !== 'pass') waiting.set(message.readInt32LE(4), { command, treatment })
        store.write(message)
      }),
    )
    store.on(
      'data',
      messages(message => {
        const met = waiting.get(message.readInt32LE(8))
        waiting.delete(message.readInt32LE(8))
        if (met?.treatment === 'drop') {
          proxy.onDropped(met.command)
          return cut()
        }
        const delay = typeof met?.treatment === 'object' ? met.treatment.delayMs : 0
        if (delay > 0) setTimeout(() => client.write(message), delay)
        else client.write(message)
      }),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const listening = server.address() as { port: number }

  const proxy: WireProxy = {
    uri: `mongodb://${credentials}127.0.0.1:${listening.port}${rest === '' ? '/' : rest}`,
    treat(next) {
      judge = next
    },
    onDropped: () => undefined,
    get seen() {
      return seen
    },
    cutAll() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      proxy.cutAll()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return proxy
}

/** Whole messages out of a stream: each begins with its length. */
function messages(take: (message: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0)
  return chunk => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    while (held.length >= 4 && held.length >= held.readInt32LE(0)) {
      const length = held.readInt32LE(0)
      take(held.subarray(0, length))
      held = held.subarray(length)
    }
  }
}

/** Undefined: a handshake of the old form. */
function commandOf(message: Buffer): Command | undefined {
  if (message.readInt32LE(12) !== OP_MSG) return undefined
  const end = (message.readUInt32LE(16) & 1) === 1 ? message.length - 4 : message.length
  let body: Record<string, unknown> = {}
  const beside: Record<string, unknown> = {}
  for (let at = 20; at < end; ) {
    const kind = message[at]
    const length = message.readInt32LE(at + 1)
    const section = message.subarray(at + 1, at + 1 + length)
    if (kind === 0) body = deserialize(section)
    else beside[nameOf(section)] = documentsOf(section)
    at += 1 + length
  }
  const [name = '', collection] = Object.entries(body)[0] ?? []
  return {
    name,
    collection: typeof collection === 'string' ? collection : '',
    body: { ...body, ...beside },
  }
}

const nameOf = (section: Buffer): string => section.toString('utf8', 4, section.indexOf(0, 4))

function documentsOf(section: Buffer): readonly unknown[] {
  const documents: unknown[] = []
  for (let at = section.indexOf(0, 4) + 1; at < section.length; ) {
    const length = section.readInt32LE(at)
    documents.push(deserialize(section.subarray(at, at + length)))
    at += length
  }
  return documents
}
