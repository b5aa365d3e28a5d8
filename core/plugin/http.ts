/** Requests to a remote. */
import type { Json } from './values.ts'

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
  /** Whoever uses it now is answered; its connections end then. */
  close(): void
}
