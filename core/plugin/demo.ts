/** What a connector brings for the demo. */
import type { Log } from './tools.ts'
import type { Payload } from './values.ts'

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
