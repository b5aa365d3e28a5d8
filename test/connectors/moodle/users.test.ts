import { expect } from 'chai'
import { DataError, RetryableError, SetupError } from '../../../core/errors.ts'
import type { Payload, WriteOperation, WriteResult } from '../../../core/plugin.ts'
import { type Connected, type ConnectedSite, connect, connectSite, never } from './connected.ts'
import { errorOf, raised } from './failures.ts'
import { inSandbox, onSandbox } from './site.ts'

/** Names of the test's own run: a real Moodle keeps what other tests left. */
let run = ''
const person = (name: string, more: Payload = {}): Payload => ({
  username: `${name}.${run}`,
  email: `${name}@${run}.example`,
  firstname: 'First',
  lastname: 'Last',
  ...more,
})
const student = (n: number, more: Payload = {}): WriteOperation => ({
  fields: person(`student.${n}`, { firstname: `First ${n}`, lastname: `Last ${n}`, ...more }),
})

describe('users in Moodle', () => {
  let connected: ConnectedSite
  const users = () => connected.connection.resources['user']!
  const site = () => connected.site
  const sandbox = () => connected.site.sandbox!
  const calls = () => connected.calls
  const put = (name: string, more: Payload = {}) => site().create('user', person(name, more))
  const read = async (result: WriteResult | undefined) => {
    if (result === undefined || !result.ok) throw new Error('it was refused')
    return (await site().read('user', result.id))!
  }

  beforeEach(async () => {
    connected = await connectSite()
    run = connected.site.run
  })
  afterEach(() => connected.stop())

  describe('batches, which Moodle takes whole or not at all', () => {
    it('one taken username in 50 costs few calls, and the other 49 are created', async () => {
      const id = await put('student.31')
      const results = await users().write(
        Array.from({ length: 50 }, (_, n) => student(n)),
        never,
      )
      expect(results.filter(({ ok }) => ok)).to.have.length(49)
      expect(results[31]).to.deep.include({ ok: false, duplicateOf: { by: 'username', id } })
      expect(calls().length).to.be.at.most(5)
    })

    it('100 of them with one taken username cost at most 20 calls', async () => {
      await put('student.77')
      const results = await users().write(
        Array.from({ length: 100 }, (_, n) => student(n)),
        never,
      )
      expect(results.filter(({ ok }) => ok)).to.have.length(99)
      expect(calls().length).to.be.at.most(20)
    })

    it('a fault that no rule names is found by halving', async () => {
      const bad = student(9, { timezone: 'x', lang: 'klingon' })
      const results = await users().write([...Array.from({ length: 8 }, (_, n) => student(n)), bad], never)
      expect(results.map(({ ok }) => ok)).to.deep.equal([...Array(8).fill(true), false])
      expect(errorOf(results[8]).code).to.equal('MOODLE_INVALID')
    })

    onSandbox('a failing database is not searched for its culprit for ever', async () => {
      sandbox().faults.add({ kind: 'database', times: Number.POSITIVE_INFINITY, writes: true })
      const results = await users().write(
        Array.from({ length: 50 }, (_, n) => student(n)),
        never,
      )
      for (const result of results) expect(errorOf(result)).to.be.instanceOf(RetryableError)
      expect(calls().filter(name => name === 'core_user_create_users').length).to.be.at.most(30)
    })

    it('a value that the database refuses holds up no other', async () => {
      const results = await users().write(
        [student(1), student(2, { phone1: '1'.repeat(21) }), student(3)],
        never,
      )
      expect(results.map(({ ok }) => ok)).to.deep.equal([true, false, true])
      expect(errorOf(results[1]).code).to.equal('MOODLE_DATABASE')
    })

    onSandbox('what was created stays created when Moodle fails half way', async () => {
      const many = Array.from({ length: 51 }, (_, n) => student(n))
      const answer = await new Promise<readonly WriteResult[]>((resolve, reject) => {
        const writing = users().write(many, never)
        sandbox().site.listeners.add(({ data }) => {
          if (data['username'] === `student.49.${run}`) sandbox().faults.add({ kind: 'maintenance' })
        })
        writing.then(resolve, reject)
      })
      expect(answer.slice(0, 50).every(({ ok }) => ok)).to.equal(true)
      expect((errorOf(answer[50]) as RetryableError).gate).to.equal('outage')
    })
  })

  describe('what is sent', () => {
    onSandbox('asks Moodle to make a password, and sends none', async () => {
      await users().write([student(1)], never)
      const [created] = sandbox().log.filter(call => call.function === 'core_user_create_users')
      expect(JSON.stringify(created!.parameters))
        .to.include('"createpassword":"1"')
        .and.to.not.include('"password"')
    })

    it('refuses a password, and a field that Moodle has not, before it is sent', async () => {
      const results = await users().write(
        [student(1, { password: 'Geheim-1!' }), student(2, { phone9: '1' })],
        never,
      )
      expect(errorOf(results[0])).to.include({ code: 'MOODLE_PASSWORD', at: 'password' })
      expect(errorOf(results[1])).to.include({ code: 'MOODLE_FIELD', at: 'phone9' })
      expect(calls()).to.deep.equal([])
    })

    it('text that looks like another parameter arrives as text', async () => {
      const firstname = 'x&users[0][auth]=nologin'
      const [result] = await users().write([student(1, { firstname })], never)
      const user = await read(result)
      expect([user['firstname'], user['auth']]).to.deep.equal([firstname, 'manual'])
    })

    it('a field name that would begin another parameter is refused', async () => {
      const name = 'a]=1&wsfunction=core_user_delete_users&b['
      const [result] = await users().write([student(1, { [name]: 'x' })], never)
      expect(errorOf(result)).to.include({ code: 'MOODLE_FIELD', at: name })
    })

    it('keeps Arabic, 4-byte characters and leading zeros', async () => {
      const idnumber = `000${run}`
      const fields = { firstname: 'عبد الرحمن', lastname: '😀 O’Neil', idnumber }
      const [result] = await users().write([student(1, fields)], never)
      const user = await read(result)
      expect(user).to.deep.include(fields)
      const found = await users().find('idnumber', [idnumber, run], never)
      expect([...found.keys()]).to.deep.equal([idnumber])
      expect(found.get(idnumber)![0]).to.deep.include({ ...fields, id: String(user['id']) })
    })

    it('a suspended user is created, then suspended: Moodle cannot do it in one', async () => {
      const results = await users().write(
        [student(1, { suspended: true }), student(2, { suspended: false })],
        never,
      )
      for (const result of results) expect(result).to.include({ ok: true, action: 'created' })
      const states = [await read(results[0]), await read(results[1])].map(({ suspended }) => suspended)
      expect(states).to.deep.equal([true, false])
    })

    it('an update without fields is no call', async () => {
      const id = await put('a')
      const results = await users().write([{ id, fields: { id } }], never)
      expect(results).to.deep.equal([{ ok: true, id, action: 'unchanged' }])
      expect(calls()).to.deep.equal([])
    })
  })

  describe('refusals in production, where Moodle does not say why', () => {
    const refusals: readonly (readonly [string, Payload, string])[] = [
      ['an email that is none', { email: 'not-an-email' }, 'email'],
      ['a username in capitals', { username: 'S.Upper' }, 'username'],
      ['a first name that is empty', { firstname: ' ' }, 'firstname'],
      ['a name with a tag', { lastname: 'Ali <b>' }, 'lastname'],
      ['a country in words', { country: 'الأردن' }, 'country'],
      ['an email with a blank', { email: ' a@college.example' }, 'email'],
    ]
    for (const [title, fields, at] of refusals)
      it(`${title} is told at its field`, async () => {
        const [result] = await users().write([student(1, fields)], never)
        expect(errorOf(result)).to.be.instanceOf(DataError)
        expect(errorOf(result)).to.include({ code: 'MOODLE_INVALID', at })
      })

    it('a less-than sign between blanks is no tag', async () => {
      const [result] = await users().write([student(1, { city: 'a < b' })], never)
      expect(result).to.include({ ok: true })
    })

    it('an email that differs in case only is found all the same', async () => {
      const id = await put('other', { email: `Student.1@${run.toUpperCase()}.example` })
      const [result] = await users().write([student(1)], never)
      expect(result).to.deep.include({ ok: false, duplicateOf: { by: 'email', id } })
    })

    it('the key of the operation is what the duplicate is told by', async () => {
      const id = await put('student.1')
      const key = { by: 'email', value: `student.1@${run}.example` }
      const [result] = await users().write([{ ...student(1), key }], never)
      expect(result).to.deep.include({ duplicateOf: { by: 'email', id } })
    })
  })

  describe('updates, which Moodle answers with a warning each', () => {
    let first = ''
    let second = ''
    beforeEach(async () => {
      first = await put('u1')
      second = await put('u2')
    })
    const updates: readonly (readonly [string, () => WriteOperation, string, string])[] = [
      ['an unknown user', () => ({ id: '999999', fields: { city: 'x' } }), 'REMOTE_GONE', 'id'],
      [
        'an email that another has',
        () => ({ id: first, fields: { email: `u2@${run}.example` } }),
        'MOODLE_TAKEN',
        'email',
      ],
      ['an email that is none', () => ({ id: first, fields: { email: 'bad' } }), 'MOODLE_INVALID', 'email'],
      [
        'a username that another has',
        () => ({ id: first, fields: { username: `u2.${run}` } }),
        'MOODLE_TAKEN',
        'username',
      ],
      ['the administrator', () => ({ id: '2', fields: { city: 'x' } }), 'MOODLE_PROTECTED', 'id'],
    ]
    for (const [title, operation, code, at] of updates)
      it(`${title} fails alone`, async () => {
        const results = await users().write([operation(), { id: second, fields: { city: 'Amman' } }], never)
        expect(errorOf(results[0])).to.include({ code, at })
        expect(results[1]).to.deep.equal({ ok: true, id: second, action: 'updated' })
        expect(await site().read('user', second)).to.include({ city: 'Amman' })
      })

    onSandbox('a program error of a plugin in Moodle is tried again later', async () => {
      sandbox().faults.add({ kind: 'program-error' })
      const [result] = await users().write([{ id: first, fields: { city: 'x' } }], never)
      expect(errorOf(result)).to.be.instanceOf(RetryableError)
      expect(errorOf(result).code).to.equal('MOODLE_INTERNAL')
    })
  })

  describe('look-ups', () => {
    it('by email regard no case, and no wildcard', async () => {
      await put('axb')
      const find = async (value: string) => (await users().find('email', [value], never)).size
      expect(await find(`axb@${run}.example`)).to.equal(1)
      for (const value of [`a_b@${run}.example`, `%@${run}.example`, `a%b@${run}.example`])
        expect(await find(value), value).to.equal(0)
    })

    it('with a malformed value among them still find the others', async () => {
      await put('ali')
      const found = await users().find('username', ['ALI!', `ali.${run}`, 'x y'], never)
      expect([...found.keys()]).to.deep.equal([`ali.${run}`])
    })

    it('of 120 values take three calls', async () => {
      const many = Array.from({ length: 120 }, (_, n) => student(n))
      await users().write(many, never)
      calls().length = 0
      const values = many.map(({ fields }) => String(fields['username']))
      expect((await users().find('username', values, never)).size).to.equal(120)
      expect(calls()).to.have.length(3)
    })

    it('of a deleted user find nobody, and reading says that he is gone', async function () {
      if (!site().mayDelete) return this.skip()
      const id = await put('leaver')
      await site().remove('user', id)
      expect((await users().find('id', [id], never)).size).to.equal(0)
      expect((await users().read([id], never)).get(id)).to.deep.equal({ state: 'gone' })
      const names = await users().find('email', [`leaver@${run}.example`], never)
      expect(names.size).to.equal(0)
    })

    it('by another field are refused with the fields that can be used', async () => {
      const error = await raised(users().find('lastname', ['x'], never))
      expect(error).to.be.instanceOf(SetupError)
      expect(error).to.include({ code: 'MOODLE_FIND', resource: 'moodle/user' })
    })

    for (const capability of ['moodle/site:viewuseridentity', 'moodle/user:viewdetails'])
      onSandbox(`without ${capability} nobody is believed to be missing`, async () => {
        await put('ali', { idnumber: 'STU-1' })
        const { withheld } = sandbox().site
        withheld.add(capability)
        const email = `ali@${run}.example`
        const error = await raised(users().find('email', [email], never))
        expect(error).to.be.instanceOf(SetupError)
        expect(error).to.include({ code: 'MOODLE_USERS_HIDDEN', resource: 'moodle/user' })
        const wrong = (await connected.connection.check(never)).filter(({ ok }) => !ok)
        expect(wrong.map(({ name }) => name)).to.deep.equal(['sight of users', 'capabilities'])
        withheld.delete(capability)
        expect((await users().find('email', [email], never)).size).to.equal(1)
      })

    it('of a missing user ask Moodle once a minute whether users can be seen', async () => {
      for (let n = 0; n < 5; n++) await users().find('username', [`nobody${n}.${run}`], never)
      expect(calls().filter(name => name === 'core_webservice_get_site_info')).to.have.length(1)
    })
  })
})

