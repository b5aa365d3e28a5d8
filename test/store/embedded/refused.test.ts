import { expect } from 'chai'
import type { Document } from 'mongodb'
import { failureOf, openDatabase, type TestDatabase } from './database.ts'

/** Commands, and what they are refused with. Those that MongoDB itself would take are marked `ours`. */
const cases: readonly (readonly [string, Document, { code: number; codeName: string }, 'ours'?])[] = [
  ['an unknown command', { frob: 1 }, { code: 59, codeName: 'CommandNotFound' }],
  ['an unknown field', { find: 'c', frob: 1 }, { code: 40415, codeName: 'IDLUnknownField' }],
  [
    'an unknown stage',
    { aggregate: 'c', pipeline: [{ $frob: 1 }], cursor: {} },
    { code: 40324, codeName: 'Location40324' },
  ],
  [
    'a stage of two',
    { aggregate: 'c', pipeline: [{ $limit: 1, $skip: 1 }], cursor: {} },
    { code: 40323, codeName: 'Location40323' },
  ],
  [
    'a change stream',
    { aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {} },
    { code: 40573, codeName: 'Location40573' },
  ],
  ['an aggregate without cursor', { aggregate: 'c', pipeline: [] }, { code: 9, codeName: 'FailedToParse' }],
  ['a wrong type', { find: 'c', filter: 5 }, { code: 14, codeName: 'TypeMismatch' }],
  ['a bad name', { find: '' }, { code: 73, codeName: 'InvalidNamespace' }],
  ['a list that is missing', { insert: 'c' }, { code: 40414, codeName: 'IDLFailedToParse' }],
  ['no statements', { insert: 'c', documents: [] }, { code: 16, codeName: 'InvalidLength' }],
  [
    'a transaction',
    { find: 'c', txnNumber: 1, startTransaction: true, autocommit: false },
    { code: 20, codeName: 'IllegalOperation' },
  ],
  [
    'a write concern of three',
    { insert: 'c', documents: [{}], writeConcern: { w: 3 } },
    { code: 2, codeName: 'BadValue' },
  ],
  ['$where', { find: 'c', filter: { $where: '1' } }, { code: 238, codeName: 'NotImplemented' }, 'ours'],
  [
    '$text',
    { find: 'c', filter: { $text: { $search: 'x' } } },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    '$near',
    { find: 'c', filter: { a: { $near: [0, 0] } } },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    '$jsonSchema',
    { find: 'c', filter: { $jsonSchema: {} } },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    'a collation',
    { find: 'c', collation: { locale: 'de' } },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    '$out',
    { aggregate: 'c', pipeline: [{ $out: 'd' }], cursor: {} },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    '$merge in a $facet',
    { aggregate: 'c', pipeline: [{ $facet: { x: [{ $merge: 'd' }] } }], cursor: {} },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    'a text index',
    { createIndexes: 'c', indexes: [{ key: { a: 'text' }, name: 'a' }] },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    'an index with a collation',
    { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a', collation: { locale: 'de' } }] },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  [
    'a capped collection',
    { create: 'c', capped: true, size: 100 },
    { code: 238, codeName: 'NotImplemented' },
    'ours',
  ],
  ['a view', { create: 'c', viewOn: 'd', pipeline: [] }, { code: 238, codeName: 'NotImplemented' }, 'ours'],
]

describe('what is not supported is refused by name', () => {
  let database: TestDatabase

  before(async () => {
    database = await openDatabase()
  })
  after(() => database.close())

  const ownServer = (process.env['MONGODB_URI'] ?? '') === ''
  for (const [title, command, expected, ours] of cases) {
    if (ours && !ownServer) continue
    it(title, async () => {
      expect(await failureOf(database.db.command(command))).to.include(expected)
    })
  }

  if (ownServer)
    it('a pipeline as an update', async () => {
      const update = database.db.collection('c').updateOne({}, [{ $set: { a: 1 } }])
      expect(await failureOf(update)).to.include({ code: 238 })
    })
})
