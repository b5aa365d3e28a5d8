import type { Json } from '../../../core/plugin.ts'

/** One call as the sandbox saw it. */
export interface LoggedCall {
  readonly at: number
  readonly method: string
  /** With its query; secrets in it are hidden. */
  readonly path: string
  /** As it was parsed; a token request's secrets are hidden. */
  readonly body: Json | undefined
  /** 0: the connection was closed without an answer. */
  readonly status: number
}
