import { DataError } from '../errors.ts'
import { equal } from '../pipeline/canonical.ts'
import { significantFields, unknownField } from '../pipeline/fields.ts'
import type { MapOptions, PushOptions, UpsertOptions } from '../pipeline/grammar.ts'
import { identitiesOf } from '../pipeline/identities.ts'
import { mapRule, mapScope } from '../pipeline/rules.ts'
import { sentFields } from '../pipeline/sent.ts'
import {
  type Change,
  defineStep,
  type Fields,
  type Json,
  type PushPlan,
  type Run,
  type StepContext,
} from '../plugin.ts'
import pushStep from './push.ts'

/** Our fields that this module sends to the sender: only these can go back to it. */
const goingBack = (pushes: readonly PushOptions[]): ReadonlySet<string> =>
  new Set(pushes.flatMap(push => [...sentFields(push.fields)]))

/** The pushes of all flows of this module that go to the sender. */
function pushesTo(context: StepContext) {
  const { file, from } = context
  return Object.entries(file.flows).flatMap(([flow, { steps }]) =>
    steps
      .filter(step => step.step === 'push' && step['to'] === from)
      .map(step => step as unknown as PushOptions)
      .map(push => ({ push, plan: pushStep.plan?.(push, { ...context, flow }) })),
  )
}

type Said = (fields: Fields, run: Run) => Fields

/**
 * What the sender says of a record once it holds what we send to it: texts cut, values changed there and back. Only
 * what differs from that is the sender's own; anything else would go to and fro for ever.
 */
function saidBack(context: StepContext, plans: readonly PushPlan[]): Said {
  const { file, flow, from } = context
  const map = file.flows[flow]?.steps.find(step => step.step === 'map') as unknown as MapOptions | undefined
  const rules = Object.entries(map?.fields ?? {}).map(([field, rule]) =>
    mapRule(field, rule, file.record.fields[field], context),
  )
  return (fields, run) => {
    const id = fields[file.record.identity[from] ?? '']
    const sent = plans.map(plan => attempt(() => plan.render(fields, {}, run).fields))
    const scope = mapScope(Object.assign({ id: id ?? null }, ...sent), {}, run)
    for (const rule of rules) attempt(() => rule.apply(scope))
    return scope.fields
  }
}

/** What cannot be sent or read was not said. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof DataError) return undefined
    throw error
  }
}

/** Nothing fills nothing: what such a sender leaves empty was not cleared, and may be filled later. */
const filled = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** Decides between NEW, UPDATED with its changes, and UNCHANGED. */
export default defineStep<UpsertOptions>({
  name: 'upsert',
  summary: 'Compares with the stored record: NEW, UPDATED with the changes, or UNCHANGED.',
  options: {
    type: 'object',
    properties: {
      overwrite: {
        description:
          'false: this sender only fills what was never set; what it refuses goes back to it. A list: of these of our fields it may change what it has itself changed. Default true.',
        if: { type: 'array' },
        // biome-ignore lint/suspicious/noThenProperty: the words of JSON Schema
        then: { minItems: 1, uniqueItems: true, items: { type: 'string', minLength: 1 } },
        else: { type: 'boolean' },
      },
    },
    additionalProperties: false,
  },

  *lint({ overwrite }, { record, mapped }) {
    for (const [index, field] of (Array.isArray(overwrite) ? overwrite : []).entries())
      if (!mapped.includes(field) || !Object.hasOwn(record.fields, field))
        yield {
          ...unknownField(field, record.fields, ['overwrite', index]),
          message: `"${field}" is not mapped by this flow`,
        }
  },

  prepare({ overwrite: given = true }, context) {
    const overwrite = given === true
    const its = new Set(Array.isArray(given) ? given : [])
    const { record: definition } = context.file
    const significant = significantFields(definition)
    const own = definition.identity[context.from]
    const identities = identitiesOf(definition, context.from)
    const pushes = pushesTo(context)
    const back = goingBack(pushes.map(({ push }) => push))
    const saidBackTo = saidBack(
      context,
      pushes.flatMap(({ plan }) => plan ?? []),
    )
    return (work, run) => {
      const { record } = work
      if (record === null) {
        if (overwrite) return { ...work, outcome: 'NEW' }
        return { ...work, fields: filled(work.fields), merged: filled(work.merged), outcome: 'NEW' }
      }
      const changes: Change[] = []
      const kept: string[] = []
      const fields: { [field: string]: Json } = {}
      let cleared = false
      let said: Fields | undefined
      for (const field of Object.keys(work.fields)) {
        const from = record.fields[field]
        const to = work.fields[field] as Json
        if (equal(from, to)) continue
        if (!overwrite && field !== own) {
          // Nothing fills nothing; and what was set once, cleared included, stays.
          if (from === undefined && to === null) continue
          if (from !== undefined) {
            if (!back.has(field)) continue
            said ??= saidBackTo(record.fields, run)
            if (equal(said[field] ?? null, to)) continue
            if (!its.has(field)) {
              kept.push(field)
              continue
            }
          }
        }
        fields[field] = to
        if (!significant.has(field)) continue
        if (from === undefined && to === null) cleared = true
        else changes.push({ field, from: from ?? null, to })
      }
      const merged: Fields = overwrite ? work.merged : { ...record.fields, ...fields }
      const next = { ...work, fields: overwrite ? work.fields : fields, merged, changes, kept }
      if (!overwrite) next.identities = identities(merged)
      if (record.state === 'deleted') return { ...next, outcome: 'UPDATED', reason: 'returned' }
      if (changes.length > 0) return { ...next, outcome: 'UPDATED' }
      if (cleared) return { ...next, outcome: 'UPDATED', reason: 'cleared' }
      return { ...next, outcome: 'UNCHANGED', ...(kept.length > 0 ? { reason: 'kept' } : {}) }
    }
  },
})
