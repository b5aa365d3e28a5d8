/** What a step is. */
import type { ConnectorConfig, PipelineFile, Scale } from './files.ts'
import type { PushPlan } from './push.ts'
import type { Reference } from './record.ts'
import type { ResourceDefinition } from './remote.ts'
import type { TransformDefinition } from './transform.ts'
import type { JsonSchema, ResourceName } from './values.ts'
import type { StepFunction, Work } from './work.ts'

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
