import { expect } from 'chai'
import fc from 'fast-check'
import { DataError } from '../../core/errors.ts'
import { cut } from '../../core/pipeline/cutting.ts'
import type { PushOptions, RuleFile } from '../../core/pipeline/grammar.ts'
import type { FieldMetadata, Fields, Json, PushPlan, RecordView } from '../../core/plugin.ts'
import push from '../../core/steps/push.ts'
import { contextOf, ended, recordOf, run, workOf } from './work.ts'

const options = (fields: Record<string, RuleFile>, more: Partial<PushOptions> = {}): PushOptions => ({
  to: 'moodle/user',
  match: ['id', 'idnumber', 'email'],
  fields,
  remember: { moodleUserId: 'id' },
  onDelete: 'keep',
  ...more,
})

const plan = (
  fields: Record<string, RuleFile>,
  more: Partial<PushOptions> = {},
  flow: 'in' | 'back' = 'in',
): PushPlan => {
  const made = push.plan?.(options(fields, more), contextOf(flow))
  if (made === undefined) throw new Error('push has no plan')
  return made
}

const sent = (
  rule: RuleFile,
  fields: Fields,
  to: PushOptions['to'] = 'moodle/user',
  remote = 'firstname',
): Json | undefined => plan({ [remote]: rule }, { to }).render(fields, {}, run).fields[remote]

function refusal(act: () => unknown): DataError {
  try {
    act()
  } catch (error) {
    if (error instanceof DataError) return error
  }
  throw new Error('nothing was refused')
}

describe('what push sends', () => {
  it('is each field that has a value; a cleared one as the remote’s empty value; an absent one not at all', () => {
    expect(sent('name', { name: 'Ali' })).to.equal('Ali')
    expect(sent('name', { name: null })).to.equal('')
    expect(sent('name', { name: null }, 'zoho/BTEC_Students', 'Full_Name')).to.equal(null)
    expect(sent('name', {})).to.equal(undefined)
  })

  it('may be a constant, joined, changed, listed in a table, conditional or a default', () => {
    expect(sent({ value: true }, {})).to.equal(true)
    expect(sent({ join: ['name', 'city'], with: '/' }, { name: 'a', city: 'b' })).to.equal('a/b')
    expect(sent({ of: 'name', transform: 'uppercase' }, { name: 'a' })).to.equal('A')
    expect(sent({ of: 'name', values: { a: true, '*': false } }, { name: 'b' })).to.equal(false)
    expect(sent({ of: 'name', when: { city: 'x' } }, { name: 'a', city: 'y' })).to.equal(undefined)
    expect(sent({ of: 'name', default: 'nobody' }, { name: null })).to.equal('nobody')
    expect(sent({ of: 'name', default: { of: 'city' } }, { city: 'there' })).to.equal('there')
    expect(sent({ of: 'name', default: { of: 'city', transform: 'uppercase' } }, { city: 'x' })).to.equal('X')
    expect(sent('run.at', {})).to.equal('2026-11-24T15:00:00+03:00')
  })

  it('a value that the table does not list is refused, and names the remote’s field', () => {
    const error = refusal(() => sent({ of: 'name', values: { a: 1 } }, { name: 'z' }))
    expect(error).to.include({ code: 'NOT_LISTED', at: 'firstname' })
  })

  it('ids lent by others are lookups in the same remote, bare in another, and absent from one that is gone', () => {
    const friend = recordOf({ zohoId: '77', moodleUserId: '9' })
    const lent = (to: PushOptions['to'], remote: string, of: string, found: RecordView | null) =>
      plan({ [remote]: of }, { to }).render({}, { friend: found }, run).fields[remote]
    expect(lent('zoho/BTEC_Enrollments', 'Student', 'friend.zohoId', friend)).to.deep.equal({ id: '77' })
    expect(lent('zoho/BTEC_Enrollments', 'Own_Lookup', 'friend.zohoId', friend)).to.deep.equal({ id: '77' })
    expect(lent('zoho/BTEC_Students', 'Student_Moodle_ID', 'friend.moodleUserId', friend)).to.equal('9')
    expect(lent('moodle/enrollment', 'userid', 'friend.moodleUserId', friend)).to.equal('9')
    expect(lent('moodle/enrollment', 'userid', 'friend.moodleUserId', null)).to.equal(undefined)
    expect(
      lent('moodle/enrollment', 'userid', 'friend.moodleUserId', { ...friend, state: 'deleted' }),
    ).to.equal(undefined)
  })

  it('our own lookups are written as lookups', () => {
    expect(sent('friendId', { friendId: '7' }, 'zoho/BTEC_Students', 'Program')).to.deep.equal({ id: '7' })
  })

  it('the remote’s id is its address, never content: learning it changes no hash', () => {
    const made = plan({ id: 'moodleUserId', firstname: 'name' })
    const before = made.render({ name: 'A' }, {}, run)
    const after = made.render({ name: 'A', moodleUserId: '5' }, {}, run)
    expect(after.fields).to.deep.equal({ firstname: 'A' })
    expect(after.content).to.equal(before.content)
    expect(after.content).to.match(/^[0-9a-f]{32}$/)
  })

  it('is matched by the id first, then by what is sent, in order, values that are there only', () => {
    const made = plan(
      { id: 'moodleUserId', idnumber: 'city', email: 'name' },
      { match: ['email', 'idnumber', 'id'] },
    )
    expect(made.render({ moodleUserId: '5', name: 'a@b.c', city: null }, {}, run).match).to.deep.equal([
      { by: 'id', value: '5' },
      { by: 'email', value: 'a@b.c' },
    ])
  })

  it('answers fields of its own', () => {
    expect(
      plan({ firstname: 'name' }, { answers: { who: 'name', where: 'city' } }).answers({ name: 'A' }),
    ).to.deep.equal({
      who: 'A',
      where: null,
    })
  })

  it('on deletion: nothing, a deletion, or fields', () => {
    expect(plan({ firstname: 'name' }).renderDelete({}, run)).to.equal('keep')
    expect(plan({ firstname: 'name' }, { onDelete: 'delete' }).renderDelete({}, run)).to.equal('delete')
    expect(
      plan({ firstname: 'name' }, { onDelete: { suspended: { value: true } } }).renderDelete({}, run),
    ).to.deep.equal({
      suspended: true,
    })
  })
})

