import { expect } from 'chai'
import { BSON, type Collection, Decimal128, type Document, Double, Int32, Long } from 'mongodb'
import { failureOf, openDatabase, type TestDatabase } from './database.ts'

const { EJSON } = BSON

interface Case {
  readonly before: Document
  readonly update: Document
  readonly after: Document
  readonly filter?: Document
  readonly arrayFilters?: Document[]
}

const cases: Readonly<Record<string, Case>> = {
  '$set changes and adds': { before: { a: 1 }, update: { $set: { a: 2, b: 3 } }, after: { a: 2, b: 3 } },
  '$set makes the documents on the way': {
    before: {},
    update: { $set: { 'a.b.c': 1 } },
    after: { a: { b: { c: 1 } } },
  },
  '$set at a place of an array': {
    before: { a: [1, 2] },
    update: { $set: { 'a.1': 9 } },
    after: { a: [1, 9] },
  },
  '$set behind the end fills with null': {
    before: { a: [1] },
    update: { $set: { 'a.3': 9 } },
    after: { a: [1, null, null, 9] },
  },
  '$set in a document of an array': {
    before: { a: [{ b: 1 }] },
    update: { $set: { 'a.0.b': 2 } },
    after: { a: [{ b: 2 }] },
  },
  'new fields come in the order of their names': {
    before: { z: 1 },
    update: { $set: { c: 1, b: 1 }, $inc: { a: 1 } },
    after: { z: 1, a: 1, b: 1, c: 1 },
  },
  'a number as a name makes a field in a document': {
    before: {},
    update: { $set: { 'a.0': 1 } },
    after: { a: { 0: 1 } },
  },
  '$unset removes': {
    before: { a: 1, b: { c: 1, d: 1 } },
    update: { $unset: { a: '', 'b.c': '' } },
    after: { b: { d: 1 } },
  },
  '$unset in an array leaves null': {
    before: { a: [1, 2] },
    update: { $unset: { 'a.0': '' } },
    after: { a: [null, 2] },
  },
  '$unset of what is not there': {
    before: { a: 1 },
    update: { $unset: { b: '', 'c.d': '' } },
    after: { a: 1 },
  },
  '$inc keeps an int an int': {
    before: { a: new Int32(1) },
    update: { $inc: { a: new Int32(2) } },
    after: { a: new Int32(3) },
  },
  '$inc beyond an int makes a long': {
    before: { a: new Int32(2147483647) },
    update: { $inc: { a: new Int32(1) } },
    after: { a: Long.fromString('2147483648') },
  },
  '$inc of a long stays a long': {
    before: { a: Long.fromNumber(1) },
    update: { $inc: { a: new Int32(1) } },
    after: { a: Long.fromNumber(2) },
  },
  '$inc by a double makes a double': {
    before: { a: new Int32(1) },
    update: { $inc: { a: 0.5 } },
    after: { a: new Double(1.5) },
  },
  '$inc by a decimal makes a decimal': {
    before: { a: new Int32(1) },
    update: { $inc: { a: Decimal128.fromString('0.1') } },
    after: { a: Decimal128.fromString('1.1') },
  },
  '$inc of a missing field sets it': { before: {}, update: { $inc: { 'a.b': 5 } }, after: { a: { b: 5 } } },
  $mul: { before: { a: 3, b: 2 }, update: { $mul: { a: 2, c: 7 } }, after: { a: 6, b: 2, c: 0 } },
  '$min and $max': {
    before: { a: 5, b: 5, c: 5 },
    update: { $min: { a: 3, b: 9 }, $max: { c: 9, d: 1 } },
    after: { a: 3, b: 5, c: 9, d: 1 },
  },
  $rename: {
    before: { a: 1, b: { c: 2 } },
    update: { $rename: { a: 'x', 'b.c': 'y.z' } },
    after: { b: {}, x: 1, y: { z: 2 } },
  },
  '$setOnInsert does nothing to what is there': {
    before: { a: 1 },
    update: { $setOnInsert: { a: 2 }, $set: { b: 1 } },
    after: { a: 1, b: 1 },
  },
  $push: { before: { a: [1] }, update: { $push: { a: 2, b: 3 } }, after: { a: [1, 2], b: [3] } },
  '$push $each $position': {
    before: { a: [1, 4] },
    update: { $push: { a: { $each: [2, 3], $position: 1 } } },
    after: { a: [1, 2, 3, 4] },
  },
  '$push $position from the end': {
    before: { a: [1, 2, 3] },
    update: { $push: { a: { $each: [9], $position: -1 } } },
    after: { a: [1, 2, 9, 3] },
  },
  '$push $sort and $slice': {
    before: { a: [3, 1] },
    update: { $push: { a: { $each: [2], $sort: 1, $slice: 2 } } },
    after: { a: [1, 2] },
  },
  '$push $slice from the end': {
    before: { a: [1, 2] },
    update: { $push: { a: { $each: [3], $slice: -2 } } },
    after: { a: [2, 3] },
  },
  '$push $sort by a field': {
    before: { a: [{ n: 2 }, { n: 1 }] },
    update: { $push: { a: { $each: [{ n: 0 }], $sort: { n: -1 } } } },
    after: { a: [{ n: 2 }, { n: 1 }, { n: 0 }] },
  },
  '$push of a list adds the list': {
    before: { a: [1] },
    update: { $push: { a: [2, 3] } },
    after: { a: [1, [2, 3]] },
  },
  $addToSet: {
    before: { a: [1, { x: 1 }] },
    update: { $addToSet: { a: { $each: [1, new Double(1), { x: 1 }, 2, 2] } } },
    after: { a: [1, { x: 1 }, 2] },
  },
  '$addToSet makes the array': { before: {}, update: { $addToSet: { a: 1 } }, after: { a: [1] } },
  $pop: {
    before: { a: [1, 2, 3], b: [1, 2, 3] },
    update: { $pop: { a: 1, b: -1 } },
    after: { a: [1, 2], b: [2, 3] },
  },
  '$pull by value': { before: { a: [1, 2, 1] }, update: { $pull: { a: 1 } }, after: { a: [2] } },
  '$pull by condition': {
    before: { a: [1, 5, 9] },
    update: { $pull: { a: { $gte: 5 } } },
    after: { a: [1] },
  },
  '$pull by $in': {
    before: { a: ['x', 'y'] },
    update: { $pull: { a: { $in: ['x', 'q'] } } },
    after: { a: ['y'] },
  },
  '$pull of documents by their fields': {
    before: { a: [{ x: 1, y: 2 }, { x: 2 }] },
    update: { $pull: { a: { x: 1 } } },
    after: { a: [{ x: 2 }] },
  },
  '$pull in a nested array': {
    before: { a: [{ b: [1, 2] }, { b: [2] }] },
    update: { $pull: { 'a.0.b': 2 } },
    after: { a: [{ b: [1] }, { b: [2] }] },
  },
  $pullAll: { before: { a: [1, 2, 3, 1] }, update: { $pullAll: { a: [1, 3] } }, after: { a: [2] } },
  $bit: {
    before: { a: new Int32(13), b: new Int32(3) },
    update: { $bit: { a: { and: new Int32(10) }, b: { xor: new Int32(5) } } },
    after: { a: new Int32(8), b: new Int32(6) },
  },
  'the positional operator': {
    before: { a: [1, 2, 3] },
    filter: { a: 2 },
    update: { $set: { 'a.$': 9 } },
    after: { a: [1, 9, 3] },
  },
  'the positional operator in documents': {
    before: { a: [{ x: 1 }, { x: 2, y: 0 }] },
    filter: { 'a.x': 2 },
    update: { $inc: { 'a.$.y': 5 } },
    after: { a: [{ x: 1 }, { x: 2, y: 5 }] },
  },
  'the positional operator with $elemMatch': {
    before: { a: [{ x: 1 }, { x: 2 }] },
    filter: { a: { $elemMatch: { x: 2 } } },
    update: { $set: { 'a.$.z': 1, 'a.$.y': 1 } },
    after: { a: [{ x: 1 }, { x: 2, y: 1, z: 1 }] },
  },
  'all positions': { before: { a: [1, 2] }, update: { $inc: { 'a.$[]': 10 } }, after: { a: [11, 12] } },
  'filtered positions': {
    before: { a: [1, 5, 9] },
    update: { $set: { 'a.$[high]': 0 } },
    arrayFilters: [{ high: { $gt: 4 } }],
    after: { a: [1, 0, 0] },
  },
  'filtered positions of documents': {
    before: {
      a: [
        { n: 1, b: [1, 2] },
        { n: 2, b: [2] },
      ],
    },
    update: { $set: { 'a.$[one].b.$[two]': 7 } },
    arrayFilters: [{ 'one.n': 1 }, { two: 2 }],
    after: {
      a: [
        { n: 1, b: [1, 7] },
        { n: 2, b: [2] },
      ],
    },
  },
}

