/** Tenants with their endpoints and connections, and the keys of people and tools. */
import { trusted } from 'mongoose'
import type { EndpointDocument, KeyDocument, TenantDocument } from './documents.ts'
import { guarded, isDuplicateKey, tenantOf } from './failure.ts'
import type { Models } from './schemas.ts'

export interface Tenants {
  all(): Promise<readonly TenantDocument[]>
  one(id: string): Promise<TenantDocument | null>
  /** False: there is one with that id. */
  create(tenant: TenantDocument): Promise<boolean>
  change(id: string, set: Partial<Omit<TenantDocument, '_id' | 'createdAt'>>): Promise<boolean>
  /** Adds the endpoints of a connector that has none there yet; one of several engines does. */
  addEndpoints(id: string, connector: string, endpoints: readonly EndpointDocument[]): Promise<void>
  /** False: there are `most` already. */
  addEndpoint(id: string, endpoint: EndpointDocument, most: number): Promise<boolean>
  /** False: there is none. */
  removeEndpoint(id: string, endpoint: string): Promise<boolean>
  /** False: its newest secret is not `was` any more. `secrets`: sealed, newest first. */
  rotateSecret(
    id: string,
    endpoint: string,
    was: string,
    next: { readonly secrets: readonly string[]; readonly oldUntil: Date },
  ): Promise<boolean>
  changeModule(
    id: string,
    module: string,
    set: { readonly enabled?: boolean; readonly interval?: number },
  ): Promise<boolean>
  key(id: string): Promise<KeyDocument | null>
  keysOf(tenant: string): Promise<readonly KeyDocument[]>
  addKey(key: KeyDocument): Promise<void>
  /** False: there is none. It counts until `at`, or until it expires by itself before. */
  expireKey(tenant: string, id: string, at: Date): Promise<boolean>
  removeKey(tenant: string, id: string): Promise<boolean>
}

export function tenantsIn({ tenants, keys }: Models): Tenants {
  return {
    async all() {
      return guarded('read tenants', () => tenants.find().lean<TenantDocument[]>().exec())
    },

    async one(id) {
      return guarded('read a tenant', () => tenants.findById(tenantOf(id)).lean<TenantDocument>().exec())
    },

    async create(tenant) {
      tenantOf(tenant._id)
      return guarded('create a tenant', async () => {
        try {
          await tenants.create(tenant)
          return true
        } catch (error) {
          if (isDuplicateKey(error)) return false
          throw error
        }
      })
    },

    async change(id, set) {
      const done = await guarded('change a tenant', () =>
        tenants.updateOne({ _id: tenantOf(id) }, { $set: set }).exec(),
      )
      return done.matchedCount === 1
    },

    async addEndpoints(id, connector, endpoints) {
      if (endpoints.length === 0) return
      await guarded('add endpoints', () =>
        tenants
          .updateOne(
            { _id: tenantOf(id), 'endpoints.connector': trusted({ $ne: connector }) },
            { $push: { endpoints: { $each: endpoints as EndpointDocument[] } } },
          )
          .exec(),
      )
    },

    async addEndpoint(id, endpoint, most) {
      const room = { _id: tenantOf(id), [`endpoints.${most - 1}`]: trusted({ $exists: false }) }
      const done = await guarded('add an endpoint', () =>
        tenants.updateOne(room, { $push: { endpoints: endpoint } }).exec(),
      )
      return done.matchedCount === 1
    },

    async removeEndpoint(id, endpoint) {
      const done = await guarded('remove an endpoint', () =>
        tenants.updateOne({ _id: tenantOf(id) }, { $pull: { endpoints: { id: endpoint } } }).exec(),
      )
      return done.modifiedCount === 1
    },

    async rotateSecret(id, endpoint, was, { secrets, oldUntil }) {
      const done = await guarded('rotate a secret', () =>
        tenants
          .updateOne(
            {
              _id: tenantOf(id),
              endpoints: trusted({ $elemMatch: { id: endpoint, 'secrets.0': was } }),
            },
            { $set: { 'endpoints.$.secrets': secrets, 'endpoints.$.oldUntil': oldUntil } },
          )
          .exec(),
      )
      return done.matchedCount === 1
    },

    async changeModule(id, module, set) {
      const changes = Object.entries(set).map(([name, value]) => [`modules.${module}.${name}`, value])
      const done = await guarded('change a module', () =>
        tenants.updateOne({ _id: tenantOf(id) }, { $set: Object.fromEntries(changes) }).exec(),
      )
      return done.matchedCount === 1
    },

    async key(id) {
      return guarded('read a key', () => keys.findById(id).lean<KeyDocument>().exec())
    },

    async keysOf(tenant) {
      return guarded('read keys', () =>
        keys
          .find({ tenant: tenantOf(tenant) })
          .lean<KeyDocument[]>()
          .exec(),
      )
    },

    async addKey(key) {
      tenantOf(key.tenant)
      await guarded('add a key', () => keys.create(key))
    },

    async expireKey(tenant, id, at) {
      const done = await guarded('expire a key', () =>
        keys.updateOne({ _id: id, tenant: tenantOf(tenant) }, { $min: { expiresAt: at } }).exec(),
      )
      return done.matchedCount === 1
    },

    async removeKey(tenant, id) {
      const done = await guarded('remove a key', () =>
        keys.deleteOne({ _id: id, tenant: tenantOf(tenant) }).exec(),
      )
      return done.deletedCount === 1
    },
  }
}
