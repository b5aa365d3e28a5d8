/**
 * BSON values as bytes whose memcmp order is MongoDB's comparison order. Indexes, sorts and comparisons all use this
 * one order, so they cannot disagree. Equal values of different number types have the same bytes.
 */
import { decimalParts, decimalText, isExact, numberOf } from './bson/number.ts'
import { Raw, Type } from './bson/raw.ts'

/** Canonical order of types; also the first byte of a key. The end of a compound value is 0, the lowest. */
export const Order = {
  minKey: 0x08,
  undefined: 0x0c,
  null: 0x10,
  number: 0x18,
  string: 0x20,
  object: 0x28,
  array: 0x30,
  binary: 0x38,
  objectId: 0x40,
  bool: 0x48,
  date: 0x50,
  timestamp: 0x58,
  regex: 0x60,
  dbPointer: 0x68,
  code: 0x70,
  codeWithScope: 0x78,
  maxKey: 0xf0,
} as const

const orders = new Uint8Array(256)
for (const [name, type] of Object.entries(Type)) {
  if (name in Order) orders[type] = Order[name as keyof typeof Order]
}
orders[Type.double] = orders[Type.int] = orders[Type.long] = orders[Type.decimal] = Order.number
orders[Type.symbol] = Order.string

/** Values of the same order byte are of one kind: only they compare by `$gt` and `$lt`. */
export function orderOf(value: Raw): number {
  return orders[value.type]!
}

export class KeyWriter {
  bytes = Buffer.allocUnsafe(4096)
  at = 0

  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + size))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.at++] = value
  }

  copy(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    bytes.copy(this.bytes, this.at, start, end)
    this.at += end - start
  }

  /** Text ends with 00 01, and a 00 inside is 00 FF: so order holds for prefixes, inverted as well. */
  text(bytes: Buffer, start: number, end: number): void {
    this.reserve((end - start) * 2 + 2)
    const target = this.bytes
    let at = this.at
    if (end - start > 24 && bytes.indexOf(0, start) >= end) {
      bytes.copy(target, at, start, end)
      at += end - start
    } else {
      for (let from = start; from < end; from++) {
        const byte = bytes[from]!
        target[at++] = byte
        if (byte === 0) target[at++] = 0xff
      }
    }
    target[at++] = 0
    target[at++] = 1
    this.at = at
  }

  /** Turns what was written since `start` round: a descending field. */
  invert(start: number): void {
    for (let at = start; at < this.at; at++) this.bytes[at] = ~this.bytes[at]! & 0xff
  }

  take(start = 0): Buffer {
    return Buffer.from(this.bytes.subarray(start, this.at))
  }

  value(value: Raw): void {
    const order = orders[value.type]!
    this.byte(order)
    this.body(value, order)
  }

  private body(value: Raw, order: number): void {
    const { bytes, start, end } = value
    switch (order) {
      case Order.number:
        this.number(value)
        return
      case Order.string:
      case Order.code:
        this.text(bytes, start + 4, end - 1)
        return
      case Order.object:
        for (const field of value.fields()) {
          const kind = orders[field.value.type]!
          this.byte(kind)
          const name = Buffer.from(field.name)
          this.text(name, 0, name.length)
          this.body(field.value, kind)
        }
        this.byte(0)
        return
      case Order.array:
        for (const element of value.elements()) this.value(element)
        this.byte(0)
        return
      case Order.binary:
        this.reserve(4)
        this.at = this.bytes.writeUInt32BE(bytes.readInt32LE(start), this.at)
        this.copy(bytes, start + 4, end)
        return
      case Order.date:
        this.reserve(8)
        this.at = this.bytes.writeUInt32BE((bytes.readUInt32LE(start + 4) ^ 0x80000000) >>> 0, this.at)
        this.at = this.bytes.writeUInt32BE(bytes.readUInt32LE(start), this.at)
        return
      case Order.timestamp:
        this.reserve(8)
        this.at = this.bytes.writeUInt32BE(bytes.readUInt32LE(start + 4), this.at)
        this.at = this.bytes.writeUInt32BE(bytes.readUInt32LE(start), this.at)
        return
      case Order.minKey:
      case Order.maxKey:
      case Order.null:
      case Order.undefined:
        return
      case Order.codeWithScope: {
        const codeEnd = start + 8 + bytes.readInt32LE(start + 4)
        this.text(bytes, start + 8, codeEnd - 1)
        this.body(new Raw(Type.object, bytes, codeEnd, end), Order.object)
        return
      }
      default:
        // ObjectId, bool, regex (which holds its own two terminators) and DBPointer order by their bytes.
        this.copy(bytes, start, end)
    }
  }

  private number(value: Raw): void {
    this.reserve(10)
    if (isExact(value)) {
      this.double(numberOf(value))
      this.bytes[this.at++] = 0
      return
    }
    const text =
      value.type === Type.long ? value.bytes.readBigInt64LE(value.start).toString() : decimalText(value)
    const nearest = Number(text)
    if (Number.isNaN(nearest) || /^-?inf/i.test(text)) {
      this.double(/^-inf/i.test(text) ? -Infinity : /inf/i.test(text) ? Infinity : Number.NaN)
      this.bytes[this.at++] = 0
      return
    }
    const parts = decimalParts(text)
    const relation = compareExact(nearest, parts)
    this.double(relation > 0 ? below(nearest) : nearest)
    this.byte(relation === 0 ? 0 : 1)
    if (relation !== 0) this.digits(parts)
  }

  private double(number: number): void {
    const { bytes, at } = this
    if (Number.isNaN(number)) bytes.fill(0, at, at + 8)
    else {
      bytes.writeDoubleBE(number === 0 ? 0 : number, at)
      if (bytes[at]! & 0x80) for (let i = at; i < at + 8; i++) bytes[i] = ~bytes[i]! & 0xff
      else bytes[at]! |= 0x80
    }
    this.at += 8
  }

  /** Numbers between two neighbouring doubles, in the order of their decimal digits. */
  private digits({ coefficient, exponent }: { coefficient: bigint; exponent: number }): void {
    const negative = coefficient < 0n
    const digits = (negative ? -coefficient : coefficient).toString().replace(/0+$/, '')
    const length = (negative ? -coefficient : coefficient).toString().length
    const start = this.at
    this.reserve(4 + digits.length)
    this.at = this.bytes.writeUInt16BE(exponent + length + 16_384, this.at)
    this.at += this.bytes.write(digits, this.at, 'latin1')
    this.bytes[this.at++] = 0
    if (negative) this.invert(start)
  }
}

