import { expect } from 'chai'
import { keepLease } from '../../core/delivery/lease.ts'
import { createLog } from '../../core/log.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { until } from '../e2e/college.ts'
import { idOf, record } from '../store/documents.ts'
import { freshDatabase } from '../store.ts'

const log = createLog({ level: 'silent', readable: true })
const ids = [1, 2].map(idOf)

describe('a lease', () => {
  let store: Store
  const started = () => Date.now()

  beforeEach(async () => {
    store = await openStore({ uri: await freshDatabase() })
    const lease = { nonce: 'mine', until: new Date(started() + 60) }
    await store.records.insert([record(1, { lease }), record(2, { lease })])
  })
  afterEach(() => store.close())

  const keep = () =>
    keepLease({
      records: store.records,
      nonce: 'mine',
      ids,
      until: started() + 60,
      log,
      now: Date.now,
      ms: 60,
    })
  const untilOf = async (id: string) =>
    (await store.records.byIds('al-noor', [id]))[0]?.lease?.until.getTime() ?? 0
  const take = (id: string) =>
    store.db
      .collection<{ _id: string }>('records')
      .updateOne({ _id: id }, { $set: { 'lease.nonce': 'another' } })

  it('is renewed as long as it is needed', async () => {
    const before = await untilOf(idOf(1))
    const lease = keep()
    await until('a second renewal', async () => (await untilOf(idOf(1))) > before + 100)
    expect(lease.signalFor(ids).aborted).to.equal(false)
    lease.end()
  })

  it('that is lost gives up the calls for its record, and no others', async () => {
    const lease = keep()
    const [first, second] = ids.map(id => lease.signalFor([id])) as [AbortSignal, AbortSignal]
    await take(idOf(1))
    await until('the call is given up', () => first.aborted)
    expect(second.aborted).to.equal(false)
    expect(lease.signalFor([idOf(1)]).aborted).to.equal(true)
    lease.end()
  })

  it('is not lost by what was settled', async () => {
    const lease = keep()
    const signal = lease.signalFor([idOf(1)])
    lease.settled([idOf(1)])
    await take(idOf(1))
    const before = await untilOf(idOf(2))
    await until('a renewal', async () => (await untilOf(idOf(2))) > before)
    expect(signal.aborted).to.equal(false)
    lease.end()
  })

  it('is lost when the store could not be asked for as long as it lasts', async () => {
    const lease = keep()
    const signal = lease.signalFor(ids)
    await store.close()
    await until('the call is given up', () => signal.aborted)
    lease.end()
  })

  it('is lost when a process that stood still goes on after its end, before anything is sent', () => {
    let now = started()
    const until = now + 60_000
    const { records } = store
    const lease = keepLease({ records, nonce: 'mine', ids, until, log, now: () => now, ms: 60_000 })
    const signal = lease.signalFor([idOf(1)])
    now += 59_999
    lease.look()
    expect(signal.aborted).to.equal(false)
    now += 1
    lease.look()
    expect(signal.aborted).to.equal(true)
    expect(lease.end()).to.deep.equal([])
  })
})
