/** One event on its way through the steps of a flow. */
import type { WaslError } from '../errors.ts'
import type { Fields, RecordView, Reference } from './record.ts'
import type { Json, Payload, ResourceName, Version } from './values.ts'

export type Outcome = 'NEW' | 'UPDATED' | 'UNCHANGED' | 'SKIPPED' | 'DELETED' | 'INVALID'

export interface Change {
  readonly field: string
  readonly from: Json
  readonly to: Json
}

/** The time, the college and its settings: all that a pure step may know of the world. */
export interface Run {
  readonly tenant: string
  /** IANA name; dates to and from unix seconds use it. */
  readonly timezone: string
  /** `en` or `ar`: the language of messages written to the remotes. */
  readonly language: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** An error as the college's people read it, in their language. Absent: its own message. */
  readonly explain?: (error: { code: string; message: string; at?: string }) => string
}

/** One event on its way through a flow. Steps return a new one. */
export interface Work {
  readonly resource: ResourceName
  readonly version: Version
  /** The sender's payload; `parse` makes sure that it is an object with an id. */
  readonly payload: Payload
  readonly partial: boolean
  readonly record: RecordView | null
  /** What this flow maps and what the payload has: present keys only, `null` = cleared. */
  readonly fields: Fields
  /** The stored fields with `fields` laid over them; what `upsert` would store. */
  readonly merged: Fields
  /** Identities that `merged` has: `zoho/BTEC_Students:123`, the sender's own first. */
  readonly identities: readonly string[]
  readonly fingerprint?: string
  /** What `dependency-check` asked for, by name; null = not here. */
  readonly found: Readonly<Record<string, RecordView | null>>
  readonly refs: readonly Reference[]
  /** References that are needed and not satisfied. */
  readonly missing: readonly Reference[]
  readonly outcome?: Outcome
  readonly reason?: string
  readonly changes: readonly Change[]
  /** What is due to be sent, with the hash of its content. */
  readonly due: readonly { readonly to: ResourceName; readonly content: string }[]
  /** Values refused because this sender only fills what is empty: they go back to it. */
  readonly kept: readonly string[]
}

/** A step is done with the event: nothing after it runs. */
export interface Ending {
  readonly end: { readonly outcome: Outcome; readonly reason?: string; readonly error?: WaslError }
  readonly work: Work
}

export type StepFunction = (work: Work, run: Run) => Work | Ending
