/** Values stay the bytes that they arrived as: a `Raw` is a type and a slice, read only where something looks at it. */
import { CommandError } from '../errors.ts'

export const Type = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binary: 5,
  undefined: 6,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  dbPointer: 12,
  code: 13,
  symbol: 14,
  codeWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: 255,
  maxKey: 127,
} as const

/** The names that `$type` and error messages use. */
export const typeNames: Readonly<Record<number, string>> = {
  1: 'double',
  2: 'string',
  3: 'object',
  4: 'array',
  5: 'binData',
  6: 'undefined',
  7: 'objectId',
  8: 'bool',
  9: 'date',
  10: 'null',
  11: 'regex',
  12: 'dbPointer',
  13: 'javascript',
  14: 'symbol',
  15: 'javascriptWithScope',
  16: 'int',
  17: 'timestamp',
  18: 'long',
  19: 'decimal',
  255: 'minKey',
  127: 'maxKey',
}

function broken(): CommandError {
  return new CommandError('InvalidBSON', 'the BSON that was sent is not well-formed')
}

function stringEnd(bytes: Buffer, at: number): number {
  const nul = bytes.indexOf(0, at)
  if (nul < 0) throw broken()
  return nul + 1
}

/** The offset after the value of `type` that begins at `at`. */
export function valueEnd(type: number, bytes: Buffer, at: number): number {
  switch (type) {
    case Type.double:
    case Type.date:
    case Type.timestamp:
    case Type.long:
      return at + 8
    case Type.string:
    case Type.code:
    case Type.symbol:
      return at + 4 + bytes.readInt32LE(at)
    case Type.object:
    case Type.array:
    case Type.codeWithScope:
      return at + bytes.readInt32LE(at)
    case Type.binary:
      return at + 5 + bytes.readInt32LE(at)
    case Type.undefined:
    case Type.null:
    case Type.minKey:
    case Type.maxKey:
      return at
    case Type.objectId:
      return at + 12
    case Type.bool:
      return at + 1
    case Type.regex:
      return stringEnd(bytes, stringEnd(bytes, at))
    case Type.dbPointer:
      return at + 4 + bytes.readInt32LE(at) + 12
    case Type.int:
      return at + 4
    case Type.decimal:
      return at + 16
    default:
      throw broken()
  }
}

/** Names are mostly short and ASCII: reading those byte by byte beats the decoder. */
function nameAt(bytes: Buffer, start: number, end: number): string {
  if (end - start > 20) return bytes.toString('utf8', start, end)
  let name = ''
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte > 127) return bytes.toString('utf8', start, end)
    name += String.fromCharCode(byte)
  }
  return name
}

export class Raw {
  readonly type: number
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(type: number, bytes: Buffer, start: number, end: number) {
    this.type = type
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** A document or array that fills `bytes` from `start` on. */
  static document(bytes: Buffer, start = 0): Raw {
    return new Raw(Type.object, bytes, start, start + bytes.readInt32LE(start))
  }

  /** The value of a field of this document or array, by the bytes of its name. */
  find(name: Buffer): Raw | undefined {
    const { bytes } = this
    const last = this.end - 1
    const length = name.length
    let at = this.start + 4
    while (at < last) {
      const type = bytes[at]!
      const begin = at + 1
      let same = 0
      while (same < length && bytes[begin + same] === name[same]) same++
      let end = begin + same
      if (same === length && bytes[end] === 0) {
        const value = end + 1
        return new Raw(type, bytes, value, valueEnd(type, bytes, value))
      }
      while (bytes[end] !== 0) {
        if (end >= last) throw broken()
        end++
      }
      at = valueEnd(type, bytes, end + 1)
    }
    return undefined
  }

  get(name: string): Raw | undefined {
    return this.find(Buffer.from(name))
  }

  /** All fields in their order. */
  fields(): Field[] {
    const { bytes } = this
    const last = this.end - 1
    const fields: Field[] = []
    let at = this.start + 4
    while (at < last) {
      const type = bytes[at]!
      let end = at + 1
      while (bytes[end] !== 0) {
        if (end >= last) throw broken()
        end++
      }
      const next = valueEnd(type, bytes, end + 1)
      if (next > last) throw broken()
      fields.push({ name: nameAt(bytes, at + 1, end), value: new Raw(type, bytes, end + 1, next), at })
      at = next
    }
    return fields
  }

  /** The values alone: the elements of an array. */
  elements(): Raw[] {
    const { bytes } = this
    const last = this.end - 1
    const values: Raw[] = []
    let at = this.start + 4
    while (at < last) {
      const type = bytes[at]!
      let end = at + 1
      while (bytes[end] !== 0) {
        if (end >= last) throw broken()
        end++
      }
      const next = valueEnd(type, bytes, end + 1)
      if (next > last) throw broken()
      values.push(new Raw(type, bytes, end + 1, next))
      at = next
    }
    return values
  }

  get isEmpty(): boolean {
    return this.end - this.start <= 5
  }

  get isContainer(): boolean {
    return this.type === Type.object || this.type === Type.array
  }

  get isNumber(): boolean {
    return (
      this.type === Type.int ||
      this.type === Type.double ||
      this.type === Type.long ||
      this.type === Type.decimal
    )
  }

  /** The name of the first field, if there is one. */
  firstName(): string | undefined {
    if (this.isEmpty) return undefined
    const end = stringEnd(this.bytes, this.start + 5)
    return nameAt(this.bytes, this.start + 5, end - 1)
  }

  /** The text of a string (or symbol, or code). */
  text(): string {
    return this.bytes.toString('utf8', this.start + 4, this.end - 1)
  }

  /** The pattern and flags of a regular expression. */
  regex(): { pattern: string; flags: string } {
    const middle = stringEnd(this.bytes, this.start)
    return {
      pattern: this.bytes.toString('utf8', this.start, middle - 1),
      flags: this.bytes.toString('utf8', middle, this.end - 1),
    }
  }

  /** The whole as bytes of its own, which outlive the buffer that they came in. */
  copy(): Raw {
    return new Raw(
      this.type,
      Buffer.from(this.bytes.subarray(this.start, this.end)),
      0,
      this.end - this.start,
    )
  }

  /** The same bytes and type. */
  identical(other: Raw): boolean {
    return (
      this.type === other.type &&
      this.bytes.compare(other.bytes, other.start, other.end, this.start, this.end) === 0
    )
  }
}

export interface Field {
  readonly name: string
  readonly value: Raw
  /** Where the element (type, name, value) begins in the bytes. */
  readonly at: number
}

const deepest = 180

/** Raises InvalidBSON unless the document and all in it are well-formed. */
export function validate(document: Raw, depth = 0): void {
  const { bytes, end } = document
  if (depth > deepest)
    throw new CommandError('Overflow', `the document is nested deeper than ${deepest} levels`)
  if (document.start + 5 > end || end > bytes.length || bytes[end - 1] !== 0) throw broken()
  if (bytes.readInt32LE(document.start) !== end - document.start) throw broken()
  let at = document.start + 4
  while (at < end - 1) {
    const type = bytes[at]!
    let nul = at + 1
    while (bytes[nul] !== 0) {
      if (nul >= end - 1) throw broken()
      nul++
    }
    at = valueEnd(type, bytes, nul + 1)
    if (at > end - 1 || at <= nul) throw broken()
    if (type === Type.object || type === Type.array) validate(new Raw(type, bytes, nul + 1, at), depth + 1)
    else if ((type === Type.string || type === Type.symbol || type === Type.code) && bytes[at - 1] !== 0)
      throw broken()
  }
  if (at !== end - 1) throw broken()
}
