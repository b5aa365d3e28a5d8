import { expect } from 'chai'
import { type Conditions, type Next, nextFor } from '../../core/delivery/plan.ts'
import { DataError } from '../../core/errors.ts'
import type { RecordDocument } from '../../core/store/documents.ts'
import {
  conditions,
  due,
  enrolment,
  fieldsOf,
  held,
  NOW,
  pushOf,
  STUDENT,
  student,
  USER,
  view,
} from './records.ts'

const marked = (marks: 'pending' | 'done' | 'failed') => ({ attempt: 0, marks }) as const
const later = new Date(NOW + 1000)
const content = pushOf(held(student()), USER).rendered?.content ?? ''
const pushed = { [USER]: { content, at: new Date(1), action: 'created' as const } }
const linked = { fields: fieldsOf(student(), { moodleUserId: '55' }) }

/** `push moodle/user`, `park moodle/enrollment`, `rest`, `gate al-noor|moodle` */
function told(next: Next): string {
  if (next.do === 'send') return `${next.what} ${next.to}`
  if (next.do === 'gate') return `gate ${next.gate}`
  if (next.do === 'rest') return next.drop.length === 0 ? 'rest' : `rest without ${next.drop.join(' ')}`
  return `${next.do} ${next.to}`
}

const gates =
  (...connectors: readonly string[]): Conditions['gateBefore'] =>
  resource => {
    const connector = resource.split('/')[0] as string
    return connectors.includes(connector) ? `al-noor|${connector}` : undefined
  }

const lastError = { code: 'TOO_LONG', message: 'm', at: 'username', to: USER }

