/** Resources that only some colleges have: described in configuration, made by their connector. */
import type { Finding } from '../errors.ts'
import type { ConnectorConfig, ConnectorDefinition } from '../plugin.ts'
import type { Registry } from './registered.ts'
import { shapeCheck } from './shape.ts'
import type { Source } from './source.ts'

/** What is wrong with `"resources"` of a connector's configuration. */
export function checkResources(
  { connector, resources = {} }: ConnectorConfig,
  source: Source,
  registry: Pick<Registry, 'connector'>,
): readonly Finding[] {
  const definition = registry.connector(connector)
  const names = Object.keys(resources)
  if (names.length === 0 || definition === undefined) return []
  if (definition.extend === undefined) {
    const message = `the connector "${connector}" takes no further resources`
    return [source.finding(['resources'], 'NO_FURTHER_RESOURCES', message)]
  }
  const check = shapeCheck(definition.extend.schema)
  return names.flatMap(name => {
    const part: Source = {
      ...source,
      value: resources[name],
      finding: (path, ...rest) => source.finding(['resources', name, ...path], ...rest),
    }
    return check(part).map(({ finding }) => finding)
  })
}

/** The last registry that was made of each, so that the same configuration gives the same one. */
const extended = new WeakMap<Registry, { readonly key: string; readonly made: Registry }>()

/** The registry with the further resources of these configurations; the same object while they do not change. */
export function withResources(
  registry: Registry,
  configurations: ReadonlyMap<string, ConnectorConfig>,
): Registry {
  const further = [...configurations].flatMap(([name, { resources = {} }]) =>
    Object.keys(resources).length === 0 || registry.connector(name)?.extend === undefined
      ? []
      : [[name, resources] as const],
  )
  if (further.length === 0) return registry
  const key = JSON.stringify(further)
  const before = extended.get(registry)
  if (before?.key === key) return before.made
  const connectors = new Map(registry.connectors)
  for (const [name, resources] of further) {
    const { extend } = connectors.get(name) as ConnectorDefinition
    if (extend !== undefined) connectors.set(name, extend.with(resources))
  }
  const made = Object.freeze({ ...registry, ...lookUps(connectors) })
  extended.set(registry, { key, made })
  return made
}

/** What a registry says of connectors and their resources. */
export const lookUps = (
  connectors: ReadonlyMap<string, ConnectorDefinition>,
): Pick<Registry, 'connectors' | 'connector' | 'resource'> => ({
  connectors,
  connector: name => connectors.get(name),
  resource(name) {
    const slash = name.indexOf('/')
    const resources = connectors.get(name.slice(0, slash))?.resources
    const resource = name.slice(slash + 1)
    return resources !== undefined && Object.hasOwn(resources, resource) ? resources[resource] : undefined
  },
})
