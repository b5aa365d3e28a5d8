import { expect } from 'chai'
import { DataError } from '../../core/errors.ts'
import { readerOf } from '../../core/pipeline/fields.ts'
import type { FieldDefinition, Json, Run } from '../../core/plugin.ts'

const run: Run = { tenant: 'default', timezone: 'Asia/Amman', language: 'en', at: 0 }

/** The stored value, or the code of the refusal. */
function read(definition: FieldDefinition, value: Json): Json {
  try {
    return readerOf(definition)(value, run)
  } catch (error) {
    if (error instanceof DataError) return `! ${error.code}`
    throw error
  }
}

const id: FieldDefinition = { type: 'string', format: 'id' }
const number: FieldDefinition = { type: 'number', minimum: 0, maximum: 100 }
const integer: FieldDefinition = { type: 'integer' }
const boolean: FieldDefinition = { type: 'boolean' }
const email: FieldDefinition = { type: 'string', format: 'email' }
const date: FieldDefinition = { type: 'string', format: 'date' }
const time: FieldDefinition = { type: 'string', format: 'date-time' }
const country: FieldDefinition = { type: 'string', format: 'country' }
const url: FieldDefinition = { type: 'string', format: 'url' }
const short: FieldDefinition = { type: 'string', minLength: 2, maxLength: 4 }

const cases: [string, FieldDefinition, Json, Json][] = [
  ['text stays as it is, blanks and all', { type: 'string' }, ' a\u202eb ', ' a\u202eb '],
  ['a number is text', { type: 'string' }, 7, '7'],
  ['an object is no text', { type: 'string' }, { a: 1 }, '! NOT_TEXT'],
  ['true is no text', { type: 'string' }, true, '! NOT_TEXT'],
  ['length counts characters, not code units', short, '𝒳𝒴𝒵', '𝒳𝒴𝒵'],
  ['too short', short, ' a ', '! TOO_SHORT'],
  ['too long', short, 'abcde', '! TOO_LONG'],
  ['an id of 19 digits', id, '5398830000123456789', '5398830000123456789'],
  ['leading zeros', id, '00012345', '00012345'],
  ['a safe number', id, 42, '42'],
  ['a number that lost its digits', id, 2 ** 60, '! ID_NUMBER'],
  ['a lookup', id, { id: '7', name: 'x' }, '7'],
  ['a lookup without id', id, { name: 'x' }, '! ID_SHAPE'],
  ['a list is no id', id, ['7'], '! ID_SHAPE'],
  ['lookup fields read the same', { type: 'lookup' }, { id: 7 }, '7'],
  ['decimal text', number, '66.00000', 66],
  ['a number of an exponent', number, '1E1', 10],
  ['-0 is 0', number, -0, 0],
  ['a comma is no decimal point', number, '1,5', '! NOT_A_NUMBER'],
  ['infinite is no number', number, '1e400', '! NOT_A_NUMBER'],
  ['hexadecimal is no number', number, '0x10', '! NOT_A_NUMBER'],
  ['below the minimum', number, -1, '! TOO_SMALL'],
  ['above the maximum', number, 100.1, '! TOO_LARGE'],
  ['a whole number', integer, '12', 12],
  ['a half is not whole', integer, 1.5, '! NOT_WHOLE'],
  ['beyond 2^53 is not exact', integer, '9007199254740993', '! NOT_WHOLE'],
  ['1 is true', boolean, '1', true],
  ['0 is false', boolean, 0, false],
  ['yes is neither', boolean, 'yes', '! NOT_A_BOOLEAN'],
  ['an address', email, 'a.b+c@x-y.example', 'a.b+c@x-y.example'],
  ['two @', email, 'a@b@c.d', '! EMAIL_INVALID'],
  ['no dot', email, 'a@b', '! EMAIL_INVALID'],
  ['blanks in it', email, 'a b@c.d', '! EMAIL_INVALID'],
  ['an Arabic domain', email, 'علي@مثال.إختبار', 'علي@مثال.إختبار'],
  ['a day', date, '2028-02-29', '2028-02-29'],
  ['no such day', date, '2026-02-29', '! DATE_INVALID'],
  ['a moment is the day in the college’s zone', date, '2026-01-31T22:00:00Z', '2026-02-01'],
  ['a moment with an offset', time, '2026-11-24T10:00:00+03:00', '2026-11-24T07:00:00Z'],
  ['an offset without a colon', time, '2026-11-24T10:00:00+0300', '2026-11-24T07:00:00Z'],
  ['fractions go', time, '2026-11-24T10:00:00.123Z', '2026-11-24T10:00:00Z'],
  ['no offset', time, '2026-11-24T10:00:00', '! DATE_TIME_INVALID'],
  ['hour 25', time, '2026-11-24T25:00:00Z', '! DATE_TIME_INVALID'],
  ['a country code', country, 'jo', 'JO'],
  ['a country name', country, 'Jordan', '! COUNTRY_INVALID'],
  ['a web address', url, 'https://college.test/x', 'https://college.test/x'],
  ['a script is no web address', url, 'javascript:alert(1)', '! URL_INVALID'],
]

describe('field types', () => {
  for (const [title, definition, value, expected] of cases)
    it(`${definition.format ?? definition.type}: ${title}`, () => {
      expect(read(definition, value)).to.deep.equal(expected)
    })

  it('an enum lists what it knows', () => {
    const status = { enum: ['Active', 'Inactive'] } as unknown as FieldDefinition
    expect(read(status, ' Active ')).to.equal('Active')
    expect(() => readerOf(status)('active', run)).to.throw('"active" is none of Active, Inactive')
  })

  it('long hostile input is judged in linear time', () => {
    const started = performance.now()
    read(email, `${'a'.repeat(50_000)}@`)
    read(email, `a@${'a.'.repeat(25_000)}`)
    read(number, '1'.repeat(50_000))
    read(time, `2026-11-24T10:00:00.${'1'.repeat(50_000)}Z`)
    expect(performance.now() - started).to.be.lessThan(200)
  })
})
