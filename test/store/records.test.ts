import { expect } from 'chai'
import { openStore, type Store } from '../../core/store/connect.ts'
import type { RecordDocument } from '../../core/store/documents.ts'
import type { LeasedChange } from '../../core/store/records.ts'
import { freshDatabase } from '../store.ts'
import { idOf, NOW, record, refusesNoTenant } from './documents.ts'

const at = (ms: number) => new Date(NOW + ms)
const UNTIL = at(15_000)

describe('records in the store', () => {
  let store: Store
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())
  beforeEach(() => store.db.collection('records').deleteMany({}))

  const put = async (...documents: readonly RecordDocument[]) => {
    const refused = await store.records.insert(documents)
    expect([...refused]).to.deep.equal([])
  }
  const get = async (id: string): Promise<RecordDocument> => {
    const [found] = await store.records.byIds('al-noor', [id])
    if (found === undefined) throw new Error(`no record ${id}`)
    return found
  }
  const one = (number: number, changes: Partial<RecordDocument> = {}) => record(number, changes)

  refusesNoTenant({
    byIds: () => store.records.byIds('', ['a']),
    byIdentities: () => store.records.byIdentities('', ['a']),
    byKeys: () => store.records.byKeys('', ['a']),
    insert: () => store.records.insert([one(1, { tenant: '' })]),
    dropAbsorbed: () => store.records.dropAbsorbed('', ['a']),
    wake: () => store.records.wake('', ['a'], at(0)),
  })

  describe('are found', () => {
    beforeEach(() =>
      put(
        one(1, { identities: ['zoho/A:1', '=username:sara'], keys: ['student|zohoId=1'] }),
        one(2, { identities: ['zoho/A:2'], keys: ['student|zohoId=2'] }),
        one(3, { tenant: 'other', identities: ['zoho/A:1'], keys: ['student|zohoId=1'] }),
      ),
    )

    it('by id, identity and key, each of their own tenant only', async () => {
      const ids = (found: readonly RecordDocument[]) => found.map(({ _id }) => _id)
      expect(ids(await store.records.byIds('al-noor', [idOf(1), idOf(3)]))).to.deep.equal([idOf(1)])
      expect(ids(await store.records.byIdentities('al-noor', ['zoho/A:1']))).to.deep.equal([idOf(1)])
      expect(ids(await store.records.byIdentities('other', ['zoho/A:1']))).to.deep.equal([idOf(3)])
      expect(ids(await store.records.byKeys('al-noor', ['student|zohoId=2']))).to.deep.equal([idOf(2)])
    })

    it('none, where nothing is asked for', async () => {
      expect(await store.records.byIds('al-noor', [])).to.deep.equal([])
      expect(await store.records.byIdentities('al-noor', [])).to.deep.equal([])
      expect(await store.records.byKeys('al-noor', [])).to.deep.equal([])
    })
  })

  describe('are inserted', () => {
    it('in one command; those whose identity is taken are told by their places', async () => {
      await put(one(1, { identities: ['zoho/A:1'] }))
      const refused = await store.records.insert([
        one(2, { identities: ['zoho/A:2'] }),
        one(3, { identities: ['zoho/A:1'] }),
        one(4, { identities: ['zoho/A:4', '=username:ali'] }),
        one(5, { identities: ['zoho/A:5', '=username:ali'] }),
      ])
      expect([...refused]).to.deep.equal([1, 3])
      expect(await store.records.byIds('al-noor', [2, 3, 4, 5].map(idOf))).to.have.length(2)
    })

    it('as many without any identity as there are', async () => {
      await put(one(1, { identities: [] }), one(2, { identities: [] }))
    })
  })

  describe('are updated by compare-and-set', () => {
    const set = { state: 'waiting' } as const

    it('raising the revision, and naming the write', async () => {
      await put(one(1, { rev: 3, lastError: { code: 'X', message: 'x' } }))
      const done = await store.records.update([{ id: idOf(1), rev: 3, set, unset: ['lastError'] }], 'w1')
      expect([...done.stale, ...done.refused]).to.deep.equal([])
      const after = await get(idOf(1))
      expect(after).to.include({ rev: 4, write: 'w1', state: 'waiting' })
      expect(after).to.not.have.property('lastError')
    })

    it('not where another write came first, while the others are written', async () => {
      await put(one(1, { rev: 4 }), one(2, { rev: 0 }))
      const done = await store.records.update(
        [
          { id: idOf(1), rev: 3, set, unset: [] },
          { id: idOf(2), rev: 0, set, unset: [] },
          { id: idOf(9), rev: 0, set, unset: [] },
        ],
        'w2',
      )
      expect([...done.stale]).to.have.members([idOf(1), idOf(9)])
      expect([...done.refused]).to.deep.equal([])
      expect((await get(idOf(1))).state).to.equal('ok')
      expect((await get(idOf(2))).state).to.equal('waiting')
    })

    it('not where a unique index refuses it', async () => {
      await put(one(1, { identities: ['zoho/A:1'] }), one(2, { identities: ['zoho/A:2'] }))
      const change = { id: idOf(2), rev: 0, set: { identities: ['zoho/A:1'] }, unset: [] }
      const done = await store.records.update([change, { id: idOf(1), rev: 0, set, unset: [] }], 'w3')
      expect([...done.refused]).to.deep.equal([idOf(2)])
      expect([...done.stale]).to.deep.equal([])
      expect((await get(idOf(1))).state).to.equal('waiting')
    })

    it('once, of two that race', async () => {
      await put(one(1))
      const change = { id: idOf(1), rev: 0, set, unset: [] }
      const [a, b] = await Promise.all([
        store.records.update([change], 'a'),
        store.records.update([change], 'b'),
      ])
      expect(a.stale.size + b.stale.size).to.equal(1)
      expect((await get(idOf(1))).rev).to.equal(1)
    })
  })

  describe('that are due', () => {
    beforeEach(() =>
      put(
        one(1, { dueAt: at(-1) }),
        one(2, { dueAt: at(-5) }),
        one(3, { dueAt: at(1) }),
        one(4, { dueAt: at(-9), lease: { nonce: 'x', until: at(1) } }),
        one(5, { dueAt: at(-2), lease: { nonce: 'x', until: at(-1) }, claims: 2 }),
        one(6),
      ),
    )

    it('are listed oldest first, without those that are leased', async () => {
      const due = await store.records.due(at(0), 10)
      expect(due.map(({ _id }) => _id)).to.deep.equal([idOf(2), idOf(5), idOf(1)])
      expect(due[1]).to.deep.equal({ _id: idOf(5), tenant: 'al-noor', claims: 2 })
      expect(await store.records.due(at(0), 1)).to.have.length(1)
    })

    it('are claimed with a lease and a count, the others are not', async () => {
      const claimed = await store.records.claim([1, 3, 4, 5, 6].map(idOf), 'mine', at(0), UNTIL)
      expect(claimed.map(({ _id }) => _id)).to.have.members([idOf(1), idOf(5)])
      expect(claimed.find(({ _id }) => _id === idOf(5))).to.deep.include({
        claims: 3,
        rev: 1,
        lease: { nonce: 'mine', until: UNTIL },
      })
      expect(await store.records.claim([1, 5].map(idOf), 'yours', at(0), UNTIL)).to.deep.equal([])
    })

    it('are claimed by one of two engines each', async () => {
      const ids = [1, 2, 5].map(idOf)
      const [a, b] = await Promise.all([
        store.records.claim(ids, 'a', at(0), UNTIL),
        store.records.claim(ids, 'b', at(0), UNTIL),
      ])
      expect([...a, ...b].map(({ _id }) => _id)).to.have.members(ids)
    })
  })

  describe('that are leased', () => {
    const lease = { nonce: 'mine', until: UNTIL }
    const change = (rev: number, set: LeasedChange['set'], unset: LeasedChange['unset'] = []) => ({
      id: idOf(1),
      rev,
      set,
      unset,
    })
    const outbox = { 'moodle/user': { content: 'c', attempt: 0 } }
    const pair = (rev: number) => ({
      same: change(rev, { outbox: {}, state: 'ok' }, ['lease', 'dueAt']),
      changed: change(rev, { 'outbox.moodle/user.attempt': 7, dueAt: at(0) }, ['lease']),
    })
    beforeEach(() => put(one(1, { lease, rev: 5, claims: 1, dueAt: at(0), outbox })))

    it('are settled by the first of the pair where nothing changed', async () => {
      await store.records.settle('mine', [pair(5)])
      const after = await get(idOf(1))
      expect(after).to.deep.include({ outbox: {}, rev: 6 })
      expect(after).to.not.have.any.keys('lease', 'dueAt')
    })

    it('are settled by the second where something did', async () => {
      await store.records.settle('mine', [pair(4)])
      const after = await get(idOf(1))
      expect(after.outbox).to.deep.equal({ 'moodle/user': { content: 'c', attempt: 7 } })
      expect(after.dueAt).to.deep.equal(at(0))
      expect(after).to.not.have.property('lease')
    })

    it('are left alone by whoever lost the lease', async () => {
      await store.records.settle('other', [pair(5)])
      expect(await store.records.note('other', [change(5, { state: 'dead' })])).to.equal(0)
      await store.records.postpone([idOf(1)], 'other', at(9))
      expect(await store.records.extend([idOf(1)], 'other', at(9))).to.deep.equal([])
      expect(await store.records.addIdentity(idOf(1), 'other', ['zoho/A:9'])).to.equal(true)
      expect(await get(idOf(1))).to.deep.include({ lease, rev: 5, state: 'ok', identities: [] })
    })

    it('are noted on, keeping the lease', async () => {
      expect(await store.records.note('mine', [change(0, { state: 'waiting' }, ['missing'])])).to.equal(1)
      expect(await get(idOf(1))).to.deep.include({ lease, rev: 6, state: 'waiting' })
    })

    it('are postponed, which ends the lease and forgets the claim', async () => {
      await store.records.postpone([idOf(1)], 'mine', at(60_000))
      const after = await get(idOf(1))
      expect(after).to.deep.include({ dueAt: at(60_000), claims: 0 })
      expect(after).to.not.have.property('lease')
    })

    it('are kept for longer', async () => {
      await put(one(2, { lease: { nonce: 'other', until: UNTIL } }))
      expect(await store.records.extend([1, 2].map(idOf), 'mine', at(99_000))).to.deep.equal([idOf(1)])
      expect((await get(idOf(1))).lease?.until).to.deep.equal(at(99_000))
    })

    it('get an identity that nobody holds', async () => {
      expect(await store.records.addIdentity(idOf(1), 'mine', ['zoho/A:1', 'moodle/user:1'])).to.equal(true)
      expect(await get(idOf(1))).to.deep.include({ identities: ['zoho/A:1', 'moodle/user:1'], rev: 6 })
    })

    it('get no identity that another record of the tenant holds', async () => {
      await put(one(2, { identities: ['zoho/A:1'] }), one(3, { tenant: 'other', identities: ['zoho/A:3'] }))
      expect(await store.records.addIdentity(idOf(1), 'mine', ['zoho/A:1'])).to.equal(false)
      expect(await store.records.addIdentity(idOf(1), 'mine', ['zoho/A:3'])).to.equal(true)
    })
  })

  describe('that share an object', () => {
    const shared = { resource: 'moodle/enrollment', idField: 'key' }
    const holder = one(1, {
      identities: ['zoho/E:1', 'moodle/enrollment:5:7'],
      absorbedIdentities: ['moodle/enrollment:5:7', 'zoho/E:0'],
      fields: { key: '5:7' },
      pushed: { 'moodle/enrollment': { at: at(0), action: 'created' } },
      outbox: { 'moodle/enrollment': { content: 'c', attempt: 0 } },
      rev: 2,
    })

    it('give up its identity, and what was sent there', async () => {
      await put(holder)
      expect(await store.records.yieldShared(idOf(1), { rev: 1 }, shared)).to.equal(false)
      expect(await store.records.yieldShared(idOf(1), { rev: 2 }, shared)).to.equal(true)
      expect(await get(idOf(1))).to.deep.include({
        identities: ['zoho/E:1'],
        absorbedIdentities: ['zoho/E:0'],
        fields: { key: null },
        pushed: {},
        outbox: {},
        rev: 3,
      })
    })

    it('hand it over to one that has not sent itself', async () => {
      await put(one(1), { ...holder, _id: idOf(2) })
      expect(await store.records.handOver(idOf(1), 'moodle/enrollment', at(0))).to.equal(true)
      expect(await store.records.handOver(idOf(1), 'moodle/enrollment', at(0))).to.equal(false)
      expect(await store.records.handOver(idOf(2), 'moodle/enrollment', at(0))).to.equal(false)
      expect(await get(idOf(1))).to.deep.include({
        outbox: { 'moodle/enrollment': { content: 'shared', attempt: 0 } },
        state: 'due',
        dueAt: at(0),
      })
    })

    for (const state of ['deleted', 'merged'] as const)
      it(`never hand it to one that is ${state}`, async () => {
        await put(one(1, { state }))
        expect(await store.records.handOver(idOf(1), 'moodle/enrollment', at(0))).to.equal(false)
        expect((await get(idOf(1))).state).to.equal(state)
      })

    it('drop what leads to a survivor from records that were merged, and from no other', async () => {
      await put(
        one(1, { state: 'merged', identities: ['zoho/E:1', 'moodle/enrollment:5:7'] }),
        one(2, { identities: ['moodle/enrollment:5:8'] }),
      )
      await store.records.dropAbsorbed('al-noor', ['moodle/enrollment:5:7', 'moodle/enrollment:5:8'])
      expect((await get(idOf(1))).identities).to.deep.equal(['zoho/E:1'])
      expect((await get(idOf(2))).identities).to.deep.equal(['moodle/enrollment:5:8'])
    })
  })

  it('that refer to what appeared are due, those of this tenant only', async () => {
    await put(
      one(1, { refs: ['student|zohoId=1'], gate: 'g' }),
      one(2, { refs: ['student|zohoId=2'] }),
      one(3, { tenant: 'other', refs: ['student|zohoId=1'] }),
    )
    expect(await store.records.wake('al-noor', ['student|zohoId=1'], at(0))).to.equal(1)
    expect(await store.records.wake('al-noor', [], at(0))).to.equal(0)
    const woken = await get(idOf(1))
    expect(woken).to.deep.include({ dueAt: at(0), rev: 1 })
    expect(woken).to.not.have.property('gate')
    expect(await get(idOf(2))).to.not.have.property('dueAt')
  })

  it('that woke others are at rest, but for those that were claimed or written meanwhile', async () => {
    const woke = { woke: true, dueAt: at(0), state: 'due' } as const
    await put(...[1, 2, 3].map(number => one(number, { ...woke, rev: 4 })), one(4, { ...woke, rev: 5 }))
    await store.records.claim([idOf(2)], 'a nonce', at(0), UNTIL)
    const resting = { ids: [1, 2, 3, 4].map(idOf), rev: 4, state: 'gated', gate: 'al-noor|moodle' } as const
    await store.records.rest([resting])
    for (const number of [1, 3]) {
      const { state, gate, rev, ...rest } = await get(idOf(number))
      expect([state, gate, rev]).to.deep.equal(['gated', 'al-noor|moodle', 5])
      expect(rest).not.to.have.any.keys('woke', 'dueAt')
    }
    for (const number of [2, 4]) expect(await get(idOf(number))).to.include({ woke: true, state: 'due' })
  })

  describe('at a gate', () => {
    beforeEach(() =>
      put(
        one(3, { gate: 'al-noor|moodle', state: 'gated' }),
        one(1, { gate: 'al-noor|moodle', state: 'deleted' }),
        one(2, { gate: 'al-noor|moodle', state: 'conflict' }),
        one(4, { gate: 'al-noor|zoho', state: 'gated' }),
      ),
    )

    it('are counted, and their gates are known', async () => {
      expect(await store.records.countAtGate('al-noor|moodle', 100)).to.equal(3)
      expect(await store.records.countAtGate('al-noor|moodle', 2)).to.equal(2)
      expect(await store.records.gates()).to.have.members(['al-noor|moodle', 'al-noor|zoho'])
    })

    it('are let go oldest first', async () => {
      expect(await store.records.release('al-noor|moodle', 2, at(0))).to.deep.equal([idOf(1), idOf(2)])
      expect(await store.records.release('al-noor|moodle', 2, at(0))).to.deep.equal([idOf(3)])
      expect(await store.records.release('al-noor|moodle', 2, at(0))).to.deep.equal([])
    })

    it('stay what they were: a deleted record is not brought to life', async () => {
      await store.records.release('al-noor|moodle', 10, at(0))
      const after = await Promise.all([1, 2, 3].map(number => get(idOf(number))))
      expect(after.map(({ state }) => state)).to.deep.equal(['deleted', 'conflict', 'due'])
      for (const each of after) {
        expect(each).to.deep.include({ dueAt: at(0), rev: 1 })
        expect(each).to.not.have.property('gate')
      }
    })
  })
})
