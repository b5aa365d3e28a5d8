import { expect } from 'chai'
import zoho from '../../../connectors/zoho/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../../connectors/zoho/sandbox/index.ts'
import { type AccessToken, readTokenAnswer } from '../../../connectors/zoho/token.ts'
import { RetryableError, SetupError, WaslError } from '../../../core/errors.ts'
import type { Connection, Json, Vault } from '../../../core/plugin.ts'
import { memoryVault, toolsFor } from './tools.ts'

const MINUTE = 60_000
const none = new AbortController().signal

describe('what the token endpoint answers', () => {
  const now = 1_000_000
  const good = { access_token: '1000.a.b', api_domain: 'https://www.zohoapis.eu', scope: 'x' }
  const lives: [Json | undefined, number][] = [
    [3600, 3_600_000],
    [3_600_000, 3_600_000],
    ['3600', 3_600_000],
    [undefined, 3_600_000],
    [0, 3_600_000],
    ['soon', 3_600_000],
  ]
  for (const [life, ms] of lives)
    it(`a life of ${JSON.stringify(life)} is ${ms} ms`, () => {
      const answer = readTokenAnswer(
        200,
        life === undefined ? good : { ...good, expires_in: life },
        now,
      ) as AccessToken
      expect(answer.expiresAt - now).to.equal(ms)
    })

  const refusals: [
    string,
    number,
    Json,
    { type: typeof SetupError | typeof RetryableError; facts: object },
  ][] = [
    [
      'a revoked token',
      200,
      { error: 'invalid_code' },
      { type: SetupError, facts: { code: 'ZOHO_REFRESH', at: 'refreshToken' } },
    ],
    [
      'a wrong client',
      200,
      { error: 'invalid_client' },
      { type: SetupError, facts: { code: 'ZOHO_REFRESH', at: 'clientId' } },
    ],
    [
      'a wrong secret',
      200,
      { error: 'invalid_client_secret' },
      { type: SetupError, facts: { at: 'clientSecret' } },
    ],
    ['an unknown word', 200, { error: 'x' }, { type: SetupError, facts: { code: 'ZOHO_REFRESH' } }],
    [
      'too many requests, 400',
      400,
      { error: 'Access Denied', status: 'failure' },
      { type: RetryableError, facts: { gate: 'busy', retryAfterMs: 600_000 } },
    ],
    [
      'too many requests, 200',
      200,
      { error: 'Access Denied' },
      { type: RetryableError, facts: { gate: 'busy' } },
    ],
    ['a page of HTML', 502, null, { type: RetryableError, facts: { gate: 'outage' } }],
    ['nothing', 200, {}, { type: RetryableError, facts: { gate: 'outage' } }],
    [
      'a token without api_domain',
      200,
      { access_token: 'x' },
      { type: SetupError, facts: { code: 'ZOHO_API_DOMAIN', at: 'accountsUrl' } },
    ],
    [
      'an api_domain that is no address',
      200,
      { access_token: 'x', api_domain: 'file:///etc' },
      { type: SetupError, facts: { code: 'ZOHO_API_DOMAIN' } },
    ],
  ]
  for (const [name, status, body, { type, facts }] of refusals)
    it(`${name} is a ${type.name}`, () => {
      const answer = readTokenAnswer(status, body, now)
      expect(answer).to.be.instanceOf(type)
      expect(answer).to.include(facts)
    })

  it('an error that repeats a secret is not repeated', () => {
    const answer = readTokenAnswer(200, { error: '1000.secret.token!<script>' }, now) as WaslError
    expect(answer.message).to.not.contain('secret')
  })
})

