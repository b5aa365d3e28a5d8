import type { RuleFile } from './grammar.ts'
import { lentPath, readBy } from './references.ts'

/** Our own fields that the rules of a push read. */
export function sentFields(rules: Readonly<Record<string, RuleFile>>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const file of Object.values(rules))
    for (const of of readBy(file)) if (lentPath(of) === undefined && !of.startsWith('run.')) names.add(of)
  return names
}
