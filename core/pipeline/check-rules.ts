import type { FieldDefinition } from '../plugin.ts'
import { derivedDefault, type RuleFile, type RuleObject, ruleObject } from './grammar.ts'
import type { Tell } from './known.ts'
import { nearest } from './nearest.ts'
import type { Path } from './source.ts'
import { shown } from './values.ts'

const kinds = ['from', 'of', 'join', 'value'] as const

/** Whether the words of each rule go together, and its constants are values of their field. */
export function checkRules(
  rules: Readonly<Record<string, RuleFile>>,
  path: Path,
  fields: Readonly<Record<string, FieldDefinition>>,
  tell: Tell,
): void {
  for (const [name, file] of Object.entries(rules)) {
    const at = [...path, name]
    const rule = ruleObject(file, 'from')
    const given = kinds.filter(kind => rule[kind] !== undefined)
    if (given.length === 0 && rule.default === undefined)
      tell(
        at,
        'RULE_SOURCE',
        'nothing says where the value comes from',
        'add "from", "of", "join" or "value"',
      )
    if (given.length > 1)
      tell(at, 'RULE_SOURCE', `${given.map(kind => `"${kind}"`).join(' and ')} exclude each other`)
    if (rule.keep !== undefined && derivedDefault(rule) === undefined)
      tell(
        [...at, 'keep'],
        'KEEP_WITHOUT_DEFAULT',
        '"keep" is about a default that is derived ("default": {"of": ...})',
      )
    checkConstants(rule, at, fields[name], tell)
    const { type, items } = fields[name] ?? {}
    if (rule.each !== undefined && type !== undefined && type !== 'array')
      tell([...at, 'each'], 'EACH_WITHOUT_LIST', `"${name}" is no list`)
    if (rule.each !== undefined && items?.fields !== undefined) {
      for (const column of Object.keys(rule.each))
        if (!Object.hasOwn(items.fields, column))
          tell(
            [...at, 'each', column],
            'UNKNOWN_FIELD',
            `the rows of "${name}" have no field "${column}"`,
            nearest(column, Object.keys(items.fields)),
          )
      checkRules(rule.each, [...at, 'each'], items.fields, tell)
    }
  }
}

function checkConstants(rule: RuleObject, path: Path, field: FieldDefinition | undefined, tell: Tell): void {
  const listed = field?.enum
  if (listed === undefined) return
  const expect = (value: unknown, at: Path): void => {
    if (typeof value === 'string' && !listed.includes(value))
      tell(at, 'NOT_LISTED', `"${shown(value)}" is none of ${listed.join(', ')}`, nearest(value, listed))
  }
  expect(rule.value, [...path, 'value'])
  if (derivedDefault(rule) === undefined) expect(rule.default, [...path, 'default'])
  for (const [from, to] of Object.entries(rule.values ?? {})) expect(to, [...path, 'values', from])
}
