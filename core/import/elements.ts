/** Cuts a JSON file into the elements of its list without holding more than one of them. */
import { SetupError } from '../errors.ts'
import { MOST_TEXT, type Part, tooLong } from './row.ts'

const KEY = 'data'
const OPENS = new Set(['{', '['])
const CLOSES = new Set(['}', ']'])
const isSpace = (c: string): boolean => c === ' ' || c === '\n' || c === '\r' || c === '\t'

/**
 * The elements of `[...]`, or of the list under `data` in `{"data": [...]}`. What stands around that list is passed
 * over. Raises SetupError `FILE_SHAPE` where there is no list.
 */
export async function* elementsOf(path: string, pieces: AsyncIterable<string>): AsyncGenerator<Part> {
  const finder = listFinder()
  const cutter = elementCutter()
  let found = false
  for await (const piece of pieces) {
    let rest = piece
    if (!found) {
      const start = finder(piece)
      if (start === undefined) continue
      if (start < 0) throw noList(path)
      found = true
      rest = piece.slice(start)
    }
    yield* cutter.cut(rest)
    if (cutter.ended) return
    if (cutter.held > MOST_TEXT) throw tooLong(path, `record ${cutter.count + 1}`)
  }
  if (!found) throw noList(path)
  yield { wrong: { code: 'FILE_CUT_OFF', message: 'The file ends before its list does.' } }
}

const noList = (path: string): SetupError =>
  new SetupError('FILE_SHAPE', `${path} holds no list of records.`, {
    at: path,
    hint: `Give [ ... ], { "${KEY}": [ ... ] }, or one record per line in a file named .ndjson.`,
  })

/** Where, in the piece that is given, the list begins; undefined: not yet; -1: there is none. */
function listFinder(): (piece: string) => number | undefined {
  let depth = 0
  let inText = false
  let escaped = false
  /** The text that was read last at depth 1, and whether it is a member's name. */
  let text = ''
  let named = false
  return piece => {
    for (let i = 0; i < piece.length; i++) {
      const c = piece[i] as string
      if (inText) {
        if (escaped) escaped = false
        else if (c === '\\') escaped = true
        else if (c === '"') inText = false
        if (inText && depth === 1 && text.length <= KEY.length) text += c
        continue
      }
      if (isSpace(c)) continue
      if (depth === 0 && c === '[') return i + 1
      if (depth === 0 && c !== '{') return -1
      if (depth === 1 && named && c === '[') return i + 1
      if (depth === 1) named = c === ':' && text === KEY
      if (c === '"') {
        inText = true
        text = ''
      } else if (OPENS.has(c)) depth += 1
      else if (CLOSES.has(c) && --depth === 0) return -1
    }
    return undefined
  }
}

function elementCutter() {
  let held = ''
  /** How far `held` was looked at. */
  let at = 0
  let depth = 0
  let inText = false
  let count = 0
  let ended = false

  function* cut(piece: string): Generator<Part> {
    held += piece
    let start = 0
    for (; at < held.length; at++) {
      const c = held.charCodeAt(at)
      if (inText) {
        if (c === 0x5c) at += 1
        else if (c === 0x22) inText = false
      } else if (c === 0x22) inText = true
      else if (c === 0x7b || c === 0x5b) depth += 1
      else if (depth > 0 && (c === 0x7d || c === 0x5d)) depth -= 1
      else if (depth === 0 && (c === 0x2c || c === 0x5d)) {
        const text = held.slice(start, at)
        start = at + 1
        ended = c === 0x5d
        // `[]` has no element, and neither has what follows the last comma of a careless list.
        if (text.trim() !== '') {
          count += 1
          yield { text }
        }
        if (ended) return
      }
    }
    held = held.slice(start)
    at -= start
  }
  return {
    cut,
    get held() {
      return held.length
    },
    get count() {
      return count
    },
    get ended() {
      return ended
    },
  }
}
