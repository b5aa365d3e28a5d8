#!/usr/bin/env node
/** The program `wasl`: brings the bundle up to date and runs it. Plain JavaScript, so that nothing is needed before. */
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'
import vm from 'node:vm'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19))
  fail(`Wasl needs Node.js 20.19 or later; this is ${process.version}.`)

const root = fileURLToPath(new URL('..', import.meta.url))
const { bundled } = await import('./bundle.mjs')
let folder
try {
  folder = await bundled(root)
} catch (error) {
  const code = /** @type {{ code?: string }} */ (error).code
  if (code === 'ERR_MODULE_NOT_FOUND') fail('The packages are not installed yet: run npm ci first.')
  if (code === 'EACCES' || code === 'EROFS')
    fail(`The folder ${root}dist cannot be written; Wasl builds itself there.`)
  fail(`Wasl cannot be built: ${/** @type {Error} */ (error).message}`)
}
// Since Node 22: compiled code is kept beside the bundle, which halves the time to load it.
module.enableCompileCache?.(`${folder}/cache`)
keepSmall()
const { main } = await import(`${folder}/main.js`)
process.exitCode = await main(process.argv.slice(2), root)

/**
 * Loading leaves much that is never used again and teaches the heap to be large: together a quarter of what an idle
 * engine takes. So the young generation grows only after the start, and what was left is collected; compiled code
 * counts as unused after several collections, some 20 ms each. Under load the heap may grow by half of what is used before
 * it is collected, instead of several times that: a burst takes a fifth less, for no measurable time.
 */
function keepSmall() {
  v8.setFlagsFromString('--heap-growing-percent=50')
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  let collections = 0
  const timer = setInterval(() => {
    v8.setFlagsFromString('--semi-space-growth-factor=2')
    v8.setFlagsFromString('--expose-gc')
    vm.runInNewContext('gc')()
    if (++collections === 6) clearInterval(timer)
  }, 1500).unref()
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(3)
}
