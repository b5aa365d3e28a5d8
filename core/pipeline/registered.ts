import type {
  ConnectorDefinition,
  ResourceDefinition,
  StepDefinition,
  TransformDefinition,
} from '../plugin.ts'

/** Everything that pipeline files can name, frozen at start. */
export interface Registry {
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  /** In the order in which they were registered: the built-in ones first. */
  readonly steps: ReadonlyMap<string, StepDefinition>
  readonly transforms: ReadonlyMap<string, TransformDefinition>
  connector(name: string): ConnectorDefinition | undefined
  step(name: string): StepDefinition | undefined
  transform(name: string): TransformDefinition | undefined
  /** By its full name, such as `zoho/BTEC_Students`. */
  resource(name: string): ResourceDefinition | undefined
}
