/** Makes dist/<key> out of the sources with esbuild: imports alone cost over a second unbundled. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What is not bundled: native parts, or found at run time by its own package. */
const EXTERNAL = ['lmdb', 'msgpackr-extract', 'esbuild']
/** What the MongoDB driver asks for only where its options say so; we never do. */
const NEVER = [
  '@aws-sdk/credential-providers',
  '@mongodb-js/zstd',
  'gcp-metadata',
  'kerberos',
  'mongodb-client-encryption',
  'snappy',
  'socks',
]
const KEPT = 5

/**
 * The folder of the bundle that fits the sources as they are now; builds it where it is missing.
 * Any number of starts may do so at once: each builds aside, and the first to rename wins.
 * A folder is named by its sources, so that engines still running from an older one keep what they load later.
 * @param {string} root the folder of the clone
 * @returns {Promise<string>}
 */
export async function bundled(root) {
  const dist = join(root, 'dist')
  const folder = join(dist, sourceKey(root))
  if (existsSync(join(folder, 'main.js'))) return folder
  const draft = join(dist, `.${randomBytes(6).toString('hex')}`)
  mkdirSync(draft, { recursive: true })
  try {
    await build(root, draft)
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(join(folder, 'main.js'))) throw error
  }
  removeOld(dist)
  return folder
}

/**
 * Changes with any source file's path, size or time, and with the packages.
 * @param {string} root
 */
function sourceKey(root) {
  const hash = createHash('sha256')
  /** @param {string} path */
  const add = path => {
    const { mtimeMs, size } = statSync(join(root, path))
    hash.update(`${path}\0${mtimeMs}\0${size}\n`)
  }
  /** @param {string} folder */
  const walk = folder => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) walk(path)
      else if (/\.(ts|mjs|json)$/.test(entry.name)) add(path)
    }
  }
  add('package-lock.json')
  for (const folder of ['core', 'connectors']) if (existsSync(join(root, folder))) walk(folder)
  return hash.digest('hex').slice(0, 16)
}

/**
 * @param {string} root
 * @param {string} outdir
 * @param {{ crashPoints?: boolean }} [options] `crashPoints`: for tests; statements labelled CRASH stay
 */
export async function build(root, outdir, { crashPoints = false } = {}) {
  const esbuild = await import('esbuild')
  const entries = {
    main: 'core/main.ts',
    embedded: 'core/store/embedded/process.ts',
    plugin: 'core/plugin.ts',
    errors: 'core/errors.ts',
  }
  const present = Object.entries(entries).filter(([, path]) => existsSync(join(root, path)))
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(present),
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Some packages' `main` asks for its parts in a way that no bundler can follow; their `module` does not.
    mainFields: ['module', 'main'],
    sourcemap: true,
    sourcesContent: false,
    // One character beyond Latin-1, in a comment of some package, doubles what the source takes in memory.
    legalComments: 'none',
    dropLabels: crashPoints ? [] : ['CRASH'],
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    external: [...EXTERNAL, ...NEVER],
    // Bundled CommonJS packages ask for `require`, which an ES module does not have.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    plugins: [builtIn(root)],
    logLevel: 'silent',
  })
}

/**
 * core/built-in.ts finds our connectors by reading their folder; in a bundle the list is fixed instead.
 * @param {string} root
 * @returns {import('esbuild').Plugin}
 */
const builtIn = root => ({
  name: 'built-in-connectors',
  setup: build =>
    build.onLoad({ filter: /[\\/]core[\\/]built-in\.ts$/ }, () => {
      const names = connectorNames(root)
      const lines = names.map(
        name =>
          `  [${JSON.stringify(name)}, () => import(${JSON.stringify(`../connectors/${name}/index.ts`)})],`,
      )
      return {
        contents: `const list = [\n${lines.join('\n')}\n]\nexport const builtInConnectors = () => list\n`,
        loader: 'ts',
        resolveDir: join(root, 'core'),
      }
    }),
})

/** @param {string} root */
function connectorNames(root) {
  const folder = join(root, 'connectors')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => existsSync(join(folder, name, 'index.ts')))
    .sort()
}

/** The newest few stay: engines that still run may load parts of theirs later. @param {string} dist */
function removeOld(dist) {
  const folders = readdirSync(dist)
    .filter(name => /^[0-9a-f]{16}$/.test(name))
    .map(name => ({ path: join(dist, name), time: statSync(join(dist, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time)
  for (const { path } of folders.slice(KEPT)) rmSync(path, { recursive: true, force: true })
}
