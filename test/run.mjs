/** `npm test`: types, lint, then every suite. Arguments go to mocha: `npm test -- test/json.test.ts`, `npm test -- -g title`. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runLanes } from './lanes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = name => `${root}node_modules/.bin/${name}`

// What a person has set for their own engine must not reach the one under test.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(HOST|PORT|LOG_LEVEL|DEFAULT_TENANT_ID|NODE_ENV|(WASL|ZOHO|MOODLE)_.*)$/.test(name),
  ),
)

/** Runs a program and tells its exit code and what it printed. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        output += text
      })
    child.on('error', reject)
    child.on('close', code => resolve({ code: code ?? 1, output }))
  })
}

/** The store that the suites use, without the credentials in its address. */
function store() {
  const uri = env.MONGODB_URI
  if (!uri) return 'the embedded server'
  const hosts =
    /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(uri)?.[1] ?? 'an address that is no MongoDB URI'
  return `MongoDB at ${decodeURIComponent(hosts)} (MONGODB_URI)`
}

async function check(title, command, args) {
  const started = performance.now()
  const { code, output } = await run(command, args)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  process.stdout.write(code === 0 ? `  ✔ ${title} (${seconds} s)\n` : `  ✖ ${title}\n${output}\n`)
  return code === 0 ? [] : [title]
}

function mocha(lanes) {
  const colour = process.stdout.isTTY ? ['--color'] : []
  // Not through mocha's own program, which starts another process that would outlive it.
  const program = ['--import', 'tsx/esm', `${root}node_modules/mocha/lib/cli/cli.js`]
  return runLanes(
    process.execPath,
    lanes.map(args => [...program, ...colour, ...args]),
    { cwd: root, env },
  )
}

if (!existsSync(bin('mocha'))) {
  process.stderr.write('The packages are not installed yet: run npm ci first.\n')
  process.exit(1)
}
const own = process.argv.slice(2)
// The engine's tests mostly wait, and take as long as all the others: two processes do both in the time of one.
const e2e = 'test/e2e/**/*.test.ts'
const lanes = own.some(arg => arg.includes('test/'))
  ? [own]
  : [
      [e2e, ...own],
      ['--ignore', e2e, 'test/**/*.test.ts', ...own],
    ]
process.stdout.write(`Store: ${store()}\n\n`)
const failed = (
  await Promise.all([
    check('types', bin('tsc'), ['--noEmit', '-p', '.']),
    check('lint', bin('biome'), ['check', '--error-on-warnings', '.']),
  ])
).flat()
const code = await mocha(lanes)
if (failed.length > 0) process.stdout.write(`  ✖ ${failed.join(' and ')} failed, see above\n`)
process.exitCode = code !== 0 || failed.length > 0 ? 1 : 0
