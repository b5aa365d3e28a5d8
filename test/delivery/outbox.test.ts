import { expect } from 'chai'
import { changeOf, draftOf, newRecord, viewOf, without } from '../../core/delivery/draft.ts'
import {
  nextSend,
  wasSent,
  withContent,
  withMark,
  withoutEntry,
  withRemoval,
} from '../../core/delivery/outbox.ts'
import type { OutboxEntry, RecordDocument } from '../../core/store/documents.ts'
import { due, NOW, STUDENT, student, USER } from './records.ts'

const at = (ms: number) => new Date(NOW + ms)
const begun = { sending: true, was: [{ by: 'email', value: 'a@b' }] }
const out = (entry: OutboxEntry) => ({ [USER]: entry })

describe('what is still to be sent', () => {
  const contents: readonly (readonly [string, OutboxEntry | undefined, OutboxEntry])[] = [
    ['is new', undefined, { content: 'new', attempt: 0 }],
    [
      'is the same',
      { content: 'new', attempt: 3, notBefore: at(1) },
      { content: 'new', attempt: 3, notBefore: at(1) },
    ],
    [
      'starts its attempts anew, and still waits',
      { content: 'old', attempt: 3, notBefore: at(1), failingSince: at(0) },
      { content: 'new', attempt: 0, notBefore: at(1) },
    ],
    [
      'goes at once after a refusal',
      { content: 'old', attempt: 3, notBefore: at(1), refused: 'old' },
      { content: 'new', attempt: 0 },
    ],
    [
      'is tried once more when the same is brought after a refusal',
      { content: 'new', attempt: 1, refused: 'new' },
      { content: 'new', attempt: 0 },
    ],
    [
      'does not forget what was begun',
      { content: 'old', attempt: 1, ...begun },
      { content: 'new', attempt: 0, ...begun },
    ],
    [
      'takes its mark along',
      { attempt: 0, marks: 'pending' },
      { content: 'new', attempt: 0, marks: 'pending' },
    ],
    ['ends a removal', { remove: true, attempt: 2 }, { content: 'new', attempt: 0 }],
    [
      'ends a removal of the same',
      { remove: true, content: 'new', attempt: 2 },
      { content: 'new', attempt: 0 },
    ],
  ]
  for (const [title, before, after] of contents)
    it(title, () => {
      const outbox = before === undefined ? {} : out(before)
      const copy = structuredClone(outbox)
      expect(withContent(outbox, USER, 'new')).to.deep.equal(out(after))
      expect(outbox).to.deep.equal(copy)
    })

  it('is the same object where nothing is new', () => {
    const outbox = out(due())
    expect(withContent(outbox, USER, 'c1')).to.equal(outbox)
    const marked = out({ attempt: 0, marks: 'failed', error: 'e' })
    expect(withMark(marked, USER, 'failed', 'e')).to.equal(marked)
    expect(withoutEntry(outbox, STUDENT)).to.equal(outbox)
  })

  it('leaves the others as they are', () => {
    expect(withContent(out(due()), STUDENT, 'x')).to.deep.equal({
      ...out(due()),
      [STUDENT]: { content: 'x', attempt: 0 },
    })
    expect(withoutEntry({ ...out(due()), [STUDENT]: due() }, STUDENT)).to.deep.equal(out(due()))
  })

  const removals: readonly (readonly [string, OutboxEntry | undefined, OutboxEntry])[] = [
    [
      'replaces what was to be sent',
      due({ attempt: 3, notBefore: at(1), marks: 'done' }),
      { remove: true, attempt: 0 },
    ],
    ['remembers what was begun', due(begun), { remove: true, attempt: 0, ...begun }],
    ['stands alone', undefined, { remove: true, attempt: 0 }],
  ]
  for (const [title, before, after] of removals)
    it(`a removal ${title}`, () => {
      expect(withRemoval(before === undefined ? {} : out(before), USER)).to.deep.equal(out(after))
    })

  const marks: readonly (readonly [string, OutboxEntry | undefined, string | undefined, OutboxEntry])[] = [
    ['goes by itself', undefined, undefined, { attempt: 0, marks: 'done' }],
    ['travels with what is due', due(), undefined, due({ marks: 'done' })],
    [
      'replaces another, and its message',
      due({ marks: 'failed', error: 'e' }),
      undefined,
      due({ marks: 'done' }),
    ],
    ['brings a message', { attempt: 2, marks: 'done' }, 'e', { attempt: 2, marks: 'done', error: 'e' }],
  ]
  for (const [title, before, error, after] of marks)
    it(`a mark ${title}`, () => {
      expect(withMark(before === undefined ? {} : out(before), USER, 'done', error)).to.deep.equal(out(after))
    })

  it('was sent, or begun, or neither', () => {
    const pushed = { [USER]: { at: at(0), action: 'created' as const } }
    expect(wasSent(student({ pushed }), USER)).to.equal(true)
    expect(wasSent(student({ outbox: out(due({ sending: true })) }), USER)).to.equal(true)
    expect(wasSent(student({ outbox: out(due()) }), USER)).to.equal(false)
    expect(wasSent(student({ pushed }), STUDENT)).to.equal(false)
  })

  const sends: readonly (readonly [string, RecordDocument['outbox'], number | undefined])[] = [
    ['nothing', {}, undefined],
    ['content, at once', out(due()), NOW],
    ['content, later', out(due({ notBefore: at(5) })), NOW + 5],
    [
      'what may go first',
      { ...out(due({ notBefore: at(5) })), [STUDENT]: { attempt: 0, marks: 'done' } },
      NOW,
    ],
    ['nothing that was refused', out(due({ refused: 'c1' })), undefined],
    ['what changed since it was refused', out(due({ refused: 'c0' })), NOW],
    ['the mark beside what was refused', out(due({ refused: 'c1', marks: 'failed' })), NOW],
    ['a removal', out({ remove: true, attempt: 0 }), NOW],
  ]
  for (const [title, outbox, moment] of sends)
    it(`next to be sent: ${title}`, () => expect(nextSend(outbox, NOW)).to.equal(moment))
})

