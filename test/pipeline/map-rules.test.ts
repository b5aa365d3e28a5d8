import { expect } from 'chai'
import { DataError } from '../../core/errors.ts'
import type { RuleFile } from '../../core/pipeline/grammar.ts'
import { condition, mapRule, mapScope } from '../../core/pipeline/rules.ts'
import type { FieldDefinition, Fields, Json, Payload, Run } from '../../core/plugin.ts'
import { registry } from './plugins.ts'

const run: Run = { tenant: 'default', timezone: 'Asia/Amman', language: 'en', at: 0 }
const context = { transform: (name: string) => registry.transform(name), scale: () => undefined }
const text: FieldDefinition = { type: 'string' }

/** Applies rules in order; `undefined` where the field stays as it is. */
function map(
  rules: Record<string, RuleFile>,
  payload: Payload,
  stored: Fields = {},
  fields: Record<string, FieldDefinition> = {},
): { readonly [field: string]: Json } {
  const scope = mapScope(payload, stored, run)
  for (const [field, rule] of Object.entries(rules))
    mapRule(field, rule, fields[field] ?? text, context).apply(scope)
  return scope.fields
}

function refusal(act: () => unknown): DataError {
  try {
    act()
  } catch (error) {
    if (error instanceof DataError) return error
  }
  throw new Error('nothing was refused')
}

describe('rules of map', () => {
  const cases: [string, RuleFile, Payload, Fields, Json | undefined][] = [
    ['a bare name is the sender’s field', 'City', { City: 'Amman' }, {}, 'Amman'],
    ['what the payload does not name stays', 'City', {}, { field: 'Irbid' }, undefined],
    ['null clears', 'City', { City: null }, { field: 'Irbid' }, null],
    ['an empty text clears', 'City', { City: '' }, { field: 'Irbid' }, null],
    ['blanks clear', 'City', { City: ' \t\u00a0' }, { field: 'Irbid' }, null],
    ['0 and false are values', 'City', { City: 0 }, {}, '0'],
    ['the first alternative that is not empty wins', ['A', 'B'], { A: ' ', B: 'b' }, {}, 'b'],
    ['their order counts, not the payload’s', ['A', 'B'], { B: 'b', A: 'a' }, {}, 'a'],
    ['present and all empty clears', ['A', 'B'], { B: null }, { field: 'x' }, null],
    ['none present stays', ['A', 'B'], { C: 'c' }, { field: 'x' }, undefined],
    ['a.b goes inside', 'student.id', { student: { id: '7' } }, {}, '7'],
    ['a bare id is its own .id', 'student.id', { student: '7' }, {}, '7'],
    ['an empty parent clears', 'student.name', { student: null }, { field: 'x' }, null],
    ['an absent parent stays', 'student.name', {}, { field: 'x' }, undefined],
    ['a key with a dot goes before a path', 'a.b', { 'a.b': 'own', a: { b: 'inside' } }, {}, 'own'],
    ['names of Object.prototype are data only', 'toString', {}, { field: 'x' }, undefined],
    ['and are read where the payload has them', 'constructor', { constructor: 'me' } as Payload, {}, 'me'],
    ['a constant', { value: 'x' }, {}, {}, 'x'],
    ['a default where an alternative is empty', { from: 'A', default: 'd' }, { A: '' }, { field: 'x' }, 'd'],
    ['a default where the record has no value yet', { from: 'A', default: 'd' }, {}, {}, 'd'],
    ['no default over what is stored', { from: 'A', default: 'd' }, {}, { field: 'x' }, undefined],
    ['no default over what was cleared', { from: 'A', default: 'd' }, {}, { field: null }, undefined],
    ['transforms in order', { from: 'A', transform: ['trim', 'uppercase'] }, { A: ' a ' }, {}, 'A'],
    [
      'a transform that leaves nothing clears',
      { from: 'A', transform: 'plain-text' },
      { A: '<p></p>' },
      {},
      null,
    ],
    ['a table', { from: 'A', values: { x: 'X', '*': 'other' } }, { A: 'x' }, {}, 'X'],
    ['its any other value', { from: 'A', values: { x: 'X', '*': 'other' } }, { A: 'q' }, {}, 'other'],
    ['numbers in a table', { from: 'A', values: { '0': 'zero' } }, { A: 0 }, {}, 'zero'],
    ['a condition that fits', { from: 'A', when: { kind: 1 } }, { A: 'a', kind: '1' }, {}, 'a'],
    ['a condition that does not', { from: 'A', when: { kind: 1 } }, { A: 'a', kind: 2 }, {}, undefined],
  ]
  for (const [title, rule, payload, stored, expected] of cases)
    it(title, () => {
      expect(map({ field: rule }, payload, stored)['field']).to.deep.equal(expected)
    })

  it('refuse a value that the table does not list, and list it', () => {
    const error = refusal(() => map({ field: { from: 'A', values: { x: 1, y: 2 } } }, { A: 'z' }))
    expect(error.code).to.equal('NOT_LISTED')
    expect(error.message).to.equal('"z" is none of x, y')
  })

  describe('that are derived', () => {
    const rules = {
      full: 'Full',
      first: { from: 'First', default: { of: 'full', transform: 'first-word' } },
    } as const
    const derived: [string, Payload, Fields, Json | undefined][] = [
      ['come from the other field', { Full: 'Ali Hassan' }, {}, 'Ali'],
      ['give way to an own value', { Full: 'Ali Hassan', First: 'A.' }, {}, 'A.'],
      ['come again when the other field comes', { Full: 'Omar Said' }, { full: 'x', first: 'x' }, 'Omar'],
      ['stay when it does not', {}, { full: 'Ali Hassan', first: 'Al' }, undefined],
      ['come from what is stored when they were never set', {}, { full: 'Ali Hassan' }, 'Ali'],
      ['come when their own source was emptied', { First: '' }, { full: 'Ali Hassan', first: 'Al' }, 'Ali'],
      ['are cleared with the other field', { Full: '', First: '' }, { full: 'x', first: 'x' }, null],
    ]
    for (const [title, payload, stored, expected] of derived)
      it(title, () => {
        expect(map(rules, payload, stored)['first']).to.deep.equal(expected)
      })
  })

  describe('with keep', () => {
    const rules = {
      id: 'Id',
      email: 'Email',
      user: { from: 'User', default: { of: 'email', transform: 'moodle-username' }, keep: 'id' },
    } as const
    const kept: [string, Payload, Fields, Json | undefined][] = [
      ['take a new derived value while there is no id', { Email: 'new@x.y' }, { user: 'old' }, 'new'],
      ['keep it once there is one', { Email: 'new@x.y' }, { user: 'old', id: '5' }, undefined],
      ['also when it comes with this event', { Email: 'new@x.y', Id: '5' }, { user: 'old' }, undefined],
      ['take an own value all the same', { Email: 'new@x.y', User: 'me' }, { user: 'old', id: '5' }, 'me'],
      ['are not cleared by an empty one', { Email: 'n@x.y', User: '' }, { user: 'old', id: '5' }, undefined],
    ]
    for (const [title, payload, stored, expected] of kept)
      it(title, () => {
        expect(map(rules, payload, stored)['user']).to.deep.equal(expected)
      })
  })

  it('join our own fields, without the empty ones', () => {
    const rules = { a: 'A', b: 'B', both: { join: ['a', 'b'], with: '-' } } as const
    expect(map(rules, { A: 'x', B: 'y' })['both']).to.equal('x-y')
    expect(map(rules, { A: 'x', B: '' })['both']).to.equal('x')
    expect(map(rules, { A: '', B: '' })['both']).to.equal(null)
    expect(map(rules, { A: 'x' }, { b: 'stored' })['both']).to.equal('x-stored')
    expect(map(rules, {}, { a: 'x', b: 'y' })['both']).to.equal(undefined)
  })

  it('make rows of a list, each a sender of its own', () => {
    const rows: FieldDefinition = {
      type: 'array',
      items: {
        required: ['code'],
        fields: { code: text, points: { type: 'number' }, met: { type: 'boolean' } },
      },
    }
    const each: RuleFile = {
      from: 'List',
      default: [],
      each: {
        code: ['code', 'short'],
        points: 'points',
        met: { of: 'points', transform: 'is-positive', default: false },
      },
    }
    const run = (list: Json) => map({ rows: each }, { List: list }, {}, { rows })['rows']
    expect(
      run([
        { short: 'P1', points: '1.0' },
        { code: 'M1', points: null },
      ]),
    ).to.deep.equal([
      { code: 'P1', points: 1, met: true },
      { code: 'M1', points: null, met: false },
    ])
    expect(run('')).to.deep.equal([])
    expect(refusal(() => run([{ points: 1 }])).message).to.equal('row 1 has no code')
    expect(refusal(() => run([{ code: 'P1' }, 7])).message).to.equal('row 2 is not an object')
    expect(refusal(() => run([{ code: 'P1', points: 'x' }])).message).to.contain('row 1, points')
  })
})

