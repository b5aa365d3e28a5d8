/**
 * `npm run test:moodle`: the connector's contract tests and the flows' Moodle half against a real Moodle, the very
 * files that `npm test` runs against the sandbox. Arguments go to mocha.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { MOODLE_URL, MOODLE_TOKEN, MOODLE_ADMIN_TOKEN } = process.env
const missing = Object.entries({ MOODLE_URL, MOODLE_TOKEN })
  .filter(([, value]) => !value)
  .map(([name]) => name)

const refuse = sentence => {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}
if (missing.length > 0)
  refuse(
    `Set ${missing.join(' and ')}: the address of a Moodle that may be written to, and the token of a service with the functions of connectors/moodle/README.md. Never a college's own site.`,
  )
if (!/^https?:\/\/\S+$/.test(MOODLE_URL)) refuse(`MOODLE_URL is no address: ${MOODLE_URL}`)

const url = MOODLE_URL.replace(/\/+$/, '')
process.stdout.write(
  `Moodle: ${url}\nThis site is written to: users, courses, categories, cohorts and groups. `,
)
process.stdout.write(
  MOODLE_ADMIN_TOKEN
    ? 'What the tests made is deleted again.\n'
    : 'Without MOODLE_ADMIN_TOKEN nothing can be deleted: users are left suspended, courses hidden, cohorts and categories as they are (their idnumber begins with "w"), and tests of deleted objects are skipped.\n',
)

// The tests read this name only, so that a setting of somebody's own engine leads none of them to a college.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(WASL|ZOHO|MOODLE)_/.test(name)),
)
env.WASL_TEST_MOODLE = JSON.stringify({
  url,
  token: MOODLE_TOKEN,
  ...(MOODLE_ADMIN_TOKEN ? { adminToken: MOODLE_ADMIN_TOKEN } : {}),
})
const own = process.argv.slice(2)
const files = own.some(argument => argument.includes('test/'))
  ? []
  : [
      ...['contract', 'users', 'enrollments', 'structure', 'grades'].map(
        name => `test/connectors/moodle/${name}.test.ts`,
      ),
      'test/e2e/moodle.test.ts',
    ]
const program = ['--import', 'tsx/esm', `${root}node_modules/mocha/lib/cli/cli.js`]
const child = spawn(process.execPath, [...program, '--timeout', '120000', ...own, ...files], {
  cwd: root,
  env,
  stdio: 'inherit',
})
child.on('close', code => {
  process.exitCode = code ?? 1
})