describe('what the remote’s metadata says', () => {
  const made = plan({ Full_Name: 'name', Status: 'city' }, { to: 'zoho/BTEC_Students' })
  const render = (fields: Fields, metadata: Record<string, FieldMetadata>) =>
    made.render(fields, {}, run, new Map(Object.entries(metadata)))

  it('a shorter field cuts, and says so; the hash is that of the whole', () => {
    const rendered = render({ name: 'x'.repeat(60) }, { Full_Name: { max: 50 } })
    expect(rendered.fields['Full_Name']).to.equal(`${'x'.repeat(49)}…`)
    expect(rendered.cut).to.deep.equal(['Full_Name'])
    expect(rendered.content).to.equal(made.render({ name: 'x'.repeat(60) }, {}, run).content)
  })

  it('a picklist takes only its own values', () => {
    expect(render({ city: 'A' }, { Status: { values: ['A', 'B'] } }).fields['Status']).to.equal('A')
    const error = refusal(() => render({ city: 'C' }, { Status: { values: ['A', 'B'] } }))
    expect(error).to.include({
      code: 'PICKLIST_VALUE',
      at: 'Status',
      message: 'Status knows no value "C", only A, B',
    })
  })

  it('a field that is read-only is not written', () => {
    expect(render({ name: 'A' }, { Full_Name: { readOnly: true } }).fields).to.deep.equal({})
  })
})

describe('cutting', () => {
  const family = '👨‍👩‍👧‍👦'
  const texts: [string, number, string][] = [
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['ab cd', 4, 'ab…'],
    [`ab${family}`, 8, 'ab…'],
    [`${family}${family}`, family.length + 1, `${family}…`],
    ['مُحَمَّد', 4, 'مُ…'],
    ['e\u0301e\u0301e\u0301', 4, 'e\u0301…'],
  ]
  for (const [text, max, expected] of texts)
    it(`of ${JSON.stringify(text)} to ${max} is ${JSON.stringify(expected)}`, () => {
      expect(cut(text, max)).to.equal(expected)
    })

  it('never goes over the length, and keeps whole characters of the beginning', () => {
    const segmenter = new Intl.Segmenter()
    const characters = (text: string) =>
      new Set([...segmenter.segment(text)].map(({ index }) => index).concat(text.length))
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.integer({ min: 2, max: 30 }),
        (text, max) => {
          const result = cut(text, max)
          expect(result.length).to.be.at.most(max)
          if (result === text) return
          const kept = result.slice(0, -1)
          expect(text.startsWith(kept)).to.equal(true)
          expect(characters(text).has(kept.length)).to.equal(true)
        },
      ),
    )
  })

  it('is for free text only: ids, keys, addresses and picklists are refused', () => {
    for (const remote of ['username', 'email', 'idnumber', 'phone1', 'country']) {
      const error = refusal(() => sent('name', { name: 'x'.repeat(300) }, 'moodle/user', remote))
      expect(error).to.include({ code: 'TOO_LONG', at: remote })
    }
    expect(sent('name', { name: 'x'.repeat(300) }, 'moodle/user', 'city')).to.equal(`${'x'.repeat(119)}…`)
  })

  it('our own ids are not cut where the remote does not say what a field is', () => {
    const error = refusal(() =>
      sent({ of: 'zohoId', max: 5 }, { zohoId: '1234567' }, 'zoho/BTEC_Students', 'Own_Field'),
    )
    expect(error.code).to.equal('TOO_LONG')
  })
})

describe('what push makes due', () => {
  const step = push.prepare(options({ id: 'moodleUserId', firstname: 'name' }), contextOf())
  const content = plan({ firstname: 'name' }).render({ name: 'A' }, {}, run).content
  const due = (record: RecordView | null, fields: Fields, outcome: 'NEW' | 'UPDATED' | 'UNCHANGED') => {
    const result = step(workOf({ fields, record, outcome }), run)
    return ended(result) ? [] : result.due.map(({ to }) => to)
  }

  it('a new record', () => {
    expect(due(null, { name: 'A' }, 'NEW')).to.deep.equal(['moodle/user'])
  })

  it('content that differs from what was sent last', () => {
    const record = recordOf({ name: 'A' }, { pushed: { 'moodle/user': { content } } })
    expect(due(record, { name: 'A' }, 'UPDATED')).to.deep.equal([])
    expect(due(record, { name: 'B' }, 'UPDATED')).to.deep.equal(['moodle/user'])
    expect(due(record, { name: 'B' }, 'UNCHANGED')).to.deep.equal(['moodle/user'])
  })

  it('nothing for an echo: what was never sent there is not sent without news', () => {
    expect(due(recordOf({ name: 'A' }), {}, 'UNCHANGED')).to.deep.equal([])
  })

  it('a deleted record that has returned', () => {
    const record = recordOf({ name: 'A' }, { state: 'deleted', pushed: { 'moodle/user': { content } } })
    expect(due(record, { name: 'A' }, 'UPDATED')).to.deep.equal(['moodle/user'])
  })

  it('nothing where there is nothing to say', () => {
    expect(due(null, { city: 'x' }, 'NEW')).to.deep.equal([])
  })
})
