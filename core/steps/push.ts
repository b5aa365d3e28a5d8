import { contentHash } from '../pipeline/canonical.ts'
import type { PushOptions, WriteBackFile } from '../pipeline/grammar.ts'
import { marksOf } from '../pipeline/marks.ts'
import { flowReferences, lentPath } from '../pipeline/references.ts'
import { type Sender, sendAll, sendRule, type Target } from '../pipeline/sending.ts'
import { isEmpty } from '../pipeline/values.ts'
import {
  defineStep,
  type Json,
  type Payload,
  type PushPlan,
  type ResourceName,
  type StepContext,
  type WriteBackPlan,
} from '../plugin.ts'
import { lintPush } from './push-lint.ts'
import { pushSchema } from './push-schema.ts'

const identityOf = (identity: Readonly<Record<string, string>>, field: string): ResourceName | undefined =>
  Object.keys(identity).find(resource => identity[resource] === field) as ResourceName | undefined

/** What is known of the place that a rule sends to, and of the fields that it takes. */
function targetOf(to: ResourceName, context: StepContext): Target {
  const flow = context.file.flows[context.flow]
  const references = flow === undefined ? [] : flowReferences(flow)
  const typeOf: Target['typeOf'] = of => {
    const path = lentPath(of)
    const module = references.find(reference => reference.name === path?.name)?.module
    const record = path === undefined ? context.file.record : context.modules.get(module ?? '')?.record
    const name = path === undefined ? of : path.field
    const identity = record === undefined ? undefined : identityOf(record.identity, name)
    return { field: record?.fields[name], ...(identity === undefined ? {} : { identityOf: identity }) }
  }
  return { to, resource: context.resource(to), context, typeOf }
}

type Rules = readonly (readonly [string, Sender])[]

/** `id` is the address of the remote object, not one of its fields: it is never part of the content. */
const compiled = (rules: PushOptions['fields'] | undefined, target: Target): Rules =>
  Object.entries(rules ?? {})
    .filter(([name]) => name !== 'id')
    .map(([name, rule]) => [name, sendRule(name, rule, target)] as const)

function writeBackPlan(file: WriteBackFile, context: StepContext): WriteBackPlan {
  const target = targetOf(file.to, context)
  const rules = compiled(file.fields, target)
  const marks = marksOf(file.marks, target)
  return {
    to: file.to,
    idField: file.id,
    render: (fields, mark, run, error) => ({
      ...(mark === 'done' ? sendAll(rules, { fields, found: {}, run, cut: [] }) : {}),
      ...marks(mark, run, error),
    }),
  }
}

function planOf(options: PushOptions, context: StepContext): PushPlan {
  const target = targetOf(options.to, context)
  const rules = compiled(options.fields, target)
  const idField = context.file.record.identity[options.to] ?? ''
  const deletion = typeof options.onDelete === 'object' ? compiled(options.onDelete, target) : undefined
  const answers = Object.entries(options.answers ?? {})
  return {
    to: options.to,
    idField,
    agree: { fields: options.agree?.fields ?? [], linked: options.agree?.linked ?? false },
    render(fields, found, run, metadata) {
      const cuts: string[] = []
      const plain = sendAll(rules, { fields, found, run, cut: cuts })
      // The hash leaves out what only the remote's metadata changes, or each event would look due again.
      const content = contentHash(plain)
      const match = matching(options.match, idField, fields, plain)
      if (metadata === undefined) return { fields: plain, content, match, cut: cuts }
      const cut: string[] = []
      const sent = sendAll(rules, { fields, found, run, metadata, cut })
      return { fields: sent, content, match, cut }
    },
    renderDelete(fields, run): Payload | 'keep' | 'delete' {
      if (deletion === undefined) return options.onDelete as 'keep' | 'delete'
      return sendAll(deletion, { fields, found: {}, run, cut: [] })
    },
    marks: marksOf(options.marks, target),
    answers: fields =>
      Object.fromEntries(answers.map(([name, field]) => [name, fields[field] ?? null] as [string, Json])),
    ...(options.writeBack === undefined ? {} : { writeBack: writeBackPlan(options.writeBack, context) }),
  }
}

function matching(names: readonly string[], idField: string, fields: Payload, sent: Payload) {
  const match: { by: string; value: string }[] = []
  for (const by of names) {
    const value = by === 'id' ? fields[idField] : sent[by]
    if (!isEmpty(value) && typeof value !== 'object') match.push({ by, value: String(value) })
  }
  return match.sort((a, b) => Number(b.by === 'id') - Number(a.by === 'id'))
}

/** Tells what is due to be sent: the content as it is now, where it is not what was sent last. */
export default defineStep<PushOptions>({
  name: 'push',
  summary: 'Makes the record due for another system where its content differs from what was sent last.',
  options: pushSchema,
  lint: lintPush,
  plan: planOf,

  prepare(options, context) {
    const plan = planOf(options, context)
    return (work, run) => {
      const { content, fields } = plan.render(work.merged, work.found, run)
      if (Object.keys(fields).length === 0) return work
      const sent = work.record?.pushed[plan.to]?.content
      const returned = work.record?.state === 'deleted'
      // No news is sent only where something was sent before: an echo must not go back to where it came from.
      const same = work.outcome === 'UNCHANGED' && sent === undefined
      if (!returned && (same || sent === content)) return work
      return { ...work, due: [...work.due, { to: plan.to, content }] }
    }
  },
})
