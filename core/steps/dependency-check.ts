import { unknownField } from '../pipeline/fields.ts'
import type { DependencyOptions } from '../pipeline/grammar.ts'
import { keySets } from '../pipeline/keys.ts'
import { lintPath } from '../pipeline/lending.ts'
import { chainedFields, lentFields, referenceRules, satisfied, tell } from '../pipeline/references.ts'
import { defineStep, type Lint, type LintPlace, type StepContext } from '../plugin.ts'

const entry = {
  type: 'object',
  minProperties: 1,
  properties: {
    module: {
      type: 'string',
      minLength: 1,
      description: 'The module, where the reference has another name.',
    },
    ends: {
      type: 'boolean',
      description: 'When that record is deleted, this one is ended in the other system instead of waiting.',
    },
  },
  additionalProperties: { type: 'string', minLength: 1 },
}
const entries = { type: 'object', minProperties: 1, additionalProperties: entry }

/** For each reference, the fields without which it does not satisfy. */
function takenFrom(options: DependencyOptions, context: StepContext): ReadonlyMap<string, readonly string[]> {
  const rules = referenceRules(options)
  const flow = context.file.flows[context.flow]
  const lent = flow === undefined ? new Map() : lentFields(flow)
  const chained = chainedFields(rules.filter(rule => rule.needed))
  return new Map(
    rules.map(({ name, module }) => {
      const identity = new Set(Object.values(context.modules.get(module)?.record.identity ?? {}))
      // An id of its own comes sooner or later; another reference of that record may stay empty for good.
      const through = [...(chained.get(name) ?? [])].filter(field => identity.has(field))
      return [name, [...new Set<string>([...(lent.get(name) ?? []), ...through])]]
    }),
  )
}

/** One entry: its fields are a key of that module, and what they are compared with is ours or lent. */
function* lintEntry(
  path: readonly string[],
  rule: ReturnType<typeof referenceRules>[number],
  earlier: ReadonlyMap<string, string>,
  place: LintPlace,
): Iterable<Lint> {
  const theirs = place.modules.get(rule.module)?.record
  for (const pair of rule.pairs) {
    const at = [...path, pair.theirs]
    if (theirs?.fields !== undefined && !Object.hasOwn(theirs.fields, pair.theirs))
      yield {
        ...unknownField(pair.theirs, theirs.fields, at),
        message: `${rule.module} has no field "${pair.theirs}"`,
      }
    yield* lintPath(pair.ours, at, earlier, place)
  }
  const names = rule.pairs.map(pair => pair.theirs)
  const known = theirs?.fields !== undefined && names.every(name => Object.hasOwn(theirs.fields, name))
  if (theirs === undefined || !known) return
  const keys = keySets(theirs).map(key => key.join(' and '))
  if (!keys.includes(names.join(' and ')))
    yield {
      path,
      code: 'NOT_A_KEY',
      message: `${rule.module} cannot be found by ${names.join(' and ')}`,
      suggestion: `use ${keys.join(' or ')}, or add it to ${rule.module}'s record.findBy`,
    }
}

/** Finds the records that this one points to, lends them to later steps, and tells what is missing. */
export default defineStep<DependencyOptions>({
  name: 'dependency-check',
  summary: 'Waits until the records this one points to are here, and lends them to later steps.',
  options: {
    type: 'object',
    minProperties: 1,
    properties: {
      needs: { ...entries, description: 'Without these the record waits; an empty reference needs nothing.' },
      uses: {
        ...entries,
        description: 'Taken where they are known; when one comes later, it is sent again.',
      },
    },
    additionalProperties: false,
  },

  *lint(options, place) {
    const earlier = new Map<string, string>()
    for (const rule of referenceRules(options)) {
      const part = rule.needed ? 'needs' : 'uses'
      yield* lintEntry([part, rule.name], rule, earlier, place)
      earlier.set(rule.name, rule.module)
      if (rule.ends && !rule.needed)
        yield {
          path: [part, rule.name, 'ends'],
          code: 'ENDS_IN_USES',
          message: '"ends" belongs to "needs" only',
        }
    }
  },

  wants(options) {
    const rules = referenceRules(options)
    return work => tell(rules, work)
  },

  prepare(options, context) {
    const rules = referenceRules(options)
    const taken = takenFrom(options, context)
    return work => {
      const refs = tell(rules, work)
      if (refs.length === 0) return work
      const missing = refs.filter(
        ({ name, needed }) => needed && !satisfied(work.found[name], taken.get(name) ?? []),
      )
      return { ...work, refs, missing }
    }
  },
})
