import { expect } from 'chai'
import { type College, college } from './college.ts'

const SYNC = '/api/v1/sync/students'
const rows = (count: number, facts: object = {}) => Array.from({ length: count }, (_, n) => ({ n, ...facts }))

describe('POST /sync and the lists of connectors', () => {
  let at: College
  beforeEach(async () => {
    at = await college({ limits: { waitMs: 50 } })
  })
  afterEach(() => at.server.stop())

  it('answers per record in request order, with a summary that adds up', async () => {
    const states = [
      'NEW',
      'UPDATED',
      'UNCHANGED',
      'WAITING',
      'INVALID',
      'SKIPPED',
      'DELETED',
      'FAILED',
      'NEW',
    ]
    const data = states.map((state, n) => ({ state, reason: `r${n}` }))
    const response = await at.server.inject(at.keyed(SYNC, { data }))
    expect(response.statusCode).to.equal(200)
    const answer = JSON.parse(response.payload)
    expect(answer.status).to.equal('processed')
    expect(answer.results.map((r: { outcome: string }) => r.outcome)).to.deep.equal(states)
    expect(answer.results.map((r: { index: number; reason: string }) => [r.index, r.reason])).to.deep.equal(
      data.map(({ reason }, n) => [n, reason]),
    )
    expect(answer.summary).to.deep.equal({
      total: 9,
      new: 2,
      updated: 1,
      unchanged: 1,
      waiting: 1,
      invalid: 1,
      skipped: 1,
      deleted: 1,
      failed: 1,
      open: 0,
    })
  })

  it('makes deliveries of 500 records each, in the shape in which they came', async () => {
    const data = rows(1201)
    const response = await at.server.inject(at.keyed(SYNC, { data, module: 'People', nested: { a: 1 } }))
    const answer = JSON.parse(response.payload)
    expect(answer.summary).to.include({ total: 1201, new: 1201 })
    expect(answer.results.at(-1)).to.include({ index: 1200, n: 1200 })
    expect(at.intake.arrivals.map(a => (a.body as { data: unknown[] }).data.length)).to.deep.equal([
      500, 500, 201,
    ])
    for (const { raw, body, ...arrival } of at.intake.arrivals) {
      expect(JSON.parse(raw.toString())).to.deep.equal(body)
      expect(body).to.have.all.keys('data', 'module')
      expect(arrival).to.include({
        channel: 'batch',
        connector: 'register',
        route: 'students',
        tenant: 'north',
      })
    }
  })

  it('takes the connector from the endpoint that signed', async () => {
    const response = await at.server.inject(
      at.signed(SYNC, { data: rows(1) }, { endpoint: 'classroom-north' }),
    )
    expect(response.statusCode).to.equal(200)
    expect(at.intake.arrivals[0]).to.include({ connector: 'classroom', endpoint: 'classroom-north' })
  })

  it('answers 202 with what is open when the time is over', async () => {
    const response = await at.server.inject(at.keyed(SYNC, { data: [{ state: 'open' }, {}] }))
    expect(response.statusCode).to.equal(202)
    expect(JSON.parse(response.payload)).to.deep.include({ status: 'accepted' })
    expect(JSON.parse(response.payload).summary).to.include({ total: 2, new: 1, open: 1 })
  })

  it('answers the same Idempotency-Key with the earlier results', async () => {
    const request = at.keyed(SYNC, { data: rows(600) })
    const twice = { ...request, headers: { ...request.headers, 'idempotency-key': 'night-1' } }
    const first = JSON.parse((await at.server.inject(twice)).payload)
    const second = JSON.parse((await at.server.inject(twice)).payload)
    expect([first.status, second.status]).to.deep.equal(['processed', 'duplicate_request'])
    expect(second).to.deep.equal({ ...first, status: 'duplicate_request' })
    expect(second.idempotency_key).to.equal('night-1')
    expect(at.intake.arrivals).to.have.length(2)
    const other = { ...twice, url: '/api/v1/sync/grades?connector=register' }
    expect((await at.server.inject(other)).statusCode).to.equal(400)
    const bad = { ...request, headers: { ...request.headers, 'idempotency-key': 'x'.repeat(256) } }
    expect((await at.server.inject(bad)).statusCode).to.equal(400)
  })

  it('names the modules that there are where one is not known', async () => {
    const response = await at.server.inject(at.keyed('/api/v1/sync/nothing', { data: [] }))
    expect(response.statusCode).to.equal(404)
    expect(response.result).to.include({ hint: 'the modules are: grade, student' })
  })

  it('asks for the connector where the module has none that is clear', async () => {
    const response = await at.server.inject(at.keyed('/api/v1/sync/grades', { data: [] }))
    expect([response.statusCode, (response.result as { code: string }).code]).to.deep.equal([
      400,
      'CONNECTOR_NEEDED',
    ])
  })

  it('says what is wrong with a body that holds no list, or is no JSON', async () => {
    for (const [body, code] of [
      ['{"data": {}}', 'BATCH_SHAPE'],
      ['[]', 'BATCH_SHAPE'],
      ['null', 'BATCH_SHAPE'],
      ['{"data": [', 'JSON_SYNTAX'],
      ['{"data": [{"id":1,"id":2}]}', 'JSON_DUPLICATE_KEY'],
    ]) {
      const response = await at.server.inject(at.keyed(SYNC, body))
      expect(response.statusCode).to.equal(400)
      const answer = JSON.parse(response.payload)
      expect([answer.code, answer.findings.length]).to.deep.equal([code, 1])
    }
    expect(at.intake.arrivals).to.deep.equal([])
  })

  it('takes an empty list', async () => {
    const response = await at.server.inject(at.keyed(SYNC, { data: [] }))
    expect(response.statusCode).to.equal(200)
    expect(JSON.parse(response.payload)).to.deep.include({ status: 'processed', results: [] })
  })

  it('serves the lists that connectors declare, and no others', async () => {
    const response = await at.server.inject(at.keyed('/api/v1/classroom/users', { users: rows(2) }))
    expect(response.statusCode).to.equal(200)
    expect(at.intake.arrivals[0]).to.include({ connector: 'classroom', route: 'users', channel: 'batch' })
    expect(
      (await at.server.inject(at.keyed('/api/v1/classroom/grades', { grades: [] }))).statusCode,
    ).to.equal(404)
    const foreign = at.signed('/api/v1/classroom/users', { users: [] }, { endpoint: 'register-north' })
    expect((await at.server.inject(foreign)).statusCode).to.equal(401)
  })

  it('answers 413 beyond 16 MiB', async () => {
    const response = await at.server.inject(at.keyed(SYNC, Buffer.alloc(16 * 1024 * 1024 + 1, ' ')))
    expect(response.statusCode).to.equal(413)
  })
})
