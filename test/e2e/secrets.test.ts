import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { createLog } from '../../core/log.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

/** Nobody else writes this, and no form gives it away. */
const mark = (what: string): string => `${what}${randomBytes(9).toString('hex')}`

describe('secrets planted wherever one may stand', () => {
  let college: College
  const lines: string[] = []
  const answers: string[] = []
  /** By where it was planted. */
  const planted = new Map<string, string>()
  /** In fields that no mapping names: kept, sealed, with the bytes of its delivery. */
  const inPayload = mark('q')
  const plant = (where: string): string => {
    const secret = mark('p')
    planted.set(where, secret)
    return secret
  }

  before(async function () {
    // A server of its own begins for it.
    this.timeout(60_000)
    const stream = new PassThrough()
    stream.setEncoding('utf8').on('data', text => lines.push(text))
    college = await openCollege({
      // A store of its own, whose files can be searched.
      environment: { MONGODB_URI: '' },
      log: createLog({ level: 'debug', readable: false, stream }),
    })
    const { credentials } = college.engine
    for (const [name, { secret }] of Object.entries(credentials.endpoints))
      planted.set(`${name}'s endpoint`, secret)
    planted.set('the key', String(credentials.key.split('_')[2]))
    planted.set('Zoho’s client secret', college.zoho.settings.clientSecret)
    planted.set('Zoho’s refresh token', college.zoho.settings.refreshToken)
    planted.set('Moodle’s token', college.moodle.settings.token)
  })

  after(() => college.close())

  /** Any request, with its answer kept. */
  async function ask(method: string, path: string, body?: Json, headers: Record<string, string> = {}) {
    const response = await fetch(`${college.engine.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${college.engine.credentials.key}`,
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    answers.push([response.status, JSON.stringify([...response.headers]), text].join('\n'))
    return { status: response.status, text }
  }

  it('while traffic runs, fails, and is looked at', async () => {
    const event = '/api/v1/events/zoho/student'
    for (const header of [
      'x-api-key',
      'cookie',
      'x-zoho-signature',
      'webhook-signature',
      'x-tenant-id',
      'referer',
    ])
      await ask('POST', event, {}, { [header]: plant(`the header ${header}`), authorization: '' })
    const id = randomBytes(6).toString('hex')
    for (const authorization of [
      `Bearer wasl_${id}_${plant('a key')}`,
      `Bearer ${plant('no key of ours')}`,
      `Basic ${Buffer.from(`${id}:${plant('a password')}`).toString('base64')}`,
      `Digest ${plant('another scheme')}`,
    ])
      await ask('GET', '/api/v1/events', undefined, { authorization })
    for (const name of ['secret', 'token', 'password', 'api_key', 'wstoken', 'signature']) {
      const query = `${name}=${plant(`the query ${name}`)}`
      await ask('POST', `${event}?${query}`, {}, { authorization: '' })
      await ask('GET', `/api/v1/events?${query}`)
      await ask('GET', `/nowhere?${query}`)
    }
    await ask('PUT', '/v1/extension/settings', {
      connector: 'moodle',
      settings: { token: plant('a saved setting'), url: college.moodle.settings.url, allowPrivate: true },
    })
    await ask('PUT', '/v1/extension/settings', {
      connector: 'moodle',
      settings: { tokne: plant('a mistyped setting') },
    })
    await ask('PUT', '/v1/extension/settings', {
      connector: 'moodle',
      settings: { token: college.moodle.settings.token },
    })

    for (const kind of ['invalid-token', 'error', 'drop', 'half', 'notice', 'program-error'] as const)
      college.moodle.faults.add({ kind })
    for (let i = 0; i < 8; i++) {
      const fields: Payload = {
        Student_ID: `STU-${i}`,
        Full_Name: 'Canary Person',
        Academic_Email: `canary.${i}@college.test`,
        Status: 'Active',
      }
      const student = college.zoho.person.create('BTEC_Students', fields)
      const odd = { password: inPayload, auth: { api_token: inPayload } }
      await college.webhook('student', notification({ id: student, ...fields, ...odd }))
    }
    await until(
      'all arrived, whatever Moodle answered at first',
      async () => {
        await college.call('POST', '/api/v1/gates/moodle/resume')
        await college.call('POST', '/api/v1/retries/retry', { filter: {} })
        return (
          [...college.moodle.site.users.all()].filter(({ firstname }) => firstname === 'Canary').length === 8
        )
      },
      40_000,
    )
    await ask('POST', '/api/v1/sync/students', { data: [{ id: '1', Full_Name: 'Nobody' }] })
    await ask('POST', '/api/v1/sync/students', { data: 'x'.repeat(2_000_000) } as Json)
    for (const path of [
      '/api/v1/events',
      '/api/v1/records/student',
      '/api/v1/retries',
      '/api/v1/dead-letters',
      '/api/v1/gates',
      '/api/v1/bulk',
      '/api/v1/audit',
      '/api/v1/keys',
      '/api/v1/accounting',
      '/v1/extension/settings',
      '/v1/extension/modules',
      '/v1/extension/tenants/default',
      '/metrics',
      '/health/ready',
      '/documentation',
      '/documentation/openapi.json',
    ])
      expect((await ask('GET', path)).status, path).to.equal(200)
    await ask('DELETE', '/api/v1/events')
  }).timeout(90_000)

  /** Where a secret is found that nobody must find. */
  const foundIn = (text: string): readonly string[] =>
    [...planted].filter(([, secret]) => text.includes(secret)).map(([where]) => where)

  it('none is in a line of the log, at the level debug', () => {
    expect(lines.join('')).to.contain('http.refused').and.to.contain('"level":"debug"')
    expect(foundIn(lines.join(''))).to.deep.equal([])
    expect(lines.join('')).not.to.contain(inPayload)
  })

  it('none is in an answer, be it of success, error, or metrics', () => {
    expect(answers.join('\n')).to.contain('Canary Person').and.to.contain('wasl_events_total')
    expect(foundIn(answers.join('\n'))).to.deep.equal([])
    expect(answers.join('\n')).not.to.contain(inPayload)
  })

  it('A03: none is in a document of the store', async () => {
    const { db } = college.engine.store
    const names = (await db.listCollections().toArray()).map(({ name }) => name)
    expect(names).to.include.members(['deliveries', 'records', 'tenants', 'keys', 'audit', 'vault'])
    const texts: string[] = []
    for (const name of names)
      for await (const document of db.collection(name).find())
        for (const value of Object.values(document)) {
          const text = JSON.stringify(value, (_, inner) =>
            typeof inner?.sub_type === 'number' || inner?._bsontype === 'Binary'
              ? Buffer.from(inner.buffer).toString('latin1')
              : inner?.type === 'Buffer'
                ? Buffer.from(inner.data).toString('latin1')
                : inner,
          )
          texts.push(text)
        }
    expect(texts.join('\n')).to.contain('Canary Person')
    expect(foundIn(texts.join('\n'))).to.deep.equal([])
    expect(texts.join('\n')).not.to.contain(inPayload)
    expect(
      await db.collection('deliveries').countDocuments({ raw: { $exists: true }, sealed: true }),
    ).to.be.above(8)
  })

  it('none is in the files of the store', async () => {
    const files = (await readdir(college.settings.dataFolder, { recursive: true, withFileTypes: true }))
      .filter(file => file.isFile())
      .map(file => join(file.parentPath, file.name))
      // For their owner alone (0600): the demo's credentials, and the key of the installation.
      .filter(file => !/credentials\.json$|\bkey$/.test(file))
    const contents = await Promise.all(files.map(file => readFile(file, 'latin1')))
    expect(
      contents.some(text => text.includes('Canary Person')),
      'the search finds what is there',
    ).to.equal(true)
    expect(files.filter((_, place) => foundIn(contents[place] ?? '').length > 0)).to.deep.equal([])
    expect(files.filter((_, place) => contents[place]?.includes(inPayload))).to.deep.equal([])
  })

  it('T10: bytes that were moved to another delivery are never read; those stored before they were sealed are', async () => {
    const deliveries = college.engine.store.db.collection<{ _id: string; raw: Buffer; sealed?: boolean }>(
      'deliveries',
    )
    const [one, other, third] = await deliveries
      .find({ channel: 'events', 'events.outcome': { $in: ['NEW', 'UPDATED', 'UNCHANGED'] } } as object)
      .limit(3)
      .toArray()
    if (one === undefined || other === undefined || third === undefined) throw new Error('too few')
    await deliveries.updateOne({ _id: one._id }, { $set: { raw: other.raw } })
    const old = Buffer.from(
      JSON.stringify({ module: 'BTEC_Students', record_id: '1', operation: 'nonsense' }),
    )
    await deliveries.updateOne({ _id: third._id }, { $set: { raw: old }, $unset: { sealed: '' } })
    for (const { _id } of [one, third])
      expect((await college.call('POST', `/api/v1/events/${_id}-0/replay`)).status).to.equal(202)
    await college.quiet()
    const codeOf = async (id: string) => (await college.call('GET', `/api/v1/events/${id}-0`)).body
    expect(await codeOf(one._id)).to.include({ outcome: 'INVALID', code: 'PAYLOAD_UNREADABLE' })
    // Read, and found to be no webhook.
    expect(await codeOf(third._id))
      .to.include({ outcome: 'INVALID' })
      .and.not.to.include({
        code: 'PAYLOAD_UNREADABLE',
      })
  }).timeout(30_000)
})
