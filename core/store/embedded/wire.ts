/** MongoDB's wire protocol: OP_MSG, and OP_QUERY for the first handshake. */
import { Raw, validate } from './bson/raw.ts'
import { Writer } from './bson/writer.ts'
import type { Answer } from './command/call.ts'
import { CommandError } from './errors.ts'

const opReply = 1
const opQuery = 2004
const opMsg = 2013
export const longestMessage = 48_000_000

export interface Message {
  readonly id: number
  readonly body: Raw
  readonly sequences: ReadonlyMap<string, readonly Raw[]>
  /** False: the client waits for no answer. */
  readonly answered: boolean
  readonly legacy: boolean
}

const none: ReadonlyMap<string, readonly Raw[]> = new Map()

/** Reads one whole message; raises CommandError for what cannot be read. */
export function parseMessage(bytes: Buffer): Message {
  const id = bytes.readInt32LE(4)
  const code = bytes.readInt32LE(12)
  if (code === opMsg) return parseMsg(bytes, id)
  if (code === opQuery) return parseQuery(bytes, id)
  throw new CommandError('IllegalOperation', `unsupported message of opcode ${code}`)
}

function document(bytes: Buffer, at: number, end: number): Raw {
  if (at + 5 > end) throw new CommandError('InvalidBSON', 'a document in the message is cut off')
  const raw = Raw.document(bytes, at)
  if (raw.end > end || raw.end <= at)
    throw new CommandError('InvalidBSON', 'a document in the message is cut off')
  validate(raw)
  return raw
}

function parseMsg(bytes: Buffer, id: number): Message {
  const flags = bytes.readUInt32LE(16)
  if (flags & 0xfffc) throw new CommandError('IllegalOperation', `unknown required flags in OP_MSG: ${flags}`)
  const end = flags & 1 ? bytes.length - 4 : bytes.length
  let body: Raw | undefined
  let sequences: Map<string, Raw[]> | undefined
  let at = 20
  while (at < end) {
    const kind = bytes[at++]
    if (kind === 0) {
      body = document(bytes, at, end)
      at = body.end
    } else if (kind === 1) {
      const stop = at + bytes.readInt32LE(at)
      const nameEnd = bytes.indexOf(0, at + 4)
      if (stop > end || stop <= at || nameEnd < 0 || nameEnd >= stop)
        throw new CommandError('InvalidBSON', 'a section of the message is cut off')
      const list: Raw[] = []
      for (let next = nameEnd + 1; next < stop; next = list.at(-1)!.end)
        list.push(document(bytes, next, stop))
      sequences ??= new Map()
      sequences.set(bytes.toString('utf8', at + 4, nameEnd), list)
      at = stop
    } else throw new CommandError('IllegalOperation', `unknown section kind ${kind} in OP_MSG`)
  }
  if (!body) throw new CommandError('IllegalOperation', 'OP_MSG without a body')
  return { id, body, sequences: sequences ?? none, answered: (flags & 2) === 0, legacy: false }
}

function parseQuery(bytes: Buffer, id: number): Message {
  const nameEnd = bytes.indexOf(0, 20)
  if (nameEnd < 0) throw new CommandError('InvalidBSON', 'OP_QUERY without a collection')
  const body = document(bytes, nameEnd + 9, bytes.length)
  if (!['ismaster', 'isMaster', 'hello'].includes(body.firstName() ?? ''))
    throw new CommandError('IllegalOperation', 'OP_QUERY is only taken for the handshake; use OP_MSG')
  return { id, body, sequences: none, answered: true, legacy: true }
}

const writer = new Writer(65_536)

export function formatAnswer(message: Pick<Message, 'id' | 'legacy'>, answer: Answer): Buffer {
  writer.reserve(64)
  const head = message.legacy ? 36 : 21
  writer.bytes.fill(0, 0, head)
  writer.at = head
  writer.document(answer)
  const { bytes } = writer
  bytes.writeInt32LE(writer.at, 0)
  bytes.writeInt32LE(message.id, 8)
  bytes.writeInt32LE(message.legacy ? opReply : opMsg, 12)
  if (message.legacy) bytes.writeInt32LE(1, 32)
  return writer.take()
}
