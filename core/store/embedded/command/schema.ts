/** Collections and indexes: create, drop, createIndexes, dropIndexes, the lists. */
import { numberOf } from '../bson/number.ts'
import { type Raw, Type } from '../bson/raw.ts'
import { type Encodable, encode } from '../bson/writer.ts'
import { CommandError, unsupported } from '../errors.ts'
import { matches } from '../match/node.ts'
import { emptyDocument, isTrue, parseFilter } from '../match/parse.ts'
import { sameKey } from '../plan/plan.ts'
import { type Collection, type Index, makeIndex } from '../storage/catalog.ts'
import { build } from '../storage/documents.ts'
import type { Call, Definition } from './call.ts'
import { cursorAnswer } from './find.ts'

export const createCommand: Definition = {
  fields: ['autoIndexId', 'idIndex'],
  unsupported: [
    'capped',
    'size',
    'max',
    'viewOn',
    'pipeline',
    'validator',
    'validationLevel',
    'validationAction',
    'timeseries',
    'expireAfterSeconds',
    'clusteredIndex',
    'changeStreamPreAndPostImages',
    'storageEngine',
    'indexOptionDefaults',
    'encryptedFields',
  ],
  run(call) {
    const { storage } = call.host
    const { collection, database } = call
    return storage.write(() => {
      if (storage.find(`${database}.${collection}`))
        throw new CommandError('NamespaceExists', `Collection ${database}.${collection} already exists.`)
      storage.obtain(database, collection)
      return {}
    }, true)
  },
}

export const dropCommand: Definition = {
  fields: [],
  run(call) {
    const { storage, cursors } = call.host
    const { namespace } = call
    return storage.write(() => {
      const collection = storage.find(namespace)
      if (!collection) return { ns: namespace, nIndexesWas: 0 }
      storage.drop(collection)
      cursors.forget(namespace)
      return { ns: namespace, nIndexesWas: collection.indexes.length }
    }, true)
  },
}

export const dropDatabaseCommand: Definition = {
  fields: [],
  run(call) {
    const { storage, cursors } = call.host
    const { database } = call
    return storage.write(() => {
      for (const collection of [...storage.collections.values()]) {
        if (collection.database !== database) continue
        storage.drop(collection)
        cursors.forget(collection.namespace)
      }
      return { dropped: database }
    }, true)
  },
}

const indexFields = new Set([
  'key',
  'name',
  'unique',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'v',
  'background',
  'ns',
])

export const createIndexesCommand: Definition = {
  fields: ['indexes', 'commitQuorum'],
  run(call) {
    const { storage } = call.host
    const { collection: name, database } = call
    const specs = call.list('indexes').map(specOf)
    return storage.write(() => {
      const created = storage.find(`${database}.${name}`) === undefined
      const collection = storage.obtain(database, name)
      const before = collection.indexes.length
      for (const spec of specs) {
        if (existing(collection, spec)) continue
        const index = makeIndex(storage.nextId(), spec)
        build(storage, collection, index)
        collection.indexes = [...collection.indexes, index]
        storage.changed(collection)
      }
      return {
        numIndexesBefore: before,
        numIndexesAfter: collection.indexes.length,
        createdCollectionAutomatically: created,
        ...(before === collection.indexes.length ? { note: 'all indexes already exist' } : {}),
      }
    }, true)
  },
}

