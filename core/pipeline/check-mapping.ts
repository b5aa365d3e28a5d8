import type { Finding } from '../errors.ts'
import type { Json, PipelineFile } from '../plugin.ts'
import type { PipelineSet } from './compiled.ts'
import type { Mapping } from './configuration.ts'
import { unknownField } from './fields.ts'
import { nearest } from './nearest.ts'
import { holdsOf, type MappingFile, neededFor } from './overlay.ts'
import type { Registry } from './registered.ts'
import { shapesOf } from './shapes.ts'
import { storedSource } from './source.ts'

/** A college's mapping against its pipeline: known resources and fields, listed values, nothing needed switched off. */
export function checkMapping(
  { file, source }: Pick<Mapping, 'file' | 'source'>,
  pipeline: PipelineFile | undefined,
  modules: readonly string[],
): readonly Finding[] {
  if (pipeline === undefined)
    return [
      source.finding(
        ['module'],
        'UNKNOWN_MODULE',
        `there is no module "${file.module}"`,
        nearest(file.module, modules),
      ),
    ]
  const findings: Finding[] = []
  const { fields } = pipeline.record
  const flows = Object.values(pipeline.flows)
  const resources = new Set<string>([
    ...Object.keys(pipeline.record.identity),
    ...flows.map(flow => flow.from),
  ])
  for (const part of ['read', 'names'] as const)
    for (const resource of Object.keys(file[part] ?? {}))
      if (!resources.has(resource))
        findings.push(
          source.finding(
            [part, resource],
            'UNKNOWN_RESOURCE',
            `"${file.module}" has nothing to do with ${resource}`,
            nearest(resource, resources) ?? `one of ${[...resources].join(', ')}`,
          ),
        )
  const holds = Object.keys(holdsOf(pipeline))
  for (const name of Object.keys(file.holds ?? {}))
    if (!holds.includes(name))
      findings.push(
        source.finding(
          ['holds', name],
          'UNKNOWN_HOLD',
          `"${file.module}" has no hold "${name}"`,
          nearest(name, holds) ?? (holds.length === 0 ? undefined : `one of ${holds.join(', ')}`),
        ),
      )
  for (const [resource, rules] of Object.entries(file.read ?? {})) {
    const maps = flows
      .filter(flow => flow.from === resource)
      .flatMap(flow => flow.steps.filter(s => s.step === 'map'))
    if (maps.length === 0) continue
    for (const [field, rule] of Object.entries(rules)) {
      const path = ['read', resource, field]
      const add = (code: string, message: string, suggestion?: string, at: typeof path = path) =>
        findings.push(source.finding(at, code, message, suggestion))
      if (!Object.hasOwn(fields, field)) {
        const { code, message, suggestion } = unknownField(field, fields, path)
        add(code, message, suggestion)
        continue
      }
      if (!maps.some(step => Object.hasOwn((step['fields'] ?? {}) as object, field)))
        add('NEVER_MAPPED', `the pipeline does not read "${field}" from ${resource}`)
      const reason = rule === false ? neededFor(pipeline, resource, field) : undefined
      if (reason !== undefined) add('FIELD_NEEDED', `"${field}" cannot be switched off: ${reason}`)
      const listed = fields[field]?.enum
      if (listed === undefined || rule === false || typeof rule !== 'object' || Array.isArray(rule)) continue
      const { values = {}, default: otherwise } = rule as {
        values?: Record<string, unknown>
        default?: unknown
      }
      for (const [from, to] of [...Object.entries(values), ['', otherwise] as const])
        if (typeof to === 'string' && !listed.includes(to))
          add('NOT_LISTED', `"${to}" is none of ${listed.join(', ')}`, nearest(to, listed), [
            ...path,
            ...(from === '' ? ['default'] : ['values', from]),
          ])
    }
  }
  return findings
}

/** What is wrong with a mapping that somebody wants to save: the same findings as for a file, without lines. */
export function findMappingFaults(
  mapping: Json,
  set: PipelineSet,
  registry: Pick<Registry, 'steps' | 'transforms'>,
): readonly Finding[] {
  const source = storedSource('mapping', mapping)
  const shape = shapesOf(registry).mapping(source)
  if (shape.length > 0) return shape.map(({ finding }) => finding)
  const file = mapping as unknown as MappingFile
  const pipeline = set.modules.get(file.module)?.plain
  return checkMapping({ file, source }, pipeline, [...set.modules.keys()])
}
