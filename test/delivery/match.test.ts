import { expect } from 'chai'
import { type HeldSend, type Match, matchAll, refuseTaken, takenBy } from '../../core/delivery/match.ts'
import { RetryableError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, ResourceDefinition } from '../../core/plugin.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import type { OutboxEntry, RecordDocument } from '../../core/store/documents.ts'
import { freshDatabase } from '../store.ts'
import { due, fieldsOf, held, idOf, pushOf, STUDENT, student, USER } from './records.ts'

const definition: ResourceDefinition = {
  summary: 'Users',
  perCall: 10,
  uniqueBy: ['email'],
  empty: '',
  idOf: payload => (typeof payload['id'] === 'string' ? payload['id'] : undefined),
  versionOf: () => [],
}

/** Student `number`, about to be created. */
function creation(
  number: number,
  entry: Partial<OutboxEntry> = {},
  changes: Partial<RecordDocument> = {},
): HeldSend {
  const fields = fieldsOf(student(), {
    zohoId: `${number}`,
    studentId: `STU-${number}`,
    email: `${number}@college.test`,
  })
  const identities = [`${STUDENT}:${number}`]
  const one = held(
    student({ _id: idOf(number), fields, identities, outbox: { [USER]: due(entry) }, ...changes }),
  )
  return { held: one, send: pushOf(one, USER) }
}

/** What a match came to: an id, `create`, `merge <id>`, or the code of a conflict. */
function told(match: Match | undefined): string | undefined {
  if (match === undefined) return undefined
  if ('id' in match) return match.id
  if ('merge' in match) return `merge ${match.merge._id}`
  return 'conflict' in match ? match.conflict.code : 'create'
}

describe('which remote object a record is', () => {
  let store: Store
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())
  beforeEach(() => store.db.collection('records').deleteMany({}))

  /** The objects of the remote, and what was asked of it. */
  async function match(
    objects: readonly Payload[],
    sends: readonly HeldSend[],
    changes: Partial<ResourceDefinition> = {},
  ) {
    const asked: string[] = []
    const connection: ResourceConnection = {
      read: async () => new Map(),
      write: async () => [],
      async find(by, values) {
        asked.push(`${by}: ${values.join(' ')}`)
        const hits = values.map(value => [value, objects.filter(each => each[by] === value)] as const)
        return new Map(hits.filter(([, all]) => all.length > 0))
      },
    }
    const target = { name: USER, definition: { ...definition, ...changes }, connection }
    const matches = await matchAll(store.records, 'al-noor', target, sends, AbortSignal.timeout(5000))
    return { asked, results: sends.map(send => told(matches.get(send))) }
  }

  it('is asked for everybody at once, key by key, until it is found', async () => {
    const objects = [
      { id: '51', idnumber: 'STU-1', email: 'x' },
      { id: '52', idnumber: '', email: '2@college.test' },
    ]
    const { asked, results } = await match(
      objects,
      [1, 2, 3].map(number => creation(number)),
    )
    expect(asked).to.deep.equal(['idnumber: STU-1 STU-2 STU-3', 'email: 2@college.test 3@college.test'])
    expect(results).to.deep.equal(['51', '52', 'create'])
  })

  it('is nobody’s to say where several fit', async () => {
    const objects = [
      { id: '51', idnumber: 'STU-1' },
      { id: '52', idnumber: 'STU-1' },
      { id: '53', idnumber: 'STU-2' },
      { id: '53', idnumber: 'STU-2' },
    ]
    const { results } = await match(objects, [creation(1), creation(2)])
    expect(results).to.deep.equal(['AMBIGUOUS_MATCH', '53'])
  })

  it('is none where what was found has no id', async () => {
    expect((await match([{ idnumber: 'STU-1' }], [creation(1)])).results).to.deep.equal(['create'])
  })

  it('is looked for once by a value that it was begun with and still has', async () => {
    const was = [
      { by: 'id', value: '9' },
      { by: 'email', value: '1@college.test' },
    ]
    const { asked } = await match([], [creation(1, { sending: true, was })])
    expect(asked).to.deep.equal(['email: 1@college.test', 'idnumber: STU-1'])
  })

  it('is not known after a lost creation, unless the remote refuses to double it', async () => {
    const lost = creation(1, { sending: true, was: [] })
    expect((await match([], [lost])).results).to.deep.equal(['create'])
    expect((await match([], [lost], { uniqueBy: [] })).results).to.deep.equal(['UNCERTAIN_CREATION'])
    expect((await match([], [creation(2)], { uniqueBy: [] })).results).to.deep.equal(['create'])
    const found = await match([{ id: '51', idnumber: 'STU-1' }], [lost], { uniqueBy: [] })
    expect(found.results).to.deep.equal(['51'])
  })

  it('is one record’s only, of two in one call', async () => {
    const twin = creation(2, {}, { fields: fieldsOf(student(), { zohoId: '2', studentId: 'STU-1' }) })
    const { results } = await match([{ id: '51', idnumber: 'STU-1' }], [creation(1), twin])
    expect(results).to.deep.equal(['51', 'IDENTITY_TAKEN'])
  })

  const holders: readonly (readonly [string, Partial<RecordDocument>, string])[] = [
    [
      'another record’s that may be the same',
      { identities: [`${USER}:51`], source: 'moodle' },
      `merge ${idOf(7)}`,
    ],
    ['another record’s that is another', { identities: [`${USER}:51`, `${STUDENT}:7`] }, 'IDENTITY_TAKEN'],
    [
      'that of one that was merged into it',
      { identities: [`${USER}:51`], state: 'merged', mergedInto: idOf(1) },
      '51',
    ],
    ['its own already', { _id: idOf(1), identities: [`${USER}:51`] }, '51'],
    ['nobody’s of this tenant', { identities: [`${USER}:51`], tenant: 'other' }, '51'],
  ]
  for (const [title, changes, expected] of holders)
    it(`is ${title}`, async () => {
      await store.records.insert([student({ _id: idOf(7), ...changes })])
      const one = creation(1)
      const checked = await refuseTaken(store.records, 'al-noor', USER, new Map([[one, { id: '51' }]]))
      expect(told(checked.get(one))).to.equal(expected)
    })

  it('is not asked of the store where nothing was found', async () => {
    const matches = new Map<HeldSend, Match>([[creation(1), { create: true }]])
    expect(await refuseTaken(store.records, 'al-noor', USER, matches)).to.equal(matches)
  })

  it('cannot be said while the remote does not answer', async () => {
    const connection: ResourceConnection = {
      read: async () => new Map(),
      write: async () => [],
      find: async () => {
        throw new RetryableError('REMOTE_TIMEOUT', 'No answer.')
      },
    }
    const target = { name: USER, definition, connection }
    const failed = await matchAll(
      store.records,
      'al-noor',
      target,
      [creation(1)],
      AbortSignal.timeout(5000),
    ).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(RetryableError)
  })

  it('says who has it, as a person finds that record', () => {
    const error = takenBy(student({ identities: ['=username:x', `${STUDENT}:1001`] }), `${USER}:51`)
    expect(error.message).to.equal(`${USER}:51 belongs to student ${STUDENT}:1001.`)
  })
})
