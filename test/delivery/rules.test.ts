import { expect } from 'chai'
import { backoffMs, clampRetryAfter, gateMs, retryAt } from '../../core/delivery/backoff.ts'
import { isSameError, storedError } from '../../core/delivery/error.ts'
import { whatItAsks } from '../../core/delivery/gate.ts'
import { connectorOf, nameOf } from '../../core/delivery/tenant.ts'
import { compareVersions, isNewer, isOlder } from '../../core/delivery/version.ts'
import { DataError, RetryableError, SetupError, type WaslError } from '../../core/errors.ts'
import type { Version } from '../../core/plugin.ts'

const HOUR = 3_600_000

describe('when a failed send is tried again', () => {
  const attempts: readonly (readonly [
    attempt: number,
    random: number,
    asked: number | undefined,
    ms: number,
  ])[] = [
    [1, 1, undefined, 1000],
    [1, 0, undefined, 0],
    [1, 0.5, undefined, 500],
    [2, 1, undefined, 2000],
    [3, 1, undefined, 4000],
    [12, 1, undefined, 2_048_000],
    [13, 1, undefined, HOUR],
    [13, 0.25, undefined, HOUR / 4],
    [5000, 1, undefined, HOUR],
    [1, 1, 120_000, 120_000],
    [1, 0, 5, 1000],
    [13, 1, 120_000, HOUR],
    [1, 0, Number.NaN, 1000],
    [1, 0, -5000, 1000],
    [1, 0, 1e9, HOUR],
  ]
  for (const [attempt, random, asked, ms] of attempts)
    it(`attempt ${attempt}, dice ${random}, asked for ${asked}: after ${ms} ms`, () => {
      expect(backoffMs(attempt, random, asked)).to.equal(ms)
    })

  for (const [dice, sends] of [
    [1, 12],
    [0.5, 12],
    [0, 12],
  ] as const)
    it(`what always fails is sent ${sends} times in its first hour, dice ${dice}`, () => {
      let [at, sent] = [0, 1]
      for (let next = 0; ; sent += 1, at = next) {
        next = retryAt(sent, 0, at, dice)
        if (next >= HOUR) break
      }
      expect(sent).to.equal(sends)
    })

  it('and after its first hour goes on as the backoff says', () => {
    expect(retryAt(12, 0, 5 * HOUR, 1)).to.equal(5 * HOUR + 2_048_000)
    expect(retryAt(13, 0, HOUR, 0.5)).to.equal(HOUR + HOUR / 2)
  })

  const asked: readonly (readonly [title: string, ms: number, clamped: number])[] = [
    ['two minutes', 120 * 1000, 120_000],
    [
      'a date half an hour ahead',
      Date.parse('Tue, 24 Nov 2026 12:30:00 GMT') - Date.parse('2026-11-24T12:00:00Z'),
      HOUR / 2,
    ],
    [
      'a date in the past',
      Date.parse('Tue, 24 Nov 2026 11:00:00 GMT') - Date.parse('2026-11-24T12:00:00Z'),
      1000,
    ],
    ['no date at all', Date.parse('soon'), 1000],
    ['nothing', 0, 1000],
    ['less than nothing', -1, 1000],
    ['11 days', 1e9, HOUR],
    ['for ever', Number.POSITIVE_INFINITY, 1000],
    ['a thousand milliseconds', 1000, 1000],
    ['an hour', HOUR, HOUR],
  ]
  for (const [title, ms, clamped] of asked)
    it(`a remote that asks for ${title} gets ${clamped} ms`, () => {
      expect(clampRetryAfter(ms)).to.equal(clamped)
    })

  const gates: readonly (readonly [Parameters<typeof gateMs>[0], number, number | undefined, number])[] = [
    ['busy', 0, undefined, 1000],
    ['busy', 3, undefined, 8000],
    ['busy', 50, undefined, 60_000],
    ['busy', 3, 120_000, 120_000],
    ['busy', 0, 1e9, HOUR],
    ['busy', 0, -1, 1000],
    ['outage', 0, undefined, 1000],
    ['outage', 1, undefined, 30_000],
    ['outage', 2, undefined, 60_000],
    ['outage', 50, undefined, 60_000],
    ['outage', 5, 30, 1000],
    ['token', 0, undefined, 600_000],
    ['token', 9, 1000, 600_000],
    ['token', 0, HOUR, HOUR],
    ['setup', 0, undefined, 30_000],
    ['setup', 1, undefined, 60_000],
    ['setup', 50, undefined, 600_000],
  ]
  for (const [reason, rounds, ms, closed] of gates)
    it(`a gate for ${reason}, round ${rounds}, asked for ${ms}: ${closed} ms`, () => {
      expect(gateMs(reason, rounds, ms)).to.equal(closed)
    })
})

