/** From conditions to intervals of index keys. An interval may be wider than the condition, never narrower. */
import { Raw, Type } from '../bson/raw.ts'
import { encodeValue } from '../bson/writer.ts'
import { KeyWriter, Order, orderOf } from '../keys.ts'
import type { Node } from '../match/node.ts'
import { literalPrefix } from '../match/regex.ts'

export interface Interval {
  readonly low: Buffer
  readonly lowIncluded: boolean
  readonly high: Buffer
  readonly highIncluded: boolean
}

export function isPoint(interval: Interval): boolean {
  return interval.lowIncluded && interval.highIncluded && interval.low.equals(interval.high)
}

const writer = new KeyWriter()

function keyOf(value: Raw): Buffer {
  writer.at = 0
  writer.value(value)
  return writer.take()
}

function point(value: Raw): Interval {
  const key = keyOf(value)
  return { low: key, lowIncluded: true, high: key, highIncluded: true }
}

/** All values of a kind: order bytes lie at least four apart. */
function bracket(order: number): Interval {
  return {
    low: Buffer.from([order - 1]),
    lowIncluded: false,
    high: Buffer.from([order + 1]),
    highIncluded: false,
  }
}

export const everything: Interval = {
  low: Buffer.from([0x01]),
  lowIncluded: false,
  high: Buffer.from([0xf8]),
  highIncluded: false,
}

const nullValue = encodeValue(null)
const undefinedValue = new Raw(Type.undefined, Buffer.alloc(0), 0, 0)

/** The intervals of a condition; undefined where it gives none. `descending` fields take no prefixes of text. */
export function intervalsOf(node: Node, descending: boolean): Interval[] | undefined {
  if (node.kind === 'elemMatch' && node.values && node.inner.kind === 'and')
    return node.inner.nodes.reduce<Interval[] | undefined>((found, inner) => {
      const next =
        inner.kind === 'leaf' && inner.operator !== 'eq' ? intervalsOf(inner, descending) : undefined
      return found && next ? intersect(found, next) : (found ?? next)
    }, undefined)
  if (node.kind !== 'leaf') return undefined
  switch (node.operator) {
    case 'eq':
      return equality(node.operand)
    case 'in': {
      const intervals: Interval[] = []
      for (const each of node.list!) {
        const found = each.type === Type.regex ? expression(each, descending) : equality(each)
        if (!found) return undefined
        intervals.push(...found)
      }
      return distinct(intervals)
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return range(node.operator, node.operand)
    case 'regex':
      return expression(node.operand, descending)
    default:
      return undefined
  }
}

function equality(value: Raw): Interval[] | undefined {
  if (value.type === Type.null) return [point(undefinedValue), point(nullValue)]
  if (value.type === Type.undefined) return undefined
  if (value.type !== Type.array) return [point(value)]
  const first = value.elements()[0]
  return distinct([point(value), first === undefined ? point(undefinedValue) : point(first)])
}

function range(operator: string, value: Raw): Interval[] | undefined {
  const order = orderOf(value)
  const excluded: number[] = [Order.null, Order.undefined, Order.minKey, Order.maxKey, Order.array]
  if (excluded.includes(order)) return undefined
  const key = keyOf(value)
  const whole = bracket(order)
  if (operator === 'gt') return [{ ...whole, low: key, lowIncluded: false }]
  if (operator === 'gte') return [{ ...whole, low: key, lowIncluded: true }]
  if (operator === 'lt') return [{ ...whole, high: key, highIncluded: false }]
  return [{ ...whole, high: key, highIncluded: true }]
}

/** Text that begins with the literal start of an expression, and the expression itself as a value. */
function expression(value: Raw, descending: boolean): Interval[] | undefined {
  const prefix = descending ? '' : literalPrefix(value)
  if (prefix === '') return [bracket(Order.string), point(value)]
  const low = Buffer.concat([Buffer.from([Order.string]), Buffer.from(prefix)])
  const high = Buffer.concat([low, Buffer.from([0xff])])
  return [{ low, lowIncluded: true, high, highIncluded: false }, point(value)]
}

function compareLow(a: Interval, b: Interval): number {
  return Buffer.compare(a.low, b.low) || Number(b.lowIncluded) - Number(a.lowIncluded)
}

function compareHigh(a: Interval, b: Interval): number {
  return Buffer.compare(a.high, b.high) || Number(a.highIncluded) - Number(b.highIncluded)
}

/** In order and without doubles, so that ranges follow each other. */
export function distinct(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => compareLow(a, b) || compareHigh(a, b))
  const merged: Interval[] = []
  for (const each of sorted) {
    const last = merged.at(-1)
    if (last && overlaps(last, each)) {
      const further = compareHigh(last, each) >= 0 ? last : each
      merged[merged.length - 1] = { ...last, high: further.high, highIncluded: further.highIncluded }
    } else merged.push(each)
  }
  return merged
}

function overlaps(a: Interval, b: Interval): boolean {
  const order = Buffer.compare(b.low, a.high)
  return order < 0 || (order === 0 && a.highIncluded && b.lowIncluded)
}

export function intersect(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const found: Interval[] = []
  for (const x of a)
    for (const y of b) {
      const low = compareLow(x, y) >= 0 ? x : y
      const high = compareHigh(x, y) <= 0 ? x : y
      const order = Buffer.compare(low.low, high.high)
      if (order > 0 || (order === 0 && !(low.lowIncluded && high.highIncluded))) continue
      found.push({
        low: low.low,
        lowIncluded: low.lowIncluded,
        high: high.high,
        highIncluded: high.highIncluded,
      })
    }
  return distinct(found)
}

/** The bytes of an interval in an index field: first byte string inside, first byte string after. */
export function limits(interval: Interval, direction: 1 | -1): { start: Buffer; end: Buffer } {
  const after = (key: Buffer) => Buffer.concat([key, Buffer.from([0xff])])
  const { low, lowIncluded, high, highIncluded } = interval
  if (direction > 0) return { start: lowIncluded ? low : after(low), end: highIncluded ? after(high) : high }
  const [from, to] = [inverted(high), inverted(low)]
  return { start: highIncluded ? from : after(from), end: lowIncluded ? after(to) : to }
}

function inverted(key: Buffer): Buffer {
  const bytes = Buffer.from(key)
  for (let i = 0; i < bytes.length; i++) bytes[i] = ~bytes[i]! & 0xff
  return bytes
}