describe('the access token', () => {
  let clock = Date.now()
  const now = () => clock
  let sandbox: ZohoSandbox
  let vault: Vault
  const open: Connection[] = []
  const connect = (of: Vault = vault) => {
    const connection = zoho.connect(sandbox.settings, toolsFor(of, now))
    open.push(connection)
    return connection
  }
  const students = (connection: Connection) => connection.resources['BTEC_Students']!
  const renewals = () => sandbox.log.filter(({ path }) => path === '/oauth/v2/token').length
  const failure = async (work: Promise<unknown>): Promise<WaslError> => {
    try {
      await work
    } catch (error) {
      if (error instanceof WaslError) return error
      throw error
    }
    throw new Error('nothing was raised')
  }
  let id: string

  beforeEach(async () => {
    sandbox = await startZohoSandbox({ now, concurrency: 1000 })
    vault = memoryVault()
    id = sandbox.person.create('BTEC_Students', { Academic_Email: 'a@x.example' })
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map(connection => connection.close()))
    await sandbox.close()
  })

  it('is asked for once by two engines with twenty readers each, every hour anew', async () => {
    const engines = [connect(), connect()]
    for (let hour = 1; hour <= 5; hour++) {
      const reads = engines.flatMap(engine =>
        Array.from({ length: 20 }, () => students(engine).read([id], new AbortController().signal)),
      )
      for (const found of await Promise.all(reads)) expect(found.get(id)!.state).to.equal('found')
      expect(renewals()).to.equal(hour)
      clock += 61 * MINUTE
    }
  })

  it('is renewed once when Zoho takes it back while many use it', async () => {
    const engines = [connect(), connect()]
    for (const engine of engines) await students(engine).read([id], none)
    sandbox.faults.set({ invalidToken: true, times: 1 })
    const reads = engines.flatMap(engine =>
      Array.from({ length: 20 }, () => students(engine).read([id], new AbortController().signal)),
    )
    for (const found of await Promise.all(reads)) expect(found.get(id)!.state).to.equal('found')
    expect(renewals()).to.equal(2)
  })

  it('is shared with an engine that starts later, and renewed two minutes before its end', async () => {
    await students(connect()).read([id], none)
    await students(connect()).read([id], none)
    expect(renewals()).to.equal(1)
    clock += 58.5 * MINUTE
    await students(connect()).read([id], none)
    expect(renewals()).to.equal(2)
  })

  it('of other credentials is not used', async () => {
    await students(connect()).read([id], none)
    const other = zoho.connect({ ...sandbox.settings, refreshToken: '1000.other' }, toolsFor(vault, now))
    open.push(other)
    expect(await failure(students(other).read([id], none))).to.include({
      code: 'ZOHO_REFRESH',
      at: 'refreshToken',
    })
  })

  it('that Zoho refuses anew each time shuts the gate after one renewal', async () => {
    sandbox.faults.set({ invalidToken: true })
    const error = (await failure(students(connect()).read([id], none))) as RetryableError
    expect(error).to.include({ code: 'ZOHO_TOKEN', gate: 'token' })
    expect(renewals()).to.equal(2)
  })

  it('is not asked for again for ten minutes once Zoho said Access Denied, by no engine', async () => {
    sandbox.faults.set({ throttled: true })
    const error = (await failure(students(connect()).read([id], none))) as RetryableError
    expect(error).to.include({ code: 'ZOHO_TOKEN_LIMIT', gate: 'busy' })
    expect(error.retryAfterMs).to.be.at.least(10 * MINUTE)
    sandbox.faults.clear()
    expect(await failure(students(connect()).read([id], none))).to.include({ code: 'ZOHO_TOKEN_LIMIT' })
    expect(renewals()).to.equal(1)
    clock += 11 * MINUTE
    expect((await students(connect()).read([id], none)).get(id)!.state).to.equal('found')
  })

  it('is asked for ten times in ten minutes at most, whatever happens', async () => {
    const connection = connect()
    sandbox.faults.set({ invalidToken: true })
    for (let n = 0; n < 12; n++) await failure(students(connection).read([id], none))
    expect(renewals()).to.be.at.most(10)
    expect(
      sandbox.log.filter(({ path, status }) => path === '/oauth/v2/token' && status === 400),
    ).to.deep.equal([])
  })

  it('is renewed by the next engine where one died over it', async () => {
    const dead = memoryVault()
    const first = connect(dead)
    sandbox.faults.set({ revoked: true })
    await failure(students(first).read([id], none))
    sandbox.faults.clear()
    const entry = (await dead.read('zoho-access-token'))!
    const claimed = { ...JSON.parse(entry.value), claimedBy: 'gone', claimedUntil: clock + 15_000 }
    await dead.write('zoho-access-token', JSON.stringify(claimed), entry.version)
    clock += 16_000
    expect((await students(connect(dead)).read([id], none)).get(id)!.state).to.equal('found')
  })

  it('stands in no error and in no line of the log', async () => {
    await students(connect()).read([id], none)
    const token = JSON.parse((await vault.read('zoho-access-token'))!.value).token.value as string
    sandbox.faults.set({ maintenance: true })
    const error = await failure(students(connect()).read([id], none))
    expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).to.not.contain(token)
    expect(JSON.stringify(sandbox.log)).to.not.contain(token).and.not.contain(sandbox.settings.clientSecret)
  })
})
