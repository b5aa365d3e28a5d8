import { equal } from '../pipeline/canonical.ts'
import { significantFields } from '../pipeline/fields.ts'
import type { PushOptions, UpsertOptions } from '../pipeline/grammar.ts'
import { identitiesOf } from '../pipeline/identities.ts'
import { sentFields } from '../pipeline/sent.ts'
import { type Change, defineStep, type Fields, type Json, type StepContext } from '../plugin.ts'

/** Our fields that this module sends to the sender: only these can go back to it. */
function goingBack({ file, from }: StepContext): ReadonlySet<string> {
  const pushes = Object.values(file.flows)
    .flatMap(flow => flow.steps)
    .filter(step => step.step === 'push')
    .map(step => step as unknown as PushOptions)
  return new Set(pushes.filter(push => push.to === from).flatMap(push => [...sentFields(push.fields)]))
}

/** Decides between NEW, UPDATED with its changes, and UNCHANGED. */
export default defineStep<UpsertOptions>({
  name: 'upsert',
  summary: 'Compares with the stored record: NEW, UPDATED with the changes, or UNCHANGED.',
  options: {
    type: 'object',
    properties: {
      overwrite: {
        type: 'boolean',
        description:
          'false: this sender only fills what was never set; what it refuses goes back to it. Default true.',
      },
    },
    additionalProperties: false,
  },

  prepare({ overwrite = true }, context) {
    const { record: definition } = context.file
    const significant = significantFields(definition)
    const own = definition.identity[context.from]
    const identities = identitiesOf(definition, context.from)
    const back = goingBack(context)
    return work => {
      const { record } = work
      if (record === null) return { ...work, outcome: 'NEW' }
      const changes: Change[] = []
      const kept: string[] = []
      const fields: { [field: string]: Json } = {}
      let cleared = false
      for (const field of Object.keys(work.fields)) {
        const from = record.fields[field]
        const to = work.fields[field] as Json
        if (equal(from, to)) continue
        if (!overwrite && field !== own) {
          // Nothing fills nothing; and what was set once, cleared included, stays.
          if (from === undefined && to === null) continue
          if (from !== undefined) {
            if (back.has(field)) kept.push(field)
            continue
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
