import { DataError } from '../errors.ts'
import { missingField, unknownField } from '../pipeline/fields.ts'
import { derivedDefault, type MapOptions, type RuleFile, ruleObject } from '../pipeline/grammar.ts'
import { identitiesOf } from '../pipeline/identities.ts'
import { mapRule, mapScope } from '../pipeline/rules.ts'
import { defineStep, type Lint, type LintPlace } from '../plugin.ts'

function* unknown(name: string, { record }: LintPlace, path: readonly (string | number)[]): Iterable<Lint> {
  if (!Object.hasOwn(record.fields, name)) yield unknownField(name, record.fields, path)
}

/** Turns the sender's payload into the record's fields, and refuses what is wrong or missing. */
export default defineStep<MapOptions>({
  name: 'map',
  summary: "Makes the record's fields out of the sender's, in the order of the lines.",
  options: {
    type: 'object',
    properties: {
      fields: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { $ref: '#/$defs/mapRule' },
        description: "The record's field on the left, where it comes from on the right.",
      },
    },
    required: ['fields'],
    additionalProperties: false,
  },

  *lint({ fields }, place) {
    const before = new Set<string>()
    for (const [field, file] of Object.entries(fields)) {
      const path = ['fields', field]
      yield* unknown(field, place, path)
      const rule = ruleObject(file, 'from')
      const used = [rule.of, ...(rule.join ?? []), derivedDefault(rule)?.of, rule.keep]
      for (const name of used) {
        if (name === undefined) continue
        if (!Object.hasOwn(place.record.fields, name)) yield* unknown(name, place, path)
        else if (!before.has(name) && fields[name] !== undefined)
          yield { path, code: 'USED_BEFORE_MAPPED', message: `"${name}" is used before it is mapped` }
        else if (!before.has(name))
          yield { path, code: 'NEVER_MAPPED', message: `"${name}" is used, but this flow does not map it` }
      }
      before.add(field)
    }
  },

  prepare({ fields }, context) {
    const { record } = context.file
    const rules = Object.entries(fields).map(([field, rule]) =>
      mapRule(field, rule, record.fields[field], context),
    )
    const tried = new Map<string, readonly string[]>()
    for (const { field, tried: own } of rules) {
      // What a value is derived from was looked at as well.
      const rule = ruleObject(fields[field] as RuleFile, 'from')
      const others = [rule.of, ...(rule.join ?? []), derivedDefault(rule)?.of].filter(
        name => name !== undefined,
      )
      tried.set(field, [...new Set([...own, ...others.flatMap(name => tried.get(name) ?? [])])])
    }
    const required = record.required ?? []
    const identities = identitiesOf(record, context.from)
    const foreignIds = Object.entries(record.identity)
      .filter(([resource]) => resource !== context.from)
      .map(([, field]) => field)
    return (work, run) => {
      const stored = work.record?.fields ?? {}
      const scope = mapScope(work.payload, stored, run)
      let at = 0
      try {
        for (; at < rules.length; at++) (rules[at] as (typeof rules)[number]).apply(scope)
      } catch (error) {
        if (!(error instanceof DataError) || error.at !== undefined) throw error
        const { field } = rules[at] as (typeof rules)[number]
        throw new DataError(error.code, `${field}: ${error.message}`, {
          at: field,
          tried: tried.get(field) ?? [],
          cause: error,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
        })
      }
      // The sender may not have heard of the other side's id yet; that it says nothing does not take the link away.
      for (const field of foreignIds) {
        if (scope.fields[field] === null && stored[field] != null) delete scope.fields[field]
      }
      const merged = work.record === null ? scope.fields : { ...stored, ...scope.fields }
      const missing = missingField(required, merged, field => tried.get(field) ?? [])
      if (missing !== undefined) throw missing
      return { ...work, fields: scope.fields, merged, identities: identities(merged) }
    }
  },
})
