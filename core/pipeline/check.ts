import type { Finding } from '../errors.ts'
import type { LintPlace, PipelineFile } from '../plugin.ts'
import { checkFlow } from './check-flow.ts'
import { checkRecord } from './check-record.ts'
import type { FlowFile } from './grammar.ts'
import type { Known, Tell } from './known.ts'
import type { Path, Source } from './source.ts'

/** Every finding about the meaning of one file; its shape was looked at before. */
export function checkMeaning(
  source: Source,
  file: PipelineFile,
  spoilt: readonly Path[],
  known: Known,
): Finding[] {
  const findings: Finding[] = []
  const tell: Tell = (path, code, message, suggestion) =>
    findings.push(source.finding(path, code, message, suggestion))
  checkRecord(file, known, tell)
  for (const [name, flow] of Object.entries(file.flows ?? {})) {
    const place: Omit<LintPlace, 'mapped'> = {
      module: file.module,
      flow: name,
      record: file.record,
      modules: known.modules,
      resource: resource => (typeof resource === 'string' ? known.registry.resource(resource) : undefined),
    }
    checkFlow(file, name, flow as FlowFile, spoilt, place, known, tell)
  }
  return findings
}
