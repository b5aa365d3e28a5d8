/** `wasl dry-run`: what would happen to the records of a file. It writes and sends nothing. */
import { readFile } from 'node:fs/promises'
import { SetupError, WaslError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { CompiledFlow, PipelineSet } from '../pipeline/compiled.ts'
import { loadPipelines } from '../pipeline/load.ts'
import { type Rehearsal, rehearse } from '../pipeline/rehearse.ts'
import type { Json, Payload, RecordView, Run } from '../plugin.ts'
import { findingText } from './check.ts'
import { type PipelineContext, painter, readArguments, UsageError } from './pipeline-context.ts'

const USAGE =
  'dry-run <module> <file> [--flow <name>] [--stored <file>] [--tenant <id>] [--timezone <zone>] [--json]'

async function readJson(file: string): Promise<Json> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw new SetupError('FILE_UNREADABLE', `${file} cannot be read.`, {
      at: file,
      hint: 'Check its name.',
      cause,
    })
  }
  try {
    return parseJson(bytes)
  } catch (cause) {
    const why = cause instanceof WaslError ? cause.message : 'it is no JSON'
    throw new SetupError('FILE_NOT_JSON', `${file}: ${why}`, { at: file, hint: 'Correct the file.', cause })
  }
}

const isObject = (value: Json | undefined): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** One record, a list of them, or `{ "data": [...] }` as a batch has it. */
function payloadsOf(body: Json, file: string): readonly Payload[] {
  const data = isObject(body) && Array.isArray(body['data']) ? body['data'] : body
  const list = Array.isArray(data) ? data : [data]
  const wrong = list.findIndex(one => !isObject(one))
  if (wrong >= 0)
    throw new SetupError('FILE_SHAPE', `${file}: record ${wrong + 1} is no object.`, {
      at: file,
      hint: 'Give one record, a list of records, or { "data": [ ... ] }.',
    })
  return list as readonly Payload[]
}

/** `{ "<module>": [ { fields } ] }`: records that are taken to be there. */
function recordsOf(body: Json, set: PipelineSet, file: string): readonly RecordView[] {
  if (!isObject(body))
    throw new SetupError('FILE_SHAPE', `${file} must hold { "<module>": [ { fields } ] }.`, { at: file })
  return Object.entries(body).flatMap(([module, list]) => {
    const pipeline = set.modules.get(module)
    if (pipeline === undefined)
      throw new SetupError('UNKNOWN_MODULE', `${file}: there is no module "${module}".`, { at: file })
    return payloadsOf(list, file).map((fields, index) => ({
      id: `${module}-${index}`,
      module,
      fields,
      identities: pipeline.identitiesOf(fields),
      state: 'ok' as const,
      sides: {},
      pushed: {},
    }))
  })
}

function flowOf(
  set: PipelineSet,
  name: string,
  wanted: string | undefined,
  payloads: readonly Payload[],
): CompiledFlow {
  const module = set.moduleOf(name)
  const pipeline = module === undefined ? undefined : set.modules.get(module)
  if (pipeline === undefined)
    throw new UsageError(
      `There is no running module "${name}". Known are ${[...set.modules.keys()].join(', ')}.`,
    )
  const flows = pipeline.flows.map(flow => flow.name).join(', ')
  const [first] = payloads
  const flow =
    wanted === undefined
      ? (pipeline.flows.find(({ fits }) => first !== undefined && fits(first)) ?? pipeline.flows[0])
      : pipeline.flows.find(one => one.name === wanted)
  if (flow === undefined)
    throw new UsageError(`${pipeline.module} has no flow "${wanted}". Known are ${flows}.`)
  return flow
}

