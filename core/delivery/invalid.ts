/** A payload that does not map or validate: its record keeps what it has, and the register is told. */
import type { WaslError } from '../errors.ts'
import { type Draft, newRecord } from './draft.ts'
import { isSameError, storedError } from './error.ts'
import { withMark } from './outbox.ts'
import type { Decision, Scene } from './scene.ts'
import { connectorOf } from './tenant.ts'

/**
 * With a known identity it stores the identity, the error and a failure mark for the sender's own record, never the
 * payload's fields. The same error again writes nothing.
 */
export function invalid(scene: Scene, known: Draft | null, error: WaslError): Decision {
  const { session, tenant, run, item, pipeline, flow } = scene
  const { identity } = item.event
  const stored = storedError(error)
  const decision: Decision = { outcome: 'INVALID', changes: [], error: stored }
  if (identity === undefined) return decision
  const at = new Date(run.at)
  const before = known?.next ?? newRecord(item.newId, tenant.id, pipeline.module, connectorOf(flow.from), at)
  if (known !== null && isSameError(before.lastError, stored)) return { ...decision, record: before._id }
  const stub = known === null || before.state === 'invalid'
  const next = { ...before, lastError: stored }
  if (stub) {
    next.state = 'invalid'
    if (known === null) {
      next.identities = [identity]
      next.fields = { [flow.idField]: identity.slice(flow.from.length + 1) }
    }
  }
  if (pipeline.writeBackTo(flow.from) !== undefined) {
    next.outbox = withMark(next.outbox, flow.from, 'failed', error.message)
    next.dueAt = at
  }
  const draft = known ?? { stored: null, next }
  draft.next = next
  session.hold(draft)
  return { ...decision, record: next._id }
}
