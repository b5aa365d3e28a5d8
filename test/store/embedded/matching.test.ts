import { expect } from 'chai'
import { type Collection, Decimal128, type Document, Double, Long, MaxKey, MinKey, ObjectId } from 'mongodb'
import { failureOf, openDatabase, type TestDatabase } from './database.ts'

const id = new ObjectId('0123456789abcdef01234567')

/** Documents (their `_id` is their place), filter, places of those that match. */
const cases: readonly (readonly [string, readonly Document[], Document, readonly number[]])[] = [
  // Equality
  ['equality by value', [{ a: 1 }, { a: 2 }, { a: '1' }], { a: 1 }, [0]],
  [
    'numbers of all types are one kind',
    [{ a: 1 }, { a: new Double(1) }, { a: Long.fromNumber(1) }, { a: Decimal128.fromString('1.0') }],
    { a: 1 },
    [0, 1, 2, 3],
  ],
  [
    'long numbers keep all their digits',
    [{ a: Long.fromString('9007199254740993') }, { a: Long.fromString('9007199254740992') }],
    { a: Long.fromString('9007199254740993') },
    [0],
  ],
  ['null matches missing fields', [{ a: null }, {}, { a: 0 }], { a: null }, [0, 1]],
  [
    'null matches a missing nested field',
    [{ a: { b: null } }, { a: {} }, { a: { b: 1 } }, {}],
    { 'a.b': null },
    [0, 1, 3],
  ],
  [
    'a nested null looks into arrays of documents',
    [{ a: [{ b: 1 }, {}] }, { a: [{ b: 1 }] }, { a: [] }],
    { 'a.b': null },
    [0],
  ],
  ['an element of an array matches', [{ a: [1, 2] }, { a: [3] }, { a: 2 }], { a: 2 }, [0, 2]],
  ['a whole array matches, in order', [{ a: [1, 2] }, { a: [2, 1] }, { a: [[1, 2]] }], { a: [1, 2] }, [0, 2]],
  ['an empty array matches itself', [{ a: [] }, { a: [[]] }, { a: null }], { a: [] }, [0, 1]],
  [
    'embedded documents match whole and in order',
    [{ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, { a: { x: 1 } }],
    { a: { x: 1, y: 2 } },
    [0],
  ],
  ['dots reach into documents', [{ a: { b: 1 } }, { a: { b: 2 } }, { a: 1 }], { 'a.b': 1 }, [0]],
  ['dots reach through arrays', [{ a: [{ b: 1 }, { b: 2 }] }, { a: [{ b: 3 }] }], { 'a.b': 2 }, [0]],
  [
    'numbers in paths are places in arrays',
    [{ a: [5, 6] }, { a: [6, 5] }, { a: { 0: 5 } }],
    { 'a.0': 5 },
    [0, 2],
  ],
  ['an ObjectId', [{ a: id }, { a: id.toHexString() }], { a: id }, [0]],
  ['a date', [{ a: new Date(5) }, { a: 5 }], { a: new Date(5) }, [0]],
  ['bytes', [{ a: Buffer.from('ab') }, { a: 'ab' }], { a: Buffer.from('ab') }, [0]],
  // Comparison
  [
    '$gt compares within a kind only',
    [{ a: 5 }, { a: 7 }, { a: '7' }, { a: null }, {}],
    { a: { $gt: 5 } },
    [1],
  ],
  ['$gte and $lt', [{ a: 1 }, { a: 2 }, { a: 3 }], { a: { $gte: 2, $lt: 3 } }, [1]],
  ['$lte on dates', [{ a: new Date(1) }, { a: new Date(2) }, { a: 1 }], { a: { $lte: new Date(1) } }, [0]],
  [
    'strings compare by their bytes',
    [{ a: 'B' }, { a: 'a' }, { a: 'é' }, { a: '😀' }, { a: '\uffee' }],
    { a: { $gt: 'a' } },
    [2, 3, 4],
  ],
  ['$gte null matches null and missing', [{ a: null }, {}, { a: 1 }], { a: { $gte: null } }, [0, 1]],
  [
    'NaN equals itself and orders with nothing',
    [{ a: Number.NaN }, { a: 1 }],
    { a: { $lte: Number.NaN } },
    [0],
  ],
  ['NaN is not less than a number', [{ a: Number.NaN }, { a: 1 }], { a: { $lt: 5 } }, [1]],
  [
    'decimals compare exactly',
    [{ a: Decimal128.fromString('0.1') }, { a: 0.1 }, { a: Decimal128.fromString('0.10000000000000001') }],
    { a: { $gt: Decimal128.fromString('0.1') } },
    [1, 2],
  ],
  ['an array compares by its elements', [{ a: [1, 9] }, { a: [1, 2] }], { a: { $gt: 5 } }, [0]],
  [
    'two conditions may hold for different elements',
    [{ a: [1, 9] }, { a: [4] }],
    { a: { $gt: 5, $lt: 3 } },
    [0],
  ],
  [
    'MinKey and MaxKey span all kinds',
    [{ a: 1 }, { a: 'x' }, { a: null }],
    { a: { $gt: new MinKey(), $lt: new MaxKey() } },
    [0, 1, 2],
  ],
  ['$ne is the contrary of equality', [{ a: 1 }, { a: [1, 2] }, { a: 2 }, {}], { a: { $ne: 1 } }, [2, 3]],
  [
    '$in takes values and expressions',
    [{ a: 1 }, { a: 'xy' }, { a: null }, {}, { a: [7, 1] }],
    { a: { $in: [1, /^x/] } },
    [0, 1, 4],
  ],
  ['$in with null matches missing', [{ a: null }, {}, { a: 1 }], { a: { $in: [null] } }, [0, 1]],
  [
    '$in of many',
    Array.from({ length: 9 }, (_, a) => ({ a })),
    { a: { $in: [1, 3, 5, 7, 99, 100] } },
    [1, 3, 5, 7],
  ],
  ['$nin', [{ a: 1 }, { a: 2 }, {}], { a: { $nin: [1] } }, [1, 2]],
  // Logic
  [
    '$and, $or, $nor',
    [{ a: 1, b: 1 }, { a: 1, b: 2 }, { a: 2 }],
    { $or: [{ $and: [{ a: 1 }, { b: 2 }] }, { a: 2 }], $nor: [{ b: 1 }] },
    [1, 2],
  ],
  ['$not', [{ a: 1 }, { a: 9 }, {}], { a: { $not: { $gt: 5 } } }, [0, 2]],
  ['$not with an expression', [{ a: 'x' }, { a: 'y' }, {}], { a: { $not: /x/ } }, [1, 2]],
  // Fields
  ['$exists', [{ a: null }, {}, { a: 1 }], { a: { $exists: true } }, [0, 2]],
  ['$exists: false', [{ a: null }, {}], { a: { $exists: false } }, [1]],
  ['$exists at a place of an array', [{ a: [1] }, { a: [] }, {}], { 'a.0': { $exists: true } }, [0]],
  [
    '$type by name, number and list',
    [{ a: 1 }, { a: 'x' }, { a: 1.5 }, { a: Long.fromNumber(1) }],
    { a: { $type: ['int', 2] } },
    [0, 1],
  ],
  [
    '$type number',
    [{ a: 1 }, { a: 1.5 }, { a: Decimal128.fromString('1') }, { a: '1' }],
    { a: { $type: 'number' } },
    [0, 1, 2],
  ],
  ['$type looks into arrays', [{ a: ['x'] }, { a: [1] }], { a: { $type: 'string' } }, [0]],
  ['$type array', [{ a: [] }, { a: 1 }], { a: { $type: 'array' } }, [0]],
  // Arrays
  ['$all', [{ a: [1, 2, 3] }, { a: [1] }, { a: 1 }], { a: { $all: [1, 2] } }, [0]],
  ['$all of one value matches a scalar', [{ a: [1, 2] }, { a: 1 }], { a: { $all: [1] } }, [0, 1]],
  ['$all of nothing matches nothing', [{ a: [] }, { a: 1 }], { a: { $all: [] } }, []],
  ['$size', [{ a: [1, 2] }, { a: [[1, 2]] }, { a: 2 }], { a: { $size: 2 } }, [0]],
  [
    '$elemMatch on documents',
    [{ a: [{ x: 1, y: 2 }] }, { a: [{ x: 1 }, { y: 2 }] }],
    { a: { $elemMatch: { x: 1, y: 2 } } },
    [0],
  ],
  [
    '$elemMatch on values',
    [{ a: [1, 9] }, { a: [4] }, { a: 4 }],
    { a: { $elemMatch: { $gt: 3, $lt: 5 } } },
    [1],
  ],
  [
    '$elemMatch with $in and $not',
    [{ a: [1, 2] }, { a: [3] }],
    { a: { $elemMatch: { $in: [1, 3], $not: { $gt: 2 } } } },
    [0],
  ],
  [
    '$elemMatch with $or',
    [{ a: [{ x: 1 }] }, { a: [{ x: 5 }] }],
    { a: { $elemMatch: { $or: [{ x: 1 }, { x: 2 }] } } },
    [0],
  ],
  // Evaluation
  ['$mod', [{ a: 4 }, { a: 5 }, { a: 5.9 }, { a: '4' }], { a: { $mod: [5, 0] } }, [1, 2]],
  ['$regex with options', [{ a: 'Ab' }, { a: 'ba' }], { a: { $regex: '^a', $options: 'i' } }, [0]],
  ['a regular expression looks into arrays', [{ a: ['x', 'ab'] }, { a: 'x' }], { a: /b$/ }, [0]],
  [
    '$bitsAllSet and $bitsAnyClear',
    [{ a: 7 }, { a: 5 }, { a: 2 }],
    { a: { $bitsAllSet: 5, $bitsAnyClear: [1] } },
    [1],
  ],
  [
    '$expr',
    [
      { a: 1, b: 1 },
      { a: 1, b: 2 },
    ],
    { $expr: { $lt: ['$a', '$b'] } },
    [1],
  ],
  ['$comment changes nothing', [{ a: 1 }], { a: 1, $comment: 'why' }, [0]],
  ['a field called __proto__', [{ ['__proto__']: 1 }, {}], { ['__proto__']: 1 }, [0]],
]

const refused: readonly (readonly [string, Document, number])[] = [
  ['an unknown operator', { a: { $frob: 1 } }, 2],
  ['an unknown operator at the top', { $frob: [] }, 2],
  ['$in without a list', { a: { $in: 1 } }, 2],
  ['an operator inside $in', { a: { $in: [{ $gt: 1 }] } }, 2],
  ['$or without branches', { $or: [] }, 2],
  ['$and of a value', { $and: 1 }, 2],
  ['$not of a value', { a: { $not: 1 } }, 2],
  ['a negative $size', { a: { $size: -1 } }, 2],
  ['$mod by zero', { a: { $mod: [0, 1] } }, 2],
  ['$elemMatch of a value', { a: { $elemMatch: 1 } }, 2],
  ['$all of a value', { a: { $all: 1 } }, 2],
  ['an unknown type', { a: { $type: 'frob' } }, 2],
  ['an expression that is none', { a: { $regex: '(' } }, 51091],
  ['$options alone', { a: { $options: 'i' } }, 2],
]

describe('filters match what MongoDB documents', () => {
  let database: TestDatabase
  let collection: Collection<Document>

  before(async () => {
    database = await openDatabase()
    collection = database.db.collection('documents')
  })
  after(() => database.close())

  for (const [title, documents, filter, expected] of cases)
    it(title, async () => {
      await collection.deleteMany({})
      await collection.insertMany(documents.map((document, _id) => ({ ...document, _id: _id as never })))
      const found = await collection.find(filter).sort({ _id: 1 }).toArray()
      expect(found.map(each => each['_id'])).to.deep.equal(expected)
      expect(await collection.countDocuments(filter)).to.equal(expected.length)
    })

  for (const [title, filter, code] of refused)
    it(`${title} is refused`, async () => {
      expect(await failureOf(collection.find(filter).toArray())).to.include({ code })
    })
})
