/**
 * The public door: what a connector, a step and a transform are. The built-in ones use nothing else.
 * Everything works in batches, since a call costs a remote far more than the records in it.
 */
import type { WaslError } from './errors.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** A JSON object as a remote or a sender gives it. Ids and numbers beyond 2^53 are strings. */
export type Payload = { [key: string]: Json }
/** A JSON Schema (draft 2020-12 as ajv reads it); `secret: true` on a property keeps it out of logs and answers. */
export type JsonSchema = { [key: string]: unknown }
/** `connector/resource`, such as `zoho/BTEC_Students`. */
export type ResourceName = `${string}/${string}`
/** Compared element by element; a missing element is the smallest. `[]` says nothing about order. */
export type Version = readonly number[]

// ---------------------------------------------------------------------------------------------- connectors

/** One request as it came in, after its sender was verified. `body` is what the strict parser made of the bytes. */
export interface Incoming {
  /** The last part of the route: a module's name, an event's name, a collection; absent on `/webhooks`. */
  readonly route?: string
  /** The resource that `route` names according to the loaded pipelines, where it names one. */
  readonly resource?: string
  /** `events` and `webhooks` carry notifications, `batch` a list of whole records. */
  readonly channel: 'events' | 'webhooks' | 'batch'
  readonly body: Json
  /** The sender's own id for this delivery (`webhook-id`, `notification_id`), where a header named it. */
  readonly senderId?: string
  /** Milliseconds since 1970. */
  readonly receivedAt: number
}

/** One record's news within a delivery. `state` brings the record, `touch` says that it must be read, `delete` that it is gone. */
export interface IncomingEvent {
  readonly resource: string
  readonly kind: 'state' | 'touch' | 'delete'
  /** The remote's id, where the payload has one. */
  readonly id?: string
  readonly version: Version
  readonly payload?: Payload
  /** The payload names only some fields; those not named stay as they are. */
  readonly partial?: boolean
}

export interface Parsed {
  /** What a repeat of this delivery would carry too. Absent: every delivery is a new one. */
  readonly key?: string
  /** The sender's own id for this delivery, where the body names it. */
  readonly senderId?: string
  readonly events: readonly IncomingEvent[]
}

/** A request before it is believed: exact bytes, every header with all its values (lower-case names). */
export interface SignedRequest {
  readonly method: string
  /** With its query, as it was sent. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Buffer
  /** Milliseconds since 1970. */
  readonly now: number
}

/** `trusted: false` means: the sender is right, but the content proves nothing, so every event becomes a touch. */
export type Verdict =
  | { readonly ok: true; readonly trusted: boolean; readonly secret: number; readonly senderId?: string }
  | { readonly ok: false; readonly reason: string }

export interface Verifier {
  readonly name: string
  readonly summary: string
  /** `secrets`: the endpoint's live secrets, newest first, at most two. Must compare in constant time and never throw. */
  verify(
    request: SignedRequest,
    secrets: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ): Verdict
  /** Makes a new secret in this verifier's form. */
  newSecret(): string
}

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
  close(): Promise<void>
}

export interface HttpAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body as strict JSON (numbers beyond 2^53 as strings). Raises RetryableError `REMOTE_NOT_JSON` where it is none. */
  json(): Json
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the client's base URL, beginning with `/`; never absolute. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent form-encoded, names as they stand, in order. */
  readonly form?: readonly (readonly [string, string])[]
  readonly signal?: AbortSignal
  /** Total time, in milliseconds. Default 20,000. */
  readonly timeoutMs?: number
}

/**
 * A client for one origin: no redirects, no proxy, no absolute URLs, 5 MiB, a total deadline, kept connections.
 * Any HTTP status is an answer; raises RetryableError `REMOTE_UNREACHABLE` (gate `outage`, `ambiguous` once bytes
 * may have been sent), `REMOTE_TIMEOUT` (the same), `REMOTE_TOO_LARGE`; SetupError `REMOTE_CERTIFICATE`,
 * `REMOTE_ADDRESS` (an address that is not allowed); DataError `HEADER_VALUE` (control characters), `REQUEST_PATH`
 * (outside the base URL), `REQUEST_TOO_LARGE` (5 MiB). The caller's signal: RetryableError `REMOTE_ABORTED`, no gate.
 */
export interface HttpClient {
  readonly origin: string
  request(request: HttpRequest): Promise<HttpAnswer>
  close(): void
}

