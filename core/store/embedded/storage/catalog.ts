/** What collections and indexes there are. Kept in LMDB; the copy in memory is read again when a transaction fails. */
import { numberOf } from '../bson/number.ts'
import { Raw } from '../bson/raw.ts'
import { encode } from '../bson/writer.ts'
import type { Node } from '../match/node.ts'
import { isTrue, parseFilter } from '../match/parse.ts'
import { parseSort, type SortField } from '../sort.ts'

export interface Index {
  readonly id: number
  readonly name: string
  /** As `listIndexes` shows it. */
  readonly spec: Raw
  readonly key: Raw
  readonly fields: readonly SortField[]
  readonly unique: boolean
  readonly sparse: boolean
  readonly partial?: Node
  readonly partialSpec?: Raw
  readonly expireAfterSeconds?: number
  /** First names of all paths that the index reads. */
  readonly reads: ReadonlySet<string>
  /** Per field, whether some document ever had an array there. */
  multikey: readonly boolean[]
  /** Some key was cut: its order is not known to the last byte. */
  truncated: boolean
}

export interface Collection {
  readonly id: number
  readonly database: string
  readonly name: string
  readonly namespace: string
  /** The `_id` index is the first. */
  indexes: Index[]
  count: number
  nextRecord: number
}

export function makeIndex(id: number, spec: Raw, multikey?: readonly boolean[], truncated = false): Index {
  const key = spec.get('key')!
  const fields = parseSort(key)
  const partialSpec = spec.get('partialFilterExpression')
  const expire = spec.get('expireAfterSeconds')
  const partial = partialSpec && parseFilter(partialSpec)
  const reads = new Set(fields.map(field => field.path.names[0]!))
  if (partial) namesOf(partial, reads)
  const name = spec.get('name')!.text()
  return {
    id,
    name,
    spec,
    key,
    fields,
    unique: name === '_id_' || flagOf(spec, 'unique'),
    sparse: flagOf(spec, 'sparse'),
    ...(partial && partialSpec ? { partial, partialSpec } : {}),
    ...(expire ? { expireAfterSeconds: numberOf(expire) } : {}),
    reads,
    multikey: multikey ?? fields.map(() => false),
    truncated,
  }
}

function flagOf(spec: Raw, name: string): boolean {
  const value = spec.get(name)
  return value !== undefined && isTrue(value)
}

function namesOf(node: Node, names: Set<string>): void {
  if (node.kind === 'leaf' || node.kind === 'elemMatch') names.add(node.path.names[0]!)
  else if (node.kind === 'not') namesOf(node.node, names)
  else if (node.kind !== 'opaque') for (const each of node.nodes) namesOf(each, names)
}

export function idIndexSpec(): Raw {
  return encode({ v: 2, key: { _id: 1 }, name: '_id_' })
}

/** A collection and its indexes as they are stored; its counters are kept apart, they change often. */
export function encodeCollection(collection: Collection): Buffer {
  const raw = encode({
    id: collection.id,
    db: collection.database,
    name: collection.name,
    indexes: collection.indexes.map(index => ({
      id: index.id,
      spec: index.spec,
      multikey: index.multikey,
      truncated: index.truncated,
    })),
  })
  return raw.bytes
}

export function decodeCollection(bytes: Buffer, counters: Buffer | undefined): Collection {
  const raw = Raw.document(bytes)
  const database = raw.get('db')!.text()
  const name = raw.get('name')!.text()
  const indexes = raw
    .get('indexes')!
    .elements()
    .map(each =>
      makeIndex(
        numberOf(each.get('id')!),
        Raw.document(Buffer.from(each.get('spec')!.copy().bytes)),
        each.get('multikey')!.elements().map(isTrue),
        isTrue(each.get('truncated')!),
      ),
    )
  return {
    id: numberOf(raw.get('id')!),
    database,
    name,
    namespace: `${database}.${name}`,
    indexes,
    count: counters ? counters.readDoubleLE(0) : 0,
    nextRecord: counters ? counters.readDoubleLE(8) : 1,
  }
}

export function encodeCounters(collection: Collection): Buffer {
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeDoubleLE(collection.count, 0)
  bytes.writeDoubleLE(collection.nextRecord, 8)
  return bytes
}
