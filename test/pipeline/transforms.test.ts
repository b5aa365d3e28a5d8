import { expect } from 'chai'
import { DataError } from '../../core/errors.ts'
import { bandOf, middleOf, rescale } from '../../core/pipeline/transforms/grades.ts'
import type { Fields, Json, Payload, Run, Scale } from '../../core/plugin.ts'
import { registry } from './plugins.ts'

const btec: Scale = {
  scale: 'btec',
  version: 1,
  bands: [
    { grade: 'Distinction', from: 70 },
    { grade: 'Merit', from: 60 },
    { grade: 'Pass', from: 40 },
    { grade: 'Refer', from: 0 },
  ],
}
const run: Run = { tenant: 'default', timezone: 'Asia/Amman', language: 'en', at: 0 }

function transform(
  name: string,
  value: Json,
  options: unknown = {},
  work: { payload?: Payload; fields?: Fields } = {},
) {
  const prepared = registry
    .transform(name)
    ?.prepare(options, { scale: name => (name === 'btec' ? btec : undefined) })
  try {
    return prepared?.(value, { payload: {}, fields: {}, ...work }, run)
  } catch (error) {
    if (error instanceof DataError) return `! ${error.code}`
    throw error
  }
}

const cases: [string, Json, Json][] = [
  ['trim', ' a ', 'a'],
  ['lowercase', 'ÄBC', 'äbc'],
  ['uppercase', 'jod', 'JOD'],
  ['text', 7, '7'],
  ['trim', { a: 1 }, '! NOT_TEXT'],
  ['first-word', '  محمد عبد الله ', 'محمد'],
  ['other-words', 'Ali Reza Hassan', 'Reza Hassan'],
  ['other-words', 'Ali', 'Ali'],
  ['moodle-username', 'Ali.Hassan+x@College.test', 'ali.hassanx'],
  ['moodle-username', 'علي@college.test', null],
  ['plain-text', 'a < b & c', 'a < b & c'],
  ['plain-text', '<p>One</p><p>Two&nbsp;&amp;&#8230;</p>', 'One\nTwo &…'],
  ['plain-text', '<script>x</script>&lt;b&gt;', 'x<b>'],
  ['plain-text', 'A<br>B<br/>C', 'A\nB\nC'],
  ['is-positive', 0, false],
  ['is-positive', '0.50000', true],
  ['is-positive', 'x', '! NOT_A_NUMBER'],
  ['country-code', 'Jordan', 'JO'],
  ['country-code', 'الأردن', 'JO'],
  ['country-code', 'jo', 'JO'],
  ['country-code', 'JOR', 'JO'],
  ['country-code', 'فلسطين', 'PS'],
  ['country-code', 'Nowhere', '! COUNTRY_UNKNOWN'],
  ['country-name', 'JO', 'Jordan'],
  ['country-name', 'ZZ', '! COUNTRY_UNKNOWN'],
  ['unix-time', 1795503600, '2026-11-24T07:00:00Z'],
  ['unix-time', '1795503600', '2026-11-24T07:00:00Z'],
  ['unix-time', 0, null],
  ['unix-time', 'soon', '! UNIX_TIME_INVALID'],
  ['unix-time', 1e15, '! UNIX_TIME_INVALID'],
  ['unix-date', 1788210000, '2026-09-01'],
  ['unix-date', 1788209999, '2026-08-31'],
  ['to-unix', '2026-09-01', 1788210000],
  ['to-unix', '2026-11-24T10:00:00+03:00', 1795503600],
  ['to-unix', '24.11.2026', '! DATE_INVALID'],
  ['day', '2026-08-31T21:30:00Z', '2026-09-01'],
  ['local-time', '2026-11-24T07:00:00Z', '2026-11-24T10:00:00+03:00'],
]

