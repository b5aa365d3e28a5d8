import { expect } from 'chai'
import { duplicateIn, errorOf, fieldOf, refusalIn, retryAfterOf } from '../../../connectors/zoho/errors.ts'
import { DataError, RetryableError, SetupError } from '../../../core/errors.ts'
import type { Payload } from '../../../core/plugin.ts'

const refusal = (status: number, code: string, details: Payload = {}, message = '') =>
  refusalIn({ code, details, message, status: 'error' }, status)

const duplicate = (by: string, id: string) => ({
  code: 'DUPLICATE_DATA',
  details: {
    api_name: by,
    duplicate_record: { id, module: { api_name: 'BTEC_Grades', id: '1' } },
    json_path: `$.data[0].${by}`,
  },
  message: 'duplicate data',
  status: 'error',
})

describe('what a refusal of Zoho means', () => {
  const retry = (code: string, gate?: string) => ({ type: RetryableError, code, gate })
  const setup = (code: string, resource?: string, at?: string) => ({ type: SetupError, code, resource, at })
  const data = (code: string, at?: string) => ({ type: DataError, code, at })
  const field = { api_name: 'Score', json_path: '$.data[7].Score' }

  const table: [
    string,
    number,
    string,
    Payload,
    ReturnType<typeof retry> | ReturnType<typeof setup> | ReturnType<typeof data>,
  ][] = [
    ['credits or concurrency', 429, 'TOO_MANY_REQUESTS', {}, retry('ZOHO_BUSY', 'busy')],
    ['the samples of the OAS', 429, 'RATE_LIMIT_EXCEEDED', {}, retry('ZOHO_BUSY', 'busy')],
    ['a 429 without a body', 429, '', {}, retry('ZOHO_BUSY', 'busy')],
    ['a refused token', 401, 'INVALID_TOKEN', {}, retry('ZOHO_TOKEN', 'token')],
    ['a refused token, other words', 401, 'AUTHENTICATION_FAILURE', {}, retry('ZOHO_TOKEN', 'token')],
    ['a 401 without a code', 401, '', {}, retry('ZOHO_TOKEN', 'token')],
    ['a missing scope', 401, 'OAUTH_SCOPE_MISMATCH', {}, setup('ZOHO_SCOPE', 'BTEC_Grades', 'refreshToken')],
    [
      'a missing permission',
      403,
      'NO_PERMISSION',
      { permissions: ['x'] },
      setup('ZOHO_PERMISSION', 'BTEC_Grades'),
    ],
    ['no privilege', 400, 'AUTHORIZATION_FAILED', {}, setup('ZOHO_PERMISSION', 'BTEC_Grades')],
    [
      'no such module',
      400,
      'INVALID_MODULE',
      { resource_path_index: 0 },
      setup('ZOHO_MODULE', 'BTEC_Grades'),
    ],
    ['an unknown address', 404, 'INVALID_URL_PATTERN', {}, setup('ZOHO_CALL', 'BTEC_Grades')],
    ['an internal error', 500, 'INTERNAL_ERROR', {}, retry('ZOHO_INTERNAL')],
    ['a bad gateway', 502, '', {}, retry('ZOHO_OUTAGE', 'outage')],
    ['maintenance', 503, 'SERVICE_UNAVAILABLE', {}, retry('ZOHO_OUTAGE', 'outage')],
    [
      'a locked record',
      400,
      'RECORD_LOCKED',
      { api_name: 'id', json_path: '$.data[0].id' },
      retry('ZOHO_LOCKED'),
    ],
    ['a changed record', 412, 'ALREADY_MODIFIED', {}, retry('ZOHO_CHANGED')],
    [
      'a wrong type',
      400,
      'INVALID_DATA',
      { ...field, expected_data_type: 'double' },
      data('ZOHO_INVALID', 'Score'),
    ],
    ['too long', 400, 'INVALID_DATA', { ...field, maximum_length: 2 }, data('ZOHO_INVALID', 'Score')],
    ['a missing field', 400, 'MANDATORY_NOT_FOUND', { api_name: 'Name' }, data('ZOHO_MISSING', 'Name')],
    ['a duplicate', 400, 'DUPLICATE_DATA', { ...field, id: '1' }, data('ZOHO_DUPLICATE', 'Score')],
    ['an approval', 400, 'NOT_APPROVED', {}, data('ZOHO_NOT_ALLOWED')],
    [
      'a record that is gone',
      400,
      'INVALID_DATA',
      { api_name: 'id', json_path: '$.data[0].id' },
      data('REMOTE_GONE', 'id'),
    ],
    [
      'a lookup to nothing',
      400,
      'INVALID_DATA',
      { api_name: 'Student', json_path: '$.data[0].Student.id' },
      data('ZOHO_INVALID', 'Student.id'),
    ],
    ['a code of tomorrow', 400, 'SOMETHING_NEW', {}, data('ZOHO_REFUSED')],
  ]

  for (const [name, status, code, details, expected] of table)
    it(`${name} (${status} ${code || 'without a code'}) is ${expected.code}`, () => {
      const error = errorOf(refusal(status, code, details), { resource: 'BTEC_Grades' })
      const { type, ...facts } = expected
      expect(error).to.be.instanceOf(type)
      expect(error).to.include(facts)
      expect(error.remote).to.equal('zoho')
    })

  it('the id of a whole call that is gone is told without a field', () => {
    expect(errorOf(refusal(400, 'INVALID_DATA', {}, 'the id given seems to be invalid')).code).to.equal(
      'REMOTE_GONE',
    )
  })

  it('only a write that failed half-way is ambiguous', () => {
    const ambiguous = (status: number, code: string, writes: boolean) =>
      (errorOf(refusal(status, code), { writes }) as RetryableError).ambiguous
    expect(ambiguous(500, 'INTERNAL_ERROR', true)).to.equal(true)
    expect(ambiguous(502, '', true)).to.equal(true)
    expect(ambiguous(500, 'INTERNAL_ERROR', false)).to.equal(false)
    expect(ambiguous(429, 'TOO_MANY_REQUESTS', true)).to.equal(false)
    expect(ambiguous(401, 'INVALID_TOKEN', true)).to.equal(false)
  })

  it('says what is allowed instead, and never repeats the message', () => {
    const error = errorOf(
      refusal(400, 'INVALID_DATA', { api_name: 'Grade', supported_values: ['Pass', 'Merit'] }, 'secret 4711'),
    )
    expect(error.message).to.contain('one of Pass, Merit').and.not.contain('4711')
  })

  it('of several errors the one that stays wrong decides', () => {
    const errors = [
      duplicate('Academic_Email', '1'),
      { code: 'INVALID_DATA', details: { api_name: 'Status' }, message: '', status: 'error' },
    ]
    const error = errorOf(refusal(400, 'MULTIPLE_OR_MULTI_ERRORS', { errors }))
    expect(error).to.be.instanceOf(DataError)
    expect(error).to.include({ code: 'ZOHO_INVALID', at: 'Status' })
  })

  it('names the place within a row of a subform', () => {
    const details = { api_name: 'LO_Score', json_path: '$.data[0].Learning_Outcomes_Assessm[3].LO_Score' }
    expect(fieldOf(details)).to.equal('Learning_Outcomes_Assessm[3].LO_Score')
  })

  it('survives answers of any shape', () => {
    for (const answer of [null, [], 'text', 7, { code: 5, details: 'x' }, { details: [] }])
      expect(errorOf(refusalIn(answer, 400))).to.be.instanceOf(DataError)
  })
})

