/** What the HTTP side and the commands may ask of the delivery. */
import type { WaslError } from '../errors.ts'
import type { Change, Json, Outcome } from '../plugin.ts'

/** One verified request (or one chunk of a batch) that is to be stored. */
export interface Arrival {
  readonly tenant: string
  /** The endpoint or key by which the sender was verified. */
  readonly endpoint: string
  readonly connector: string
  readonly channel: 'events' | 'webhooks' | 'batch'
  /** The last part of the route, as it was sent. */
  readonly route?: string
  /** The exact bytes. */
  readonly raw: Buffer
  /** What the strict parser made of `raw`; absent with `failure`. */
  readonly body?: Json
  /** Why `raw` could not be read: it is stored all the same, as a dead letter. */
  readonly failure?: WaslError
  /** The sender's own id (`webhook-id`), where a header named it. */
  readonly senderId?: string
  /** False: every event becomes a touch. */
  readonly trusted: boolean
  readonly receivedAt: number
}

/** Where an event stands: an outcome, or WAITING, FAILED, or still `open`. */
export type EventState = Outcome | 'WAITING' | 'FAILED' | 'open'

export interface EventStatus {
  readonly id: string
  /** The sender's id, where it gave one. */
  readonly notification_id?: string
  readonly module?: string
  readonly state: EventState
  readonly reason?: string
  /** What went wrong, for a person. */
  readonly message?: string
  readonly code?: string
  /** The field that is wrong, where one is. */
  readonly field?: string
  readonly tried?: readonly string[]
  readonly changes?: readonly Change[]
  /** The record's id in our store. */
  readonly record?: string
  /** What the push did in the other system, once it did. */
  readonly action?: 'created' | 'updated' | 'unchanged'
  /** Ids in the remotes: `{ "moodle/user": "5" }`. */
  readonly ids?: Readonly<Record<string, string>>
  /** What the flow's push answers besides (`answers` in the pipeline file), such as `{ "btec_grade": "Merit" }`. */
  readonly answers?: Readonly<Record<string, Json>>
}

export interface Receipt {
  readonly id: string
  readonly notification_id?: string
  /** Stored before: this is a repeat. */
  readonly duplicate: boolean
  /** Same sender's id, other bytes. */
  readonly id_reused?: boolean
  /** In the order of the delivery. */
  readonly events: readonly EventStatus[]
}

export interface Intake {
  /**
   * Stores a delivery durably, then answers; many at once become one insert. Raises StoreError (503) when the
   * store does not take it. Processing goes on by itself.
   */
  accept(arrival: Arrival): Promise<Receipt>
  /** The receipt again once every event has an outcome and, with `pushed`, was sent; at the latest after `ms`. */
  settled(tenant: string, id: string, ms: number, until: 'applied' | 'pushed'): Promise<Receipt>
  /** By our ids or the sender's; at most 500. Unknown ones are absent. */
  status(tenant: string, ids: readonly string[]): Promise<readonly EventStatus[]>
  /** False while stopping. */
  readonly open: boolean
}
