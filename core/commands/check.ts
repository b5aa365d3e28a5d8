/** `wasl check`: every finding of every pipeline, mapping and configuration file, at once. */
import { existsSync, watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from '../errors.ts'
import { loadPipelines } from '../pipeline/load.ts'
import { type PipelineContext, painter, readArguments } from './pipeline-context.ts'

const USAGE = 'check [--tenant <id>] [--json] [--watch]'
/** Editors write a file in several steps. */
const SETTLE_MS = 100

export interface CheckReport {
  readonly ok: boolean
  readonly modules: readonly string[]
  readonly findings: readonly Finding[]
}

/** The colleges that have mapping files of their own. */
async function tenants(folders: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const folder of folders) {
    const entries = await readdir(join(folder, 'mappings'), { withFileTypes: true }).catch(error => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    })
    for (const entry of entries) if (entry.isDirectory()) found.add(entry.name)
  }
  return [...found].sort()
}

/** Checks for all colleges, or for one. */
export async function checkAll(
  { folders, registry }: Pick<PipelineContext, 'folders' | 'registry'>,
  tenant?: string,
): Promise<CheckReport> {
  const modules = new Set<string>()
  const findings = new Map<string, Finding>()
  const colleges = tenant === undefined ? [undefined, ...(await tenants(folders.config))] : [tenant]
  for (const college of colleges) {
    const set = await loadPipelines({
      folders,
      registry,
      ...(college === undefined ? {} : { tenant: college }),
    })
    for (const module of set.modules.keys()) modules.add(module)
    for (const finding of set.findings) findings.set(JSON.stringify(finding), finding)
  }
  return { ok: findings.size === 0, modules: [...modules], findings: [...findings.values()] }
}

/** One finding as a person reads it: place, code and pointer, then the sentence. */
export function findingText(finding: Finding, paint = painter(false)): string {
  const { file, line, column, code, pointer, message, suggestion } = finding
  const place = line === 0 ? file : `${file}:${line}:${column}`
  const meant = suggestion === undefined ? '' : `  ${paint('green', `→ ${suggestion}`)}`
  return `${paint('cyan', place)}  ${paint('red', code)}  ${paint('dim', pointer || '/')}\n    ${message}${meant}`
}

function report({ ok, modules, findings }: CheckReport, { print, color }: PipelineContext): void {
  const paint = painter(color)
  for (const finding of findings) print(findingText(finding, paint))
  const running = `${modules.length} ${modules.length === 1 ? 'module' : 'modules'} can run: ${modules.join(', ') || 'none'}.`
  if (ok) print(`${paint('green', 'Nothing is wrong.')} ${running}`)
  else
    print(
      `\n${paint('bold', `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}.`)} ${running}`,
    )
}

/** 0: nothing is wrong; 1: there are findings. With `--watch` it goes on until it is interrupted. */
export async function check(context: PipelineContext, args: readonly string[]): Promise<number> {
  const { values } = readArguments(
    args,
    { tenant: { type: 'string' }, json: { type: 'boolean' }, watch: { type: 'boolean' } },
    { usage: USAGE, least: 0, most: 0 },
  )
  const once = async () => {
    const result = await checkAll(context, values.tenant)
    if (values.json) context.print(JSON.stringify(result, null, 2))
    else report(result, context)
    return result.ok ? 0 : 1
  }
  const code = await once()
  return values.watch ? watching(context, once) : code
}

async function watching({ folders, print }: PipelineContext, again: () => Promise<number>): Promise<number> {
  let code = 0
  let timer: NodeJS.Timeout | undefined
  const changed = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      print('')
      again().then(
        result => {
          code = result
        },
        (error: Error) => print(`The files could not be read: ${error.message}`),
      )
    }, SETTLE_MS)
  }
  const watched = [...folders.pipelines, ...folders.config].filter(folder => existsSync(folder))
  const watchers = watched.map(folder => watch(folder, { recursive: true }, changed))
  await new Promise<void>(resolve => process.once('SIGINT', resolve))
  clearTimeout(timer)
  for (const watcher of watchers) watcher.close()
  return code
}
