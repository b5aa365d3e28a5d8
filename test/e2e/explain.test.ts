import { expect } from 'chai'
import type { Document, MongoClient } from 'mongodb'
import { type College, notification, openCollege, until } from './college.ts'

/** Read whole on purpose: a handful of documents that every engine keeps in memory. */
const READ_WHOLE = new Set(['gates', 'tenants'])

/** Filters with the same fields and operators are one shape. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (value === null || typeof value !== 'object' || value.constructor !== Object) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
}

const stagesOf = (plan: Document): readonly string[] => [
  String(plan['stage']),
  ...[plan['inputStage'], ...(plan['inputStages'] ?? [])].filter(Boolean).flatMap(stagesOf),
]

describe('every query of the engine', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false, monitorCommands: true })
  })

  after(() => college.close())

  it('is answered by an index', async () => {
    const shapes = new Map<string, { collection: string; filter: Document; sort?: Document }>()
    const client = college.engine.store.db.client as unknown as MongoClient
    client.on('commandStarted', ({ commandName, command }) => {
      const queries: Document[] =
        commandName === 'find'
          ? [{ filter: command['filter'], sort: command['sort'] }]
          : [...(command['updates'] ?? []), ...(command['deletes'] ?? [])].map(({ q }) => ({ filter: q }))
      for (const { filter, sort } of queries) {
        const collection = String(command[commandName])
        if (collection === 'agendaJobs' || collection === '$cmd') continue
        const key = JSON.stringify([collection, shapeOf(filter), sort])
        shapes.set(key, { collection, filter: filter ?? {}, ...(sort === undefined ? {} : { sort }) })
      }
    })

    const student = (id: string) => ({
      id,
      Student_ID: `STU-${id}`,
      Full_Name: 'Sami Odeh',
      Academic_Email: `sami${id}@college.test`,
      Status: 'Active',
    })
    const first = notification(student('61000000000000001'))
    await college.webhook('student', first, { prefer: 'wait=10' })
    await college.webhook('student', first)
    await college.webhook('student', notification({ ...student('61000000000000001'), City: 'Irbid' }), {
      prefer: 'wait=10',
    })
    await college.call('POST', '/api/v1/events/status', {
      ids: [String(first['notification_id']), '0123456789abcdef01234567-0'],
    })
    // A gate that closes, is probed and opens.
    college.moodle.faults.add({ kind: 'maintenance', times: 1 })
    await college.webhook('student', notification(student('61000000000000002')))
    await until('the gate has opened', async () => {
      const [record] = await college.engine.store.records.byIdentities('default', [
        'zoho/BTEC_Students:61000000000000002',
      ])
      return record?.fields['moodleUserId'] !== undefined
    })
    // Something that waits, and is woken.
    const registration = {
      id: '61000000000000003',
      Student: { id: '61000000000000004' },
      Program: { id: '61000000000000005' },
    }
    await college.call('POST', '/api/v1/sync/registrations', { data: [registration] })
    await college.webhook('student', notification(student('61000000000000004')), { prefer: 'wait=10' })

    const scanned: string[] = []
    const { db } = college.engine.store
    for (const { collection, filter, sort } of shapes.values()) {
      if (READ_WHOLE.has(collection) && Object.keys(filter).length === 0) continue
      const { queryPlanner } = await db.command({
        explain: { find: collection, filter, ...(sort === undefined ? {} : { sort }) },
        verbosity: 'queryPlanner',
      })
      const stages = stagesOf(queryPlanner.winningPlan)
      if (stages.includes('COLLSCAN')) scanned.push(`${collection} ${JSON.stringify(shapeOf(filter))}`)
    }
    expect(shapes.size).to.be.at.least(15)
    expect(scanned).to.deep.equal([])
  }).timeout(40_000)
})
