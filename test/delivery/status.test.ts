import { expect } from 'chai'
import type { EventStatus } from '../../core/delivery/intake.ts'
import { isAtRest, receiptOf, statusOf, waitsFor } from '../../core/delivery/status.ts'
import type { EventDocument, RecordDocument } from '../../core/store/documents.ts'
import { delivery } from '../store/documents.ts'
import { due, fieldsOf, NOW, STUDENT, set, student, USER } from './records.ts'

const tenant = { pipelines: set }
const event = (changes: Partial<EventDocument> = {}): EventDocument => ({
  id: 'e',
  resource: STUDENT,
  kind: 'state',
  version: [1],
  module: 'student',
  flow: 'zoho-to-moodle',
  outcome: 'NEW',
  ...changes,
})
const missing = [
  { name: 'student', key: 'student|zohoId=42', label: 'student 42' },
  { name: 'class', key: 'class|zohoId=7', label: 'class 7' },
]
const status = (one: EventDocument, record?: RecordDocument, senderId?: string) =>
  statusOf(
    { receivedAt: new Date(NOW), ...(senderId === undefined ? {} : { senderId }) },
    one,
    record,
    tenant,
  )
const open = () => {
  const { outcome: _outcome, ...rest } = event()
  return rest
}

describe('where an event stands', () => {
  const table: readonly (readonly [
    string,
    EventDocument,
    RecordDocument | undefined,
    EventStatus['state'],
  ])[] = [
    ['it is not decided', open(), student(), 'open'],
    ['it was decided', event(), student(), 'NEW'],
    ['it has no record', event({ outcome: 'SKIPPED' }), undefined, 'SKIPPED'],
    ['its record is gone', event(), undefined, 'NEW'],
    [
      'it is invalid, whatever its record is',
      event({ outcome: 'INVALID' }),
      student({ state: 'dead' }),
      'INVALID',
    ],
    [
      'it is skipped, whatever its record is',
      event({ outcome: 'SKIPPED' }),
      student({ state: 'dead' }),
      'SKIPPED',
    ],
    ['its record was refused', event(), student({ state: 'dead' }), 'FAILED'],
    ['its record is in conflict', event(), student({ state: 'conflict' }), 'FAILED'],
    ['its record waits', event(), student({ state: 'waiting', missing }), 'WAITING'],
    [
      'nothing changed, but its record waits',
      event({ outcome: 'UNCHANGED' }),
      student({ state: 'waiting', missing }),
      'WAITING',
    ],
    [
      'it deleted what waited',
      event({ outcome: 'DELETED' }),
      student({ state: 'deleted', missing }),
      'DELETED',
    ],
    ['its record is tried again', event({ outcome: 'UPDATED' }), student({ state: 'retrying' }), 'UPDATED'],
  ]
  for (const [title, one, record, state] of table)
    it(title, () => expect(status(one, record).state).to.equal(state))

  it('says only what there is to say', () => {
    const { outcome: _outcome, module: _module, flow: _flow, ...bare } = event()
    expect(status(bare)).to.deep.equal({ id: 'e', state: 'open' })
  })

  it('says what changed, and what the sender called it', () => {
    const changes = [{ field: 'city', from: null, to: 'Amman' }]
    const told = status(event({ outcome: 'UPDATED', reason: 'r', changes, record: 'x' }), student(), 's')
    expect(told).to.deep.include({
      notification_id: 's',
      module: 'student',
      reason: 'r',
      changes,
      record: 'x',
    })
  })

  it('says why it is invalid: what it was refused for itself, before its record', () => {
    const error = { code: 'REQUIRED', message: 'There is no email.', at: 'email', tried: ['Email'] }
    const record = student({ state: 'dead', lastError: { code: 'ELSE', message: 'else' } })
    expect(status(event({ outcome: 'INVALID', error }), record)).to.deep.include({
      code: 'REQUIRED',
      message: 'There is no email.',
      field: 'email',
      tried: ['Email'],
    })
  })

  it('says why its record failed, and not what once failed', () => {
    const lastError = { code: 'REFUSED', message: 'It says no.', at: 'username' }
    expect(status(event(), student({ state: 'dead', lastError }))).to.include({
      code: 'REFUSED',
      field: 'username',
    })
    expect(status(event(), student({ state: 'retrying', lastError }))).to.not.have.any.keys('code', 'message')
  })

  it('says what it waits for', () => {
    expect(waitsFor({ missing })).to.equal('waits for student 42, class 7')
    expect(status(event(), student({ missing }))).to.include({ message: 'waits for student 42, class 7' })
  })

  it('says what the other system did, where it did so since', () => {
    const pushed = (ms: number) => ({ [USER]: { at: new Date(NOW + ms), action: 'created' as const } })
    expect(status(event(), student({ pushed: pushed(0) })).action).to.equal('created')
    expect(status(event(), student({ pushed: pushed(-1) }))).to.not.have.property('action')
    expect(status(event({ flow: 'moodle-to-zoho' }), student({ pushed: pushed(5) }))).to.not.have.property(
      'action',
    )
  })

  it('says what the first send after it did, not the newest one', () => {
    const pushed = (ms: number) => ({
      [USER]: { at: new Date(NOW + 9), action: 'updated' as const, created: new Date(NOW + ms) },
    })
    expect(status(event(), student({ pushed: pushed(5) })).action).to.equal('created')
    expect(status(event(), student({ pushed: pushed(-5) })).action).to.equal('updated')
  })

  it('says what its flow answered of it, not of the record as others changed it since', () => {
    const answers = { btec_grade: 'Pass' }
    expect(status(event({ answers }), student()).answers).to.deep.equal(answers)
    expect(status(event(), student())).to.not.have.property('answers')
  })

  it('says the ids in the remotes, the one that was just answered too, and no unique names', () => {
    const record = student({
      identities: [`${STUDENT}:1001`, '=username:sara'],
      fields: fieldsOf(student(), { moodleUserId: '5:7' }),
    })
    expect(status(event(), record).ids).to.deep.equal({ [STUDENT]: '1001', [USER]: '5:7' })
  })

  it('is answered for a module whose pipeline is gone', () => {
    const told = status(event({ module: 'gone' }), student({ module: 'gone' }))
    expect(told).to.deep.include({ state: 'NEW', ids: { [STUDENT]: '1001' } })
  })
})

