#!/usr/bin/env node
/** The program `wasl`: brings the bundle up to date and runs it. Plain JavaScript, so that nothing is needed before. */
import module from 'node:module'
import { fileURLToPath } from 'node:url'

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
const { main } = await import(`${folder}/main.js`)
process.exitCode = await main(process.argv.slice(2), root)

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(3)
}
