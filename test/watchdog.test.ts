import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'

const watchdog = new URL('../core/watchdog.ts', import.meta.url).href

describe('the watchdog', () => {
  /** A process that is watched, with 2.5 s of patience, while it runs `code`. */
  async function watched(code: string, read = true) {
    const script = `import { watchTurns } from ${JSON.stringify(watchdog)}\nwatchTurns({ warn() {} }, 2500)\n${code}`
    const child = spawn(process.execPath, ['--import', 'tsx/esm', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let output = ''
    if (!read) child.stderr.destroy()
    child.stderr.setEncoding('utf8').on('data', text => {
      output += text
    })
    const [status, signal] = await once(child, 'close')
    return { status, signal, output }
  }

  const busy = `
    const until = Date.now() + 4000
    const turn = () => {
      for (const end = Date.now() + 100; Date.now() < end; );
      Date.now() < until ? setTimeout(turn) : process.exit(3)
    }
    turn()`

  it('ends a process whose event loop does not turn and says so, and lets a busy one be', async () => {
    const loop = 'setTimeout(() => { for (;;); }, 100)'
    const [stuck, unread, working] = await Promise.all([watched(loop), watched(loop, false), watched(busy)])
    expect(unread.signal, 'where nobody reads what it says').to.equal('SIGKILL')
    expect(stuck.signal).to.equal('SIGKILL')
    expect(JSON.parse(stuck.output)).to.deep.equal({ level: 'error', event: 'event_loop_stuck' })
    expect(working).to.deep.equal({ status: 3, signal: null, output: '' })
  }).timeout(30_000)
})
