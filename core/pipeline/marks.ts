import type { Mark, Payload, Run } from '../plugin.ts'
import type { MarksFile } from './grammar.ts'
import { type Sender, sendAll, sendRule, type Target } from './sending.ts'

const none: Payload = {}

/** The sync marks of one resource (`Sync_Status` and its like), compiled; without a name there are none. */
export function marksOf(name: string | undefined, target: Target) {
  const connector = target.to.slice(0, target.to.indexOf('/'))
  const file = target.context.connectorConfig(connector)?.marks?.[name ?? ''] as MarksFile | undefined
  if (name === undefined || file === undefined) return () => none
  const rules = new Map<string, readonly (readonly [string, Sender])[]>()
  for (const [mark, fields] of Object.entries(file))
    rules.set(
      mark,
      Object.entries(fields).map(([field, rule]) => [field, sendRule(field, rule, target)] as const),
    )
  return (mark: Mark, run: Run, error?: string): Payload =>
    sendAll(rules.get(mark) ?? [], { fields: {}, found: {}, run, error, cut: [] })
}
