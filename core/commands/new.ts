/** `wasl new module|connector <name>`: files that work as they stand, to be made one's own. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { applyEdits, modify } from 'jsonc-parser'
import { SetupError } from '../errors.ts'
import { connectorFiles, surroundings } from '../new/connector.ts'
import { isThere, type NewFiles, type Place, pascal, writeNew } from '../new/files.ts'
import { laidOut } from '../new/layout.ts'
import { moduleFiles } from '../new/module.ts'
import { loadPipelines } from '../pipeline/load.ts'
import type { ConnectorConfig } from '../plugin.ts'
import { createRegistry } from '../registry.ts'
import { checkAll, findingText } from './check.ts'
import type { CommandContext } from './context.ts'
import { painter, readArguments, UsageError } from './pipeline-context.ts'
import { caseText, testCases } from './test.ts'

const USAGE = 'new module <name> [--from <connector>/<resource>] [--tenant <id>] | new connector <name>'
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/** 0: written, and what was written passes; 1: written, but something is still to be mended. */
export async function create(context: CommandContext, args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    { from: { type: 'string' }, tenant: { type: 'string' } },
    { usage: USAGE, least: 2, most: 2 },
  )
  const [kind, name] = positionals as [string, string]
  if (!NAME.test(name) || name.length > 32)
    throw new UsageError(`"${name}" is no name: lower-case letters, digits and single dashes, at most 32.`)
  const { root, settings } = context
  const place: Place = { root, base: settings.home ?? root }
  if (kind === 'module') return newModule(context, place, name, values)
  if (kind === 'connector') return newConnector(context, place, name)
  throw new UsageError(`There is nothing new called "${kind}".\nUsage: wasl ${USAGE}`)
}

async function newModule(
  context: CommandContext,
  place: Place,
  name: string,
  { from, tenant }: { from?: string | undefined; tenant?: string | undefined },
): Promise<number> {
  const { folders, connectors, settings, print } = context
  const registry = createRegistry({ connectors })
  const set = await loadPipelines({ folders, registry })
  if (set.modules.has(name))
    throw new SetupError('MODULE_THERE', `There is a module "${name}" already.`, {
      at: name,
      hint: 'Choose another name, or change its file.',
    })
  const [connector = '', resource = pascal(name)] = (from ?? settings.syncConnector ?? '').split('/', 2)
  const definition = set.registry.connector(connector)
  if (definition === undefined)
    throw new SetupError('UNKNOWN_CONNECTOR', `There is no connector "${connector}".`, {
      at: '--from',
      hint: `Give --from <connector>/<resource>, with one of: ${[...registry.connectors.keys()].join(', ')}.`,
    })
  const files = new Map(
    moduleFiles({ name, tenant: tenant ?? settings.defaultTenant, connector, resource }, place),
  )
  const known = set.registry.resource(`${connector}/${resource}`) !== undefined
  if (!known && definition.extend === undefined)
    throw new SetupError('UNKNOWN_RESOURCE', `The connector "${connector}" has no resource "${resource}".`, {
      at: '--from',
      hint: `Give one of: ${Object.keys(definition.resources).join(', ')}.`,
    })
  await writeNew(files, place)
  if (!known) print(`Described: ${await describe(context, place, connector, resource, name)}`)
  for (const path of files.keys()) print(`Written: ${join(place.base, path)}`)
  return judge(context, place, files)
}

/** A resource that only this college has is named in its connector's configuration. */
async function describe(
  { folders }: CommandContext,
  { base }: Place,
  connector: string,
  resource: string,
  name: string,
): Promise<string> {
  const path = `config/connectors/${connector}.json`
  let before = laidOut({ connector } satisfies ConnectorConfig)
  // The nearest file counts as a whole, so that the marks of one further away must be in it too.
  for (const folder of folders.config) {
    const file = join(folder, 'connectors', `${connector}.json`)
    if (await isThere(file)) before = await readFile(file, 'utf8')
  }
  // Only what is new is written: the lines that somebody wrote stay as they are.
  const described = { summary: `${resource}.`, aliases: [name] }
  const formattingOptions = { insertSpaces: true, tabSize: 2 }
  const edits = modify(before, ['resources', resource], described, { formattingOptions })
  const content = applyEdits(before, edits)
  await mkdir(join(base, 'config', 'connectors'), { recursive: true })
  await writeFile(join(base, path), content)
  return join(base, path)
}

/** Checks everything and runs the new cases, as `wasl check` and `wasl test` do. */
async function judge(context: CommandContext, { base }: Place, files: NewFiles): Promise<number> {
  const { folders, connectors, print, color } = context
  const registry = createRegistry({ connectors })
  const paint = painter(color)
  const { findings } = await checkAll({ folders, registry })
  for (const finding of findings) print(findingText(finding, paint))
  const cases = [...files.keys()].filter(path => path.endsWith('.cases.json'))
  const reports = await testCases(
    { folders, registry },
    cases.map(path => join(base, path)),
  )
  const results = reports.flatMap(report => report.results)
  for (const finding of reports.flatMap(report => report.findings)) print(findingText(finding, paint))
  const failed = results.filter(({ ok }) => !ok)
  for (const result of failed) print(caseText(result, paint))
  const well = findings.length === 0 && failed.length === 0 && results.length > 0
  print(
    well
      ? `Checked: nothing is wrong, and ${results.length} cases pass. An engine that runs takes it up by itself.`
      : 'Mend what is said above, then run wasl check and wasl test.',
  )
  return well ? 0 : 1
}

async function newConnector(
  { connectors, print }: CommandContext,
  place: Place,
  name: string,
): Promise<number> {
  if (connectors.some(connector => connector.name === name))
    throw new SetupError('CONNECTOR_THERE', `There is a connector "${name}" already.`, {
      at: name,
      hint: 'Choose another name.',
    })
  const files = new Map(await connectorFiles(name, place))
  // For all connectors that are kept there; a person may have changed them.
  if (place.base !== place.root)
    for (const [path, content] of surroundings(place.root))
      if (!(await isThere(join(place.base, path)))) files.set(path, content)
  await writeNew(files, place)
  for (const path of files.keys()) print(`Written: ${join(place.base, path)}`)
  if (place.base === place.root)
    print('npx biome check --write connectors test sets its lines as the others are.')
  print(
    `connectors/${name}/README.md says what to do with it. A connector is code: restart Wasl to take it up.`,
  )
  return 0
}
