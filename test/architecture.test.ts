import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import { codeOf, filesIn, type Import, importsOf, root } from './sources.ts'

/** Which parts of core a part may import, beside itself. `*`: all of core. `errors`, `log` and the types of `plugin` are open to all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ['commands', 'connectors', 'settings'],
  commands: ['*'],
  engine: ['*'],
  http: ['delivery', 'operations', 'pipeline', 'reasons', 'store', 'json', 'secrets'],
  alerts: ['http', 'operations', 'reasons', 'settings', 'store'],
  jobs: ['delivery', 'store'],
  delivery: ['crash', 'pipeline', 'stopping', 'store', 'json'],
  pipeline: ['json'],
  steps: ['pipeline'],
  store: ['secrets', 'json'],
  embedded: [],
  connectors: ['settings'],
  tenants: ['delivery', 'http', 'operations', 'pipeline', 'secrets', 'store'],
  'first-start': ['http', 'secrets', 'store', 'tenants'],
  'tenant-making': ['first-start', 'http', 'operations', 'secrets', 'tenants'],
  'tenant-pipelines': ['operations', 'pipeline', 'store'],
  demo: ['first-start', 'settings'],
  import: ['delivery', 'first-start', 'http', 'json', 'pipeline'],
  new: [],
  reload: ['pipeline', 'settings', 'watch'],
  watch: [],
  operations: ['delivery', 'json', 'pipeline', 'reasons', 'settings', 'store'],
  reasons: [],
  watchdog: [],
  registry: ['pipeline', 'steps'],
  settings: [],
  secrets: [],
  request: ['json'],
  json: [],
  plugin: [],
  log: [],
  errors: [],
  crash: [],
  stopping: [],
}
/** Parts of one file or a few, by the files' names. */
const PART_OF: Readonly<Record<string, string>> = {
  redact: 'log',
  'settings-check': 'settings',
  'json-reader': 'json',
  'request-errors': 'request',
  addresses: 'request',
  'built-in': 'connectors',
}
/** Where a package may be used; what is not named here may be used anywhere. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  '@hapi/hapi': ['http', 'connectors/'],
  joi: ['http'],
  '@hapi/boom': ['http', 'connectors/'],
  mongoose: ['store'],
  mongodb: ['store', 'jobs'],
  agenda: ['jobs'],
  '@agendajs/mongo-backend': ['jobs'],
  lmdb: ['embedded'],
  mingo: ['embedded'],
  bson: ['embedded', 'store', 'delivery'],
  winston: ['log'],
  'prom-client': ['operations'],
  axios: ['request'],
  esbuild: ['connectors'],
}
/** What a step must not reach: everything that is not a pure function. */
const IMPURE = /^node:(?!crypto$|util$|buffer$)/
/** Files that are programs: to run is what they are for. */
const PROGRAMS: ReadonlySet<string> = new Set(['core/store/embedded/process.ts'])

function partOf(file: string): string {
  const [top, first = '', second = ''] = file.split('/')
  if (top !== 'core') return `${top}/${first}`
  if (first === 'store' && second === 'embedded') return 'embedded'
  const name = first.replace(/\.ts$/, '')
  return PART_OF[name] ?? name
}

function allowed({ from, to }: Import): boolean {
  const [importer, imported] = [partOf(from), partOf(to)]
  if (importer === imported) return true
  if (importer.startsWith('connectors/')) return to === 'core/plugin.ts' || to === 'core/errors.ts'
  if (!to.startsWith('core/')) return false
  if (['errors', 'log', 'plugin'].includes(imported)) return importer !== 'embedded'
  const may = MAY_IMPORT[importer] ?? []
  if (importer === 'store' && imported === 'embedded') return true
  return may.includes('*') ? imported !== 'main' : may.includes(imported)
}

const shown = ({ from, to }: Import) => `${from} imports ${to}`

