/** The tests behind the query operators, each on a single value. */
import { bigintOf, numberOf } from '../bson/number.ts'
import { type Raw, Type, typeNames } from '../bson/raw.ts'
import { CommandError } from '../errors.ts'
import { compare, equal, KeyWriter, Order, orderOf } from '../keys.ts'
import { regexOf } from './regex.ts'

export type Test = (value: Raw | undefined) => boolean

const isNullish = (value: Raw | undefined): boolean =>
  value === undefined || value.type === Type.null || value.type === Type.undefined

export function equals(operand: Raw): Test {
  if (operand.type === Type.null) return isNullish
  return value => value !== undefined && equal(value, operand)
}

/** `$gt`, `$gte`, `$lt`, `$lte`: only values of the operand's own kind compare, except with MinKey and MaxKey. */
export function comparison(operator: 'gt' | 'gte' | 'lt' | 'lte', operand: Raw): Test {
  const kind = orderOf(operand)
  const inclusive = operator === 'gte' || operator === 'lte'
  if (kind === Order.null) return inclusive ? isNullish : () => false
  if (kind === Order.regex)
    throw new CommandError('BadValue', `Can't have RegEx as arg to predicate over field`)
  const above = operator === 'gt' || operator === 'gte'
  const crosses = kind === Order.minKey || kind === Order.maxKey
  const isNaNOperand = kind === Order.number && Number.isNaN(numberOf(operand))
  return value => {
    if (value === undefined) return crosses && acceptsMissing(kind, above)
    if (orderOf(value) !== kind && !crosses) return false
    if (kind === Order.number) {
      const isNaNValue = Number.isNaN(numberOf(value))
      if (isNaNOperand || isNaNValue) return inclusive && isNaNOperand && isNaNValue
    }
    const difference = compare(value, operand)
    return difference === 0 ? inclusive : above ? difference > 0 : difference < 0
  }
}

/** A missing field counts as null, which lies between MinKey and MaxKey. */
function acceptsMissing(kind: number, above: boolean): boolean {
  return kind === Order.minKey ? above : !above
}

const sets = new KeyWriter()

function keyText(value: Raw): string {
  sets.at = 0
  sets.value(value)
  return sets.bytes.toString('latin1', 0, sets.at)
}

export function inList(list: readonly Raw[]): Test {
  const regexes = list.filter(each => each.type === Type.regex)
  const tests = regexes.map(each => regexTest(each))
  const takesNull = list.some(each => each.type === Type.null)
  if (list.length <= 4) {
    const members = list.map(equals)
    return value => members.some(member => member(value)) || tests.some(test => test(value))
  }
  const keys = new Set(list.map(keyText))
  return value => {
    if (takesNull && isNullish(value)) return true
    if (value === undefined) return false
    return keys.has(keyText(value)) || tests.some(test => test(value))
  }
}

/** A regular expression matches strings, and itself. */
export function regexTest(operand: Raw, flags?: string): Test {
  const expression = regexOf(operand, flags)
  return value => {
    if (value === undefined) return false
    if (value.type === Type.string || value.type === Type.symbol) return expression.test(value.text())
    return value.type === Type.regex && operand.type === Type.regex && equal(value, operand)
  }
}

const typeNumbers: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(typeNames).map(([number, name]) => [name, Number(number)]),
)

/** `$type` by number, alias or a list of them. */
export function typeTest(list: readonly Raw[]): { test: Test; types: ReadonlySet<number> } {
  const types = new Set<number>()
  for (const each of list) {
    if (each.type === Type.string) {
      const name = each.text()
      if (name === 'number') for (const type of [1, 16, 18, 19]) types.add(type)
      else if (typeNumbers[name] === undefined)
        throw new CommandError('BadValue', `Unknown type name alias: ${name}`)
      else types.add(typeNumbers[name])
    } else if (each.isNumber) {
      const number = numberOf(each) === -1 ? 255 : numberOf(each)
      if (!typeNames[number])
        throw new CommandError('BadValue', `Invalid numerical type code: ${numberOf(each)}`)
      types.add(number)
    } else throw new CommandError('TypeMismatch', 'type must be represented as a number or a string')
  }
  if (types.size === 0) throw new CommandError('FailedToParse', '$type must match at least one type')
  return { test: value => value !== undefined && types.has(value.type), types }
}

export function sizeTest(operand: Raw): Test {
  const size = operand.isNumber ? numberOf(operand) : Number.NaN
  if (!Number.isInteger(size))
    throw new CommandError('BadValue', 'Failed to parse $size. Expected an integer')
  if (size < 0) throw new CommandError('BadValue', 'Failed to parse $size. Expected a non-negative number')
  return value => value !== undefined && value.type === Type.array && value.elements().length === size
}

export function modTest(operand: Raw): Test {
  const parts = operand.type === Type.array ? operand.elements() : []
  if (operand.type !== Type.array) throw new CommandError('BadValue', 'malformed mod, needs to be an array')
  if (parts.length < 2) throw new CommandError('BadValue', 'malformed mod, not enough elements')
  if (parts.length > 2) throw new CommandError('BadValue', 'malformed mod, too many elements')
  const [divisor, remainder] = parts.map(each => (each.isNumber ? Math.trunc(numberOf(each)) : Number.NaN))
  if (!Number.isFinite(divisor) || !Number.isFinite(remainder))
    throw new CommandError('BadValue', 'malformed mod, divisor and remainder must be numbers')
  if (divisor === 0) throw new CommandError('BadValue', 'divisor cannot be 0')
  return value => {
    if (value === undefined || !value.isNumber) return false
    if (value.type === Type.long) return bigintOf(value) % BigInt(divisor!) === BigInt(remainder!)
    const number = numberOf(value)
    return Number.isFinite(number) && Math.trunc(number) % divisor! === remainder!
  }
}

/** `$bitsAllSet` and its kin: the mask is a number, a list of positions or bytes. */
export function bitsTest(operator: string, operand: Raw): Test {
  const mask = maskOf(operator, operand)
  const all = operator.startsWith('bitsAll')
  const wanted = operator.endsWith('Set') ? mask : 0n
  return value => {
    const bits = value && bitsOf(value)
    if (bits === undefined) return false
    return all ? (bits & mask) === wanted : (bits & mask) !== (operator.endsWith('Set') ? 0n : mask)
  }
}

function maskOf(operator: string, operand: Raw): bigint {
  if (operand.type === Type.array) {
    let mask = 0n
    for (const each of operand.elements()) {
      const position = each.isNumber ? numberOf(each) : Number.NaN
      if (!Number.isInteger(position) || position < 0)
        throw new CommandError('BadValue', `bit positions of $${operator} must be non-negative integers`)
      mask |= 1n << BigInt(position)
    }
    return mask
  }
  const bits = bitsOf(operand)
  if (bits === undefined || (operand.isNumber && bits < 0n))
    throw new CommandError('BadValue', `$${operator} takes an Array, a non-negative number, or a BinData`)
  return bits
}

function bitsOf(value: Raw): bigint | undefined {
  if (value.type === Type.binary) {
    let bits = 0n
    for (let at = value.end - 1; at >= value.start + 5; at--) bits = (bits << 8n) | BigInt(value.bytes[at]!)
    return bits
  }
  if (!value.isNumber) return undefined
  if (value.type === Type.long || value.type === Type.int) return bigintOf(value)
  const number = numberOf(value)
  return Number.isInteger(number) && Math.abs(number) <= 2 ** 63 ? BigInt(number) : undefined
}
