import { expect } from 'chai'
import {
  startZohoSandbox,
  type ZohoSandbox,
  type ZohoSandboxOptions,
} from '../../../connectors/zoho/sandbox/index.ts'
import type { Json, Payload } from '../../../core/plugin.ts'
import { callerOf, data } from './caller.ts'

describe('the Zoho sandbox answers as Zoho', () => {
  let sandbox: ZohoSandbox
  let caller: ReturnType<typeof callerOf>
  const start = async (options: ZohoSandboxOptions = {}, token = '') => {
    sandbox = await startZohoSandbox(options)
    caller = callerOf(sandbox, token)
  }
  const api: ReturnType<typeof callerOf>['api'] = (...call) => caller.api(...call)
  afterEach(() => sandbox.close())
  beforeEach(() => start())

  it('refuses in the words of the documentation', async () => {
    const refusals: [string, string, Json | undefined, number, string][] = [
      ['GET', '/Nothing?fields=id', undefined, 400, 'INVALID_MODULE'],
      ['GET', '/BTEC_Students', undefined, 400, 'REQUIRED_PARAM_MISSING'],
      ['GET', `/BTEC_Students?fields=${Array(51).fill('City').join(',')}`, undefined, 400, 'LIMIT_EXCEEDED'],
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
      expect([answer.status, answer.body?.['code'] ?? ''], `${method} ${path}`).to.deep.equal([status, code])
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
    expect(data(answer).map(({ message }) => message)).to.deep.equal(['record deleted', 'record not deleted'])
    expect(data(await api('GET', '/BTEC_Programs/deleted?type=all'))[0]).to.include({
      id,
      display_name: 'P',
      type: 'recycle',
    })
  })
})
