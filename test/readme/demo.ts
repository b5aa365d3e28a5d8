/** The demo as the README starts it, and a terminal beside it: `npm`, `npx` and `curl` as a person types them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../e2e/college.ts'
import { root } from './documents.ts'

export interface Demo {
  /** What it has printed. */
  readonly said: string
  readonly engine: string
  readonly zoho: string
  readonly moodle: string
  /** Where the commands are run, which is WASL_HOME too. */
  readonly folder: string
  /** Runs lines of a shell; raises where one of them fails. Resolves with what they printed. */
  sh(lines: string, environment?: Readonly<Record<string, string>>): Promise<string>
  /** The answer of an address, as JSON. */
  json(url: string, init?: RequestInit): Promise<unknown>
  close(): Promise<void>
}

/** `npm ci` was done before the tests; `npm start` and `npx wasl` run the program that package.json names. */
const PROGRAMS = {
  npm: `case "$1" in ci) ;; start) exec "${process.execPath}" "${root}core/wasl.mjs" start ;; *) exit 64 ;; esac`,
  npx: `[ "$1" = wasl ] || exit 64\nshift\nexec "${process.execPath}" "${root}core/wasl.mjs" "$@"`,
} as const

/** `command`: what the README says. */
export async function startDemo(command: string): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'wasl-readme-'))
  const programs = join(folder, 'programs')
  const home = join(folder, 'home')
  await mkdir(programs)
  await mkdir(home)
  for (const [name, lines] of Object.entries(PROGRAMS)) {
    await writeFile(join(programs, name), `#!/bin/sh\n${lines}\n`)
    await chmod(join(programs, name), 0o755)
  }
  const environment = {
    PATH: `${programs}:${process.env['PATH']}`,
    PORT: '0',
    WASL_DATA: join(folder, 'data'),
    WASL_HOME: home,
  }
  const shell = (lines: string, more: Readonly<Record<string, string>> = {}): ChildProcess =>
    spawn('/bin/sh', ['-e', '-c', lines], {
      cwd: home,
      env: { ...environment, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  let said = ''
  const engine = shell(command.replace(/(?<=&& )/, 'exec '))
  for (const stream of [engine.stdout, engine.stderr])
    stream?.setEncoding('utf8').on('data', text => {
      said += text
    })
  const close = async () => {
    if (engine.exitCode === null && engine.signalCode === null) {
      engine.kill('SIGTERM')
      await once(engine, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await until(
      'the demo',
      () => {
        if (engine.exitCode !== null) throw new Error(`it ended:\n${said}`)
        return said.includes('Ctrl+C stops everything')
      },
      60_000,
    )
  } catch (error) {
    await close()
    throw error
  }
  const addressOf = (name: string) => new RegExp(`^ {2}${name} +(http://[\\d.:]+)`, 'm').exec(said)?.[1] ?? ''

  return {
    said,
    engine: addressOf('engine'),
    zoho: addressOf('zoho'),
    moodle: addressOf('moodle'),
    folder: home,
    async sh(lines, more) {
      const child = shell(lines, more)
      const output = { stdout: '', stderr: '' }
      for (const name of ['stdout', 'stderr'] as const)
        child[name]?.setEncoding('utf8').on('data', text => {
          output[name] += text
        })
      const [code] = await once(child, 'close')
      if (code !== 0) throw new Error(`${lines}\nended with ${code}:\n${output.stdout}${output.stderr}`)
      return output.stdout
    },
    async json(url, init) {
      const response = await fetch(url, init)
      return response.json()
    },
    close,
  }
}
