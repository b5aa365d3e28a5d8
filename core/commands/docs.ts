/** `wasl docs`: the reference of modules, fields and flows as Markdown, and the schemas for editors. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { casesSchema } from '../pipeline/cases.ts'
import { loadPipelines } from '../pipeline/load.ts'
import { referencePage } from '../pipeline/reference-page.ts'
import { mappingSchema, pipelineSchema } from '../pipeline/schema.ts'
import { findingText } from './check.ts'
import { type PipelineContext, painter, readArguments } from './pipeline-context.ts'

const USAGE = 'docs [<file.md>] [--schemas] [--tenant <id>]'

/** The schemas that are kept beside the files, as text: path -> content. */
export function schemaFiles({
  folders,
  registry,
}: Pick<PipelineContext, 'folders' | 'registry'>): ReadonlyMap<string, string> {
  const text = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`
  const [pipelines = '.'] = folders.pipelines
  const [config = '.'] = folders.config
  return new Map([
    [join(pipelines, 'pipeline.schema.json'), text(pipelineSchema(registry))],
    [join(pipelines, '..', 'test', 'cases.schema.json'), text(casesSchema)],
    [join(config, 'mapping.schema.json'), text(mappingSchema())],
  ])
}

/** 0: written; 1: written, but some files have findings and are left out. */
export async function docs(context: PipelineContext, args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    { schemas: { type: 'boolean' }, tenant: { type: 'string' } },
    { usage: USAGE, least: 0, most: 1 },
  )
  const { folders, registry, print, color } = context
  if (values.schemas) {
    for (const [path, content] of schemaFiles(context)) {
      await writeFile(path, content)
      print(`Written: ${path}`)
    }
    return 0
  }
  const { tenant } = values
  const set = await loadPipelines({ folders, registry, ...(tenant === undefined ? {} : { tenant }) })
  const page = referencePage(set, registry)
  const [file] = positionals
  if (file === undefined) print(page)
  else {
    await writeFile(resolve(file), page)
    print(`Written: ${file}`)
  }
  for (const finding of set.findings) print(findingText(finding, painter(color)))
  return set.findings.length === 0 ? 0 : 1
}