describe('a record while it is decided about', () => {
  it('does not change by being read', () => {
    expect(changeOf(draftOf(student()))).to.equal(null)
  })

  it('has no change to store where it is new', () => {
    const next = newRecord('1', 'al-noor', 'student', 'zoho', at(0))
    expect(next).to.include({ rev: 0, state: 'ok', claims: 0, source: 'zoho' })
    expect(changeOf({ stored: null, next })).to.equal(null)
  })

  it('is stored in the parts that differ', () => {
    const stored = student({ lastError: { code: 'C', message: 'm' } })
    const fields = { ...stored.fields, city: 'Amman' }
    const next = { ...without(stored, 'lastError', 'dueAt'), fields }
    expect(changeOf({ stored, next })).to.deep.equal({
      id: stored._id,
      rev: stored.rev,
      set: { fields },
      unset: ['dueAt', 'lastError'],
    })
  })

  it('is not stored for what the store itself keeps', () => {
    const stored = student()
    const next = { ...stored, rev: 99, write: 'w', updatedAt: at(9), createdAt: at(9) }
    expect(changeOf({ stored, next })).to.equal(null)
  })

  it('is not stored for a part that was absent and is undefined', () => {
    const stored = student()
    expect(changeOf({ stored, next: { ...stored, gate: undefined as unknown as string } })).to.equal(null)
    const { dueAt: _dueAt, ...left } = stored
    expect(changeOf({ stored, next: { ...left, dueAt: undefined as unknown as Date } })?.unset).to.deep.equal(
      ['dueAt'],
    )
  })

  it('is none to steps where it was only ever refused', () => {
    expect(viewOf(student({ state: 'invalid', sides: {} }))).to.equal(null)
    expect(viewOf(student({ state: 'invalid' }))).to.not.equal(null)
    expect(viewOf(student({ sides: {} }))).to.not.equal(null)
  })

  it('is shown to steps without what only the store needs', () => {
    expect(viewOf(student())).to.have.all.keys(
      'id',
      'module',
      'fields',
      'identities',
      'state',
      'sides',
      'pushed',
    )
  })

  it('loses only the parts that it has', () => {
    const record = { a: 1, b: 2 }
    expect(without(record, 'a')).to.deep.equal({ b: 2 })
    expect(without<{ a: number; b: number; c?: number }>(record, 'c')).to.equal(record)
    expect(record).to.deep.equal({ a: 1, b: 2 })
  })
})
