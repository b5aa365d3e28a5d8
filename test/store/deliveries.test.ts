import { expect } from 'chai'
import { openStore, type Store } from '../../core/store/connect.ts'
import type { DeliveryDocument } from '../../core/store/documents.ts'
import { freshDatabase } from '../store.ts'
import { delivery, event, idOf, NOW, refusesNoTenant } from './documents.ts'

const at = (ms: number) => new Date(NOW + ms)
const UNTIL = at(60_000)

describe('deliveries in the store', () => {
  let store: Store
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())
  beforeEach(() => store.db.collection('deliveries').deleteMany({}))

  const put = async (...documents: readonly DeliveryDocument[]) => {
    expect([...(await store.deliveries.insert(documents))]).to.deep.equal([])
  }
  const get = async (number: number): Promise<DeliveryDocument> => {
    const found = await store.db.collection<DeliveryDocument>('deliveries').findOne({ _id: idOf(number) })
    if (found === null) throw new Error(`no delivery ${number}`)
    return found
  }
  const ids = (found: readonly DeliveryDocument[]) => found.map(({ _id }) => Number.parseInt(_id, 16))
  const closed = (number: number, changes: Partial<DeliveryDocument> = {}): DeliveryDocument => {
    const { dueAt: _dueAt, ...rest } = delivery(number, changes)
    return rest
  }

  refusesNoTenant({
    insert: () => store.deliveries.insert([delivery(1, { tenant: '' })]),
    byKeys: () => store.deliveries.byKeys('', ['a']),
    byIds: () => store.deliveries.byIds('', ['a']),
    bySenderIds: () => store.deliveries.bySenderIds('', ['a']),
    reopen: () => store.deliveries.reopen('', 'a', [], at(0)),
  })

  it('are inserted together; a key that was there is told by its place, of the same tenant only', async () => {
    await put(delivery(1, { key: 'a' }))
    const repeated = await store.deliveries.insert([
      delivery(2, { key: 'b' }),
      delivery(3, { key: 'a' }),
      delivery(4, { key: 'a', tenant: 'other' }),
      delivery(5, { key: 'b' }),
    ])
    expect([...repeated]).to.deep.equal([1, 3])
    expect(ids(await store.deliveries.byIds('al-noor', [1, 2, 3, 5].map(idOf)))).to.have.members([1, 2])
    expect([...(await store.deliveries.insert([]))]).to.deep.equal([])
  })

  it('are found by key, id and the sender’s id, of their own tenant, without their bytes', async () => {
    await put(
      delivery(1, { key: 'a', senderId: 's', receivedAt: at(0) }),
      delivery(2, { key: 'b', senderId: 's', receivedAt: at(5) }),
      delivery(3, { key: 'c' }),
      delivery(4, { key: 'a', senderId: 's', tenant: 'other' }),
    )
    const byKeys = await store.deliveries.byKeys('al-noor', ['a', 'c'])
    expect(ids(byKeys)).to.have.members([1, 3])
    for (const each of byKeys) expect(each).to.not.have.property('raw')
    expect(ids(await store.deliveries.byIds('al-noor', [idOf(1), idOf(4)]))).to.deep.equal([1])
    expect(ids(await store.deliveries.bySenderIds('al-noor', ['s']))).to.deep.equal([2, 1])
    expect(await store.deliveries.byKeys('al-noor', [])).to.deep.equal([])
    expect(await store.deliveries.byIds('al-noor', [])).to.deep.equal([])
    expect(await store.deliveries.bySenderIds('al-noor', [])).to.deep.equal([])
  })

  describe('that are due', () => {
    it('are taken oldest first, with their bytes, and put off', async () => {
      await put(
        delivery(1, { dueAt: at(-1) }),
        delivery(2, { dueAt: at(-2) }),
        delivery(3, { dueAt: at(1) }),
        closed(4),
      )
      const taken = await store.deliveries.take(at(0), UNTIL, 10)
      expect(ids(taken)).to.deep.equal([2, 1])
      expect(Buffer.from(taken[0]?.raw ?? []).toString()).to.equal('{}')
      expect(await get(1)).to.deep.include({ tries: 1, dueAt: UNTIL })
      expect(await store.deliveries.take(at(0), UNTIL, 10)).to.deep.equal([])
    })

    it('are taken no more than asked for', async () => {
      await put(delivery(1, { dueAt: at(-1) }), delivery(2, { dueAt: at(-2) }))
      expect(ids(await store.deliveries.take(at(0), UNTIL, 1))).to.deep.equal([2])
      expect((await get(1)).tries).to.equal(0)
    })

    it('are taken alone, after the others, where they were begun before', async () => {
      await put(
        delivery(1, { dueAt: at(-9), tries: 2 }),
        delivery(2, { dueAt: at(-8), tries: 1 }),
        delivery(3, { dueAt: at(-7) }),
      )
      const rounds = []
      for (let round = 0; round < 4; round++) rounds.push(ids(await store.deliveries.take(at(0), UNTIL, 10)))
      expect(rounds).to.deep.equal([[3], [1], [2], []])
      expect((await get(1)).tries).to.equal(3)
    })

    it('that was begun before is taken by one of those who look at the same moment', async () => {
      await put(delivery(1, { dueAt: at(-9), tries: 1 }))
      const looks = Array.from({ length: 4 }, () => store.deliveries.take(at(0), UNTIL, 10))
      expect((await Promise.all(looks)).flatMap(ids)).to.deep.equal([1])
      expect((await get(1)).tries).to.equal(2)
    })
  })

  describe('that are marked', () => {
    const done = [event({ outcome: 'NEW', record: 'r' })]
    const mark = (turn: number, dueAt?: Date) => ({
      id: idOf(1),
      turn,
      events: done,
      tries: 0,
      ...(dueAt === undefined ? {} : { dueAt }),
    })

    it('end with their outcomes', async () => {
      await put(delivery(1, { tries: 1 }))
      await store.deliveries.mark([mark(0)])
      const after = await get(1)
      expect(after).to.deep.include({ events: done, tries: 0 })
      expect(after).to.not.have.property('dueAt')
    })

    it('stay due where an event is open', async () => {
      await put(delivery(1))
      await store.deliveries.mark([mark(0, UNTIL)])
      expect(await get(1)).to.deep.include({ events: done, dueAt: UNTIL })
    })

    it('keep their first outcome', async () => {
      await put(closed(1, { events: [event({ outcome: 'UPDATED' })] }))
      await store.deliveries.mark([mark(0)])
      expect((await get(1)).events[0]?.outcome).to.equal('UPDATED')
    })

    it('keep it to themselves that they were opened again meanwhile', async () => {
      await put(closed(1))
      expect(await store.deliveries.reopen('al-noor', idOf(1), [event()], at(0))).to.equal(true)
      await store.deliveries.mark([mark(0)])
      const after = await get(1)
      expect(after).to.deep.include({ turn: 1, dueAt: at(0) })
      expect(after.events[0]).to.not.have.property('outcome')
      await store.deliveries.mark([mark(1)])
      expect((await get(1)).events[0]?.outcome).to.equal('NEW')
    })

    it('each by itself', async () => {
      await put(delivery(1), delivery(2))
      await store.deliveries.mark([mark(7), { ...mark(0), id: idOf(2) }])
      expect(await get(1)).to.have.property('dueAt')
      expect(await get(2)).to.not.have.property('dueAt')
      await store.deliveries.mark([])
    })
  })

  it('are opened again only where they ended, and by their own tenant', async () => {
    await put(delivery(1), closed(2, { tries: 3 }))
    expect(await store.deliveries.reopen('al-noor', idOf(1), [], at(0))).to.equal(false)
    expect(await store.deliveries.reopen('other', idOf(2), [], at(0))).to.equal(false)
    expect(await store.deliveries.reopen('al-noor', idOf(2), [event()], at(5))).to.equal(true)
    expect(await get(2)).to.deep.include({ tries: 0, turn: 1, dueAt: at(5) })
  })

  it('lose the bytes of what came in a span of time and has ended, and nothing else', async () => {
    const second = (seconds: number) => `${seconds.toString(16).padStart(8, '0')}${'0'.repeat(15)}1`
    const from = Math.floor(NOW / 1000)
    const ended = (seconds: number) => ({ ...closed(seconds), _id: second(from + seconds) })
    await put(ended(-1), ended(0), ended(9), ended(10), { ...delivery(5), _id: second(from + 5) })
    await store.deliveries.forgetPayloads(at(0), at(10_000))
    const left = await store.db
      .collection('deliveries')
      .find({ raw: { $exists: true } })
      .toArray()
    expect(left.map(each => String(each._id))).to.have.members([
      second(from - 1),
      second(from + 10),
      second(from + 5),
    ])
    const forgotten = await store.deliveries.byIds('al-noor', [second(from)])
    expect(forgotten[0]?.events).to.have.length(1)
  })
})
