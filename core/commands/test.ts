/** `wasl test`: the case files, and where one fails what was expected and what came. */
import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { Finding } from '../errors.ts'
import { type CaseFile, type CaseResult, casesSchema, runCases } from '../pipeline/cases.ts'
import { loadPipelines } from '../pipeline/load.ts'
import { shapeCheck } from '../pipeline/shape.ts'
import { readSource } from '../pipeline/source.ts'
import type { Json } from '../plugin.ts'
import { findingText } from './check.ts'
import { type PipelineContext, painter, readArguments } from './pipeline-context.ts'

const USAGE = 'test [<case file or folder> ...] [--tenant <id>] [--json]'

export interface CaseFileReport {
  readonly file: string
  readonly results: readonly CaseResult[]
  /** What is wrong with the case file itself. */
  readonly findings: readonly Finding[]
}

const isCases = (name: string): boolean => name.endsWith('.cases.json')

async function filesIn(path: string): Promise<readonly string[]> {
  if (isCases(path)) return [path]
  try {
    return (await readdir(path))
      .filter(isCases)
      .sort()
      .map(name => join(path, name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Case files stand beside the pipelines, or in `test/pipelines` next to their folder. */
const usualPlaces = (folders: readonly string[]): readonly string[] =>
  folders.flatMap(folder => [folder, join(dirname(folder), 'test', 'pipelines')])

/** Runs the given case files, or all that can be found. */
export async function testCases(
  { folders, registry }: Pick<PipelineContext, 'folders' | 'registry'>,
  paths: readonly string[] = [],
  tenant?: string,
): Promise<readonly CaseFileReport[]> {
  for (const path of paths) await access(path)
  const places = paths.length > 0 ? paths.map(path => resolve(path)) : usualPlaces(folders.pipelines)
  const files = (await Promise.all(places.map(filesIn))).flat()
  const set = await loadPipelines({ folders, registry, ...(tenant === undefined ? {} : { tenant }) })
  const check = shapeCheck(casesSchema)
  return Promise.all(
    files.map(async path => {
      const file = relative(process.cwd(), path)
      const { source, findings } = readSource(file, await readFile(path, 'utf8'))
      const wrong = findings.length > 0 ? findings : check(source).map(({ finding }) => finding)
      if (wrong.length > 0) return { file, results: [], findings: wrong }
      const cases = source.value as CaseFile
      const [module = '', flow = ''] = cases.flow.split('/', 2)
      if (set.modules.get(module)?.flows.some(({ name }) => name === flow) !== true) {
        const finding = source.finding(['flow'], 'UNKNOWN_FLOW', `"${cases.flow}" is no flow that runs`)
        return { file, results: [], findings: [finding] }
      }
      const results = runCases(
        { set, registry: set.registry, ...(tenant === undefined ? {} : { tenant }) },
        cases,
      )
      return { file, results, findings: [] }
    }),
  )
}

const value = (json: Json): string => JSON.stringify(json)

/** A failed case with its differences. */
export function caseText(result: CaseResult, paint = painter(false)): string {
  const lines = result.differences.map(({ what, expected, actual }) =>
    what === 'because'
      ? `      ${paint('dim', 'because')} ${String(actual)}`
      : `      ${what}\n        ${paint('red', `- expected ${value(expected)}`)}\n        ${paint('green', `+ came     ${value(actual)}`)}`,
  )
  return [`  ${paint('red', '✗')} ${result.name}`, ...lines].join('\n')
}

/** 0: all passed; 1: some failed, or a file is wrong; 2: there was nothing to run. */
export async function test(context: PipelineContext, args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    { tenant: { type: 'string' }, json: { type: 'boolean' } },
    { usage: USAGE, least: 0, most: Number.POSITIVE_INFINITY },
  )
  const { print, color } = context
  const paint = painter(color)
  const reports = await testCases(context, positionals, values.tenant)
  const all = reports.flatMap(({ results }) => results)
  const failed = all.filter(({ ok }) => !ok)
  const findings = reports.flatMap(report => report.findings)
  if (values.json)
    print(JSON.stringify({ ok: failed.length + findings.length === 0, files: reports }, null, 2))
  else {
    for (const report of reports) {
      const wrong = report.results.filter(({ ok }) => !ok)
      const mark = wrong.length + report.findings.length === 0 ? paint('green', '✓') : paint('red', '✗')
      print(`${mark} ${report.file}  ${report.results.length - wrong.length} of ${report.results.length}`)
      for (const finding of report.findings) print(findingText(finding, paint))
      for (const result of wrong) print(caseText(result, paint))
    }
    if (reports.length === 0) print('There are no case files: put *.cases.json beside the pipelines.')
    else print(`\n${all.length - failed.length} of ${all.length} cases passed.`)
  }
  if (reports.length === 0) return 2
  return failed.length + findings.length === 0 ? 0 : 1
}
