/** The four number types of BSON: reading, exact values, arithmetic. */
import { Decimal128 } from 'bson'
import { CommandError } from '../errors.ts'
import { Raw, Type } from './raw.ts'

/** int and double as they are, long as a number where exact, else as bigint; decimals approximately. */
export function numberOf(value: Raw): number {
  switch (value.type) {
    case Type.int:
      return value.bytes.readInt32LE(value.start)
    case Type.double:
      return value.bytes.readDoubleLE(value.start)
    case Type.long:
    case Type.date:
      return longOf(value)
    case Type.decimal:
      return Number(decimalText(value))
    default:
      return Number.NaN
  }
}

function longOf(value: Raw): number {
  return value.bytes.readInt32LE(value.start + 4) * 4294967296 + value.bytes.readUInt32LE(value.start)
}

export function bigintOf(value: Raw): bigint {
  return value.type === Type.int
    ? BigInt(value.bytes.readInt32LE(value.start))
    : value.bytes.readBigInt64LE(value.start)
}

export function decimalText(value: Raw): string {
  return new Decimal128(value.bytes.subarray(value.start, value.start + 16)).toString()
}

/** True where `numberOf` loses nothing. */
export function isExact(value: Raw): boolean {
  return value.type === Type.long ? Number.isSafeInteger(longOf(value)) : value.type !== Type.decimal
}

/** A finite decimal as digits and exponent: value = coefficient * 10^exponent. */
export function decimalParts(text: string): { coefficient: bigint; exponent: number } {
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]?\d+))?$/i.exec(text) ?? []
  const digits = BigInt(`${whole}${fraction}`)
  return { coefficient: sign ? -digits : digits, exponent: Number(exponent) - fraction.length }
}

export function intRaw(value: number): Raw {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32LE(value)
  return new Raw(Type.int, bytes, 0, 4)
}

export function longRaw(value: bigint): Raw {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64LE(value)
  return new Raw(Type.long, bytes, 0, 8)
}

export function doubleRaw(value: number): Raw {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleLE(value)
  return new Raw(Type.double, bytes, 0, 8)
}

export function decimalRaw(text: string): Raw {
  const { bytes } = Decimal128.fromStringWithRounding(text)
  return new Raw(Type.decimal, Buffer.from(bytes), 0, 16)
}

const longest = 2n ** 63n - 1n

function integer(value: bigint, wide: boolean): Raw {
  if (value > longest || value < -longest - 1n)
    throw new CommandError('BadValue', 'the result does not fit into a 64-bit integer')
  return !wide && value >= -2147483648n && value <= 2147483647n ? intRaw(Number(value)) : longRaw(value)
}

/** Decimal text of any finite number. */
function asDecimal(value: Raw): string {
  if (value.type === Type.decimal) return decimalText(value)
  if (value.type === Type.double) {
    const number = numberOf(value)
    return Number.isFinite(number) ? number.toPrecision(15) : String(number)
  }
  return bigintOf(value).toString()
}

/**
 * `a + b` or `a * b` with MongoDB's types: an int that overflows becomes a long, a long that overflows is an error,
 * a double makes a double and a decimal a decimal.
 */
export function arithmetic(operator: '+' | '*', a: Raw, b: Raw): Raw {
  if (a.type === Type.decimal || b.type === Type.decimal)
    return decimalArithmetic(operator, asDecimal(a), asDecimal(b))
  if (a.type === Type.double || b.type === Type.double) {
    const [x, y] = [numberOf(a), numberOf(b)]
    return doubleRaw(operator === '+' ? x + y : x * y)
  }
  const [x, y] = [bigintOf(a), bigintOf(b)]
  return integer(operator === '+' ? x + y : x * y, a.type === Type.long || b.type === Type.long)
}

function decimalArithmetic(operator: '+' | '*', a: string, b: string): Raw {
  if (!/\d/.test(a) || !/\d/.test(b)) {
    const [x, y] = [Number(a), Number(b)]
    return decimalRaw(String(operator === '+' ? x + y : x * y))
  }
  const x = decimalParts(a)
  const y = decimalParts(b)
  if (operator === '*') return decimalRaw(`${x.coefficient * y.coefficient}E${x.exponent + y.exponent}`)
  const exponent = Math.min(x.exponent, y.exponent)
  const shifted = (part: typeof x) => part.coefficient * 10n ** BigInt(part.exponent - exponent)
  return decimalRaw(`${shifted(x) + shifted(y)}E${exponent}`)
}
