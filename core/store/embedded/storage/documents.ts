/** Documents and their index entries, kept in step. Each change checks first and writes then, so it is whole or not. */
import { ObjectId } from 'bson'
import { Raw, Type } from '../bson/raw.ts'
import { shellText } from '../bson/text.ts'
import { type Encodable, encode, encodeValue, Writer } from '../bson/writer.ts'
import { CommandError } from '../errors.ts'
import { matches } from '../match/node.ts'
import type { Collection, Index } from './catalog.ts'
import { type Keys, keysOf } from './index-keys.ts'
import { prefixOf, type Storage } from './storage.ts'

const largest = 16 * 1024 * 1024
const recordBytes = 6

export function documentKey(collection: Collection, record: number): Buffer {
  const key = Buffer.allocUnsafe(4 + recordBytes)
  key.writeUInt32BE(collection.id)
  key.writeUIntBE(record, 4, recordBytes)
  return key
}

export function recordAt(bytes: Uint8Array, at: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUIntBE(at, recordBytes)
}

function entryKey(index: Index, key: Buffer, record: number): Buffer {
  const entry = Buffer.allocUnsafe(4 + key.length + (index.unique ? 0 : recordBytes))
  entry.writeUInt32BE(index.id)
  key.copy(entry, 4)
  if (!index.unique) entry.writeUIntBE(record, 4 + key.length, recordBytes)
  return entry
}

const nothing = Buffer.from([0])

function recordValue(record: number): Buffer {
  const bytes = Buffer.allocUnsafe(recordBytes)
  bytes.writeUIntBE(record, 0, recordBytes)
  return bytes
}

/** The document's bytes, good only until the next read. */
export function fetchFast(storage: Storage, collection: Collection, record: number): Raw | undefined {
  const bytes = storage.documents.getBinaryFast(documentKey(collection, record))
  if (!bytes) return undefined
  return Raw.document(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes as Uint8Array))
}

/** The document's bytes as a copy. */
export function fetch(storage: Storage, collection: Collection, record: number): Raw | undefined {
  return fetchFast(storage, collection, record)?.copy()
}

/** The record that holds a key of a unique index. */
export function lookUp(storage: Storage, index: Index, key: Buffer): number | undefined {
  const found = storage.entries.getBinaryFast(Buffer.concat([prefixOf(index.id), key]))
  return found && recordAt(found, 0)
}

function indexed(index: Index, document: Raw): Keys | undefined {
  if (index.partial && !matches(index.partial, document)) return undefined
  const keys = keysOf(document, index.fields)
  return index.sparse && keys.absent ? undefined : keys
}

/** `_id` first, made where missing; raises what MongoDB raises for one that cannot be. */
export function prepared(document: Raw): Raw {
  const id = document.get('_id')
  const size = document.end - document.start
  if (size > largest)
    throw new CommandError(
      'BSONObjectTooLarge',
      `object to insert too large. size in bytes: ${size}, max size: ${largest}`,
    )
  if (id === undefined) return withId(document, encodeValueOfId())
  if (id.type === Type.array || id.type === Type.undefined || id.type === Type.regex) {
    const kind = id.type === Type.array ? 'an array' : id.type === Type.regex ? 'a regex' : 'undefined'
    throw new CommandError('InvalidIdField', `The '_id' value cannot be of type ${kind}`)
  }
  if (id.type === Type.object && id.firstName()?.startsWith('$'))
    throw new CommandError(
      'DollarPrefixedFieldName',
      `_id fields may not contain '$'-prefixed fields: ${id.firstName()} is not valid for storage.`,
    )
  return document.firstName() === '_id' ? document : withId(document, id)
}

function encodeValueOfId(): Raw {
  return new Raw(Type.objectId, Buffer.from(ObjectId.generate()), 0, 12)
}

/** The document with this `_id` as its first field. */
export function withId(document: Raw, id: Raw): Raw {
  const writer = new Writer(document.end - document.start + 64)
  const start = writer.open()
  writer.raw('_id', id)
  for (const field of document.fields())
    if (field.name !== '_id') writer.slice(document.bytes, field.at, field.value.end)
  writer.close(start)
  return Raw.document(writer.take())
}

export function insert(storage: Storage, collection: Collection, document: Raw): number {
  const record = collection.nextRecord
  const all = collection.indexes.map(index => {
    const keys = indexed(index, document)
    if (keys) refuseDuplicates(storage, collection, index, keys, keys.keys, record)
    return keys
  })
  collection.nextRecord++
  collection.count++
  storage.countChanged(collection)
  storage.documents.put(documentKey(collection, record), bytesOf(document))
  collection.indexes.forEach((index, i) => {
    const keys = all[i]
    if (!keys) return
    note(storage, collection, index, keys)
    addEntries(storage, index, keys.keys, record)
  })
  return record
}

