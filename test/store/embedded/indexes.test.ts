import { expect } from 'chai'
import { type Collection, Decimal128, type Document, MongoClient } from 'mongodb'
import { freshDatabase } from '../../store.ts'
import { failureOf, openDatabase, type TestDatabase } from './database.ts'

describe('indexes', () => {
  let database: TestDatabase
  let collection: Collection<Document>

  before(async () => {
    database = await openDatabase()
  })
  after(() => database.close())
  beforeEach(async () => {
    collection = database.db.collection('documents')
    await collection.drop()
  })

  const insert = (...documents: Document[]) => collection.insertMany(documents as never)

  it('the _id is unique', async () => {
    await insert({ _id: 1 })
    const error = await failureOf(collection.insertOne({ _id: 1 as never }))
    expect(error).to.deep.include({ code: 11000, keyPattern: { _id: 1 }, keyValue: { _id: 1 } })
  })

  it('a duplicate names the index, its fields and the element that clashed', async () => {
    await collection.createIndex({ tenant: 1, identities: 1 }, { unique: true, name: 'identity' })
    await insert({ tenant: 'a', identities: ['x', 'y'] })
    const error = await failureOf(collection.insertOne({ tenant: 'a', identities: ['q', 'y'] }))
    expect(error).to.deep.include({
      code: 11000,
      keyPattern: { tenant: 1, identities: 1 },
      keyValue: { tenant: 'a', identities: 'y' },
    })
    expect(error.message).to.match(
      /^E11000 duplicate key error collection: .*\.documents index: identity dup key: \{ tenant: "a", identities: "y" \}$/,
    )
  })

  it('one document may hold a value twice', async () => {
    await collection.createIndex({ a: 1 }, { unique: true })
    await insert({ a: [1, 1, 2] })
    expect(await collection.countDocuments({ a: 1 })).to.equal(1)
  })

  it('missing counts as null: two without the field clash', async () => {
    await collection.createIndex({ a: 1 }, { unique: true })
    await insert({ b: 1 })
    expect(await failureOf(collection.insertOne({ a: null }))).to.deep.include({
      code: 11000,
      keyValue: { a: null },
    })
  })

  it('two empty arrays clash in a unique index, and do not clash with null', async () => {
    await collection.createIndex({ a: 1 }, { unique: true })
    await insert({ a: [] }, { a: null })
    expect(await failureOf(collection.insertOne({ a: [] }))).to.include({ code: 11000 })
  })

  it('sparse leaves out who lacks the field', async () => {
    await collection.createIndex({ a: 1 }, { unique: true, sparse: true })
    await insert({ b: 1 }, { b: 2 }, { a: null })
    expect(await failureOf(collection.insertOne({ a: null }))).to.include({ code: 11000 })
    expect(await collection.find({ a: null }).toArray()).to.have.length(3)
  })

  it('a partial index is unique only among those it holds', async () => {
    await collection.createIndex(
      { a: 1 },
      { unique: true, partialFilterExpression: { 'a.0': { $exists: true } } },
    )
    await insert({ a: [] }, { a: [] }, { a: 5 }, { a: 5 }, { a: ['x'] })
    expect(await failureOf(collection.insertOne({ a: ['x'] }))).to.include({ code: 11000 })
    await collection.updateOne({ a: ['x'] }, { $set: { a: [] } })
    await insert({ a: ['x'] })
  })

  it('an update that would clash is refused and changes nothing', async () => {
    await collection.createIndex({ a: 1 }, { unique: true })
    await insert({ _id: 1, a: ['x'] }, { _id: 2, a: ['y'], b: 1 })
    const update = { $addToSet: { a: 'x' }, $set: { b: 2 } }
    expect(await failureOf(collection.updateOne({ _id: 2 as never }, update))).to.deep.include({
      code: 11000,
      keyValue: { a: 'x' },
    })
    expect(await collection.findOne({ _id: 2 as never })).to.deep.equal({ _id: 2, a: ['y'], b: 1 })
  })

  it('numbers of different types clash', async () => {
    await collection.createIndex({ a: 1 }, { unique: true })
    await insert({ a: 1 })
    const error = await failureOf(collection.insertOne({ a: Decimal128.fromString('1.00') }))
    expect(error).to.include({ code: 11000 })
  })

  it('two arrays in one compound key are refused', async () => {
    await collection.createIndex({ a: 1, b: 1 })
    expect(await failureOf(collection.insertOne({ a: [1], b: [2] }))).to.include({ code: 171 })
    await insert({ a: [1], b: 2 }, { a: 1, b: [2] })
  })

  it('long values are found, sorted and unique all the same', async () => {
    await collection.createIndex({ a: 1 }, { unique: true })
    const long = 'x'.repeat(5000)
    await insert({ _id: 1, a: `${long}b` }, { _id: 2, a: `${long}a` }, { _id: 3, a: 'short' })
    expect(await failureOf(collection.insertOne({ a: `${long}a` }))).to.include({ code: 11000 })
    expect(await collection.findOne({ a: `${long}b` })).to.include({ _id: 1 })
    expect(
      (await collection.find({ a: { $gt: `${long}a` } }).toArray()).map(each => each['_id']),
    ).to.deep.equal([1])
    const sorted = await collection
      .find({}, { projection: { _id: 1 } })
      .sort({ a: 1 })
      .toArray()
    expect(sorted).to.deep.equal([{ _id: 3 }, { _id: 2 }, { _id: 1 }])
  })

  it('an index over data that clash is not made', async () => {
    await insert({ a: 1 }, { a: 1 })
    expect(await failureOf(collection.createIndex({ a: 1 }, { unique: true }))).to.deep.include({
      code: 11000,
      keyValue: { a: 1 },
    })
    expect((await collection.indexes()).map(index => index.name)).to.deep.equal(['_id_'])
  })

  it('making the same index again is no change, a different one of the name is refused', async () => {
    await collection.createIndex({ a: 1 }, { unique: true })
    await collection.createIndex({ a: 1 }, { unique: true })
    expect(await failureOf(collection.createIndex({ a: 1 }))).to.include({ code: 86 })
    expect(await failureOf(collection.createIndex({ b: 1 }, { name: 'a_1' }))).to.include({ code: 86 })
    expect(await failureOf(collection.createIndex({ a: 1 }, { unique: true, name: 'other' }))).to.include({
      code: 85,
    })
    expect(await collection.indexes()).to.have.length(2)
  })

  it('indexes are listed as they were made, and dropped by name, key or all', async () => {
    await collection.createIndex(
      { a: 1, b: -1 },
      { unique: true, partialFilterExpression: { a: { $gt: 1 } } },
    )
    await collection.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
    await collection.createIndex({ c: 1 })
    expect(await collection.indexes()).to.deep.equal([
      { v: 2, key: { _id: 1 }, name: '_id_' },
      {
        v: 2,
        key: { a: 1, b: -1 },
        name: 'a_1_b_-1',
        unique: true,
        partialFilterExpression: { a: { $gt: 1 } },
      },
      { v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 60 },
      { v: 2, key: { c: 1 }, name: 'c_1' },
    ])
    await collection.dropIndex('a_1_b_-1')
    await database.db.command({ dropIndexes: 'documents', index: { c: 1 } })
    expect((await collection.indexes()).map(index => index.name)).to.deep.equal(['_id_', 'at_1'])
    await collection.dropIndexes()
    expect(await collection.indexes()).to.have.length(1)
    expect(await failureOf(collection.dropIndex('gone'))).to.include({ code: 27 })
    expect(await failureOf(collection.dropIndex('_id_'))).to.include({ code: 72 })
  })

  it('a partial filter takes only some operators', async () => {
    const error = await failureOf(
      collection.createIndex({ a: 1 }, { partialFilterExpression: { a: { $ne: 1 } } }),
    )
    expect(error).to.include({ code: 67 })
  })
})