inSandbox('a Moodle that answers badly', () => {
  let connected: Connected
  const users = () => connected.connection.resources['user']!
  beforeEach(async () => {
    connected = await connect()
    run = 'x'
  })
  afterEach(() => connected.stop())

  describe('what comes back broken', () => {
    it('half an answer to a creation leaves open whether it took effect', async () => {
      connected.sandbox.faults.add({ kind: 'half', writes: true })
      const error = await raised(users().write([student(1)], never))
      expect(error).to.be.instanceOf(RetryableError)
      expect(error).to.include({ ambiguous: true })
      expect(connected.sandbox.site.users.size).to.equal(5)
    })

    it('a notice of PHP before the answer does too', async () => {
      connected.sandbox.faults.add({ kind: 'notice', writes: true })
      expect(await raised(users().write([student(1)], never))).to.include({
        code: 'REMOTE_NOT_JSON',
        ambiguous: true,
      })
    })

    it('to a look-up it leaves nothing open', async () => {
      connected.sandbox.faults.add({ kind: 'notice' })
      expect(await raised(users().find('username', ['x'], never))).to.include({ ambiguous: false })
    })
  })

  it('no log line and no error holds the token', async () => {
    const kinds = [
      'invalid-token',
      'error',
      'maintenance',
      'drop',
      'expired-token',
      'account-suspended',
    ] as const
    const said: string[] = []
    for (const kind of kinds) {
      connected.sandbox.faults.add({ kind })
      const error = (await raised(users().read(['5'], never))) as Error & { hint?: string }
      said.push(error.message, error.hint ?? '', JSON.stringify(error), String(error.stack))
    }
    said.push(JSON.stringify(connected.lines))
    expect(said.join('\n')).to.not.include(connected.sandbox.token)
    expect(JSON.stringify(connected.sandbox.log)).to.not.include(connected.sandbox.token)
  })

  it('web services that are switched off are told as such', async () => {
    connected.sandbox.faults.add({ kind: 'web-services-off' })
    expect(await raised(users().read(['5'], never))).to.include({
      code: 'MOODLE_WEB_SERVICES_OFF',
      at: 'url',
    })
  })
})
