/** Finds and checks the connectors: ours, those below WASL_HOME, and npm packages named in config/default.json. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildFailure, Message } from 'esbuild'
import { builtInConnectors } from './built-in.ts'
import { SetupError } from './errors.ts'
import type { ConnectorDefinition } from './plugin.ts'
import type { Settings } from './settings.ts'

interface Source {
  /** What a person knows it by: a folder or a package. */
  readonly from: string
  readonly load: () => Promise<unknown>
}

/**
 * Every connector, ours first. Those that are not ours may be TypeScript and import `wasl/plugin` and
 * `wasl/errors`; they are compiled into the data folder. Raises one SetupError `CONNECTORS` that lists every problem.
 */
export async function loadConnectors(
  settings: Pick<Settings, 'folders' | 'connectorPackages' | 'dataFolder'>,
): Promise<readonly ConnectorDefinition[]> {
  const sources: Source[] = builtInConnectors().map(([name, load]) => ({ from: `connectors/${name}`, load }))
  for (const folder of settings.folders.connectors.slice(1))
    for (const entry of entriesIn(folder))
      sources.push({ from: entry, load: () => compiled(entry, settings.dataFolder) })
  for (const name of settings.connectorPackages)
    sources.push({
      from: `the package ${name}`,
      load: () => compiled(packageEntry(name, settings), settings.dataFolder),
    })

  const found = new Map<string, { from: string; definition: ConnectorDefinition }>()
  const problems: string[] = []
  for (const { from, load } of sources) {
    try {
      const definition = checked(((await load()) as { default?: unknown }).default)
      const other = found.get(definition.name)
      if (other) problems.push(`${from}: the name "${definition.name}" is taken by ${other.from}`)
      else found.set(definition.name, { from, definition })
    } catch (error) {
      problems.push(`${from}: ${(error as Error).message}`)
    }
  }
  if (problems.length > 0) {
    throw new SetupError(
      'CONNECTORS',
      `connectors cannot be loaded:\n${problems.map(line => `  ${line}`).join('\n')}`,
      {
        at: 'connectors',
        hint: 'correct or remove them; a connector is a module whose default export is made by defineConnector',
      },
    )
  }
  return [...found.values()].map(({ definition }) => definition)
}

const ENTRIES = ['index.ts', 'index.mjs', 'index.js']

function entriesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(
      ({ name }) =>
        ENTRIES.map(file => join(folder, name, file)).find(existsSync) ?? join(folder, name, 'index.ts'),
    )
    .sort()
}

/** Packages are looked for beside the integrator's own files first, then beside ours. */
function packageEntry(name: string, settings: Pick<Settings, 'folders'>): string {
  for (const folder of settings.folders.connectors.toReversed()) {
    try {
      return createRequire(join(folder, 'x.js')).resolve(name)
    } catch (error) {
      if (
        !['MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'].includes(
          (error as NodeJS.ErrnoException).code ?? '',
        )
      )
        throw error
    }
  }
  throw new Error(`it is not installed; npm install ${name}`)
}

/**
 * One file of JavaScript with everything in it but the public door, which must be the engine's own: errors are
 * told apart by their class.
 */
async function compiled(entry: string, dataFolder: string): Promise<unknown> {
  if (!existsSync(entry)) throw new Error(`there is no ${ENTRIES.join(', ')} in it`)
  const { build } = await import('esbuild')
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const made = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    plugins: [
      {
        name: 'public-door',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^wasl\/(plugin|errors)$/ }, ({ path }) => ({
            path: new URL(`./${path.slice('wasl/'.length)}.${extension}`, import.meta.url).href,
            external: true,
          })),
      },
    ],
  }).catch((failure: BuildFailure) => {
    throw new Error(failure.errors.map(placed).join('; '), { cause: failure })
  })
  const { contents } = made.outputFiles[0]!
  const folder = join(dataFolder, 'connectors')
  const file = join(folder, `${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.mjs`)
  if (!existsSync(file)) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const draft = `${file}.${process.pid}`
    await writeFile(draft, contents, { mode: 0o600 })
    await rename(draft, file)
  }
  return import(pathToFileURL(file).href)
}

/** Where and why a file cannot be compiled; esbuild counts columns from 0. */
const placed = ({ text, location }: Message): string =>
  location ? `${basename(location.file)} line ${location.line}, column ${location.column + 1}: ${text}` : text

/** What a definition must have for the engine to rely on it; its settings' schema is checked when they are read. */
const PARTS: Readonly<Record<string, (part: unknown) => boolean>> = {
  name: part => typeof part === 'string' && /^[a-z][a-z0-9-]{0,31}$/.test(part),
  summary: part => typeof part === 'string' && part !== '',
  settings: isObject,
  resources: part => isObject(part) && Object.keys(part).length > 0,
  accepts: part => Array.isArray(part) && part.length > 0 && part.every(name => typeof name === 'string'),
  parse: part => typeof part === 'function',
  connect: part => typeof part === 'function',
}

function checked(value: unknown): ConnectorDefinition {
  if (!isObject(value)) throw new Error('its default export is no connector')
  const wrong = Object.entries(PARTS)
    .filter(([part, fits]) => !fits(value[part]))
    .map(([part]) => (part in value ? `"${part}" does not fit` : `"${part}" is missing`))
  if (wrong.length > 0) throw new Error(wrong.join(', '))
  return value as unknown as ConnectorDefinition
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
