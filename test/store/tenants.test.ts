import { expect } from 'chai'
import { openStore, type Store } from '../../core/store/connect.ts'
import type { EndpointDocument, KeyDocument, TenantDocument } from '../../core/store/documents.ts'
import { freshDatabase } from '../store.ts'
import { NOW, refusesNoTenant } from './documents.ts'

const tenant = (id: string, changes: Partial<TenantDocument> = {}): TenantDocument => ({
  _id: id,
  name: 'Al Noor',
  timezone: 'Asia/Amman',
  language: 'ar',
  endpoints: [],
  connections: {},
  modules: {},
  createdAt: new Date(NOW),
  ...changes,
})
const endpoint = (id: string, connector = 'zoho'): EndpointDocument => ({
  id,
  connector,
  verifier: 'standard-webhooks',
  secrets: ['sealed'],
})
const key = (id: string, changes: Partial<KeyDocument> = {}): KeyDocument => ({
  _id: id,
  tenant: 'al-noor',
  scopes: ['read'],
  hash: 'h',
  createdAt: new Date(NOW),
  ...changes,
})

describe('tenants in the store', () => {
  let store: Store
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())
  beforeEach(async () => {
    await store.db.collection('tenants').deleteMany({})
    await store.db.collection('keys').deleteMany({})
  })

  refusesNoTenant({
    one: () => store.tenants.one(''),
    create: () => store.tenants.create(tenant('')),
    change: () => store.tenants.change('', { name: 'x' }),
    addEndpoints: () => store.tenants.addEndpoints('', 'zoho', [endpoint('e')]),
    keysOf: () => store.tenants.keysOf(''),
    addKey: () => store.tenants.addKey(key('k', { tenant: '' })),
    removeKey: () => store.tenants.removeKey('', 'k'),
    expireKey: () => store.tenants.expireKey('', 'k', new Date(NOW)),
    changeModule: () => store.tenants.changeModule('', 'grade', { enabled: false }),
    rotateSecret: () =>
      store.tenants.rotateSecret('', 'e', 'a', { secrets: ['b', 'a'], oldUntil: new Date(NOW) }),
    spend: () => store.nonces.spend('', 'e', 'n', new Date(NOW)),
  })

  it('are made once, and read as they were made', async () => {
    const made = tenant('al-noor', {
      connections: { zoho: 'sealed' },
      modules: { payment: { enabled: false } },
      endpoints: [endpoint('e1')],
    })
    expect(await store.tenants.create(made)).to.equal(true)
    expect(await store.tenants.create(tenant('al-noor', { name: 'Else' }))).to.equal(false)
    expect(await store.tenants.one('al-noor')).to.deep.include(made)
    expect(await store.tenants.one('nobody')).to.equal(null)
    expect(await store.tenants.all()).to.have.length(1)
  })

  it('are changed where they are, and nobody else is', async () => {
    await store.tenants.create(tenant('al-noor'))
    await store.tenants.create(tenant('other'))
    expect(
      await store.tenants.change('al-noor', { name: 'New', modules: { grade: { enabled: true } } }),
    ).to.equal(true)
    expect(await store.tenants.change('nobody', { name: 'x' })).to.equal(false)
    expect(await store.tenants.one('al-noor')).to.deep.include({
      name: 'New',
      modules: { grade: { enabled: true } },
    })
    expect((await store.tenants.one('other'))?.name).to.equal('Al Noor')
  })

  it('get the endpoints of a connector once', async () => {
    await store.tenants.create(tenant('al-noor'))
    await Promise.all([
      store.tenants.addEndpoints('al-noor', 'zoho', [endpoint('a')]),
      store.tenants.addEndpoints('al-noor', 'zoho', [endpoint('b')]),
    ])
    await store.tenants.addEndpoints('al-noor', 'moodle', [endpoint('m', 'moodle')])
    await store.tenants.addEndpoints('al-noor', 'other', [])
    const found = (await store.tenants.one('al-noor'))?.endpoints ?? []
    expect(found.map(({ connector }) => connector)).to.deep.equal(['zoho', 'moodle'])
  })

  it('rotate a secret of one endpoint, where it is still the one that was read', async () => {
    await store.tenants.create(tenant('al-noor', { endpoints: [endpoint('a'), endpoint('b')] }))
    const next = { secrets: ['new', 'sealed'], oldUntil: new Date(NOW) }
    const both = await Promise.all([
      store.tenants.rotateSecret('al-noor', 'b', 'sealed', next),
      store.tenants.rotateSecret('al-noor', 'b', 'sealed', next),
    ])
    expect(both.filter(Boolean)).to.have.length(1)
    const [first, second] = (await store.tenants.one('al-noor'))?.endpoints ?? []
    expect(first?.secrets).to.deep.equal(['sealed'])
    expect(second).to.deep.include(next)
  })

  it('have keys that end earlier, never later', async () => {
    await store.tenants.addKey(key('k1', { expiresAt: new Date(NOW) }))
    expect(await store.tenants.expireKey('al-noor', 'k1', new Date(NOW + 1000))).to.equal(true)
    expect((await store.tenants.key('k1'))?.expiresAt).to.deep.equal(new Date(NOW))
    expect(await store.tenants.expireKey('al-noor', 'k1', new Date(NOW - 1000))).to.equal(true)
    expect((await store.tenants.key('k1'))?.expiresAt).to.deep.equal(new Date(NOW - 1000))
    expect(await store.tenants.expireKey('other', 'k1', new Date(NOW))).to.equal(false)
  })

  it('have keys of their own', async () => {
    await store.tenants.addKey(key('k1'))
    await store.tenants.addKey(key('k2', { tenant: 'other' }))
    expect((await store.tenants.keysOf('al-noor')).map(({ _id }) => _id)).to.deep.equal(['k1'])
    expect(await store.tenants.key('k2')).to.deep.include({ tenant: 'other', scopes: ['read'] })
    expect(await store.tenants.key('k3')).to.equal(null)
    expect(await store.tenants.removeKey('al-noor', 'k2')).to.equal(false)
    expect(await store.tenants.removeKey('other', 'k2')).to.equal(true)
    expect(await store.tenants.key('k2')).to.equal(null)
  })
})

describe('the vault in the store', () => {
  let store: Store
  before(async () => {
    store = await openStore({ uri: await freshDatabase() })
  })
  after(() => store.close())

  refusesNoTenant({
    read: () => store.vault.read('', 'token'),
    write: () => store.vault.write('', 'token', 'x', 0),
  })

  it('is written by compare-and-set on the version', async () => {
    const write = (sealed: string, version: number) => store.vault.write('al-noor', 'token', sealed, version)
    expect(await store.vault.read('al-noor', 'token')).to.equal(null)
    expect(await write('early', 3)).to.equal(false)
    expect(await write('a', 0)).to.equal(true)
    expect(await write('b', 0)).to.equal(false)
    expect(await write('b', 1)).to.equal(true)
    expect(await write('c', 1)).to.equal(false)
    expect(await store.vault.read('al-noor', 'token')).to.include({ sealed: 'b', version: 2 })
    expect(await store.vault.read('other', 'token')).to.equal(null)
  })

  it('is written by one of two who read the same', async () => {
    const written = await Promise.all([
      store.vault.write('al-noor', 'other', 'a', 0),
      store.vault.write('al-noor', 'other', 'b', 0),
    ])
    expect(written.filter(Boolean)).to.have.length(1)
  })
})
