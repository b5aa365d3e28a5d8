/** Engines as processes of their own, started again when they end, as systemd would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { build } from '../../core/bundle.mjs'
import type { Credentials } from '../../core/first-start.ts'
import { until } from '../e2e/college.ts'
import { root } from '../sources.ts'

const START_MS = 120_000
const AGAIN_MS = 100

export interface Program {
  /** To be run with the engine's arguments. */
  readonly entry: string
  remove(): Promise<void>
}

/** The bundle with the crash points in it. Inside `dist`, since it finds native packages by its place. */
export async function buildProgram(): Promise<Program> {
  const dist = join(root, 'dist')
  await mkdir(dist, { recursive: true })
  const folder = await mkdtemp(join(dist, '.crash-'))
  await build(root, folder, { crashPoints: true })
  const entry = join(folder, 'engine.mjs')
  await writeFile(
    entry,
    `import { main } from './main.js'\nprocess.exitCode = await main(process.argv.slice(2), ${JSON.stringify(root)})\n`,
  )
  return { entry, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** How one run of the process ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last of what it wrote. */
  readonly output: string
}

export interface EngineProcess {
  readonly url: string
  /** Undefined while it is being started again. */
  readonly pid: number | undefined
  readonly starts: number
  /** It listened once since its last start. */
  readonly up: boolean
  /** All but the one that `stop` asked for. */
  readonly ends: readonly End[]
  credentials(): Promise<Credentials>
  /** It listens. */
  ready(): Promise<void>
  /** The crash point with which it is started from now on; it counts once `arm` was called. */
  next: string | undefined
  /** From now on the point counts. False: this process has none. */
  arm(): Promise<boolean>
  /** False: there was none to kill just then. */
  kill(): boolean
  stop(): Promise<void>
}

/**
 * @param environment of the engine; `WASL_DATA` must be among it
 * @param first the crash point of the first start, as `next` is that of the others
 */
export async function runEngine(
  { entry }: Program,
  environment: Readonly<Record<string, string>>,
  first?: string,
): Promise<EngineProcess> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const ends: End[] = []
  let child: ChildProcess | undefined
  let starts = 0
  let up = false
  let wanted = true
  let output = ''
  let point: string | undefined

  function start(): void {
    starts += 1
    up = false
    point = engine.next
    output = ''
    const begun = spawn(process.execPath, [entry, 'start'], {
      env: {
        PATH: process.env['PATH'],
        LOG_LEVEL: 'warn',
        ...environment,
        PORT: String(port),
        ...(point === undefined ? {} : { WASL_CRASH: `${point}@signal` }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = begun
    ready().then(
      () => {
        up = true
      },
      // Whoever waits for it hears why.
      () => undefined,
    )
    for (const stream of [begun.stdout, begun.stderr])
      stream?.setEncoding('utf8').on('data', text => {
        output = `${output}${text}`.slice(-4000)
      })
    begun.once('exit', (code, signal) => {
      if (child !== begun) return
      child = undefined
      if (!wanted) return
      ends.push({ code, signal, output })
      setTimeout(() => wanted && child === undefined && start(), AGAIN_MS)
    })
  }

  async function end(): Promise<void> {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const exited = once(ending, 'exit')
    ending.kill('SIGTERM')
    const late = setTimeout(() => ending.kill('SIGKILL'), 30_000)
    await exited
    clearTimeout(late)
  }

  async function ready(): Promise<void> {
    const deadline = Date.now() + START_MS
    for (;;) {
      const live = await fetch(`${url}/health/live`).then(
        async response => {
          await response.arrayBuffer()
          return response.ok
        },
        () => false,
      )
      if (live) return
      if (Date.now() > deadline) throw new Error(`the engine does not come up:\n${output}`)
      await pause(50)
    }
  }

  const engine: EngineProcess = {
    url,
    ends,
    get pid() {
      return child?.pid
    },
    get starts() {
      return starts
    },
    get up() {
      return up && child !== undefined
    },
    async credentials() {
      // Written when it listens already.
      const file = join(environment['WASL_DATA'] as string, 'credentials.json')
      const text = await until('the credentials', () => readFile(file, 'utf8').catch(() => ''), START_MS)
      return JSON.parse(text)
    },
    ready,
    next: first,
    async arm() {
      await ready()
      if (point === undefined) return false
      child?.kill('SIGUSR2')
      await until('the crash point', () => output.includes('crash point armed'), START_MS)
      return true
    },
    kill() {
      return child?.kill('SIGKILL') ?? false
    },
    async stop() {
      wanted = false
      await end()
    },
  }
  start()
  try {
    await ready()
  } catch (error) {
    wanted = false
    child?.kill('SIGKILL')
    throw error
  }
  return engine
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
