import { expect } from 'chai'
import { absorbed, mayMerge, olderOf } from '../../core/delivery/merge.ts'
import { ownerOf } from '../../core/delivery/shared.ts'
import type { SharedPlan } from '../../core/pipeline/compiled.ts'
import type { RecordDocument } from '../../core/store/documents.ts'
import { due, enrolment, fieldsOf, idOf, NOW, pipelineOf, STUDENT, student, USER } from './records.ts'

const pipeline = pipelineOf('student')
const now = new Date(NOW)

const fromZoho = (changes: Partial<RecordDocument> = {}) => student({ _id: idOf(1), ...changes })
const fromMoodle = (changes: Partial<RecordDocument> = {}) =>
  student({
    _id: idOf(2),
    identities: [`${USER}:55`],
    keys: ['student|moodleUserId=55'],
    fields: { moodleUserId: '55', firstName: 'Sarah', city: 'Amman', phone: '079' },
    sides: { moodle: { version: [3], fp: 'moodle-said' } },
    source: 'moodle',
    refs: ['class|zohoId=1'],
    pushed: { [STUDENT]: { at: now, action: 'created', content: 'p' } },
    ...changes,
  })

describe('two records that are one', () => {
  it('the older one survives', () => {
    const [a, b] = [fromZoho(), fromMoodle()]
    expect(olderOf(a, b)).to.equal(a)
    expect(olderOf(b, a)).to.equal(a)
  })

  const may: readonly (readonly [string, RecordDocument, RecordDocument, boolean])[] = [
    ['known to different remotes', fromZoho(), fromMoodle(), true],
    ['both known to one', fromZoho(), fromZoho({ identities: [`${STUDENT}:1002`] }), false],
    [
      'both known to one, by a former identity',
      fromZoho(),
      fromMoodle({ absorbedIdentities: [`${STUDENT}:9`] }),
      false,
    ],
    ['of different modules', fromZoho(), fromMoodle({ module: 'teacher' }), false],
    ['one of them deleted', fromZoho({ state: 'deleted' }), fromMoodle(), false],
    ['the other deleted', fromZoho(), fromMoodle({ state: 'deleted' }), false],
    ['one known to nobody', fromZoho({ identities: [] }), fromZoho(), true],
    [
      'with one unique name each',
      fromZoho({ identities: [`${STUDENT}:1`, '=username:a'] }),
      fromMoodle({ identities: [`${USER}:5`, '=username:b'] }),
      true,
    ],
  ]
  for (const [title, a, b, expected] of may)
    it(`may ${expected ? '' : 'not '}be merged: ${title}`, () => {
      expect(mayMerge(a, b, pipeline)).to.equal(expected)
      expect(mayMerge(b, a, pipeline)).to.equal(expected)
    })

  describe('the survivor', () => {
    const next = absorbed(
      fromZoho({ gate: 'g', lastError: { code: 'C', message: 'm' } }),
      fromMoodle(),
      pipeline,
      now,
    )

    it('keeps what the register said, and is filled with the rest', () => {
      expect(next.fields).to.include({
        firstName: 'Sara',
        city: 'Amman',
        phone: '079',
        moodleUserId: '55',
        zohoId: '1001',
      })
    })

    it('takes over links, references, keys and what was sent', () => {
      expect(next.absorbedIdentities).to.deep.equal([`${USER}:55`])
      expect(next.identities).to.deep.equal([`${STUDENT}:1001`])
      expect(next.keys).to.include.members(['student|zohoId=1001', 'student|moodleUserId=55'])
      expect(next.refs).to.include('class|zohoId=1')
      expect(next.pushed).to.have.property(STUDENT)
    })

    it('is due, wakes those that refer to it, and stands at no gate', () => {
      expect(next).to.deep.include({ woke: true, dueAt: now, state: 'due' })
      expect(next).to.not.have.any.keys('gate', 'lastError')
    })

    it('goes to whoever the register’s flow pushes to, and the register is told', () => {
      expect(Object.keys(next.outbox)).to.have.members([USER, STUDENT])
      expect(next.outbox[USER]).to.have.property('content')
      expect(next.outbox[STUDENT]).to.deep.equal({ attempt: 0, marks: 'done' })
    })

    it('does not forget what it had begun', () => {
      const begun = fromZoho({ outbox: { [USER]: due({ sending: true, was: [] }) } })
      expect(absorbed(begun, fromMoodle(), pipeline, now).outbox[USER]).to.include({ sending: true })
    })

    it('changes neither of the two as they were read', () => {
      const [a, b] = [fromZoho(), fromMoodle()]
      const copies = structuredClone([a, b])
      absorbed(a, b, pipeline, now)
      expect([a, b]).to.deep.equal(copies)
    })
  })

  it('the younger one’s fields win where only its flow is the register’s', () => {
    const older = fromMoodle({ _id: idOf(1) })
    const younger = fromZoho({ _id: idOf(2) })
    const next = absorbed(older, younger, pipeline, now)
    expect(next.fields).to.include({ firstName: 'Sara', city: 'Amman', moodleUserId: '55', zohoId: '1001' })
  })

  it('no id is lost to one that was cleared', () => {
    const cleared = fromMoodle({ _id: idOf(1), fields: { moodleUserId: '55', zohoId: null } })
    const younger = fromZoho({ _id: idOf(2), fields: fieldsOf(student(), { moodleUserId: null }) })
    expect(absorbed(cleared, younger, pipeline, now).fields).to.include({
      moodleUserId: '55',
      zohoId: '1001',
    })
    expect(absorbed(younger, cleared, pipeline, now).fields).to.include({
      moodleUserId: '55',
      zohoId: '1001',
    })
  })

  it('what both were sent stays as the survivor was', () => {
    const sent = (content: string) => ({ [USER]: { at: now, action: 'created' as const, content } })
    const next = absorbed(
      fromZoho({ pushed: sent('mine') }),
      fromMoodle({ pushed: sent('its') }),
      pipeline,
      now,
    )
    expect(next.pushed[USER]?.content).to.equal('mine')
  })

  const sides: readonly (readonly [
    string,
    number[] | undefined,
    number[],
    RecordDocument['sides'][string],
  ])[] = [
    ['a side that it did not have', undefined, [3], { version: [3] }],
    ['a newer version', [2], [3], { version: [3] }],
    ['nothing older', [4], [3], { version: [4], fp: 'mine' }],
    ['nothing equal', [3], [3], { version: [3], fp: 'mine' }],
  ]
  for (const [title, own, theirs, side] of sides)
    it(`takes over ${title}, without a fingerprint that nobody gave it`, () => {
      const mine = own === undefined ? {} : { moodle: { version: own, fp: 'mine' } }
      const survivor = fromZoho({ sides: mine })
      const loser = fromMoodle({ sides: { moodle: { version: theirs, fp: 'its' } } })
      expect(absorbed(survivor, loser, pipeline, now).sides['moodle']).to.deep.equal(side)
    })

  it('one that was deleted meanwhile stays deleted, and sends nothing', () => {
    const gone = fromZoho({ state: 'deleted', outbox: {} })
    const next = absorbed(gone, fromMoodle(), pipeline, now)
    expect(next).to.deep.include({ state: 'deleted', outbox: {}, woke: true })
    expect(next.absorbedIdentities).to.deep.equal([`${USER}:55`])
  })

  it('what was taken over before is kept', () => {
    const twice = fromZoho({ absorbedIdentities: ['a'] })
    expect(absorbed(twice, fromMoodle(), pipeline, now).absorbedIdentities).to.deep.equal(['a', `${USER}:55`])
  })
})

