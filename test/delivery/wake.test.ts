import { expect } from 'chai'
import { restOf } from '../../core/delivery/wake.ts'
import type { RecordDocument } from '../../core/store/documents.ts'
import { due, enrolment, NOW, pipelineOf, STUDENT, student, USER } from './records.ts'

const GATE = 'al-noor|moodle'
const open = () => undefined
const closed = () => GATE
const woke = (changes: Partial<RecordDocument> = {}) =>
  student({ woke: true, dueAt: new Date(NOW), ...changes })

describe('a record that wakes others', () => {
  const cases: readonly [string, RecordDocument, () => string | undefined, ReturnType<typeof restOf>][] = [
    ['with nothing to send is at rest', woke(), open, { state: 'ok' }],
    ['stands at a closed gate', woke({ outbox: { [USER]: due() } }), closed, { state: 'gated', gate: GATE }],
    ['is sent where no gate is closed', woke({ outbox: { [USER]: due() } }), open, undefined],
    [
      'is sent where one of two gates is open',
      woke({ outbox: { [USER]: due(), [STUDENT]: { attempt: 0, marks: 'done' } } }),
      ((resource: string) => (resource === USER ? GATE : undefined)) as () => string | undefined,
      undefined,
    ],
    [
      'is sent later where it was refused for now',
      woke({ outbox: { [USER]: due({ notBefore: new Date(NOW + 60_000) }) } }),
      open,
      undefined,
    ],
    [
      'has an identity still to be added',
      woke({ fields: { ...student().fields, moodleUserId: '7' } }),
      open,
      undefined,
    ],
    ['refers to others', woke({ refs: ['program|zohoId=1'] }), open, undefined],
    ['waits itself', woke({ state: 'waiting' }), open, undefined],
    ['is in conflict', woke({ state: 'conflict' }), open, undefined],
    ['is deleted', woke({ state: 'deleted' }), open, undefined],
    ['wakes nobody', student(), open, undefined],
  ]
  for (const [title, record, gateBefore, expected] of cases) {
    it(title, () => {
      expect(restOf(record, pipelineOf(record.module), gateBefore, NOW)).to.deep.equal(expected)
    })
  }

  it('shares an object with others: who owns it is settled when it is sent', () => {
    const record = enrolment({ woke: true, refs: [], missing: [], state: 'ok', outbox: {} })
    expect(restOf(record, pipelineOf('enrollment'), open, NOW)).to.equal(undefined)
  })
})