describe('conditions', () => {
  const fits: [object, Payload, boolean][] = [
    [{ role: 'student' }, { role: 'student' }, true],
    [{ role: 'student' }, { role: 'teacher' }, false],
    [{ role: 'student' }, {}, false],
    [{ role: ['student', 'teacher'] }, { role: 'teacher' }, true],
    [{ kind: 1 }, { kind: '1' }, true],
    [{ kind: [1, null] }, {}, true],
    [{ kind: [1, null] }, { kind: null }, true],
    [{ kind: [1, null] }, { kind: 2 }, false],
    [{ key: true }, { key: 'x' }, true],
    [{ key: true }, { key: ' ' }, false],
    [{ key: true }, {}, false],
    [{ key: true }, { key: false }, true],
    [{ key: false }, {}, true],
    [{ key: false }, { key: null }, true],
    [{ key: false }, { key: 0 }, false],
    [{ a: 1, b: 2 }, { a: 1, b: 2 }, true],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, false],
    [{ 'a.b': 'x' }, { a: { b: 'x' } }, true],
  ]
  for (const [when, payload, expected] of fits)
    it(`${JSON.stringify(when)} ${expected ? 'fits' : 'does not fit'} ${JSON.stringify(payload)}`, () => {
      expect(condition(when as never)?.(payload)).to.equal(expected)
    })
})
