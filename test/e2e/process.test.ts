import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import type { Credentials } from '../../core/first-start.ts'
import { environmentFor, notification, until } from './college.ts'

const wasl = fileURLToPath(new URL('../../core/wasl.mjs', import.meta.url))
const wallClock = fileURLToPath(new URL('../wall-clock.mjs', import.meta.url))

describe('the engine as a process, on the embedded store', () => {
  let zoho: ZohoSandbox
  let moodle: MoodleSandbox
  let folder: string
  let engine: ChildProcess

  before(async () => {
    zoho = await startZohoSandbox()
    moodle = await startMoodleSandbox()
    folder = await mkdtemp(join(tmpdir(), 'wasl-process-'))
  })

  after(async () => {
    engine.kill('SIGKILL')
    await zoho.close()
    await moodle.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const environment = () => ({
    PATH: process.env['PATH'],
    WASL_DATA: folder,
    PORT: '0',
    ...environmentFor(zoho, moodle),
  })

  /** Resolves with its credentials once it takes deliveries. */
  async function start(): Promise<Credentials> {
    engine = spawn(process.execPath, [wasl, 'start'], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [engine.stdout, engine.stderr]) {
      stream?.setEncoding('utf8').on('data', text => {
        output += text
      })
    }
    await until(
      `the engine's start`,
      () => {
        if (engine.exitCode !== null) throw new Error(`the engine ended:\n${output}`)
        return output.includes('"event":"started"')
      },
      30_000,
    )
    return JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8'))
  }

  async function webhook({ url, endpoints }: Credentials, id: string): Promise<Response> {
    const endpoint = endpoints['zoho']
    const path = `/api/v1/events/zoho/student?endpoint=${endpoint?.id}`
    const body = Buffer.from(
      JSON.stringify(
        notification({
          id,
          Student_ID: `STU-${id}`,
          Full_Name: 'Rana Aziz',
          Academic_Email: `s${id}@college.test`,
          Status: 'Active',
        }),
      ),
    )
    const headers = signatureHeaders({ method: 'POST', path, body, now: Date.now() }, endpoint?.secret ?? '')
    return fetch(`${url}${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    })
  }

  it('W01: loses nothing when it is killed between the 202 and the push', async () => {
    const credentials = await start()
    moodle.faults.add({ kind: 'latency', ms: 60_000, times: 100 })
    const ids = ['4000000000000000001', '4000000000000000002', '4000000000000000003']
    for (const id of ids) {
      zoho.person.create('BTEC_Students', { Full_Name: 'Rana Aziz', Academic_Email: `s${id}@college.test` })
      expect((await webhook(credentials, id)).status).to.equal(202)
    }
    engine.kill('SIGKILL')
    await once(engine, 'exit')
    moodle.faults.clear()
    await start()
    for (const id of ids) {
      await until(
        `student ${id} in Moodle`,
        () => [...moodle.site.users.all()].some(user => user.idnumber === `STU-${id}`),
        50_000,
      )
    }
    expect([...moodle.site.users.all()].filter(user => user.firstname === 'Rana')).to.have.length(ids.length)
  }).timeout(90_000)

  it('W01: goes on when its store was killed, and has lost nothing', async () => {
    const credentials: Credentials = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8'))
    const store = (await readdir('/proc')).find(pid => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return line.includes(folder) && line.includes('embedded')
      } catch {
        // No process, or it ended since it was listed.
        return false
      }
    })
    expect(store, 'the embedded server').to.be.a('string')
    process.kill(Number(store), 'SIGKILL')
    const id = '4000000000000000009'
    await until(
      'a webhook is accepted again',
      async () => (await webhook(credentials, id)).status < 300,
      20_000,
    )
    await until(`student ${id} in Moodle`, () =>
      [...moodle.site.users.all()].some(user => user.idnumber === `STU-${id}`),
    )
    expect([...moodle.site.users.all()].filter(user => user.firstname === 'Rana')).to.have.length(4)
  }).timeout(40_000)

  it('is examined by doctor, which names what is missing at a remote, and a clock that is wrong', async () => {
    moodle.site.withheld.add('moodle/course:changesummary')
    const hourAhead = { NODE_OPTIONS: `--import ${wallClock}`, WALL_CLOCK: '3600000' }
    const doctor = spawn(process.execPath, [wasl, 'doctor'], { env: { ...environment(), ...hourAhead } })
    let said = ''
    doctor.stdout.setEncoding('utf8').on('data', text => {
      said += text
    })
    const [code] = await once(doctor, 'close')
    moodle.site.withheld.clear()
    expect(said).to.include("✖ capabilities: the account's role lacks moodle/course:changesummary")
    expect(said).to.include('✖ clock: 3600 s behind that of this machine')
    expect(said).to.include('\n2 things need mending.')
    expect(code).to.equal(1)
  })

  it('says in a sentence that its port is taken', async () => {
    const own = await mkdtemp(join(tmpdir(), 'wasl-process-'))
    const taken = new URL(moodle.url).port
    const second = spawn(process.execPath, [wasl, 'start'], {
      env: { PATH: process.env['PATH'], WASL_DATA: own, PORT: taken },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    second.stderr.setEncoding('utf8').on('data', text => {
      said += text
    })
    const [code] = await once(second, 'close')
    await rm(own, { recursive: true, force: true })
    expect(said).to.match(/^PORT_TAKEN: .*\n→ .*\n$/)
    expect(code).to.equal(3)
  })

  it('ends in order when it is told to', async () => {
    engine.kill('SIGTERM')
    const [code] = await once(engine, 'exit')
    expect(code).to.equal(0)
  }).timeout(30_000)
})
