import type { Finding } from '../errors.ts'
import type { ConnectorConfig, Json, Scale } from '../plugin.ts'
import { canonical } from './canonical.ts'
import { checkResources } from './further.ts'
import type { MappingFile } from './overlay.ts'
import { readFolders } from './read.ts'
import type { Registry } from './registered.ts'
import type { ShapeCheck } from './shape.ts'
import { type Shapes, shapesOf } from './shapes.ts'
import { type Source, storedSource } from './source.ts'

/** A mapping that an admin has saved, as the store keeps it. */
export interface SavedMapping {
  readonly version: number
  readonly mapping: MappingFile
}

export interface Mapping {
  readonly file: MappingFile
  readonly version: number
  readonly source: Source
}

/** What stands in `config/` for one college. */
export interface Configuration {
  readonly connectors: ReadonlyMap<string, ConnectorConfig>
  readonly scales: ReadonlyMap<string, Scale>
  readonly mappings: ReadonlyMap<string, Mapping>
  /** False: a file about a connector is wrong and left out. */
  readonly connectorsRead: boolean
  /** Module -> the file that describes it, where several do. */
  readonly choice: Readonly<Record<string, string>>
  readonly findings: readonly Finding[]
}

async function readAll<T>(
  folders: readonly string[],
  sub: string,
  check: ShapeCheck,
  keyOf: (file: T, name: string) => string,
  findings: Finding[],
): Promise<Map<string, { file: T; source: Source }>> {
  const all = new Map<string, { file: T; source: Source }>()
  for (const { name, source, findings: broken } of await readFolders(folders, sub)) {
    const wrong = broken.length > 0 ? broken : check(source).map(({ finding }) => finding)
    findings.push(...wrong)
    if (wrong.length > 0) continue
    const file = source.value as T
    const key = keyOf(file, name)
    if (key !== name)
      findings.push(
        source.finding([], 'FILE_NAME', `this is about "${key}", so the file must be called ${key}.json`),
      )
    else all.set(key, { file, source })
  }
  return all
}

const asJson = (scale: Scale): Json => scale as unknown as Json

function checkScale(scale: Scale, source: Source): Finding[] {
  const findings: Finding[] = []
  for (const [index, band] of scale.bands.entries()) {
    const above = scale.bands[index - 1]
    if (above !== undefined && above.from <= band.from)
      findings.push(
        source.finding(
          ['bands', index],
          'SCALE_ORDER',
          `"${band.grade}" must begin below "${above.grade}": highest first`,
        ),
      )
  }
  const lowest = scale.bands[scale.bands.length - 1]
  if (lowest !== undefined && lowest.from !== 0)
    findings.push(
      source.finding(
        ['bands', scale.bands.length - 1, 'from'],
        'SCALE_GAP',
        'the lowest band must begin at 0',
      ),
    )
  return findings
}

/** Reads `config/`; what is wrong is told and left out. A tenant's own folder of scales counts before the common one. */
export async function readConfiguration(options: {
  folders: readonly string[]
  registry: Pick<Registry, 'steps' | 'transforms' | 'connector'>
  tenant?: string | undefined
  saved?: Readonly<Record<string, SavedMapping>> | undefined
  /** Scales that run: one that was changed counts only under a version of its own. */
  running?: ReadonlyMap<string, Scale> | undefined
}): Promise<Configuration> {
  const { folders, registry, saved = {} } = options
  // A name that is no name of a folder has none.
  const tenant = /^[A-Za-z0-9][\w-]*$/.test(options.tenant ?? '') ? options.tenant : undefined
  const findings: Finding[] = []
  const shapes = shapesOf(registry)
  const connectors = await readAll<ConnectorConfig>(
    folders,
    'connectors',
    shapes.connector,
    file => file.connector,
    findings,
  )
  for (const [name, { file, source }] of connectors) {
    const wrong = checkResources(file, source, registry)
    if (wrong.length === 0) continue
    findings.push(...wrong)
    // Its marks still count.
    const { resources: _, ...rest } = file
    connectors.set(name, { file: rest, source })
  }
  const connectorsRead = findings.length === 0
  const scales = new Map<string, Scale>()
  for (const sub of tenant === undefined ? ['scales'] : ['scales', `scales/${tenant}`])
    for (const [name, { file, source }] of await readAll<Scale>(
      folders,
      sub,
      shapes.scale,
      one => one.scale,
      findings,
    )) {
      const wrong = checkScale(file, source)
      const before = options.running?.get(name)
      const unsaid = before?.version === file.version && canonical(asJson(before)) !== canonical(asJson(file))
      if (unsaid)
        wrong.push(
          source.finding(
            ['version'],
            'SCALE_VERSION',
            `"${name}" was changed, but is version ${file.version} still: grades go on by what it was`,
            `"version": ${file.version + 1}`,
          ),
        )
      findings.push(...wrong)
      if (wrong.length === 0) scales.set(name, file)
      else if (before !== undefined) scales.set(name, before)
    }
  const mappings = await readMappings(folders, tenant, saved, shapes, findings)
  return {
    connectors: new Map([...connectors].map(([name, { file }]) => [name, file])),
    connectorsRead,
    scales,
    mappings,
    choice: await readChoice(folders),
    findings,
  }
}

async function readMappings(
  folders: readonly string[],
  tenant: string | undefined,
  saved: Readonly<Record<string, SavedMapping>>,
  shapes: Shapes,
  findings: Finding[],
): Promise<ReadonlyMap<string, Mapping>> {
  const mappings = new Map<string, Mapping>()
  if (tenant === undefined) return mappings
  const files = await readAll<MappingFile>(
    folders,
    `mappings/${tenant}`,
    shapes.mapping,
    file => file.module,
    findings,
  )
  for (const [module, { file, source }] of files) mappings.set(module, { file, source, version: 1 })
  for (const [module, { version, mapping }] of Object.entries(saved)) {
    const source = storedSource(`mapping ${tenant}/${module}, version ${version}`, mapping)
    const wrong = shapes.mapping(source).map(({ finding }) => finding)
    findings.push(...wrong)
    if (wrong.length === 0) mappings.set(module, { file: mapping, source, version })
  }
  return mappings
}

/** `"pipelines"` of config/default.json; that file's own shape is checked by the settings. */
async function readChoice(folders: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const choice: Record<string, string> = {}
  for (const folder of folders)
    for (const { name, source } of await readFolders([folder]))
      if (name === 'default')
        Object.assign(choice, (source.value as { pipelines?: object } | undefined)?.pipelines)
  return choice
}
