import { expect } from 'chai'
import { explore } from './explore.ts'
import { type MergeFault, type MergeOptions, mergeModel } from './merge.ts'

const check = (options: MergeOptions) =>
  explore(mergeModel(options), { limit: 100_000, first: options.fault !== undefined })

describe('model of merging', function () {
  this.timeout(60_000)

  it('ends with all that either record had, with a crash at any step', () => {
    const found = check({ events: ['A1', 'B1'], crashes: 1 })
    expect([...found.violations]).to.deep.equal([])
    expect(found.states).to.be.greaterThan(1000)
  })

  const faults: Readonly<Record<MergeFault, MergeOptions>> = {
    'merge without comparing rev': { events: ['A1', 'B1'], crashes: 1 },
    'no sweep for what was left half merged': { events: ['A1', 'B1'], crashes: 1 },
    'absorbed although it changed since': { events: ['A1', 'B1', 'B2'] },
    'an ack on a merged record is not taken over': { events: ['A1', 'B1', 'B2'] },
  }
  for (const [fault, options] of Object.entries(faults))
    it(`catches: ${fault}`, () => {
      expect(check({ ...options, fault: fault as MergeFault }).violations.size).to.equal(1)
    })
})
