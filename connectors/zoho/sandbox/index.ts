/**
 * A Zoho CRM to try things on: its API of version 8 as far as we use it, byte for byte where we know it, with the
 * nine BTEC modules, persistent records, a log of every call and faults that can be switched on.
 */
import type { AddressInfo } from 'node:net'
import type { Payload } from '../../../core/plugin.ts'
import type { ZohoField } from '../btec.ts'
import type { ZohoSettings } from '../settings.ts'
import { type Announcement, createAnnouncer, type NotifyTarget } from './announce.ts'
import { Refused, refuse } from './answers.ts'
import { createFaults, type FaultSwitch } from './faults.ts'
import { layoutOf } from './layout.ts'
import type { LoggedCall } from './log.ts'
import { type Credentials, createOAuth } from './oauth.ts'
import { createZohoServer } from './server.ts'
import { createStore } from './store.ts'
import { createWorld } from './world.ts'

export type { Announcement, NotifyTarget } from './announce.ts'
export type { FaultSwitch, Faults } from './faults.ts'
export type { LoggedCall } from './log.ts'

export interface ZohoSandboxOptions {
  /** Default 0: any that is free. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Where records and tokens are kept between runs; in memory only where absent. */
  readonly folder?: string
  /** Records by module, put in where the sandbox has none yet; an `id` given here is kept. */
  readonly college?: Readonly<Record<string, readonly Payload[]>>
  /** Further fields of a module, or further modules. */
  readonly fields?: Readonly<Record<string, Readonly<Record<string, ZohoField>>>>
  readonly credentials?: Credentials
  /** A value that a picklist does not have: `refuse` (default) or `store`. */
  readonly unknownPicklist?: 'refuse' | 'store'
  /** Calls at once before a 429. Default 20, as in the Enterprise edition. */
  readonly concurrency?: number
  /** Minutes by which the organisation's clock is ahead of UTC. Default 180. */
  readonly offsetMinutes?: number
  readonly now?: () => number
}

/** What a registrar does in the CRM's pages: workflows run and channels are told. Each raises what Zoho refuses. */
export interface Person {
  create(module: string, fields: Payload): string
  update(module: string, id: string, fields: Payload): void
  remove(module: string, id: string): void
}

export interface ZohoSandbox {
  /** Base address of everything: accounts server, API, and `/sandbox`. */
  readonly url: string
  /** What `connect` needs in order to reach it. */
  readonly settings: ZohoSettings
  readonly person: Person
  /** Changes go there from now on; null: nowhere. */
  notify(target: NotifyTarget | null): void
  /** Resolves when every announcement so far was answered or given up. */
  announced(): Promise<void>
  /** The last thousand announcements, oldest first. */
  readonly announcements: readonly Announcement[]
  readonly faults: FaultSwitch
  /** The last two thousand calls, oldest first, the token endpoint among them. */
  readonly log: readonly LoggedCall[]
  records(module: string): Payload[]
  record(module: string, id: string): Payload | undefined
  close(): Promise<void>
}

const HOUR_MS = 3_600_000

export const demoCredentials: Credentials = {
  clientId: '1000.SANDBOX',
  clientSecret: 'sandbox-client-secret',
  refreshToken: '1000.sandbox.refresh',
}

export const startZohoSandbox = async (options: ZohoSandboxOptions = {}): Promise<ZohoSandbox> => {
  const now = options.now ?? Date.now
  const { folder } = options
  const credentials = options.credentials ?? demoCredentials
  // A college that is put in was there before whoever connects to it now.
  let seeding = true
  const store = createStore(layoutOf(options.fields), {
    folder,
    now: () => now() - (seeding ? HOUR_MS : 0),
    offsetMinutes: options.offsetMinutes ?? 180,
  })
  const faults = createFaults()
  const world = createWorld({ store, faults, now, unknownPicklist: options.unknownPicklist ?? 'refuse' })
  let url = ''
  const announcer = createAnnouncer({ base: () => url, moment: store.moment, now })
  const { server, log } = createZohoServer({
    world,
    oauth: createOAuth(credentials, { now, folder }),
    announcer,
    base: () => url,
    concurrency: options.concurrency ?? 20,
  })

  const person: Person = {
    create(name, fields) {
      const saved = world.save(world.module(name), fields, { workflow: true })
      if ('error' in saved) throw new Refused({ status: 400, body: saved.error })
      return saved.stored.id
    },
    update(name, id, fields) {
      const module = world.module(name)
      if (store.get(name, id) === undefined)
        throw new Refused(refuse(400, 'INVALID_DATA', 'the id given seems to be invalid', { api_name: 'id' }))
      const saved = world.save(module, fields, { id, workflow: true })
      if ('error' in saved) throw new Refused({ status: 400, body: saved.error })
    },
    remove(name, id) {
      world.remove(world.module(name), id, true)
    },
  }

  const empty = [...world.layout.keys()].every(name => store.count(name) === 0)
  if (empty)
    for (const [name, rows] of Object.entries(options.college ?? {}))
      for (const { id, ...fields } of rows) {
        const saved = world.save(world.module(name), fields, {
          workflow: false,
          ...(typeof id === 'string' ? { newId: id } : {}),
        })
        if ('error' in saved) throw new Refused({ status: 400, body: saved.error })
      }
  seeding = false
  world.changed = announcer.changed

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo
  url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`

  return {
    url,
    settings: { accountsUrl: url, ...credentials, allowPrivate: true },
    person,
    notify(target) {
      announcer.target = target
    },
    announced: () => announcer.idle(),
    announcements: announcer.sent,
    faults,
    log,
    records: name => [...store.table(name)].map(stored => store.show(world.module(name), stored)),
    record(name, id) {
      const stored = store.get(name, id)
      return stored === undefined ? undefined : store.show(world.module(name), stored)
    },
    async close() {
      await announcer.close()
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
