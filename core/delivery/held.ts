/** A record that this engine has leased, with all that is needed to say what is to be sent of it. */
import type { CompiledFlow, CompiledPipeline } from '../pipeline/compiled.ts'
import type { Json, RecordView, Reference, ResourceName, Run, Work } from '../plugin.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { Records } from '../store/records.ts'
import { viewOf } from './draft.ts'
import { livingFirst } from './session.ts'
import type { Tenant } from './tenant.ts'

export interface Held {
  readonly record: RecordDocument
  readonly pipeline: CompiledPipeline
  /** The revision that the settling update expects: raised with each write of ours. */
  rev: number
  /** By the resource that a flow pushes to: what the flow's references led to. */
  readonly found: Map<string, Work['found']>
  /** Shared resources that another record owns: nothing is sent there. */
  readonly kept: Set<string>
}

/** Stands for the record itself, where nothing of it is sent but it refers to others all the same. */
export const OWN = 'own'

export const flowTo = (pipeline: CompiledPipeline, resource: string): CompiledFlow | undefined =>
  resource === OWN
    ? pipeline.flows.find(flow => flow.push === undefined && checks(flow))
    : pipeline.flowTo(resource as ResourceName)

const checks = (flow: CompiledFlow): boolean => flow.steps.some(({ name }) => name === 'dependency-check')

/** The event that a stored record would be, so that steps can be asked about it. */
function workOf(flow: CompiledFlow, record: RecordDocument, found: Work['found']): Work {
  return {
    resource: flow.from,
    version: [],
    payload: {},
    partial: true,
    record: viewOf(record),
    fields: {},
    merged: record.fields,
    identities: [],
    found,
    refs: [],
    missing: [],
    changes: [],
    due: [],
    kept: [],
  }
}

/** Where something may have to be sent: what is in the outbox, and what was sent with references that may have changed. */
export function targetsOf({ outbox, pushed, refs, state }: RecordDocument): readonly string[] {
  const targets = Object.keys(outbox).filter(resource => outbox[resource]?.content !== undefined)
  if (refs.length === 0 || state === 'deleted') return targets
  // A write-back alone leaves neither mark: nothing of ours was sent there.
  const sent = Object.keys(pushed).filter(
    to => pushed[to]?.content !== undefined || pushed[to]?.removed === true,
  )
  const all = [...new Set([...targets, ...sent])]
  // What it refers to may have come, or gone.
  return all.length === 0 ? [OWN] : all
}

/** Also where nothing is to be sent: what others lend says to which shared object the record belongs. */
function askedFor({ record, pipeline }: Held): readonly string[] {
  const targets = targetsOf(record)
  const taking = pipeline.flows.find(flow => flow.takes)?.push?.to
  if (taking === undefined || targets.includes(taking) || record.state === 'deleted') return targets
  return [...targets, taking]
}

/** Reads what the held records refer to, in one command per round; chained references take a round more. */
export async function readReferences(
  records: Records,
  tenant: Tenant,
  helds: readonly Held[],
): Promise<void> {
  const known = new Map<string, RecordView | null>()
  const asking = helds.flatMap(held =>
    askedFor(held).flatMap(to => {
      const flow = flowTo(held.pipeline, to)
      return flow === undefined ? [] : [{ held, to, flow }]
    }),
  )
  for (let round = 0; round < 8; round++) {
    const wanted = new Set<string>()
    for (const { held, to, flow } of asking) {
      const found: Record<string, RecordView | null> = { ...held.found.get(to) }
      const work = { merged: held.record.fields, fields: held.record.fields, found }
      // What was just found may tell where a chained reference leads, so it is asked again until nothing is added.
      for (let before = -1; before < Object.keys(found).length; ) {
        before = Object.keys(found).length
        for (const reference of flow.references(work)) {
          const record = known.get(reference.key)
          if (record === undefined) wanted.add(reference.key)
          else found[reference.name] = record
        }
      }
      held.found.set(to, found)
    }
    if (wanted.size === 0) return
    for (const record of livingFirst(await records.byKeys(tenant.id, [...wanted]))) {
      const view = viewOf(record)
      for (const key of record.keys) if (wanted.has(key) && !known.has(key)) known.set(key, view)
    }
    for (const key of wanted) if (!known.has(key)) known.set(key, null)
  }
}

/**
 * Ids that it takes from what it refers to, where they are others than those it has. None, but not undefined: it has
 * them, and cannot be found by them yet.
 */
export function takenAnew(held: Held, run: Run): RecordDocument['fields'] | undefined {
  const { record, pipeline } = held
  if (record.state === 'deleted' || record.state === 'merged') return undefined
  const anew: { [field: string]: Json } = {}
  for (const [resource, found] of held.found) {
    const flow = flowTo(pipeline, resource)
    const step = flow?.steps.find(each => each.name === 'dependency-check')
    if (flow?.takes !== true || step === undefined) continue
    const result = step.run(workOf(flow, record, found), run)
    const { fields } = 'end' in result ? result.work : result
    for (const [field, value] of Object.entries(fields))
      if ((record.fields[field] ?? null) !== value) anew[field] = value
  }
  const hidden = pipeline.shared.some(plan => {
    const key = plan.keyOf(record.fields)
    return key !== undefined && !record.keys.includes(key)
  })
  return hidden || Object.keys(anew).length > 0 ? anew : undefined
}

/** What the flow to `resource` needs and does not have, and whether one of those that end it is deleted. */
export function wants(
  held: Held,
  resource: string,
  run: Run,
): { readonly refs: readonly Reference[]; readonly missing: readonly Reference[]; readonly ended: boolean } {
  const flow = flowTo(held.pipeline, resource)
  const step = flow?.steps.find(each => each.name === 'dependency-check')
  if (flow === undefined || step === undefined) return { refs: [], missing: [], ended: false }
  const found = held.found.get(resource) ?? {}
  const result = step.run(workOf(flow, held.record, found), run)
  const work = 'end' in result ? result.work : result
  const ended = work.refs.some(reference => reference.ends && found[reference.name]?.state === 'deleted')
  return { refs: work.refs, missing: work.missing, ended }
}
