/** The programs that are measured, each started anew on its own folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { signatureHeaders } from '../../connectors/zoho/verify.ts'
import type { LoadOptions } from './load.ts'
import { workload } from './workload.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = fileURLToPath(new URL('.', import.meta.url))
const tsx = ['--import', 'tsx/esm']

export interface Program {
  readonly target: Pick<LoadOptions, 'host' | 'port' | 'path' | 'secret' | 'outcome'>
  readonly pid: number
  readonly folder: string
  /** Milliseconds from its start to its first 202. */
  readonly startMs: number
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Ends it as an operator does, and waits until it is gone. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const forced = setTimeout(() => child.kill('SIGKILL'), 15_000)
    child.once('exit', () => {
      clearTimeout(forced)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

function script(file: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...tsx, join(here, file), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Sends one webhook over and over until it is accepted. */
async function firstAccepted(target: Program['target'], child: ChildProcess, begun: number): Promise<number> {
  const [webhook] = workload(1, `start${begun}`)
  const body = Buffer.from(webhook!.body)
  const url = `http://${target.host}:${target.port}${target.path}`
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the program ended with exit code ${child.exitCode}`)
    if (performance.now() - begun > 30_000) throw new Error('no webhook was accepted within 30 seconds')
    const headers = signatureHeaders(
      { method: 'POST', path: target.path, body, now: Date.now() },
      target.secret,
    )
    // Nobody listens yet: that is what is waited for.
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    }).catch(() => undefined)
    if (answer?.status === 202 || answer?.status === 200) return performance.now() - begun
    await wait(5)
  }
}

async function started(
  child: ChildProcess,
  folder: string,
  target: () => Promise<Program['target']>,
): Promise<Program> {
  const begun = performance.now()
  const stop = async () => {
    await ended(child)
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
  try {
    const found = await target()
    return { target: found, pid: child.pid!, folder, startMs: await firstAccepted(found, child, begun), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'wasl-bench-'))

export async function startEcho(): Promise<Program> {
  const port = await freePort()
  const target = { host: '127.0.0.1', port, path: '/events', secret: 'none' }
  return started(script('echo.ts', [String(port)]), await newFolder(), async () => target)
}

export async function startHandWritten(): Promise<Program> {
  const port = await freePort()
  const folder = await newFolder()
  const secret = randomBytes(32).toString('base64url')
  const target = {
    host: '127.0.0.1',
    port,
    path: '/events',
    secret,
    outcome: { path: '/status', authorization: 'none' },
  }
  return started(script('hand-written.ts', [String(port), folder, secret]), folder, async () => target)
}

interface Credentials {
  readonly endpoints: { readonly zoho: { readonly id: string; readonly secret: string } }
  readonly key: string
}

/** The bundle is made at the first start after a change; that is no part of what is measured. */
export function buildOnce(): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'core/wasl.mjs'), '--version'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', code =>
      code === 0 ? resolve() : reject(new Error(`wasl --version ended with exit code ${code}`)),
    )
  })
}

/** As in production, on the embedded store, with no remote to push to: what is pushed is counted apart. */
export async function startEngine(): Promise<Program> {
  const port = await freePort()
  const folder = await newFolder()
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? tmpdir(),
    NODE_ENV: 'production',
    WASL_KEY: randomBytes(32).toString('base64'),
    WASL_DATA: folder,
    PORT: String(port),
    LOG_LEVEL: 'warn',
  }
  const child = spawn(process.execPath, [join(root, 'core/wasl.mjs'), 'start'], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return started(child, folder, async () => {
    const file = join(folder, 'credentials.json')
    const until = performance.now() + 30_000
    while (!existsSync(file)) {
      if (child.exitCode !== null) throw new Error(`the engine ended with exit code ${child.exitCode}`)
      if (performance.now() > until) throw new Error('the engine wrote no credentials within 30 seconds')
      await wait(5)
    }
    const { endpoints, key } = JSON.parse(readFileSync(file, 'utf8')) as Credentials
    const path = `/api/v1/events/zoho/student?endpoint=${endpoints.zoho.id}`
    const outcome = { path: '/api/v1/events/status', authorization: `Bearer ${key}` }
    return { host: '127.0.0.1', port, path, secret: endpoints.zoho.secret, outcome }
  })
}

/** Resident memory of a process in MB, in all and without mapped files; undefined where the system does not say. */
export function memoryOf(pid: number): { rss: number; anonymous: number } | undefined {
  const file = `/proc/${pid}/status`
  if (!existsSync(file)) return undefined
  const status = readFileSync(file, 'utf8')
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { rss: megabytes('VmRSS'), anonymous: megabytes('RssAnon') }
}

/** Milliseconds of processor time that a process has used; undefined where the system does not say. */
export function processorMs(pid: number): number | undefined {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return undefined
  // The name in brackets may hold blanks; of what follows, the 12th and 13th are user and system time in 1/100 s.
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The embedded server of a data folder, by its command line. */
export function embeddedPid(folder: string): number | undefined {
  if (!existsSync('/proc/self/cmdline')) return undefined
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .find(pid => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return line.includes(folder) && line.some(part => /(embedded\.js|embedded\/process\.ts)$/.test(part))
      } catch {
        // It ended since the folder was listed.
        return false
      }
    })
}
