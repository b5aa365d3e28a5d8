import { expect } from 'chai'
import zoho from '../../../connectors/zoho/index.ts'
import {
  startZohoSandbox,
  type ZohoSandbox,
  type ZohoSandboxOptions,
} from '../../../connectors/zoho/sandbox/index.ts'
import { RetryableError, SetupError } from '../../../core/errors.ts'
import type { Connection, Payload, WriteResult } from '../../../core/plugin.ts'
import { memoryVault, toolsFor } from './tools.ts'

const none = new AbortController().signal

describe('records through the connection', () => {
  let sandbox: ZohoSandbox
  let connection: Connection
  const module = (name: string) => connection.resources[name]!
  const start = async (options: ZohoSandboxOptions = {}) => {
    sandbox = await startZohoSandbox(options)
    connection = zoho.connect(sandbox.settings, toolsFor(memoryVault()))
  }
  const idOf = (result: WriteResult | undefined) => {
    if (result === undefined) throw new Error('no result')
    if (!result.ok) throw result.error
    return result.id
  }
  const found = async (name: string, id: string): Promise<Payload> => {
    const result = (await module(name).read([id], none)).get(id)!
    if (result.state !== 'found') throw new Error(result.state)
    return result.payload
  }
  const calls = (method: string, path: RegExp) =>
    sandbox.log.filter(call => call.method === method && path.test(call.path)).length

  afterEach(async () => {
    await connection.close()
    await sandbox.close()
  })

  it('keeps all 120 fields of a record, read alone and among others', async () => {
    const names = Array.from({ length: 120 }, (_, n) => `Extra_${n}`)
    const extra = Object.fromEntries(names.map(name => [name, { type: 'text', length: 255 } as const]))
    await start({ fields: { BTEC_Students: extra } })
    const values = Object.fromEntries(names.map((name, n) => [name, `قيمة ${n} "x" \\ 5725767000000${n}`]))
    const results = await module('BTEC_Students').write(
      [{ fields: values }, { fields: { ...values, City: 'Amman' } }],
      none,
    )
    const [one, two] = results.map(idOf)
    const alone = await found('BTEC_Students', one!)
    expect(alone).to.include(values)
    const both = await module('BTEC_Students').read([one!, two!], none)
    for (const [id, city] of [
      [one!, null],
      [two!, 'Amman'],
    ] as const) {
      const result = both.get(id)!
      if (result.state !== 'found') throw new Error(result.state)
      expect(result.payload).to.include({ ...values, City: city, id })
      expect(Object.keys(result.payload)).to.include.members(['Modified_Time', 'Created_Time', 'Owner'])
    }
    for (const { path } of sandbox.log.filter(({ path }) => path.includes('fields=')))
      expect(/fields=([^&]*)/.exec(path)![1]!.split(',').length).to.be.at.most(50)
  })

  it('keeps the 19 digits of ids, in records and in lookups', async () => {
    const id = '5725767000000186017'
    await start({ college: { BTEC_Students: [{ id, Academic_Email: 'a@x.example' }] } })
    const [grade] = await module('BTEC_Grades').write([{ fields: { Student: { id }, Score: 69.99 } }], none)
    const payload = await found('BTEC_Grades', idOf(grade))
    expect(payload['Student']).to.deep.equal({ name: 'STU-0001', id })
    expect(payload['Score']).to.equal(69.99)
    expect([...(await module('BTEC_Grades').find('Student', [id], none)).keys()]).to.deep.equal([id])
  })

  it('reads 250 records in calls of a hundred', async () => {
    await start()
    const ids = Array.from({ length: 250 }, (_, n) =>
      sandbox.person.create('BTEC_Students', { Academic_Email: `s${n}@x.example` }),
    )
    const all = await module('BTEC_Students').read(ids, none)
    expect([...all.values()].filter(({ state }) => state === 'found')).to.have.length(250)
    expect(calls('GET', /^\/crm\/v8\/BTEC_Students\?ids=/)).to.equal(3)
  })

  it('asks for the deleted only where something is missing, and tells deleted from unseen', async () => {
    await start()
    const [kept, gone] = [1, 2].map(n => sandbox.person.create('BTEC_Programs', { Name: `P${n}` }))
    await module('BTEC_Programs').read([kept!, gone!], none)
    expect(calls('GET', /deleted/)).to.equal(0)
    sandbox.person.remove('BTEC_Programs', gone!)
    const result = await module('BTEC_Programs').read(
      [kept!, gone!, '5725767000009999999', 'not an id'],
      none,
    )
    expect([...result.values()].map(({ state }) => state)).to.deep.equal([
      'found',
      'gone',
      'unseen',
      'unseen',
    ])
  })

  it('sets off no workflow by what it writes', async () => {
    await start()
    sandbox.notify({ url: 'http://127.0.0.1:9/never', secret: 's' })
    const [result] = await module('BTEC_Students').write(
      [{ fields: { Academic_Email: 'a@x.example' } }],
      none,
    )
    await module('BTEC_Students').write([{ id: idOf(result), fields: { City: 'Salt' } }], none)
    await sandbox.announced()
    expect(sandbox.announcements).to.deep.equal([])
  })

  it('tells the version that Zoho gave its answer', async () => {
    await start()
    const [result] = await module('BTEC_Students').write([{ fields: { City: 'Salt' } }], none)
    const payload = await found('BTEC_Students', idOf(result))
    expect(result).to.deep.include({ answered: zoho.resources['BTEC_Students']!.versionOf(payload) })
  })

  it('sends moments without fractions of a second, and leaves texts that look like one alone', async () => {
    await start()
    const moment = '2026-08-20T10:00:00.123+03:00'
    const fields = { Last_Sync_with_Moodle: moment, Full_Name: moment }
    const payload = await found(
      'BTEC_Students',
      idOf((await module('BTEC_Students').write([{ fields }], none))[0]),
    )
    expect(payload).to.include({ Last_Sync_with_Moodle: '2026-08-20T10:00:00+03:00', Full_Name: moment })
  })

  it('says once of a field that Zoho does not have that it is passed over', async () => {
    sandbox = await startZohoSandbox()
    const warned: unknown[] = []
    const tools = toolsFor(memoryVault())
    const log = { ...tools.log, warn: (event: string, facts?: object) => warned.push({ event, ...facts }) }
    connection = zoho.connect(sandbox.settings, { ...tools, log })
    for (let n = 0; n < 2; n++)
      idOf((await module('BTEC_Students').write([{ fields: { Citty: 'Salt' } }], none))[0])
    expect(warned).to.deep.equal([{ event: 'zoho.unknown_field', module: 'BTEC_Students', field: 'Citty' }])
  })

  it('names what each of several broken records lacks', async () => {
    await start()
    const taken = sandbox.person.create('BTEC_Students', { Academic_Email: 'a@x.example' })
    const results = await module('BTEC_Students').write(
      [
        { fields: { Academic_Email: 'not an address' } },
        { fields: { Full_Name: 'x'.repeat(256) } },
        { fields: { Program: { id: '5725767000009999999' } } },
        { fields: { Academic_Email: 'A@x.example' }, key: { by: 'Academic_Email', value: 'A@x.example' } },
        { fields: { Academic_Email: 'a@x.example', Status: 'Asleep' } },
        { fields: { Academic_Email: 'b@x.example' } },
      ],
      none,
    )
    const told = results.map(result => (result.ok ? 'ok' : `${result.error.code} ${result.error.at}`))
    expect(told).to.deep.equal([
      'ZOHO_INVALID Academic_Email',
      'ZOHO_INVALID Full_Name',
      'ZOHO_INVALID Program.id',
      'ZOHO_DUPLICATE Academic_Email',
      'ZOHO_INVALID Status',
      'ok',
    ])
    expect(results.map(result => (result.ok ? undefined : result.duplicateOf))).to.deep.equal([
      undefined,
      undefined,
      undefined,
      { by: 'Academic_Email', id: taken },
      undefined,
      undefined,
    ])
  })

  it('says of an update that takes the value of another that it is a duplicate, and adopts nobody', async () => {
    await start()
    sandbox.person.create('BTEC_Students', { Academic_Email: 'a@x.example' })
    const id = sandbox.person.create('BTEC_Students', { Academic_Email: 'b@x.example' })
    const [result] = await module('BTEC_Students').write(
      [{ id, fields: { Academic_Email: 'a@x.example' } }],
      none,
    )
    expect(result).to.include({ ok: false }).and.not.have.property('duplicateOf')
  })

  it('waits for a locked record and goes on with the others', async () => {
    await start()
    const [one, two] = [1, 2].map(n => sandbox.person.create('BTEC_Programs', { Name: `P${n}` }))
    sandbox.faults.set({ locked: [one!] })
    const results = await module('BTEC_Programs').write(
      [one!, two!].map(id => ({ id, fields: { Level: '5' } })),
      none,
    )
    const [locked, changed] = results
    expect(changed!.ok).to.equal(true)
    expect(locked!.ok === false && locked!.error)
      .to.be.instanceOf(RetryableError)
      .and.include({ code: 'ZOHO_LOCKED' })
  })

  it('raises where the first call of a batch fails, and nothing is known to be done', async () => {
    await start()
    await module('BTEC_Students').metadata!(none)
    sandbox.faults.set({ drop: true, times: 1 })
    const creations = Array.from({ length: 101 }, (_, n) => ({
      fields: { Academic_Email: `s${n}@x.example` },
    }))
    const error = await module('BTEC_Students')
      .write(creations, none)
      .catch(error => error)
    expect(error).to.be.instanceOf(RetryableError).and.include({ ambiguous: true })
    expect(sandbox.records('BTEC_Students')).to.have.length(100)
  })

  it('tells what was done where a later call of the same batch fails', async () => {
    await start()
    const ids = Array.from({ length: 101 }, (_, n) =>
      sandbox.person.create('BTEC_Programs', { Name: `P${n}` }),
    )
    sandbox.faults.set({ drop: true, times: 1, method: 'PUT' })
    const updates = ids.map(id => ({ id, fields: { Level: '5' } }))
    const results = await module('BTEC_Programs').write([{ fields: { Name: 'new' } }, ...updates], none)
    expect(results).to.have.length(102)
    const ambiguous = results.map(result => (result.ok ? 'done' : (result.error as RetryableError).ambiguous))
    expect(ambiguous[0]).to.equal('done')
    expect(new Set(ambiguous.slice(1, 101))).to.deep.equal(new Set([true]))
    expect(ambiguous[101]).to.equal(false)
    expect(sandbox.record('BTEC_Programs', ids[100]!)).to.include({ Level: null })
  })

  it('calls half an answer ambiguous', async () => {
    await start()
    await module('BTEC_Students').metadata!(none)
    sandbox.faults.set({ halfResponse: true, times: 1 })
    let raised: unknown
    await module('BTEC_Students')
      .write([{ fields: { City: 'Salt' } }], none)
      .catch(error => {
        raised = error
      })
    expect(raised).to.be.instanceOf(RetryableError).and.include({ ambiguous: true, gate: 'outage' })
    expect(sandbox.records('BTEC_Students')).to.have.length(1)
  })

  it('hands on how long Zoho wants us to wait', async () => {
    await start()
    sandbox.faults.set({ status429: true, retryAfter: '120' })
    const error = await module('BTEC_Students')
      .read(['1'], none)
      .catch(error => error)
    expect(error).to.be.instanceOf(RetryableError).and.include({ gate: 'busy', retryAfterMs: 120_000 })
  })

  it('names the module for which a permission or a scope is missing', async () => {
    await start()
    for (const [fault, code] of [
      [{ permission: ['BTEC_Grades'] }, 'ZOHO_PERMISSION'],
      [{ scope: ['BTEC_Grades'] }, 'ZOHO_SCOPE'],
    ] as const) {
      sandbox.faults.set({
        ...fault,
        permission: 'permission' in fault ? [...fault.permission] : [],
        scope: 'scope' in fault ? [...fault.scope] : [],
      })
      const error = await module('BTEC_Grades')
        .read(['1'], none)
        .catch(error => error)
      expect(error).to.be.instanceOf(SetupError).and.include({ code, resource: 'BTEC_Grades' })
    }
  })

  it('misses a new record while the search lags, and then is told its id by the refused creation', async () => {
    await start()
    const key = { by: 'Moodle_Grade_Composite_Key', value: '42_9001' }
    const fields = { Moodle_Grade_Composite_Key: '42_9001', Score: 50 }
    const id = idOf((await module('BTEC_Grades').write([{ fields, key }], none))[0])
    sandbox.faults.set({ searchLagMs: 60_000 })
    expect((await module('BTEC_Grades').find(key.by, [key.value], none)).size).to.equal(0)
    const [again] = await module('BTEC_Grades').write([{ fields, key }], none)
    expect(again).to.deep.include({ ok: false, duplicateOf: { by: key.by, id } })
    sandbox.faults.clear()
    expect([...(await module('BTEC_Grades').find(key.by, [key.value], none)).keys()]).to.deep.equal([
      key.value,
    ])
  })

  it('says what Zoho says of the fields, and asks once an hour', async () => {
    await start()
    const metadata = await module('BTEC_Grades').metadata!(none)
    expect(metadata.get('Grade')).to.deep.equal({
      max: 120,
      values: ['Distinction', 'Merit', 'Pass', 'Refer'],
    })
    expect(metadata.get('Feedback')).to.deep.equal({ max: 2000 })
    expect(metadata.get('Name')).to.include({ readOnly: true })
    expect(metadata.get('Modified_Time')).to.include({ readOnly: true })
    expect(metadata.get('Student')).to.deep.equal({})
    expect(metadata.get('Learning_Outcomes_Assessm.LO_Title')).to.deep.equal({ max: 255 })
    expect((await module('BTEC_Programs').metadata!(none)).get('Name')).to.include({
      required: true,
      max: 120,
    })
    await module('BTEC_Grades').metadata!(none)
    expect(calls('GET', /fields\?module=BTEC_Grades$/)).to.equal(1)
  })

  it('does not keep a failure to read the fields', async () => {
    await start()
    sandbox.faults.set({ status500: true, times: 1 })
    expect(await module('BTEC_Grades').metadata!(none).catch(error => error.code)).to.equal('ZOHO_INTERNAL')
    expect((await module('BTEC_Grades').metadata!(none)).has('Grade')).to.equal(true)
  })
})
