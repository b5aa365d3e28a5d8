/** Opens the store: one mongoose of our own, every write journaled by a majority, indexes made before it is used. */
import type { Collection, Db, MongoClient } from 'mongodb'
import { Mongoose } from 'mongoose'
import { StoreError } from '../errors.ts'
import { type Alerts, alertsIn } from './alerts.ts'
import { type AuditRows, auditIn } from './audit.ts'
import { type BulkJobs, bulkIn } from './bulk.ts'
import { type StoreClock, startClock } from './clock.ts'
import { type Deliveries, deliveriesIn } from './deliveries.ts'
import type { DeliveryDocument, RecordDocument } from './documents.ts'
import { guarded } from './failure.ts'
import { type Gates, gatesIn } from './gates.ts'
import { type History, historyIn } from './history.ts'
import { type Lookup, lookupIn } from './lookup.ts'
import { type Mappings, mappingsIn } from './mappings.ts'
import { type Nonces, noncesIn } from './nonces.ts'
import { type PayloadSealing, payloadsWith } from './payloads.ts'
import { type Records, recordsIn } from './records.ts'
import { type ScaleStore, scalesIn } from './scales.ts'
import { defineModels } from './schemas.ts'
import { type StayConnectedOptions, stayConnected } from './stay-connected.ts'
import { type Syncs, syncsIn } from './syncs.ts'
import { type Tenants, tenantsIn } from './tenants.ts'
import { type VaultStore, vaultIn } from './vault.ts'

/** A server that is there answers in less. */
const CONNECT_MS = 10_000

export interface Store {
  readonly deliveries: Deliveries
  readonly records: Records
  readonly gates: Gates
  readonly tenants: Tenants
  readonly vault: VaultStore
  readonly nonces: Nonces
  readonly scales: ScaleStore
  /** What operators ask and change. */
  readonly history: History
  readonly lookup: Lookup
  readonly audit: AuditRows
  readonly alerts: Alerts
  readonly bulk: BulkJobs
  readonly mappings: Mappings
  readonly syncs: Syncs
  /** The time that all who use this store go by. */
  readonly clock: StoreClock
  /** For Agenda, which brings its own collection, and for tests that watch the driver. */
  readonly db: Db
  /** Raises StoreError when a write would not be taken now. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface StoreOptions {
  readonly uri: string
  /** How long to look for the server before an operation fails, in milliseconds. Default 3,000. */
  readonly patienceMs?: number
  readonly poolSize?: number
  /** Report every command to listeners of the driver (tests count them). */
  readonly monitorCommands?: boolean
  /** How the bytes of deliveries are sealed; without it they are stored as they came. */
  readonly payloads?: PayloadSealing
  /** The server does not answer any more: whoever can starts it again. Called as often as it is noticed. */
  readonly onLost?: () => void
  /** The driver had stopped looking at its servers, and is connected anew. */
  readonly onStuck?: () => void
  /** Tests do not wait as long. */
  readonly patience?: Pick<StayConnectedOptions, 'stuckMs' | 'lookMs'>
  /** The wall clock of this machine is so many milliseconds ahead of the store's; told once for each change. */
  readonly onClock?: (ahead: number) => void
}

/**
 * Connects, and makes what indexes are missing.
 * @throws StoreError `STORE_UNREACHABLE`, or `STORE_INDEXES` where an index cannot be made.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const mongoose = new Mongoose()
  mongoose.set('sanitizeFilter', true)
  mongoose.set('strictQuery', true)
  const connection = mongoose.createConnection(options.uri, {
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    writeConcern: { w: 'majority', j: true },
    readPreference: 'primary',
    readConcernLevel: 'local',
    promoteBuffers: true,
    serverSelectionTimeoutMS: options.patienceMs ?? 3000,
    connectTimeoutMS: CONNECT_MS,
    maxPoolSize: options.poolSize ?? 16,
    monitorCommands: options.monitorCommands ?? false,
    appName: 'wasl',
  })
  const models = defineModels(connection)
  try {
    await connection.asPromise()
  } catch (cause) {
    await connection.close()
    throw new StoreError('STORE_UNREACHABLE', 'The store cannot be reached.', {
      cause,
      at: 'MONGODB_URI',
      hint: 'See whether the server of MONGODB_URI runs and takes connections from here.',
    })
  }
  const leave = stayConnected({
    client: connection.getClient() as unknown as MongoClient,
    onLost: options.onLost,
    onStuck: options.onStuck,
    ...options.patience,
  })
  try {
    for (const model of Object.values(models)) await model.createIndexes()
  } catch (cause) {
    leave()
    await connection.close()
    throw new StoreError('STORE_INDEXES', `An index cannot be made: ${(cause as Error).message}`, {
      cause,
      hint: 'The store holds data that this version does not expect; see which documents the index names.',
    })
  }
  const db = connection.db as unknown as Db
  const records = db.collection('records') as unknown as Collection<RecordDocument>
  const deliveries = db.collection('deliveries') as unknown as Collection<DeliveryDocument>
  const payloads = payloadsWith(options.payloads)
  const clock = await guarded('tell its time', () =>
    startClock({
      ask: async () => (await db.command({ hello: 1 }))['localTime'].getTime(),
      ...(options.onClock === undefined ? {} : { onDiffers: options.onClock }),
    }),
  ).catch(async error => {
    leave()
    await connection.close()
    throw error
  })
  return {
    clock,
    deliveries: deliveriesIn(deliveries, payloads),
    records: recordsIn(records, clock.now),
    gates: gatesIn(models),
    tenants: tenantsIn(models),
    vault: vaultIn(models),
    nonces: noncesIn(models),
    scales: scalesIn(models),
    history: historyIn(deliveries, payloads),
    lookup: lookupIn(records),
    audit: auditIn(models),
    alerts: alertsIn(models),
    bulk: bulkIn(models),
    mappings: mappingsIn(models),
    syncs: syncsIn(models),
    db,
    async ping() {
      // A write, since a store that only reads takes no delivery.
      await guarded('write', () =>
        db
          .collection<{ _id: string; at: Date }>('heartbeats')
          .updateOne({ _id: 'engine' }, { $set: { at: new Date(clock.now()) } }, { upsert: true }),
      )
    },
    async close() {
      clock.stop()
      leave()
      await connection.close()
    },
  }
}
