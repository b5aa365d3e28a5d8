/** Records, their fields, and what they refer to. */
import type { Json, Version } from './values.ts'

/** A record's fields. Absent: never set. `null`: cleared, which counts as set. */
export type Fields = Readonly<Record<string, Json>>

export interface FieldDefinition {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'lookup'
  readonly format?: 'id' | 'email' | 'date' | 'date-time' | 'country' | 'url'
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: {
    readonly required?: readonly string[]
    readonly fields: Readonly<Record<string, FieldDefinition>>
  }
}

/** A stored record as steps see it. */
export interface RecordView {
  readonly id: string
  readonly module: string
  readonly fields: Fields
  /** `moodle/user:456` */
  readonly identities: readonly string[]
  readonly state: RecordState
  /** Per connector: the newest version heard and the fingerprint of what it said. */
  readonly sides: Readonly<Record<string, { readonly version: Version; readonly fp?: string }>>
  /** Per `connector/resource`: the hash of what was sent last. */
  readonly pushed: Readonly<Record<string, { readonly content?: string }>>
}

export type RecordState =
  | 'ok'
  | 'due'
  | 'waiting'
  | 'gated'
  | 'retrying'
  | 'dead'
  | 'conflict'
  | 'deleted'
  | 'merged'
  | 'invalid'

/** What a record refers to: `name` as the pipeline calls it, `key` as it is stored: `student|moodleUserId=42`. */
export interface Reference {
  readonly name: string
  readonly module: string
  readonly key: string
  readonly needed: boolean
  /** When that record is deleted, this one's `onDelete` is sent. */
  readonly ends: boolean
  /** What a person reads: `student 42`. */
  readonly label: string
  /** No other record is waited for, but an event of this one: `internal verification`. */
  readonly held?: true
}
