/** What the engine gives to a connector. */
import type { HttpClient } from './http.ts'

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