const refused: readonly (readonly [string, Document, Document, number])[] = [
  ['an unknown modifier', {}, { $frob: { a: 1 } }, 9],
  ['two changes of one field', {}, { $set: { a: 1 }, $inc: { a: 1 } }, 40],
  ['a change of a field and of what is inside', {}, { $set: { a: 1, 'a.b': 1 } }, 40],
  ['a field of a value', { a: 5 }, { $set: { 'a.b': 1 } }, 28],
  ['a name in an array', { a: [1] }, { $set: { 'a.b': 1 } }, 28],
  ['$inc of text', { a: 'x' }, { $inc: { a: 1 } }, 14],
  ['$inc by text', { a: 1 }, { $inc: { a: 'x' } }, 14],
  ['$push onto a value', { a: 1 }, { $push: { a: 1 } }, 2],
  ['$addToSet onto a value', { a: 1 }, { $addToSet: { a: 1 } }, 2],
  ['$pop of a value', { a: 1 }, { $pop: { a: 1 } }, 14],
  ['$pull of a value', { a: 1 }, { $pull: { a: 1 } }, 2],
  ['an unknown clause of $push', { a: [] }, { $push: { a: { $each: [], $frob: 1 } } }, 2],
  ['a positional operator without a match', { a: [1] }, { $set: { 'a.$': 1 } }, 2],
  ['a filter of no name', { a: [1] }, { $set: { 'a.$[x]': 1 } }, 2],
  ['a positional operator that is not closed', { a: [1] }, { $set: { 'a.$[x': 1 } }, 28],
  ['a new _id', {}, { $set: { _id: 99 } }, 66],
  ['an empty name', {}, { $set: { 'a..b': 1 } }, 56],
  ['a modifier of a value', {}, { $set: 5 }, 9],
]

