import { expect } from 'chai'
import { StoreError } from '../../core/errors.ts'
import { createLog } from '../../core/log.ts'
import { createAudit } from '../../core/operations/audit.ts'
import { newNonce, runBulk, startBulk } from '../../core/operations/bulk.ts'
import type { Desk } from '../../core/operations/desk.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { createReasons } from '../../core/reasons/reasons.ts'
import { type College, connectors, openCollege, until } from '../e2e/college.ts'
import { terminalOf } from '../e2e/terminal.ts'

type Item = Readonly<Record<string, Json>>
const silent = createLog({ level: 'silent', readable: false })

describe('a job over many', function () {
  this.timeout(60_000)
  let college: College
  /** Of records that stand at a closed gate, as they came. */
  let received: readonly string[]

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const person = (id: string, more: Payload = {}): Payload => ({
    id: `6300000000000${id}`,
    Full_Name: 'Rana Aziz',
    Academic_Email: `rana.${id}@college.test`,
    Status: 'Active',
    ...more,
  })

  async function deskFor(changes: Partial<Desk> = {}): Promise<Desk> {
    const { store, tenants } = college.engine
    const tenant = await tenants.get('default')
    const audit = createAudit(store.audit, tenants.access.hashKey, Date.now)
    const reasons = createReasons(connectors)
    return { store, tenant, audit, reasons, by: 'a test', language: 'en', now: Date.now, ...changes }
  }

  const jobOf = async (id: Json | undefined) => (await college.call('GET', `/api/v1/bulk/${id}`)).body as Item
  const ended = (id: Json | undefined) =>
    until('the job ends', async () => {
      const job = await jobOf(id)
      return job['state'] === 'running' ? undefined : job
    })

  /** Everything that was tried again or given up since the row `after`, in its order. */
  async function changedSince(after: number): Promise<readonly string[]> {
    const { body } = await college.call('GET', `/api/v1/audit?after=${after}`)
    return (body['items'] as Item[]).flatMap(({ action, target, details }) =>
      /^(record|event)\.(retry|discard)$/.test(String(action))
        ? (((details as Item)['ids'] as string[] | undefined) ?? [String(target)])
        : [],
    )
  }
  async function lastRow(): Promise<number> {
    const rows = college.engine.store.db.collection('audit')
    const [row] = await rows.find().sort({ number: -1 }).limit(1).toArray()
    return Number(row?.['number'] ?? 0)
  }

  it('gives up records and events in one order', async () => {
    college.moodle.person.createUser(
      { username: 'taken.by.another', email: 'another@else.test', firstname: 'S', lastname: 'E' },
      'none',
    )
    const { db } = college.engine.store
    const letters = async () => (await college.call('GET', '/api/v1/dead-letters')).body['items'] as Item[]
    await college.call('POST', '/api/v1/sync/students', { data: [person('901', { Academic_Email: 'none' })] })
    await college.call('POST', '/api/v1/sync/students', {
      data: [person('902', { Username: 'taken.by.another' })],
    })
    await until('it is dead', async () => (await letters()).length === 2)
    await college.call('POST', '/api/v1/sync/teachers', { data: [person('903', { Academic_Email: 'none' })] })
    await until('three dead letters', async () => (await letters()).length === 3)
    const inOrder = (await letters()).map(({ id }) => String(id)).sort()
    const row = await lastRow()
    const order = { filter: { age: 0 }, reason: 'A test.' }
    const { body } = await college.call('POST', '/api/v1/dead-letters/discard', order)
    expect(await ended(body['id'])).to.include({ state: 'done', done: 3 })
    expect(await changedSince(row)).to.deep.equal(inOrder)
    expect(inOrder.map(id => id.includes('-'))).to.deep.equal([true, false, true])
    expect(await db.collection('bulk').countDocuments({ state: 'running' })).to.equal(0)
  })

  it('takes what waits in the order received, over modules and states', async () => {
    await college.call('POST', '/api/v1/gates/moodle/pause', { reason: 'So that they stand there.' })
    await until('the engine knows', () => college.engine.delivery.gates.length > 0)
    for (const [place, module] of ['students', 'teachers', 'students', 'teachers'].entries())
      await college.call('POST', `/api/v1/sync/${module}`, {
        data: Array.from({ length: 40 }, (_, i) => person(`${place}${i}`)),
      })
    const records = college.engine.store.db.collection<{ _id: string; state: string }>('records')
    await until('all stand there', async () => (await records.countDocuments({ state: 'gated' })) === 160)
    received = (await records.find({ state: 'gated' }).sort({ _id: 1 }).toArray()).map(({ _id }) => _id)
    const row = await lastRow()
    const { body } = await college.call('POST', '/api/v1/retries/retry', { filter: {} })
    expect(await ended(body['id'])).to.include({ state: 'done', done: 160, refused: 0 })
    expect(await changedSince(row)).to.deep.equal(received)
  })

  const atTheGate = () =>
    until('they stand at the gate again', async () => {
      const records = college.engine.store.db.collection<{ state: string }>('records')
      return (await records.countDocuments({ state: 'gated' })) === 160
    })

  it('is let go after the part that is under way, when its engine is told to stop', async () => {
    const { store } = college.engine
    await atTheGate()
    const job = await startBulk(await deskFor(), { what: 'retries.retry', filter: {} }, newNonce())
    await runBulk(await deskFor(), job, silent, () => true)
    expect(await store.bulk.one('default', job._id)).to.include({ state: 'running', done: 100 })
    const row = await lastRow()
    await college.call('POST', '/api/v1/retries/retry', { filter: { code: 'NOBODYS' } })
    expect(await ended(job._id)).to.include({ state: 'done', done: 160 })
    expect(await changedSince(row), 'nothing is tried again that was').to.deep.equal(received.slice(100))
  })

  it('goes on where it was written down, when whoever ran it lost the store', async () => {
    const { store } = college.engine
    await atTheGate()
    let written = 0
    const failing = {
      ...store,
      bulk: {
        ...store.bulk,
        async progress(...args: Parameters<typeof store.bulk.progress>) {
          written += 1
          if (written === 2) throw new StoreError('STORE_UNREACHABLE', 'It is gone.')
          return store.bulk.progress(...args)
        },
      },
    }
    const job = await startBulk(await deskFor(), { what: 'retries.retry', filter: {} }, newNonce())
    await runBulk(await deskFor({ store: failing }), job, silent)
    expect(await store.bulk.one('default', job._id)).to.include({ state: 'running', done: 100 })
    await atTheGate()
    const row = await lastRow()
    const jobs = store.db.collection<{ _id: string }>('bulk')
    await jobs.updateOne({ _id: job._id }, { $set: { seenAt: new Date(Date.now() - 31_000) } })
    await college.call('POST', '/api/v1/retries/retry', { filter: { code: 'NOBODYS' } })
    expect(await ended(job._id)).to.include({ state: 'done', done: 160 })
    expect(await changedSince(row)).to.deep.equal(received.slice(100))
  })

  it('is taken up by an engine once its own has not moved for half a minute, and by one only', async () => {
    const { store } = college.engine
    await atTheGate()
    const job = await startBulk(await deskFor(), { what: 'retries.retry', filter: {} }, 'somebody')
    const running = { ...job, nonce: 'somebody' }
    const at = (s: number) => new Date(Date.now() - s * 1000)
    const moved = { done: 100, refused: 0, after: received[99], seenAt: at(60) }
    expect(await store.bulk.claim(at(30), at(0), 'another'), 'it moves').to.equal(null)
    expect(await store.bulk.progress(running, moved)).to.equal(true)
    const row = await lastRow()
    await college.call('POST', '/api/v1/retries/retry', { filter: { code: 'NOBODYS' } })
    expect(await ended(job._id)).to.include({ state: 'done', done: 160, by: 'a test' })
    expect(await changedSince(row)).to.deep.equal(received.slice(100))
    expect(await store.bulk.progress(running, moved), 'who ran it before is told').to.equal(false)
  })

  it('is cancelled by HTTP or at a terminal, and whoever runs it hears of it', async () => {
    const { store } = college.engine
    const { wasl, json, refusal } = terminalOf(() => college)
    const order = { what: 'retries.retry', filter: {} } as const
    const [one, two] = [
      await startBulk(await deskFor(), order, 'somebody'),
      await startBulk(await deskFor(), order, 'somebody'),
    ]
    const cancel = () => college.call('POST', `/api/v1/bulk/${one._id}/cancel`)
    expect((await cancel()).status).to.equal(200)
    expect([(await cancel()).status, (await jobOf(one._id))['state']]).to.deep.equal([409, 'cancelled'])
    expect((await json('jobs list'))['items']).to.have.length.above(1)
    expect((await wasl(`jobs cancel ${two._id}`)).text).to.match(/^Cancelled/)
    expect((await wasl(`jobs show ${two._id}`)).text).to.match(/^retries\.retry {2}cancelled: 0 done/)
    expect(await refusal(`jobs cancel ${two._id}`)).to.include({ code: 'NOT_NOW' })
    expect((await refusal('jobs show nothing')).message).to.match(/is no job/)
    const moved = { done: 1, refused: 0, after: received[0], seenAt: new Date() }
    for (const { _id, tenant, nonce } of [one, two])
      expect(await store.bulk.progress({ _id, tenant, ...(nonce ? { nonce } : {}) }, moved)).to.equal(false)
  })

  it('replays what came in a window, by HTTP too', async () => {
    const from = new Date(Date.now() - 3_600_000).toISOString()
    const to = new Date(Date.now() + 1000).toISOString()
    const { status, body } = await college.call('POST', '/api/v1/events/replay', {
      from,
      to,
      module: 'Teachers',
    })
    expect(status).to.equal(202)
    const job = await ended(body['id'])
    expect(job).to.include({ state: 'done', what: 'events.replay' })
    expect(Number(job['done'])).to.be.at.least(80)
    await college.quiet()
    const { body: sums } = await college.call('GET', '/api/v1/accounting')
    expect(sums['balanced']).to.equal(true)
  })

  it('is given up when whoever takes it up ends each time', async () => {
    const { store } = college.engine
    const desk = await deskFor()
    const job = await startBulk(desk, { what: 'retries.retry', filter: {} }, 'somebody')
    await store.db
      .collection<{ _id: string }>('bulk')
      .updateOne({ _id: job._id }, { $set: { tries: 5, seenAt: new Date(0) } })
    await college.call('POST', '/api/v1/retries/retry', { filter: { code: 'NOBODYS' } })
    expect(await ended(job._id)).to.include({ state: 'failed', done: 0 })
  })
})
