import { expect } from 'chai'
import zoho from '../../../connectors/zoho/index.ts'
import { DataError } from '../../../core/errors.ts'
import type { Incoming, Json } from '../../../core/plugin.ts'

const id = '5725767000000600001'
const incoming = (body: Json, more: Partial<Incoming> = {}): Incoming => ({
  channel: 'events',
  route: 'student',
  resource: 'BTEC_Students',
  receivedAt: 0,
  body,
  ...more,
})
const parse = (body: Json, more?: Partial<Incoming>) => zoho.parse(incoming(body, more))
const workflow = {
  notification_id: 'n-1',
  timestamp: '2026-08-20T13:00:05+03:00',
  module: 'BTEC_Students',
  operation: 'update',
  record_id: id,
  data: { id, Full_Name: 'ليلى', Modified_Time: '2026-08-20T13:00:00+03:00' },
}
const modified = Date.parse('2026-08-20T10:00:00Z')

const refused = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('it was parsed')
}

describe("parsing a workflow's webhook", () => {
  it('brings the record, its version and the sender’s id', () => {
    expect(parse(workflow)).to.deep.equal({
      senderId: 'n-1',
      events: [{ resource: 'BTEC_Students', kind: 'state', id, version: [modified], payload: workflow.data }],
    })
  })

  it('takes the timestamp as the version where the data has no Modified_Time', () => {
    const { events } = parse({ ...workflow, data: { Full_Name: 'x' } })
    expect(events[0]).to.deep.include({ version: [modified + 5000], payload: { Full_Name: 'x', id } })
  })

  const timestamps: [Json, readonly number[]][] = [
    [1787220005, [1787220005000]],
    ['1787220005', [1787220005000]],
    [1787220005123, [1787220005123]],
    ['2026-08-20T10:00:05Z', [modified + 5000]],
    [null, []],
    ['', []],
  ]
  for (const [timestamp, version] of timestamps)
    it(`reads the timestamp ${JSON.stringify(timestamp)}`, () => {
      expect(parse({ ...workflow, timestamp, data: { a: 1 } }).events[0]!.version).to.deep.equal(version)
    })

  it('makes a delete of a delete, with the time of its news', () => {
    expect(parse({ ...workflow, operation: 'delete', data: null }).events).to.deep.equal([
      { resource: 'BTEC_Students', kind: 'delete', id, version: [modified + 5000] },
    ])
  })

  it('makes a touch of one that brings no fields', () => {
    for (const data of [undefined, null, {}, { id }] as const) {
      const { data: _data, ...rest } = workflow
      const body = data === undefined ? rest : { ...rest, data }
      expect(parse(body).events).to.deep.equal([
        { resource: 'BTEC_Students', kind: 'touch', id, version: [] },
      ])
    }
  })

  it('says of one that names only some fields that it is partial, where the sender says so', () => {
    expect(parse({ ...workflow, partial: true }).events[0]!.partial).to.equal(true)
    expect(parse(workflow).events[0]).to.not.have.property('partial')
  })

  it('takes a short id that came as a number, and an id from the data', () => {
    expect(parse({ ...workflow, record_id: 123456789012345, data: { a: 1 } }).events[0]!.id).to.equal(
      '123456789012345',
    )
    const { record_id: _id, ...rest } = workflow
    expect(parse(rest).events[0]!.id).to.equal(id)
  })

  const names: [string, string, string | undefined][] = [
    ['btec_students', 'student', 'BTEC_Students'],
    ['Student', 'students', undefined],
    ['STUDENTS', 'BTEC_Students', undefined],
  ]
  for (const [module, route, resource] of names)
    it(`knows ${module} on the route ${route}`, () => {
      const incoming = { channel: 'events', route, receivedAt: 0, body: { ...workflow, module } } as const
      const parsed = zoho.parse(resource === undefined ? incoming : { ...incoming, resource })
      expect(parsed.events[0]!.resource).to.equal('BTEC_Students')
    })

  it('passes on a module that nobody declared', () => {
    const { events } = zoho.parse({
      channel: 'events',
      route: 'Leads',
      receivedAt: 0,
      body: { ...workflow, module: 'Leads' },
    })
    expect(events[0]!.resource).to.equal('Leads')
  })

  it('refuses a body for another module than its route', () => {
    const error = refused(() => parse({ ...workflow, module: 'BTEC_Grades' }))
    expect(error).to.include({ code: 'MODULE_MISMATCH', at: 'module' })
    expect(error.hint).to.contain('BTEC_Grades')
  })

  const shapes: [string, Json, string][] = [
    ['no object', [], ''],
    ['no operation', { ...workflow, operation: null }, 'operation'],
    ['an unknown operation', { ...workflow, operation: 'merge' }, 'operation'],
    ['no id', { ...workflow, record_id: '', data: { a: 1 } }, 'record_id'],
    ['two ids', { ...workflow, record_id: '7' }, 'data.id'],
    ['data that is a text', { ...workflow, data: 'x' }, 'data'],
    ['a module that is a number', { ...workflow, module: 3 }, 'module'],
    [
      'a time without an offset',
      { ...workflow, timestamp: '2026-08-20T13:00:05', data: { a: 1 } },
      'timestamp',
    ],
    ['a time that is none', { ...workflow, timestamp: 'yesterday' }, 'timestamp'],
  ]
  for (const [name, body, at] of shapes)
    it(`refuses ${name} and says where`, () => {
      expect(refused(() => parse(body))).to.include({ code: 'PARSE_SHAPE', at })
    })
})