describe('updates do what MongoDB documents', () => {
  let database: TestDatabase
  let collection: Collection<Document>

  before(async () => {
    database = await openDatabase()
    collection = database.db.collection('documents')
  })
  after(() => database.close())
  beforeEach(() => collection.deleteMany({}))

  for (const [title, { before, update, after, filter, arrayFilters }] of Object.entries(cases))
    it(title, async () => {
      await collection.insertOne({ _id: 1 as never, ...before })
      const changed = await collection.updateOne(
        { _id: 1 as never, ...filter },
        update,
        arrayFilters ? { arrayFilters } : {},
      )
      const [found] = await collection.find({}, { promoteValues: false, projection: { _id: 0 } }).toArray()
      const exact = (document: Document) => EJSON.stringify(document, { relaxed: false })
      expect(exact(found!)).to.equal(exact(BSON.deserialize(BSON.serialize(after), { promoteValues: false })))
      const same = EJSON.stringify(before) === EJSON.stringify(after)
      expect(changed).to.include({ matchedCount: 1, modifiedCount: same ? 0 : 1 })
    })

  for (const [title, before, update, code] of refused)
    it(`${title} is refused and changes nothing`, async () => {
      await collection.insertOne({ _id: 1 as never, ...before })
      expect(
        await failureOf(
          database.db
            .command({ update: 'documents', updates: [{ q: { _id: 1 }, u: update }] })
            .then(answer => {
              throw Object.assign(new Error(answer['writeErrors']?.[0]?.errmsg ?? 'accepted'), {
                code: answer['writeErrors']?.[0]?.code,
              })
            }),
        ),
      ).to.include({ code })
      expect(await collection.findOne()).to.deep.equal({ _id: 1, ...before })
    })

  it('an update that changes nothing is matched and not modified', async () => {
    await collection.insertOne({ a: 1, b: [1] })
    for (const update of [
      { $set: { a: 1 } },
      { $addToSet: { b: 1 } },
      { $max: { a: 0 } },
      { $unset: { c: '' } },
    ])
      expect(await collection.updateOne({}, update)).to.include({ matchedCount: 1, modifiedCount: 0 })
  })

  it('a replacement keeps the _id', async () => {
    await collection.insertOne({ _id: 1 as never, a: 1 })
    await collection.replaceOne({ a: 1 }, { b: 2 })
    expect(await collection.find().toArray()).to.deep.equal([{ _id: 1, b: 2 }])
    expect(await failureOf(collection.replaceOne({ _id: 1 as never }, { _id: 2 as never, b: 2 }))).to.include(
      { code: 66 },
    )
  })

  it('an upsert begins with what the filter requires', async () => {
    const filter = { a: 1, 'b.c': { $eq: 2 }, d: { $gt: 5 }, $and: [{ e: { $in: [7] } }] }
    const result = await collection.updateOne(
      filter,
      { $set: { f: 1 }, $setOnInsert: { g: 1 } },
      { upsert: true },
    )
    expect(result).to.include({ matchedCount: 0, upsertedCount: 1 })
    const { _id, ...rest } = (await collection.findOne()) as Document
    expect(_id).to.deep.equal(result.upsertedId)
    expect(rest).to.deep.equal({ a: 1, b: { c: 2 }, e: 7, f: 1, g: 1 })
  })

  it('an upsert by a replacement takes the _id of the filter', async () => {
    await collection.replaceOne({ _id: 7 as never }, { a: 1 }, { upsert: true })
    expect(await collection.findOne()).to.deep.equal({ _id: 7, a: 1 })
  })

  it('an updateMany changes each document once, however it moves', async () => {
    await collection.createIndex({ n: 1 })
    await collection.insertMany(Array.from({ length: 300 }, (_, n) => ({ n })))
    expect(await collection.updateMany({ n: { $gte: 0 } }, { $inc: { n: 1000 } })).to.include({
      modifiedCount: 300,
    })
    expect(await collection.countDocuments({ n: { $gte: 1000, $lt: 1300 } })).to.equal(300)
  })

  it('$currentDate sets a date or a timestamp', async () => {
    await collection.insertOne({ _id: 1 as never })
    await collection.updateOne({}, { $currentDate: { a: true, b: { $type: 'timestamp' } } } as Document)
    const found = (await collection.findOne()) as Document
    expect(Math.abs(found['a'].getTime() - Date.now())).to.be.below(60_000)
    expect(found['b']._bsontype).to.equal('Timestamp')
  })

  it('findAndModify answers before or after, and sorts', async () => {
    await collection.insertMany([
      { _id: 1, n: 5 },
      { _id: 2, n: 3 },
    ] as never)
    const sort = { n: 1 } as const
    expect(await collection.findOneAndUpdate({}, { $inc: { n: 10 } }, { sort })).to.deep.equal({
      _id: 2,
      n: 3,
    })
    expect(
      await collection.findOneAndUpdate(
        {},
        { $inc: { n: 1 } },
        { sort, returnDocument: 'after', projection: { n: 1, _id: 0 } },
      ),
    ).to.deep.equal({ n: 6 })
    expect(await collection.findOneAndDelete({ n: 13 })).to.deep.equal({ _id: 2, n: 13 })
    expect(await collection.findOneAndUpdate({ n: 99 }, { $set: { a: 1 } })).to.equal(null)
    const upserted = await collection.findOneAndUpdate(
      { _id: 9 as never },
      { $set: { a: 1 } },
      { upsert: true, returnDocument: 'after', includeResultMetadata: true },
    )
    expect(upserted).to.deep.include({
      value: { _id: 9, a: 1 },
      lastErrorObject: { n: 1, updatedExisting: false, upserted: 9 },
    })
  })
})
