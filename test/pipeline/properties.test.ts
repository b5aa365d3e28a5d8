import { expect } from 'chai'
import fc from 'fast-check'
import { canonical, digest } from '../../core/pipeline/canonical.ts'
import { loadPipelines } from '../../core/pipeline/load.ts'
import { rehearse, type World } from '../../core/pipeline/rehearse.ts'
import type { Json, Payload, RecordView, ResourceName, Run } from '../../core/plugin.ts'
import { ours } from './folders.ts'
import { registry } from './plugins.ts'

const set = await loadPipelines({ folders: { pipelines: [ours.pipelines], config: [ours.config] }, registry })
const run: Run = {
  tenant: 'default',
  timezone: 'Asia/Amman',
  language: 'en',
  at: Date.parse('2026-11-24T12:00:00Z'),
}
const parts = { set, registry, run }

const word = fc.oneof(
  fc.constantFrom(
    'Ali',
    'محمد',
    'Zoë',
    'عبد الله',
    'O’Neill',
    '山田',
    'x'.repeat(130),
    'A<b>li</b>',
    ' Sara ',
  ),
  fc.string({ unit: 'grapheme', minLength: 2, maxLength: 12 }).filter(text => text.trim().length > 1),
)
const maybe = <T extends Json>(value: fc.Arbitrary<T>) =>
  fc.oneof(value, fc.constantFrom<Json>('', ' ', null))
const student = fc.record(
  {
    id: fc.bigInt({ min: 10n ** 14n, max: 10n ** 18n }).map(String),
    Full_Name: fc.tuple(word, word).map(names => names.join(' ')),
    Academic_Email: fc.constantFrom('ali@college.test', ' Sara.N@College.Test', 'x+y@z.example'),
    First_Name: maybe(word),
    Phone: maybe(fc.constantFrom('079', '+962 6 1')),
    City: maybe(word),
    Country: maybe(fc.constantFrom('Jordan', 'الأردن', 'PS', 'de')),
    Status: maybe(fc.constantFrom('Active', 'Inactive', 'Suspended', 'Graduated')),
    Student_ID: maybe(fc.constantFrom('S-1', '0007')),
  },
  { requiredKeys: ['id', 'Full_Name', 'Academic_Email'] },
)

const zoho: ResourceName = 'zoho/BTEC_Students'
const moodle: ResourceName = 'moodle/user'

describe('any student', () => {
  it('that Moodle tells us of after we have sent it goes nowhere: no echo is sent back', () => {
    fc.assert(
      fc.property(student, payload => {
        const first = rehearse(
          parts,
          { records: [] },
          { resource: zoho, payload: payload as Payload, version: [1] },
        )
        expect(first.outcome).to.equal('NEW')
        const record = linked(first.record as RecordView, '5')
        const sent = stripped(first.sent[moodle] ?? {})
        const echo = { ...sent, id: '5', role: 'student', suspended: sent['suspended'] ? 1 : 0 } as Payload
        const back = rehearse(parts, { records: [record] }, { resource: moodle, payload: echo, version: [1] })
        expect([back.outcome, back.kept, back.sent]).to.deep.equal(['UNCHANGED', [], {}])
      }),
    )
  })

  it('that comes twice is UNCHANGED, and its order of keys makes no difference', () => {
    fc.assert(
      fc.property(student, payload => {
        const first = rehearse(
          parts,
          { records: [] },
          { resource: zoho, payload: payload as Payload, version: [1] },
        )
        const world: World = { records: [first.record as RecordView] }
        const turned = Object.fromEntries(Object.entries(payload).reverse()) as Payload
        const second = rehearse(parts, world, { resource: zoho, payload: turned, version: [2] })
        expect([second.outcome, second.sent]).to.deep.equal(['UNCHANGED', {}])
      }),
    )
  })
})

/** As Moodle cleans texts (PARAM_NOTAGS, trim). */
const stripped = (payload: Payload): Payload =>
  Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replace(/<[^>]*>/g, '').trim() : value,
    ]),
  )

const linked = (record: RecordView, id: string): RecordView => ({
  ...record,
  fields: { ...record.fields, moodleUserId: id },
  identities: [...record.identities, `moodle/user:${id}`],
})

describe('any payload at all', () => {
  const resources = [...set.modules.values()].flatMap(({ flows }) => flows.map(({ from }) => from))
  const names = [
    'id',
    'key',
    'Name',
    'Full_Name',
    'Email',
    'Student',
    'Class',
    'finalgrade',
    'status',
    'learning_outcomes',
    'role',
    '__proto__',
    'toString',
    'a.b',
    '$set',
    '',
  ]

  it('has an outcome: what is wrong is INVALID and says where, and nothing is thrown', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...resources),
        fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.jsonValue({ maxDepth: 2 }), {
          maxKeys: 12,
        }),
        (resource, payload) => {
          const { outcome, error } = rehearse(
            parts,
            { records: [] },
            { resource, payload: payload as Payload },
          )
          expect(outcome).to.be.oneOf(['NEW', 'INVALID', 'SKIPPED', 'WAITING'])
          if (outcome === 'INVALID') {
            expect(error?.code).to.match(/^[A-Z][A-Z_]+$/)
            expect(error?.message).to.have.length.greaterThan(5)
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

describe('canonical JSON', () => {
  it('is the same for equal values whatever their order, and another for others', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value => {
        const turned = Object.fromEntries(Object.entries(value).reverse())
        expect(canonical(turned as Json)).to.equal(canonical(value as Json))
        expect(JSON.parse(canonical(value as Json))).to.deep.equal(JSON.parse(JSON.stringify(value)))
      }),
    )
    expect(digest(canonical({ b: 1, a: [2, null] }))).to.equal(digest('{"a":[2,null],"b":1}'))
  })
})
