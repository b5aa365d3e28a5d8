import type { ConnectorConfig, ConnectorDefinition, JsonSchema, PipelineFile, Scale } from '../plugin.ts'
import { nearest } from './nearest.ts'
import type { Registry } from './registered.ts'
import type { Path } from './source.ts'

/** What the meaning of a pipeline file is checked against. */
export interface Known {
  readonly registry: Registry
  /** Every module that could be read, its own among them, misshapen parts taken out. */
  readonly modules: ReadonlyMap<string, PipelineFile>
  /** Modules whose file is there but could not be read: nothing can be said about what refers to them. */
  readonly unreadable: ReadonlySet<string>
  readonly connectorConfig: (connector: string) => ConnectorConfig | undefined
  readonly scale: (name: string) => Scale | undefined
  readonly scales: Iterable<string>
}

export type Tell = (path: Path, code: string, message: string, suggestion?: string) => void

/** Is there such a connector, and has it such a resource? */
export function checkResource(name: unknown, path: Path, registry: Registry, tell: Tell): boolean {
  if (typeof name !== 'string') return false
  const [connector, resource] = name.split('/', 2) as [string, string | undefined]
  const definition = registry.connector(connector)
  if (definition === undefined) {
    const known = [...registry.connectors.keys()]
    tell(
      path,
      'UNKNOWN_CONNECTOR',
      `there is no connector "${connector}"`,
      nearest(connector, known) ?? (known.length === 0 ? undefined : `one of ${known.join(', ')}`),
    )
    return false
  }
  if (registry.resource(name) !== undefined) return true
  const known = Object.keys(definition.resources)
  const meant = nearest(resource ?? '', known)
  tell(
    path,
    'UNKNOWN_RESOURCE',
    `the connector "${connector}" has no resource "${resource ?? ''}"`,
    meant === undefined ? `one of ${known.join(', ')}${further(definition)}` : `${connector}/${meant}`,
  )
  return false
}

const further = ({ name, extend }: ConnectorDefinition): string =>
  extend === undefined ? '' : `; or describe it under "resources" in config/connectors/${name}.json`

/** The names of scales in a transform's options, wherever its schema says that one stands. */
export function scaleNames(options: unknown, schema: JsonSchema | undefined): readonly string[] {
  if (schema?.['scale'] === true) return typeof options === 'string' ? [options] : []
  const properties = (schema?.['properties'] ?? {}) as Record<string, JsonSchema>
  if (options === null || typeof options !== 'object') return []
  return Object.entries(options).flatMap(([name, value]) => scaleNames(value, properties[name]))
}
