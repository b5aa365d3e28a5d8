import { expect } from 'chai'
import fc from 'fast-check'
import { BSON, Decimal128, Double, Long } from 'mongodb'
import { decimalParts } from '../../../core/store/embedded/bson/number.ts'
import { Raw } from '../../../core/store/embedded/bson/raw.ts'
import { compare, KeyWriter } from '../../../core/store/embedded/keys.ts'

function rawOf(value: unknown): Raw {
  return Raw.document(Buffer.from(BSON.serialize({ v: value }))).get('v')!
}

function keyOf(value: Raw, descending = false): Buffer {
  const writer = new KeyWriter()
  writer.value(value)
  if (descending) writer.invert(0)
  return writer.take()
}

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -60, max: 60 }))
  .map(([digits, exponent]) => Decimal128.fromString(`${digits}E${exponent}`))
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }).map(each => new Double(each)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(each => Long.fromBigInt(each)),
  fc
    .constantFrom(-(2n ** 53n) - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n)
    .map(each => Long.fromBigInt(each)),
  fc
    .constantFrom(2 ** 53, 2 ** 53 + 2, 0.1, -0.1, 0, -0, 5e-324, 1.7976931348623157e308)
    .map(each => new Double(each)),
  fc
    .constantFrom(
      '0.1',
      '-0.1',
      '1E-6176',
      '-1E-6176',
      '9E6144',
      '0.1000000000000000055511151231257827',
      '9007199254740993',
      '1.0',
      '1.00',
      'Infinity',
      '-Infinity',
    )
    .map(each => Decimal128.fromString(each)),
  decimal,
)
const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 3 },
    number,
    fc.string(),
    fc.string({ unit: fc.constantFrom('\u0000', '\u0001', 'a', 'ÿ', '😀') }),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 5 }).map(each => Buffer.from(each)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'ab', 'b', ''), tie('value'), { maxKeys: 3 }),
  ),
})).value

/** The exact number as a fraction. */
function exact(of: unknown): { top: bigint; bottom: bigint } | number {
  if (typeof of === 'number') return { top: BigInt(of), bottom: 1n }
  if (of instanceof Long) return { top: of.toBigInt(), bottom: 1n }
  if (of instanceof Decimal128) {
    if (/inf/i.test(of.toString())) return of.toString().startsWith('-') ? -Infinity : Infinity
    const { coefficient, exponent } = decimalParts(of.toString())
    return exponent < 0
      ? { top: coefficient, bottom: 10n ** BigInt(-exponent) }
      : { top: coefficient * 10n ** BigInt(exponent), bottom: 1n }
  }
  let double = (of as Double).valueOf()
  if (!Number.isFinite(double)) return double
  let bottom = 1n
  while (!Number.isInteger(double)) {
    double *= 2
    bottom *= 2n
  }
  return { top: BigInt(double), bottom }
}

function expected(a: unknown, b: unknown): number {
  const [x, y] = [exact(a), exact(b)]
  if (typeof x === 'number' || typeof y === 'number') {
    const [p, q] = [x, y].map(each => (typeof each === 'number' ? each : 0))
    return Math.sign(p! === q! ? 0 : p! - q!)
  }
  const difference = x.top * y.bottom - y.top * x.bottom
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

describe('keys', () => {
  it('order numbers of all types exactly', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const order = expected(a, b)
        expect(Math.sign(compare(rawOf(a), rawOf(b))), 'compared').to.equal(order)
        expect(Math.sign(Buffer.compare(keyOf(rawOf(a)), keyOf(rawOf(b)))), 'as keys').to.equal(order)
      }),
      { numRuns: 3000 },
    )
  })

  it('order as the values compare, upwards and downwards', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [x, y] = [rawOf(a), rawOf(b)]
        const order = Math.sign(compare(x, y))
        expect(Math.sign(Buffer.compare(keyOf(x), keyOf(y)))).to.equal(order)
        expect(Math.sign(Buffer.compare(keyOf(x, true), keyOf(y, true)))).to.equal(order === 0 ? 0 : -order)
        expect(Math.sign(compare(y, x))).to.equal(order === 0 ? 0 : -order)
      }),
      { numRuns: 3000 },
    )
  })

  it('of different values are none the beginning of another', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [x, y] = [keyOf(rawOf(a)), keyOf(rawOf(b))]
        if (x.length < y.length) expect(y.subarray(0, x.length).equals(x)).to.equal(false)
      }),
      { numRuns: 2000 },
    )
  })
})
