import { expect } from 'chai'
import { acknowledged, markRefused, refused, type rest, retried } from '../../core/delivery/settle.ts'
import { DataError, RetryableError } from '../../core/errors.ts'
import type { OutboxEntry, RecordDocument } from '../../core/store/documents.ts'
import { due, enrolment, fieldsOf, held, NOW, pushOf, STUDENT, student, USER } from './records.ts'

const wrong = new DataError('REFUSED', 'It says no.', { at: 'username' })
const later = new RetryableError('REMOTE_BUSY', 'Not now.')
const created = { ok: true, id: '55', action: 'created' } as const
const marksTo = (to: string) => ({ do: 'send', to, what: 'marks', fields: {}, id: '1001' }) as const

/** Settling writes to one record under its lease, whatever happened. */
function expectEnded({ same, changed }: ReturnType<typeof rest>, rev: number) {
  expect(same.rev).to.equal(rev)
  expect(changed.set['dueAt']).to.deep.equal(new Date(NOW))
  for (const half of [same, changed]) {
    expect(half.unset).to.include('lease')
    expect(half.set['claims']).to.equal(0)
    for (const path of half.unset) expect(half.set).not.to.have.property(path)
  }
}

const outboxOf = ({ same }: ReturnType<typeof rest>) => same.set['outbox'] as RecordDocument['outbox']
const dueOf = ({ same }: ReturnType<typeof rest>) => same.set['dueAt'] as Date | undefined

describe('a push that was acknowledged', () => {
  const one = held(
    student({
      outbox: { [USER]: due({ sending: true, was: [] }) },
      sides: { zoho: { version: [5], fp: 'z' }, moodle: { version: [2], fp: 'm' } },
      lastError: { code: 'OLD', message: 'old' },
    }),
  )
  const send = pushOf(one, USER)
  const pair = acknowledged(one, send, { ...created, answered: [9], cut: ['city'] }, NOW)

  it('ends the lease in both halves', () => expectEnded(pair, one.rev))

  it('stores the same facts in both halves', () => {
    for (const half of [pair.same, pair.changed]) {
      expect(half.set[`pushed.${USER}`]).to.deep.equal({
        at: new Date(NOW),
        action: 'created',
        created: new Date(NOW),
        content: send.rendered?.content,
        answered: [9],
        cut: ['city'],
      })
      expect(half.set['fields.moodleUserId']).to.equal('55')
      expect(half.set['told']).to.equal('done')
      expect(half.unset).to.include('lastError')
    }
  })

  it('forgets what the target said, and never its version', () => {
    for (const half of [pair.same, pair.changed]) {
      expect(half.unset).to.include('sides.moodle.fp')
      expect(half.unset).not.to.include('sides.zoho.fp')
      expect(Object.keys(half.set).filter(path => path.startsWith('sides'))).to.deep.equal([])
    }
  })

  it('removes the entry and leaves the register’s mark, where nothing changed', () => {
    expect(outboxOf(pair)).to.deep.equal({ [STUDENT]: { attempt: 0, marks: 'done' } })
  })

  it('leaves the newer entry and marks it as answered, where something changed', () => {
    expect(pair.changed.set).not.to.have.property('outbox')
    expect(pair.changed.set[`outbox.${STUDENT}.marks`]).to.equal('done')
    expect(pair.changed.unset).to.include.members([
      `outbox.${USER}.sending`,
      `outbox.${USER}.was`,
      `outbox.${STUDENT}.error`,
    ])
  })

  it('wakes those that wait for the id that it brought', () => {
    expect(pair.same.set['woke']).to.equal(true)
    expect(pair.changed.set['woke']).to.equal(true)
    expect(pair.same.set['keys']).to.include('student|moodleUserId=55')
    expect(dueOf(pair)).to.deep.equal(new Date(NOW))
  })

  it('wakes nobody when the id was known', () => {
    const fields = fieldsOf(student(), { moodleUserId: '55' })
    const known = held(
      student({
        fields,
        identities: [`${STUDENT}:1001`, `${USER}:55`],
        outbox: { [USER]: due() },
      }),
    )
    const again = acknowledged(known, pushOf(known, USER), created, NOW)
    expect(again.same.set).not.to.have.property('woke')
    expect(again.same.set).not.to.have.property('fields.moodleUserId')
  })

  it('stays due until the identity that it brought is added', () => {
    // A module that nobody refers to: only the identity keeps it due.
    const fields = { ...enrolment().fields, zohoId: null }
    const bare = held(enrolment({ fields, identities: [], refs: [], outbox: { 'moodle/enrollment': due() } }))
    const send = { do: 'send', to: 'moodle/enrollment', what: 'push', fields: {} } as const
    const ending = acknowledged(bare, send, { ...created, id: '5:7' }, NOW)
    expect(dueOf(ending)).to.deep.equal(new Date(NOW))
    expect(ending.same.set['state']).to.equal('due')
  })

  it('never touches a deletion', () => {
    const gone = held(student({ state: 'deleted', outbox: { [USER]: { remove: true, attempt: 0 } } }))
    const send = { do: 'send', to: USER, what: 'remove', fields: {}, id: '55' } as const
    const ending = acknowledged(gone, send, { ok: true, id: '55', action: 'updated' }, NOW)
    expect(ending.same.set['state']).to.equal('deleted')
    expect(ending.same.set[`pushed.${USER}`]).to.include({ removed: true })
    expect(ending.changed.set).not.to.have.property('state')
  })

  it('keeps what is still to be sent elsewhere', () => {
    const both = held(student({ outbox: { [USER]: due(), [STUDENT]: due({ marks: 'pending' }) } }))
    const ending = acknowledged(both, pushOf(both, USER), created, NOW)
    expect(outboxOf(ending)).to.deep.equal({ [STUDENT]: due({ marks: 'done' }) })
    expect(ending.same.set['state']).to.equal('due')
  })
})

