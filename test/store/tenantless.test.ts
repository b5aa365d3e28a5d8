import { expect } from 'chai'
import type { MongoClient } from 'mongodb'
import { StoreError } from '../../core/errors.ts'
import { openStore, type Store } from '../../core/store/connect.ts'
import { freshDatabase } from '../store.ts'
import { delivery, gate, NOW, record } from './documents.ts'

const at = new Date(NOW)
type Call = (store: Store, tenant: string) => unknown

/** Every operation that is asked in the name of a tenant. */
const OF_A_TENANT: Readonly<Record<string, Call>> = {
  'deliveries.insert': ({ deliveries }, tenant) => deliveries.insert([delivery(1, { tenant })]),
  'deliveries.byKeys': ({ deliveries }, tenant) => deliveries.byKeys(tenant, ['a']),
  'deliveries.byIds': ({ deliveries }, tenant) => deliveries.byIds(tenant, ['a']),
  'deliveries.bySenderIds': ({ deliveries }, tenant) => deliveries.bySenderIds(tenant, ['a']),
  'deliveries.reopen': ({ deliveries }, tenant) => deliveries.reopen(tenant, 'a', [], at),
  'records.byIds': ({ records }, tenant) => records.byIds(tenant, ['a']),
  'records.byIdentities': ({ records }, tenant) => records.byIdentities(tenant, ['a']),
  'records.byKeys': ({ records }, tenant) => records.byKeys(tenant, ['a']),
  'records.insert': ({ records }, tenant) => records.insert([record(1, { tenant })]),
  'records.dropAbsorbed': ({ records }, tenant) => records.dropAbsorbed(tenant, ['a']),
  'records.wake': ({ records }, tenant) => records.wake(tenant, ['a'], at),
  'gates.of': ({ gates }, tenant) => gates.of(tenant),
  'gates.close': ({ gates }, tenant) => gates.close(gate({ tenant }), null),
  'gates.pause': ({ gates }, tenant) => gates.pause(gate({ tenant })),
  'tenants.one': ({ tenants }, tenant) => tenants.one(tenant),
  'tenants.create': ({ tenants }, tenant) =>
    tenants.create({
      _id: tenant,
      name: 'x',
      timezone: 'UTC',
      language: 'en',
      endpoints: [],
      connections: {},
      modules: {},
      createdAt: at,
    }),
  'tenants.change': ({ tenants }, tenant) => tenants.change(tenant, { name: 'x' }),
  'tenants.addEndpoints': ({ tenants }, tenant) => tenants.addEndpoints(tenant, 'zoho', [endpoint]),
  'tenants.addEndpoint': ({ tenants }, tenant) => tenants.addEndpoint(tenant, endpoint, 5),
  'tenants.removeEndpoint': ({ tenants }, tenant) => tenants.removeEndpoint(tenant, 'ep'),
  'tenants.rotateSecret': ({ tenants }, tenant) =>
    tenants.rotateSecret(tenant, 'ep', 'a', { secrets: ['b'], oldUntil: at }),
  'tenants.changeModule': ({ tenants }, tenant) => tenants.changeModule(tenant, 'student', { enabled: true }),
  'tenants.keysOf': ({ tenants }, tenant) => tenants.keysOf(tenant),
  'tenants.addKey': ({ tenants }, tenant) =>
    tenants.addKey({ _id: 'k', tenant, scopes: ['read'], hash: 'h', createdAt: at }),
  'tenants.expireKey': ({ tenants }, tenant) => tenants.expireKey(tenant, 'k', at),
  'tenants.removeKey': ({ tenants }, tenant) => tenants.removeKey(tenant, 'k'),
  'vault.read': ({ vault }, tenant) => vault.read(tenant, 'a'),
  'vault.write': ({ vault }, tenant) => vault.write(tenant, 'a', 'sealed', 0),
  'nonces.spend': ({ nonces }, tenant) => nonces.spend(tenant, 'ep', 'n', at),
  'scales.ran': ({ scales }, tenant) => scales.ran(tenant),
  'scales.keep': ({ scales }, tenant) => scales.keep(tenant, []),
  'history.page': ({ history }, tenant) => history.page(tenant, { modules: [] }, undefined, 1),
  'history.invalid': ({ history }, tenant) => history.invalid(tenant, '', 1),
  'history.skipped': ({ history }, tenant) => history.skipped(tenant, ['a'], 1),
  'history.window': ({ history }, tenant) => history.window(tenant, at, at, undefined, 1),
  'history.change': ({ history }, tenant) => history.change({ _id: 'a', tenant, events: [] }, []),
  'history.samples': ({ history }, tenant) => history.samples(tenant, 'student', 1),
  'history.countInvalid': ({ history }, tenant) => history.countInvalid(tenant, 1),
  'history.oldestDue': ({ history }, tenant) => history.oldestDue(tenant, at),
  'history.isKept': ({ history }, tenant) => history.isKept(tenant, 'a'),
  'lookup.inState': ({ lookup }, tenant) => lookup.inState(tenant, 'student', 'ok', '', 1),
  'lookup.named': ({ lookup }, tenant) => lookup.named(tenant, { identities: ['a'], keys: ['b'] }, 1),
  'lookup.beginning': ({ lookup }, tenant) => lookup.beginning(tenant, 'a', 1),
  'lookup.count': ({ lookup }, tenant) => lookup.count(tenant, 'student', 'ok', 1),
  'lookup.oldestDue': ({ lookup }, tenant) => lookup.oldestDue(tenant, at),
  'lookup.retry': ({ lookup }, tenant) => lookup.retry(tenant, ['a'], ['dead'], at),
  'lookup.discard': ({ lookup }, tenant) => lookup.discard(tenant, ['a'], at),
  'audit.last': ({ audit }, tenant) => audit.last(tenant),
  'audit.add': ({ audit }, tenant) =>
    audit.add({
      _id: 'a',
      tenant,
      number: 1,
      at,
      by: 'b',
      action: 'c',
      target: 'd',
      details: {},
      before: '',
      seal: 's',
    }),
  'audit.page': ({ audit }, tenant) => audit.page(tenant, 0, 1),
  'audit.of': ({ audit }, tenant) => audit.of(tenant, 'a', 1),
  'bulk.add': ({ bulk }, tenant) => bulk.add({ ...job, tenant }),
  'bulk.one': ({ bulk }, tenant) => bulk.one(tenant, 'a'),
  'bulk.page': ({ bulk }, tenant) => bulk.page(tenant, 1),
  'bulk.progress': ({ bulk }, tenant) =>
    bulk.progress({ _id: 'a', tenant, nonce: 'n' }, { done: 1, refused: 0, after: 'x', seenAt: at }),
  'bulk.release': ({ bulk }, tenant) => bulk.release({ _id: 'a', tenant, nonce: 'n' }),
  'bulk.end': ({ bulk }, tenant) =>
    bulk.end({ _id: 'a', tenant, nonce: 'n' }, { state: 'done', done: 1, refused: 0, endedAt: at }),
  'bulk.cancel': ({ bulk }, tenant) => bulk.cancel(tenant, 'a', new Date()),
  'mappings.newest': ({ mappings }, tenant) => mappings.newest(tenant),
  'mappings.versions': ({ mappings }, tenant) => mappings.versions(tenant, 'student', 1),
  'mappings.one': ({ mappings }, tenant) => mappings.one(tenant, 'student', 1),
  'mappings.add': ({ mappings }, tenant) =>
    mappings.add({ tenant, module: 'student', version: 2, mapping: {}, by: 'b', reason: 'r', at }),
  'syncs.add': ({ syncs }, tenant) =>
    syncs.add({
      tenant,
      module: 'student',
      by: 'b',
      status: 'running',
      resources: [],
      place: 0,
      recordsProcessed: 0,
      read: 0,
      pages: 0,
      attempt: 0,
      startedAt: at,
      expireAt: at,
    }),
  'syncs.one': ({ syncs }, tenant) => syncs.one(tenant, 'a'),
  'syncs.newest': ({ syncs }, tenant) => syncs.newest(tenant, 'student', ['running']),
  'syncs.page': ({ syncs }, tenant) => syncs.page(tenant, {}, undefined, 1),
  'syncs.progress': ({ syncs }, tenant) => syncs.progress({ _id: 'a', tenant, nonce: 'n' }, { place: 1 }),
  'syncs.cancel': ({ syncs }, tenant) => syncs.cancel(tenant, 'a', at),
}