function bytesOf(document: Raw): Buffer {
  return document.bytes.subarray(document.start, document.end)
}

function addEntries(storage: Storage, index: Index, keys: readonly Buffer[], record: number): void {
  for (const key of keys)
    storage.entries.put(entryKey(index, key, record), index.unique ? recordValue(record) : nothing)
}

/** Remembers in the catalog that the index has arrays or cut keys. */
function note(storage: Storage, collection: Collection, index: Index, keys: Keys): void {
  if (keys.truncated && !index.truncated) {
    index.truncated = true
    storage.changed(collection)
  }
  if (keys.multikey.some((isArray, i) => isArray && !index.multikey[i])) {
    index.multikey = index.multikey.map((before, i) => before || keys.multikey[i]!)
    storage.changed(collection)
  }
}

function refuseDuplicates(
  storage: Storage,
  collection: Collection,
  index: Index,
  keys: Keys,
  added: readonly Buffer[],
  record: number,
): void {
  if (!index.unique) return
  for (const key of added) {
    const holder = lookUp(storage, index, key)
    if (holder !== undefined && holder !== record)
      throw duplicate(collection, index, keys.values[keys.keys.indexOf(key)]!)
  }
}

export function duplicate(collection: Collection, index: Index, values: readonly Raw[]): CommandError {
  const keyValue: Record<string, Encodable> = {}
  index.fields.forEach((field, i) => {
    keyValue[field.path.text] = values[i]!.type === Type.undefined ? encodeValue(null) : values[i]!
  })
  const text = index.fields.map((field, i) => `${field.path.text}: ${shellText(values[i]!)}`).join(', ')
  return new CommandError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${collection.namespace} index: ${index.name} dup key: { ${text} }`,
    { keyPattern: index.key, keyValue: encode(keyValue) },
  )
}

/**
 * Puts `next` in the place of `old`. With `touched`, only indexes that read one of these first names are looked at.
 */
export function replace(
  storage: Storage,
  collection: Collection,
  record: number,
  old: Raw,
  next: Raw,
  touched?: ReadonlySet<string>,
): void {
  if (next.end - next.start > largest)
    throw new CommandError('BSONObjectTooLarge', `Resulting document after update is larger than ${largest}`)
  const changes: { index: Index; keys: Keys; gone: Buffer[]; added: Buffer[] }[] = []
  for (const index of collection.indexes) {
    if (touched ? isUntouched(index, touched) : index.name === '_id_') continue
    const before = indexed(index, old)?.keys ?? []
    const after = indexed(index, next)
    const keys = after?.keys ?? []
    const gone = before.filter(key => !keys.some(other => other.equals(key)))
    const added = keys.filter(key => !before.some(other => other.equals(key)))
    if (after) refuseDuplicates(storage, collection, index, after, added, record)
    if (gone.length > 0 || added.length > 0) changes.push({ index, keys: after ?? emptyKeys, gone, added })
  }
  storage.documents.put(documentKey(collection, record), bytesOf(next))
  for (const { index, keys, gone, added } of changes) {
    for (const key of gone) storage.entries.remove(entryKey(index, key, record))
    note(storage, collection, index, keys)
    addEntries(storage, index, added, record)
  }
}

const emptyKeys: Keys = { keys: [], values: [], multikey: [], truncated: false, absent: true }

function isUntouched(index: Index, touched: ReadonlySet<string>): boolean {
  for (const name of index.reads) if (touched.has(name)) return false
  return true
}

export function remove(storage: Storage, collection: Collection, record: number, document: Raw): void {
  for (const index of collection.indexes) {
    const keys = indexed(index, document)
    for (const key of keys?.keys ?? []) storage.entries.remove(entryKey(index, key, record))
  }
  storage.documents.remove(documentKey(collection, record))
  collection.count--
  storage.countChanged(collection)
}

/** In a transaction of its own: fills a new index from the documents there are. */
export function build(storage: Storage, collection: Collection, index: Index): void {
  const start = documentKey(collection, 0)
  const end = prefixOf(collection.id + 1)
  for (const { key, value } of storage.documents.getRange({ start, end, snapshot: false })) {
    const document = Raw.document(Buffer.from(value))
    const record = recordAt(key, 4)
    const keys = indexed(index, document)
    if (!keys) continue
    refuseDuplicates(storage, collection, index, keys, keys.keys, record)
    note(storage, collection, index, keys)
    addEntries(storage, index, keys.keys, record)
  }
}
