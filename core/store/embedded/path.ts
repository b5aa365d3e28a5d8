/** Dotted paths, walked as MongoDB does: through embedded documents and, implicitly, through arrays. */
import { type Raw, Type } from './bson/raw.ts'

export interface Path {
  readonly text: string
  readonly names: readonly string[]
  readonly keys: readonly Buffer[]
}

const cache = new Map<string, Path>()

export function pathOf(text: string): Path {
  let path = cache.get(text)
  if (path) return path
  const names = text.split('.')
  path = { text, names, keys: names.map(name => Buffer.from(name)) }
  if (cache.size > 2000) cache.clear()
  cache.set(text, path)
  return path
}

/** "0", "12": usable as an index into an array. */
export function isIndex(name: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(name)
}

/**
 * True as soon as `test` is for one of the values that the path leads to; `undefined` is asked where a document
 * lacks the field. With `expand`, an array at the end is asked element by element and then as a whole.
 */
export function some(
  document: Raw,
  path: Path,
  expand: boolean,
  test: (value: Raw | undefined) => boolean,
  depth = 0,
): boolean {
  const value = document.find(path.keys[depth]!)
  if (depth === path.keys.length - 1) return leaf(value, expand, test)
  if (value === undefined) return test(undefined)
  if (value.type === Type.object) return some(value, path, expand, test, depth + 1)
  if (value.type !== Type.array) return test(undefined)
  for (const element of value.elements())
    if (element.type === Type.object && some(element, path, expand, test, depth + 1)) return true
  if (!isIndex(path.names[depth + 1]!) || value.find(path.keys[depth + 1]!) === undefined) return false
  return some(value, path, expand, test, depth + 1)
}

function leaf(value: Raw | undefined, expand: boolean, test: (value: Raw | undefined) => boolean): boolean {
  if (expand && value !== undefined && value.type === Type.array)
    for (const element of value.elements()) if (test(element)) return true
  return test(value)
}

/** The value at a path that passes through no array, else undefined. */
export function plain(document: Raw, path: Path): Raw | undefined {
  let value: Raw | undefined = document
  for (const key of path.keys) {
    if (value === undefined || value.type !== Type.object) return undefined
    value = value.find(key)
  }
  return value
}

/** Every value that the path leads to, arrays on the way opened; the array at the end is not. */
export function valuesAt(document: Raw, path: Path): Raw[] {
  const found: Raw[] = []
  some(document, path, false, value => {
    if (value !== undefined) found.push(value)
    return false
  })
  return found
}
