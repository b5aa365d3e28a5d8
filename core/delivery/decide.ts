/** What one event does to its record. Pure but for the session, which it asks and tells. */
import { DataError, type WaslError } from '../errors.ts'
import type { CompiledFlow, CompiledPipeline, SharedPlan } from '../pipeline/compiled.ts'
import { heard } from '../pipeline/heard.ts'
import type { Ending, Payload, RecordView, Reference, ResourceName, Run, Work } from '../plugin.ts'
import type { EventDocument } from '../store/documents.ts'
import { remove } from './delete.ts'
import { type Draft, viewOf, without } from './draft.ts'
import { isSameError, storedError } from './error.ts'
import { invalid } from './invalid.ts'
import { keep, unchanged } from './keep.ts'
import { mayMerge } from './merge.ts'
import { type Decision, type GateBefore, type Item, nameOf, type Scene } from './scene.ts'
import type { Session } from './session.ts'
import { resourceConnection, type Tenant } from './tenant.ts'
import { isReadBefore, isTie } from './tie.ts'
import { isOlder } from './version.ts'

/** Part of a record that we do not have yet, or one of two edits of one moment: its remote must be asked. */
export const READ_WHOLE = Symbol('read whole')

/** Two records are one: they are merged first, then the event is decided again. */
export interface Merging {
  readonly merge: readonly [Draft, Draft]
}

/** Undefined: something must be read first; the session knows what. */
export function decide(
  session: Session,
  tenant: Tenant,
  item: Item,
  run: Run,
  gateBefore: GateBefore,
): Decision | Merging | typeof READ_WHOLE | undefined {
  const { event, payload } = item
  const draft = event.identity === undefined ? null : session.byIdentity(event.identity)
  if (draft === undefined) return undefined
  if (item.partial && event.kind === 'state' && (draft === null || viewOf(draft.next) === null))
    return READ_WHOLE
  const chosen = tenant.pipelines.choose(event.resource as ResourceName, payload, draft?.next.module)
  if (chosen === undefined) return { outcome: 'INVALID', changes: [], error: storedError(noPipeline(event)) }
  if ('skip' in chosen) return { outcome: 'SKIPPED', reason: chosen.skip, changes: [] }
  if (tenant.switchedOff(chosen.pipeline.module)) {
    return { outcome: 'SKIPPED', reason: 'switched_off', changes: [], module: chosen.pipeline.module }
  }
  const scene: Scene = {
    session,
    tenant,
    run,
    item,
    pipeline: chosen.pipeline,
    flow: chosen.flow,
    gateBefore,
  }
  const decision = on(scene, draft)
  if (decision === undefined || decision === READ_WHOLE || 'merge' in decision) return decision
  return {
    module: chosen.pipeline.module,
    flow: chosen.flow.name,
    config: chosen.pipeline.config,
    ...decision,
    ...answersOf(scene, decision),
  }
}

/** Kept with the event: by the time that its sender asks, another event may have changed the record. */
function answersOf({ session, flow, item }: Scene, { outcome }: Decision): { answers?: Payload } {
  if (outcome !== 'NEW' && outcome !== 'UPDATED' && outcome !== 'UNCHANGED') return {}
  const draft = item.event.identity === undefined ? null : session.byIdentity(item.event.identity)
  const answers = draft ? flow.push?.answers(draft.next.fields) : undefined
  return answers === undefined || Object.keys(answers).length === 0 ? {} : { answers }
}

const noPipeline = (event: EventDocument): WaslError =>
  new DataError('UNKNOWN_MODULE', `No running pipeline takes what ${event.resource} sends.`, {
    hint: 'Load a pipeline for it, or end its webhook; replay the delivery afterwards.',
  })