describe('marks that were acknowledged', () => {
  const entry: OutboxEntry = { attempt: 0, marks: 'done' }

  it('end there', () => {
    const one = held(student({ outbox: { [STUDENT]: entry } }))
    const pair = acknowledged(one, marksTo(STUDENT), { ok: true, id: '1001', action: 'updated' }, NOW)
    expectEnded(pair, one.rev)
    expect(outboxOf(pair)).to.deep.equal({})
    expect(pair.same.set['state']).to.equal('ok')
    expect(pair.same.unset).to.include('dueAt').and.not.include('sides.zoho.fp')
  })

  it('leave the content of their entry', () => {
    const one = held(student({ outbox: { [STUDENT]: { ...entry, content: 'c' } } }))
    const pair = acknowledged(one, marksTo(STUDENT), { ok: true, id: '1001', action: 'updated' }, NOW)
    expect(outboxOf(pair)).to.deep.equal({ [STUDENT]: { attempt: 0, content: 'c' } })
  })

  it('note the answered version as an echo’s, with and without an earlier push', () => {
    const result = { ok: true, id: '1001', action: 'updated', answered: [8] } as const
    const bare = acknowledged(held(student({ outbox: { [STUDENT]: entry } })), marksTo(STUDENT), result, NOW)
    const noted = { at: new Date(NOW), action: 'updated', answered: [8] }
    expect(bare.same.set[`pushed.${STUDENT}`]).to.deep.equal(noted)
    const pushed = { [STUDENT]: { at: new Date(1), action: 'created' as const, content: 'c' } }
    const before = held(student({ outbox: { [STUDENT]: entry }, pushed }))
    const after = acknowledged(before, marksTo(STUDENT), result, NOW)
    expect(after.same.set[`pushed.${STUDENT}.answered`]).to.deep.equal([8])
  })
})

/** Tried again so many milliseconds later. */
const inMs = (ms: number) => () => NOW + ms
const PATIENCE_MS = 72 * 3_600_000