describe('architecture', () => {
  const sources = filesIn('core', 'connectors').filter(file => file.endsWith('.ts'))
  const core = sources.filter(file => file.startsWith('core/'))
  let imports: readonly Import[]
  let values: readonly Import[]
  const code = new Map<string, string>()

  before(async function () {
    this.timeout(30_000)
    imports = await importsOf(sources, true)
    values = await importsOf(sources, false)
    for (const file of sources) code.set(file, await codeOf(file))
  })

  it('finds every kind of import', () => {
    const has = (from: string, to: string) => imports.some(found => found.from === from && found.to === to)
    expect(has('core/log.ts', 'winston'), 'a package').to.equal(true)
    expect(has('core/secrets.ts', 'core/errors.ts'), 'a file').to.equal(true)
    expect(has('core/log.ts', 'core/plugin.ts'), 'types alone').to.equal(true)
    expect(has('core/connectors.ts', 'esbuild'), 'a dynamic import').to.equal(true)
  })

  it('every part of core is known to this test', () => {
    expect(core.map(partOf).filter(part => !(part in MAY_IMPORT))).to.deep.equal([])
  })

  it('imports go only in the directions of the design', () => {
    const local = imports.filter(({ to }) => /\.(ts|mjs|json)$/.test(to))
    expect(local.filter(found => !allowed(found)).map(shown)).to.deep.equal([])
  })

  it('each library is used where it belongs', () => {
    const wrong = imports.filter(({ from, to }) => {
      const places = ONLY_IN[to]
      return (
        places &&
        !places.some(
          place => partOf(from) === place || (place.endsWith('/') && partOf(from).startsWith(place)),
        )
      )
    })
    expect(wrong.map(shown)).to.deep.equal([])
  })

  it('steps are pure: no files, no network, no clock', () => {
    const steps = imports.filter(({ from, to }) => partOf(from) === 'steps' && IMPURE.test(to))
    expect(steps.map(shown)).to.deep.equal([])
    const clocks = core.filter(
      file => partOf(file) === 'steps' && /\bDate\.now\(|new Date\(\)|Math\.random\(/.test(code.get(file)!),
    )
    expect(clocks).to.deep.equal([])
  })

  it('no file imports in a circle', () => {
    const edges = new Map<string, string[]>()
    for (const { from, to } of values)
      if (to.endsWith('.ts')) edges.set(from, [...(edges.get(from) ?? []), to])
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      const at = path.indexOf(file)
      if (at >= 0) circles.push([...path.slice(at), file].join(' -> '))
      if (at >= 0 || done.has(file)) return
      for (const next of edges.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of sources) visit(file, [])
    expect(circles).to.deep.equal([])
  })

  it('core names no connector and no module', () => {
    const names = (folder: string) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
    const connectors = new RegExp(names('connectors').join('|'), 'i')
    const modules = names('pipelines')
      .filter(file => file.endsWith('.json') && !file.endsWith('.schema.json'))
      .map(file => basename(file, '.json'))
    const asText = new RegExp(`(['"\`])(${modules.join('|') || '(?!)'})s?\\1|BTEC_`)
    const named = core.filter(file => connectors.test(code.get(file)!) || asText.test(code.get(file)!))
    expect(named).to.deep.equal([])
  })

  it('only core/settings.ts reads the environment', () => {
    const readers = sources.filter(file =>
      /process\.env|import\.meta\.env|loadEnvFile|from ["'](node:)?process["']/.test(code.get(file)!),
    )
    expect(readers).to.deep.equal(['core/settings.ts'])
  })

  it('importing a file reaches nothing outside it, and no file keeps a state that changes', () => {
    const acting = sources
      .filter(file => !PROGRAMS.has(file))
      .flatMap(file => topLevelActs(code.get(file)!).map(line => `${file}: ${line}`))
    expect(acting).to.deep.equal([])
  })

  it('knows a file that acts when it is imported', () => {
    expect(
      topLevelActs(
        'const a = []\na.push(1)\nfor (const b of a) a[b] = 1\nexport const c = () => {\n  run()\n}',
      ),
    ).to.deep.equal([])
    expect(topLevelActs('process.on("exit", f)\nlet n = 0\nawait run()\nsetInterval(f, 1)')).to.have.length(4)
  })
})

/** Top-level statements that do more than declare, or fill what they have just declared. */
function topLevelActs(code: string): string[] {
  const own = new Set(
    [...code.matchAll(/^(?:export )?(?:const|class|function) (\w+)/gm)].map(([, name]) => name),
  )
  return code.split('\n').filter(line => {
    if (/^(import|export|const|class|function|async function|for \(|[\s})\]]|$)/.test(line))
      return /^export let /.test(line)
    const [, filled] = /^(\w+)(?:\.\w+\(|\[)/.exec(line) ?? []
    return filled === undefined || !own.has(filled)
  })
}

describe('the tree', () => {
  const own = filesIn('core', 'connectors', 'test').filter(file => !/(^|\/)(node_modules|dist)\//.test(file))

  it('has no file of more than 400 lines', () => {
    const long = own
      .filter(file => /\.(ts|mjs)$/.test(file))
      .map(file => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400)
    expect(long).to.deep.equal([])
  })

  it('has no name that says nothing', () => {
    expect(
      own.filter(file => /(^|\/)(utils?|helpers?|common|misc|managers?)(\.|\/)/.test(file)),
    ).to.deep.equal([])
  })

  it('has only the agreed entries at its top', () => {
    const agreed =
      /^(\..*|package(-lock)?\.json|tsconfig(\..*)?\.json|biome\.jsonc?|LICENSE|(CHANGELOG|README)\.md|core|connectors|pipelines|config|moodle-plugin|test)$/
    const made = new Set(['node_modules', 'dist', 'data', 'coverage'])
    expect(readdirSync(root).filter(name => !agreed.test(name) && !made.has(name))).to.deep.equal([])
  })

  it('locks packages without naming a registry', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
    const { packages } = JSON.parse(lock) as {
      packages: Record<string, { resolved?: string; integrity?: string }>
    }
    const installed = Object.entries(packages).filter(([path]) => path !== '')
    expect(installed.length).to.be.greaterThan(50)
    expect(
      installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
    ).to.deep.equal([])
    expect(
      installed.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
    ).to.deep.equal([])
    expect(lock).to.not.match(/https?:\/\/[^"]*(registry|npm)[^"]*\.tgz/)
  })

  it('has no focused or skipped test', () => {
    const tests = own.filter(file => file.endsWith('.test.ts') && file !== 'test/architecture.test.ts')
    const marked = tests.filter(file =>
      /\b(it|describe)\.(only|skip)\(|\bx(it|describe)\(/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(marked).to.deep.equal([])
  })
})
