import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { diskEpisode, episodesOf } from '../../core/alerts/episodes.ts'
import { mailOf } from '../../core/alerts/words.ts'
import { standardWebhooks } from '../../core/http/verifiers/standard-webhooks.ts'
import type { Payload } from '../../core/plugin.ts'
import { callerOf } from '../connectors/zoho/caller.ts'
import { type College, openCollege, until } from '../e2e/college.ts'

const SECRET = standardWebhooks.newSecret()
const NOW = Date.UTC(2026, 8, 1)
const MINUTE = 60_000

interface Received {
  readonly body: Buffer
  readonly headers: ReadonlyMap<string, string[]>
}

/** A real receiver, which answers with `status`. */
async function receiver(): Promise<{
  server: Server
  url: string
  got: Received[]
  answer(code: number): void
}> {
  const got: Received[] = []
  let status = 204
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part))
    request.on('end', () => {
      const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name, [String(value)]]))
      got.push({ body: Buffer.concat(parts), headers })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    server,
    url: `http://127.0.0.1:${port}/alerts`,
    got,
    answer: code => {
      status = code
    },
  }
}

describe('who is told of what', () => {
  const gate = (changes: object) => ({
    remote: 'crm',
    reason: 'outage',
    code: 'REMOTE_TIMEOUT',
    closedAt: new Date(NOW - 14 * MINUTE).toISOString(),
    records: 3,
    opening: false,
    ...changes,
  })
  const kinds = (gates: readonly ReturnType<typeof gate>[], days?: number) =>
    episodesOf(
      {
        tenant: 'a',
        letters: [],
        gates,
        keys: [
          days === undefined ? { id: 'k' } : { id: 'k', expiresAt: new Date(NOW + days * 1440 * MINUTE) },
        ],
        expiring: [],
        clocks: [],
      },
      NOW,
    ).map(({ kind, subject }) => `${kind} ${subject}`)

  for (const [what, gates, days, expected] of [
    ['nothing', [], undefined, []],
    ['a gate closed for 14 minutes', [gate({})], undefined, []],
    [
      'one for 15',
      [gate({ closedAt: new Date(NOW - 15 * MINUTE).toISOString() })],
      undefined,
      ['gate_closed crm'],
    ],
    ['a refused token, at once', [gate({ reason: 'token' })], undefined, ['gate_closed crm']],
    ['a person’s pause', [gate({ reason: 'paused', closedAt: new Date(0).toISOString() })], undefined, []],
    ['one that opens', [gate({ opening: true, closedAt: new Date(0).toISOString() })], undefined, []],
    ['a key for 8 days', [], 8, []],
    ['a key for 6 days', [], 6, ['key_expiring k']],
    ['a key that is over', [], -1, []],
  ] as const)
    it(what, () => expect(kinds(gates, days)).to.deep.equal(expected))

  it('a channel that ends within 12 hours or has ended, and no token that renews itself', () => {
    const ends = (hours: number, renews = false) =>
      episodesOf(
        {
          tenant: 'a',
          letters: [],
          gates: [],
          keys: [],
          expiring: [{ remote: 'crm', what: 'channel 7', at: NOW + hours * 60 * MINUTE, renews }],
          clocks: [],
        },
        NOW,
      ).map(({ kind, subject }) => `${kind} ${subject}`)
    expect(ends(13)).to.deep.equal([])
    expect(ends(11)).to.deep.equal(['connection_expiring crm channel 7'])
    expect(ends(-1)).to.deep.equal(['connection_expiring crm channel 7'])
    expect(ends(1, true)).to.deep.equal([])
  })

  it('S20: a clock that is two minutes off from a remote’s, either way', () => {
    const off = (ahead: number) =>
      episodesOf(
        { tenant: 'a', letters: [], gates: [], keys: [], expiring: [], clocks: [{ remote: 'crm', ahead }] },
        NOW,
      ).map(({ kind, subject, count }) => `${kind} ${subject} ${count}`)
    expect(off(119)).to.deep.equal([])
    expect(off(600)).to.deep.equal(['clock crm 600'])
    expect(off(-120.4)).to.deep.equal(['clock crm -120'])
  })

  it('a disk with less than what should be free', () => {
    expect(diskEpisode(4, 100, 5)).to.deep.equal([{ kind: 'disk_full', subject: 'data', count: 4 }])
    expect(diskEpisode(5, 100, 5)).to.deep.equal([])
    expect(diskEpisode(0, 0, 5)).to.deep.equal([])
  })

  it('a mail of ASCII lines, whatever the language', () => {
    const at = { from: 'a@b.test', to: 'c@d.test', at: NOW, id: 'x' }
    const mail = mailOf({ kind: 'disk_full', subject: 'data', count: 3 }, 'ar', at)
    expect(mail).to.match(/^[\x20-\x7e\n]+$/)
    const [, text = ''] = mail.split('\n\n')
    expect(Buffer.from(text, 'base64').toString()).to.contain('3 بالمئة')
  })
})

