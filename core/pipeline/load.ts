import type { Finding } from '../errors.ts'
import type { ConnectorConfig, PipelineFile, ResourceName, Scale } from '../plugin.ts'
import { checkMeaning } from './check.ts'
import { checkMapping } from './check-mapping.ts'
import { compile, RETRY_HOURS } from './compile.ts'
import type { CompiledPipeline, PipelineSet } from './compiled.ts'
import { type Configuration, readConfiguration, type SavedMapping } from './configuration.ts'
import { dependencyCycles } from './cycles.ts'
import { withResources } from './further.ts'
import type { Known } from './known.ts'
import { chooser, routeNames } from './names.ts'
import { applyNames } from './overlay.ts'
import { completed, pruned } from './prune.ts'
import { type ReadFile, readFolders } from './read.ts'
import type { Registry } from './registered.ts'
import type { ShapeCheck } from './shape.ts'
import { shapesOf } from './shapes.ts'
import type { Path, Source } from './source.ts'

export interface LoadOptions {
  /** Absolute, ours first. */
  readonly folders: { readonly pipelines: readonly string[]; readonly config: readonly string[] }
  readonly registry: Registry
  /** Whose mappings and scales count; absent: none. */
  readonly tenant?: string
  /** Mappings that were saved, by module: they count before the files. */
  readonly mappings?: Readonly<Record<string, SavedMapping>>
  /** Module -> file name, where several files describe one module. Default: `pipelines` of config/default.json. */
  readonly only?: Readonly<Record<string, string>>
  /** Scales by which grades were given before; default: those of `previous`. */
  readonly running?: ReadonlyMap<string, Scale>
  /** What ran before: a module whose file has become wrong goes on as it was. */
  readonly previous?: PipelineSet
}

/** A pipeline file on its way: with positions, and without what is misshapen. */
interface Draft {
  readonly source: Source
  readonly file: PipelineFile
  readonly spoilt: readonly Path[]
  readonly findings: Finding[]
}

const byPlace = (a: Finding, b: Finding): number =>
  a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column

function draftOf({ source, findings }: ReadFile, check: ShapeCheck): Draft | undefined {
  if (source.value === undefined) return undefined
  const shape = check(source)
  const spoilt = shape.filter(({ keyword }) => keyword === 'required').map(({ path }) => path)
  // A step's misspelt name stays, so that the step is not missing as well.
  const bad = shape
    .filter(({ keyword, finding }) => keyword !== 'required' && finding.code !== 'UNKNOWN_STEP')
    .map(({ path }) => path)
  const file = completed(pruned(source.value, bad)) as PipelineFile
  return { source, file, spoilt, findings: [...findings, ...shape.map(({ finding }) => finding)] }
}

const isReadable = ({ file }: Draft): boolean =>
  typeof file === 'object' &&
  file !== null &&
  typeof file.module === 'string' &&
  typeof file.record === 'object' &&
  typeof file.record?.fields === 'object'

/** Which draft describes each module; a second one that was not chosen is a finding. */
function chosen(
  drafts: readonly Draft[],
  names: ReadonlyMap<Draft, string>,
  choice: Readonly<Record<string, string>>,
) {
  const modules = new Map<string, Draft>()
  for (const draft of drafts) {
    const { module } = draft.file
    const wanted = choice[module]
    const name = names.get(draft)
    if (wanted !== undefined && wanted !== name) continue
    const first = modules.get(module)
    if (first === undefined) modules.set(module, draft)
    else
      draft.findings.push(
        draft.source.finding(
          ['module'],
          'MODULE_TWICE',
          `${first.source.file} describes "${module}" already`,
          `say which one counts: "pipelines": { "${module}": "${name}" } in config/default.json`,
        ),
      )
  }
  return modules
}