describe('what is to be done next with a record', () => {
  const table: readonly (readonly [string, Partial<RecordDocument>, string, (readonly string[])?])[] = [
    ['nothing is due', {}, 'rest'],
    ['content is pushed', { outbox: { [USER]: due() } }, `push ${USER}`],
    ['content goes before marks', { outbox: { [STUDENT]: marked('done'), [USER]: due() } }, `push ${USER}`],
    ['marks go once they are alone', { outbox: { [STUDENT]: marked('done') } }, `marks ${STUDENT}`],
    [
      'marks go while content is put off',
      { outbox: { [USER]: due({ notBefore: later }), [STUDENT]: marked('failed') } },
      `marks ${STUDENT}`,
    ],
    ['nothing goes before its time', { outbox: { [USER]: due({ notBefore: later }) } }, 'rest'],
    ['it goes at its time', { outbox: { [USER]: due({ notBefore: new Date(NOW) }) } }, `push ${USER}`],
    ['its remote is closed', { outbox: { [USER]: due() } }, 'gate al-noor|moodle', ['moodle']],
    [
      'one of its remotes is closed',
      { outbox: { [USER]: due(), [STUDENT]: marked('pending') } },
      `marks ${STUDENT}`,
      ['moodle'],
    ],
    [
      'all of them are closed',
      { outbox: { [USER]: due(), [STUDENT]: marked('pending') } },
      'gate al-noor|moodle',
      ['moodle', 'zoho'],
    ],
    [
      'a closed remote does not matter to what is put off',
      { outbox: { [USER]: due({ notBefore: later }) } },
      'rest',
      ['moodle'],
    ],
    [
      'a conflict sends marks only',
      { state: 'conflict', outbox: { [USER]: due(), [STUDENT]: marked('failed') } },
      `marks ${STUDENT}`,
    ],
    [
      'a conflict keeps nothing for later that nobody resolves',
      { state: 'conflict', outbox: { [STUDENT]: due({ marks: 'failed' }) } },
      `marks ${STUDENT}`,
    ],
    [
      'a deleted record sends its removal',
      { ...linked, state: 'deleted', outbox: { [USER]: { remove: true, attempt: 0 } } },
      `remove ${USER}`,
    ],
    [
      'a deleted record sends no content',
      { state: 'deleted', outbox: { [USER]: due() } },
      `rest without ${USER}`,
    ],
    [
      'a removal by an id that is not known is dropped',
      { state: 'deleted', outbox: { [USER]: { remove: true, attempt: 0 } } },
      `rest without ${USER}`,
    ],
    [
      'what the other side keeps is not removed',
      { state: 'deleted', outbox: { [STUDENT]: { remove: true, attempt: 0 } } },
      `rest without ${STUDENT}`,
    ],
    ['a merged record sends nothing', { state: 'merged', outbox: { [USER]: due() } }, `rest without ${USER}`],
    ['what was sent already is dropped', { pushed, outbox: { [USER]: due() } }, `rest without ${USER}`],
    [
      'what was sent already leaves its register’s mark',
      { pushed, outbox: { [USER]: due(), [STUDENT]: marked('done') } },
      `marks ${STUDENT}`,
    ],
    [
      'what was begun is sent again, though it is the same',
      { pushed, outbox: { [USER]: due({ sending: true }) } },
      `push ${USER}`,
    ],
    [
      'refused content is not sent again',
      { state: 'dead', outbox: { [USER]: due({ content, refused: content }) } },
      'rest',
    ],
    [
      'its mark is',
      { state: 'dead', outbox: { [USER]: due({ content, refused: content }), [STUDENT]: marked('failed') } },
      `marks ${STUDENT}`,
    ],
    ['other content than was refused is', { outbox: { [USER]: due({ refused: 'c0' }) } }, `push ${USER}`],
    [
      'marks for nobody are dropped',
      { fields: fieldsOf(student(), { zohoId: null }), outbox: { [STUDENT]: marked('done') } },
      `rest without ${STUDENT}`,
    ],
    [
      'content for a resource that no flow pushes to is dropped',
      { outbox: { 'zoho/BTEC_Rooms': due() } },
      'rest without zoho/BTEC_Rooms',
    ],
  ]
  for (const [title, changes, expected, closed = []] of table)
    it(title, () => {
      const next = nextFor(held(student(changes)), { ...conditions, gateBefore: gates(...closed) })
      expect(told(next)).to.equal(expected)
    })

  it('a push has every field that is set, the id where it is known, and by what it is found', () => {
    const next = nextFor(held(student({ ...linked, outbox: { [USER]: due() } })), conditions)
    expect(next).to.include({ do: 'send', id: '55' })
    if (next.do !== 'send') return
    expect(next.fields).to.include({ email: 'sara@college.test', firstname: 'Sara', suspended: false })
    expect(next.rendered?.match).to.deep.equal([
      { by: 'id', value: '55' },
      { by: 'idnumber', value: 'STU-1' },
      { by: 'email', value: 'sara@college.test' },
    ])
  })

  it('a creation has no id', () => {
    expect(nextFor(held(student({ outbox: { [USER]: due() } })), conditions)).to.not.have.property('id')
  })

  it('marks tell how it ended, and why', () => {
    const outbox = { [STUDENT]: { attempt: 0, marks: 'failed' as const, error: 'It says no.' } }
    const next = nextFor(held(student({ outbox })), conditions)
    expect(next).to.include({ do: 'send', id: '1001' })
    expect(next)
      .to.have.property('fields')
      .that.includes({ Sync_Status: 'Failed', Sync_Error_Message: 'It says no.' })
  })

  it('marks that are done bring the id', () => {
    const next = nextFor(held(student({ ...linked, outbox: { [STUDENT]: marked('done') } })), conditions)
    expect(next).to.have.property('fields').that.includes({ Student_Moodle_ID: '55', Sync_Status: 'Synced' })
  })

  it('a send takes along what turned out to say nothing', () => {
    const next = nextFor(
      held(student({ pushed, outbox: { [USER]: due(), [STUDENT]: marked('done') } })),
      conditions,
    )
    expect(next).to.deep.include({ drop: [USER] })
  })

  describe('where a value cannot be sent', () => {
    const metadata = () => new Map([['username', { values: ['else'] }]])
    const next = (changes: Partial<RecordDocument>) =>
      nextFor(held(student({ outbox: { [USER]: due() }, ...changes })), { ...conditions, metadata })

    it('it is refused, naming the field', () => {
      const refusal = next({})
      expect(refusal).to.include({ do: 'refuse', to: USER })
      if (refusal.do !== 'refuse') return
      expect(refusal.error).to.be.instanceOf(DataError)
      expect(refusal.error.at).to.equal('username')
    })

    it('it is not refused a second time', () => {
      const refusal = next({})
      if (refusal.do !== 'refuse') throw new Error('not refused')
      const same = { ...lastError, code: refusal.error.code }
      const again = { state: 'dead', outbox: { [USER]: due({ refused: 'c1' }) } } as const
      expect(told(next({ ...again, lastError: same }))).to.equal('rest')
      expect(told(next({ ...again, lastError: { ...same, at: 'email' } }))).to.equal(`refuse ${USER}`)
    })
  })

  describe('where it refers to others', () => {
    const to = 'moodle/enrollment'
    const back = 'zoho/BTEC_Enrollments'
    const here = {
      student: view('student', { fields: { zohoId: '1001', moodleUserId: '55' } }),
      class: view('class', { fields: { zohoId: '2001', moodleCourseId: '7' } }),
    }
    const next = (
      changes: Partial<RecordDocument>,
      found: Parameters<typeof held>[1] = here,
      closed: readonly string[] = [],
    ) =>
      nextFor(held(enrolment({ outbox: { [to]: due() }, ...changes }), found), {
        ...conditions,
        gateBefore: gates(...closed),
      })

    it('it is sent with what they lend', () => {
      const send = next({})
      expect(told(send)).to.equal(`push ${to}`)
      expect(send).to.have.property('fields').that.includes({ userid: '55', courseid: '7' })
    })

    it('it waits for those that are not here, and for ids that they do not have', () => {
      const bare = view('student', { fields: { zohoId: '1001' } })
      for (const found of [
        { ...here, student: null },
        { ...here, student: bare },
      ]) {
        const park = next({}, found)
        expect(park).to.include({ do: 'park', to })
        if (park.do === 'park') {
          expect(park.missing.map(({ label }) => label)).to.deep.equal(['student 1001'])
          expect(park.refs.map(({ key }) => key)).to.deep.equal(['student|zohoId=1001', 'class|zohoId=2001'])
        }
      }
    })

    it('it tells its register first, where it waits already', () => {
      const outbox = { [to]: due(), [back]: marked('pending') }
      expect(told(next({ state: 'waiting', outbox }, {}))).to.equal(`marks ${back}`)
      expect(told(next({ state: 'waiting', outbox }, {}, ['zoho']))).to.equal(`park ${to}`)
      expect(told(next({ state: 'waiting' }, {}))).to.equal(`park ${to}`)
      expect(told(next({ state: 'due', outbox }, {}))).to.equal(`park ${to}`)
    })

    it('it is ended when one of those that end it is deleted, where it was sent', () => {
      const gone = { ...here, student: view('student', { state: 'deleted', fields: here.student.fields }) }
      const fields = fieldsOf(enrolment(), { enrolmentKey: '5:7' })
      const sent = { [to]: { content: 'c', at: new Date(1), action: 'created' as const } }
      expect(told(next({ fields, pushed: sent }, gone))).to.equal(`remove ${to}`)
      expect(told(next({ fields, outbox: { [to]: due({ sending: true }) } }, gone))).to.equal(`remove ${to}`)
      expect(told(next({ fields }, gone))).to.equal(`rest without ${to}`)
      const removed = { [to]: { at: new Date(1), action: 'updated' as const, removed: true } }
      expect(told(next({ fields, pushed: removed }, gone))).to.equal(`rest without ${to}`)
    })

    it('it is looked at again without being in the outbox, where it was sent before', () => {
      const sent = { [to]: { content: 'c', at: new Date(1), action: 'created' as const } }
      const one = held(enrolment({ pushed: sent }))
      one.found.set(to, here)
      expect(told(nextFor(one, conditions))).to.equal(`push ${to}`)
    })

    it('it sends nothing to an object that another record owns, but its marks', () => {
      const kept = (changes: Partial<RecordDocument>) => {
        const one = held(enrolment(changes), here)
        one.kept.add(to)
        return told(nextFor(one, conditions))
      }
      expect(kept({ outbox: { [to]: due() } })).to.equal(`rest without ${to}`)
      expect(kept({ outbox: { [to]: due(), [back]: marked('done') } })).to.equal(`marks ${back}`)
      expect(kept({ state: 'deleted', outbox: { [to]: { remove: true, attempt: 0 } } })).to.equal(
        `rest without ${to}`,
      )
    })
  })
})
