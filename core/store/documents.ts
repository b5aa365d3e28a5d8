/** The shapes of what is stored. Only `core/store` reads or writes them in MongoDB. */
import type { Change, Json, Mark, Outcome, Payload, RecordState, Version } from '../plugin.ts'

/** An error as it is kept and shown: no stack, no secret. */
export interface StoredError {
  code: string
  message: string
  /** The field or setting that is wrong. */
  at?: string
  hint?: string
  tried?: readonly string[]
  /** Where it was to be sent, if it arose there. */
  to?: string
}

export interface EventDocument {
  id: string
  /** `zoho/BTEC_Students` */
  resource: string
  kind: 'state' | 'touch' | 'delete'
  /** `zoho/BTEC_Students:123` */
  identity?: string
  version: Version
  module?: string
  flow?: string
  outcome?: Outcome
  reason?: string
  changes?: readonly Change[]
  /** The record's `_id`. */
  record?: string
  /** Which pipeline and mapping version handled it. */
  config?: string
  error?: StoredError
  /** What its flow answers a sender that asks (`answers`), of the record as this event left it. */
  answers?: Payload
}

/** What somebody sent, as it came, with its events: the history. Open while it has a `dueAt`. */
export interface DeliveryDocument {
  _id: string
  tenant: string
  endpoint: string
  connector: string
  /** `lookup`: Wasl itself asked for these; `sweep`: the remote listed them as changed. */
  channel: 'events' | 'webhooks' | 'batch' | 'lookup' | 'sweep'
  route?: string
  /** Unique per tenant: what a repeat carries too. */
  key: string
  senderId?: string
  /** SHA-256 of `raw`, hex. */
  hash: string
  raw: Buffer
  /** `raw` is sealed, as it stands in the store. */
  sealed?: true
  /** Never stored: `raw` was changed in the store, or sealed under another key. */
  unreadable?: true
  trusted: boolean
  receivedAt: Date
  dueAt?: Date
  /** Raised before work, so that what kills the process is counted. */
  tries: number
  /** How often it was opened again: who took it before must not mark it any more. */
  turn: number
  idReused?: boolean
  events: EventDocument[]
  /** Where its events stand; written with them. */
  standings?: string[]
  /** Why it could not be read. */
  error?: StoredError
  expireAt: Date
}

/** What is still to be sent to one `connector/resource`. */
export interface OutboxEntry {
  /** The hash of what would be sent; absent where only marks go. */
  content?: string
  /** The record was deleted: its `onDelete` goes. */
  remove?: boolean
  marks?: Mark
  /** The message that goes with `marks: failed`. */
  error?: string
  notBefore?: Date
  attempt: number
  failingSince?: Date
  /** A creation was begun and its answer is not known. */
  sending?: boolean
  /** The match values of the creation that was begun. */
  was?: readonly { by: string; value: string }[]
  /** The content that the remote refused; sent again only when it changes. */
  refused?: string
  /** It goes back to a sender that held these values instead, as hashes by field. */
  back?: { [field: string]: string }
}

export interface Side {
  version: Version
  /** The fingerprint of what that side said last; forgotten when something is sent to it. */
  fp?: string
  /** When the read began that brought it (touches). */
  readAt?: Date
  /** When it was told, where it was not read and has a version. */
  toldAt?: Date
  config?: string
}

export interface Pushed {
  content?: string
  at: Date
  action: 'created' | 'updated' | 'unchanged'
  /** When a send of ours created it there. */
  created?: Date
  /** The version that the remote answered to our write, to tell its echo by. */
  answered?: Version
  cut?: readonly string[]
  /** What the remote makes of it where that is something else, as hashes by field. */
  made?: { [field: string]: string }
  /** Its `onDelete` was sent last. */
  removed?: boolean
}

export interface MissingReference {
  name: string
  key: string
  label: string
  /** An event of the record itself is waited for. */
  held?: true
}

/** One thing over all systems. Every write adds 1 to `rev`. Open while it has a `dueAt`. */
export interface RecordDocument {
  _id: string
  tenant: string
  module: string
  /** `moodle/user:456`, and `=username:ali` for unique fields: unique per tenant over all modules. */
  identities: string[]
  /** Keys under which others refer to it: `student|moodleUserId=42`. */
  keys: string[]
  fields: { [field: string]: Json }
  sides: { [connector: string]: Side }
  /** The connector that brought it first. */
  source: string
  rev: number
  outbox: { [resource: string]: OutboxEntry }
  pushed: { [resource: string]: Pushed }
  refs: string[]
  missing: MissingReference[]
  gate?: string
  /** What its register was told last, so that it is told once. */
  told?: Mark
  state: RecordState
  /** The connector that told of its deletion: only that side brings it back. */
  deletedBy?: string
  dueAt?: Date
  lease?: { nonce: string; until: Date }
  claims: number
  lastError?: StoredError
  /** It appeared or changed for those that refer to it, and they are not awake yet. */
  woke?: boolean
  mergedInto?: string
  absorbed?: boolean
  /** Identities of records that were merged into this one; they are found there and lead here. */
  absorbedIdentities?: string[]
  config?: string
  /** Names the write that made this state, so that a batch can tell which of its writes took effect. */
  write?: string
  createdAt: Date
  updatedAt: Date
}

/** A remote of a tenant that is closed for a while. */
export interface GateDocument {
  /** `tenant|remote` */
  _id: string
  tenant: string
  /** A connector, or `connector/resource` where only that is refused. */
  remote: string
  reason: 'busy' | 'outage' | 'token' | 'setup' | 'paused'
  code: string
  message: string
  closedAt: Date
  /** When a probe goes next; while it opens: when the next of its records are let go. */
  openAt: Date
  /** How often in a row it stayed closed: the next wait doubles. */
  rounds: number
  /** It is open again: so many of its records are let go per second, however many engines there are. */
  opening?: number
}

export interface EndpointDocument {
  id: string
  connector: string
  verifier: string
  /** Sealed, newest first, at most two. */
  secrets: string[]
  /** Until when the second secret counts; absent: for as long as it stands there. */
  oldUntil?: Date
  options?: Record<string, unknown>
}

export interface TenantDocument {
  _id: string
  name: string
  /** Ids by which the remotes know this tenant (an organisation's id), by connector. */
  organisations?: { [connector: string]: string }
  timezone: string
  language: string
  endpoints: EndpointDocument[]
  /** Connector -> sealed JSON of its settings. */
  connections: { [connector: string]: string }
  /** Modules that are switched off or have an interval of their own. */
  modules: { [module: string]: { enabled?: boolean; interval?: number } }
  createdAt: Date
}

export interface KeyDocument {
  _id: string
  tenant: string
  scopes: string[]
  /** HMAC-SHA256 under the installation's key, hex. */
  hash: string
  expiresAt?: Date
  createdAt: Date
}

export interface VaultDocument {
  /** `tenant|name` */
  _id: string
  tenant: string
  sealed: string
  version: number
}
