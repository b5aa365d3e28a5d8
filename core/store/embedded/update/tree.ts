/** A document being changed: only what is touched is taken apart, the rest is copied as bytes. */
import { Raw, Type } from '../bson/raw.ts'
import { Writer } from '../bson/writer.ts'

export type Value = Raw | ObjectNode | ArrayNode

interface Entry {
  readonly name: string
  value: Value
  /** Where the untouched element begins in the source's bytes, else -1. */
  at: number
}

export class ObjectNode {
  readonly type = Type.object
  readonly entries: Entry[]
  private readonly source: Buffer

  constructor(raw: Raw) {
    this.source = raw.bytes
    this.entries = raw.fields()
  }

  entry(name: string): Entry | undefined {
    for (const each of this.entries) if (each.name === name) return each
    return undefined
  }

  get(name: string): Value | undefined {
    return this.entry(name)?.value
  }

  set(name: string, value: Value): void {
    const entry = this.entry(name)
    if (entry) {
      entry.value = value
      entry.at = -1
    } else this.entries.push({ name, value, at: -1 })
  }

  delete(name: string): boolean {
    const index = this.entries.findIndex(each => each.name === name)
    if (index >= 0) this.entries.splice(index, 1)
    return index >= 0
  }

  write(writer: Writer): void {
    const start = writer.open()
    const { entries } = this
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!
      if (entry.at < 0 || !(entry.value instanceof Raw)) writeValue(writer, entry.name, entry.value)
      else {
        let { end } = entry.value
        for (let next = entries[i + 1]; next !== undefined && next.at === end; next = entries[i + 1]) {
          end = (next.value as Raw).end
          i++
        }
        writer.slice(this.source, entry.at, end)
      }
    }
    writer.close(start)
  }
}

export class ArrayNode {
  readonly type = Type.array
  values: Value[]

  constructor(values: Value[]) {
    this.values = values
  }

  write(writer: Writer): void {
    const start = writer.open()
    for (const [index, value] of this.values.entries()) writeValue(writer, String(index), value)
    writer.close(start)
  }
}

function writeValue(writer: Writer, name: string, value: Value): void {
  if (value instanceof Raw) writer.raw(name, value)
  else {
    writer.name(value.type, name)
    value.write(writer)
  }
}

/** Takes a container apart by one level; scalars stay. */
export function opened(value: Value): Value {
  if (!(value instanceof Raw)) return value
  if (value.type === Type.object) return new ObjectNode(value)
  if (value.type === Type.array) return new ArrayNode(value.elements())
  return value
}

const scratch = new Writer(16_384)

/** The value as bytes again. */
export function closed(value: Value): Raw {
  if (value instanceof Raw) return value
  const outer = new Writer(256)
  value.write(outer)
  const bytes = outer.take()
  return new Raw(value.type, bytes, 0, bytes.length)
}

/** The whole document as bytes of its own. */
export function documentOf(root: ObjectNode): Raw {
  root.write(scratch)
  return Raw.document(scratch.take())
}