describe('a receipt', () => {
  it('names the delivery, its sender’s id, and that the id was used before', () => {
    const events: EventStatus[] = [{ id: 'e', state: 'NEW' }]
    expect(receiptOf(delivery(1), events)).to.deep.equal({ id: delivery(1)._id, duplicate: false, events })
    expect(receiptOf(delivery(1, { senderId: 's', idReused: true }), events)).to.include({
      notification_id: 's',
      id_reused: true,
    })
  })
})

describe('a record is at rest', () => {
  const table: readonly (readonly [string, Partial<RecordDocument>, boolean])[] = [
    ['with nothing to send', {}, true],
    ['with marks only', { outbox: { [STUDENT]: { attempt: 0, marks: 'done' } } }, true],
    ['not with content', { outbox: { [USER]: due() } }, false],
    ['not with a removal', { state: 'deleted', outbox: { [USER]: { remove: true, attempt: 0 } } }, false],
    ['not while it is tried again', { state: 'retrying', outbox: { [USER]: due({ attempt: 2 }) } }, false],
    ['while it waits', { state: 'waiting', outbox: { [USER]: due() } }, true],
    ['when it is dead', { state: 'dead', outbox: { [USER]: due() } }, true],
    ['in conflict', { state: 'conflict', outbox: { [USER]: due() } }, true],
  ]
  for (const [title, changes, rests] of table)
    it(title, () => expect(isAtRest(student(changes))).to.equal(rests))
})
