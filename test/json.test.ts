import { expect } from 'chai'
import fc from 'fast-check'
import { DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { readJson } from '../core/json-reader.ts'
import type { Json } from '../core/plugin.ts'

const refusal = (input: Buffer | string): DataError => {
  try {
    parseJson(input)
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('parseJson', () => {
  const same: [string, Json][] = [
    ['{"a":[1,-2.5,true,false,null,"x"],"b":{}}', { a: [1, -2.5, true, false, null, 'x'], b: {} }],
    [' \n\t[ ] ', []],
    ['"\\u0645\\n\\"\\\\\\/"', 'م\n"\\/'],
    ['"\\ud83d\\ude00 \\uD83D\\uDE00"', '😀 😀'],
    ['{"":1,"toString":2,"length":3,"$set":4,"a.b":5}', { '': 1, toString: 2, length: 3, $set: 4, 'a.b': 5 }],
    ['"nul \\u0000 kept"', 'nul \u0000 kept'],
    ['{"2":"b","1":"a"}', { 1: 'a', 2: 'b' }],
  ]
  for (const [text, value] of same)
    it(`reads ${text.trim()}`, () => {
      expect(parseJson(Buffer.from(text))).to.deep.equal(value)
      expect(readJson(text, 64)).to.deep.equal(value)
    })

  const numbers: [string, Json][] = [
    ['3652397000000186017', '3652397000000186017'],
    ['-3652397000000186018', '-3652397000000186018'],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['1e400', '1e400'],
    ['1E5', 100000],
    ['1e20', '1e20'],
    ['1.0', 1],
    ['0.1', 0.1],
    ['0.30000000000000004', 0.30000000000000004],
    ['12345678901234567890.123', '12345678901234567890.123'],
    ['0.12345678901234567891', '0.12345678901234567891'],
    ['1e-400', '1e-400'],
    ['1.50e-7', 1.5e-7],
    ['0.00000000000000000', 0],
    ['1000000000000000.0', 1e15],
  ]
  for (const [text, value] of numbers)
    it(`keeps the digits of ${text}`, () => {
      expect(parseJson(text)).to.equal(value)
      expect(parseJson(Buffer.from(`{"id": ${text} }`))).to.deep.equal({ id: value })
      expect(parseJson(`[0,${text}]`)).to.deep.equal([0, value])
    })

  const refused: [string, Buffer | string, string, string][] = [
    ['a key that comes twice', '{"id":"1",\n "id":"2"}', 'JSON_DUPLICATE_KEY', '2:2'],
    ['a key that comes twice in another spelling', '{"id":1,"\\u0069d":2}', 'JSON_DUPLICATE_KEY', '1:9'],
    ['a repeated key within', '[{"a":{"b":1,"c":[],"b":1}}]', 'JSON_DUPLICATE_KEY', '1:21'],
    ['__proto__', '{"__proto__":{"isAdmin":true}}', 'JSON_PROTO_KEY', '1:2'],
    ['__proto__ by escapes', '{"\\u005f_proto__":1}', 'JSON_PROTO_KEY', '1:2'],
    ['text behind the value', '{"a":1} x', 'JSON_TRAILING_TEXT', '1:9'],
    ['two values', '{}{}', 'JSON_TRAILING_TEXT', '1:3'],
    ['an empty body', '', 'JSON_SYNTAX', '1:1'],
    ['half an object', '{"a":[1,2', 'JSON_SYNTAX', '1:10'],
    ['a comma at the end', '{"a":1,}', 'JSON_SYNTAX', '1:8'],
    ['a leading zero', '[01]', 'JSON_SYNTAX', '1:3'],
    ['a line break in a string', '"a\nb"', 'JSON_SYNTAX', '1:3'],
    ['a wrong escape', '"\\x41"', 'JSON_SYNTAX', '1:3'],
    ['NaN', '[NaN]', 'JSON_SYNTAX', '1:2'],
    ['half a character', '{"a":"\\ud83d!"}', 'JSON_LONE_SURROGATE', '1:6'],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`, 'JSON_DEPTH', '1:65'],
    ['a byte FF', Buffer.from([0x22, 0x61, 0xff, 0x22]), 'JSON_UTF8', 'byte 2'],
    ['a cut character', Buffer.from([0x22, 0x61, 0xd9]), 'JSON_UTF8', 'byte 2'],
  ]
  for (const [what, input, code, at] of refused)
    it(`refuses ${what} as ${code} at ${at}`, () => {
      const error = refusal(input)
      expect([error.code, error.at]).to.deep.equal([code, at])
      if (code !== 'JSON_UTF8') expect(error.message).to.contain(at)
    })

  it('reads 64 levels', () => {
    expect(JSON.stringify(parseJson(`${'['.repeat(64)}${']'.repeat(64)}`))).to.have.length(128)
  })

  it('W12: passes over a byte order mark', () => {
    expect(parseJson(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).to.deep.equal({})
  })

  it('refuses 800 kB of brackets at once', () => {
    const started = process.hrtime.bigint()
    expect(refusal(Buffer.from('['.repeat(400_000) + ']'.repeat(400_000))).code).to.equal('JSON_DEPTH')
    expect(Number(process.hrtime.bigint() - started) / 1e6).to.be.below(50)
  })

  it('W14: changes no prototype', () => {
    for (const text of ['{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"isAdmin":true}}}'])
      try {
        parseJson(text)
      } catch (error) {
        expect(error).to.be.instanceOf(DataError)
      }
    expect(({} as { isAdmin?: boolean }).isAdmin).to.equal(undefined)
  })

  const outcome = (read: () => Json): unknown => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      return [error.code, error.at]
    }
  }

  it('agrees with the careful reader on any value, spoilt or not', () => {
    const spoilt = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.constantFrom('', '"', '{', ',', '"id":1,', '9999999999999999', '\\u', '1e9'),
      )
      .map(([text, where, what]) => {
        const at = where % (text.length + 1)
        return text.slice(0, at) + what + text.slice(at)
      })
    fc.assert(
      fc.property(spoilt, text => {
        expect(outcome(() => parseJson(text))).to.deep.equal(outcome(() => readJson(text, 64)))
      }),
      { numRuns: 1000 },
    )
  })

  it('reads like JSON.parse where JSON.parse loses nothing', () => {
    const value = fc
      .jsonValue({ maxDepth: 4, noUnicodeString: false })
      .filter(v => !JSON.stringify(v).includes('__proto__'))
    fc.assert(
      fc.property(value, v => {
        const text = JSON.stringify(v, null, 1)
        const native = JSON.parse(text)
        const digits = (x: unknown): unknown =>
          typeof x === 'number' && Math.abs(x) > Number.MAX_SAFE_INTEGER ? String(x) : x
        const strict = JSON.parse(JSON.stringify(readJson(text, 64)), (_, x) => x)
        expect(strict).to.deep.equal(JSON.parse(JSON.stringify(native, (_, x) => digits(x))))
      }),
      { numRuns: 150 },
    )
  })

  it('gives every number of a text back as it is, or as its text', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 25 })
    const text = fc
      .tuple(
        fc.constantFrom('', '-'),
        digits,
        fc.option(digits),
        fc.option(fc.integer({ min: -30, max: 30 })),
      )
      .map(
        ([sign, whole, fraction, power]) =>
          `${sign}${whole.replace(/^0+(?=.)/, '')}${fraction === null ? '' : `.${fraction}`}${power === null ? '' : `e${power}`}`,
      )
    fc.assert(
      fc.property(text, t => {
        const value = parseJson(t)
        if (typeof value === 'string') expect(value).to.equal(t)
        else expect(scaled(String(value))).to.equal(scaled(t))
      }),
      { numRuns: 2000 },
    )
  })
})

/** The decimal as an integer at a fixed scale: exact, and unlike what is tested. */
function scaled(text: string): bigint {
  const [mantissa, power = '0'] = text.toLowerCase().split('e')
  const [whole, fraction = ''] = mantissa!.split('.')
  const value =
    BigInt(whole!.replace('-', '') + fraction) * 10n ** BigInt(100 - fraction.length + Number(power))
  return text.startsWith('-') ? -value : value
}
