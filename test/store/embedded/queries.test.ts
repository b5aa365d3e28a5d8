import { expect } from 'chai'
import { type Collection, Decimal128, type Document, Long, MaxKey, MinKey, ObjectId } from 'mongodb'
import { failureOf, openDatabase, type TestDatabase } from './database.ts'

describe('queries', () => {
  let database: TestDatabase
  let collection: Collection<Document>

  before(async () => {
    database = await openDatabase()
    collection = database.db.collection('documents')
  })
  after(() => database.close())
  beforeEach(() => collection.deleteMany({}))

  const ids = async (documents: Promise<Document[]>) => (await documents).map(each => each['_id'])
  const insert = (...documents: Document[]) => collection.insertMany(documents as never)

  describe('sorts', () => {
    it('all kinds of values in MongoDB’s order', async () => {
      const values = [
        new MinKey(),
        null,
        Number.NaN,
        -1,
        Decimal128.fromString('0.5'),
        Long.fromNumber(1),
        1.5,
        '',
        'a',
        'b',
        { a: 1 },
        { a: 2 },
        { b: 0 },
        Buffer.from('x'),
        new ObjectId('0'.repeat(24)),
        false,
        true,
        new Date(-5),
        new Date(5),
        /x/,
        new MaxKey(),
      ]
      await insert(...values.map((v, _id) => ({ _id, v })).reverse())
      const expected = values.map((_, i) => i)
      expect(await ids(collection.find().sort({ v: 1 }).toArray())).to.deep.equal(expected)
      expect(await ids(collection.find().sort({ v: -1 }).toArray())).to.deep.equal([...expected].reverse())
      await collection.createIndex({ v: 1 })
      expect(await ids(collection.find().sort({ v: 1 }).hint({ v: 1 }).toArray())).to.deep.equal(expected)
      await collection.dropIndexes()
    })

    it('arrays by their least element upwards and their greatest downwards', async () => {
      await insert({ _id: 1, a: [5, 1] }, { _id: 2, a: 3 }, { _id: 3, a: [2, 9] }, { _id: 4, a: [] })
      expect(await ids(collection.find().sort({ a: 1 }).toArray())).to.deep.equal([4, 1, 3, 2])
      expect(await ids(collection.find().sort({ a: -1 }).toArray())).to.deep.equal([3, 1, 2, 4])
    })

    it('by several fields, and nested ones', async () => {
      await insert({ _id: 1, a: 1, b: { c: 1 } }, { _id: 2, a: 1, b: { c: 2 } }, { _id: 3, a: 0 })
      expect(await ids(collection.find().sort({ a: 1, 'b.c': -1 }).toArray())).to.deep.equal([3, 2, 1])
    })

    it('with skip and limit', async () => {
      await insert(...Array.from({ length: 500 }, (_, i) => ({ _id: i, a: (i * 7) % 500 })))
      const found = await collection.find().sort({ a: 1 }).skip(10).limit(3).toArray()
      expect(found.map(each => each['a'])).to.deep.equal([10, 11, 12])
    })

    it('not at all: in the order of insertion', async () => {
      await insert({ _id: 3 }, { _id: 1 }, { _id: 2 })
      expect(await ids(collection.find().toArray())).to.deep.equal([3, 1, 2])
      expect(await ids(collection.find().sort({ $natural: -1 }).toArray())).to.deep.equal([2, 1, 3])
    })
  })

  describe('projects', () => {
    const document = { _id: 1, a: 1, b: { c: 2, d: 3 }, e: [{ f: 1, g: 2 }, 5, { f: 3 }], h: [1, 2, 3, 4] }
    const projections: readonly (readonly [string, Document, Document])[] = [
      ['fields by name', { a: 1 }, { _id: 1, a: 1 }],
      ['without _id', { a: 1, _id: 0 }, { a: 1 }],
      ['_id alone', { _id: 1 }, { _id: 1 }],
      ['all but some', { b: 0, e: 0, h: 0 }, { _id: 1, a: 1 }],
      ['all but _id', { _id: 0, b: 0, e: 0, h: 0 }, { a: 1 }],
      ['nested fields', { 'b.c': 1 }, { _id: 1, b: { c: 2 } }],
      ['nested fields as documents', { b: { c: 1 } }, { _id: 1, b: { c: 2 } }],
      ['all but nested ones', { 'b.c': 0, e: 0, h: 0 }, { _id: 1, a: 1, b: { d: 3 } }],
      ['fields in arrays of documents', { 'e.f': 1 }, { _id: 1, e: [{ f: 1 }, { f: 3 }] }],
      ['all but fields in arrays', { 'e.f': 0, b: 0, h: 0 }, { _id: 1, a: 1, e: [{ g: 2 }, 5, {}] }],
      ['in the document’s own order', { h: 1, a: 1 }, { _id: 1, a: 1, h: [1, 2, 3, 4] }],
      ['the first of an array', { h: { $slice: 2 }, a: 1 }, { _id: 1, a: 1, h: [1, 2] }],
      ['the last of an array', { h: { $slice: -1 }, a: 1 }, { _id: 1, a: 1, h: [4] }],
      ['the middle of an array', { h: { $slice: [1, 2] }, b: 0, e: 0 }, { _id: 1, a: 1, h: [2, 3] }],
      ['the first element that matches', { e: { $elemMatch: { f: { $gt: 1 } } } }, { _id: 1, e: [{ f: 3 }] }],
    ]
    for (const [title, projection, expected] of projections)
      it(title, async () => {
        await insert(document)
        const found = await collection.findOne({}, { projection })
        expect(found).to.deep.equal(expected)
        expect(Object.keys(found!)).to.deep.equal(Object.keys(expected))
      })

    it('the element that the filter matched', async () => {
      await insert(document)
      expect(await collection.findOne({ 'e.f': 3 }, { projection: { 'e.$': 1 } })).to.deep.equal({
        _id: 1,
        e: [{ f: 3 }],
      })
    })

    it('but not in and out at once', async () => {
      await insert(document)
      expect(await failureOf(collection.findOne({}, { projection: { a: 1, b: 0 } }))).to.include({
        code: 31254,
      })
      expect(await failureOf(collection.findOne({}, { projection: { a: 0, b: 1 } }))).to.include({
        code: 31253,
      })
    })
  })

  describe('answers in batches', () => {
    const many = 1000
    beforeEach(() =>
      insert(...Array.from({ length: many }, (_, _id) => ({ _id, a: _id % 10, pad: 'x'.repeat(100) }))),
    )

    it('of the size asked for', async () => {
      const cursor = await database.db.command({ find: 'documents', batchSize: 7 })
      expect(cursor['cursor'].firstBatch).to.have.length(7)
      const more = await database.db.command({
        getMore: Long.fromBigInt(BigInt(cursor['cursor'].id)),
        collection: 'documents',
        batchSize: 5,
      })
      expect(more['cursor'].nextBatch.map((each: Document) => each['_id'])).to.deep.equal([7, 8, 9, 10, 11])
    })

    it('that together are everything, by scan, index and sort', async () => {
      await collection.createIndex({ a: 1 })
      for (const query of [
        collection.find(),
        collection.find({ a: { $gte: 0 } }),
        collection.find().sort({ pad: 1, _id: -1 }),
        collection.find({ a: { $in: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] } }).sort({ a: -1 }),
      ]) {
        const found = await query.batchSize(33).toArray()
        expect(new Set(found.map(each => each['_id']))).to.have.property('size', many)
        expect(found).to.have.length(many)
      }
      await collection.dropIndexes()
    })

    it('while documents change', async () => {
      await collection.createIndex({ a: 1 })
      const seen: number[] = []
      for await (const each of collection.find({ a: { $lt: 100 } }).batchSize(20)) {
        seen.push(each['_id'] as unknown as number)
        if (seen.length % 20 === 0) await collection.deleteOne({ _id: (many - seen.length) as never })
      }
      expect(new Set(seen).size).to.equal(seen.length)
      expect(seen.length).to.be.within(many - 60, many)
      await collection.dropIndexes()
    })

    it('until the cursor is closed', async () => {
      const { cursor } = await database.db.command({ find: 'documents', batchSize: 2 })
      const id = Long.fromBigInt(BigInt(cursor.id))
      const killed = await database.db.command({ killCursors: 'documents', cursors: [id] })
      expect(killed['cursorsKilled']).to.have.length(1)
      expect(await failureOf(database.db.command({ getMore: id, collection: 'documents' }))).to.include({
        code: 43,
      })
    })

    it('that fit into a message', async () => {
      await collection.deleteMany({})
      await insert(...Array.from({ length: 5 }, (_, _id) => ({ _id, pad: Buffer.alloc(5_000_000) })))
      expect(await ids(collection.find().toArray())).to.deep.equal([0, 1, 2, 3, 4])
    })

    it('counts, and tells distinct values', async () => {
      expect(await collection.countDocuments({ a: 3 })).to.equal(100)
      expect(await collection.estimatedDocumentCount()).to.equal(many)
      expect(await collection.distinct('a', { a: { $lt: 3 } })).to.deep.equal([0, 1, 2])
    })
  })

  describe('aggregates', () => {
    it('matches, groups, sorts, projects', async () => {
      await insert(...Array.from({ length: 20 }, (_, i) => ({ _id: i, kind: i % 3, n: i })))
      const result = await collection
        .aggregate([
          { $match: { n: { $gte: 10 } } },
          { $group: { _id: '$kind', total: { $sum: '$n' }, most: { $max: '$n' } } },
          { $sort: { _id: 1 } },
          { $project: { total: 1, half: { $divide: ['$most', 2] } } },
        ])
        .toArray()
      expect(result).to.deep.equal([
        { _id: 0, total: 45, half: 9 },
        { _id: 1, total: 58, half: 9.5 },
        { _id: 2, total: 42, half: 8.5 },
      ])
    })

    it('unwinds, looks up and counts', async () => {
      await insert({ _id: 1, tags: ['a', 'b'] }, { _id: 2, tags: ['b'] })
      await database.db.collection('names').insertMany([
        { _id: 'a', name: 'A' },
        { _id: 'b', name: 'B' },
      ] as never)
      const result = await collection
        .aggregate([
          { $unwind: '$tags' },
          { $lookup: { from: 'names', localField: 'tags', foreignField: '_id', as: 'found' } },
          { $group: { _id: { $first: '$found.name' }, n: { $sum: 1 } } },
          { $sort: { n: -1 } },
        ])
        .toArray()
      expect(result).to.deep.equal([
        { _id: 'B', n: 2 },
        { _id: 'A', n: 1 },
      ])
      expect(
        await collection.aggregate([{ $match: { tags: 'b' } }, { $count: 'n' }]).toArray(),
      ).to.deep.equal([{ n: 2 }])
      expect(
        await collection.aggregate([{ $match: { tags: 'q' } }, { $count: 'n' }]).toArray(),
      ).to.deep.equal([])
    })
  })
})
