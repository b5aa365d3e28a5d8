import { expect } from 'chai'
import { newApiKey } from '../../core/http/keys.ts'
import type { Json } from '../../core/plugin.ts'
import { type Answer, type College, openCollege, until } from './college.ts'
import type { Kind } from './routes.ts'

type Item = Readonly<Record<string, Json>>

const LISTS = [
  '/api/v1/events',
  '/api/v1/records/student',
  '/api/v1/retries',
  '/api/v1/dead-letters',
  '/api/v1/bulk',
  '/api/v1/gates',
  '/api/v1/audit',
  '/v1/extension/sync/history',
]

/** Routes that change one object of the first college. */
const CHANGES: readonly (readonly [method: string, path: (id: string) => string, of: Kind])[] = [
  ['POST', id => `/api/v1/events/${id}/replay`, 'event'],
  ['POST', id => `/api/v1/retries/${id}/retry`, 'record'],
  ['POST', id => `/api/v1/dead-letters/${id}/retry`, 'record'],
  ['POST', id => `/api/v1/dead-letters/${id}/discard`, 'event'],
  ['POST', id => `/api/v1/bulk/${id}/cancel`, 'job'],
  ['POST', id => `/v1/extension/endpoints/${id}/rotate`, 'endpoint'],
  ['POST', id => `/api/v1/keys/${id}/rotate`, 'key'],
  ['DELETE', id => `/api/v1/keys/${id}`, 'key'],
]

