/**
 * What mongoose is told of the collections: their indexes, and the shapes of what is written rarely. The documents of
 * the hot paths (deliveries, records) are written through the native collections, whose callers are typed.
 */
import { type Mongoose, Schema } from 'mongoose'

const open = { strict: false, versionKey: false, autoIndex: false, minimize: false } as const

const deliveries = new Schema({ _id: String }, { ...open, collection: 'deliveries' })
deliveries.index({ tenant: 1, key: 1 }, { name: 'key', unique: true })
deliveries.index({ dueAt: 1 }, { name: 'due', partialFilterExpression: { dueAt: { $exists: true } } })
deliveries.index(
  { tenant: 1, senderId: 1 },
  { name: 'sender', partialFilterExpression: { senderId: { $exists: true } } },
)
deliveries.index({ tenant: 1, 'events.record': 1, _id: 1 }, { name: 'record' })
deliveries.index({ tenant: 1, standings: 1, _id: 1 }, { name: 'standing' })
// For operators: the history of a tenant, its dead letters, and what became of an object that has no record.
deliveries.index({ tenant: 1, _id: 1 }, { name: 'newest' })
deliveries.index(
  { tenant: 1, _id: 1, 'events.outcome': 1 },
  { name: 'invalid', partialFilterExpression: { 'events.outcome': 'INVALID' } },
)
deliveries.index(
  { tenant: 1, 'events.identity': 1, _id: 1 },
  { name: 'skipped', partialFilterExpression: { 'events.outcome': 'SKIPPED' } },
)
deliveries.index({ expireAt: 1 }, { name: 'expire', expireAfterSeconds: 0 })

const records = new Schema({ _id: String }, { ...open, collection: 'records' })
records.index(
  { tenant: 1, identities: 1 },
  { name: 'identity', unique: true, partialFilterExpression: { 'identities.0': { $exists: true } } },
)
records.index({ tenant: 1, keys: 1 }, { name: 'key' })
records.index({ tenant: 1, refs: 1 }, { name: 'reference' })
records.index({ dueAt: 1 }, { name: 'due', partialFilterExpression: { dueAt: { $exists: true } } })
records.index({ tenant: 1, module: 1, state: 1, _id: 1 }, { name: 'state' })
records.index({ gate: 1, _id: 1 }, { name: 'gate', partialFilterExpression: { gate: { $exists: true } } })

const required = { type: String, required: true } as const

const gates = new Schema(
  {
    _id: String,
    tenant: required,
    remote: required,
    reason: { type: String, required: true, enum: ['busy', 'outage', 'token', 'setup', 'paused'] },
    code: required,
    message: required,
    closedAt: { type: Date, required: true },
    openAt: { type: Date, required: true },
    rounds: { type: Number, required: true },
    opening: Number,
  },
  { versionKey: false, autoIndex: false, collection: 'gates' },
)

const tenants = new Schema(
  {
    _id: String,
    name: required,
    organisations: { type: Map, of: String },
    timezone: required,
    language: required,
    endpoints: [
      new Schema(
        {
          id: required,
          connector: required,
          verifier: required,
          secrets: [String],
          oldUntil: Date,
          options: Schema.Types.Mixed,
        },
        { _id: false },
      ),
    ],
    connections: { type: Schema.Types.Mixed, default: {} },
    modules: { type: Schema.Types.Mixed, default: {} },
    createdAt: { type: Date, required: true },
  },
  { versionKey: false, autoIndex: false, minimize: false, collection: 'tenants' },
)
tenants.index(
  { 'endpoints.id': 1 },
  { name: 'endpoint', unique: true, partialFilterExpression: { 'endpoints.0': { $exists: true } } },
)

const keys = new Schema(
  {
    _id: String,
    tenant: required,
    scopes: [String],
    hash: required,
    expiresAt: Date,
    createdAt: { type: Date, required: true },
  },
  { versionKey: false, autoIndex: false, collection: 'keys' },
)

const vault = new Schema(
  { _id: String, tenant: required, sealed: required, version: { type: Number, required: true } },
  { versionKey: false, autoIndex: false, collection: 'vault' },
)

const scales = new Schema(
  { _id: String, scales: [Schema.Types.Mixed] },
  { versionKey: false, autoIndex: false, minimize: false, collection: 'scales' },
)

