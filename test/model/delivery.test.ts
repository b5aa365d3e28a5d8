import { expect } from 'chai'
import { deliveryModel } from './delivery.ts'
import type { DeliveryOptions, Fault } from './delivery-state.ts'
import { explore } from './explore.ts'

const check = (options: DeliveryOptions, limit = 300_000) =>
  explore(deliveryModel(options), { limit, first: options.fault !== undefined })
const told = ({ violations }: ReturnType<typeof check>) =>
  [...violations].map(([what, trace]) => `${what}: ${trace.join(' > ')}`)

const plain = { events: ['C1', 'C2', 'D1'], crashes: 1 }
const refusal = { events: ['D1!', 'D2'], crashes: 1, failures: 1, replays: 1 }

describe('model of the delivery', function () {
  this.timeout(60_000)

  const designs: readonly (readonly [string, DeliveryOptions])[] = [
    ['loses nothing and ends with the newest, with a crash at any step', plain],
    [
      'ends with the newest although a lease expired under its worker, where the remote takes no older version',
      { events: ['C1', 'C2', 'D1'], liveExpiries: 1, conditional: true },
    ],
    ['sends a correction after a refusal, whatever comes between', refusal],
    [
      'keeps a refused record as a dead letter, which a replay sends again',
      { events: ['D1', 'D2!'], crashes: 1, replays: 1 },
    ],
    [
      'waits for a record that is dead, and goes on when a replay brings it',
      { events: ['C1', 'D1!', 'D2'], replays: 1 },
    ],
    [
      'retries what failed, and gives up into a dead letter',
      { events: ['D1', 'D2'], failures: 2, replays: 1 },
    ],
  ]
  for (const [title, options] of designs)
    it(title, () => {
      const found = check(options)
      expect(told(found)).to.deep.equal([])
      expect(found.states).to.be.greaterThan(500)
    })

  it('shows what no engine can promise: without a conditional write a late sender may leave the older version', () => {
    const found = check({ events: ['D1', 'D2'], liveExpiries: 1 })
    expect([...found.violations.keys()]).to.deep.equal(['the remote has version 1 of 1, not 2'])
  })

  const faults: Readonly<Record<Fault, DeliveryOptions>> = {
    'apply without comparing rev': plain,
    'outbox as a second write': plain,
    'event marked before it is applied': plain,
    'park in one write': plain,
    'park without reading again': plain,
    'ack without comparing rev': plain,
    'nothing left to wake after a crash': plain,
    'writes without the lease': { events: ['C1', 'D1'], liveExpiries: 1, failures: 1, conditional: true },
    'dead without comparing rev': refusal,
    'dead forgets what was to be sent': { events: ['D1!'] },
    'retry puts back what it had tried': { events: ['D1', 'D2'], failures: 1 },
    'a refusal blocks its correction': refusal,
    'an event cancels the backoff': { events: ['D1', 'D2'], failures: 1 },
    'a replay counts as the newest': refusal,
    'a replay of what is dead is unchanged': { events: ['D1!'], replays: 1 },
    'a dead record is claimed': refusal,
    'mark without seeing the replay': { events: ['D1!'], replays: 1 },
  }
  for (const [fault, options] of Object.entries(faults))
    it(`catches: ${fault}`, () => {
      expect(check({ ...options, fault: fault as Fault }).violations.size).to.equal(1)
    })
})