/** 0: all would go through or wait; 1: at least one is INVALID. */
export async function dryRun(context: PipelineContext, args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    {
      flow: { type: 'string' },
      stored: { type: 'string' },
      tenant: { type: 'string' },
      timezone: { type: 'string' },
      json: { type: 'boolean' },
    },
    { usage: USAGE, least: 2, most: 2 },
  )
  const [module, file] = positionals as [string, string]
  const { folders, registry, print, color } = context
  const paint = painter(color)
  const { tenant, stored } = values
  const set = await loadPipelines({ folders, registry, ...(tenant === undefined ? {} : { tenant }) })
  if (!values.json) for (const finding of set.findings) print(findingText(finding, paint))
  const payloads = payloadsOf(await readJson(file), file)
  const flow = flowOf(set, module, values.flow, payloads)
  let records = stored === undefined ? [] : recordsOf(await readJson(stored), set, stored)
  const run: Run = {
    tenant: tenant ?? 'default',
    timezone: values.timezone ?? 'UTC',
    language: 'en',
    at: Date.now(),
  }
  const results: Rehearsal[] = []
  for (const payload of payloads) {
    const result = rehearse(
      { set, registry: set.registry, run },
      { records },
      { resource: flow.from, payload },
    )
    const { record } = result
    if (record !== undefined) records = [...records.filter(({ id }) => id !== record.id), record]
    results.push(result)
  }
  if (values.json) print(JSON.stringify(results.map(machineReadable), null, 2))
  else for (const [index, result] of results.entries()) print(told(result, index, paint))
  return results.some(({ outcome }) => outcome === 'INVALID') ? 1 : 0
}

const machineReadable = ({ steps, error, record, ...rest }: Rehearsal) => ({
  ...rest,
  fields: record?.fields,
  ...(error === undefined
    ? {}
    : { error: { code: error.code, message: error.message, at: error.at, tried: error.tried } }),
  steps: steps.map(({ name, ended }) => ({ name, ended })),
})

const value = (json: Json | undefined): string => JSON.stringify(json ?? null)

function stepText({ name, work, ended }: Rehearsal['steps'][number], result: Rehearsal): string {
  if (ended)
    return `${name}: ends here, ${result.outcome}${result.reason === undefined ? '' : ` (${result.reason})`}`
  switch (name) {
    case 'map':
      return `map: ${Object.keys(work.fields).length} fields of ${Object.keys(work.payload).length}`
    case 'fingerprint':
      return `fingerprint: ${work.fingerprint}`
    case 'dependency-check':
      return `dependency-check: ${work.refs.length} references, ${work.missing.length} missing`
    case 'upsert':
      return `upsert: ${work.outcome}`
    case 'push':
      return `push: ${work.due.map(({ to }) => to).join(', ') || 'nothing is due'}`
    default:
      return `${name}: done`
  }
}

function told(result: Rehearsal, index: number, paint: ReturnType<typeof painter>): string {
  const { outcome, error, record } = result
  const bad = outcome === 'INVALID'
  const lines = [
    `${paint('bold', `Record ${index + 1}`)}  ${paint(bad ? 'red' : 'green', outcome)}  ${result.reason ?? ''}`.trimEnd(),
    ...result.steps.map(step => `  ${stepText(step, result)}`),
  ]
  if (error !== undefined) {
    lines.push(`  ${paint('red', error.code)}  ${error.message}`)
    if (error.hint) lines.push(`    → ${error.hint}`)
  }
  if (outcome === 'NEW' || outcome === 'WAITING')
    lines.push(
      '  fields',
      ...Object.entries(record?.fields ?? {}).map(([name, json]) => `    ${name} = ${value(json)}`),
    )
  for (const { field, from, to } of result.changes)
    lines.push(`  ${field}: ${paint('red', `- ${value(from)}`)} ${paint('green', `+ ${value(to)}`)}`)
  for (const { label } of result.missing) lines.push(`  ${paint('yellow', 'missing')}: ${label}`)
  if (result.kept.length > 0) lines.push(`  kept as they are: ${result.kept.join(', ')}`)
  for (const [to, fields] of Object.entries(result.sent))
    lines.push(`  to ${to}`, ...Object.entries(fields).map(([name, json]) => `    ${name} = ${value(json)}`))
  if (result.cut.length > 0) lines.push(`  ${paint('yellow', 'cut to length')}: ${result.cut.join(', ')}`)
  return lines.join('\n')
}