const audit = new Schema(
  {
    _id: String,
    tenant: required,
    number: { type: Number, required: true },
    at: { type: Date, required: true },
    by: required,
    action: required,
    target: required,
    details: { type: Schema.Types.Mixed, required: true },
    before: { type: String, default: '' },
    seal: required,
  },
  { versionKey: false, autoIndex: false, minimize: false, collection: 'audit' },
)
audit.index({ tenant: 1, number: 1 }, { name: 'number', unique: true })
audit.index({ tenant: 1, target: 1, number: 1 }, { name: 'target' })
audit.index(
  { tenant: 1, 'details.ids': 1, number: 1 },
  { name: 'ids', partialFilterExpression: { 'details.ids': { $exists: true } } },
)

const bulk = new Schema(
  {
    _id: String,
    tenant: required,
    what: required,
    order: { type: Schema.Types.Mixed, required: true },
    by: required,
    state: { type: String, required: true, enum: ['running', 'done', 'cancelled', 'failed'] },
    done: { type: Number, required: true },
    refused: { type: Number, required: true },
    after: String,
    startedAt: { type: Date, required: true },
    seenAt: { type: Date, required: true },
    nonce: String,
    tries: { type: Number, required: true },
    endedAt: Date,
    error: String,
    expireAt: { type: Date, required: true },
  },
  { versionKey: false, autoIndex: false, minimize: false, collection: 'bulk' },
)
bulk.index({ tenant: 1, _id: 1 }, { name: 'newest' })
bulk.index({ seenAt: 1 }, { name: 'running', partialFilterExpression: { state: 'running' } })
bulk.index({ expireAt: 1 }, { name: 'expire', expireAfterSeconds: 0 })

const syncs = new Schema(
  {
    _id: String,
    tenant: required,
    module: required,
    by: required,
    since: Date,
    status: { type: String, required: true, enum: ['running', 'completed', 'failed', 'cancelled'] },
    resources: [String],
    place: { type: Number, required: true },
    page: String,
    recordsProcessed: { type: Number, required: true },
    read: { type: Number, required: true },
    pages: { type: Number, required: true },
    attempt: { type: Number, required: true },
    startedAt: { type: Date, required: true },
    completedAt: Date,
    errorCode: String,
    errorMessage: String,
    retryOf: String,
    dueAt: Date,
    nonce: String,
    expireAt: { type: Date, required: true },
  },
  { versionKey: false, autoIndex: false, collection: 'syncs' },
)
syncs.index(
  { tenant: 1, module: 1 },
  { name: 'running', unique: true, partialFilterExpression: { status: 'running' } },
)
syncs.index({ dueAt: 1 }, { name: 'due', partialFilterExpression: { dueAt: { $exists: true } } })
syncs.index({ tenant: 1, _id: 1 }, { name: 'newest' })
syncs.index({ tenant: 1, module: 1, status: 1, _id: 1 }, { name: 'module' })
syncs.index({ expireAt: 1 }, { name: 'expire', expireAfterSeconds: 0 })

const mappings = new Schema(
  {
    _id: String,
    tenant: required,
    module: required,
    version: { type: Number, required: true },
    mapping: { type: Schema.Types.Mixed, required: true },
    by: required,
    reason: required,
    at: { type: Date, required: true },
  },
  { versionKey: false, autoIndex: false, minimize: false, collection: 'mappings' },
)
mappings.index({ tenant: 1, module: 1, version: 1 }, { name: 'version', unique: true })

const alerts = new Schema(
  {
    _id: String,
    since: { type: Date, required: true },
    tellAt: { type: Date, required: true },
    told: [String],
    expireAt: { type: Date, required: true },
  },
  { versionKey: false, autoIndex: false, collection: 'alerts' },
)
alerts.index({ expireAt: 1 }, { name: 'expire', expireAfterSeconds: 0 })

const nonces = new Schema(
  { _id: String, expireAt: { type: Date, required: true } },
  { versionKey: false, autoIndex: false, collection: 'nonces' },
)
nonces.index({ expireAt: 1 }, { name: 'expire', expireAfterSeconds: 0 })

/** Registers every model on a connection of our own, never on the module's default. */
export function defineModels(connection: ReturnType<Mongoose['createConnection']>) {
  return {
    deliveries: connection.model('Delivery', deliveries),
    records: connection.model('Record', records),
    gates: connection.model('Gate', gates),
    tenants: connection.model('Tenant', tenants),
    keys: connection.model('Key', keys),
    vault: connection.model('Vault', vault),
    nonces: connection.model('Nonce', nonces),
    scales: connection.model('Scale', scales),
    alerts: connection.model('Alert', alerts),
    audit: connection.model('Audit', audit),
    bulk: connection.model('Bulk', bulk),
    mappings: connection.model('Mapping', mappings),
    syncs: connection.model('Sync', syncs),
  }
}

export type Models = ReturnType<typeof defineModels>
