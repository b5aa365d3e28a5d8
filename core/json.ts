import { isUtf8 } from 'node:buffer'
import { DataError } from './errors.ts'
import { readJson } from './json-reader.ts'
import type { Json } from './plugin.ts'

/** Arrays and objects within each other; what is deeper is an attack or a mistake. */
export const MAX_DEPTH = 64

/**
 * Strict JSON. Numbers beyond 2^53, and those whose digits a double cannot hold, come as strings with the text
 * that was sent; a byte order mark is passed over. Raises DataError `JSON_UTF8`, `JSON_SYNTAX`,
 * `JSON_TRAILING_TEXT`, `JSON_DEPTH`, `JSON_DUPLICATE_KEY`, `JSON_PROTO_KEY` or `JSON_LONE_SURROGATE`, with
 * line:column and offset in its message and line:column in `at`.
 */
export function parseJson(bytes: Buffer | string): Json {
  const text = typeof bytes === 'string' ? bytes : decode(bytes)
  const members = countMembersIfPlain(text)
  if (members !== NOT_PLAIN) {
    try {
      const value = JSON.parse(text) as Json
      // A key that came twice is one member less in the value than in the text.
      if (countMembers(value) === members) return value
    } catch {
      // The reader below finds the same fault and says where it is.
    }
  }
  return readJson(text, MAX_DEPTH)
}

function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    const offset = firstInvalidByte(bytes)
    throw new DataError('JSON_UTF8', `the bytes are not UTF-8: the first wrong one is at offset ${offset}`, {
      at: `byte ${offset}`,
      hint: 'send the body as UTF-8',
    })
  }
  const text = bytes.toString('utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** Decoding puts EF BF BD in the place of what is wrong: there the two begin to differ. */
function firstInvalidByte(bytes: Buffer): number {
  const mended = Buffer.from(bytes.toString('utf8'))
  let offset = 0
  while (offset < bytes.length && bytes[offset] === mended[offset]) offset++
  return offset
}

const NOT_PLAIN = -1
const QUOTE = 0x22
const BACKSLASH = 0x5c
/** A number of at most this many characters, without an exponent, is held by a double with all its digits. */
const SAFE_LENGTH = 15

/**
 * How many members the objects of this text have, if `JSON.parse` can be trusted with it: no long number, no
 * exponent, no escaped surrogate, no great depth. Says nothing about whether the text is JSON at all.
 */
function countMembersIfPlain(text: string): number {
  let members = 0
  let depth = 0
  const end = text.length
  for (let i = 0; i < end; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) {
      for (i++; i < end; i++) {
        const s = text.charCodeAt(i)
        if (s === QUOTE) break
        if (s === BACKSLASH) {
          i++
          if (text.charCodeAt(i) === 0x75 && (text.charCodeAt(i + 1) | 0x20) === 0x64) return NOT_PLAIN
        }
      }
    } else if (c === 0x3a) members++
    else if (c >= 0x30 && c <= 0x39) {
      const start = i
      let d = c
      while ((d >= 0x30 && d <= 0x39) || d === 0x2e) d = text.charCodeAt(++i)
      if (i - start > SAFE_LENGTH || (d | 0x20) === 0x65) return NOT_PLAIN
      i--
    } else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_DEPTH) return NOT_PLAIN
    } else if (c === 0x7d || c === 0x5d) depth--
  }
  return members
}

function countMembers(value: Json): number {
  if (value === null || typeof value !== 'object') return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') members += countMembers(element)
    return members
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return Number.NaN
    const member = value[key]!
    members += typeof member === 'object' ? 1 + countMembers(member) : 1
  }
  return members
}
