import { expect } from 'chai'
import { cursorOf, walk } from '../../core/operations/paging.ts'
import { type WhyFacts, whyOf, whySkipped } from '../../core/operations/why.ts'
import type { CompiledPipeline } from '../../core/pipeline/compiled.ts'
import { createReasons } from '../../core/reasons/reasons.ts'
import type { GateDocument, RecordDocument } from '../../core/store/documents.ts'

const reasons = createReasons([])
const at = new Date(Date.UTC(2026, 0, 15, 12))

const record = (changes: Partial<RecordDocument>): RecordDocument => ({
  _id: '1',
  tenant: 'default',
  module: 'person',
  identities: [],
  keys: [],
  fields: {},
  sides: {},
  source: 'register',
  rev: 1,
  outbox: {},
  pushed: {},
  refs: [],
  missing: [],
  state: 'ok',
  claims: 0,
  createdAt: at,
  updatedAt: at,
  ...changes,
})

const pushing = (...targets: readonly string[]): CompiledPipeline =>
  ({ flows: [{ pushes: targets.map(to => ({ to })) }] }) as unknown as CompiledPipeline

const gate = (reason: GateDocument['reason']): GateDocument => ({
  _id: 'default|classroom',
  tenant: 'default',
  remote: 'classroom',
  reason,
  code: reason === 'paused' ? 'PAUSED' : 'REMOTE_TIMEOUT',
  message: 'classroom did not answer in time',
  closedAt: at,
  openAt: at,
  rounds: 0,
})

const why = (changes: Partial<RecordDocument>, facts: Partial<WhyFacts> = {}) =>
  whyOf(record(changes), { pipeline: pushing('classroom/user'), gate: undefined, ...facts }, reasons, 'en')

describe('why a record is where it is', () => {
  const error = { code: 'NOT_UNIQUE', message: 'username "ali" belongs to another', at: 'username' }
  const cases: readonly (readonly [string, ReturnType<typeof why>, string])[] = [
    ['waiting', why({ state: 'waiting', missing: [{ name: 'a', key: 'k', label: 'class 7' }] }), 'class 7'],
    ['invalid', why({ state: 'invalid', lastError: error }), '(username): username "ali"'],
    ['gated', why({ state: 'gated', gate: 'default|classroom' }, { gate: gate('outage') }), at.toISOString()],
    [
      'paused',
      why({ state: 'gated', gate: 'default|classroom' }, { gate: gate('paused') }),
      'a person has paused',
    ],
    [
      'retrying',
      why({
        state: 'retrying',
        lastError: { ...error, to: 'classroom/user' },
        outbox: { 'classroom/user': { attempt: 2, notBefore: at } },
      }),
      `classroom/user failed and is tried again at ${at.toISOString()}`,
    ],
    [
      'dead',
      why({ state: 'dead', lastError: { ...error, to: 'classroom/user' } }),
      'classroom/user does not take it',
    ],
    ['conflict', why({ state: 'conflict', lastError: error }), 'A person must decide'],
    ['switched_off', why({}, { enabled: false }), 'person is switched off'],
    ['not_running', why({}, { pipeline: undefined }), 'No pipeline runs'],
    ['merged', why({ state: 'merged', mergedInto: '42' }), 'into the record 42'],
    ['deleted', why({ state: 'deleted', sides: { register: { version: [] } } }), 'deleted in register'],
    ['due', why({ state: 'due', dueAt: at }), 'on its way'],
    [
      'sent',
      why({ pushed: { 'classroom/user': { at, action: 'created' } } }),
      'classroom/user have what Wasl has',
    ],
    ['not_sent', why({}), 'nothing of it was sent to classroom/user'],
    ['stored', why({}, { pipeline: pushing() }), 'nothing of this module is sent anywhere'],
    ['no_role_yet', whySkipped('no_role_yet', reasons, 'en'), 'has no role yet'],
    ['skipped', whySkipped('older', reasons, 'en'), '(older)'],
  ]
  for (const [because, told, says] of cases)
    it(`is ${because}`, () => {
      expect(told).to.include({ because })
      expect(told.sentence)
        .to.contain(says)
        .and.not.to.match(/\{\w+\}/)
    })

  it('says what is wrong before that its module is switched off, and who can mend it', () => {
    const told = why({ state: 'dead', lastError: error }, { enabled: false })
    expect(told).to.deep.include({ because: 'dead', code: 'NOT_UNIQUE', field: 'username' })
    expect(told.explained).to.include({ who: 'registry' })
  })
})

describe('pages', () => {
  const parts: Readonly<Record<string, readonly number[]>> = { a: [1, 2, 3, 4, 5], b: [], c: [6, 7, 8] }
  const page = (limit: number, cursor?: string) =>
    walk<number, number>(
      {
        partitions: Object.keys(parts),
        read: async (partition, after, wanted) => {
          const rest = (parts[partition] ?? []).filter(each => each > Number(after))
          return { documents: rest.slice(0, wanted), more: rest.length > wanted }
        },
        idOf: String,
        show: async all => all.map(each => (each % 2 === 0 ? undefined : each)),
      },
      { limit, ...(cursor === undefined ? {} : { cursor }) },
    )

  it('hold what was asked for once, in order, over all partitions, whatever their length', async () => {
    for (const limit of [1, 2, 3, 50]) {
      const seen: number[] = []
      let cursor: string | undefined
      do {
        const { items, next } = await page(limit, cursor)
        expect(items.length).to.be.at.most(limit)
        seen.push(...items)
        cursor = next
      } while (cursor !== undefined)
      expect(seen, `pages of ${limit}`).to.deep.equal([1, 3, 5, 7])
    }
  })

  it('refuse a cursor that is none of theirs, and are empty for one of another list', async () => {
    for (const cursor of ['x', cursorOf(['a']), cursorOf(['a', '\u0000']), cursorOf(['a', '1', '2'])]) {
      const refused = await page(1, cursor).then(
        () => undefined,
        (error: { code?: string }) => error.code,
      )
      expect(refused, cursor).to.equal('CURSOR')
    }
    expect(await page(1, cursorOf(['z', '1']))).to.deep.equal({ items: [] })
  })
})
