import { expect } from 'chai'
import { backoffMs } from '../../core/delivery/backoff.ts'
import { createSpread } from '../../core/delivery/spread.ts'

const AT = Date.UTC(2026, 10, 28)
const SECOND = 1000

/** How many of `times` fall into each second, in order. */
function buckets(times: readonly number[]): readonly number[] {
  const counts = new Map<number, number>()
  for (const at of times) {
    const second = Math.floor((at - AT) / SECOND)
    counts.set(second, (counts.get(second) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => a - b).map(([, count]) => count)
}

/** Always the same dice. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

describe('retries of one remote', () => {
  it('are left where they are while they are few', () => {
    const spread = createSpread(() => AT)
    for (let n = 0; n < 20; n++) expect(spread.at('a|moodle', AT + n)).to.equal(AT + n)
  })

  it('that failed together come back over 20 seconds, none of which has more than 5 %', () => {
    const spread = createSpread(() => AT)
    const random = dice(7)
    const times = Array.from({ length: 10_000 }, () => spread.at('a|moodle', AT + backoffMs(1, random())))
    const seconds = buckets(times)
    expect(Math.max(...seconds)).to.be.at.most(500)
    expect(seconds.length).to.be.within(20, 22)
  })

  it('are spread by each engine, so that all of them are', () => {
    const random = dice(11)
    const engines = [0, 1, 2].map(() => createSpread(() => AT))
    const times = Array.from({ length: 9999 }, (_, n) =>
      engines[n % 3]!.at('a|moodle', AT + backoffMs(1, random())),
    )
    expect(Math.max(...buckets(times))).to.be.at.most(500)
  })

  it('of one remote do not put off those of another', () => {
    const spread = createSpread(() => AT)
    for (let n = 0; n < 1000; n++) spread.at('a|moodle', AT)
    expect(spread.at('a|zoho', AT)).to.equal(AT)
    expect(spread.at('b|moodle', AT)).to.equal(AT)
  })

  it('are forgotten when their second is over', () => {
    let clock = AT
    const spread = createSpread(() => clock)
    for (let n = 0; n < 20; n++) spread.at('a|moodle', AT)
    expect(spread.at('a|moodle', AT)).to.equal(AT + SECOND)
    clock = AT + 2 * SECOND
    for (let n = 0; n < 20; n++) expect(spread.at('a|moodle', clock)).to.equal(clock)
  })
})
