import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { Finding } from '../errors.ts'

export type Path = readonly (string | number)[]

/** A JSON file as text, value and positions. */
export interface Source {
  /** As findings name it. */
  readonly file: string
  readonly value: unknown
  at(path: Path): { line: number; column: number }
  finding(path: Path, code: string, message: string, suggestion?: string): Finding
}

const MAX_BYTES = 1024 * 1024
const MAX_DEPTH = 60

/** RFC 6901 */
export const pointer = (path: Path): string =>
  path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function lineIndex(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0]
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1)
  return offset => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 }
  }
}

const sentences: Record<string, string> = {
  InvalidSymbol: 'this is no JSON value',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'a name in double quotes belongs here',
  ValueExpected: 'a value belongs here',
  ColonExpected: 'a colon belongs here',
  CommaExpected: 'a comma belongs here',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  EndOfFileExpected: 'the file should end here',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfComment: 'JSON has no comments',
  UnexpectedEndOfString: 'the text is not closed',
  InvalidCharacter: 'this character is not allowed in a text',
  InvalidEscapeCharacter: 'this escape is not allowed',
  InvalidUnicode: 'this \\u escape is not complete',
}

/** Reads one file. Where its text is no JSON, `value` is undefined and the findings say where and why. */
export function readSource(file: string, text: string): { source: Source; findings: Finding[] } {
  const place = lineIndex(text)
  const bare = text.startsWith('\ufeff') ? ` ${text.slice(1)}` : text
  const make = (offset: number, path: Path, code: string, message: string, suggestion?: string): Finding => ({
    file,
    ...place(offset),
    pointer: pointer(path),
    code,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  })
  const broken = (findings: Finding[]) => ({ source: sourceOf(file, undefined, undefined, make), findings })

  if (text.length > MAX_BYTES)
    return broken([make(0, [], 'FILE_TOO_LARGE', `the file is larger than ${MAX_BYTES / 1024} KiB`)])
  const deep = tooDeep(bare)
  if (deep !== undefined)
    return broken([make(deep, [], 'JSON_DEPTH', `the file nests deeper than ${MAX_DEPTH} levels`)])
  const errors: ParseError[] = []
  const root = parseTree(bare, errors, { disallowComments: true, allowTrailingComma: false })
  if (errors.length > 0 || root === undefined) {
    const [first] = errors
    const sentence =
      sentences[first === undefined ? '' : printParseErrorCode(first.error)] ?? 'the file is empty'
    return broken([make(first?.offset ?? 0, [], 'JSON_SYNTAX', sentence)])
  }
  const findings: Finding[] = []
  const value = plainValue(root, [], (node, path, name) =>
    findings.push(
      make(
        node.offset,
        path,
        'DUPLICATE_KEY',
        `"${name}" stands here twice; the first is at line ${place(firstKey(node, name)).line}`,
      ),
    ),
  )
  return { source: sourceOf(file, root, value, make), findings }
}

/** Outside of texts, how deep do brackets nest? The parser recurses, so this is asked first. */
function tooDeep(text: string): number | undefined {
  let depth = 0
  let inText = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inText) {
      if (c === 92) i++
      else if (c === 34) inText = false
    } else if (c === 34) inText = true
    else if (c === 91 || c === 123) {
      if (++depth > MAX_DEPTH) return i
    } else if (c === 93 || c === 125) depth--
  }
  return undefined
}

const firstKey = (property: Node, name: string): number =>
  property.parent?.children?.find(child => child.children?.[0]?.value === name)?.offset ?? 0

function plainValue(node: Node, path: Path, twice: (node: Node, path: Path, name: string) => void): unknown {
  if (node.type === 'array')
    return (node.children ?? []).map((child, i) => plainValue(child, [...path, i], twice))
  if (node.type !== 'object') return node.value
  const entries = new Map<string, unknown>()
  for (const property of node.children ?? []) {
    const name = String(property.children?.[0]?.value)
    const value = property.children?.[1]
    if (value === undefined) continue
    if (entries.has(name)) twice(property, [...path, name], name)
    entries.set(name, plainValue(value, [...path, name], twice))
  }
  // fromEntries makes `__proto__` an own key, as it was written.
  return Object.fromEntries(entries)
}

type Make = (offset: number, path: Path, code: string, message: string, suggestion?: string) => Finding

function sourceOf(file: string, root: Node | undefined, value: unknown, make: Make): Source {
  /** The name of a property, else the value itself; for what is missing, the nearest thing around it. */
  const offsetOf = (path: Path): number => {
    if (root === undefined) return 0
    for (let length = path.length; length >= 0; length--) {
      const node = findNodeAtLocation(root, path.slice(0, length) as (string | number)[])
      if (node === undefined) continue
      return node.parent?.type === 'property' ? node.parent.offset : node.offset
    }
    return 0
  }
  const finding: Source['finding'] = (path, code, message, suggestion) =>
    make(offsetOf(path), path, code, message, suggestion)
  return {
    file,
    value,
    finding,
    at(path) {
      const { line, column } = finding(path, '', '')
      return { line, column }
    },
  }
}

/** A source without a file: a mapping out of the store. Its findings have a pointer and no line. */
export function storedSource(file: string, value: unknown): Source {
  const finding: Source['finding'] = (path, code, message, suggestion) => ({
    file,
    line: 0,
    column: 0,
    pointer: pointer(path),
    code,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  })
  return { file, value, finding, at: () => ({ line: 0, column: 0 }) }
}
