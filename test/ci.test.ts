import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const script = fileURLToPath(new URL('../.ci/run', import.meta.url))

/** Runs `.ci/run` where npm ends as told, and gives its last line and its exit code. */
function ciRun(npm: { install?: number; output: string; test: number; bench?: number }): {
  last: string
  code: number | null
} {
  const folder = mkdtempSync(join(tmpdir(), 'wasl-ci-'))
  try {
    mkdirSync(join(folder, '.ci'))
    mkdirSync(join(folder, 'bin'))
    cpSync(script, join(folder, '.ci/run'))
    writeFileSync(join(folder, 'output'), npm.output)
    const program = `#!/bin/sh\ncase $1 in ci) exit ${npm.install ?? 0};; run) exit ${npm.bench ?? 0};; esac\ncat '${folder}/output'\nexit ${npm.test}\n`
    writeFileSync(join(folder, 'bin/npm'), program)
    chmodSync(join(folder, 'bin/npm'), 0o755)
    const { stdout, status } = spawnSync(join(folder, '.ci/run'), {
      encoding: 'utf8',
      env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
    })
    return { last: stdout.trimEnd().split('\n').at(-1)!, code: status }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const good = '  ✔ types (3.0 s)\n  ✔ lint (1.0 s)\n\n    ✔ is fine\n\n  12 passing (3s)\n'

describe('.ci/run', () => {
  const cases: readonly (readonly [string, Parameters<typeof ciRun>[0], string, number])[] = [
    [
      'counts what passed, types, lint and the benchmark among it',
      { output: good, test: 0 },
      '15 passed, 0 failed',
      0,
    ],
    [
      'counts tests that failed',
      { output: good.replace('(3s)', '(3s)\n  5 pending\n  2 failing'), test: 1 },
      '15 passed, 2 failed',
      1,
    ],
    [
      'counts types and lint that failed',
      { output: good.replace('✔ types (3.0 s)', '✖ types').replace('✔ lint (1.0 s)', '✖ lint'), test: 1 },
      '13 passed, 2 failed',
      1,
    ],
    [
      'counts something that a test left open',
      { output: `${good}\n  ✖ nothing left open: a test has left a server open\n`, test: 1 },
      '15 passed, 1 failed',
      1,
    ],
    [
      'fails when no summary came',
      { output: '  ✔ types (3.0 s)\nSyntaxError\n', test: 1 },
      '2 passed, 1 failed',
      1,
    ],
    [
      'fails when the tests ended badly for no reason that is told',
      { output: good, test: 7 },
      '15 passed, 1 failed',
      1,
    ],
    ['fails when the benchmark fails', { output: good, test: 0, bench: 1 }, '14 passed, 1 failed', 1],
    [
      'fails when the packages cannot be installed',
      { install: 1, output: good, test: 0 },
      '0 passed, 1 failed',
      1,
    ],
    [
      'is not misled by colours, nor by what a suite prints',
      {
        output: `  99 passing of another program\n  3 passing (1s)\n${good.replace('  12 passing', '\u001b[92m  12 passing\u001b[0m')}`,
        test: 0,
      },
      '15 passed, 0 failed',
      0,
    ],
  ]
  for (const [title, npm, last, code] of cases)
    it(title, () => {
      expect(ciRun(npm)).to.deep.equal({ last, code })
    })
})
