import { DataError } from './errors.ts'
import type { Json } from './plugin.ts'

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const DECIMAL = /^-?([0-9]+)(?:\.([0-9]+))?(?:e([+-]?[0-9]+))?$/i
const LONE_SURROGATE = /\p{Surrogate}/u
const ESCAPES = '"\\/bfnrt'
const HEX4 = /[0-9a-fA-F]{4}/y

/** Reads JSON character by character: slower than `JSON.parse`, but it loses nothing and says where a fault is. */
export function readJson(text: string, maxDepth: number): Json {
  let at = 0

  const fail = (code: string, what: string, offset: number, hint?: string): never => {
    const place = lineAndColumn(text, offset)
    throw new DataError(code, `${what} at ${place} (offset ${offset})`, {
      at: place,
      ...(hint === undefined ? {} : { hint }),
    })
  }
  const syntax = (expected: string): never => {
    const found = at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at)!)) : 'the end'
    return fail('JSON_SYNTAX', `${expected} is expected, ${found} is found`, at)
  }
  const skipBlanks = (): void => {
    for (; at < text.length; at++) {
      const c = text.charCodeAt(at)
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return
    }
  }

  const readString = (): string => {
    const start = at
    let escaped = false
    let surrogates = false
    for (at++; at < text.length; at++) {
      const c = text.charCodeAt(at)
      if (c === 0x22) {
        at++
        const value = escaped ? (JSON.parse(text.slice(start, at)) as string) : text.slice(start + 1, at - 1)
        if (surrogates && LONE_SURROGATE.test(value))
          fail('JSON_LONE_SURROGATE', 'half a character (a lone surrogate) stands in the string', start)
        return value
      }
      if (c < 0x20) syntax('an escaped control character')
      if (c !== 0x5c) continue
      escaped = true
      at++
      if (text[at] === 'u') {
        HEX4.lastIndex = at + 1
        if (!HEX4.test(text)) syntax('four hexadecimal digits after \\u')
        if ((text.charCodeAt(at + 1) | 0x20) === 0x64) surrogates = true
        at += 4
      } else if (at >= text.length || !ESCAPES.includes(text[at]!)) syntax('an escape of JSON')
    }
    return syntax('the closing quote') as never
  }

  const readNumber = (): number | string => {
    NUMBER.lastIndex = at
    const match = NUMBER.exec(text)
    if (match === null) return syntax('a value')
    at = NUMBER.lastIndex
    return exactNumber(match[0])
  }

  const readWord = <T>(word: string, value: T): T => {
    if (!text.startsWith(word, at)) syntax('a value')
    at += word.length
    return value
  }

  const enter = (depth: number): void => {
    if (depth > maxDepth) fail('JSON_DEPTH', `there are more than ${maxDepth} levels`, at)
    at++
    skipBlanks()
  }

  const readObject = (depth: number): Json => {
    enter(depth)
    const object: { [key: string]: Json } = {}
    if (text[at] === '}') {
      at++
      return object
    }
    for (;;) {
      if (text[at] !== '"') syntax('a key in quotes')
      const keyAt = at
      const key = readString()
      if (key === '__proto__')
        fail('JSON_PROTO_KEY', 'the key "__proto__" is not allowed', keyAt, 'rename the key')
      if (Object.hasOwn(object, key))
        fail(
          'JSON_DUPLICATE_KEY',
          `the key ${JSON.stringify(key.slice(0, 80))} comes twice in one object`,
          keyAt,
        )
      skipBlanks()
      if (text[at] !== ':') syntax('":"')
      at++
      object[key] = readValue(depth)
      if (text[at] === '}') {
        at++
        return object
      }
      if (text[at] !== ',') syntax('"," or "}"')
      at++
      skipBlanks()
    }
  }

  const readArray = (depth: number): Json => {
    enter(depth)
    const array: Json[] = []
    if (text[at] === ']') {
      at++
      return array
    }
    for (;;) {
      array.push(readValue(depth))
      if (text[at] === ']') {
        at++
        return array
      }
      if (text[at] !== ',') syntax('"," or "]"')
      at++
    }
  }

  const readValue = (depth: number): Json => {
    skipBlanks()
    const c = text[at]
    let value: Json
    if (c === '"') value = readString()
    else if (c === '{') value = readObject(depth + 1)
    else if (c === '[') value = readArray(depth + 1)
    else if (c === 't') value = readWord('true', true)
    else if (c === 'f') value = readWord('false', false)
    else if (c === 'n') value = readWord('null', null)
    else value = readNumber()
    skipBlanks()
    return value
  }

  const value = readValue(0)
  if (at < text.length)
    fail('JSON_TRAILING_TEXT', 'there is more text after the value', at, 'send one JSON value')
  return value
}

/** The number, or its text where a double would change it: 3652397000000186017, 1e400, 0.1234567890123456789. */
export function exactNumber(text: string): number | string {
  const value = Number(text)
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return text
  return sameDecimal(text, String(value)) ? value : text
}

function sameDecimal(a: string, b: string): boolean {
  if (a === b) return true
  const [x, y] = [decimal(a), decimal(b)]
  return x.digits === y.digits && (x.digits === '' || x.exponent === y.exponent)
}

/** 0.<digits> times ten to the exponent, without zeros at either end. The sign is the same in all callers. */
function decimal(text: string): { digits: string; exponent: number } {
  const [, whole, fraction = '', power = '0'] = DECIMAL.exec(text)!
  const all = whole! + fraction
  const digits = all.replace(/^0+/, '')
  return {
    digits: digits.replace(/0+$/, ''),
    exponent: whole!.length - (all.length - digits.length) + Number(power),
  }
}

/** 1-based. */
function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `${line}:${offset - before.lastIndexOf('\n')}`
}
