import { expect } from 'chai'
import { explore } from './explore.ts'
import { type TieFault, type TieOptions, tieModel } from './tie.ts'

const check = (options: TieOptions) =>
  explore(tieModel(options), { limit: 300_000, first: options.fault !== undefined })

describe('model of edits of one moment', () => {
  for (const events of [
    ['1', '2', '1'],
    ['1', '2', '2'],
    ['1', '2', '3'],
    ['1', '?1', '2'],
  ])
    it(`ends at what the source is: ${events.join(', ')}`, () => {
      const found = check({ events })
      expect([...found.violations].map(([what, trace]) => `${what}: ${trace.join(' > ')}`)).to.deep.equal([])
      expect(found.states).to.be.greaterThan(3000)
    })

  const faults: Readonly<Record<TieFault, readonly string[]>> = {
    'who is told last is right': ['1', '2'],
    'who is told first is right': ['1', '2'],
    'an earlier read is kept': ['1', '?1', '2'],
    'a read does not ask what was told meanwhile': ['?1', '2'],
    'apply without comparing rev': ['1', '2'],
  }
  for (const [fault, events] of Object.entries(faults))
    it(`catches: ${fault}`, () => {
      expect(check({ events, fault: fault as TieFault }).violations.size).to.equal(1)
    })
})
