import { expect } from 'chai'
import { errorOf, errorOfStatus, refusalIn, verdicts, warningsIn } from '../../../connectors/moodle/errors.ts'
import { DataError, RetryableError, SetupError, type WaslError } from '../../../core/errors.ts'
import type { HttpAnswer, Payload } from '../../../core/plugin.ts'

const classes = { data: DataError, retry: RetryableError, setup: SetupError }

describe("Moodle's errors", () => {
  const cases: readonly {
    readonly errorcode: string
    readonly is: keyof typeof classes
    readonly code: string
    readonly at?: string
    readonly resource?: string
    readonly gate?: string
  }[] = [
    { errorcode: 'invalidtoken', is: 'setup', code: 'MOODLE_TOKEN', at: 'token' },
    { errorcode: 'accessexception', is: 'setup', code: 'MOODLE_FUNCTION', resource: 'moodle/user' },
    { errorcode: 'wsaccessusersuspended', is: 'setup', code: 'MOODLE_ACCOUNT', at: 'token' },
    { errorcode: 'nopermissions', is: 'setup', code: 'MOODLE_CAPABILITY', resource: 'moodle/user' },
    { errorcode: 'requireloginerror', is: 'setup', code: 'MOODLE_CAPABILITY', resource: 'moodle/user' },
    { errorcode: 'wsusercannotassign', is: 'setup', code: 'MOODLE_CAPABILITY', resource: 'moodle/user' },
    { errorcode: 'sitemaintenance', is: 'retry', code: 'MOODLE_MAINTENANCE', gate: 'outage' },
    { errorcode: 'upgraderunning', is: 'retry', code: 'MOODLE_MAINTENANCE', gate: 'outage' },
    { errorcode: 'dmlwriteexception', is: 'retry', code: 'MOODLE_DATABASE' },
    { errorcode: 'shortnametaken', is: 'data', code: 'MOODLE_TAKEN', at: 'shortname' },
    { errorcode: 'courseidnumbertaken', is: 'data', code: 'MOODLE_TAKEN', at: 'idnumber' },
    { errorcode: 'errorcatcontextnotvalid', is: 'data', code: 'MOODLE_NO_CATEGORY', at: 'categoryid' },
    { errorcode: 'invaliduser', is: 'data', code: 'MOODLE_NO_USER', at: 'userid' },
    { errorcode: 'invalidparameter', is: 'data', code: 'MOODLE_INVALID' },
    { errorcode: 'invaliduserid', is: 'data', code: 'REMOTE_GONE', at: 'id' },
    { errorcode: 'useremailduplicate', is: 'data', code: 'MOODLE_TAKEN', at: 'email' },
    {
      errorcode: '<div>Passwords must be at least 8 characters long.</div>',
      is: 'data',
      code: 'MOODLE_REFUSED',
    },
  ]
  const errorFor = (errorcode: string): WaslError => {
    const refusal = refusalIn({ exception: 'x', errorcode, message: 'said' })!
    return errorOf(refusal, 'core_user_create_users', 'moodle/user')
  }

  for (const { errorcode, is, code, at, resource, gate } of cases)
    it(`${errorcode} is ${code}`, () => {
      const error = errorFor(errorcode)
      expect(error).to.be.instanceOf(classes[is])
      expect(error.code).to.equal(code)
      expect(error.remote).to.equal('moodle')
      if (at !== undefined) expect(error.at).to.equal(at)
      if (is === 'setup') expect((error as SetupError).resource).to.equal(resource)
      if (is === 'retry') expect((error as RetryableError).gate).to.equal(gate)
    })

  it('an exception without an errorcode is a program error inside Moodle, to be tried again', () => {
    const refusal = refusalIn({ exception: 'TypeError', message: 'array_key_exists(): Argument #2' })!
    const error = errorOf(refusal, 'mod_assign_save_grade', 'moodle/grade')
    expect(error).to.be.instanceOf(RetryableError)
    expect(error.code).to.equal('MOODLE_INTERNAL')
  })

  it('no errorcode stands in the table twice', () => {
    const all = verdicts.flatMap(({ errorcodes }) => errorcodes)
    expect(new Set(all).size).to.equal(all.length)
  })

  it('debuginfo goes nowhere, only the names of our own parameters are taken from it', () => {
    const body = {
      exception: 'core\\exception\\invalid_parameter_exception',
      errorcode: 'invalidparameter',
      message: 'Invalid parameter value detected',
      debuginfo:
        'users => Invalid parameter value detected: username => Invalid parameter value detected: Invalid external api parameter: the value is "S.Upper", the server was expecting "username" type',
    }
    const error = errorOf(refusalIn(body)!, 'core_user_create_users', 'moodle/user')
    expect(error.at).to.equal('username')
    expect(JSON.stringify({ ...error, message: error.message })).to.not.include('S.Upper')
  })

  it('HTML in a message becomes plain text', () => {
    const refusal = refusalIn({ exception: 'x', errorcode: 'y', message: '<div>One.</div><div>Two.</div>' })!
    expect(refusal.message).to.equal('One. Two.')
  })

  for (const body of [null, [], 'text', 1, {}, { warnings: [] }, [{ id: 5, username: 'ali' }]])
    it(`${JSON.stringify(body)} is no exception`, () =>
      expect(refusalIn(body as Payload)).to.equal(undefined))

  it('warnings name the item that they are about', () => {
    const body = {
      warnings: [
        { item: 'user', itemid: 5, warningcode: 'useremailduplicate', message: 'Duplicate address' },
      ],
    }
    const [warning] = warningsIn(body)
    expect(warning).to.deep.include({ item: 'user', itemid: '5' })
    expect(errorOf(warning!.refusal, 'core_user_update_users', 'moodle/user')).to.include({ at: 'email' })
  })

  it('null and an empty list hold no warnings', () => {
    expect(warningsIn(null)).to.deep.equal([])
    expect(warningsIn({ warnings: [] })).to.deep.equal([])
  })

  describe('by HTTP status', () => {
    const answer = (status: number, text = '<html>', headers = {}): HttpAnswer => ({
      status,
      headers,
      text,
      json: () => null,
    })
    const statuses: readonly {
      status: number
      text?: string
      is: keyof typeof classes
      code: string
      gate?: string
    }[] = [
      { status: 429, is: 'retry', code: 'MOODLE_BUSY', gate: 'busy' },
      { status: 503, is: 'retry', code: 'MOODLE_MAINTENANCE', gate: 'outage' },
      { status: 500, is: 'retry', code: 'MOODLE_OUTAGE', gate: 'outage' },
      { status: 502, is: 'retry', code: 'MOODLE_OUTAGE', gate: 'outage' },
      { status: 403, text: '', is: 'setup', code: 'MOODLE_WEB_SERVICES_OFF' },
      { status: 403, is: 'setup', code: 'MOODLE_ADDRESS' },
      { status: 302, is: 'setup', code: 'MOODLE_ADDRESS' },
      { status: 404, is: 'setup', code: 'MOODLE_ADDRESS' },
    ]
    for (const { status, text, is, code, gate } of statuses)
      it(`${status}${text === '' ? ' without a body' : ''} is ${code}`, () => {
        const error = errorOfStatus(answer(status, text), 'core_webservice_get_site_info', false)
        expect(error).to.be.instanceOf(classes[is])
        expect(error!.code).to.equal(code)
        if (is === 'retry') expect((error as RetryableError).gate).to.equal(gate)
      })
    it('200 is no error', () => expect(errorOfStatus(answer(200), 'x', false)).to.equal(undefined))
    it('the wait that Moodle asks for is taken over', () => {
      const error = errorOfStatus(answer(429, '', { 'retry-after': '7' }), 'x', false) as RetryableError
      expect(error.retryAfterMs).to.equal(7_000)
    })
    it('a server error leaves open whether a write took effect', () => {
      const ambiguous = (writes: boolean) =>
        (errorOfStatus(answer(500), 'x', writes) as RetryableError).ambiguous
      expect([ambiguous(true), ambiguous(false)]).to.deep.equal([true, false])
    })
  })
})
