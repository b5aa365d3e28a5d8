/** What senders send that no sender should, through the door to the record and to Moodle. */
import { expect } from 'chai'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, notification, openCollege, until } from './college.ts'

type Item = Readonly<Record<string, Json>>

describe('data that is hostile, or only strange', () => {
  let college: College
  let next = 0

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  const id = () => String(8_100_000_000_000_000_000n + BigInt(++next))
  const student = (more: Payload = {}): Payload & { id: string } => {
    const own = id()
    return {
      id: own,
      Student_ID: `D-${own.slice(-4)}`,
      Full_Name: 'Dalia Strange',
      Academic_Email: `dalia.${own.slice(-4)}@college.test`,
      ...more,
    }
  }

  /** Signed over exactly these bytes. */
  async function raw(text: string | Buffer, prefer = 'wait=10') {
    const endpoint = college.engine.credentials.endpoints['zoho']!
    const path = `/api/v1/events/zoho/student?endpoint=${endpoint.id}`
    const body = Buffer.from(text)
    const signed = signatureHeaders({ method: 'POST', path, body, now: Date.now() }, endpoint.secret)
    const response = await fetch(`${college.engine.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer, ...signed },
      body,
    })
    return { status: response.status, body: (await response.json()) as Item }
  }
  const send = async (one: Payload & { id: string }) => {
    const { status, body } = await raw(JSON.stringify(notification(one)))
    expect(status, JSON.stringify(body)).to.be.oneOf([200, 202])
    return body
  }
  const fieldsOf = async (zohoId: string) => {
    const [record] = await college.engine.store.records.byIdentities('default', [
      `zoho/BTEC_Students:${zohoId}`,
    ])
    return record?.fields ?? {}
  }
  const user = (number: Json | undefined) =>
    [...college.moodle.site.users.all()].find(({ idnumber }) => idnumber === number)
  /** The dead letter of a delivery, by the id of its only event. */
  const letter = (body: Item) =>
    until('the dead letter', async () => {
      const [event] = (body['events'] as Item[] | undefined) ?? [body]
      const found = await college.call('GET', `/api/v1/dead-letters/${event?.['id']}`)
      return found.status === 200 ? found.body : undefined
    })

  it('W10, W11, W13, W14, W15, D05: what cannot be read is stored, answered 202, and a dead letter that says why', async () => {
    const half = (text: string) => `{"module":"BTEC_Students","operation":"update",${text}}`
    const unreadable: readonly (readonly [string | Buffer, string])[] = [
      ['['.repeat(400_000) + ']'.repeat(400_000), 'JSON_DEPTH'],
      ['{"id":"1","id":"2"}', 'JSON_DUPLICATE_KEY'],
      [Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]), 'JSON_UTF8'],
      [half('"data":{"id":"1","Full_Name":"\\ud83d!"}'), 'JSON_LONE_SURROGATE'],
      [half('"__proto__":{"isAdmin":true}'), 'JSON_PROTO_KEY'],
      [half('"\\u005f_proto__":1'), 'JSON_PROTO_KEY'],
      ['', 'JSON_SYNTAX'],
      ['{', 'JSON_SYNTAX'],
    ]
    for (const [text, code] of unreadable) {
      const { status, body } = await raw(text, 'respond-async')
      expect(status, code).to.equal(202)
      const found = await letter(body)
      expect(found, code).to.include({ code })
      expect(found['explained'], code).to.have.property('next')
    }
    for (const text of ['null', '[]', '"x"', '1', '{"constructor":{"prototype":{"x":1}}}']) {
      const { status, body } = await raw(text, 'respond-async')
      expect(status, text).to.equal(202)
      expect((await letter(body))['state'], text).to.be.oneOf(['unreadable', 'invalid'])
    }
    expect(({} as { isAdmin?: boolean; x?: number }).isAdmin ?? ({} as { x?: number }).x).to.equal(undefined)
    const bytes = await college.engine.store.db.collection('deliveries').find().toArray()
    expect(JSON.stringify(bytes.map(({ raw: _, ...rest }) => rest))).to.not.contain('\ufffd')
  }).timeout(20_000)

  it('W12: a byte order mark before the JSON is passed over, and signed with it', async () => {
    const one = student()
    const { body } = await raw(`\ufeff${JSON.stringify(notification(one))}`)
    expect(body).to.include({ outcome: 'NEW' })
  })

  it('D01: ids that no number of JavaScript can hold are two records', async () => {
    for (const last of ['017', '018']) {
      const one = notification(student({ Student_ID: `D01-${last}` }))
      const text = JSON.stringify(one).replaceAll(/"(81\d{17})"/g, `3652397000000186${last}`)
      expect(text).to.contain(`"id":3652397000000186${last}`)
      expect((await raw(text)).body).to.include({ outcome: 'NEW' })
    }
    for (const last of ['017', '018'])
      expect(await fieldsOf(`3652397000000186${last}`)).to.include({
        zohoId: `3652397000000186${last}`,
        studentId: `D01-${last}`,
      })
  })

  it('D03, D04: names arrive as they were written, whatever their form, marks and directions', async () => {
    const names = [
      'محمد علي'.normalize('NFC'),
      'أحمد آل علي'.normalize('NFD'),
      'ﻣﺤﻤﺪ ﻋﻠﻲ',
      'محـــمد علي',
      'محمد\u202egpj.exe علي',
      '\u2067محمد\u2069 علي\u200f',
      'Zoë Ånd'.normalize('NFD'),
    ]
    for (const name of names) {
      const one = student({ Full_Name: name })
      await send(one)
      expect((await fieldsOf(one.id))['fullName'], JSON.stringify(name)).to.equal(name)
      const { firstname, lastname } = user(one['Student_ID']) ?? {}
      expect(`${firstname} ${lastname}`, JSON.stringify(name)).to.equal(name)
    }
  }).timeout(20_000)

  it('D06: a NUL cuts nothing off: what a remote does not take of it is a dead letter', async () => {
    const one = student({ City: 'Amm\u0000an', ['K\u0000ey']: 'x' })
    expect(await send(one)).to.include({ outcome: 'FAILED', code: 'MOODLE_INVALID' })
    expect((await fieldsOf(one.id))['city'], 'stored as it came').to.equal('Amm\u0000an')
    expect(user(one['Student_ID']), 'nobody was made with half of it').to.equal(undefined)
  })

  it('D07: the digits of a number are kept, and the same content stays unchanged', async () => {
    const one = student({ City: 'NUMBER' })
    for (const [place, [number, kept = number]] of [
      ['0.1'],
      ['1e400'],
      // The same number, which JSON may write in both ways.
      ['-0', '0'],
      ['1E5', '100000'],
      ['12345678901234567890.123'],
    ].entries() as Iterable<[number, [string, string?]]>) {
      const text = (at: string) => JSON.stringify(notification(one, { at })).replace('"NUMBER"', number)
      const first = await raw(text(`2027-01-01T00:00:0${place}Z`))
      expect(first.body['outcome'], number).to.be.oneOf(['NEW', 'UPDATED'])
      expect((await fieldsOf(one.id))['city'], number).to.equal(kept)
      const again = await raw(text(`2027-01-01T00:00:0${place}Z`))
      expect(again.body['outcome'], number).to.equal('UNCHANGED')
    }
  }).timeout(20_000)

  it('D12: a deleted record stays deleted for what is older, and lives for what is newer', async () => {
    const one = student()
    await raw(JSON.stringify(notification(one, { at: '2026-11-01T10:00:00Z' })))
    const gone = { ...notification(one, { operation: 'delete', at: '2026-11-03T10:00:00Z' }), data: {} }
    expect((await raw(JSON.stringify(gone))).body).to.include({ outcome: 'DELETED' })
    const older = await raw(
      JSON.stringify(notification({ ...one, City: 'Old' }, { at: '2026-11-02T10:00:00Z' })),
    )
    expect(older.body).to.include({ outcome: 'SKIPPED', reason: 'older' })
    await college.quiet()
    expect(user(one['Student_ID'])?.suspended).to.equal(1)
    const newer = { ...one, City: 'Salt', Status: 'Active' }
    const back = await raw(
      JSON.stringify(notification(newer, { at: '2026-11-04T10:00:00Z', operation: 'insert' })),
    )
    expect(back.body['outcome']).to.be.oneOf(['UPDATED', 'NEW'])
    await college.quiet()
    expect(user(one['Student_ID'])).to.include({ suspended: 0, city: 'Salt' })
  }).timeout(20_000)

  it('D13: 64 kB of text and 500 values go through or say why; nothing falls over', async () => {
    const answer = await send(
      student({ City: 'x'.repeat(65_536), Custom: Array.from({ length: 500 }, String) }),
    )
    expect(answer['outcome']).to.be.oneOf(['NEW', 'INVALID'])
    const many = student({ Languages: Array.from({ length: 500 }, (_, n) => `value ${n}`) })
    expect(await send(many)).to.include({ outcome: 'NEW' })
    const large = await raw(JSON.stringify(notification(student({ City: 'x'.repeat(1_100_000) }))))
    expect([large.status, large.body['code']]).to.deep.equal([413, 'BODY_TOO_LARGE'])
    const batch = await college.call('POST', '/api/v1/sync/students', {
      data: [student({ City: 'x'.repeat(17_000_000) })],
    })
    expect([batch.status, batch.body['code']]).to.deep.equal([413, 'BODY_TOO_LARGE'])
    expect(await send(student())).to.include({ outcome: 'NEW' })
  }).timeout(30_000)

  it('D14: fields with names that mean something elsewhere are data', async () => {
    const names = {
      $set: 1,
      'a.b': 2,
      toString: 'x',
      length: 3,
      '': 4,
      constructor: 'y',
      hasOwnProperty: 'z',
    }
    const one = student({ ...names, City: 'Irbid' })
    expect(await send(one)).to.include({ outcome: 'NEW' })
    expect(await fieldsOf(one.id)).to.include({ city: 'Irbid', fullName: 'Dalia Strange' })
    expect(await send({ ...one, $where: 'sleep(1000)', City: 'Salt' })).to.include({ outcome: 'UPDATED' })
  })

  it('W02: the same delivery 50 times at once is one', async () => {
    const text = JSON.stringify(notification(student()))
    const answers = await Promise.all(Array.from({ length: 50 }, () => raw(text, 'respond-async')))
    expect(answers.filter(({ status }) => status < 200 || status > 299)).to.deep.equal([])
    expect(new Set(answers.map(({ body }) => body['id'])).size).to.equal(1)
    expect(answers.filter(({ status }) => status === 202)).to.have.length(1)
  })

  it('W04: two notifications of the same bytes and no id are two, and the second edit arrives', async () => {
    const fields = { Student_ID: 'W04-1', Full_Name: 'First Edit', Academic_Email: 'w04@college.test' }
    const known = college.zoho.person.create('BTEC_Students', fields)
    const text = JSON.stringify({ module: 'BTEC_Students', operation: 'update', ids: [known] })
    const first = await raw(text)
    await until('the first edit', () => user('W04-1')?.lastname === 'Edit')
    college.zoho.person.update('BTEC_Students', known, { Full_Name: 'Second Change' })
    const second = await raw(text)
    expect(second.body['id']).to.not.equal(first.body['id'])
    await until('the second edit', () => user('W04-1')?.lastname === 'Change')
  }).timeout(20_000)
})
