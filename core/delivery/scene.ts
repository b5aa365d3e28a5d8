/** What deciding about one event works on, and what it comes to. */
import type { CompiledFlow, CompiledPipeline } from '../pipeline/compiled.ts'
import type { Change, Outcome, Payload, Run } from '../plugin.ts'
import type { EventDocument, RecordDocument, StoredError } from '../store/documents.ts'
import type { Session } from './session.ts'
import type { Tenant } from './tenant.ts'

/** One event on its way through APPLY. */
export interface Item {
  readonly event: EventDocument
  readonly payload: Payload | undefined
  readonly partial: boolean
  /** When the read began that brought the payload (touches). */
  readonly readAt: Date | undefined
  /** When the payload was told, where it was not read. */
  readonly toldAt?: Date
  /** The id that a new record would get. */
  readonly newId: string
}

export interface Decision {
  readonly outcome: Outcome
  readonly reason?: string
  readonly changes: readonly Change[]
  readonly error?: StoredError
  readonly module?: string
  readonly flow?: string
  readonly config?: string
  readonly record?: string
  /** What the flow's push answers a sender that asks, of the record as this event left it. */
  readonly answers?: Payload
}

/** What `decide` and its parts work on. */
export interface Scene {
  readonly session: Session
  readonly tenant: Tenant
  readonly run: Run
  readonly item: Item
  readonly pipeline: CompiledPipeline
  readonly flow: CompiledFlow
  readonly gateBefore: GateBefore
}

/** The id of the closed gate before a resource of this tenant, if one is closed. */
export type GateBefore = (resource: string, module: string) => string | undefined

/** How a person finds a record: its module and its first identity in a remote. */
export const nameOf = (record: RecordDocument): string => {
  const identity = record.identities.find(each => !each.startsWith('='))
  return identity === undefined ? `${record.module} ${record._id}` : `${record.module} ${identity}`
}
