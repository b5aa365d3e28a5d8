import { expect } from 'chai'
import type { Collection, Document } from 'mongodb'
import { openDatabase, type TestDatabase } from './database.ts'

/** All stages of a winning plan, from the outermost in. */
function stagesOf(plan: Document): Document[] {
  const below = [plan['inputStage'], ...(plan['inputStages'] ?? [])].filter(Boolean)
  return [plan, ...below.flatMap(stagesOf)]
}

describe('queries are answered by indexes', () => {
  let database: TestDatabase
  let collection: Collection<Document>

  before(async () => {
    database = await openDatabase()
    collection = database.db.collection('records')
    await collection.createIndexes([
      {
        key: { tenant: 1, identities: 1 },
        unique: true,
        partialFilterExpression: { 'identities.0': { $exists: true } },
      },
      { key: { tenant: 1, keys: 1 } },
      { key: { dueAt: 1 }, partialFilterExpression: { dueAt: { $exists: true } } },
      { key: { tenant: 1, module: 1, state: 1, _id: 1 } },
      { key: { gate: 1, _id: 1 }, partialFilterExpression: { gate: { $exists: true } } },
    ])
    await collection.insertMany(
      Array.from({ length: 200 }, (_, i) => ({
        _id: `r${String(i).padStart(4, '0')}`,
        tenant: i % 2 ? 'a' : 'b',
        module: 'student',
        state: i % 4 ? 'ok' : 'waiting',
        identities: [`x/${i}`, `y/${i}`],
        keys: [`k${i % 50}`],
        rev: 1,
        ...(i % 10 === 0 ? { dueAt: new Date(i), gate: 'g' } : {}),
      })) as never,
    )
  })
  after(() => database.close())

  /** The query's stages, and how many documents it read. */
  async function explain(filter: Document, sort?: Document, limit = 0) {
    const cursor = collection.find(filter)
    if (sort) cursor.sort(sort as { a: 1 })
    const { queryPlanner, executionStats } = await cursor.limit(limit).explain('executionStats')
    return { stages: stagesOf(queryPlanner.winningPlan), ...executionStats } as Document
  }

  const names = (explained: Document) => explained['stages'].map((stage: Document) => stage['stage'])
  const indexOf = (explained: Document) =>
    explained['stages'].find((stage: Document) => stage['stage'] === 'IXSCAN')?.['indexName']

  it('by _id alone', async () => {
    const one = await explain({ _id: 'r0001' })
    expect(one).to.include({ totalDocsExamined: 1, nReturned: 1 })
    expect(names(one)).to.not.include('COLLSCAN')
  })

  it('by _id with more conditions', async () => {
    const explained = await explain({ _id: { $in: ['r0001', 'r0002', 'none'] }, tenant: 'a', rev: 1 })
    expect(indexOf(explained)).to.equal('_id_')
    expect(explained).to.include({ totalDocsExamined: 2, nReturned: 1 })
  })

  it('by elements in a partial index, where the filter implies it', async () => {
    const filter = { tenant: 'a', identities: { $in: ['x/1', 'y/3', 'x/2'] } }
    const explained = await explain({ ...filter, 'identities.0': { $exists: true } })
    expect(indexOf(explained)).to.equal('tenant_1_identities_1')
    expect(explained).to.include({ totalDocsExamined: 2, nReturned: 2 })
    expect(indexOf(await explain(filter))).to.not.equal('tenant_1_identities_1')
  })

  it('by what is due, oldest first, without a sort', async () => {
    const explained = await explain({ dueAt: { $lte: new Date(100) } }, { dueAt: 1 }, 5)
    expect(indexOf(explained)).to.equal('dueAt_1')
    expect(names(explained)).to.not.include('SORT')
    expect(explained).to.include({ totalDocsExamined: 5, nReturned: 5 })
  })

  it('by a prefix and a range on _id, in its order', async () => {
    const explained = await explain(
      { tenant: 'a', module: 'student', state: 'ok', _id: { $gt: 'r0100' } },
      { _id: 1 },
      10,
    )
    expect(indexOf(explained)).to.equal('tenant_1_module_1_state_1__id_1')
    expect(names(explained)).to.not.include('SORT')
    expect(explained).to.include({ totalDocsExamined: 10 })
  })

  it('by several prefixes, merged in order', async () => {
    const explained = await explain(
      { tenant: 'a', module: 'student', state: { $in: ['ok', 'waiting'] } },
      { _id: -1 },
      10,
    )
    expect(names(explained)).to.include('SORT_MERGE')
    expect(explained['totalDocsExamined']).to.be.at.most(12)
  })

  it('backwards', async () => {
    const explained = await explain({ dueAt: { $exists: true } }, { dueAt: -1 }, 3)
    expect(explained['stages'].find((stage: Document) => stage['stage'] === 'IXSCAN')).to.include({
      direction: 'backward',
    })
    expect(explained).to.include({ totalDocsExamined: 3 })
  })

  it('by one index for each branch of an $or', async () => {
    const explained = await explain({ $or: [{ _id: 'r0007' }, { tenant: 'b', keys: 'k8' }] })
    expect(names(explained)).to.include('OR')
    expect(explained).to.include({ nReturned: 5 })
    expect(explained['totalDocsExamined']).to.be.at.most(6)
  })

  it('or not, and then it says so', async () => {
    const explained = await explain({ rev: 1 })
    expect(names(explained)).to.include('COLLSCAN')
    expect(explained).to.include({ totalDocsExamined: 200 })
  })

  it('with a sort where no index has the order', async () => {
    expect(names(await explain({ tenant: 'a' }, { rev: 1 }))).to.include('SORT')
  })

  it('also for updates and deletes, which explain does not carry out', async () => {
    const update = {
      update: 'records',
      updates: [{ q: { dueAt: { $lte: new Date(5) } }, u: { $set: { rev: 2 } }, multi: true }],
    }
    const explained = await database.db.command({ explain: update, verbosity: 'queryPlanner' })
    expect(stagesOf(explained['queryPlanner'].winningPlan).map(stage => stage['stage'])).to.include.members([
      'UPDATE',
      'IXSCAN',
    ])
    const remove = { delete: 'records', deletes: [{ q: { _id: 'r0001' }, limit: 1 }] }
    await database.db.command({ explain: remove, verbosity: 'executionStats' })
    expect(await collection.countDocuments({ rev: 1 })).to.equal(200)
  })
})
