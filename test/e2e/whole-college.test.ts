import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege } from './college.ts'
import { differences, gradeDifferences, storeDifferences } from './differences.ts'
import { populate, type Row } from './population.ts'

/** `COLLEGE=full npx mocha test/e2e/whole-college.test.ts` takes a college of 600 students; in `npm test` it is smaller. */
const FULL = process.env['COLLEGE'] === 'full'
const SIZE = FULL
  ? { programs: 3, units: 12, classes: 20, teachers: 40, students: 600, enrolmentsEach: 6, gradesEach: 12 }
  : { programs: 2, units: 6, classes: 8, teachers: 5, students: 60, enrolmentsEach: 4, gradesEach: 3 }
const LONGEST_MS = FULL ? 900_000 : 120_000

/** Always the same order for the same seed, so that a failure can be run again. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed
  const random = () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32
    return state / 2 ** 32
  }
  const order = [...all]
  for (let place = order.length - 1; place > 0; place--) {
    const other = Math.floor(random() * (place + 1))
    ;[order[place], order[other]] = [order[other] as T, order[place] as T]
  }
  return order
}

/** What somebody tells: Zoho of a row, or Moodle's plugin of a grade. */
type Told = Row | { readonly grade: Payload }

describe('a whole college, in any order', () => {
  let college: College
  let rows: Row[]
  let grades: Payload[]
  let all: Told[]

  before(async () => {
    college = await openCollege({ announce: false, zoho: { concurrency: 100 } })
    // The plugin's part is played by what is delivered here.
    await college.plugin.stop()
    ;({ rows, grades } = populate(college, SIZE))
    all = [...rows, ...grades.map(grade => ({ grade }))]
  })

  after(() => college.close())

  async function tellRow(row: Row, run: string): Promise<number> {
    const record = college.zoho.record(row.module, row.id) as Payload
    const { status } = await college.webhook(row.module, {
      notification_id: `${run}-${row.id}`,
      timestamp: record['Modified_Time'] as string,
      module: row.module,
      operation: 'insert',
      record_id: row.id,
      data: record,
    })
    return status
  }

  async function tellGrade(data: Payload, run: string, headers: Record<string, string> = {}) {
    const { id: endpoint, secret } = college.engine.credentials.endpoints['moodle'] as Record<string, string>
    const id = `${run}-${String(data['grade_id'])}`
    const body = JSON.stringify({ id, type: 'grade_updated', origin: 'web', data })
    const timestamp = String(Math.floor(Date.now() / 1000))
    const key = Buffer.from(String(secret).replace(/^whsec_/, ''), 'base64')
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    return fetch(`${college.engine.url}/api/v1/events/moodle/grade_updated?endpoint=${endpoint}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
        ...headers,
      },
      body,
    })
  }

  async function deliver(order: readonly Told[], run: string): Promise<void> {
    const queue = [...order]
    const sender = async () => {
      for (let told = queue.shift(); told !== undefined; told = queue.shift()) {
        const status = 'grade' in told ? (await tellGrade(told.grade, run)).status : await tellRow(told, run)
        expect(status).to.be.oneOf([200, 202])
      }
    }
    await Promise.all(Array.from({ length: 20 }, sender))
    await college.quiet(LONGEST_MS)
  }

  const states = async () => {
    const { db } = college.engine.store
    const found = await db
      .collection('records')
      .aggregate([{ $group: { _id: '$state', count: { $sum: 1 } } }])
      .toArray()
    return Object.fromEntries(found.map(({ _id, count }) => [_id, count]))
  }

  it('arrives whole on both sides, with 10 % of it sent twice', async () => {
    const order = shuffled([...all, ...all.filter((_, place) => place % 10 === 0)], 7)
    await deliver(order, 'first')
    const stuck = await college.engine.store.db
      .collection('records')
      .find({ state: { $nin: ['ok'] } })
      .limit(5)
      .toArray()
    expect(
      stuck.map(({ module, state, missing, lastError, identities }) => ({
        module,
        state,
        missing,
        lastError,
        identities,
      })),
    ).to.deep.equal([])
    expect(await states()).to.deep.equal({ ok: all.length })

    const found = [
      ...differences(college, rows, grades),
      ...gradeDifferences(college, rows, grades),
      ...(await storeDifferences(college, rows)),
    ]
    expect(found.slice(0, 10), `${found.length} differences`).to.deep.equal([])
  }).timeout(LONGEST_MS)

  it('is left alone when all of it is sent again', async () => {
    // The logs keep their last thousands: the last call is still the last.
    const lastWrite = () =>
      college.moodle.log.findLast(call => /create|update|enrol|add_/.test(call.function))
    const last = { moodle: lastWrite(), zoho: college.zoho.log.at(-1) }
    await deliver(shuffled(all, 11), 'again')
    expect(lastWrite() === last.moodle, 'nothing was written to Moodle').to.equal(true)
    expect(college.zoho.log.at(-1) === last.zoho, 'Zoho was asked nothing').to.equal(true)
    expect(await states()).to.deep.equal({ ok: all.length })
  }).timeout(LONGEST_MS)

  it('tells the plugin what became of a grade: created, or updated when it is corrected', async () => {
    const wait = { prefer: 'wait=30' }
    const [known] = grades
    if (known === undefined) throw new Error('there is no grade')
    const corrected = { ...known, gradetype: 1, grademin: 0, grademax: 100, finalgrade: 45 }
    const updated = await tellGrade({ ...corrected, timemodified: 1_795_000_000 }, 'corrected', wait)
    expect(await updated.json()).to.include({ outcome: 'UPDATED', action: 'updated', btec_grade: 'Pass' })
    const fresh = { ...corrected, grade_id: '1', assignment: { id: '1', name: 'Project' }, finalgrade: 39 }
    const created = await tellGrade(fresh, 'fresh', wait)
    const first = (await created.json()) as Payload
    expect(first).to.include({ outcome: 'NEW', action: 'created', btec_grade: 'Refer' })
    const again = await tellGrade({ ...fresh, finalgrade: 65, timemodified: 1_795_000_001 }, 'again', wait)
    const second = (await again.json()) as Payload
    expect(second).to.include({ outcome: 'UPDATED', action: 'updated', btec_grade: 'Merit' })
    const ids = [first, second].map(({ id }) => `${String(id)}-0`)
    const { body } = await college.call('POST', '/api/v1/events/status', { ids })
    expect(
      (body['events'] as Payload[]).map(({ action, btec_grade: grade }) => [action, grade]),
      'each its own, not the newest',
    ).to.deep.equal([
      ['created', 'Refer'],
      ['updated', 'Merit'],
    ])
  })
})
