import { expect } from 'chai'
import fc from 'fast-check'
import { formOf } from '../../../connectors/moodle/form.ts'
import { parseForm } from '../../../connectors/moodle/sandbox/php.ts'
import { DataError } from '../../../core/errors.ts'
import type { Payload } from '../../../core/plugin.ts'

describe("PHP's form encoding", () => {
  const cases: readonly {
    title: string
    parameters: Payload
    pairs: readonly (readonly [string, string])[]
  }[] = [
    {
      title: 'nests lists and objects in brackets',
      parameters: { users: [{ username: 'ali', preferences: [{ type: 'a', value: 'b' }] }] },
      pairs: [
        ['users[0][username]', 'ali'],
        ['users[0][preferences][0][type]', 'a'],
        ['users[0][preferences][0][value]', 'b'],
      ],
    },
    {
      title: 'sends booleans as 1 and 0',
      parameters: { users: [{ suspended: true, createpassword: false }] },
      pairs: [
        ['users[0][suspended]', '1'],
        ['users[0][createpassword]', '0'],
      ],
    },
    { title: 'sends null as empty text', parameters: { city: null }, pairs: [['city', '']] },
    {
      title: 'keeps leading zeros',
      parameters: { values: ['00012345'] },
      pairs: [['values[0]', '00012345']],
    },
    { title: 'sends numbers as they are written', parameters: { timestart: 0 }, pairs: [['timestart', '0']] },
    { title: 'sends nothing for an empty list', parameters: { values: [] }, pairs: [] },
  ]
  for (const { title, parameters, pairs } of cases)
    it(title, () => expect(formOf(parameters)).to.deep.equal(pairs))

  for (const name of ['a]=1&wsfunction=core_user_delete_users&b[', 'users[0][auth]', '', 'a b', 'a.b', 'é'])
    it(`refuses the field name ${JSON.stringify(name)}`, () => {
      expect(() => formOf({ users: [{ [name]: 'x' }] }))
        .to.throw(DataError)
        .with.property('code', 'MOODLE_FIELD_NAME')
    })

  it('any text arrives as it was, and names no other parameter', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    const hostile = fc.constantFrom('x&users[0][auth]=nologin', 'منى', '😀', '%00', '+', 'a=b', ']', '\r\n')
    fc.assert(
      fc.property(
        fc.array(fc.record({ firstname: fc.oneof(text, hostile), city: text }), { maxLength: 5 }),
        users => {
          const form = new URLSearchParams(
            formOf({ users }).map(([name, value]): [string, string] => [name, value]),
          )
          const read = parseForm(form.toString(), 5_000)
          expect(Object.values(read['users'] ?? {})).to.deep.equal(users)
          expect(Object.keys(read)).to.deep.equal(users.length === 0 ? [] : ['users'])
        },
      ),
      { numRuns: 300 },
    )
  })
})