export interface Log {
  debug(event: string, facts?: Readonly<Record<string, unknown>>): void
  info(event: string, facts?: Readonly<Record<string, unknown>>): void
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void
  error(event: string, facts?: Readonly<Record<string, unknown>>): void
}

/** A small secret shared by all engines (an access token), encrypted at rest, changed only by compare-and-set. */
export interface Vault {
  read(name: string): Promise<{ readonly value: string; readonly version: number } | null>
  /** `version`: the one that was read, 0 for none. False: somebody was faster, read again. */
  write(name: string, value: string, version: number): Promise<boolean>
}

/** What a connector is given: no globals, so that a test can pass its own. */
export interface Tools {
  readonly tenant: string
  readonly log: Log
  readonly vault: Vault
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** `allowPrivate`: private and loopback addresses and plain http are allowed (sandboxes, labs). */
  readonly http: (baseUrl: string, options?: { allowPrivate?: boolean; maxSockets?: number }) => HttpClient
}

export interface ConnectorDefinition<S = unknown> {
  readonly name: string
  readonly summary: string
  /** What one tenant's connection needs. */
  readonly settings: JsonSchema
  readonly resources: Readonly<Record<string, ResourceDefinition>>
  /** Verifiers that only this remote has; `standard-webhooks` and `bearer` are the core's. */
  readonly verifiers?: readonly Verifier[]
  /** The verifiers that an endpoint of this connector may use, first is the default. */
  readonly accepts: readonly string[]
  /** Transforms that only make sense with this remote (its rules for user names). */
  readonly transforms?: readonly TransformDefinition[]
  /** Lists in batch bodies: the route's last part -> resource and the body's key (`users` -> `{"users": [...]}`). */
  readonly collections?: Readonly<Record<string, { readonly resource: string; readonly key: string }>>
  /** Pure: a stored delivery is parsed again after a crash. Raises DataError with a code (`MODULE_MISMATCH`, `PARSE_SHAPE`). */
  readonly parse: (incoming: Incoming) => Parsed
  connect(settings: S, tools: Tools): Connection
  /** A sandbox of the remote with a small college in it, for the demo; loaded only there. */
  readonly demo?: () => Promise<{ readonly default: Demo }>
}

/** A remote to try things on: an HTTP server on loopback that behaves like the real one. */
export interface Demo {
  start(options: { readonly folder: string; readonly log: Log }): Promise<RunningDemo>
}

export interface RunningDemo {
  /** Its address, as a person opens it. */
  readonly url: string
  /** What `connect` needs in order to reach it. */
  readonly settings: Payload
  /** Its people's changes go to this endpoint from now on. `url`: the engine's base address. */
  announce(endpoint: { readonly url: string; readonly id: string; readonly secret: string }): void
  /** Commands to be pasted one by one; `order` sorts them among those of the other remotes. */
  readonly examples: readonly { readonly order: number; readonly title: string; readonly command: string }[]
  close(): Promise<void>
}

export const defineConnector = <S>(definition: ConnectorDefinition<S>): ConnectorDefinition<S> =>
  Object.freeze(definition)

// ------------------------------------------------------------------------------------- records and references

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
}

// ------------------------------------------------------------------------------------------------------ steps

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

/** What a lint is told: the pipeline file as parsed, and what the checker knows. */
export interface LintPlace {
  readonly module: string
  readonly flow: string
  readonly record: PipelineFile['record']
  /** Fields mapped by this flow's `map`, in order. */
  readonly mapped: readonly string[]
  readonly modules: ReadonlyMap<string, PipelineFile>
  readonly resource: (name: string) => ResourceDefinition | undefined
}

export interface Lint {
  /** Below the step, as path segments: `['fields', 'lastname']`. */
  readonly path: readonly (string | number)[]
  readonly code: string
  readonly message: string
  readonly suggestion?: string
}

export interface StepContext {
  readonly file: PipelineFile
  readonly flow: string
  readonly from: ResourceName
  readonly modules: ReadonlyMap<string, PipelineFile>
  readonly resource: (name: string) => ResourceDefinition | undefined
  readonly transform: (name: string) => TransformDefinition | undefined
  /** `config/connectors/<connector>.json`, by connector. */
  readonly connectorConfig: (connector: string) => ConnectorConfig | undefined
  readonly scale: (name: string) => Scale | undefined
}