describe('the holder of a unique value', () => {
  const id = '5725767000000600001'
  it('is named in the details', () => {
    expect(duplicateIn(refusal(400, 'DUPLICATE_DATA', { api_name: 'Email', id }))).to.deep.equal({
      by: 'Email',
      id,
    })
  })
  it('is named in duplicate_record alone, among several errors', () => {
    const errors = [duplicate('Academic_Email', id), duplicate('Student_Moodle_ID', id)]
    const found = duplicateIn(refusal(400, 'MULTIPLE_OR_MULTI_ERRORS', { errors }))
    expect(found).to.deep.equal({ by: 'Academic_Email', id })
  })
  it('is none where two records hold two of the values, or where something else is wrong too', () => {
    const two = [duplicate('Academic_Email', id), duplicate('Student_Moodle_ID', '2')]
    expect(duplicateIn(refusal(400, 'MULTIPLE_OR_MULTI_ERRORS', { errors: two }))).to.equal(undefined)
    const other = [
      duplicate('Academic_Email', id),
      { code: 'INVALID_DATA', details: {}, message: '', status: 'error' },
    ]
    expect(duplicateIn(refusal(400, 'MULTIPLE_OR_MULTI_ERRORS', { errors: other }))).to.equal(undefined)
    expect(duplicateIn(refusal(400, 'INVALID_DATA', { api_name: 'Email', id }))).to.equal(undefined)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-08-20T10:00:00Z')
  const table: [string | undefined, number | undefined][] = [
    ['120', 120_000],
    ['0', 0],
    ['Thu, 20 Aug 2026 10:01:00 GMT', 60_000],
    ['Thu, 20 Aug 2026 09:00:00 GMT', undefined],
    ['-5', undefined],
    ['1e9', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ]
  for (const [header, expected] of table)
    it(`${JSON.stringify(header)} is ${expected}`, () => {
      expect(retryAfterOf(header, now)).to.equal(expected)
    })
})