function partsFor(module: string, registry: Registry, configuration: Configuration) {
  const mapping = configuration.mappings.get(module)?.file
  const named = new Map<string, ConnectorConfig>()
  for (const [name, config] of configuration.connectors)
    named.set(name, mapping === undefined ? config : applyNames(config, mapping))
  return {
    registry,
    connectorConfig: (connector: string) => named.get(connector),
    scale: (name: string) => configuration.scales.get(name),
  }
}

/**
 * Reads, checks and compiles every pipeline file. A file with findings does not run (its module goes on as it was
 * in `previous`), and stops no other. Raises only what the file system raises.
 */
export async function loadPipelines(options: LoadOptions): Promise<PipelineSet> {
  const { folders, tenant, previous } = options
  const files = await readFolders(folders.pipelines)
  const configuration = await readConfiguration({
    folders: folders.config,
    registry: options.registry,
    tenant,
    saved: options.mappings,
    running: options.running ?? previous?.scales,
  })
  const registry =
    configuration.connectorsRead || previous === undefined
      ? withResources(options.registry, configuration.connectors)
      : previous.registry
  const check = shapesOf(options.registry).pipeline
  const findings: Finding[] = [...configuration.findings]
  const names = new Map<Draft, string>()
  const unreadable = new Set<string>()
  for (const file of files) {
    const draft = draftOf(file, check)
    if (draft !== undefined) names.set(draft, file.name)
    if (draft === undefined || !isReadable(draft)) {
      findings.push(...(draft?.findings ?? file.findings))
      unreadable.add(file.name)
    }
  }
  const drafts = [...names.keys()].filter(isReadable)
  const running = chosen(drafts, names, options.only ?? configuration.choice)
  const modules = new Map([...running].map(([module, draft]) => [module, draft.file]))
  const known: Omit<Known, 'connectorConfig'> = {
    registry,
    modules,
    unreadable,
    scale: name => configuration.scales.get(name),
    scales: configuration.scales.keys(),
  }
  const connectorConfig = (name: string) => configuration.connectors.get(name)
  // A variant that was not chosen is looked at for its shape only: what it refers to is not loaded either.
  for (const { source, file, spoilt, findings: own } of running.values())
    own.push(...checkMeaning(source, file, spoilt, { ...known, connectorConfig }))
  for (const { module, path, message } of dependencyCycles(modules)) {
    const draft = running.get(module) as Draft
    draft.findings.push(draft.source.finding(path, 'DEPENDENCY_CYCLE', message))
  }
  for (const [module, mapping] of configuration.mappings)
    findings.push(...checkMapping(mapping, running.get(module)?.file, [...modules.keys()]))

  const pipelines = new Map<string, CompiledPipeline>()
  for (const draft of drafts) findings.push(...draft.findings)
  for (const [module, draft] of running) {
    const mapping = configuration.mappings.get(module)
    const wrong = draft.findings.length > 0 || findings.some(({ file }) => file === mapping?.source.file)
    const before = previous?.modules.get(module)
    if (wrong && before !== undefined) pipelines.set(module, before)
    if (wrong) continue
    pipelines.set(
      module,
      compile(draft.file, { ...partsFor(module, registry, configuration), modules, tenant }, mapping),
    )
  }
  for (const name of unreadable) {
    const before = previous?.modules.get(name)
    if (before !== undefined && !pipelines.has(name)) pipelines.set(name, before)
  }
  return Object.freeze({
    modules: pipelines,
    ...routeNames(new Map([...pipelines].map(([module, { file }]) => [module, file])), registry),
    choose: chooser(pipelines, registry),
    scales: configuration.scales,
    retryMs: (resource: ResourceName) => longestRetry(pipelines.values(), resource),
    findings: findings.sort(byPlace),
    registry,
  })
}

/** Who reads waits as long as any that takes from there. */
function longestRetry(pipelines: Iterable<CompiledPipeline>, resource: string): number {
  const taking = [...pipelines].filter(({ flows }) => flows.some(({ from }) => from === resource))
  return Math.max(0, ...taking.map(({ retryMs }) => retryMs)) || RETRY_HOURS * 3_600_000
}
