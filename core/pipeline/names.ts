import type { PipelineFile, ResourceName } from '../plugin.ts'
import type { CompiledPipeline, PipelineSet } from './compiled.ts'
import type { Registry } from './registered.ts'
import { connectorOf } from './run.ts'

/** The plural as a route writes it: students, classes, categories. */
export function plural(name: string): string {
  if (/(?:s|x|ch|sh)$/.test(name)) return `${name}es`
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`
}

const plain = (name: string): string => name.toLowerCase().replaceAll('-', '_')

const resourcesOf = (file: PipelineFile): readonly ResourceName[] => [
  ...new Set([
    ...Object.values(file.flows).map(flow => flow.from),
    ...(Object.keys(file.record.identity) as ResourceName[]),
  ]),
]

/** Route names: what a module and its resources are called by those who send. The first that claims a name has it. */
export function routeNames(
  modules: ReadonlyMap<string, PipelineFile>,
  registry: Pick<Registry, 'resource'>,
): Pick<PipelineSet, 'moduleOf' | 'resourceOf'> {
  const byName = new Map<string, string>()
  const resources = new Map<string, string>()
  const claim = (map: Map<string, string>, name: string, value: string) => {
    if (!map.has(plain(name))) map.set(plain(name), value)
  }
  const files = [...modules.values()]
  for (const { module } of files) for (const name of [module, plural(module)]) claim(byName, name, module)
  for (const file of files)
    for (const resource of resourcesOf(file)) {
      const connector = connectorOf(resource)
      const bare = resource.slice(connector.length + 1)
      const names = [bare, ...(registry.resource(resource)?.aliases ?? []), plural(bare)]
      for (const name of names) {
        claim(byName, name, file.module)
        claim(resources, `${connector}/${name}`, bare)
      }
    }
  for (const file of files)
    for (const resource of resourcesOf(file)) {
      const connector = connectorOf(resource)
      for (const name of [file.module, plural(file.module)])
        claim(resources, `${connector}/${name}`, resource.slice(connector.length + 1))
    }
  return {
    moduleOf: name => byName.get(plain(name)),
    resourceOf: (connector, name) => resources.get(plain(`${connector}/${name}`)),
  }
}

/** The flow for an event: that of its record's module, else the first whose `when` fits. */
export function chooser(
  pipelines: ReadonlyMap<string, CompiledPipeline>,
  registry: Pick<Registry, 'resource'>,
): PipelineSet['choose'] {
  type Candidate = { pipeline: CompiledPipeline; flow: CompiledPipeline['flows'][number] }
  const byResource = new Map<string, Candidate[]>()
  for (const pipeline of pipelines.values())
    for (const flow of pipeline.flows) {
      const list = byResource.get(flow.from) ?? []
      list.push({ pipeline, flow })
      byResource.set(flow.from, list)
    }
  return (resource, payload, module) => {
    const all = byResource.get(resource)
    if (all === undefined) return undefined
    const candidates = module === undefined ? all : all.filter(({ pipeline }) => pipeline.module === module)
    const fitting = payload === undefined ? candidates[0] : candidates.find(({ flow }) => flow.fits(payload))
    if (fitting !== undefined) return fitting
    if (module !== undefined) return candidates[0]
    const reason = payload === undefined ? undefined : registry.resource(resource)?.noFlowReason?.(payload)
    return { skip: reason ?? 'not_for_this_flow' }
  }
}