describe('the owner of a shared object', () => {
  const plan = pipelineOf('enrollment').shared[0] as SharedPlan
  const one = (number: number, status: string, createdAt: string, changes: Partial<RecordDocument> = {}) =>
    enrolment({
      _id: idOf(number),
      identities: [`zoho/BTEC_Enrollments:${number}`],
      fields: fieldsOf(enrolment(), { status, createdAt }),
      ...changes,
    })
  const holding = { identities: ['zoho/BTEC_Enrollments:0', `${plan.resource}:5:7`] }
  const led = { absorbedIdentities: [`${plan.resource}:5:7`] }

  const table: readonly (readonly [string, readonly RecordDocument[], number | undefined])[] = [
    ['nobody, of none', [], undefined],
    ['the only one', [one(1, 'Active', '2026-01')], 1],
    [
      'the youngest that wants it',
      [one(3, 'Active', '2026-01'), one(2, 'Active', '2026-03'), one(1, 'Withdrawn', '2026-09')],
      2,
    ],
    ['of two equally young the later record', [one(1, 'Active', '2026-01'), one(2, 'Active', '2026-01')], 2],
    [
      'one that wants it before one that holds it',
      [one(1, 'Withdrawn', '2026-09', holding), one(2, 'Active', '2026-01')],
      2,
    ],
    [
      'the last owner, where nobody wants it',
      [one(1, 'Withdrawn', '2026-01', holding), one(2, 'Withdrawn', '2026-09')],
      1,
    ],
    ['the last owner by a merge', [one(1, 'Withdrawn', '2026-01', led), one(2, 'Withdrawn', '2026-09')], 1],
    [
      'the last owner, be it deleted',
      [one(1, 'Withdrawn', '2026-01', { ...holding, state: 'deleted' }), one(2, 'Withdrawn', '2026-09')],
      1,
    ],
    [
      'the youngest, where nobody wants or has it',
      [one(1, 'Withdrawn', '2026-01'), one(2, 'Suspended', '2026-09')],
      2,
    ],
    [
      'no deleted record that would want it',
      [one(1, 'Active', '2026-09', { state: 'deleted' }), one(2, 'Active', '2026-01')],
      2,
    ],
    [
      'no merged record',
      [one(1, 'Active', '2026-09', { ...holding, state: 'merged' }), one(2, 'Withdrawn', '2026-01')],
      2,
    ],
    [
      'nobody, where all are deleted and none has it',
      [one(1, 'Active', '2026-09', { state: 'deleted' })],
      undefined,
    ],
  ]
  for (const [title, group, owner] of table)
    it(title, () => {
      const expected = owner === undefined ? undefined : idOf(owner)
      expect(ownerOf(plan, group)?._id).to.equal(expected)
      expect(ownerOf(plan, [...group].reverse())?._id).to.equal(expected)
    })
})
