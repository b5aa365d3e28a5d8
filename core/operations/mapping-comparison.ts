/** What two versions of a college's mapping make of a module. */
import type { CompiledPipeline } from '../pipeline/compiled.ts'
import type { MappingFile } from '../pipeline/overlay.ts'
import type { Json } from '../plugin.ts'
import { isSameRule, type MappingDesk, rulesOf, showMapping } from './mappings.ts'

/** One line of a flow, or one name of a remote's field, that two versions have differently. */
export interface MappingDifference {
  /** The flow of a line, the resource of a name. */
  readonly of: string
  readonly what: 'line' | 'name'
  readonly field: string
  /** `null`: this version has none. */
  readonly from: Json
  readonly to: Json
}

export interface MappingComparison {
  readonly module: string
  readonly from: number
  readonly to: number
  readonly differences: readonly MappingDifference[]
}

/**
 * What two versions of a mapping make of the module: 0 is the pipeline alone, 1 the college's file. Undefined: there is
 * no such module or version.
 * @param to default: the version that counts
 */
export async function compareMappings(
  desk: MappingDesk,
  module: string,
  from: number,
  to?: number,
): Promise<MappingComparison | undefined> {
  const current = await showMapping(desk, module)
  if (current === undefined) return undefined
  const until = to ?? current.version
  const [a, b] = [await versionOf(desk, module, from), await versionOf(desk, module, until)]
  if (a === undefined || b === undefined) return undefined
  const differences = [
    ...changedIn(a.lines, b.lines).map(each => ({ what: 'line' as const, ...each })),
    ...changedIn(a.names, b.names).map(each => ({ what: 'name' as const, ...each })),
  ]
  return { module, from, to: until, differences }
}

/** What a version says, by flow or resource and field. */
interface MappingContent {
  readonly lines: ReadonlyMap<string, Json>
  readonly names: ReadonlyMap<string, Json>
}

async function versionOf(
  desk: MappingDesk,
  module: string,
  version: number,
): Promise<MappingContent | undefined> {
  if (version > 1) {
    const saved = await desk.store.mappings.one(desk.tenant.id, module, version)
    if (saved === null) return undefined
    const mapping = saved.mapping as unknown as MappingFile
    return contentOf((await desk.rehearsed(module, { version, mapping })).modules.get(module), mapping)
  }
  const pipeline = (await desk.rehearsed(module, undefined)).modules.get(module)
  if (version === 1) return pipeline?.mapping && contentOf(pipeline, pipeline.mapping as MappingFile)
  return pipeline && contentOf({ file: pipeline.plain }, { module })
}

function contentOf(
  pipeline: Pick<CompiledPipeline, 'file'> | undefined,
  { names = {} }: MappingFile,
): MappingContent | undefined {
  if (pipeline === undefined) return undefined
  const { file } = pipeline
  const lines = Object.keys(file.flows).flatMap(flow =>
    Object.entries(rulesOf(file, flow)).map(([field, rule]) => [`${flow} ${field}`, rule] as const),
  )
  const all = Object.entries(names).flatMap(([resource, given]) =>
    Object.entries(given).map(([name, own]) => [`${resource} ${name}`, own] as const),
  )
  return { lines: new Map(lines), names: new Map(all) }
}

function changedIn(a: ReadonlyMap<string, Json>, b: ReadonlyMap<string, Json>) {
  return [...new Set([...a.keys(), ...b.keys()])].flatMap(key => {
    const [from, to] = [a.get(key) ?? null, b.get(key) ?? null]
    if (from === to || (from !== null && to !== null && isSameRule(from, to))) return []
    const space = key.indexOf(' ')
    return [{ of: key.slice(0, space), field: key.slice(space + 1), from, to }]
  })
}
