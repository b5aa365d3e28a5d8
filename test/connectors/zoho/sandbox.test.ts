import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
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
import { channelToken, zohoSignature, zohoToken } from '../../../connectors/zoho/verify.ts'
import type { Json, Payload, SignedRequest } from '../../../core/plugin.ts'
import { memoryVault, toolsFor } from './tools.ts'

const secret = 'a-secret-of-the-endpoint'

interface Door {
  readonly url: string
  readonly requests: SignedRequest[]
  status: number
  close(): Promise<void>
}

const until = async (happened: () => boolean) => {
  while (!happened()) await new Promise(resolve => setImmediate(resolve))
}

/** Where webhooks arrive: keeps the exact bytes and headers. */
const openDoor = async (): Promise<Door> => {
  const requests: SignedRequest[] = []
  const server: Server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
    const headers = new Map(
      Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat()]),
    )
    const query = Object.fromEntries(new URL(request.url!, 'http://door').searchParams)
    requests.push({
      method: request.method!,
      path: request.url!,
      query,
      headers,
      body: Buffer.concat(parts),
      now: Date.now(),
    })
    response.writeHead(door.status).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const door: Door = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    status: 202,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return door
}

describe('the Zoho sandbox', () => {
  let sandbox: ZohoSandbox
  let token = ''
  const start = async (options: ZohoSandboxOptions = {}) => {
    sandbox = await startZohoSandbox(options)
    token = ''
  }
  const api = async (method: string, path: string, body?: Json, headers: Record<string, string> = {}) => {
    if (token === '') {
      const { clientId, clientSecret, refreshToken } = sandbox.settings
      const form = new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: refreshToken,
        grant_type: 'refresh_token',
      })
      const answer = await fetch(`${sandbox.url}/oauth/v2/token`, { method: 'POST', body: form })
      token = ((await answer.json()) as { access_token: string }).access_token
    }
    const answer = await fetch(`${sandbox.url}/crm/v8${path}`, {
      method,
      headers: { Authorization: `Zoho-oauthtoken ${token}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? undefined : (JSON.parse(text) as Payload),
    }
  }
  const data = (answer: { body: Payload | undefined }) => answer.body!['data'] as Payload[]
  afterEach(() => sandbox.close())

  describe('answers as Zoho', () => {
    beforeEach(() => start())

    it('refuses in the words of the documentation', async () => {
      const refusals: [string, string, Json | undefined, number, string][] = [
        ['GET', '/Nothing?fields=id', undefined, 400, 'INVALID_MODULE'],
        ['GET', '/BTEC_Students', undefined, 400, 'REQUIRED_PARAM_MISSING'],
        [
          'GET',
          `/BTEC_Students?fields=${Array(51).fill('City').join(',')}`,
          undefined,
          400,
          'LIMIT_EXCEEDED',
        ],
        ['GET', '/BTEC_Students?fields=id&page=11', undefined, 204, ''],
        ['GET', '/BTEC_Students/search', undefined, 400, 'EXPECTED_PARAM_MISSING'],
        ['GET', '/a/b/c/d', undefined, 404, 'INVALID_URL_PATTERN'],
        ['PATCH', '/BTEC_Students', undefined, 400, 'INVALID_REQUEST_METHOD'],
        ['DELETE', '/BTEC_Students', undefined, 400, 'REQUIRED_PARAM_MISSING'],
        ['POST', '/BTEC_Students', { data: Array(101).fill({}) }, 400, 'LIMIT_EXCEEDED'],
        ['POST', '/coql', {}, 400, 'MANDATORY_NOT_FOUND'],
      ]
      for (const [method, path, body, status, code] of refusals) {
        const answer = await api(method, path, body)
        expect([answer.status, answer.body?.['code'] ?? ''], `${method} ${path}`).to.deep.equal([
          status,
          code,
        ])
        if (status !== 204) expect(answer.body).to.have.all.keys('code', 'details', 'message', 'status')
      }
    })

    it('knows no token but its own', async () => {
      for (const authorization of ['', 'Bearer x', 'Zoho-oauthtoken x']) {
        const answer = await fetch(`${sandbox.url}/crm/v8/org`, { headers: { authorization } })
        expect(answer.status).to.equal(401)
        expect(await answer.json()).to.deep.equal({
          code: 'INVALID_TOKEN',
          details: {},
          message: 'invalid oauth token',
          status: 'error',
        })
      }
    })

    it('gives ten tokens in ten minutes, from query, form or multipart, and errors with status 200', async () => {
      const { clientId, clientSecret, refreshToken } = sandbox.settings
      const all = {
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: refreshToken,
        grant_type: 'refresh_token',
      }
      const multipart = new FormData()
      for (const [name, value] of Object.entries(all)) multipart.append(name, value)
      const ask = async (init: RequestInit, query = '') => {
        const answer = await fetch(`${sandbox.url}/oauth/v2/token${query}`, { method: 'POST', ...init })
        return { status: answer.status, body: (await answer.json()) as Payload }
      }
      expect((await ask({ body: multipart })).body).to.include({
        api_domain: sandbox.url,
        expires_in: 3600,
        token_type: 'Bearer',
      })
      expect((await ask({}, `?${new URLSearchParams(all)}`)).body).to.have.property('access_token')
      expect(await ask({ body: new URLSearchParams({ ...all, refresh_token: 'x' }) })).to.deep.equal({
        status: 200,
        body: { error: 'invalid_code' },
      })
      expect(await ask({ body: new URLSearchParams({ ...all, client_id: 'x' }) })).to.deep.equal({
        status: 200,
        body: { error: 'invalid_client' },
      })
      for (let n = 3; n <= 10; n++)
        expect((await ask({ body: new URLSearchParams(all) })).body).to.have.property('access_token')
      const denied = await ask({ body: new URLSearchParams(all) })
      expect(denied.status).to.equal(400)
      expect(denied.body).to.include({ error: 'Access Denied', status: 'failure' })
    })

    it('answers 201, 200, 207 or 400 by how many records went well, one entry for each', async () => {
      const good = (n: number) => ({ Academic_Email: `s${n}@x.example` })
      const created = await api('POST', '/BTEC_Students', { data: [good(1), good(2)] })
      expect(created.status).to.equal(201)
      expect(data(created).map(({ code, message }) => [code, message])).to.deep.equal([
        ['SUCCESS', 'record added'],
        ['SUCCESS', 'record added'],
      ])
      const mixed = await api('POST', '/BTEC_Students', { data: [good(1), good(3)] })
      expect(mixed.status).to.equal(207)
      expect(data(mixed)[0]).to.nested.include({
        code: 'DUPLICATE_DATA',
        'details.api_name': 'Academic_Email',
        'details.more_records': false,
      })
      const failed = await api('POST', '/BTEC_Students', { data: [good(1)] })
      expect(failed.status).to.equal(400)
      expect(data(failed)).to.have.length(1)
    })

    it('upserts by a field that it is told, or by what is unique', async () => {
      const row = { Academic_Email: 'a@x.example', City: 'Salt' }
      const first = data(
        await api('POST', '/BTEC_Students/upsert', {
          data: [row],
          duplicate_check_fields: ['Academic_Email'],
        }),
      )
      const second = data(await api('POST', '/BTEC_Students/upsert', { data: [{ ...row, City: 'Irbid' }] }))
      expect(first[0]).to.include({
        action: 'insert',
        duplicate_field: 'Academic_Email',
        message: 'record added',
      })
      expect(second[0]).to.include({
        action: 'update',
        duplicate_field: 'Academic_Email',
        message: 'record updated',
      })
      expect((second[0]!['details'] as Payload)['id']).to.equal((first[0]!['details'] as Payload)['id'])
    })

    it('numbers records, and takes no number from anybody', async () => {
      const [row] = data(await api('POST', '/BTEC_Students', { data: [{ Name: 'mine' }] }))
      const id = String((row!['details'] as Payload)['id'])
      expect(data(await api('GET', `/BTEC_Students/${id}`))[0]).to.include({ Name: 'STU-0001' })
    })

    it('answers 304 where nothing changed since, and 412 words where something did', async () => {
      const id = sandbox.person.create('BTEC_Programs', { Name: 'P' })
      const later = new Date(Date.now() + 60_000).toISOString()
      const earlier = new Date(Date.now() - 60_000).toISOString()
      expect(
        (await api('GET', '/BTEC_Programs?fields=Name', undefined, { 'If-Modified-Since': later })).status,
      ).to.equal(304)
      expect(
        (await api('GET', '/BTEC_Programs?fields=Name', undefined, { 'If-Modified-Since': earlier })).status,
      ).to.equal(200)
      const update = await api(
        'PUT',
        '/BTEC_Programs',
        { data: [{ id, Level: '5' }] },
        { 'If-Unmodified-Since': earlier },
      )
      expect(data(update)[0]).to.include({ code: 'ALREADY_MODIFIED' })
    })

    it('appends rows without an id, changes those with one, and deletes by _delete or an empty list', async () => {
      const id = sandbox.person.create('BTEC_Grades', { Learning_Outcomes_Assessm: [{ LO_Code: 'P1' }] })
      const rows = () => sandbox.record('BTEC_Grades', id)!['Learning_Outcomes_Assessm'] as Payload[]
      const put = (list: Json) =>
        api('PUT', `/BTEC_Grades/${id}`, { data: [{ Learning_Outcomes_Assessm: list }] })
      const [first] = rows()
      await put([{ LO_Code: 'P1' }])
      expect(rows()).to.have.length(2)
      await put([{ id: first!['id']!, LO_Score: 1 }])
      expect(rows().map(({ LO_Code, LO_Score }) => [LO_Code, LO_Score])).to.deep.equal([
        ['P1', 1],
        ['P1', undefined],
      ])
      await put([{ id: first!['id']!, _delete: null }])
      expect(rows()).to.have.length(1)
      await put([])
      expect(rows()).to.deep.equal([])
    })

    it('shows the rows of subforms with a single record only', async () => {
      const id = sandbox.person.create('BTEC_Grades', { Learning_Outcomes_Assessm: [{ LO_Code: 'P1' }] })
      expect(
        data(await api('GET', `/BTEC_Grades?ids=${id}&fields=Score,Learning_Outcomes_Assessm`))[0],
      ).to.deep.equal({ id, Score: null })
      expect(data(await api('GET', `/BTEC_Grades/${id}`))[0]!['Learning_Outcomes_Assessm']).to.have.length(1)
    })

    it('refuses COQL that is not well formed, in Zoho’s words', async () => {
      const refusals: [string, string][] = [
        ['select id from BTEC_Students', 'SYNTAX_ERROR'],
        ["select id from BTEC_Students where Last_Name = 'O\\'Brien'", 'SYNTAX_ERROR'],
        ["select id from BTEC_Students where City = 'a' and City = 'b' and City = 'c'", 'SYNTAX_ERROR'],
        ["select id from Students where City = 'a'", 'INVALID_MODULE'],
        ["select id from BTEC_Students where Nothing = 'a'", 'INVALID_QUERY'],
        ["select id from BTEC_Students where Notes = 'a'", 'INVALID_QUERY'],
        ["select id from BTEC_Grades where Score = 'x'", 'INVALID_QUERY'],
        ['select id from BTEC_Students where id is not null limit 0, 2001', 'LIMIT_EXCEEDED'],
      ]
      for (const [select_query, code] of refusals) {
        const answer = await api('POST', '/coql', { select_query })
        expect([answer.status, answer.body!['code']], select_query).to.deep.equal([400, code])
      }
      const empty = await api('POST', '/coql', {
        select_query: "select id from BTEC_Students where ((City = 'a' and City = 'b') or City = 'c')",
      })
      expect(empty.status).to.equal(204)
    })

    it('finds more by search than was asked for, as Zoho does', async () => {
      for (const mail of ['sales-team@x.example', 'sales_team@x.example', 'other@x.example'])
        sandbox.person.create('BTEC_Students', { Academic_Email: mail })
      const answer = await api(
        'GET',
        `/BTEC_Students/search?criteria=${encodeURIComponent('(Academic_Email:equals:sales-team@x.example)')}`,
      )
      expect(data(answer).map(row => row['Academic_Email'])).to.deep.equal([
        'sales-team@x.example',
        'sales_team@x.example',
      ])
    })

    it('keeps a value that a picklist does not have where it is told to', async () => {
      await sandbox.close()
      await start({ unknownPicklist: 'store' })
      const [row] = data(await api('POST', '/BTEC_Students', { data: [{ Status: 'Asleep' }] }))
      expect(row).to.include({ code: 'SUCCESS' })
    })

    it('takes deletions, one by one and with what is not there', async () => {
      const id = sandbox.person.create('BTEC_Programs', { Name: 'P' })
      const answer = await api('DELETE', `/BTEC_Programs?ids=${id},5725767000009999999&wf_trigger=false`)
      expect(answer.status).to.equal(207)
      expect(data(answer).map(({ message }) => message)).to.deep.equal([
        'record deleted',
        'record not deleted',
      ])
      expect(data(await api('GET', '/BTEC_Programs/deleted?type=all'))[0]).to.include({
        id,
        display_name: 'P',
        type: 'recycle',
      })
    })
  })

  describe('tells others', () => {
    let door: Door
    beforeEach(async () => {
      await start()
      door = await openDoor()
    })
    afterEach(() => door.close())

    it('what a person does, signed, with the whole record', async () => {
      sandbox.notify({ url: `${door.url}/api/v1/events/zoho/{module}?endpoint=e1`, secret })
      const id = sandbox.person.create('BTEC_Students', { Full_Name: 'ليلى', Academic_Email: 'l@x.example' })
      sandbox.person.update('BTEC_Students', id, { City: 'Salt' })
      sandbox.person.remove('BTEC_Students', id)
      await sandbox.announced()
      expect(door.requests).to.have.length(3)
      for (const request of door.requests) {
        expect(request.path).to.equal('/api/v1/events/zoho/BTEC_Students?endpoint=e1')
        expect(zohoSignature.verify(request, [secret], {})).to.deep.equal({
          ok: true,
          trusted: true,
          secret: 0,
        })
      }
      const events = door.requests.map(({ body }) => {
        const parsed = zoho.parse({
          channel: 'events',
          route: 'student',
          receivedAt: 0,
          body: JSON.parse(body.toString()),
        })
        return parsed.events[0]!
      })
      expect(events.map(({ kind }) => kind).sort()).to.deep.equal(['delete', 'state', 'state'])
      for (const event of events) expect(event.id).to.equal(id)
      const state = events.find(({ payload }) => payload?.['City'] === 'Salt')
      expect(state!.payload).to.include({ Full_Name: 'ليلى', Academic_Email: 'l@x.example' })
    })

    it('of changes by the API only where the trigger lets workflows run', async () => {
      sandbox.notify({ url: door.url, secret })
      await api('POST', '/BTEC_Programs', { data: [{ Name: 'silent' }], trigger: [] })
      await api('POST', '/BTEC_Programs', { data: [{ Name: 'told' }], trigger: ['workflow'] })
      await api('POST', '/BTEC_Programs', { data: [{ Name: 'told too' }] })
      await sandbox.announced()
      const names = sandbox.announcements.map(({ body }) => (body['data'] as Payload)['Name'])
      expect(names.sort()).to.deep.equal(['told', 'told too'])
    })

    it('as Zoho’s own notification: ids only, the secret in the URL, the token in the body', async () => {
      sandbox.notify({ url: `${door.url}/x?endpoint=e1`, secret, style: 'notification' })
      const id = sandbox.person.create('BTEC_Programs', { Name: 'P' })
      await sandbox.announced()
      const [request] = door.requests
      expect(zohoToken.verify(request!, [secret], {})).to.deep.equal({ ok: true, trusted: false, secret: 0 })
      const body = JSON.parse(request!.body.toString()) as Payload
      expect(body).to.deep.include({
        module: 'BTEC_Programs',
        operation: 'insert',
        ids: [id],
        token: channelToken(secret),
      })
      expect(body).to.not.have.property('data')
    })

    it('once, where nobody takes it; again where it is told to', async () => {
      door.status = 503
      sandbox.notify({ url: door.url, secret })
      sandbox.person.create('BTEC_Programs', { Name: 'P' })
      await sandbox.announced()
      expect(sandbox.announcements.map(({ status }) => status)).to.deep.equal([503])
      sandbox.notify({ url: door.url, secret, retries: 1, retryMs: 5 })
      sandbox.person.create('BTEC_Programs', { Name: 'Q' })
      await sandbox.announced()
      expect(sandbox.announcements.map(({ status }) => status)).to.deep.equal([503, 503, 503])
    })

    it('by channels, also of what the API wrote silently', async () => {
      const channel = {
        channel_id: '1000000068001',
        events: ['BTEC_Programs.create'],
        token: 'T',
        notify_url: `${door.url}/n`,
      }
      const answer = await api('POST', '/actions/watch', {
        watch: [channel, { events: ['BTEC_Programs.all'] }],
      })
      expect(answer.status).to.equal(207)
      const [enabled, refused] = answer.body!['watch'] as Payload[]
      expect(enabled).to.nested.include({
        code: 'SUCCESS',
        'details.events[0].resource_name': 'BTEC_Programs',
      })
      expect(refused).to.nested.include({
        code: 'MANDATORY_NOT_FOUND',
        'details.json_path': '$.watch[1].channel_id',
      })
      await api('POST', '/BTEC_Programs', { data: [{ Name: 'silent' }], trigger: [] })
      await api('POST', '/BTEC_Units', { data: [{ Name: 'not watched' }] })
      await sandbox.announced()
      expect(door.requests).to.have.length(1)
      expect(JSON.parse(door.requests[0]!.body.toString())).to.include({
        channel_id: '1000000068001',
        token: 'T',
        operation: 'insert',
      })
      expect((await api('DELETE', '/actions/watch?channel_ids=1000000068001')).status).to.equal(200)
      const again = await api('PATCH', '/actions/watch', { watch: [{ channel_id: '1000000068001' }] })
      expect((again.body!['watch'] as Payload[])[0]).to.include({ code: 'NOT_SUBSCRIBED' })
    })
  })

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
      const kept = token
      await start({ folder, college })
      token = kept
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
