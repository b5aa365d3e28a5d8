/** What a remote's resources are, and how they are read and written. */
import type { WaslError } from '../errors.ts'
import type { Json, Payload, Version } from './values.ts'

/** What the remote allows in a field, as far as it is known without asking. */
export interface RemoteField {
  /** Longest text in characters (graphemes are never split). */
  readonly max?: number
  /** Free text is cut to `max`; anything else that is too long is refused. Default `text`. */
  readonly kind?:
    | 'text'
    | 'id'
    | 'key'
    | 'email'
    | 'username'
    | 'phone'
    | 'url'
    | 'date'
    | 'picklist'
    | 'number'
    | 'boolean'
    | 'lookup'
    | 'rows'
  readonly readOnly?: boolean
}

/** What is known of a resource without credentials. */
export interface ResourceDefinition {
  readonly summary: string
  /** Records in one read or write. */
  readonly perCall: number
  /** Fields that the remote itself refuses to double; empty: a creation whose answer is lost stays uncertain. */
  readonly uniqueBy: readonly string[]
  /** Its payloads name only some of the fields. Default false. */
  readonly partial?: boolean
  /** What a cleared field is sent as: `null` in Zoho, `''` in Moodle. */
  readonly empty: Json
  /** Other names under which the resource is known in a route (`users`, `BTEC_Students`). */
  readonly aliases?: readonly string[]
  /** The reason of SKIPPED where no flow fits, when it is a better one than `not_for_this_flow`. */
  readonly noFlowReason?: (payload: Payload) => string | undefined
  /** Known fields; `'*'` stands for any other. A resource with neither accepts any field (a CRM's custom ones). */
  readonly fields?: Readonly<Record<string, RemoteField>>
  readonly idOf: (payload: Payload) => string | undefined
  readonly versionOf: (payload: Payload) => Version
  /**
   * What its `changes` can list, where it can: `since`: what was changed since a moment; `all`: only everything
   * there is, which is then done when a person orders it, never by itself.
   */
  readonly changes?: 'since' | 'all'
}

export type ReadResult =
  | { readonly state: 'found'; readonly payload: Payload }
  | { readonly state: 'gone' }
  /** Not there, and not known to be deleted: a lag or a missing permission. */
  | { readonly state: 'unseen' }

/** One object to be written. `id` absent: create. Fields are complete and final; the connector adds none of its own meaning. */
export interface WriteOperation {
  readonly id?: string
  readonly fields: Payload
  /** Fields by which the engine has matched in vain just before, strongest last: the key of the creation. */
  readonly key?: { readonly by: string; readonly value: string }
}

export type WriteResult =
  | {
      readonly ok: true
      readonly id: string
      readonly action: 'created' | 'updated' | 'unchanged'
      /** The version that the remote gave its answer to our write, to tell its echo by. */
      readonly answered?: Version
      /** Fields that the connector had to cut. */
      readonly cut?: readonly string[]
    }
  /** `duplicateOf`: the remote refused a creation because this object holds the same unique value of `by`. */
  | {
      readonly ok: false
      readonly error: WaslError
      readonly duplicateOf?: { readonly by: string; readonly id: string }
    }

/** What a remote says of a field now (its metadata). */
export interface FieldMetadata {
  readonly max?: number
  readonly values?: readonly string[]
  readonly readOnly?: boolean
  readonly required?: boolean
}

/** An object that a remote lists: only named here, never believed; what it holds is read. */
export interface ChangedObject {
  readonly id: string
  /** The remote's own list of what was deleted names it. Never told because something is missing from a list. */
  readonly deleted?: true
  /** As `versionOf` has it, where the list shows it. */
  readonly version?: Version
  /** When it was changed, in milliseconds since 1970 by the remote's clock. */
  readonly at?: number
}

export interface ChangedPage {
  readonly objects: readonly ChangedObject[]
  /** Where the next page begins; absent: there is none. It must still be good after a crash and some hours. */
  readonly next?: string
}

export interface ResourceConnection {
  /** One result per id. Raises a WaslError when the call as a whole failed. */
  read(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ReadResult>>
  /** Exact matches only, all values at once; values without a match are absent. At most 200 payloads each. */
  find(
    by: string,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly Payload[]>>
  /** One result per operation, in order. Raises a WaslError when the call as a whole failed. */
  write(operations: readonly WriteOperation[], signal: AbortSignal): Promise<readonly WriteResult[]>
  /**
   * One page, by one call or few, of what was changed since a moment (milliseconds since 1970), and of what was
   * deleted where the remote keeps a list of that; without `since`, of everything. An object may be listed twice.
   * Raises a WaslError. Present where the definition's `changes` says so.
   */
  changes?(
    asked: { readonly since?: number; readonly page?: string },
    signal: AbortSignal,
  ): Promise<ChangedPage>
  /** Field name -> what the remote says of it. Absent where the remote has no metadata. */
  metadata?(signal: AbortSignal): Promise<ReadonlyMap<string, FieldMetadata>>
}

/** One line of `doctor`. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly message: string
  /** What to do when it is not ok. */
  readonly hint?: string
}

export interface Connection {
  readonly resources: Readonly<Record<string, ResourceConnection>>
  check(signal: AbortSignal): Promise<readonly Check[]>
  /**
   * What ends by itself, such as a token or a channel, and when (milliseconds since 1970); never their secrets.
   * `renews`: the connector makes a new one in time, so nobody must be told.
   */
  expiring?(
    signal: AbortSignal,
  ): Promise<readonly { readonly what: string; readonly at: number; readonly renews: boolean }[]>
  close(): Promise<void>
}
