/** Sort patterns as byte keys: the smallest element of an array counts ascending, the largest descending. */
import { numberOf } from './bson/number.ts'
import { type Raw, Type } from './bson/raw.ts'
import { encodeValue } from './bson/writer.ts'
import { CommandError, unsupported } from './errors.ts'
import { KeyWriter, Order } from './keys.ts'
import { type Path, pathOf, some } from './path.ts'

export interface SortField {
  readonly path: Path
  readonly direction: 1 | -1
}

export function parseSort(sort: Raw): SortField[] {
  return sort.fields().map(({ name, value }) => {
    if (value.type === Type.object) throw unsupported(`$meta in a sort (${name})`)
    const direction = value.isNumber ? numberOf(value) : Number.NaN
    if (name === '$natural') return { path: pathOf(name), direction: direction < 0 ? -1 : 1 }
    if (name === '' || name.startsWith('$'))
      throw new CommandError(
        'BadValue',
        `FieldPath field names may not start with '$' or be empty: '${name}'`,
      )
    if (direction !== 1 && direction !== -1)
      throw new CommandError(
        'BadValue',
        '$sort key ordering must be 1 (for ascending) or -1 (for descending)',
      )
    return { path: pathOf(name), direction }
  })
}

const nothing = encodeValue(null)
const writer = new KeyWriter()

/** Gives each document the bytes by which it sorts. */
export function sortComparator(sort: Raw | readonly SortField[]): { key(document: Raw): Buffer } {
  const fields = Array.isArray(sort) ? (sort as readonly SortField[]) : parseSort(sort as Raw)
  return {
    key(document) {
      writer.at = 0
      for (const field of fields) writeField(document, field)
      return writer.take()
    },
  }
}

function writeField(document: Raw, { path, direction }: SortField): void {
  const start = writer.at
  let best: Buffer | undefined
  const consider = (value: Raw | undefined): false => {
    writer.at = start
    writer.value(value ?? nothing)
    const key = writer.take(start)
    if (best === undefined || Buffer.compare(key, best) * direction < 0) best = key
    return false
  }
  some(document, path, false, value => {
    if (value?.type !== Type.array) return consider(value)
    if (value.isEmpty) {
      writer.at = start
      writer.byte(Order.undefined)
      const key = writer.take(start)
      if (best === undefined || Buffer.compare(key, best) * direction < 0) best = key
    }
    for (const element of value.elements()) consider(element)
    return false
  })
  writer.at = start
  if (best === undefined) writer.value(nothing)
  else writer.copy(best, 0, best.length)
  if (direction < 0) writer.invert(start)
}
