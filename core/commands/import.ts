/** `wasl import <module> <file>`: the records of a file, through the same intake as those that are sent. */
import { randomBytes } from 'node:crypto'
import { isDemo, startDemo } from '../demo.ts'
import { startEngine } from '../engine.ts'
import { SetupError } from '../errors.ts'
import { readCredentials } from '../first-start.ts'
import { isClean, reportText } from '../import/report.ts'
import { FORMATS, type Format, formatOf, rowsOf } from '../import/rows.ts'
import { importRows, type Progress } from '../import/run.ts'
import { connectorFor, inProcess, isRunning, type Target, throughHttp } from '../import/target.ts'
import { type ImportFile, openFile } from '../import/text.ts'
import { createLog } from '../log.ts'
import type { CommandContext } from './context.ts'
import { readArguments } from './pipeline-context.ts'

const USAGE =
  'import <module> <file> [--connector <name>] [--tenant <id>] [--format json|ndjson|csv] [--again] [--json]'

interface Opened {
  readonly target: Target
  /** An engine runs in this process alone. */
  readonly alone: boolean
  close(): Promise<void>
}

interface To {
  readonly tenant: string
  readonly module: string
  readonly connector: string | undefined
}

/** 0: everything went through or waits; 1: some records are INVALID or FAILED. */
export async function importFile(context: CommandContext, args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    {
      connector: { type: 'string' },
      tenant: { type: 'string' },
      format: { type: 'string' },
      again: { type: 'boolean' },
      json: { type: 'boolean' },
    },
    { usage: USAGE, least: 2, most: 2 },
  )
  const [module, path] = positionals as [string, string]
  const format = values.format === undefined ? formatOf(path) : formatNamed(values.format)
  const file = await openFile(path)
  const tenant = values.tenant ?? context.settings.defaultTenant
  const { target, alone, close } = await open(context, { tenant, module, connector: values.connector })
  const bar = values.json === true ? undefined : progressBar(file)
  try {
    const salt = values.again === true ? `:${randomBytes(6).toString('hex')}` : ''
    const { tally, repeated } = await importRows(
      rowsOf(path, format, bytes => bar?.read(bytes)),
      `import:${file.hash}:${values.connector ?? ''}${salt}`,
      target,
      progress => bar?.show(progress),
    )
    bar?.clear()
    const { summary, troubles } = tally
    if (values.json === true)
      context.print(JSON.stringify({ file: path, module, summary, repeated, troubles }, null, 2))
    else context.print(notes(reportText(tally), repeated, summary.open, alone))
    return isClean(summary) ? 0 : 1
  } finally {
    bar?.clear()
    await close()
  }
}

function formatNamed(name: string): Format {
  const format = FORMATS.find(one => one === name)
  if (format !== undefined) return format
  throw new SetupError('FILE_FORMAT', `There is no format "${name}".`, {
    at: '--format',
    hint: `It is one of ${FORMATS.join(', ')}.`,
  })
}

function notes(report: string, repeated: number, open: number, alone: boolean): string {
  const lines = [report]
  if (repeated > 0)
    lines.push(`${repeated} of them had come by an earlier run of the same file; --again takes them as new.`)
  if (open > 0)
    lines.push('What is open is taken up by the engine; run the command again to see its outcome.')
  if (alone) lines.push('No engine was running: what is still to be sent goes out after npx wasl start.')
  return lines.join('\n')
}

/** The engine that runs, where one runs and its key is for this tenant; else one for the time of the import. */
async function open(context: CommandContext, to: To): Promise<Opened> {
  const { settings, connectors } = context
  const credentials = await readCredentials(settings.dataFolder)
  const reachable = credentials !== undefined && (await isRunning(credentials.url))
  if (reachable && credentials.tenant === to.tenant)
    return {
      target: throughHttp(credentials, to.module, to.connector),
      alone: false,
      close: async () => undefined,
    }
  const log = createLog({ level: 'error', readable: true, name: 'wasl', stream: process.stderr })
  const demo = isDemo(settings, connectors) ? await startDemo(settings, connectors, log) : undefined
  const engine = await startEngine({
    settings: Object.freeze({ ...settings, role: 'worker' as const }),
    connectors,
    log,
    ...(demo === undefined ? {} : { connections: demo.connections }),
  }).catch(async error => {
    await demo?.close()
    throw error
  })
  const close = async () => {
    await engine.stop()
    await demo?.close()
  }
  try {
    const { pipelines } = await engine.tenants.get(to.tenant)
    const module = pipelines.moduleOf(to.module)
    if (module === undefined)
      throw new SetupError('UNKNOWN_MODULE', `There is no running module "${to.module}".`, {
        at: to.module,
        hint: `Known are ${[...pipelines.modules.keys()].join(', ')}.`,
      })
    const names = connectors.map(({ name }) => name)
    const said = { asked: to.connector, preferred: settings.syncConnector }
    const connector = connectorFor(to.module, pipelines, names, said)
    const place = { tenant: to.tenant, module: to.module, connector }
    return { target: inProcess(engine.delivery, place, engine.store.clock.now), alone: !reachable, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** On a terminal only, and beside the output, which may go into a file. */
function progressBar({ bytes }: ImportFile) {
  const { stderr } = process
  if (!stderr.isTTY) return undefined
  const started = Date.now()
  let seen = 0
  let shown = false
  return {
    read(more: number) {
      seen += more
    },
    show({ rows }: Progress) {
      const share = bytes === 0 ? 1 : Math.min(1, seen / bytes)
      const full = Math.round(share * 30)
      const perSecond = Math.round((rows * 1000) / Math.max(1, Date.now() - started))
      const bar = `${'█'.repeat(full)}${'░'.repeat(30 - full)}`
      stderr.write(`\r\u001b[K${bar} ${Math.round(share * 100)} %  ${rows} records, ${perSecond}/s`)
      shown = true
    },
    clear() {
      if (shown) stderr.write('\r\u001b[K')
      shown = false
    },
  }
}