describe('alerts reach somebody', () => {
  let college: College
  let hook: Awaited<ReturnType<typeof receiver>>
  let folder: string
  const mails = async () => {
    const names = (await readdir(folder)).filter(name => name.startsWith('mail-'))
    return Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasl-mail-'))
    hook = await receiver()
    const program = join(folder, 'program.mjs')
    await writeFile(
      program,
      `import { readFileSync, writeFileSync } from 'node:fs'
       if (Object.keys(process.env).some(name => /WASL|SECRET/.test(name))) process.exit(7)
       writeFileSync(${JSON.stringify(join(folder, 'mail-'))} + process.pid, readFileSync(0))`,
    )
    college = await openCollege({
      announce: false,
      environment: {
        ALERT_WEBHOOK_URL: hook.url,
        ALERT_WEBHOOK_SECRET: SECRET,
        ALERT_WEBHOOK_PRIVATE: 'true',
        ALERT_MAIL_COMMAND: JSON.stringify([process.execPath, program]),
        ALERT_MAIL_TO: 'it@college.test',
        ALERT_DISK_FREE: '0',
      },
    })
  })

  after(async () => {
    await college.close()
    await new Promise(resolve => hook.server.close(resolve))
    await rm(folder, { recursive: true, force: true })
  })

  it('a dead letter is told by both ways, once, signed, without a word of the person', async () => {
    await college.engine.alerts.round()
    expect(hook.got).to.have.length(0)
    const row: Payload = { id: '81', Student_ID: 'STU-81', Full_Name: 'Huda Secretname' }
    await college.call('POST', '/api/v1/sync/students', { data: [row, { ...row, id: '82' }] })
    for (let i = 0; i < 3; i++) await college.engine.alerts.round()
    expect(hook.got).to.have.length(1)
    const [{ body, headers }] = hook.got as [Received]
    const request = { method: 'POST', path: '/alerts', query: {}, headers, body, now: Date.now() }
    expect(standardWebhooks.verify(request, [SECRET], {})).to.include({ ok: true })
    const { type, data } = JSON.parse(body.toString())
    expect(type).to.equal('alert.dead_letters')
    expect(data).to.include({ tenant: 'default', count: 2, code: 'REQUIRED' })
    expect(data.explained).to.have.property('next')
    const [mail = '', ...others] = await mails()
    expect(others).to.have.length(0)
    expect(mail)
      .to.match(/^To: it@college\.test$/m)
      .and.match(/^Subject: Wasl: dead letters \(default\)$/m)
    const text = Buffer.from(mail.split('\n\n')[1] ?? '', 'base64').toString()
    expect(text).to.match(/^2 dead letters/)
    expect(`${text}${body}`).not.to.contain('Secretname')
  })

  it('two engines, one alert; a receiver that fails is tried again, and no mail is sent twice', async () => {
    const { store } = college.engine
    const closed = new Date(Date.now() - 16 * MINUTE)
    await store.gates.pause({
      _id: 'default|moodle',
      tenant: 'default',
      remote: 'moodle',
      reason: 'outage',
      code: 'MOODLE_MAINTENANCE',
      message: 'It is down.',
      closedAt: closed,
      openAt: new Date(Date.now() + 60 * MINUTE),
      rounds: 3,
    })
    hook.answer(500)
    await college.engine.alerts.round()
    expect(hook.got.length).to.equal(2)
    expect(await mails()).to.have.length(2)
    await college.engine.alerts.round()
    expect(hook.got.length, 'not before its time').to.equal(2)
    hook.answer(204)
    const alerts = store.db.collection<{ _id: string }>('alerts')
    await alerts.updateOne({ _id: 'default|gate_closed|moodle' }, { $set: { tellAt: new Date(0) } })
    await college.engine.alerts.round()
    expect(hook.got.length).to.equal(3)
    expect(hook.got[1]?.headers.get('webhook-id')).to.deep.equal(hook.got[2]?.headers.get('webhook-id'))
    expect(await mails()).to.have.length(2)
    const at = new Date()
    const claims = await Promise.all(
      Array.from({ length: 8 }, () =>
        store.alerts.claim('a|b|c', at, new Date(at.getTime() + MINUTE), new Date(at.getTime() + MINUTE)),
      ),
    )
    expect(claims.filter(claim => claim !== undefined)).to.have.length(1)
  })
})