export interface StepDefinition<O = Record<string, unknown>> {
  readonly name: string
  readonly summary: string
  /** JSON Schema of the step's object, without `step` itself. */
  readonly options: JsonSchema
  lint?(options: O, place: LintPlace): Iterable<Lint>
  /** References that can be told now; called again when some were found, until it tells no new one. */
  wants?(
    options: O,
    context: StepContext,
  ): (work: Pick<Work, 'merged' | 'fields' | 'found'>) => readonly Reference[]
  /** Once, at load; what it returns runs once per event. */
  prepare(options: O, context: StepContext): StepFunction
  /** Only `push`: how its content is made again when it is sent. */
  plan?(options: O, context: StepContext): PushPlan
}

export const defineStep = <O>(definition: StepDefinition<O>): StepDefinition<O> => Object.freeze(definition)

export type Mark = 'pending' | 'done' | 'failed'

/** What would be sent now. */
export interface Rendered {
  readonly fields: Payload
  /** SHA-256 (hex, 32 digits) over the canonical JSON of `fields`, marks not among them. */
  readonly content: string
  /** By what the remote object is looked for, in order, values that are present only. `id` first where it is known. */
  readonly match: readonly { readonly by: string; readonly value: string }[]
  readonly cut: readonly string[]
}

/** What SEND needs of a push step. All pure. */
export interface PushPlan {
  readonly to: ResourceName
  /** The field that holds the remote's id (`moodleUserId`). */
  readonly idField: string
  /** Raises DataError where a value cannot be sent (too long, not in the picklist that `metadata` knows). */
  render(
    fields: Fields,
    found: Work['found'],
    run: Run,
    metadata?: ReadonlyMap<string, FieldMetadata>,
  ): Rendered
  /** `keep`: nothing is sent when the record is deleted. */
  renderDelete(fields: Fields, run: Run): Payload | 'keep' | 'delete'
  /** The marks that travel with this push, `{}` where it has none. */
  marks(mark: Mark, run: Run, error?: string): Payload
  /** What a sender that asks is answered besides outcome and action: `"answers": { "btec_grade": "grade" }`. */
  answers(fields: Fields): Payload
  readonly writeBack?: WriteBackPlan
}

/** What is told to the sender's own record after a push. */
export interface WriteBackPlan {
  readonly to: ResourceName
  readonly idField: string
  render(fields: Fields, mark: Mark, run: Run, error?: string): Payload
}

// ------------------------------------------------------------------------------------------------- transforms

export interface TransformDefinition<O = unknown> {
  readonly name: string
  readonly summary: string
  /** JSON Schema of its options, where it takes some: `{ "rescale": { "min": "grademin" } }`. */
  readonly options?: JsonSchema
  /** Never called with an empty value. Raises DataError (without `at`, which the caller adds) for a value it cannot read. */
  prepare(
    options: O,
    context: Pick<StepContext, 'scale'>,
  ): (value: Json, work: { payload: Payload; fields: Fields }, run: Run) => Json
}

export const defineTransform = <O>(definition: TransformDefinition<O>): TransformDefinition<O> =>
  Object.freeze(definition)

// ------------------------------------------------------------------------------------------- files, as parsed

export interface PipelineFile {
  readonly version: number
  readonly module: string
  readonly summary: string
  readonly record: {
    readonly identity: Readonly<Record<string, string>>
    readonly unique?: readonly string[]
    readonly findBy?: readonly (string | readonly string[])[]
    readonly required?: readonly string[]
    readonly fingerprint: readonly string[]
    readonly fields: Readonly<Record<string, FieldDefinition>>
    readonly shared?: Readonly<Record<string, unknown>>
  }
  readonly flows: Readonly<Record<string, FlowFile>>
}

export interface FlowFile {
  readonly from: ResourceName
  readonly when?: Readonly<Record<string, Json>>
  readonly steps: readonly ({ readonly step: string } & Readonly<Record<string, unknown>>)[]
}

export interface ConnectorConfig {
  readonly connector: string
  readonly marks?: Readonly<Record<string, Readonly<Record<Mark, Readonly<Record<string, unknown>>>>>>
}

export interface Scale {
  readonly scale: string
  /** Highest first. */
  readonly bands: readonly { readonly grade: string; readonly from: number }[]
  /** False: a grade may be higher than any criterion that its assignment offers. Default true. */
  readonly capByOutcomes?: boolean
}
