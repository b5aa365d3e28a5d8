import { expect } from 'chai'
import { conflicting, gated, mergedAway, missingOf, parked, rest } from '../../core/delivery/settle.ts'
import { DataError } from '../../core/errors.ts'
import type { RecordDocument } from '../../core/store/documents.ts'
import { due, enrolment, fieldsOf, held, NOW, STUDENT, student, USER } from './records.ts'

const wrong = new DataError('REFUSED', 'It says no.', { at: 'username' })

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

describe('a record that waits', () => {
  const missing = [
    {
      name: 'student',
      module: 'student',
      key: 'student|zohoId=1001',
      needed: true,
      ends: true,
      label: 'student 1001',
    },
    { name: 'unit', module: 'unit', key: 'unit|zohoId=1', needed: false, ends: false, label: 'unit 1' },
  ]
  const to = 'moodle/enrollment'
  const back = 'zoho/BTEC_Enrollments'

  it('names only what it needs', () => {
    expect(missingOf(missing)).to.deep.equal([
      { name: 'student', key: 'student|zohoId=1001', label: 'student 1001' },
    ])
  })

  it('tells its register, and is due for that alone', () => {
    const one = held(enrolment({ outbox: { [to]: due() } }))
    const pair = parked(one, to, missing, NOW)
    expectEnded(pair, one.rev)
    expect(pair.same.set['state']).to.equal('waiting')
    expect(pair.same.set['told']).to.equal('pending')
    expect(outboxOf(pair)).to.deep.equal({ [to]: due(), [back]: { attempt: 0, marks: 'pending' } })
    expect(dueOf(pair)).to.deep.equal(new Date(NOW))
  })

  it('says that it told only where the mark is stored with it', () => {
    const pair = parked(held(enrolment({ outbox: { [to]: due() } })), to, missing, NOW)
    expect(pair.changed.set).not.to.have.property('told')
  })

  it('tells once', () => {
    const one = held(enrolment({ told: 'pending', outbox: { [to]: due() } }))
    const pair = parked(one, to, missing, NOW)
    expect(outboxOf(pair)).to.deep.equal({ [to]: due() })
    expect(pair.same.unset).to.include('dueAt')
  })

  it('waits no longer once nothing is missing or nothing is left to send', () => {
    const waiting = { state: 'waiting', missing: missingOf(missing) } as const
    const idle = held(enrolment({ ...waiting, outbox: { [back]: { attempt: 0, marks: 'pending' } } }))
    expect(rest(idle, [back], NOW).same.set).to.include({ state: 'ok' })
    const still = held(enrolment({ ...waiting, outbox: { [to]: due() } }))
    expect(rest(still, [], NOW).same.set['state']).to.equal('waiting')
    expect(rest(still, [], NOW).same.unset).to.include('dueAt')
  })
})

describe('a record at a gate', () => {
  const one = held(student({ outbox: { [USER]: due() } }))

  it('is not due, counts no attempt, and knows its gate', () => {
    const pair = gated(one, 'al-noor|moodle', NOW)
    expectEnded(pair, one.rev)
    expect(pair.same.set).to.include({ gate: 'al-noor|moodle', state: 'gated' })
    expect(pair.same.unset).to.include('dueAt')
    expect(outboxOf(pair)).to.deep.equal({ [USER]: due() })
    expect(pair.changed.set).not.to.have.any.keys('gate', 'state')
  })

  for (const state of ['deleted', 'conflict', 'invalid'] as const)
    it(`is ${state} there too`, () => {
      const pair = gated(held(student({ state, outbox: { [USER]: due() } })), 'g', NOW)
      expect(pair.same.set['state']).to.equal(state)
    })
})

