/** Pipelines, connector settings and scales, as parsed from their files. */
import type { FieldDefinition } from './record.ts'
import type { Json, Payload, ResourceName } from './values.ts'

export interface PipelineFile {
  readonly version: number
  readonly module: string
  readonly summary: string
  /** So many hours a record may fail before it is dead. Default 72. */
  readonly retryHours?: number
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

export type Mark = 'pending' | 'done' | 'failed'

export interface ConnectorConfig {
  readonly connector: string
  readonly marks?: Readonly<Record<string, Readonly<Record<Mark, Readonly<Record<string, unknown>>>>>>
  /** Resources beside the connector's own, as its `extend.schema` describes them. */
  readonly resources?: Readonly<Record<string, Payload>>
}

export interface Scale {
  readonly scale: string
  /** Raised with each change; what was handled with it shows it. */
  readonly version: number
  /** Highest first. */
  readonly bands: readonly { readonly grade: string; readonly from: number }[]
  /** False: a grade may be higher than any criterion that its assignment offers. Default true. */
  readonly capByOutcomes?: boolean
}