describe("parsing Zoho's own notification", () => {
  const notification = {
    server_time: 1718115953625,
    affected_values: [{ record_id: id, values: { Full_Name: 'forged' } }],
    query_params: {},
    module: 'BTEC_Students',
    resource_uri: 'https://www.zohoapis.com/crm/v8/BTEC_Students',
    ids: [id, '5725767000000600002'],
    affected_fields: [],
    operation: 'update',
    channel_id: '1000000068001',
    token: 'TOKEN',
  }

  it('makes a touch of every id, whatever else it says', () => {
    for (const operation of ['insert', 'update', 'delete'])
      expect(parse({ ...notification, operation }).events).to.deep.equal([
        { resource: 'BTEC_Students', kind: 'touch', id, version: [] },
        { resource: 'BTEC_Students', kind: 'touch', id: '5725767000000600002', version: [] },
      ])
  })

  it('knows a repeat by channel, module, operation, ids and server time', () => {
    const key = (change: object) => parse({ ...notification, ...change }).key
    expect(key({}))
      .to.be.a('string')
      .and.equal(key({ token: 'other', affected_values: [] }))
    for (const change of [
      { channel_id: '2' },
      { operation: 'insert' },
      { ids: [id] },
      { server_time: 1718115953626 },
    ])
      expect(key(change)).to.not.equal(key({}))
  })

  it('has no key where there is no server time: every such delivery is a new one', () => {
    const { server_time: _time, ...older } = notification
    expect(parse(older)).to.not.have.property('key')
  })

  it('refuses an id that is none', () => {
    expect(refused(() => parse({ ...notification, ids: [id, null] }))).to.include({
      code: 'PARSE_SHAPE',
      at: 'ids[1]',
    })
  })
})

describe('parsing a batch', () => {
  const batch = (body: Json) => parse(body, { channel: 'batch', route: 'students' })

  it('makes one event of each row, in order', () => {
    const rows = [
      { id, Modified_Time: '2026-08-20T13:00:00+03:00' },
      { id: 123456789012345 },
      { Full_Name: 'no id' },
    ]
    expect(batch({ data: rows }).events).to.deep.equal([
      { resource: 'BTEC_Students', kind: 'state', id, version: [modified], payload: rows[0] },
      {
        resource: 'BTEC_Students',
        kind: 'state',
        id: '123456789012345',
        version: [],
        payload: { id: '123456789012345' },
      },
      { resource: 'BTEC_Students', kind: 'state', version: [], payload: rows[2] },
    ])
  })

  it('does not lose the others to a row that is no record', () => {
    expect(batch({ data: [7, { id }] }).events.map(event => event.id)).to.deep.equal([undefined, id])
  })

  it('refuses a body without the list', () => {
    expect(refused(() => batch({ rows: [] }))).to.include({ code: 'PARSE_SHAPE', at: 'data' })
  })
})