describe('transforms', () => {
  for (const [name, value, expected] of cases)
    it(`${name} of ${JSON.stringify(value)} is ${JSON.stringify(expected)}`, () => {
      expect(transform(name, value)).to.deep.equal(expected)
    })

  it('prefix puts a text before', () => {
    expect(transform('prefix', 7, { before: 'u' })).to.equal('u7')
  })

  it('a day begins at midnight in the college’s zone, also when the clocks change', () => {
    const berlin = { ...run, timezone: 'Europe/Berlin' }
    const begin = registry.transform('to-unix')?.prepare({}, { scale: () => undefined })
    const nothing = { payload: {}, fields: {} }
    expect(begin?.('2026-03-29', nothing, berlin)).to.equal(Date.parse('2026-03-28T23:00:00Z') / 1000)
    expect(begin?.('2026-03-30', nothing, berlin)).to.equal(Date.parse('2026-03-29T22:00:00Z') / 1000)
    expect(begin?.('2026-10-26', nothing, berlin)).to.equal(Date.parse('2026-10-25T23:00:00Z') / 1000)
  })

  describe('of grades', () => {
    const bands: [number, string][] = [
      [100, 'Distinction'],
      [70, 'Distinction'],
      [69.99, 'Merit'],
      [60, 'Merit'],
      [59.99, 'Pass'],
      [40, 'Pass'],
      [39.99, 'Refer'],
      [0, 'Refer'],
      [-5, 'Refer'],
      [105, 'Distinction'],
    ]
    for (const [score, grade] of bands)
      it(`${score} is ${grade}`, () => {
        expect(bandOf(btec, score)).to.equal(grade)
      })

    it('the middle of each band', () => {
      expect(['Distinction', 'Merit', 'Pass', 'Refer'].map(grade => middleOf(btec, grade))).to.deep.equal([
        85, 64.5, 49.5, 19.5,
      ])
      expect(() => middleOf(btec, 'A')).to.throw(
        'is no grade of the scale btec: Distinction, Merit, Pass, Refer',
      )
    })

    it('scaling keeps the borders exact', () => {
      expect(rescale(69.99, 0, 100)).to.equal(69.99)
      expect(rescale(14, 0, 20)).to.equal(70)
      expect(rescale(6.999999, 0, 10)).to.be.lessThan(70)
      expect(rescale(7, 0, 10)).to.equal(70)
      expect(rescale(2.1, 0, 3)).to.equal(70)
      expect(rescale(-1, 0, 10)).to.equal(0)
      expect(rescale(11, 0, 10)).to.equal(100)
      expect(() => rescale(1, 5, 5)).to.throw('has no range')
    })

    it('a label on the scale, by its place or as it stands', () => {
      const scale = (value: Json, labels: Json) =>
        transform('scale-label', value, { labels: 'l' }, { payload: { l: labels } })
      expect(scale(2, ['Refer', 'Pass'])).to.equal('Pass')
      expect(scale('1.00000', 'Refer, Pass')).to.equal('Refer')
      expect(scale('Pass', null)).to.equal('Pass')
      expect(scale(2, null)).to.equal(null)
      expect(scale(3, ['Refer', 'Pass'])).to.equal('! GRADE_LABEL')
      expect(scale(1.5, ['Refer', 'Pass'])).to.equal('! GRADE_LABEL')
    })

    it('the criteria cap a grade, where there are some and the scale allows it', () => {
      const capped = (grade: string, codes: string[], scale: Scale = btec) =>
        registry.transform('cap-by-outcomes')?.prepare('btec', { scale: () => scale })(
          grade,
          { payload: {}, fields: { outcomes: codes.map(code => ({ code })) } },
          run,
        )
      expect(capped('Distinction', ['P1', 'P2'])).to.equal('Pass')
      expect(capped('Distinction', ['P1', 'M1'])).to.equal('Merit')
      expect(capped('Merit', ['P1', 'M1', 'D1'])).to.equal('Merit')
      expect(capped('Refer', ['P1'])).to.equal('Refer')
      expect(capped('Distinction', [])).to.equal('Distinction')
      expect(capped('Distinction', ['LO1'])).to.equal('Distinction')
      expect(capped('Distinction', ['P1'], { ...btec, capByOutcomes: false })).to.equal('Distinction')
    })

    it('a stored value that means the same stays', () => {
      const options = { field: 'status', same: { Active: ['Active', 'Completed'] } }
      const stays = (value: Json, status: Json) =>
        transform('unless-already', value, options, { fields: { status } })
      expect(stays('Active', 'Completed')).to.equal('Completed')
      expect(stays('Active', 'Withdrawn')).to.equal('Active')
      expect(stays('Active', null)).to.equal('Active')
      expect(stays('Suspended', 'Completed')).to.equal('Suspended')
    })
  })

  it('hostile HTML is read in linear time', () => {
    const started = performance.now()
    transform('plain-text', '<'.repeat(50_000))
    transform('plain-text', `${'<a '.repeat(20_000)}>`)
    transform('plain-text', '&'.repeat(50_000))
    expect(performance.now() - started).to.be.lessThan(300)
  })
})
