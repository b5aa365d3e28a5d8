/** `wasl start`: the engine, until it is told to stop; with nothing configured, the demo. */
import { parseArgs } from 'node:util'
import { type DemoRemotes, isDemo, startDemo } from '../demo.ts'
import { type Engine, startEngine } from '../engine.ts'
import { SetupError } from '../errors.ts'
import { credentialsFile } from '../first-start.ts'
import type { Settings } from '../settings.ts'
import { within } from '../stopping.ts'
import { watchTurns } from '../watchdog.ts'
import type { CommandContext } from './context.ts'

/** After the engine has ended, for everything else. */
const LEFT_MS = 1000

const ROLES = ['all', 'http', 'worker'] as const

export async function start(context: CommandContext, args: readonly string[]): Promise<number> {
  const { connectors, log, print } = context
  const settings = withRole(context.settings, args)
  const demo = isDemo(settings, connectors) ? await startDemo(settings, connectors, log) : undefined
  let engine: Engine
  try {
    engine = await startEngine({
      settings,
      connectors,
      log,
      ...(demo === undefined ? {} : { connections: demo.connections }),
    })
  } catch (error) {
    await demo?.close()
    throw error
  }
  if (demo !== undefined) announce(demo, engine)
  watchTurns(log)
  if (context.color || process.stdout.isTTY)
    print(demo === undefined ? summary(engine, settings) : welcome(demo, engine, settings))
  else log.info('started', { url: engine.url, store: engine.storeName, demo: demo !== undefined })
  if (demo !== undefined && !process.stdout.isTTY) print(welcome(demo, engine, settings))

  const signal = await stopSignal()
  log.info('stopping', { signal })
  await engine.stop()
  if (demo !== undefined) await within(demo.close(), LEFT_MS)
  // A remote that hangs must not keep the process: what was in hand is resumable.
  setTimeout(() => process.exit(0), LEFT_MS).unref()
  return 0
}

function withRole(settings: Settings, args: readonly string[]): Settings {
  const { values } = parseArgs({ args: [...args], options: { role: { type: 'string' } }, strict: true })
  if (values.role === undefined) return settings
  const role = ROLES.find(each => each === values.role)
  if (role === undefined) {
    throw new SetupError('ROLE', `There is no role "${values.role}".`, {
      at: '--role',
      hint: `It is one of ${ROLES.join(', ')}.`,
    })
  }
  return Object.freeze({ ...settings, role })
}

/** The sandboxes' people send their changes to the engine from now on. */
function announce(demo: DemoRemotes, { url, credentials }: Engine): void {
  for (const [name, remote] of demo.remotes) {
    const endpoint = credentials.endpoints[name]
    if (endpoint !== undefined) remote.announce({ url, id: endpoint.id, secret: endpoint.secret })
  }
}

function summary(engine: Engine, settings: Settings): string {
  const listens = engine.url === '' ? 'works on what others take in' : `listens on ${engine.url}`
  return [
    `Wasl ${listens} (store: ${engine.storeName}).`,
    `Endpoints and a key stand in ${credentialsFile(settings.dataFolder)}.`,
    'Ctrl+C stops it.',
  ].join('\n')
}

/** What runs where, what to try, what will be seen. */
function welcome(demo: DemoRemotes, engine: Engine, settings: Settings): string {
  const file = credentialsFile(settings.dataFolder)
  const lines = ['', 'Wasl runs, with nothing configured: this is the demo.', '']
  lines.push(`  engine     ${engine.url}   (store: ${engine.storeName})`)
  for (const [name, remote] of demo.remotes) lines.push(`  ${name.padEnd(9)}  ${remote.url}   (a sandbox)`)
  lines.push('', 'Try this in another terminal, one command after the other:')
  const examples = [...demo.remotes.values()].flatMap(remote => remote.examples)
  for (const [place, { title, command }] of examples.sort((a, b) => a.order - b.order).entries()) {
    lines.push('', `${place + 1}. ${title}`, `   ${command}`)
  }
  lines.push(
    '',
    `Endpoints and a key: ${file}. Ctrl+C stops everything; the data stay in ${settings.dataFolder}.`,
    '',
  )
  return lines.join('\n')
}

function stopSignal(): Promise<string> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => resolve(signal))
    }
  })
}
