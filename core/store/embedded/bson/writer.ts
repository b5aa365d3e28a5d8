/** Writes BSON into one growing buffer. */
import { Raw, Type } from './raw.ts'

/** A number that must leave as a 64-bit integer. */
export type Encodable =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Raw
  | Buffer
  | readonly Encodable[]
  | { readonly [name: string]: Encodable }

export class Writer {
  bytes: Buffer
  at = 0

  constructor(size = 1024) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + size))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
  }

  /** Begins a document or array; give the answer to `close`. */
  open(): number {
    this.reserve(5)
    const start = this.at
    this.at += 4
    return start
  }

  close(start: number): void {
    this.reserve(1)
    this.bytes[this.at++] = 0
    this.bytes.writeInt32LE(this.at - start, start)
  }

  /** Type byte and name of the element that follows. */
  name(type: number, name: string): void {
    this.reserve(name.length * 3 + 2)
    this.bytes[this.at++] = type
    this.at += this.bytes.write(name, this.at, 'utf8')
    this.bytes[this.at++] = 0
  }

  slice(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    bytes.copy(this.bytes, this.at, start, end)
    this.at += end - start
  }

  raw(name: string, value: Raw): void {
    this.name(value.type, name)
    this.slice(value.bytes, value.start, value.end)
  }

  value(name: string, value: Encodable): void {
    if (value === undefined) return
    if (value === null) {
      this.name(Type.null, name)
      return
    }
    switch (typeof value) {
      case 'boolean':
        this.name(Type.bool, name)
        this.reserve(1)
        this.bytes[this.at++] = value ? 1 : 0
        return
      case 'number':
        if (Number.isInteger(value) && value >= -0x80000000 && value <= 0x7fffffff && !Object.is(value, -0)) {
          this.name(Type.int, name)
          this.reserve(4)
          this.at = this.bytes.writeInt32LE(value, this.at)
        } else {
          this.name(Type.double, name)
          this.reserve(8)
          this.at = this.bytes.writeDoubleLE(value, this.at)
        }
        return
      case 'bigint':
        this.name(Type.long, name)
        this.reserve(8)
        this.at = this.bytes.writeBigInt64LE(value, this.at)
        return
      case 'string': {
        this.name(Type.string, name)
        this.reserve(value.length * 3 + 5)
        const length = this.bytes.write(value, this.at + 4, 'utf8')
        this.bytes.writeInt32LE(length + 1, this.at)
        this.at += length + 4
        this.bytes[this.at++] = 0
        return
      }
      default:
        this.compound(name, value)
    }
  }

  private compound(name: string, value: object): void {
    if (value instanceof Raw) this.raw(name, value)
    else if (value instanceof Date) {
      this.name(Type.date, name)
      this.reserve(8)
      this.at = this.bytes.writeBigInt64LE(BigInt(value.getTime()), this.at)
    } else if (Buffer.isBuffer(value)) {
      this.name(Type.binary, name)
      this.reserve(5 + value.length)
      this.at = this.bytes.writeInt32LE(value.length, this.at)
      this.bytes[this.at++] = 0
      this.slice(value, 0, value.length)
    } else if (Array.isArray(value)) {
      this.name(Type.array, name)
      const start = this.open()
      for (let i = 0; i < value.length; i++) this.value(String(i), value[i] ?? null)
      this.close(start)
    } else {
      this.name(Type.object, name)
      this.document(value as { readonly [name: string]: Encodable })
    }
  }

  document(fields: { readonly [name: string]: Encodable }): void {
    const start = this.open()
    for (const name in fields) this.value(name, fields[name])
    this.close(start)
  }

  /** What was written so far, as bytes of its own; the writer can be used again. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.at))
    this.at = 0
    if (this.bytes.length > 1_048_576) this.bytes = Buffer.allocUnsafe(16_384)
    return taken
  }
}

/** A plain object as a document. */
export function encode(fields: { readonly [name: string]: Encodable }): Raw {
  const writer = new Writer()
  writer.document(fields)
  return Raw.document(writer.take())
}

/** A single value. */
export function encodeValue(value: Exclude<Encodable, undefined>): Raw {
  return encode({ '': value }).fields()[0]!.value
}
