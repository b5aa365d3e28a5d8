import { type RuleFile, ruleObject } from './grammar.ts'
import { lentPath } from './references.ts'

/** Our own fields that the rules of a push read. */
export function sentFields(rules: Readonly<Record<string, RuleFile>>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const file of Object.values(rules)) {
    const rule = ruleObject(file, 'of')
    for (const of of [rule.of, ...(rule.join ?? [])])
      if (of !== undefined && lentPath(of) === undefined && !of.startsWith('run.')) names.add(of)
  }
  return names
}