describe('writes of many documents', () => {
  let database: TestDatabase
  let collection: Collection<Document>

  before(async () => {
    database = await openDatabase()
    collection = database.db.collection('documents')
  })
  after(() => database.close())
  beforeEach(() => collection.deleteMany({}))

  const four = [{ _id: 1 }, { _id: 1 }, { _id: 2 }, { _id: 2 }] as never

  it('in order end at the first error', async () => {
    const error = await failureOf(collection.insertMany(four))
    expect(error['writeErrors'].map((each: Document) => each['index'])).to.deep.equal([1])
    expect(await collection.countDocuments()).to.equal(1)
  })

  it('without order go on, and name each error', async () => {
    const error = await failureOf(collection.insertMany(four, { ordered: false }))
    expect(error['writeErrors'].map((each: Document) => [each['index'], each['code']])).to.deep.equal([
      [1, 11000],
      [3, 11000],
    ])
    expect(error['result'].insertedCount).to.equal(2)
    expect(await collection.countDocuments()).to.equal(2)
  })

  it('mixed bulks count each kind', async () => {
    const result = await collection.bulkWrite([
      { insertOne: { document: { _id: 1, n: 1 } } },
      { updateOne: { filter: { _id: 1 }, update: { $inc: { n: 1 } } } },
      { updateOne: { filter: { _id: 2 }, update: { $set: { n: 5 } }, upsert: true } },
      { replaceOne: { filter: { _id: 1 }, replacement: { m: 1 } } },
      { deleteMany: { filter: { n: 5 } } },
    ] as never)
    expect(result).to.include({
      insertedCount: 1,
      matchedCount: 2,
      modifiedCount: 2,
      upsertedCount: 1,
      deletedCount: 1,
    })
    expect(result.upsertedIds).to.deep.equal({ 2: 2 })
    expect(await collection.find().toArray()).to.deep.equal([{ _id: 1, m: 1 }])
  })

  it('a batch of updates by _id and revision tells which were overtaken', async () => {
    await collection.insertMany([
      { _id: 1, rev: 1 },
      { _id: 2, rev: 7 },
    ] as never)
    const result = await collection.bulkWrite(
      [1, 2].map(_id => ({
        updateOne: { filter: { _id: _id as never, rev: 1 }, update: { $inc: { rev: 1 } } },
      })),
      { ordered: false },
    )
    expect(result.matchedCount).to.equal(1)
  })

  it('deletes one or all', async () => {
    await collection.insertMany([{ a: 1 }, { a: 1 }, { a: 1 }])
    expect(await collection.deleteOne({ a: 1 })).to.include({ deletedCount: 1 })
    expect(await collection.deleteMany({ a: 1 })).to.include({ deletedCount: 2 })
  })

  it('an unacknowledged write is done before what the connection asks next', async () => {
    const single = new MongoClient(await freshDatabase(), { maxPoolSize: 1 })
    try {
      const own = single.db().collection<Document>('own')
      for (let i = 0; i < 20; i++) await own.insertOne({ i }, { writeConcern: { w: 0 } })
      expect(await own.countDocuments()).to.equal(20)
      await single.db().dropDatabase()
    } finally {
      await single.close()
    }
  })
})
