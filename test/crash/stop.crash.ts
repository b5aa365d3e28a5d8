import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { startZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { environmentFor, until } from '../e2e/college.ts'

const wasl = fileURLToPath(new URL('../../core/wasl.mjs', import.meta.url))

describe('SIGTERM while both remotes hang', () => {
  it('K55: ends the process with 0 within 25 s', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wasl-stop-'))
    const zoho = await startZohoSandbox()
    const moodle = await startMoodleSandbox()
    moodle.faults.add({ kind: 'latency', ms: 120_000, times: 1000 })
    const engine = spawn(process.execPath, [wasl, 'start'], {
      env: {
        PATH: process.env['PATH'],
        WASL_DATA: folder,
        PORT: '0',
        ...environmentFor(zoho, moodle),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      let output = ''
      engine.stdout.setEncoding('utf8').on('data', text => {
        output += text
      })
      await until('the start', () => output.includes('"event":"started"'), 60_000)
      const { url, key } = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8'))
      const data = Array.from({ length: 200 }, (_, i) => ({
        id: `40000000000000${String(i).padStart(5, '0')}`,
        Full_Name: 'Rana Khalil',
        Academic_Email: `rana.${i}@college.test`,
        Status: 'Active',
      }))
      const answer = await fetch(`${url}/api/v1/sync/students`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ data }),
      })
      expect(answer.status).to.equal(200)
      await until('Moodle is asked', () => (moodle.faults.list[0]?.times ?? 0) < 1000)
      const began = performance.now()
      engine.kill('SIGTERM')
      const [code, signal] = await once(engine, 'exit')
      const seconds = (performance.now() - began) / 1000
      process.stdout.write(`      ended after ${seconds.toFixed(1)} s with ${code ?? signal}\n`)
      expect([code, signal]).to.deep.equal([0, null])
      expect(seconds).to.be.lessThan(25)
    } finally {
      engine.kill('SIGKILL')
      await zoho.close()
      await moodle.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