const endpoint = { id: 'ep', connector: 'zoho', verifier: 'zoho-signature', secrets: ['sealed'] }
const job = {
  what: 'retries.retry',
  order: {},
  by: 'b',
  state: 'running' as const,
  done: 0,
  refused: 0,
  tries: 0,
  startedAt: at,
  seenAt: at,
  expireAt: at,
}

/** The engine's own work over all tenants, and what is found by an id that holds the tenant, a lease or a hash. */
const OF_ALL: ReadonlySet<string> = new Set([
  ...['deliveries.mark', 'deliveries.take', 'deliveries.excuse', 'deliveries.forgetPayloads'],
  ...[
    'records.update',
    'records.due',
    'records.claim',
    'records.note',
    'records.settle',
    'records.addIdentity',
  ],
  ...['records.postpone', 'records.extend', 'records.yieldShared', 'records.handOver', 'records.rest'],
  ...['records.release', 'records.gates', 'records.countAtGate'],
  ...['gates.all', 'gates.takeTurn', 'gates.opening', 'gates.remove', 'gates.resume', 'gates.tryNow'],
  ...[
    'tenants.all',
    'tenants.key',
    'alerts.claim',
    'alerts.note',
    'bulk.claim',
    'syncs.take',
    'syncs.nextDue',
  ],
  ...['clock.now', 'clock.ahead', 'clock.stop'],
])

describe('the store without a tenant', () => {
  let store: Store
  const commands: string[] = []

  before(async () => {
    store = await openStore({ uri: await freshDatabase(), monitorCommands: true })
    const client = store.db.client as unknown as MongoClient
    client.on('commandStarted', ({ commandName }) => commands.push(commandName))
  })

  after(() => store.close())

  it('T08: refuses every operation that is asked in the name of a tenant, before any command', async () => {
    const wrong: string[] = []
    for (const [name, call] of Object.entries(OF_A_TENANT))
      for (const none of [undefined, null, '', {}, ['a'], { $gt: '' }]) {
        commands.length = 0
        const error = await (async () => call(store, none as string))().then(
          () => undefined,
          (cause: unknown) => cause,
        )
        const refused = error instanceof StoreError && error.code === 'STORE_TENANT'
        if (!refused || commands.length > 0)
          wrong.push(`${name}(${JSON.stringify(none)}): ${error} ${commands}`)
      }
    expect(wrong).to.deep.equal([])
  })

  it('T08: has no operation that is not judged here', () => {
    const all = Object.entries(store).flatMap(([part, operations]) =>
      typeof operations !== 'object' || part === 'db'
        ? []
        : Object.keys(operations).map(operation => `${part}.${operation}`),
    )
    expect(all.filter(name => !(name in OF_A_TENANT) && !OF_ALL.has(name))).to.deep.equal([])
    expect(Object.keys(OF_A_TENANT).filter(name => !all.includes(name))).to.deep.equal([])
  })
})
