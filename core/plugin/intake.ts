/** What comes in: requests before and after they are believed, and the events that a connector reads in them. */
import type { Json, Payload, Version } from './values.ts'

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
  | {
      readonly ok: true
      readonly trusted: boolean
      readonly secret: number
      readonly senderId?: string
      /**
       * Given where the signature covers method, path, body, time and this nonce: such a request may also change
       * settings (the extension API), once.
       */
      readonly nonce?: string
    }
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
  /** Options that a person may switch on for an endpoint of theirs. */
  readonly switches?: readonly string[]
  /** Makes a new secret in this verifier's form. */
  newSecret(): string
}