/** As it is stored and listed; raises for kinds and options that are not supported. */
function specOf(raw: Raw): Raw {
  const key = raw.get('key')
  if (key?.type !== Type.object || key.isEmpty)
    throw new CommandError('CannotCreateIndex', 'Index keys cannot be empty.')
  for (const { name, value } of key.fields()) {
    if (value.type === Type.string) throw unsupported(`an index of kind '${value.text()}'`)
    if (!value.isNumber || numberOf(value) === 0 || Number.isNaN(numberOf(value)))
      throw new CommandError(
        'CannotCreateIndex',
        `Values in v:2 index key pattern cannot be of this type or 0: '${name}'`,
      )
    if (name === '' || name.startsWith('$') || name.split('.').includes(''))
      throw new CommandError('CannotCreateIndex', `Index key contains an illegal field name: '${name}'`)
    if (name === '$**' || name.endsWith('.$**')) throw unsupported('a wildcard index')
  }
  const name = raw.get('name')
  if (name?.type !== Type.string || name.text() === '')
    throw new CommandError(
      'FailedToParse',
      "The 'name' field is a required property of an index specification",
    )
  const fields: Record<string, Encodable> = {
    v: 2,
    key: encode(
      Object.fromEntries(key.fields().map(field => [field.name, numberOf(field.value) < 0 ? -1 : 1])),
    ),
    name: name.text(),
  }
  for (const { name: option, value } of raw.fields()) {
    if (option === 'collation' && value.get('locale')?.text() === 'simple') continue
    if (option === 'collation') throw unsupported('collation')
    if (option === 'hidden' && !isTrue(value)) continue
    if (!indexFields.has(option)) throw unsupported(`the index option '${option}'`)
    if (['unique', 'sparse'].includes(option) && isTrue(value)) fields[option] = true
    if (option === 'partialFilterExpression') fields[option] = partialOf(value)
    if (option === 'expireAfterSeconds') {
      if (!value.isNumber || numberOf(value) < 0 || numberOf(value) > 2_147_483_647)
        throw new CommandError(
          'CannotCreateIndex',
          'TTL index expireAfterSeconds must be a number from 0 to 2147483647',
        )
      if (key.fields().length > 1 || key.firstName() === '_id')
        throw new CommandError(
          'CannotCreateIndex',
          'TTL indexes are single-field indexes, compound indexes do not support TTL',
        )
      fields[option] = value
    }
  }
  if (fields['sparse'] && fields['partialFilterExpression'])
    throw new CommandError('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
  return encode(fields)
}

function partialOf(value: Raw): Raw {
  if (value.type !== Type.object)
    throw new CommandError('TypeMismatch', "The field 'partialFilterExpression' must be an object")
  refuseInPartial(value)
  parseFilter(value)
  return value
}

const partialOperators = new Set([
  '$and',
  '$or',
  '$in',
  '$eq',
  '$exists',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$type',
])

function refuseInPartial(value: Raw): void {
  for (const field of value.fields()) {
    const negated = field.name === '$exists' && !isTrue(field.value)
    if (field.name.startsWith('$') && (!partialOperators.has(field.name) || negated))
      throw new CommandError(
        'CannotCreateIndex',
        `unsupported expression in partial index: ${field.name}${negated ? ': false' : ''}`,
      )
    if (field.name === '$and' || field.name === '$or')
      for (const each of field.value.elements()) refuseInPartial(each)
    else if (field.value.type === Type.object && field.value.firstName()?.startsWith('$'))
      refuseInPartial(field.value)
  }
}

/** True where the same index is there; raises where one of this name or key differs. */
function existing(collection: Collection, spec: Raw): boolean {
  const name = spec.get('name')!.text()
  const key = spec.get('key')!
  for (const index of collection.indexes) {
    const sameName = index.name === name
    const same = sameKey(index.key, key)
    if (index.name === '_id_' && same && !spec.get('partialFilterExpression')) return true
    if (!sameName && !same) continue
    if (sameName && same && options(index.spec) === options(spec)) return true
    if (sameName)
      throw new CommandError(
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. Requested index: ${name}`,
      )
    if (options(index.spec) === options(spec))
      throw new CommandError(
        'IndexOptionsConflict',
        `Index already exists with a different name: ${index.name}`,
      )
    if (filterOf(index.spec) === filterOf(spec))
      throw new CommandError(
        'IndexOptionsConflict',
        `An equivalent index already exists with a different name and options: ${index.name}`,
      )
  }
  return false
}

function options(spec: Raw): string {
  const flag = (name: string) => spec.get(name) !== undefined && isTrue(spec.get(name)!)
  const expire = spec.get('expireAfterSeconds')
  return JSON.stringify([flag('unique'), flag('sparse'), expire && numberOf(expire), filterOf(spec)])
}

function filterOf(spec: Raw): string {
  return spec.get('partialFilterExpression')?.copy().bytes.toString('hex') ?? ''
}

export const dropIndexesCommand: Definition = {
  fields: ['index'],
  run(call) {
    const { storage } = call.host
    const { namespace } = call
    const wanted = call.required('index')
    return storage.write(() => {
      const collection = required(call, storage.find(namespace))
      const before = collection.indexes.length
      for (const index of chosen(collection, wanted)) storage.dropIndex(collection, index)
      return { nIndexesWas: before }
    }, true)
  },
}

function required(call: Call, collection: Collection | undefined): Collection {
  if (!collection) throw new CommandError('NamespaceNotFound', `ns not found ${call.namespace}`)
  return collection
}

function chosen(collection: Collection, wanted: Raw): Index[] {
  if (wanted.type === Type.array) return wanted.elements().flatMap(each => chosen(collection, each))
  if (wanted.type === Type.string && wanted.text() === '*') return collection.indexes.slice(1)
  const index = collection.indexes.find(each =>
    wanted.type === Type.object
      ? sameKey(each.key, wanted)
      : wanted.type === Type.string && each.name === wanted.text(),
  )
  const shown = wanted.type === Type.string ? `name [${wanted.text()}]` : 'this key'
  if (!index) throw new CommandError('IndexNotFound', `index not found with ${shown}`)
  if (index.name === '_id_') throw new CommandError('InvalidOptions', 'cannot drop _id index')
  return [index]
}

export const listIndexesCommand: Definition = {
  fields: ['cursor'],
  run(call) {
    const collection = call.host.storage.find(call.namespace)
    if (!collection) throw new CommandError('NamespaceNotFound', `ns does not exist: ${call.namespace}`)
    return cursorAnswer(
      { id: 0n, documents: collection.indexes.map(index => index.spec) },
      call.namespace,
      'firstBatch',
    )
  },
}

export const listCollectionsCommand: Definition = {
  fields: ['filter', 'nameOnly', 'authorizedCollections', 'cursor'],
  run(call) {
    const filter = parseFilter(call.object('filter') ?? emptyDocument)
    const nameOnly = call.flag('nameOnly')
    const documents = [...call.host.storage.collections.values()]
      .filter(each => each.database === call.database)
      .map(each => ({
        whole: encode({
          name: each.name,
          type: 'collection',
          options: {},
          info: { readOnly: false },
          idIndex: each.indexes[0]!.spec,
        }),
        brief: encode({ name: each.name, type: 'collection' }),
      }))
      .filter(({ whole }) => matches(filter, whole))
      .map(({ whole, brief }) => (nameOnly ? brief : whole))
    return cursorAnswer({ id: 0n, documents }, `${call.database}.$cmd.listCollections`, 'firstBatch')
  },
}

export const listDatabasesCommand: Definition = {
  fields: ['filter', 'nameOnly', 'authorizedDatabases'],
  run(call) {
    const filter = parseFilter(call.object('filter') ?? emptyDocument)
    const counts = new Map<string, number>()
    for (const each of call.host.storage.collections.values())
      counts.set(each.database, (counts.get(each.database) ?? 0) + each.count)
    const databases = [...counts]
      .map(([name, count]) =>
        encode(call.flag('nameOnly') ? { name } : { name, sizeOnDisk: 0, empty: count === 0 }),
      )
      .filter(each => matches(filter, each))
    return { databases, ...(call.flag('nameOnly') ? {} : { totalSize: 0, totalSizeMb: 0 }) }
  },
}
