/**
 * DELETE: a record that is gone in the system that told us. Pure; written by `{_id, rev}` like every other decision.
 *
 * Invariant: the version is kept, so an older state that comes later brings nothing to life; `onDelete` is due only where
 * something was sent or begun, and never at the side that deleted.
 */

import type { RecordDocument } from '../store/documents.ts'
import { type Draft, newRecord, without } from './draft.ts'
import { wasSent, withRemoval } from './outbox.ts'
import type { Decision, Scene } from './scene.ts'
import { connectorOf } from './tenant.ts'
import { isNewer } from './version.ts'

/**
 * Skips map, fingerprint and references. The other sides are told only if something was ever sent there, never the one
 * that deleted. A sender that only fills what is empty unlinks. An unknown identity leaves a tombstone, so that an
 * older state which comes later does not bring it to life.
 */
export function remove(scene: Scene, known: Draft | null): Decision {
  const { session, tenant, run, item, pipeline, flow } = scene
  const { event } = item
  const at = new Date(run.at)
  const before = known?.next ?? newRecord(item.newId, tenant.id, pipeline.module, connectorOf(flow.from), at)
  const side = before.sides[flow.connector]
  const version = side === undefined || isNewer(event.version, side.version) ? event.version : side.version
  const sides = { ...before.sides, [flow.connector]: { version, config: pipeline.config } }
  const draft = known ?? { stored: null, next: before }

  if (known !== null && before.state === 'deleted') {
    draft.next = { ...before, sides }
    session.hold(draft)
    return { outcome: 'UNCHANGED', changes: [], record: before._id }
  }
  if (known !== null && !flow.overwrite) {
    const fields = { ...before.fields, [flow.idField]: null }
    const next = { ...without(before, 'gate'), sides, fields, pushed: without(before.pushed, flow.from) }
    next.outbox = without(before.outbox, flow.from)
    next.identities = before.identities.filter(identity => identity !== event.identity)
    next.keys = [...pipeline.keysOf(fields)]
    draft.next = next
    session.hold(draft)
    return { outcome: 'DELETED', reason: 'unlinked', changes: [], record: before._id }
  }

  let outbox = {}
  const pushed = { ...before.pushed }
  for (const resource of pipeline.identity.keys()) {
    if (resource === flow.from || pipeline.pushTo(resource) === undefined) continue
    if (!wasSent(before, resource)) continue
    outbox = withRemoval({ ...outbox, ...pick(before.outbox, resource) }, resource)
    const last = pushed[resource]
    if (last !== undefined) pushed[resource] = without(last, 'content')
  }
  const next: RecordDocument = {
    ...without(before, 'gate', 'lastError', 'dueAt'),
    sides,
    outbox,
    pushed,
    missing: [],
  }
  next.state = 'deleted'
  next.deletedBy = flow.connector
  if (event.identity !== undefined && !next.identities.includes(event.identity)) {
    next.identities = [...next.identities, event.identity]
    next.fields = { [flow.idField]: event.identity.slice(flow.from.length + 1), ...next.fields }
  }
  // Unique values are free again for whoever comes next.
  next.identities = next.identities.filter(identity => !identity.startsWith('='))
  if (known !== null && pipeline.referred) next.woke = true
  if (next.woke === true || Object.keys(outbox).length > 0) next.dueAt = at
  draft.next = next
  session.hold(draft)
  return { outcome: 'DELETED', changes: [], record: next._id }
}

const pick = <T>(entries: { [name: string]: T }, name: string): { [name: string]: T } => {
  const entry = entries[name]
  return entry === undefined ? {} : { [name]: entry }
}
