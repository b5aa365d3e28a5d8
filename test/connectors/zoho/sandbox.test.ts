import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { btec } from '../../../connectors/zoho/btec.ts'
import zoho, { zohoConnector } from '../../../connectors/zoho/index.ts'
import { college } from '../../../connectors/zoho/sandbox/college.ts'
import demo from '../../../connectors/zoho/sandbox/demo.ts'
import {
  startZohoSandbox,
  type ZohoSandbox,
  type ZohoSandboxOptions,
} from '../../../connectors/zoho/sandbox/index.ts'
import type { Json, Payload } from '../../../core/plugin.ts'
import { callerOf, data } from './caller.ts'
import { openDoor, until } from './door.ts'
import { memoryVault, toolsFor } from './tools.ts'

const secret = 'a-secret-of-the-endpoint'

describe('the Zoho sandbox', () => {
  let sandbox: ZohoSandbox
  let caller: ReturnType<typeof callerOf>
  const start = async (options: ZohoSandboxOptions = {}, token = '') => {
    sandbox = await startZohoSandbox(options)
    caller = callerOf(sandbox, token)
  }
  const api: ReturnType<typeof callerOf>['api'] = (...call) => caller.api(...call)
  afterEach(() => sandbox.close())

  it('lets a person at a terminal create, change, read and delete, see the log and set faults', async () => {
    await start()
    const call = async (method: string, path: string, body?: Json, headers = {}) => {
      const answer = await fetch(`${sandbox.url}/sandbox${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as Payload }
    }
    const created = await call('POST', '/BTEC_Programs', { Name: 'P' })
    expect(created).to.deep.include({ status: 201 })
    const path = `/BTEC_Programs/${created.body['id']}`
    expect((await call('PATCH', path, { Level: '5' })).body).to.include({ Name: 'P', Level: '5' })
    expect((await call('GET', '/BTEC_Programs')).body['data']).to.have.length(1)
    expect((await call('POST', '/BTEC_Programs', {})).body).to.include({ code: 'MANDATORY_NOT_FOUND' })
    expect((await call('DELETE', path)).status).to.equal(200)
    expect((await call('GET', path)).status).to.equal(404)
    expect((await call('GET', '/Nothing')).status).to.equal(404)
    expect((await call('POST', '/faults', { status429: true, times: 2 })).body).to.deep.equal({
      status429: true,
      times: 2,
    })
    expect([
      (await api('GET', '/org')).status,
      (await api('GET', '/org')).status,
      (await api('GET', '/org')).status,
    ]).to.deep.equal([429, 429, 200])
    expect((await call('GET', '/log')).body)
      .to.be.an('array')
      .with.length(4)
    expect(
      (await call('POST', '/BTEC_Programs', { Name: 'X' }, { Origin: 'https://evil.example' })).status,
    ).to.equal(403)
  })

  it('keeps records, numbers, deletions and tokens over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wasl-zoho-'))
    try {
      await start({ folder, college })
      const students = sandbox.records('BTEC_Students')
      expect(students).to.have.length(6)
      const gone = String(students[0]!['id'])
      await api('DELETE', `/BTEC_Students?ids=${gone}`)
      await sandbox.close()
      await start({ folder, college }, caller.token())
      expect(sandbox.records('BTEC_Students').map(({ id }) => id)).to.deep.equal(
        students.slice(1).map(({ id }) => id),
      )
      expect(data(await api('GET', '/BTEC_Students/deleted?type=all'))[0]).to.include({ id: gone })
      const [row] = data(await api('POST', '/BTEC_Students', { data: [{ Full_Name: 'next' }] }))
      const id = String((row!['details'] as Payload)['id'])
      expect(sandbox.record('BTEC_Students', id)).to.include({ Name: 'STU-0007' })
      expect(students.map(student => student['id'])).to.not.include(id)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('refuses more calls at once than its edition allows', async () => {
    await start({ concurrency: 2 })
    await api('GET', '/org')
    sandbox.faults.set({ latencyMs: 30 })
    const answers = await Promise.all(Array.from({ length: 5 }, () => api('GET', '/org')))
    expect(answers.filter(({ status }) => status === 429)).to.have.length(3)
  })

  it('is right for the checks of a whole college, and tells what another lacks', async () => {
    await start({ college })
    const tools = toolsFor(memoryVault())
    const signal = new AbortController().signal
    const good = zoho.connect(sandbox.settings, tools)
    expect((await good.check(signal)).filter(({ ok }) => !ok)).to.deep.equal([])
    await good.close()

    const field = { type: 'text', needed: true } as const
    const more = zohoConnector({
      ...btec,
      BTEC_Students: {
        ...btec['BTEC_Students']!,
        fields: { Card_Number: field, City: { ...field, unique: true } },
      },
      BTEC_Units: { ...btec['BTEC_Units']!, fields: { City: field } },
      BTEC_Rooms: { summary: 'Rooms.', aliases: [], fields: {} },
    }).connect(sandbox.settings, tools)
    const wrong = (await more.check(signal)).filter(({ ok }) => !ok)
    expect(wrong.map(({ name }) => name)).to.deep.equal([
      'zoho modules',
      'zoho BTEC_Students',
      'zoho BTEC_Units',
      'zoho BTEC_Rooms',
    ])
    expect(wrong[0]!.message).to.contain('BTEC_Rooms')
    expect(wrong[1]!.message).to.contain('Card_Number')
    for (const { hint } of wrong) expect(hint).to.be.a('string')
    await more.close()
  })

  it('is the demo of the connector, with commands that work', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wasl-zoho-'))
    const door = await openDoor()
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    await start()
    const running = await demo.start({ folder, log })
    try {
      running.announce({ url: `${door.url}/`, id: 'e 1', secret })
      for (const { command } of running.examples) expect(command).to.contain(new URL(running.url).origin)
      const settings = { ...sandbox.settings, ...(running.settings as object) }
      const connection = zoho.connect(settings, toolsFor(memoryVault()))
      const found = await connection.resources['BTEC_Students']!.find(
        'Last_Name',
        ["O'Brien"],
        new AbortController().signal,
      )
      expect(found.size).to.equal(1)
      await connection.close()
      const made = await fetch(`${running.url}/BTEC_Students`, {
        method: 'POST',
        body: '{"Full_Name":"Huda"}',
      })
      expect(made.status).to.equal(201)
      await until(() => door.requests.length > 0)
    } finally {
      await running.close()
      await door.close()
      rmSync(folder, { recursive: true })
    }
    expect(door.requests.map(({ path }) => path)).to.deep.equal([
      '/api/v1/events/zoho/BTEC_Students?endpoint=e%201',
    ])
  })
})
