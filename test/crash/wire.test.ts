import { expect } from 'chai'
import { openStore, type Store } from '../../core/store/connect.ts'
import { freshDatabase } from '../store.ts'
import { type Command, startWireProxy, type WireProxy } from './wire.ts'

describe('the proxy for the wire of the store', () => {
  let proxy: WireProxy
  let direct: Store
  let store: Store

  before(async () => {
    const uri = await freshDatabase()
    proxy = await startWireProxy(uri)
    direct = await openStore({ uri })
    store = await openStore({ uri: proxy.uri, poolSize: 4 })
  })

  after(async () => {
    await store.close()
    await direct.close()
    await proxy.close()
  })

  afterEach(() => {
    proxy.treat(() => 'pass')
    proxy.onDropped = () => undefined
  })

  const things = () => store.db.collection<{ _id: string }>('things')
  const stored = (id: string) => direct.db.collection<{ _id: string }>('things').countDocuments({ _id: id })
  const inserts = ({ name, collection }: Command) => name === 'insert' && collection === 'things'
  const failure = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      error => (error as Error).name,
    )

  it('lets pass, and tells commands with their documents', async () => {
    const commands: Command[] = []
    proxy.treat(command => void commands.push(command))
    await things().insertMany([{ _id: 'a' }, { _id: 'b' }])
    await things().updateOne({ _id: 'a' }, { $set: { seen: true } } as object)
    expect(commands.map(({ name, collection }) => `${name} ${collection}`)).to.deep.equal([
      'insert things',
      'update things',
    ])
    expect(commands[0]?.body['documents']).to.deep.equal([{ _id: 'a' }, { _id: 'b' }])
    expect(commands[1]?.body['updates']).to.deep.equal([{ q: { _id: 'a' }, u: { $set: { seen: true } } }])
    expect(await stored('a')).to.equal(1)
  })

  it('drops an answer: the command took effect, the sender hears of a broken connection', async () => {
    const dropped: string[] = []
    proxy.treat(command => (inserts(command) ? 'drop' : 'pass'))
    proxy.onDropped = ({ name }) => void dropped.push(name)
    expect(await failure(things().insertOne({ _id: 'dropped' }))).to.equal('MongoNetworkError')
    expect([await stored('dropped'), dropped.length]).to.deep.equal([1, 1])
    proxy.treat(() => 'pass')
    await things().insertOne({ _id: 'after' })
    expect(await stored('after')).to.equal(1)
  })

  it('cuts a command off before the store hears it', async () => {
    proxy.treat(command => (inserts(command) ? 'cut' : 'pass'))
    expect(await failure(things().insertOne({ _id: 'cut' }))).to.equal('MongoNetworkError')
    expect(await stored('cut')).to.equal(0)
  })

  it('delays one answer and not the others', async () => {
    const order: string[] = []
    proxy.treat(command => (inserts(command) ? { delayMs: 300 } : 'pass'))
    await Promise.all([
      things()
        .insertOne({ _id: 'slow' })
        .then(() => order.push('slow')),
      store.ping().then(() => order.push('ping')),
    ])
    expect(order).to.deep.equal(['ping', 'slow'])
  })

  it('cuts everything, and the store is found again', async () => {
    proxy.cutAll()
    await failure(store.ping())
    await store.ping()
    expect(proxy.seen).to.be.greaterThan(0)
  })
})