describe('on a clock that is turned', function () {
  this.timeout(30_000)
  let college: College
  let hook: Awaited<ReturnType<typeof receiver>>
  let ahead = 0

  before(async () => {
    hook = await receiver()
    college = await openCollege({
      announce: false,
      engine: { now: () => Date.now() + ahead },
      environment: {
        ALERT_WEBHOOK_URL: hook.url,
        ALERT_WEBHOOK_SECRET: SECRET,
        ALERT_WEBHOOK_PRIVATE: 'true',
        ALERT_DISK_FREE: '100',
      },
    })
  })

  after(async () => {
    await college.close()
    await new Promise(resolve => hook.server.close(resolve))
  })

  /** What was told in this round, each with its subject. */
  async function told(): Promise<readonly string[]> {
    const before = hook.got.length
    await college.engine.alerts.round()
    return hook.got.slice(before).map(({ body }) => {
      const { type, data } = JSON.parse(body.toString())
      return `${type} ${data.subject}`
    })
  }

  it('a full disk, a key and a channel that end soon are told, a key that lasts is not', async () => {
    const { api } = callerOf(college.zoho)
    const watch = [
      { channel_id: '7', events: ['BTEC_Students.all'], notify_url: 'http://127.0.0.1:9/', token: 't' },
    ]
    expect((await api('POST', '/actions/watch', { watch })).status).to.equal(201)
    const make = async (days: number) =>
      (await college.call('POST', '/api/v1/keys', { scopes: ['read'], days })).body['id']
    const [soon] = [await make(5), await make(30)]
    expect([...(await told())].sort()).to.deep.equal([
      'alert.connection_expiring zoho channel 7',
      'alert.disk_full data',
      `alert.key_expiring ${soon}`,
    ])
    expect(await told(), 'once').to.deep.equal([])
  })

  it('S12, S20: an old secret ends at its hour; a clock that is off is told, right again all goes on', async () => {
    const { id, secret: old } = college.engine.credentials.endpoints['zoho']!
    const rotated = await college.call('POST', `/v1/extension/endpoints/${id}/rotate`, { hours: 1 })
    const path = `/v1/extension/modules?endpoint=${id}`
    const status = async (secret: string, at = Date.now() + ahead) => {
      const headers = signatureHeaders({ method: 'GET', path, body: Buffer.alloc(0), now: at }, secret)
      return (await fetch(`${college.engine.url}${path}`, { headers })).status
    }
    const next = String(rotated.body['secret'])
    expect([await status(old), await status(next)]).to.deep.equal([200, 200])
    ahead = 59 * MINUTE
    expect([await status(old), await status(next)]).to.deep.equal([200, 200])
    ahead = 61 * MINUTE
    expect([await status(old), await status(next)]).to.deep.equal([401, 200])

    expect(await status(next, Date.now()), 'whoever has the right time').to.equal(401)
    await college.call('POST', '/api/v1/sync/students', {
      data: [{ id: '91', Full_Name: 'Huda Aziz', Academic_Email: 'huda@college.test' }],
    })
    await until('a remote has answered', () => college.moodle.log.length > 0)
    const seen = await until('the clock is told', async () => {
      const kinds = await told()
      return kinds.some(kind => kind.startsWith('alert.clock')) ? kinds : undefined
    })
    expect(seen.filter(kind => kind.startsWith('alert.clock'))).to.include('alert.clock moodle')
    ahead = 0
    expect(await status(next)).to.equal(200)
  })
})
