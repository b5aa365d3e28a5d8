import { expect } from 'chai'
import fc from 'fast-check'
import type { Collection, Document } from 'mongodb'
import { openDatabase, type TestDatabase } from './database.ts'

/** Values that collide often, of many kinds. */
const scalar = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 3 }) },
  { weight: 2, arbitrary: fc.constantFrom(0.5, -0.5, 2.5) },
  { weight: 3, arbitrary: fc.constantFrom('', 'a', 'ab', 'b', 'é', 'a\u0000b') },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom(new Date(0), new Date(5)) },
)
const nested = fc.record({ x: scalar, y: scalar }, { requiredKeys: [] })
const value = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 2, arbitrary: nested },
  { weight: 2, arbitrary: fc.array(fc.oneof(nested, scalar), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }) },
)
const stored = fc.record({ a: value, b: value, c: scalar }, { requiredKeys: [] })

const path = fc.constantFrom('a', 'b', 'c', 'a.x', 'a.y', 'b.x', 'a.0', 'b.0.x')
const condition = fc.oneof(
  { weight: 4, arbitrary: value.filter(isPlain) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte'), scalar).map(asDocument) },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }).map(list => ({ $in: list })) },
  { weight: 1, arbitrary: scalar.map(each => ({ $ne: each })) },
  { weight: 1, arbitrary: fc.boolean().map(each => ({ $exists: each })) },
  { weight: 1, arbitrary: fc.tuple(scalar, scalar).map(([low, high]) => ({ $gte: low, $lt: high })) },
  {
    weight: 1,
    arbitrary: fc.tuple(scalar, scalar).map(([low, high]) => ({ $elemMatch: { $gte: low, $lte: high } })),
  },
  { weight: 1, arbitrary: scalar.map(each => ({ $elemMatch: { x: each } })) },
  { weight: 1, arbitrary: fc.constantFrom(/^a/, /b/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ $type: 'string' }, { $type: 'number' }, { $size: 1 }, { $not: { $gt: 1 } }),
  },
)
const simple = fc.array(fc.tuple(path, condition), { minLength: 1, maxLength: 3 }).map(Object.fromEntries)
const filter = fc.oneof(
  { weight: 4, arbitrary: simple },
  { weight: 1, arbitrary: fc.array(simple, { minLength: 1, maxLength: 3 }).map(list => ({ $or: list })) },
  { weight: 1, arbitrary: fc.tuple(simple, simple).map(([one, two]) => ({ ...one, $or: [two, { c: 1 }] })) },
)

const indexes: { key: Document; options?: Document }[] = [
  { key: { a: 1 } },
  { key: { a: -1, c: 1 } },
  { key: { c: 1, a: 1 } },
  { key: { 'a.x': 1, 'a.y': 1 } },
  { key: { 'b.x': -1 } },
  { key: { b: 1 }, options: { sparse: true } },
  { key: { c: -1, b: 1 }, options: { partialFilterExpression: { c: { $gt: 0 } } } },
  { key: { 'a.0': 1 }, options: { partialFilterExpression: { c: { $exists: true } } } },
]
const sort = fc.constantFrom<Document | undefined>(
  undefined,
  { c: 1 },
  { c: -1 },
  { a: 1 },
  { c: 1, a: 1 },
  { 'a.x': -1 },
  { b: 1, c: -1 },
)

function isPlain(candidate: unknown): boolean {
  return !(candidate instanceof Date) || candidate.getTime() >= 0
}

function asDocument([operator, operand]: readonly [string, unknown]): Document {
  return { [operator]: operand }
}

describe('an index changes how a query is answered, never what is answered', function () {
  this.timeout(120_000)
  let database: TestDatabase
  let collection: Collection<Document>

  before(async () => {
    database = await openDatabase()
    collection = database.db.collection('documents')
  })
  after(() => database.close())

  /** Inserts what can be indexed together: two arrays side by side in one compound key cannot. */
  async function fill(documents: readonly Document[], some: readonly number[]): Promise<void> {
    await collection.drop()
    for (const i of new Set(some))
      await collection.createIndex(indexes[i]!.key as { a: 1 }, indexes[i]!.options ?? {})
    const numbered = documents.map((document, _id) => ({ _id, ...document }))
    await collection.insertMany(numbered as Document[], { ordered: false }).catch(error => {
      for (const each of [error.writeErrors].flat()) expect(each.code).to.equal(171)
    })
  }

  it('for random documents, indexes and filters', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stored, { minLength: 5, maxLength: 25 }),
        fc.array(fc.nat(indexes.length - 1), { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(filter, sort), { minLength: 12, maxLength: 12 }),
        async (documents, some, queries) => {
          await fill(documents, some)
          for (const [query, order] of queries) {
            const planned = await collection.find(query, order ? { sort: order as { a: 1 } } : {}).toArray()
            const scanned = await collection.find(query, { hint: { $natural: 1 } }).toArray()
            const ids = (found: Document[]) => found.map(each => each['_id'] as number).sort((a, b) => a - b)
            expect(ids(planned), JSON.stringify({ query, order })).to.deep.equal(ids(scanned))
            if (!order) continue
            const blocking = await collection
              .find(query, { hint: { $natural: 1 }, sort: order as { a: 1 } })
              .toArray()
            const keys = (found: Document[]) =>
              found.map(each =>
                JSON.stringify(Object.keys(order).map(name => keyAt(each, name, order[name]))),
              )
            expect(keys(planned), JSON.stringify({ query, order })).to.deep.equal(keys(blocking))
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})

/** What both orders must agree on; equal keys may come in any order. */
function keyAt(document: Document, name: string, _direction: unknown): unknown {
  const found = document[name.split('.')[0]!]
  return name.includes('.') || Array.isArray(found) ? '?' : (found ?? null)
}