describe('two colleges at one engine', () => {
  let college: College
  const ids: Record<Kind, string> = {
    event: '',
    record: '',
    job: '',
    tenant: 'default',
    endpoint: '',
    key: '',
    sync: '',
  }
  let stranger: string
  let reader: string
  let expired: string

  before(async () => {
    college = await openCollege({ announce: false })
    const { store, tenants } = college.engine
    await store.tenants.create({
      _id: 'al-noor',
      name: 'Al-Noor',
      timezone: 'Asia/Amman',
      language: 'ar',
      endpoints: [],
      connections: {},
      modules: {},
      createdAt: new Date(),
    })
    await tenants.refresh()
    const key = async (tenant: string, scope: string, expiresAt?: Date) => {
      const made = newApiKey()
      await store.tenants.addKey({
        _id: made.id,
        tenant,
        scopes: [scope],
        hash: tenants.access.hashKey(made.secret),
        createdAt: new Date(),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      })
      return made.key
    }
    stranger = await key('al-noor', 'admin')
    reader = await key('default', 'read')
    expired = await key('default', 'admin', new Date(Date.now() - 1000))

    college.moodle.faults.add({ kind: 'program-error', times: 1_000 })
    const fields = { Full_Name: 'Canary Person', Academic_Email: 'canary@college.test', Status: 'Active' }
    const id = college.zoho.person.create('BTEC_Students', fields)
    const bad = college.zoho.person.create('BTEC_Students', { Full_Name: 'Canary Invalid', Status: 'Active' })
    await college.call('POST', '/api/v1/sync/students', {
      data: [
        { id, ...fields },
        { id: bad, Full_Name: 'Canary Invalid' },
      ] as Json[],
    })
    const retries = await until('a retry', async () => {
      const { body } = await college.call('GET', '/api/v1/retries')
      return (body['items'] as Item[]).length > 0 ? (body['items'] as Item[]) : undefined
    })
    ids.record = String(retries[0]?.['id'])
    const letters = await college.call('GET', '/api/v1/dead-letters')
    ids.event = String((letters.body['items'] as Item[])[0]?.['id'])
    const job = await college.call('POST', '/api/v1/retries/retry', { filter: { code: 'NOBODYS' } })
    ids.job = String(job.body['id'])
    const sync = await college.call('POST', '/v1/extension/sync/trigger', { module: 'unit' })
    ids.sync = String((sync.body['items'] as Item[])[0]?.['id'])
    ids.endpoint = college.engine.credentials.endpoints['zoho']!.id
    ids.key = reader.split('_')[1] as string
  })

  after(() => college.close())

  const as = (key: string, method: string, path: string, body?: Json): Promise<Answer> =>
    college.call(method, path, method === 'GET' ? undefined : (body ?? {}), {
      authorization: `Bearer ${key}`,
    })

  it('T13: no list of the one holds anything of the other', async () => {
    for (const path of LISTS) {
      const own = await college.call('GET', path)
      const theirs = await as(stranger, 'GET', path)
      expect([own.status, theirs.status], path).to.deep.equal([200, 200])
      expect(theirs.body['items'], path).to.deep.equal([])
    }
    const keys = await as(stranger, 'GET', '/api/v1/keys')
    expect((keys.body['items'] as Item[]).map(({ id }) => id)).to.deep.equal([stranger.split('_')[1]])
    const found = await as(stranger, 'GET', '/api/v1/records/student?q=canary')
    expect(found.body['items']).to.deep.equal([])
  })

  it('a job over all dead letters touches only one’s own', async () => {
    const job = await as(stranger, 'POST', '/api/v1/dead-letters/retry', { filter: {} })
    const ended = await until('the job is done', async () => {
      const { body } = await as(stranger, 'GET', `/api/v1/bulk/${job.body['id']}`)
      return body['state'] === 'running' ? undefined : body
    })
    expect(ended).to.include({ state: 'done', done: 0, refused: 0 })
    const paused = await as(stranger, 'POST', '/api/v1/gates/moodle/pause', { reason: 'Only ours.' })
    expect(paused.status).to.equal(200)
    const { body } = await college.call('GET', '/api/v1/gates')
    expect((body['items'] as Item[]).filter(({ reason }) => reason === 'paused')).to.deep.equal([])
    await as(stranger, 'POST', '/api/v1/gates/moodle/resume')
  })

  it('A01: no key, an unknown, an expired and another’s key get one and the same 401', async () => {
    const path = '/api/v1/events'
    const answers = [
      await college.call('GET', path, undefined, { authorization: '' }),
      await as(newApiKey().key, 'GET', path),
      await as(expired, 'GET', path),
      await college.call('GET', path, undefined, {
        authorization: `Bearer ${stranger}`,
        'x-tenant-id': 'default',
      }),
    ]
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([401]))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).to.equal(1)
  })

  it('A04: a key that reads changes nothing', async () => {
    for (const [method, path, of] of CHANGES) {
      const { status, body: answer } = await as(reader, method, path(ids[of]))
      expect([status, answer['code']], path(of)).to.deep.equal([403, 'SCOPE_MISSING'])
    }
    expect((await as(reader, 'GET', '/api/v1/audit')).status).to.equal(403)
  })

  it('A07, T07: what a list is asked for is checked, never passed on', async () => {
    for (const query of [
      'state[$ne]=x',
      'state=NEW&state=INVALID',
      'state=nothing',
      'limit=1e9',
      'limit=-1',
      'limit=abc',
      'sort=__proto__',
      'module[$gt]=',
      'record=abc',
      'cursor=***',
      'cursor=bm90aGluZw',
      `cursor=${Buffer.from(JSON.stringify(['events', { $gt: '' }])).toString('base64url')}`,
      '__proto__[x]=1',
    ]) {
      const { status, body } = await college.call('GET', `/api/v1/events?${query}`)
      expect(status, `${query} ${JSON.stringify(body)}`).to.equal(400)
    }
    for (const body of [{ filter: { code: { $gt: '' } } }, { filter: { $where: '1' } }, { filter: [] }, []]) {
      const { status } = await college.call('POST', '/api/v1/dead-letters/retry', body as Json)
      expect(status, JSON.stringify(body)).to.equal(400)
    }
  })

  it('A07: a search takes its text as it is', async () => {
    for (const q of ['(a+)+$', '.*', '$ne', '{"$gt":""}']) {
      const began = performance.now()
      const { status, body } = await college.call('GET', `/api/v1/records/student?q=${encodeURIComponent(q)}`)
      expect([status, body['items']], q).to.deep.equal([200, []])
      expect(performance.now() - began, q).to.be.lessThan(500)
    }
    const { body } = await college.call('GET', '/api/v1/records/student?q=canar')
    expect(body['items'], 'the beginning of a unique name').to.have.length(1)
  })

  it('A10: no id is a 500', async () => {
    for (const id of ['%00', '%ff', '..%2f..%2fx', 'x'.repeat(10_000), '__proto__', '%F0%9F%92%A5'])
      for (const path of [
        `/api/v1/events/${id}`,
        `/api/v1/records/student/${id}`,
        `/api/v1/records/${id}`,
        `/api/v1/dead-letters/${id}`,
        `/api/v1/bulk/${id}`,
      ]) {
        const { status } = await college.call('GET', path)
        expect([400, 404, 431], `${path.slice(0, 60)} ${status}`).to.include(status)
      }
  })

  it('the same call without a body where none is needed, and a body that is none, are understood', async () => {
    const { status } = await college.call('POST', `/api/v1/retries/${ids.record}/retry`)
    expect([202, 409]).to.include(status)
    const response = await fetch(`${college.engine.url}/api/v1/dead-letters/retry`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${college.engine.credentials.key}`,
        'content-type': 'application/json',
      },
      body: '{"filter":',
    })
    expect(response.status).to.equal(400)
    expect(await response.json()).to.have.property('code', 'JSON_SYNTAX')
  })

  it('every list of the document is among those tried here', async () => {
    const { body } = await college.call('GET', '/documentation/openapi.json')
    const lists = Object.entries(body['paths'] as Readonly<Record<string, Item>>)
      .filter(([path, { get }]) => get !== undefined && !path.includes('{'))
      .filter(([, { get }]) => JSON.stringify((get as Item)['security']).startsWith('[{"key"'))
    expect(lists.map(([path]) => path).filter(path => !LISTS.includes(path))).to.deep.equal([
      '/api/v1/accounting',
      '/api/v1/audit/verification',
      '/api/v1/keys',
      '/v1/extension/settings',
      '/v1/extension/modules',
      '/v1/extension/metadata/canonical-schema',
      '/metrics',
    ])
  })

  it('T13: metrics tell nothing of another college, and are in the format that Prometheus reads', async () => {
    const read = async (key: string) => {
      const response = await fetch(`${college.engine.url}/metrics`, {
        headers: { authorization: `Bearer ${key}` },
      })
      expect(response.headers.get('content-type')).to.match(/^text\/plain/)
      return response.text()
    }
    const own = await read(reader)
    expect(own).to.match(/^wasl_records\{module="student",state="invalid"\} 1$/m)
    expect(own).to.match(/^wasl_events_total\{module="student",outcome="NEW"\} 1$/m)
    expect(own).to.match(/^wasl_remote_request_seconds_count\{remote="moodle",status="2xx"\} [1-9]/m)
    const theirs = await read(stranger)
    expect(theirs).to.contain('wasl_deliveries_total 0').and.not.to.contain('outcome="NEW"')
    expect(theirs).not.to.match(/state="invalid"\} 1/)
    const line = /^(# (HELP|TYPE) wasl_\w+ .+|wasl_\w+(\{(\w+="[^"\n]*",?)+\})? (\d+(\.\d+)?(e-?\d+)?|NaN))$/
    expect(
      own
        .trimEnd()
        .split('\n')
        .filter(each => each !== '' && !line.test(each)),
    ).to.deep.equal([])
    const nobody = await fetch(`${college.engine.url}/metrics`)
    expect(nobody.status).to.equal(401)
  })

  it('shows its routes on a page that runs no script', async () => {
    const response = await fetch(`${college.engine.url}/documentation`)
    expect(response.headers.get('content-security-policy')).to.match(/^default-src 'none'/)
    const page = await response.text()
    expect(page).to.contain('/api/v1/dead-letters/{id}/retry').and.not.to.contain('<script')
  })
})