function on(scene: Scene, draft: Draft | null): Decision | Merging | typeof READ_WHOLE | undefined {
  const { event } = scene.item
  const side = draft?.next.sides[scene.flow.connector]
  if (isOlder(event.version, side?.version) || isReadBefore(scene.item, side, scene.run.at)) {
    return { outcome: 'SKIPPED', reason: 'older', changes: [], ...recordOf(draft) }
  }
  if (event.kind === 'delete') return remove(scene, draft)
  const { state: before, deletedBy } = draft?.next ?? {}
  if (
    draft !== null &&
    before === 'deleted' &&
    deletedBy !== undefined &&
    deletedBy !== scene.flow.connector
  ) {
    // What another side still has of it is what our own `onDelete` left there.
    return { outcome: 'UNCHANGED', reason: 'deleted', changes: [], ...recordOf(draft) }
  }
  return state(scene, draft)
}

const recordOf = (draft: Draft | null) => (draft === null ? {} : { record: draft.next._id })

function begin({ item, flow }: Scene, draft: Draft | null): Work {
  const record = draft === null ? null : viewOf(draft.next)
  return {
    resource: flow.from,
    version: item.event.version,
    payload: item.payload ?? {},
    partial: item.partial,
    record:
      record?.state === 'deleted' ? { ...record, sides: without(record.sides, flow.connector) } : record,
    fields: {},
    merged: record?.fields ?? {},
    identities: [],
    found: {},
    refs: [],
    missing: [],
    changes: [],
    due: [],
    kept: [],
  }
}

const isEnding = (result: Work | Ending): result is Ending => 'end' in result

/** The record as its sender has it now. */
function state(scene: Scene, known: Draft | null): Decision | Merging | typeof READ_WHOLE | undefined {
  const { session, flow, pipeline, run } = scene
  let draft = known
  let opened = flow.open(begin(scene, draft), run)
  if (draft !== null && mustBeRead(scene, draft, opened)) return READ_WHOLE
  if (isEnding(opened)) return ended(scene, draft, opened)

  const holders = opened.identities.map(identity => session.byIdentity(identity))
  const unique = pipeline.uniqueOf(opened.merged)
  const clashes = unique.map(entry => session.byIdentity(entry))
  if (holders.includes(undefined) || clashes.includes(undefined)) return undefined
  const others = new Set(holders.filter((holder): holder is Draft => holder !== null && holder !== draft))
  let conflict: WaslError | undefined
  const shared = new Set<string>()
  for (const other of others) {
    const plan = sharedWith(scene, opened, other)
    if (plan !== undefined) {
      // Who owns it is settled when it is sent; here only one of them may hold its identity.
      shared.add(plan.idField)
      continue
    }
    const refusal = whyNotOne(scene, draft, other)
    if (refusal === undefined && draft === null) {
      draft = other
      opened = flow.open(begin(scene, draft), run)
      if (isEnding(opened)) return ended(scene, draft, opened)
    } else {
      if (refusal === undefined && mayMerge((draft as Draft).next, other.next, pipeline)) {
        return { merge: [draft as Draft, other] }
      }
      conflict ??= refusal ?? takenBy(other, 'belongs to another record')
    }
  }
  const taken = unique.filter((_, place) => (clashes[place] ?? draft) !== draft)
  const holder = clashes.find(clash => clash && clash !== draft && isOfSender(clash, flow.from))
  if (holder) return invalid(scene, draft, notUnique(taken[0] ?? '', holder))

  const found = references(session, flow, opened)
  if (found === undefined) return undefined
  const closed = flow.close({ ...opened, found }, run)
  if (isEnding(closed)) return ended(scene, draft, closed)
  const held = heldBySender(scene, draft, closed)
  if (held === undefined) return undefined
  const work = withoutShared(pipeline, closed, shared)
  return keep(scene, draft, { work, said: opened.fields, taken, held, ...(conflict ? { conflict } : {}) })
}

/** One of two edits of one moment. Where its remote cannot be asked, the one that was told last stands. */
function mustBeRead({ item, flow, tenant, pipeline, run }: Scene, { next }: Draft, opened: Work | Ending) {
  const { end } = isEnding(opened) ? opened : {}
  if (end !== undefined && end.outcome !== 'INVALID') return false
  if (end?.error !== undefined && isSameError(next.lastError, storedError(end.error))) return false
  const said = isEnding(opened) ? undefined : opened.fields
  return (
    isTie(item, next.sides[flow.connector], next, said, pipeline.config, run.at) &&
    resourceConnection(tenant, flow.from) !== undefined
  )
}

