/** What a connector is. */
import type { Demo } from './demo.ts'
import type { Incoming, Parsed, Verifier } from './intake.ts'
import type { Connection, ResourceDefinition } from './remote.ts'
import type { Tools } from './tools.ts'
import type { TransformDefinition } from './transform.ts'
import type { JsonSchema, Payload } from './values.ts'

/** An error code in plain words, for people who do not know Wasl. */
export interface ReasonDefinition {
  /** Who can mend it: who keeps the register, who teaches, who runs the college's systems, or Wasl's developers. */
  readonly who: 'registry' | 'tutor' | 'it' | 'us'
  readonly en: { readonly cause: string; readonly next: string }
  readonly ar: { readonly cause: string; readonly next: string }
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
  /** Resources that only some colleges have (a CRM's own modules), described in `config/connectors/<connector>.json`. */
  readonly extend?: {
    /** Of one description. */
    readonly schema: JsonSchema
    /** The same connector with further resources, by name. Pure. */
    readonly with: (resources: Readonly<Record<string, Payload>>) => ConnectorDefinition<S>
  }
  /** What the codes of the errors that it raises mean, by code. */
  readonly reasons?: Readonly<Record<string, ReasonDefinition>>
  /** A sandbox of the remote with a small college in it, for the demo; loaded only there. */
  readonly demo?: () => Promise<{ readonly default: Demo }>
}

export const defineConnector = <S>(definition: ConnectorDefinition<S>): ConnectorDefinition<S> =>
  Object.freeze(definition)
