/** The record after the event: what is stored of it, what is due, and what it means where nothing is new. Pure. */
import type { WaslError } from '../errors.ts'
import type { CompiledFlow, CompiledPipeline } from '../pipeline/compiled.ts'
import type { Fields, Run, Work } from '../plugin.ts'
import type { RecordDocument } from '../store/documents.ts'
import { goingBack, type Hashes } from './back.ts'
import { type Draft, newRecord, without } from './draft.ts'
import { storedError } from './error.ts'
import { nextSend, withBack, withContent, withMark } from './outbox.ts'
import type { Decision, Scene } from './scene.ts'
import { missingOf } from './settle.ts'
import { whereItStands } from './standing.ts'
import { connectorOf } from './tenant.ts'
import { isNewer } from './version.ts'

/** The fields are what they were; the version may be newer, and what a person waits for may be tried again. */
export function unchanged(scene: Scene, draft: Draft, work: Work, why?: string): Decision {
  const { item, flow, pipeline, session, run } = scene
  const before = draft.next
  const { version } = item.event
  const echo = isEcho(before, flow.from, version)
  const reason = why ?? (echo ? 'echo' : undefined)
  let next = before
  if (isNewer(version, before.sides[flow.connector]?.version)) {
    next = { ...next, sides: { ...next.sides, [flow.connector]: sideOf(scene, before, work) } }
  }
  const stuck = before.state === 'dead' || before.state === 'conflict' || before.state === 'invalid'
  if (stuck && !echo) {
    next = without({ ...next, ...retried(next, pipeline, flow, run) }, 'lastError', 'gate')
  }
  if (next !== before) {
    draft.next = next
    session.hold(draft)
  }
  return {
    outcome: 'UNCHANGED',
    ...(reason === undefined ? {} : { reason }),
    changes: [],
    record: before._id,
  }
}

/** Everything that was refused or given up is due once more, and the register hears how it ended. */
function retried(record: RecordDocument, pipeline: CompiledPipeline, flow: CompiledFlow, run: Run) {
  let outbox: RecordDocument['outbox'] = {}
  for (const [resource, entry] of Object.entries(record.outbox)) {
    outbox[resource] = { ...without(entry, 'refused', 'notBefore', 'failingSince'), attempt: 0 }
  }
  const target = flow.push?.to
  if (
    pipeline.writeBackTo(flow.from) !== undefined &&
    (target === undefined || outbox[target] === undefined)
  ) {
    outbox = withMark(outbox, flow.from, 'done')
  }
  return { outbox, state: 'due' as const, dueAt: new Date(run.at), claims: 0 }
}

const isEcho = (record: RecordDocument, resource: string, version: readonly number[]): boolean => {
  const answered = record.pushed[resource]?.answered
  return (
    answered !== undefined &&
    answered.length === version.length &&
    answered.every((element, place) => element === version[place])
  )
}

function sideOf({ item, flow, pipeline }: Scene, record: RecordDocument, work: Work) {
  const old = record.sides[flow.connector]
  const side: RecordDocument['sides'][string] = {
    version:
      old !== undefined && !isNewer(item.event.version, old.version) ? old.version : item.event.version,
    config: pipeline.config,
  }
  if (work.fingerprint !== undefined) side.fp = work.fingerprint
  if (item.readAt !== undefined) side.readAt = item.readAt
  else if (item.toldAt !== undefined && side.version.length > 0) side.toldAt = item.toldAt
  return side
}

export interface Brought {
  readonly work: Work
  /** The sender's fields, those too that were refused. */
  readonly said: Fields
  /** Unique entries that another record has. */
  readonly taken: readonly string[]
  readonly conflict?: WaslError
  /** The content that the sender holds by what it has said; null: as before. */
  readonly held: string | null
}