describe('versions of one side', () => {
  const table: readonly (readonly [
    a: Version,
    b: Version,
    order: -1 | 0 | 1,
    older: boolean,
    newer: boolean,
  ])[] = [
    [[1], [2], -1, true, false],
    [[2], [1], 1, false, true],
    [[2], [2], 0, false, false],
    [[2], [2, 0], -1, true, false],
    [[2, 1], [2], 1, false, true],
    [[2, 1], [2, 3], -1, true, false],
    [[3, 1], [2, 9], 1, false, true],
    [[-1], [0], -1, true, false],
    [[], [], 0, false, false],
    [[], [1], -1, false, false],
    [[1], [], 1, false, true],
  ]
  for (const [a, b, order, older, newer] of table)
    it(`[${a}] and [${b}]`, () => {
      expect(Math.sign(compareVersions(a, b))).to.equal(order)
      expect(Math.sign(compareVersions(b, a)) + order).to.equal(0)
      expect(isOlder(a, b)).to.equal(older)
      expect(isNewer(a, b)).to.equal(newer)
    })

  it('anything is newer than nothing heard, if it says something of order', () => {
    expect(isNewer([1], undefined)).to.equal(true)
    expect(isNewer([], undefined)).to.equal(false)
    expect(isOlder([1], undefined)).to.equal(false)
  })
})

describe('which gate an error shuts', () => {
  const busy = (place: ConstructorParameters<typeof RetryableError>[2]) => new RetryableError('C', 'm', place)
  const table: readonly (readonly [title: string, WaslError, ReturnType<typeof whatItAsks>])[] = [
    ['too many requests', busy({ gate: 'busy' }), { remote: 'moodle', reason: 'busy' }],
    [
      'too many, with a wish',
      busy({ gate: 'busy', retryAfterMs: 120_000 }),
      { remote: 'moodle', reason: 'busy', askedMs: 120_000 },
    ],
    [
      'too many, with an absurd wish',
      busy({ gate: 'busy', retryAfterMs: 1e9 }),
      { remote: 'moodle', reason: 'busy', askedMs: HOUR },
    ],
    [
      'too many, with no sensible wish',
      busy({ gate: 'busy', retryAfterMs: Number.NaN }),
      { remote: 'moodle', reason: 'busy', askedMs: 1000 },
    ],
    ['an outage', busy({ gate: 'outage' }), { remote: 'moodle', reason: 'outage' }],
    ['a refused token', busy({ gate: 'token' }), { remote: 'moodle', reason: 'token' }],
    ['the record’s own trouble', busy({}), undefined],
    ['the record’s own trouble, with a wish', busy({ retryAfterMs: 5 }), undefined],
    ['wrong data', new DataError('C', 'm'), undefined],
    ['a wrong installation', new SetupError('C', 'm'), { remote: 'moodle', reason: 'setup' }],
    [
      'one resource refused',
      new SetupError('C', 'm', { resource: 'user' }),
      { remote: 'moodle/user', reason: 'setup' },
    ],
  ]
  for (const [title, error, asks] of table)
    it(title, () => expect(whatItAsks('moodle/user', error)).to.deep.equal(asks))
})

describe('errors as they are kept', () => {
  it('say what, where and what to do, and no cause', () => {
    const cause = new Error('secret')
    const error = new DataError('C', 'm', { at: 'f', hint: 'h', tried: ['a'], cause })
    expect(storedError(error, 'moodle/user')).to.deep.equal({
      code: 'C',
      message: 'm',
      at: 'f',
      hint: 'h',
      tried: ['a'],
      to: 'moodle/user',
    })
    expect(storedError(new SetupError('C', 'm'))).to.deep.equal({ code: 'C', message: 'm' })
  })

  it('say nothing of what we did not raise on purpose', () => {
    const kept = storedError(new TypeError('password is hunter2'), 'moodle/user')
    expect(kept).to.deep.include({ code: 'INTERNAL', to: 'moodle/user' })
    expect(JSON.stringify(kept)).not.to.contain('hunter2')
  })

  it('are the same where code, place and target are', () => {
    const one = { code: 'C', message: 'm', at: 'f', to: 't' }
    expect(isSameError(one, { ...one, message: 'else' })).to.equal(true)
    for (const other of [{ code: 'D' }, { at: 'g' }, { to: 'u' }])
      expect(isSameError(one, { ...one, ...other })).to.equal(false)
    expect(isSameError(undefined, one)).to.equal(false)
  })
})

it('a resource’s name has two parts', () => {
  expect(connectorOf('zoho/BTEC_Students')).to.equal('zoho')
  expect(nameOf('zoho/BTEC_Students')).to.equal('BTEC_Students')
})
