/** What the HTTP side is given: no globals, so that a test can pass its own. */
import type { Intake } from '../delivery/intake.ts'
import type { PipelineSet } from '../pipeline/compiled.ts'
import type { ConnectorDefinition, Json, Log, Verifier } from '../plugin.ts'
import type { Attempts } from './attempts.ts'

export const SCOPES = ['read', 'operate', 'configure', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** A door of a tenant: who may send to it, and how that is proved. */
export interface Endpoint {
  readonly id: string
  readonly tenant: string
  readonly connector: string
  /** The name of its verifier. */
  readonly verifier: string
  /** Opened; the live ones only, newest first, at most two. */
  readonly secrets: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

/** A person's or a tool's key, of which only a hash is kept. */
export interface ApiKey {
  readonly tenant: string
  /** `admin` includes all; `operate` and `configure` include `read`. */
  readonly scopes: readonly string[]
  /** `hashKey` of the key's secret part, in hex. */
  readonly hash: string
  /** Milliseconds since 1970. Absent: never. */
  readonly expiresAt?: number
}

/** Asked on every request: should answer from memory. */
export interface Access {
  /** `undefined` stands for all of them. */
  endpoints(
    tenant: string | undefined,
    connector: string | undefined,
  ): readonly Endpoint[] | Promise<readonly Endpoint[]>
  endpoint(id: string): Endpoint | undefined | Promise<Endpoint | undefined>
  key(id: string): ApiKey | undefined | Promise<ApiKey | undefined>
  /**
   * Uses up the nonce of a signed request. False: it was used before, at this engine or at another.
   * `until`: milliseconds since 1970, from when on it may be forgotten.
   */
  spendNonce(tenant: string, endpoint: string, nonce: string, until: number): Promise<boolean>
  /** HMAC-SHA256 under the installation's key, in hex. */
  hashKey(secret: string): string
}

/** What a tenant's pipelines say of names in routes. */
export type Modules = Pick<PipelineSet, 'moduleOf' | 'resourceOf' | 'modules'>

export interface Health {
  /** Deliveries can be accepted: the store is writable, its indexes are made. Nothing else changes it. */
  readonly ready: boolean
  /** The scheduler, the connectors: shown, never judged. Holds no secret, since anybody may ask. */
  readonly facts: Readonly<Record<string, Json>>
}

export interface Limits {
  /** A webhook's body, in bytes. */
  readonly webhookBytes: number
  /** A batch's body, in bytes. */
  readonly batchBytes: number
  /** All bodies in memory together, in bytes: what comes beyond that is answered 503. */
  readonly bodyBytes: number
  /** How long all headers of a request may take, in milliseconds; looked at every half second. */
  readonly headersMs: number
  /** How long a webhook's body may take, in milliseconds. */
  readonly webhookMs: number
  /** How long a batch's body may take, in milliseconds. */
  readonly batchMs: number
  /** Records of a batch that become one delivery. */
  readonly chunk: number
  /** The longest wait for an outcome, in milliseconds. */
  readonly waitMs: number
  /** Requests that may wait for an outcome at a time (`Prefer: wait`). */
  readonly waiters: number
}

const MEBIBYTE = 1024 * 1024

export const LIMITS: Limits = Object.freeze({
  webhookBytes: MEBIBYTE,
  batchBytes: 16 * MEBIBYTE,
  bodyBytes: 64 * MEBIBYTE,
  headersMs: 5_000,
  webhookMs: 10_000,
  batchMs: 30_000,
  chunk: 500,
  waitMs: 30_000,
  waiters: 200,
})

export interface HttpOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly intake: Intake
  readonly access: Access
  /** By name: `standard-webhooks`, and what the connectors bring. */
  readonly verifiers: ReadonlyMap<string, Verifier>
  /** By name. */
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  readonly modules: (tenant: string) => Modules | Promise<Modules>
  /** The connector whose shape `POST /sync/{module}` takes from who signs with no endpoint of its own. */
  readonly syncConnector?: string
  readonly health: () => Health | Promise<Health>
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of each signature that fitted; `older`: under the secret that a rotation left for its overlap. */
  readonly signed?: (tenant: string, older: boolean) => void
  readonly limits?: Partial<Limits>
}

/** The options with every limit filled in, as the routes get them. */
export type Surroundings = Omit<HttpOptions, 'limits'> & {
  readonly limits: Limits
  readonly attempts: Attempts
}