describe('a record in conflict', () => {
  const one = held(student({ outbox: { [USER]: due({ sending: true, was: [] }) } }))

  it('tells the register and waits for a person', () => {
    const pair = conflicting(one, USER, wrong, NOW)
    expectEnded(pair, one.rev)
    expect(pair.same.set['state']).to.equal('conflict')
    expect(outboxOf(pair)).to.deep.equal({
      [USER]: due(),
      [STUDENT]: { attempt: 0, marks: 'failed', error: 'It says no.' },
    })
    expect(dueOf(pair)).to.deep.equal(new Date(NOW))
  })

  it('is not due when there is nobody to tell', () => {
    const told = held(student({ state: 'conflict', outbox: { [USER]: due() } }))
    expect(rest(told, [], NOW).same.unset).to.include('dueAt')
    expect(rest(told, [], NOW).same.set['state']).to.equal('conflict')
  })

  it('is not kept due by the identity that another record holds', () => {
    const fields = fieldsOf(student(), { moodleUserId: '55' })
    const taken = held(student({ state: 'conflict', fields, outbox: { [USER]: due() } }))
    expect(rest(taken, [], NOW).same.unset).to.include('dueAt')
    const first = held(student({ fields }))
    const ending = conflicting(first, USER, wrong, NOW)
    expect(outboxOf(ending)[STUDENT]).to.include({ marks: 'failed' })
    expect(dueOf(ending)).to.deep.equal(new Date(NOW))
  })
})

describe('a record that was merged away', () => {
  const one = held(student({ state: 'merged', mergedInto: 'x', absorbed: false }))

  it('ends when the survivor took it over', () => {
    const pair = mergedAway(one, true, NOW)
    expectEnded(pair, one.rev)
    expect(pair.same.set).to.deep.equal({ claims: 0, absorbed: true, outbox: {} })
    expect(pair.same.unset).to.include('dueAt')
    expect(pair.changed.set).not.to.have.property('absorbed')
  })

  it('is due again when the survivor changed meanwhile', () => {
    const pair = mergedAway(one, false, NOW)
    expect(pair.same.set).to.deep.equal({ claims: 0, dueAt: new Date(NOW) })
  })
})

describe('a record at rest', () => {
  const wait = new Date(NOW + 5000)
  const table: readonly [string, Partial<RecordDocument>, readonly string[], string, Date | undefined][] = [
    ['has nothing to send', {}, [], 'ok', undefined],
    ['drops what says nothing new', { outbox: { [USER]: due() } }, [USER], 'ok', undefined],
    ['has something to send', { outbox: { [USER]: due() } }, [], 'due', new Date(NOW)],
    ['may send later', { outbox: { [USER]: due({ notBefore: wait }) } }, [], 'due', wait],
    ['fails', { outbox: { [USER]: due({ notBefore: wait, failingSince: wait }) } }, [], 'retrying', wait],
    ['was refused', { outbox: { [USER]: due({ refused: 'c1' }) } }, [], 'dead', undefined],
    [
      'was refused before it changed',
      { outbox: { [USER]: due({ refused: 'c0' }) } },
      [],
      'due',
      new Date(NOW),
    ],
    [
      'was refused and is to tell',
      { outbox: { [USER]: due({ refused: 'c1' }), [STUDENT]: { attempt: 0, marks: 'failed' } } },
      [],
      'dead',
      new Date(NOW),
    ],
    ['is invalid', { state: 'invalid' }, [], 'invalid', undefined],
    ['is deleted', { state: 'deleted' }, [], 'deleted', undefined],
    [
      'is deleted and is to say so',
      { state: 'deleted', outbox: { [USER]: { remove: true, attempt: 0 } } },
      [],
      'deleted',
      new Date(NOW),
    ],
    [
      'has an identity to add',
      { fields: { ...student().fields, moodleUserId: '55' } },
      [],
      'due',
      new Date(NOW),
    ],
    [
      'has a former identity',
      { fields: { ...student().fields, moodleUserId: '55' }, absorbedIdentities: [`${USER}:55`] },
      [],
      'ok',
      undefined,
    ],
    ['has marks for nobody', { outbox: { 'zoho/Else': { attempt: 0, marks: 'done' } } }, [], 'ok', undefined],
  ]
  for (const [title, changes, drop, state, at] of table)
    it(title, () => {
      const pair = rest(held(student({ state: 'ok', ...changes })), drop, NOW)
      expectEnded(pair, 4)
      expect(pair.same.set['state']).to.equal(state)
      expect(dueOf(pair)).to.deep.equal(at)
      if (at === undefined) expect(pair.same.unset).to.include('dueAt')
    })

  it('has woken whoever waited for it', () => {
    expect(rest(held(student({ woke: true })), [], NOW).same.unset).to.include('woke')
  })
})
