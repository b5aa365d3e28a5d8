/** The command line: which command, with what, and how it ends. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from './commands/command.ts'
import type { CommandContext } from './commands/context.ts'
import { COMMANDS } from './commands/table.ts'
import { loadConnectors } from './connectors.ts'
import { RetryableError, SetupError, StoreError, WaslError } from './errors.ts'
import { createLog } from './log.ts'
import { processEnvironment, readSettings } from './settings.ts'
import { near } from './settings-check.ts'

/** What the exit codes mean. */
export const EXIT = { ok: 0, failed: 1, usage: 2, setup: 3, unavailable: 4, bug: 70 } as const

const { stdout, stderr } = process

/**
 * Runs one command line and tells its exit code. `root`: the folder of the clone. Never throws: what goes wrong is
 * told in words, with what to do about it.
 */
export async function main(args: readonly string[], root: string): Promise<number> {
  // `wasl check | head` closes our output early; that is no error of ours.
  stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  })
  const [name = '', ...rest] = args
  if (['', 'help', '--help', '-h'].includes(name)) return help(rest[0])
  if (['version', '--version', '-v'].includes(name)) return version(root)
  const command = COMMANDS[name]
  if (!command) return unknown(name)
  if (rest.some(arg => arg === '--help' || arg === '-h')) return help(name)
  try {
    return await run(command, rest, root)
  } catch (error) {
    return explain(error)
  }
}

async function run(command: Command, args: readonly string[], root: string): Promise<number> {
  const settings = await readSettings(processEnvironment(), root)
  const log = createLog({ level: settings.logLevel, readable: stdout.isTTY === true, name: 'wasl' })
  const context: CommandContext = {
    root,
    settings,
    folders: settings.folders,
    connectors: await loadConnectors(settings),
    log,
    print: text => void stdout.write(`${text}\n`),
    color: stdout.isTTY === true && stdout.hasColors(),
  }
  const start = await command.load()
  return start(context, args)
}

function help(name?: string): number {
  const command = name === undefined ? undefined : COMMANDS[name]
  if (name !== undefined && !command) return unknown(name)
  if (command) stdout.write(`wasl ${name} ${command.usage}\n\n${command.summary}\n${command.details ?? ''}`)
  else {
    const width = Math.max(...Object.keys(COMMANDS).map(key => key.length))
    const lines = Object.entries(COMMANDS).map(([key, { summary }]) => `  ${key.padEnd(width)}  ${summary}`)
    stdout.write(
      `Wasl keeps systems in step: webhooks come in, pipelines say what they mean, the other side is told.\n\nwasl <command>\n\n${lines.join('\n')}\n\nwasl <command> --help says more; wasl --version tells the version.\n`,
    )
  }
  return EXIT.ok
}

async function version(root: string): Promise<number> {
  const { version: number } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  stdout.write(`${number}\n`)
  return EXIT.ok
}

function unknown(name: string): number {
  const meant = Object.keys(COMMANDS).find(key => near(key, name))
  stderr.write(
    `There is no command "${name}".${meant ? ` Did you mean wasl ${meant}?` : ''} wasl --help lists them.\n`,
  )
  return EXIT.usage
}

/** An error in words: ours have a sentence and a way out; anything else is a bug, and says so. */
function explain(error: unknown): number {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS')) {
    stderr.write(`${(error as Error).message}\nwasl <command> --help tells what it takes.\n`)
    return EXIT.usage
  }
  if (error instanceof WaslError) {
    stderr.write(`${error.code}: ${error.message}\n${error.hint ? `→ ${error.hint}\n` : ''}`)
    if (error instanceof SetupError) return EXIT.setup
    return error instanceof RetryableError || error instanceof StoreError ? EXIT.unavailable : EXIT.failed
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  stderr.write(`This is a fault of Wasl itself, please report it with these lines:\n${stack}\n`)
  return EXIT.bug
}