/** The plan by which the sender's record and `other` stand for one remote object. */
function sharedWith({ pipeline, session }: Scene, work: Work, other: Draft): SharedPlan | undefined {
  return pipeline.shared.find(plan => {
    const key = plan.keyOf(work.merged)
    const meets = work.identities.some(
      identity => identity.startsWith(`${plan.resource}:`) && session.byIdentity(identity) === other,
    )
    return meets && key !== undefined && key === plan.keyOf(other.next.fields)
  })
}

function withoutShared(pipeline: CompiledPipeline, work: Work, idFields: ReadonlySet<string>): Work {
  if (idFields.size === 0) return work
  const merged = { ...work.merged }
  for (const field of idFields) merged[field] = null
  return { ...work, merged, identities: pipeline.identitiesOf(merged) }
}

/** The content that the sender holds by what it says now; null: nobody can tell; undefined: something must be read first. */
function heldBySender({ session, pipeline, flow, run }: Scene, draft: Draft | null, work: Work) {
  const plan = pipeline.pushTo(flow.from)
  const back = pipeline.flowTo(flow.from)
  const sent = draft?.next.pushed[flow.from]?.content
  if (draft === null || plan === undefined || back === undefined || sent === undefined) return null
  if (work.changes.length === 0 || work.kept.length > 0) return null
  const found = references(session, back, work)
  if (found === undefined) return undefined
  return heard(plan, sent, { before: draft.next.fields, after: work.merged }, found, run) ?? null
}

/** Every reference that can be told, the chained ones too; undefined: something must be read first. */
function references(
  session: Session,
  flow: CompiledFlow,
  work: Work,
): Record<string, RecordView | null> | undefined {
  const found: Record<string, RecordView | null> = {}
  for (;;) {
    const told: readonly Reference[] = flow.references({ ...work, found })
    const news = told.filter(reference => !(reference.name in found))
    if (news.length === 0) return found
    let wanting = false
    for (const reference of news) {
      const record = session.byKey(reference.key)
      if (record === undefined) wanting = true
      else found[reference.name] = record
    }
    if (wanting) return undefined
  }
}

const isOfSender = (draft: Draft, resource: string) =>
  draft.next.identities.some(identity => identity.startsWith(`${resource}:`))

/** May the sender's object and `other` be one record? Undefined: they are. */
function whyNotOne({ flow, pipeline }: Scene, draft: Draft | null, other: Draft): WaslError | undefined {
  if (other.next.module !== pipeline.module) return takenBy(other, `is a ${other.next.module}`)
  if (draft !== null) return undefined
  if (isOfSender(other, flow.from)) return takenBy(other, `belongs to another record of ${flow.from}`)
  return undefined
}

const takenBy = (other: Draft, why: string): WaslError =>
  new DataError('IDENTITY_TAKEN', `An id in this record ${why} (${nameOf(other.next)}).`, {
    hint: 'Correct the id in the record that has the wrong one.',
  })

const notUnique = (entry: string, holder: Draft): WaslError => {
  const [field = '', value = ''] = entry.slice(1).split(/:(.*)/s)
  return new DataError('NOT_UNIQUE', `${field} "${value}" belongs to ${nameOf(holder.next)}.`, {
    at: field,
    hint: `Give one of the two another ${field}.`,
  })
}

function ended(scene: Scene, draft: Draft | null, { end, work }: Ending): Decision {
  if (end.outcome === 'INVALID') {
    const error = end.error ?? new DataError('INVALID', 'The record does not fit its pipeline.')
    return invalid(scene, draft, error)
  }
  if (end.outcome === 'UNCHANGED' && draft !== null) return unchanged(scene, draft, work, end.reason)
  return {
    outcome: end.outcome,
    ...(end.reason === undefined ? {} : { reason: end.reason }),
    changes: [],
    ...recordOf(draft),
  }
}
