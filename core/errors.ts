/** Where and why an error arose, beside its code and sentence. All optional. */
export interface ErrorPlace {
  /** The field, setting, file or JSON pointer that is wrong. */
  at?: string
  /** What the reader can do about it, as one sentence. */
  hint?: string
  /** The remote, where it has told us one (`zoho`, `moodle`). */
  remote?: string
  cause?: unknown
}

/**
 * The root of every error that Wasl raises on purpose. `code` is stable and upper case, `message` is for the
 * operator and holds no secret; whatever the library below said stays in `cause` and is never answered or logged
 * as a whole. The class says what happens next, the code what happened.
 */
export abstract class WaslError extends Error {
  readonly code: string
  readonly at: string | undefined
  readonly hint: string | undefined
  readonly remote: string | undefined

  constructor(code: string, message: string, place: ErrorPlace = {}) {
    super(message, place.cause === undefined ? undefined : { cause: place.cause })
    this.name = new.target.name
    this.code = code
    this.at = place.at
    this.hint = place.hint
    this.remote = place.remote
  }
}

/** Why a whole remote is closed for a while: it asks us to slow down, it does not answer, or it refuses our token. */
export type GateReason = 'busy' | 'outage' | 'token'

/** It may go well later: RETRY waits. With `gate` the whole remote waits, and no attempt is counted. */
export class RetryableError extends WaslError {
  /** What the remote asked for, in milliseconds, not yet clamped. */
  readonly retryAfterMs: number | undefined
  readonly gate: GateReason | undefined
  /** The request may have taken effect although no answer came. */
  readonly ambiguous: boolean

  constructor(
    code: string,
    message: string,
    place: ErrorPlace & {
      retryAfterMs?: number | undefined
      gate?: GateReason | undefined
      ambiguous?: boolean
    } = {},
  ) {
    super(code, message, place)
    this.retryAfterMs = place.retryAfterMs
    this.gate = place.gate
    this.ambiguous = place.ambiguous ?? false
  }
}

/** The data is wrong and stays wrong until somebody mends it: INVALID in APPLY, dead in SEND. `at` names the field. */
export class DataError extends WaslError {
  /** The alternatives that were looked at in vain, in order. */
  readonly tried: readonly string[] | undefined

  constructor(code: string, message: string, place: ErrorPlace & { tried?: readonly string[] } = {}) {
    super(code, message, place)
    this.tried = place.tried
  }
}

/** The installation is wrong (a scope, a token, a capability, a file). `at` names the setting. Shuts the gate. */
export class SetupError extends WaslError {
  /** The only resource that is refused, or undefined when the whole remote is. */
  readonly resource: string | undefined

  constructor(code: string, message: string, place: ErrorPlace & { resource?: string } = {}) {
    super(code, message, place)
    this.resource = place.resource
  }
}

/** The store does not take or give what was asked for now. Answered as 503; whoever sent something sends it again. */
export class StoreError extends WaslError {}

/** One thing that is wrong in a file or a request: where, what, and what to do. All of a run are reported at once. */
export interface Finding {
  file: string
  /** 1-based; 0 where the finding has no place in a file. */
  line: number
  column: number
  /** RFC 6901. */
  pointer: string
  code: string
  message: string
  /** What was probably meant, or what to add. */
  suggestion?: string
}
