/** Every route there is, asked for what another college has: the table of routes is the server's own. */
import { expect } from 'chai'
import type { MongoClient } from 'mongodb'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { operationRoutes } from '../../core/http/operations/routes.ts'
import { standardWebhooksHeaders } from '../../core/http/verifiers/standard-webhooks.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { college as httpCollege } from '../http/college.ts'
import { type College, connectors, openCollege, until } from './college.ts'
import { type Kind, kindOf, NOBODYS, OPEN, routeBody } from './routes.ts'

type Item = Readonly<Record<string, Json>>

interface Route {
  readonly method: string
  readonly path: string
  /** `key`, `key-or-signature`, or undefined where the door itself finds out who sends. */
  readonly strategy: string | undefined
}

/** As hapi has it once all are added: what is not in the OpenAPI document is here too. */
async function routeTable(): Promise<readonly Route[]> {
  // Nothing is asked of these routes: only which there are.
  const parts = { connectors: new Map(connectors.map(each => [each.name, each])), making: {} }
  const { server } = await httpCollege(
    { connectors: parts.connectors },
    operationRoutes(parts as unknown as Parameters<typeof operationRoutes>[0]),
  )
  const routes = server.table().map(({ method, path, settings }) => ({
    method: method.toUpperCase(),
    path,
    strategy: (settings.auth as { strategies?: readonly string[] } | undefined)?.strategies?.[0],
  }))
  await server.stop()
  // `*` answers what a path has not: 404 and 405.
  return routes.filter(({ method }) => method !== '*')
}

