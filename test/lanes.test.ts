import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

const lanes = new URL('./lanes.mjs', import.meta.url).href

/** Runs programs side by side as `npm test` runs mocha, and gives what a person sees and the exit code. */
function run(programs: readonly string[], leftOpenMs = 5_000): { lines: string[]; code: number | null } {
  const each = JSON.stringify(programs.map(program => ['-e', program]))
  const script = `import { runLanes } from '${lanes}'
    process.exitCode = await runLanes(process.execPath, ${each}, {}, ${leftOpenMs})`
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  return { lines: stdout.split('\n').filter(line => line !== ''), code: status }
}

const says = (text: string, more = '') => `process.stdout.write(${JSON.stringify(text)});${more}`
const duration = (line: string) => line.replace(/\(\d+ s\)/, '(n s)')

describe('lanes of tests', () => {
  it('are told one after the other and summed up, with every failure at the end', () => {
    const { lines, code } = run([
      says('  one\n    ✔ fine\n\n  3 passing (1s)\n  1 pending\n'),
      says(
        '  two\n    1) bad\n\n  4 passing (1s)\n  1 failing\n\n  1) two\n       bad:\n     Error\n',
        'process.exitCode=1',
      ),
    ])
    expect(lines.map(duration)).to.deep.equal([
      '  one',
      '    ✔ fine',
      '  two',
      '    1) bad',
      '  7 passing (n s)',
      '  1 pending',
      '  1 failing',
      '  1) two',
      '       bad:',
      '     Error',
    ])
    expect(code).to.equal(1)
  })

  it('are read through their colours', () => {
    const { lines, code } = run([
      says('\u001b[92m \u001b[0m\u001b[32m 3 passing\u001b[0m\u001b[90m (1s)\u001b[0m\n'),
    ])
    expect(lines.map(duration)).to.deep.equal(['  3 passing (n s)'])
    expect(code).to.equal(0)
  })

  it('fail when one leaves something open', () => {
    const { lines, code } = run([says('  3 passing (1s)\n', 'setInterval(() => {}, 1000)')], 200)
    expect(lines.at(-1)).to.match(/✖ nothing left open/)
    expect(code).to.equal(1)
  })

  it('fail when one ends without a result', () => {
    expect(run([says('  3 passing (1s)\n'), says('SyntaxError\n', 'process.exitCode=1')]).code).to.equal(1)
  })
})
