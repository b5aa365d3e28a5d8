import { expect } from 'chai'
import type { Document, MongoClient } from 'mongodb'
import type { Json } from '../../core/plugin.ts'
import { type College, openCollege } from './college.ts'

/** Read whole on purpose: a handful of documents that every engine keeps in memory. */
const READ_WHOLE = new Set(['tenants'])
/** A page is at most 200, with one more to see whether there is another. */
const MOST_EXAMINED = 500
const DAY = 24 * 3_600_000

const stagesOf = (plan: Document): readonly string[] => [
  String(plan['stage']),
  ...[plan['inputStage'], ...(plan['inputStages'] ?? [])].filter(Boolean).flatMap(stagesOf),
]

describe('what operators ask', () => {
  let college: College

  before(async function () {
    this.timeout(60_000)
    college = await openCollege({ announce: false, monitorCommands: true })
    const deliveries = college.engine.store.db.collection<{ _id: string }>('deliveries')
    const records = college.engine.store.db.collection<{ _id: string }>('records')
    const modules = ['student', 'teacher', 'class', 'grade']
    const id = (place: number) => (0x60000000 + place).toString(16).padEnd(24, '0')
    for (let from = 0; from < 20_000; from += 1000) {
      const places = Array.from({ length: 1000 }, (_, offset) => from + offset)
      await deliveries.insertMany(
        places.map(place => ({
          _id: id(place),
          tenant: 'default',
          endpoint: 'ep',
          connector: 'zoho',
          channel: 'events',
          key: `k${place}`,
          hash: '',
          trusted: true,
          tries: 0,
          receivedAt: new Date(DAY * 18_000 + place * 1000),
          expireAt: new Date(DAY * 80_000),
          standings: [
            `${modules[place % 4]}|${place % 1000 === 0 ? 'INVALID' : place % 997 === 0 ? 'SKIPPED' : 'UPDATED'}`,
          ],
          events: [
            {
              id: `${id(place)}-0`,
              resource: 'zoho/BTEC_Students',
              kind: 'state',
              version: [place],
              identity: `zoho/BTEC_Students:${place}`,
              module: modules[place % 4],
              record: id(place),
              outcome: place % 1000 === 0 ? 'INVALID' : place % 997 === 0 ? 'SKIPPED' : 'UPDATED',
              ...(place % 1000 === 0 ? { error: { code: 'REQUIRED', message: 'email is missing' } } : {}),
            },
          ],
        })),
      )
      await records.insertMany(
        places.map(place => ({
          _id: id(place),
          tenant: 'default',
          module: modules[place % 4],
          identities: [`zoho/BTEC_Students:${place}`, `=username:person.${place}`],
          keys: [],
          fields: {},
          sides: {},
          source: 'zoho',
          rev: 1,
          outbox: {},
          pushed: {},
          refs: [],
          missing: [],
          state: place % 500 === 0 ? 'dead' : 'ok',
          ...(place % 500 === 0 ? { lastError: { code: 'MOODLE_TAKEN', message: 'taken' } } : {}),
          claims: 0,
          createdAt: new Date(DAY * 18_000),
          updatedAt: new Date(DAY * 18_000),
        })),
      )
    }
  })

  after(() => college.close())

  const ASKED = [
    '/api/v1/events?limit=200',
    '/api/v1/events?module=student',
    '/api/v1/events?state=UPDATED',
    '/api/v1/events?state=INVALID',
    '/api/v1/events?state=SKIPPED',
    '/api/v1/events?state=SKIPPED&module=class',
    '/api/v1/events?state=NEW',
    '/api/v1/events?state=DELETED&module=grade',
    '/api/v1/events?state=open',
    '/api/v1/events?state=open&module=student',
    '/api/v1/events?state=INVALID&module=grade',
    '/api/v1/events?state=FAILED',
    '/api/v1/events?state=WAITING&module=student',
    `/api/v1/events?record=${(0x60000000 + 8).toString(16).padEnd(24, '0')}`,
    '/api/v1/records/student',
    '/api/v1/records/student?state=dead',
    '/api/v1/records/student?q=19996',
    '/api/v1/records/student?q=person.19',
    '/api/v1/records/student/19996',
    '/api/v1/records/student/nobody',
    '/api/v1/retries',
    '/api/v1/retries?module=student&code=MOODLE_BUSY&age=60',
    '/api/v1/dead-letters?limit=200',
    '/api/v1/dead-letters?state=invalid',
    '/api/v1/dead-letters?state=dead&code=NOBODYS',
    '/api/v1/gates',
    '/api/v1/bulk',
    '/api/v1/audit',
  ]

  it('is answered by an index, and soon', async () => {
    const queries: { collection: string; command: Document }[] = []
    const client = college.engine.store.db.client as unknown as MongoClient
    client.on('commandStarted', ({ commandName, command }) => {
      const collection = String(command[commandName])
      if (commandName === 'find' && collection !== 'agendaJobs') queries.push({ collection, command })
    })
    const slow: string[] = []
    for (const path of ASKED) {
      const began = performance.now()
      const { status } = await college.call('GET', path)
      const took = performance.now() - began
      expect([200, 404], path).to.include(status)
      // Far above what is measured, so that a busy machine fails nothing but a scan does.
      if (took > 1500) slow.push(`${path}: ${Math.round(took)} ms`)
    }
    expect(slow).to.deep.equal([])
    const scanned: string[] = []
    for (const { collection, command } of queries) {
      const { filter = {}, sort, hint, limit } = command
      if (READ_WHOLE.has(collection) && Object.keys(filter).length === 0) continue
      const { queryPlanner, executionStats } = await college.engine.store.db.command({
        explain: {
          find: collection,
          filter,
          ...(sort === undefined ? {} : { sort }),
          ...(hint === undefined ? {} : { hint }),
          ...(limit === undefined ? {} : { limit }),
        },
        verbosity: 'executionStats',
      })
      const stages = stagesOf(queryPlanner.winningPlan)
      if (stages.includes('COLLSCAN') || stages.includes('SORT'))
        scanned.push(`${collection} ${JSON.stringify(filter)} ${stages.join(' < ')}`)
      else if (executionStats.totalDocsExamined > MOST_EXAMINED)
        scanned.push(`${collection} ${JSON.stringify(filter)} examines ${executionStats.totalDocsExamined}`)
    }
    expect(queries.length).to.be.greaterThan(30)
    expect(scanned).to.deep.equal([])
  }).timeout(60_000)

  it('comes in pages that hold everything once', async () => {
    const seen: string[] = []
    let cursor: Json | undefined
    do {
      const mark = cursor === undefined ? '' : `&cursor=${cursor}`
      const { body } = await college.call('GET', `/api/v1/dead-letters?limit=7${mark}`)
      seen.push(...(body['items'] as { id: string }[]).map(({ id }) => id))
      cursor = body['next']
    } while (cursor !== undefined)
    // The 20 INVALID events are no dead letters any more: their records were refused for something else since.
    expect(new Set(seen).size).to.equal(seen.length)
    expect(seen.filter(id => !id.includes('-'))).to.have.length(40)
  })
})