/** The sign of `double - coefficient * 10^exponent`, exactly. */
function compareExact(
  double: number,
  { coefficient, exponent }: { coefficient: bigint; exponent: number },
): number {
  if (double === Infinity) return 1
  if (double === -Infinity) return -1
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, double)
  const bits = view.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  let left = biased === 0 ? fraction : fraction | 0x10000000000000n
  if (double < 0) left = -left
  const power = (biased === 0 ? 1 : biased) - 1075
  let right = coefficient
  if (power >= 0) left <<= BigInt(power)
  else right <<= BigInt(-power)
  if (exponent >= 0) right *= 10n ** BigInt(exponent)
  else left *= 10n ** BigInt(-exponent)
  return left < right ? -1 : left > right ? 1 : 0
}

/** The next double towards minus infinity. */
function below(double: number): number {
  if (double === -Infinity) return double
  if (double === 0) return -Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, double)
  view.setBigInt64(0, view.getBigInt64(0) + (double > 0 ? -1n : 1n))
  return view.getFloat64(0)
}

const left = new KeyWriter()
const right = new KeyWriter()

/** Negative, 0 or positive: MongoDB's order over all types. */
export function compare(a: Raw, b: Raw): number {
  const order = orders[a.type]!
  const difference = order - orders[b.type]!
  if (difference !== 0) return difference
  if (order === Order.string) return a.bytes.compare(b.bytes, b.start + 4, b.end - 1, a.start + 4, a.end - 1)
  if (order === Order.objectId || order === Order.bool)
    return a.bytes.compare(b.bytes, b.start, b.end, a.start, a.end)
  if (order === Order.date || (order === Order.number && isExact(a) && isExact(b))) {
    const [x, y] = [numberOf(a), numberOf(b)]
    if (x < y) return -1
    if (x > y) return 1
    if (x === y) return 0
    return (Number.isNaN(x) ? 0 : 1) - (Number.isNaN(y) ? 0 : 1)
  }
  left.at = right.at = 0
  left.value(a)
  right.value(b)
  return left.bytes.compare(right.bytes, 0, right.at, 0, left.at)
}

export function equal(a: Raw, b: Raw): boolean {
  return a.identical(b) || compare(a, b) === 0
}