/** The record with what the event brought. */
export function keep(scene: Scene, known: Draft | null, brought: Brought): Decision {
  const { work, said, taken, held, conflict } = brought
  const { session, tenant, run, item, pipeline, flow } = scene
  const back = goingBack(work.kept, said, known?.next.pushed[flow.from]?.made)
  if (
    work.outcome === 'UNCHANGED' &&
    known !== null &&
    known.next.state !== 'deleted' &&
    conflict === undefined
  ) {
    const reason = work.kept.length > 0 && back === undefined ? 'echo' : work.reason
    if (work.due.length === 0 && back === undefined) return unchanged(scene, known, work, reason)
  }
  const at = new Date(run.at)
  const before = known?.next ?? newRecord(item.newId, tenant.id, pipeline.module, connectorOf(flow.from), at)
  const lentBefore = before.keys
  const next: RecordDocument = {
    ...without(before, 'lastError', 'gate', 'dueAt', 'deletedBy'),
    fields: work.merged as RecordDocument['fields'],
    identities: identitiesFor(scene, before, work, taken),
    keys: sameOr(before.keys, pipeline.keysOf(work.merged)),
    sides: { ...before.sides, [flow.connector]: sideOf(scene, before, work) },
    refs: sameOr(before.refs, [...new Set(work.refs.map(reference => reference.key))]),
    missing: missingOf(work.missing),
    config: pipeline.config,
  }
  const sent = next.pushed[flow.from]
  if (held !== null && sent !== undefined)
    next.pushed = { ...next.pushed, [flow.from]: { ...sent, content: held } }
  for (const { to, content } of work.due) next.outbox = withContent(next.outbox, to, content)
  if (back !== undefined) sendBack(scene, next, back)
  if (before.state === 'invalid' && next.outbox[flow.push?.to ?? ''] === undefined) {
    if (pipeline.writeBackTo(flow.from) !== undefined) next.outbox = withMark(next.outbox, flow.from, 'done')
  }
  const appeared = before.rev === 0 || before.state === 'deleted' || before.state === 'invalid'
  if (pipeline.referred && (appeared || lentChanged(pipeline, before, next) || next.keys !== lentBefore)) {
    next.woke = true
  }
  const waits = work.missing.some(each => each.needed)
  if (next.woke === true) {
    // Those who wait are to be woken, whatever keeps it from being sent.
    const state = waits ? 'waiting' : nextSend(next.outbox, run.at) === undefined ? 'ok' : 'due'
    Object.assign(next, { state, dueAt: at })
  } else Object.assign(next, whereItStands(next, { now: run.at, gateBefore: scene.gateBefore, waits }))
  if (conflict !== undefined) {
    next.state = 'conflict'
    next.lastError = storedError(conflict)
    next.identities = next.identities.filter(identity => isFree(session.byIdentity(identity), known))
    delete next.dueAt
    if (pipeline.writeBackTo(flow.from) !== undefined) {
      next.outbox = withMark(next.outbox, flow.from, 'failed', conflict.message)
      next.dueAt = at
    }
  }
  const draft = known ?? { stored: null, next }
  draft.next = next
  session.hold(draft)
  return {
    outcome: work.outcome ?? 'UPDATED',
    ...(work.reason === undefined ? {} : { reason: work.reason }),
    changes: work.changes,
    record: next._id,
  }
}

const isFree = (holder: Draft | null | undefined, draft: Draft | null) => !holder || holder === draft

/** An old array where the new one says the same, so that it is not written again. */
const sameOr = (old: string[], now: readonly string[]): string[] =>
  old.length === now.length && old.every((each, place) => each === now[place]) ? old : [...now]

const lentChanged = ({ lent }: CompiledPipeline, before: RecordDocument, next: RecordDocument) =>
  [...lent].some(field => before.fields[field] !== next.fields[field])

/** What the record has, and unique entries that nobody else holds; those are added when the match has answered. */
function identitiesFor(
  { pipeline }: Scene,
  before: RecordDocument,
  work: Work,
  taken: readonly string[],
): string[] {
  const unique = pipeline.uniqueOf(work.merged).filter(entry => !taken.includes(entry))
  const absorbed = new Set(before.absorbedIdentities)
  const all = [...work.identities, ...unique].filter(identity => !absorbed.has(identity))
  return sameOr(before.identities, [...new Set(all)])
}

/** The sender holds what only the register may say: what we have goes back to it, even if it was sent before. */
function sendBack({ pipeline, flow, run }: Scene, next: RecordDocument, back: Hashes): void {
  const plan = pipeline.pushTo(flow.from)
  if (plan === undefined) return
  const { content } = plan.render(next.fields, {}, run)
  next.outbox = withBack(withContent(next.outbox, flow.from, content), flow.from, back)
}
