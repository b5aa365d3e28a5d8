import { isId, significantFields, unknownField } from '../pipeline/fields.ts'
import { type DependencyOptions, type HoldFile, whenNames } from '../pipeline/grammar.ts'
import { keySets } from '../pipeline/keys.ts'
import { lintPath } from '../pipeline/lending.ts'
import {
  chainedFields,
  holdKey,
  lentFields,
  lentPath,
  referenceRules,
  satisfied,
  tell,
} from '../pipeline/references.ts'
import { condition } from '../pipeline/rules.ts'
import { lends } from '../pipeline/sending.ts'
import {
  defineStep,
  type Fields,
  type Json,
  type Lint,
  type LintPlace,
  type Reference,
  type StepContext,
  type Work,
} from '../plugin.ts'

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
const hold = {
  type: 'object',
  properties: {
    on: { type: 'boolean', description: "Whether it counts where a college's mapping says nothing." },
    when: { $ref: '#/$defs/when' },
    until: { $ref: '#/$defs/when' },
  },
  required: ['on', 'until'],
  additionalProperties: false,
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
      const { identity = {}, fields = {} } = context.modules.get(module)?.record ?? {}
      const own = new Set(Object.values(identity))
      // An id of its own comes sooner or later; another reference of that record, or a text, may stay empty for good.
      const through = [...(chained.get(name) ?? [])].filter(field => own.has(field))
      const sent = [...(lent.get(name) ?? [])].filter(field => isId(fields[field]))
      return [name, [...new Set<string>([...sent, ...through])]]
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
    yield* lintPath(pair.ours, at, earlier, place, true)
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

/** A condition on a field whose change is no news would not be asked again. */
function* lintHold(name: string, { when, until }: HoldFile, { record }: LintPlace): Iterable<Lint> {
  const significant = significantFields(record)
  for (const [part, names] of [
    ['when', whenNames(when)],
    ['until', whenNames(until)],
  ] as const)
    for (const field of names) {
      const path = ['holds', name, part, field]
      if (!Object.hasOwn(record.fields, field)) yield unknownField(field, record.fields, path)
      else if (!significant.has(field))
        yield {
          path,
          code: 'HELD_NOT_FINGERPRINTED',
          message: `"${field}" holds the record back but is not fingerprinted: a change to it would not be noticed`,
          suggestion: `add "${field}" to record.fingerprint`,
        }
    }
}

/** Keeps an id that can be found among the record's own fields, so that `shared` and `findBy` may name it. */
function* lintTakes(
  takes: Readonly<Record<string, string>>,
  references: ReadonlyMap<string, string>,
  place: LintPlace,
): Iterable<Lint> {
  const { fields } = place.record
  for (const [field, of] of Object.entries(takes)) {
    const path = ['takes', field]
    if (!Object.hasOwn(fields, field)) yield unknownField(field, fields, path)
    else if (!isId(fields[field]))
      yield { path, code: 'TAKEN_NOT_ID', message: `"${field}" takes an id, so it must be a lookup or an id` }
    if (lentPath(of) !== undefined) yield* lintPath(of, path, references, place, true)
    else
      yield {
        path,
        code: 'NOT_LENT',
        message: `"${of}" is not lent by another record`,
        suggestion: 'name a reference and its field, such as "room.houseId"',
      }
  }
}

/** Ids that found records lend, as our own fields. What is not here yet, or gone, changes nothing. */
function taking(takes: Readonly<Record<string, string>>) {
  const rules = Object.entries(takes).flatMap(([ours, of]) => {
    const path = lentPath(of)
    return path === undefined ? [] : [{ ours, ...path }]
  })
  return ({ found, merged }: Pick<Work, 'found' | 'merged'>, refs: readonly Reference[]): Fields => {
    const taken: { [field: string]: Json } = {}
    for (const { ours, name, field } of rules) {
      const record = found[name]
      if (lends(record)) taken[ours] = record.fields[field] ?? null
      // The reference itself is empty.
      else if (merged[ours] !== undefined && !refs.some(reference => reference.name === name))
        taken[ours] = null
    }
    return taken
  }
}

type Holding = (fields: Fields) => readonly Reference[]

/** Tells what still holds a record back, of the holds that are on. */
function holding(holds: Readonly<Record<string, HoldFile>>, module: string): Holding {
  const rules = Object.entries(holds)
    .filter(([, { on }]) => on)
    .map(([name, { when, until }]) => ({
      counts: condition(when) ?? (() => true),
      released: condition(until) ?? (() => true),
      reference: {
        ...{ name, module, key: holdKey(module, name), label: name.replaceAll('-', ' ') },
        ...{ needed: true, ends: false, held: true },
      } satisfies Reference,
    }))
  return fields =>
    rules
      .filter(({ counts, released }) => counts(fields) && !released(fields))
      .map(({ reference }) => reference)
}

/** Finds the records that this one points to, lends them to later steps, and tells what is missing. */
export default defineStep<DependencyOptions>({
  name: 'dependency-check',
  summary:
    'Waits until the records this one points to are here and nothing holds it back, and lends them to later steps.',
  options: {
    type: 'object',
    minProperties: 1,
    properties: {
      needs: { ...entries, description: 'Without these the record waits; an empty reference needs nothing.' },
      uses: {
        ...entries,
        description: 'Taken where they are known; when one comes later, it is sent again.',
      },
      holds: {
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: '^[a-z][a-z0-9-]*$' },
        additionalProperties: hold,
        description:
          'What holds the record back, by our own fields: `when` says for which, `until` what an event of it must bring.',
      },
      takes: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: 'string', minLength: 1 },
        description:
          'Ids that a found record lends, kept in our own fields (`"houseId": "room.houseId"`), so that `shared` and `findBy` can name them.',
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
    for (const [name, rule] of Object.entries(options.holds ?? {})) yield* lintHold(name, rule, place)
    yield* lintTakes(options.takes ?? {}, earlier, place)
  },

  wants(options) {
    const rules = referenceRules(options)
    return work => tell(rules, work)
  },

  prepare(options, context) {
    const rules = referenceRules(options)
    const taken = takenFrom(options, context)
    const held = holding(options.holds ?? {}, context.file.module)
    const takes = taking(options.takes ?? {})
    return before => {
      const refs = tell(rules, before)
      const ids = takes(before, refs)
      const work =
        Object.keys(ids).length === 0
          ? before
          : { ...before, fields: { ...before.fields, ...ids }, merged: { ...before.merged, ...ids } }
      const holds = held(work.merged)
      if (refs.length === 0 && holds.length === 0) return work
      const missing = refs.filter(
        ({ name, needed }) => needed && !satisfied(work.found[name], taken.get(name) ?? []),
      )
      const reason = holds.length === 0 ? {} : { reason: 'held' }
      return { ...work, refs: [...refs, ...holds], missing: [...missing, ...holds], ...reason }
    }
  },
})