describe('a stranger at every route', () => {
  let college: College
  let routes: readonly Route[]
  let theirs: Record<Kind, string>
  let second: { key: string; zoho: { id: string; secret: string }; moodle: { id: string; secret: string } }
  let scoped: ReadonlyMap<string, string>
  let openapi: Item
  let student: string

  before(async function () {
    this.timeout(30_000)
    routes = await routeTable()
    college = await openCollege({ announce: false, monitorCommands: true, engine: { scheduler: false } })
    const made = await college.call('POST', '/v1/extension/tenants', { id: 'second', name: 'Second' })
    const endpoints = made.body['endpoints'] as Item[]
    const endpoint = (verifier: string) => {
      const { id, secret } = endpoints.find(each => each['verifier'] === verifier) as Item
      return { id: String(id), secret: String(secret) }
    }
    second = {
      key: String((made.body['key'] as Item)['key']),
      zoho: endpoint('zoho-signature'),
      moodle: endpoint('standard-webhooks'),
    }
    const keys = await Promise.all(
      ['read', 'operate', 'configure', 'admin'].map(async scope => {
        const { body } = await as(second.key, 'POST', '/api/v1/keys', { scopes: [scope] })
        return [scope, String(body['key'])] as const
      }),
    )
    scoped = new Map(keys)
    openapi = (await college.call('GET', '/documentation/openapi.json')).body
    theirs = await belongings()
    await college.quiet()
  })

  after(() => college.close())

  /** One object of each kind that the first college has, at rest. */
  async function belongings(): Promise<Record<Kind, string>> {
    await college.call('POST', '/api/v1/gates/moodle/pause', { reason: 'Nothing moves.' })
    await until('it is paused', () => college.engine.delivery.gates.length === 1)
    const made = [
      { Full_Name: 'Canary One', Academic_Email: 'canary@college.test' },
      { Full_Name: 'Canary Two' },
    ]
    const data = made.map(fields => ({ id: college.zoho.person.create('BTEC_Students', fields), ...fields }))
    student = String(data[0]?.id)
    const { body } = await college.call('POST', '/api/v1/sync/students?connector=zoho', { data })
    const results = body['results'] as Item[]
    const record = await until('it stands at the gate', async () => {
      const { body: found } = await college.call('GET', '/api/v1/retries')
      return (found['items'] as Item[])[0]
    })
    const job = await college.call('POST', '/api/v1/retries/retry', { filter: { code: 'NOBODYS' } })
    await until('the job is done', async () => {
      const { body: now } = await college.call('GET', `/api/v1/bulk/${job.body['id']}`)
      return now['state'] === 'done'
    })
    const key = await college.call('POST', '/api/v1/keys', { scopes: ['read'] })
    const triggered = await college.call('POST', '/v1/extension/sync/trigger', { module: 'unit' })
    const sync = String((triggered.body['items'] as Item[])[0]?.['id'])
    await until('the sync has ended', async () => {
      const { body: now } = await college.call('GET', `/v1/extension/sync/history/${sync}`)
      return now['completedAt'] !== undefined
    })
    return {
      event: String(results[1]?.['id']),
      record: String(record['id']),
      job: String(job.body['id']),
      tenant: 'default',
      endpoint: college.engine.credentials.endpoints['zoho']!.id,
      key: String(key.body['id']),
      sync,
    }
  }

  const as = (key: string, method: string, path: string, body?: Json) =>
    college.call(method, path, body, { authorization: `Bearer ${key}` })

  /** Everything that comes back, but for the moment and the request's own id. */
  async function answer(
    method: string,
    path: string,
    body: Json | undefined,
    headers: Record<string, string>,
  ) {
    const response = await fetch(`${college.engine.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const told = [...response.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
    return { status: response.status, text: JSON.stringify([told, await response.text()]) }
  }

  type Credential = (method: string, path: string, body: Json | undefined) => Record<string, string>
  const bytes = (body: Json | undefined) => Buffer.from(body === undefined ? '' : JSON.stringify(body))
  const basic = (key: string) => {
    const [, id, secret] = key.split('_')
    return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
  }
  const bySignature: Credential = (method, path, body) =>
    signatureHeaders({ method, path, body: bytes(body), now: Date.now() }, second.zoho.secret)
  const byPlugin: Credential = (_method, _path, body) =>
    standardWebhooksHeaders(second.moodle.secret, { id: 'msg_1', now: Date.now(), body: bytes(body) })

  /** What the other college can prove itself with, and what a route must answer to it. */
  function credentials({ method, path, strategy }: Route): readonly {
    readonly by: string
    readonly endpoint?: string
    readonly headers: Credential
    readonly status: number
  }[] {
    const described = (openapi['paths'] as Item)[path] as Item | undefined
    const { security } = (described?.[method.toLowerCase()] ?? {}) as { security?: { key?: string[] }[] }
    const scope = security?.[0]?.key?.[0] ?? 'admin'
    return [
      { by: 'an admin’s key', headers: () => ({ authorization: `Bearer ${second.key}` }), status: 404 },
      {
        by: `a key with ${scope}`,
        headers: () => ({ authorization: `Bearer ${scoped.get(scope)}` }),
        status: 404,
      },
      { by: 'a key by HTTP Basic', headers: () => basic(second.key), status: 404 },
      {
        by: 'a key that claims to be of the first college',
        headers: () => ({ authorization: `Bearer ${second.key}`, 'x-tenant-id': 'default' }),
        status: 401,
      },
      {
        by: 'a signature over the request',
        endpoint: second.zoho.id,
        headers: bySignature,
        status: strategy === 'key-or-signature' ? 404 : 401,
      },
      {
        by: 'a signature over the body alone',
        endpoint: second.moodle.id,
        headers: byPlugin,
        status: 401,
      },
      {
        by: 'a signature under the first college’s endpoint',
        endpoint: theirs.endpoint,
        headers: bySignature,
        status: 401,
      },
      { by: 'nothing', headers: () => ({}), status: 401 },
    ]
  }

  /** The routes that name an object which belongs to one college, with what kind of object it is. */
  const objects = () =>
    routes.flatMap(route =>
      (/\{id\}/.test(route.path) ? (kindOf(route.path) ?? []) : []).map(kind => ({ ...route, kind })),
    )

  it('T01: the table says of every route whether what it names belongs to a college', () => {
    const unknown = routes
      .filter(({ path }) => path.includes('{id}') && kindOf(path) === undefined)
      .map(({ method, path }) => `${method} ${path}`)
    expect(unknown, 'say in test/e2e/routes.ts whose id it takes').to.deep.equal([])
    // Names of what the installation runs, which is the same for all: a connector, its resource, a module.
    const named = new Set(routes.flatMap(({ path }) => [...path.matchAll(/\{(\w+)\??\*?\}/g)].map(m => m[1])))
    expect(
      [...named].filter(each => !['id', 'module', 'name', 'connector', 'resource'].includes(each!)),
    ).to.deep.equal([])
    const documented = new Set(
      Object.entries(openapi['paths'] as Item).flatMap(([path, methods]) =>
        Object.keys(methods as Item).map(method => `${method.toUpperCase()} ${path}`),
      ),
    )
    const secret = routes
      .map(({ method, path }) => `${method} ${path}`)
      .filter(route => !documented.has(route) && !OPEN.has(route))
      // In the document they stand as one, `/api/v1/{connector}/{collection}`.
      .filter(route => !connectors.some(({ name }) => route.startsWith(`POST /api/v1/${name}/`)))
    expect(secret, 'routes that are not in the OpenAPI document').to.deep.equal([])
    expect(objects().length).to.be.greaterThan(15)
  })

  it('T01, T03: with every kind of credential, another’s object is as if there were none, byte for byte', async () => {
    const client = college.engine.store.db.client as unknown as MongoClient
    const read: string[] = []
    const filters = new Map<number, string>()
    const begin = ({ requestId, command }: { requestId: number; command: object }) => {
      filters.set(requestId, JSON.stringify((command as { filter?: object }).filter ?? {}))
    }
    const watch = ({
      requestId,
      commandName,
      reply,
    }: {
      requestId: number
      commandName: string
      reply: object
    }) => {
      const { cursor, value } = reply as {
        cursor?: { ns: string; firstBatch?: Item[]; nextBatch?: Item[] }
        value?: Item
      }
      const documents = cursor?.firstBatch ?? cursor?.nextBatch ?? (value ? [value] : [])
      // An engine knows all colleges and their gates, and reads them by itself.
      if (/\.(tenants|gates)$/.test(cursor?.ns ?? '')) return
      for (const each of documents)
        if (each['tenant'] === 'default') read.push(`${commandName} ${cursor?.ns} ${filters.get(requestId)}`)
    }
    const before = await everything(college)
    client.on('commandStarted', begin).on('commandSucceeded', watch)
    const wrong: string[] = []
    let asked = 0
    try {
      for (const route of objects())
        for (const { by, endpoint, headers, status } of credentials(route)) {
          const body = route.method === 'GET' ? undefined : routeBody(route.method, route.path)
          const told = await Promise.all(
            [theirs[route.kind], NOBODYS[route.kind]].map(id => {
              const path = route.path.replace('{id}', id).replace('{module}', 'student')
              const asked = endpoint === undefined ? path : `${path}?endpoint=${endpoint}`
              return answer(route.method, asked, body, headers(route.method, asked, body))
            }),
          )
          asked += 1
          const what = `${route.method} ${route.path} (${route.kind}) by ${by}`
          if (told.some(each => each.status !== status))
            wrong.push(`${what}: ${told.map(each => each.status)} instead of ${status}: ${told[0]?.text}`)
          else if (told[0]?.text !== told[1]?.text)
            wrong.push(`${what}: ${told[0]?.text} or ${told[1]?.text}`)
        }
    } finally {
      client.off('commandStarted', begin).off('commandSucceeded', watch)
    }
    expect(wrong).to.deep.equal([])
    expect(read, 'documents of the first college that were read').to.deep.equal([])
    expect(asked).to.be.greaterThan(100)
    const after = await everything(college)
    expect(after).to.deep.equal(before)
  }).timeout(30_000)

  it('T01, T03: what a query, a body or the intake names of another’s is as if there were none', async () => {
    const pair = async (ask: (id: string) => ReturnType<typeof answer>, theirId: string, nobodys: string) => {
      const [own, none] = [await ask(theirId), await ask(nobodys)]
      expect(own).to.deep.equal(none)
      return own.status
    }
    const headers = { authorization: `Bearer ${second.key}` }
    const get = (query: (id: string) => string) => (id: string) =>
      answer('GET', query(id), undefined, headers)
    expect(
      await pair(
        get(id => `/api/v1/events?record=${id}`),
        theirs.record,
        NOBODYS.record,
      ),
    ).to.equal(200)
    const search = get(id => `/api/v1/records/student?q=${id}`)
    expect(await pair(search, 'canary@college.test', 'nobody.at.all@college.test')).to.equal(200)
    expect(await pair(search, student, '7999999999999999999')).to.equal(200)
    const status = (id: string) => answer('POST', '/api/v1/events/status', { ids: [id] }, headers)
    expect(await pair(status, theirs.event, NOBODYS.event)).to.equal(200)

    const intake = routes.filter(({ strategy, method }) => strategy === undefined && method === 'POST')
    expect(intake.length).to.be.greaterThan(4)
    for (const { path } of intake) {
      const at = path
        .replace('{connector}', 'zoho')
        .replace('{resource}', 'student')
        .replace('{module}', 'students')
      const body: Payload = { data: [], users: [], grades: [], enrollments: [], ids: [] }
      const under = (id: string) => {
        const named = `${at}?endpoint=${id}`
        return answer('POST', named, body, bySignature('POST', named, body))
      }
      expect(await pair(under, theirs.endpoint, NOBODYS.endpoint), path).to.equal(401)
      const named = `${at}?endpoint=${second.zoho.id}`
      const claiming = (tenant: string) =>
        answer('POST', named, body, { ...bySignature('POST', named, body), 'x-tenant-id': tenant })
      expect(await pair(claiming, 'default', 'nobody'), path).to.equal(401)
    }
  })

  it('T04: a body with a tenant, a role, an id or a version in it is refused, and nothing is written', async () => {
    const more: Payload = { tenantId: 'second', role: 'admin', _id: NOBODYS.record, __v: 9 }
    const before = await everything(college)
    let tried = 0
    for (const { method, path, strategy } of routes) {
      if (method === 'GET' || strategy === undefined) continue
      const body = routeBody(method, path)
      const takesBody =
        'requestBody' in ((openapi['paths'] as Item)[path] as Record<string, Item>)[method.toLowerCase()]!
      expect(takesBody, `${method} ${path}: say in test/e2e/routes.ts what it takes`).to.equal(
        body !== undefined,
      )
      // What takes no body reads none.
      if (body === undefined) continue
      const at = path
        .replace('{id}', theirs[kindOf(path)?.[0] ?? 'record'])
        .replace(/\{(module|name)\}/, 'student')
        .replace('{connector}', 'zoho')
      const answered = await college.call(method, at, { ...body, ...more }, { 'if-match': '"0"' })
      expect([answered.status, answered.body['code']], `${method} ${at}`).to.deep.equal([400, 'BODY'])
      const pointers = (answered.body['findings'] as Item[]).map(({ pointer }) => pointer)
      expect(pointers, `${method} ${at}`).to.include.members(Object.keys(more).map(name => `/${name}`))
      tried += 1
    }
    expect(tried).to.be.greaterThan(10)
    const within = await college.call('PUT', '/v1/extension/settings', {
      connector: 'moodle',
      settings: { url: 'https://moodle.example', token: 't', ...more },
    })
    expect(within.status).to.equal(400)
    expect((within.body['findings'] as Item[]).map(({ pointer }) => pointer)).to.include('/tenantId')
    const mapping = await college.call(
      'PUT',
      '/v1/extension/field-mappings/student',
      { mapping: { read: {}, ...more }, reason: 'No.' },
      { 'if-match': '"0"' },
    )
    expect([mapping.status, mapping.body['code']]).to.be.deep.equal([400, 'MAPPING_WRONG'])
    expect(await everything(college)).to.deep.equal(before)
  })
})

/** All that is stored, but for what only counts time. */
async function everything({ engine }: College): Promise<Record<string, unknown>> {
  const { db } = engine.store
  const names = ['audit', 'bulk', 'deliveries', 'gates', 'keys', 'mappings', 'records', 'tenants', 'vault']
  const all = await Promise.all(names.map(name => db.collection(name).find().sort({ _id: 1 }).toArray()))
  return Object.fromEntries(names.map((name, place) => [name, JSON.stringify(all[place])]))
}