describe('a push that is tried again', () => {
  const one = held(student({ outbox: { [USER]: due() } }))
  const pair = retried(one, pushOf(one, USER), later, false, inMs(1000), NOW)

  it('counts the attempt and waits in both halves', () => {
    expectEnded(pair, one.rev)
    const facts = { attempt: 1, notBefore: new Date(NOW + 1000), failingSince: new Date(NOW) }
    expect(outboxOf(pair)[USER]).to.deep.equal({ content: 'c1', ...facts })
    for (const [name, value] of Object.entries(facts))
      expect(pair.changed.set[`outbox.${USER}.${name}`]).to.deep.equal(value)
    expect(pair.same.set['state']).to.equal('retrying')
    expect(pair.same.set['lastError']).to.include({ code: 'REMOTE_BUSY', to: USER })
  })

  it('tells the register when the episode begins, at once', () => {
    expect(outboxOf(pair)[STUDENT]).to.deep.equal({ attempt: 0, marks: 'failed', error: 'Not now.' })
    expect(dueOf(pair)).to.deep.equal(new Date(NOW))
  })

  it('tells it no second time, and is due when it may be sent', () => {
    const failingSince = new Date(NOW - 60_000)
    const second = held(student({ outbox: { [USER]: due({ attempt: 3, failingSince }) } }))
    const ending = retried(second, pushOf(second, USER), later, false, inMs(13_500), NOW)
    expect(outboxOf(ending)).to.have.all.keys(USER)
    expect(outboxOf(ending)[USER]).to.deep.include({ attempt: 4, failingSince })
    expect(dueOf(ending)).to.deep.equal(new Date(NOW + 13_500))
  })

  it('waits as long as it is told', () => {
    const ending = retried(one, pushOf(one, USER), later, false, inMs(120_000), NOW)
    expect(outboxOf(ending)[USER]?.notBefore).to.deep.equal(new Date(NOW + 120_000))
  })

  it('keeps a begun creation only where its answer is not known', () => {
    const begun = held(
      student({ outbox: { [USER]: due({ sending: true, was: [{ by: 'a', value: 'b' }] }) } }),
    )
    const unsure = retried(begun, pushOf(begun, USER), later, true, inMs(0), NOW)
    expect(outboxOf(unsure)[USER]).to.include({ sending: true })
    expect(unsure.changed.unset).not.to.include(`outbox.${USER}.sending`)
    const sure = retried(begun, pushOf(begun, USER), later, false, inMs(0), NOW)
    expect(outboxOf(sure)[USER]).to.not.have.any.keys('sending', 'was')
    expect(sure.changed.unset).to.include.members([`outbox.${USER}.sending`, `outbox.${USER}.was`])
  })

  it('is dead after 72 hours of failing, and not before', () => {
    const since = (ms: number) => {
      const failing = held(student({ outbox: { [USER]: due({ failingSince: new Date(NOW - ms) }) } }))
      return retried(failing, pushOf(failing, USER), later, false, inMs(0), NOW).same.set['state']
    }
    expect(since(PATIENCE_MS)).to.equal('retrying')
    expect(since(PATIENCE_MS + 1)).to.equal('dead')
  })

  it('is dead after as long as its pipeline says', () => {
    const since = (ms: number) => {
      const failing = held(student({ outbox: { [USER]: due({ failingSince: new Date(NOW - ms) }) } }))
      const hasty = { ...failing, pipeline: { ...failing.pipeline, retryMs: 3_600_000 } }
      return retried(hasty, pushOf(failing, USER), later, false, inMs(0), NOW).same.set['state']
    }
    expect(since(3_600_000)).to.equal('retrying')
    expect(since(3_600_001)).to.equal('dead')
  })

  for (const state of ['deleted', 'conflict', 'invalid'] as const)
    it(`leaves a record ${state}`, () => {
      const entry = state === 'deleted' ? { remove: true } : { marks: 'failed' as const }
      const to = state === 'deleted' ? USER : STUDENT
      const what = state === 'deleted' ? 'remove' : 'marks'
      const stuck = held(student({ state, outbox: { [to]: { ...entry, attempt: 0 } } }))
      const ending = retried(stuck, { do: 'send', to, what, fields: {} }, later, false, inMs(1000), NOW)
      expect(ending.same.set['state']).to.equal(state)
      expect(outboxOf(ending)[to]?.notBefore).to.deep.equal(new Date(NOW + 1000))
    })

  it('marks that fail for 72 hours are given up, and kill no record', () => {
    const failingSince = new Date(NOW - PATIENCE_MS - 1)
    const mark = held(
      student({ state: 'ok', outbox: { [STUDENT]: { attempt: 9, marks: 'done', failingSince } } }),
    )
    const ending = retried(mark, marksTo(STUDENT), later, false, inMs(0), NOW)
    expect(outboxOf(ending)).to.deep.equal({})
    expect(ending.same.set['state']).to.equal('ok')
    expect(ending.same.unset).to.include('dueAt')
  })
})

