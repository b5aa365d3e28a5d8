import { expect } from 'chai'
import { openStore, type Store } from '../../core/store/connect.ts'
import type { GateDocument } from '../../core/store/documents.ts'
import { freshDatabase } from '../store.ts'
import { gate, NOW, refusesNoTenant } from './documents.ts'

const at = (ms: number) => new Date(NOW + ms)

describe('gates in the store', () => {
  let store: Store
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())
  beforeEach(() => store.db.collection('gates').deleteMany({}))

  const id = gate()._id
  const get = async (): Promise<GateDocument | undefined> => (await store.gates.all())[0]
  const closed = (changes: Partial<GateDocument> = {}) => store.gates.close(gate(changes), null)

  refusesNoTenant({
    close: () => store.gates.close(gate({ tenant: '' }), null),
    pause: () => store.gates.pause(gate({ tenant: '' })),
  })

  it('are closed by the first who finds the remote shut', async () => {
    expect(await closed()).to.equal(true)
    expect(await closed({ code: 'OTHER' })).to.equal(false)
    expect(await get()).to.deep.equal(gate())
  })

  it('stay closed for longer by compare-and-set on the rounds', async () => {
    await closed()
    await store.gates.opening(id, 3, at(1))
    expect(await store.gates.close(gate({ rounds: 1, openAt: at(9000) }), 0)).to.equal(true)
    expect(await store.gates.close(gate({ rounds: 1 }), 0)).to.equal(false)
    expect(await get()).to.deep.equal(gate({ rounds: 1, openAt: at(9000) }))
  })

  it('are probed, or let records go, by one engine', async () => {
    await closed()
    const taken = await Promise.all([
      store.gates.takeTurn(gate(), at(60_000)),
      store.gates.takeTurn(gate(), at(61_000)),
    ])
    expect(taken.filter(Boolean)).to.have.length(1)
  })

  it('open, and are removed', async () => {
    await closed()
    await store.gates.opening(id, 5, at(1))
    expect(await get()).to.deep.include({ opening: 5, openAt: at(1) })
    await store.gates.remove(id)
    expect(await store.gates.all()).to.deep.equal([])
  })

  it('are tried at once where they are closed', async () => {
    expect(await store.gates.tryNow(id, at(0))).to.equal(false)
    await closed()
    expect(await store.gates.tryNow(id, at(0))).to.equal(true)
    expect((await get())?.openAt).to.deep.equal(at(0))
  })

  describe('that a person paused', () => {
    const paused = gate({ reason: 'paused', code: 'PAUSED' })
    beforeEach(() => store.gates.pause(paused))

    it('are changed by no failure, no answer and no trial', async () => {
      expect(await store.gates.close(gate({ rounds: 1 }), 0)).to.equal(false)
      expect(await closed()).to.equal(false)
      await store.gates.opening(id, 5, at(1))
      await store.gates.remove(id)
      expect(await store.gates.tryNow(id, at(0))).to.equal(false)
      expect(await get()).to.deep.equal(paused)
    })

    it('open when they are resumed, once', async () => {
      expect(await store.gates.resume(id, 2, at(5))).to.equal(true)
      expect(await store.gates.resume(id, 2, at(5))).to.equal(false)
      expect(await get()).to.deep.include({ reason: 'busy', code: 'RESUMED', opening: 2, openAt: at(5) })
    })

    it('take the place of one that was closed already', async () => {
      await store.db.collection('gates').deleteMany({})
      await closed({ opening: 4 })
      await store.gates.pause(paused)
      expect(await get()).to.deep.equal(paused)
    })
  })
})
