/** Which keys a document has in an index. */
import { createHash } from 'node:crypto'
import { Raw, Type } from '../bson/raw.ts'
import { encodeValue } from '../bson/writer.ts'
import { CommandError } from '../errors.ts'
import { KeyWriter } from '../keys.ts'
import { isIndex, type Path } from '../path.ts'
import type { SortField } from '../sort.ts'

/** LMDB takes keys of 1978 bytes; longer ones keep this much of themselves and a hash of the whole. */
const longest = 1900
const kept = 1800

const missing = encodeValue(null)
/** What an empty array is indexed as. */
const undefinedValue = new Raw(Type.undefined, Buffer.alloc(0), 0, 0)

export interface Keys {
  /** Distinct, encoded without the index's id. */
  readonly keys: readonly Buffer[]
  /** Per key, the values of its fields: what E11000 names. */
  readonly values: readonly (readonly Raw[])[]
  /** Per field, whether an array was passed. */
  readonly multikey: readonly boolean[]
  /** A key was too long and is cut. */
  readonly truncated: boolean
  /** All fields are missing: a sparse index leaves the document out. */
  readonly absent: boolean
}

const writer = new KeyWriter()

export function keysOf(document: Raw, fields: readonly SortField[]): Keys {
  const multikey = fields.map(() => false)
  const present = { any: false }
  const values = combinations(document, fields, multikey, present)
  const keys: Buffer[] = []
  const distinct: (readonly Raw[])[] = []
  let truncated = false
  for (const combination of values) {
    writer.at = 0
    combination.forEach((value, i) => {
      const start = writer.at
      writer.value(value)
      if (fields[i]!.direction < 0) writer.invert(start)
    })
    const key = bounded(writer.bytes.subarray(0, writer.at))
    if (key.length !== writer.at) truncated = true
    if (values.length > 1 && keys.some(other => other.equals(key))) continue
    keys.push(key)
    distinct.push(combination)
  }
  return { keys, values: distinct, multikey, truncated, absent: !present.any }
}

/** The key as it is stored: cut and hashed where too long. */
export function bounded(key: Buffer): Buffer {
  if (key.length <= longest) return Buffer.from(key)
  return Buffer.concat([key.subarray(0, kept), createHash('sha256').update(key).digest()])
}

/** The limits of a range in the same form: never narrower than meant. */
export function lowLimit(key: Buffer): Buffer {
  return key.length <= kept ? key : key.subarray(0, kept)
}

export function highLimit(key: Buffer): Buffer {
  return key.length <= kept ? key : Buffer.concat([key.subarray(0, kept), Buffer.alloc(33, 0xff)])
}

interface Walk {
  /** Where the field's walk stands: a value, with the names still to go. */
  readonly value: Raw | undefined
  readonly depth: number
  /** It is what is indexed, though it may be an array. */
  readonly done: boolean
}

function combinations(
  document: Raw,
  fields: readonly SortField[],
  multikey: boolean[],
  present: { any: boolean },
): Raw[][] {
  const walks = fields.map(field => step(document, 0, field.path))
  for (const { value } of walks) if (value !== undefined) present.any = true
  return expand(walks, fields, multikey)
}

/** Walks on until the end of the path or an array. */
function step(from: Raw | undefined, depth: number, path: Path): Walk {
  let value = from
  let at = depth
  while (at < path.keys.length && value !== undefined) {
    if (value.type === Type.object) value = value.find(path.keys[at++]!)
    else if (value.type === Type.array) {
      if (!isIndex(path.names[at]!)) return { value, depth: at, done: false }
      value = value.find(path.keys[at++]!)
    } else value = undefined
  }
  return { value, depth: path.keys.length, done: value?.type !== Type.array }
}

/** One row of values per combination: all arrays that are met must be one and the same. */
function expand(walks: readonly Walk[], fields: readonly SortField[], multikey: boolean[]): Raw[][] {
  let array: Raw | undefined
  walks.forEach(({ value, done }, i) => {
    if (done || value?.type !== Type.array) return
    if (array && (array.start !== value.start || array.bytes !== value.bytes))
      throw new CommandError('CannotIndexParallelArrays', 'cannot index parallel arrays')
    array = value
    multikey[i] = true
  })
  if (!array) return [walks.map(({ value }) => value ?? missing)]
  const elements = array.elements()
  const rows: Raw[][] = []
  for (const element of elements.length > 0 ? elements : [undefined]) {
    const inner = walks.map((walk, i): Walk => {
      if (walk.done || walk.value?.type !== Type.array) return walk
      const { path } = fields[i]!
      if (walk.depth === path.keys.length)
        return { value: element ?? undefinedValue, depth: walk.depth, done: true }
      return step(element?.type === Type.object ? element : undefined, walk.depth, path)
    })
    rows.push(...expand(inner, fields, multikey))
  }
  return rows
}