describe('a push that was refused', () => {
  const one = held(
    student({ outbox: { [USER]: due({ sending: true, was: [], failingSince: new Date(1) }) } }),
  )
  const pair = refused(one, USER, wrong, 'sent', NOW)

  it('is dead, keeps what was refused, and tells the register', () => {
    expectEnded(pair, one.rev)
    expect(pair.same.set['state']).to.equal('dead')
    expect(outboxOf(pair)[USER]).to.deep.equal({ content: 'sent', refused: 'sent', attempt: 0 })
    expect(outboxOf(pair)[STUDENT]).to.deep.equal({ attempt: 0, marks: 'failed', error: 'It says no.' })
    expect(dueOf(pair)).to.deep.equal(new Date(NOW))
  })

  it('says so in the other half too, and leaves newer content to be sent', () => {
    expect(pair.changed.set[`outbox.${USER}.refused`]).to.equal('sent')
    expect(pair.changed.set).not.to.have.any.keys(`outbox.${USER}.content`, 'state')
    expect(pair.changed.set['lastError']).to.deep.include({ code: 'REFUSED', at: 'username', to: USER })
    expect(pair.changed.unset).to.include(`outbox.${USER}.sending`)
  })

  it('is told once, and is not due once it was told', () => {
    const lastError = { code: 'REFUSED', message: 'It says no.', at: 'username', to: USER }
    const dead = held(student({ state: 'dead', lastError, outbox: { [USER]: due({ refused: 'c1' }) } }))
    const ending = refused(dead, USER, wrong, undefined, NOW)
    expect(outboxOf(ending)).to.have.all.keys(USER)
    expect(ending.same.unset).to.include('dueAt')
  })

  it('tells nobody by an id that is not known, and is not kept due by it', () => {
    const fields = fieldsOf(student(), { zohoId: null, moodleUserId: '55' })
    const foreign = held(student({ fields, identities: [`${USER}:55`], outbox: { [USER]: due() } }))
    const ending = refused(foreign, USER, wrong, 'sent', NOW)
    expect(outboxOf(ending)).to.have.all.keys(USER)
    expect(ending.same.unset).to.include('dueAt')
  })

  it('leaves a deleted record deleted', () => {
    const gone = held(student({ state: 'deleted', outbox: { [USER]: { remove: true, attempt: 0 } } }))
    expect(refused(gone, USER, wrong, undefined, NOW).same.set['state']).to.equal('deleted')
  })
})

describe('a mark that was refused', () => {
  it('is given up; the record is what it was', () => {
    const entry = { attempt: 4, marks: 'done', failingSince: new Date(1), notBefore: new Date(2) } as const
    const pair = markRefused(held(student({ outbox: { [STUDENT]: entry } })), marksTo(STUDENT), wrong, NOW)
    expectEnded(pair, 4)
    expect(outboxOf(pair)).to.deep.equal({})
    expect(pair.same.set['state']).to.equal('ok')
    expect(pair.same.set['lastError']).to.include({ code: 'REFUSED', to: STUDENT })
  })

  it('does not hide why the record itself is wrong', () => {
    const lastError = { code: 'MINE', message: 'mine' }
    const entry = { attempt: 0, marks: 'failed', error: 'mine' } as const
    const one = held(student({ state: 'invalid', lastError, outbox: { [STUDENT]: entry } }))
    const pair = markRefused(one, marksTo(STUDENT), wrong, NOW)
    expect(pair.same.set).not.to.have.property('lastError')
    expect(pair.same.set['state']).to.equal('invalid')
  })

  it('leaves what goes there besides', () => {
    const one = held(student({ outbox: { [STUDENT]: due({ marks: 'done', error: 'x' }) } }))
    expect(outboxOf(markRefused(one, marksTo(STUDENT), wrong, NOW))).to.deep.equal({ [STUDENT]: due() })
  })

  it('takes along what turned out to be sent already: the record waits no longer', () => {
    const missing = [{ name: 'class', key: 'class|zohoId=1', label: 'class 1' }]
    const outbox = { [USER]: due(), [STUDENT]: { attempt: 0, marks: 'done' as const } }
    const pair = markRefused(
      held(student({ state: 'waiting', missing, outbox })),
      { ...marksTo(STUDENT), drop: [USER] },
      wrong,
      NOW,
    )
    expect(outboxOf(pair)).to.deep.equal({})
    expect(pair.same.set).to.deep.include({ state: 'ok', missing: [] })
  })
})
