import type { EventState, EventStatus, Receipt } from '../delivery/intake.ts'
import type { Json } from '../plugin.ts'

type Answer = Record<string, unknown>

/** An event as it is shown: `outcome` is one of the outcomes, `WAITING`, `FAILED` or `open`. */
export function eventAnswer(event: EventStatus): Answer {
  const { state, answers, ...rest } = event
  return { ...answers, ...rest, outcome: state }
}

/** 202: stored, and nothing more is known. */
export function acceptedAnswer(receipt: Receipt): Answer {
  return {
    ...head('accepted', receipt),
    events: receipt.events.map(({ id, module }) => ({ id, module })),
  }
}

/** What became of a delivery; that of its event stands at the top where it had only one. */
export function outcomeAnswer(receipt: Receipt): Answer {
  const open = receipt.events.some(event => event.state === 'open')
  const status = receipt.duplicate ? (open ? 'in_progress' : 'duplicate') : open ? 'accepted' : 'processed'
  const events = receipt.events.map(eventAnswer)
  return { ...(events.length === 1 ? events[0] : {}), ...head(status, receipt), events }
}

function head(status: string, receipt: Receipt): Answer {
  return {
    status,
    id: receipt.id,
    ...(receipt.notification_id === undefined ? {} : { notification_id: receipt.notification_id }),
    ...(receipt.id_reused === true ? { id_reused: true } : {}),
  }
}

export type Summary = Record<
  | 'total'
  | 'new'
  | 'updated'
  | 'unchanged'
  | 'waiting'
  | 'invalid'
  | 'skipped'
  | 'deleted'
  | 'failed'
  | 'open',
  number
>

/** Counts that add up: `total` is the sum of all others. */
export function summarise(states: readonly EventState[]): Summary {
  const summary: Summary = {
    total: states.length,
    new: 0,
    updated: 0,
    unchanged: 0,
    waiting: 0,
    invalid: 0,
    skipped: 0,
    deleted: 0,
    failed: 0,
    open: 0,
  }
  for (const state of states) summary[state.toLowerCase() as keyof Summary]++
  return summary
}

/**
 * One result per record of a chunk, in order. A chunk whose delivery could not be read has no events: then each
 * of its records failed.
 */
export function resultsOf(receipt: Receipt, records: readonly Json[]): EventStatus[] {
  if (receipt.events.length === records.length) return [...receipt.events]
  return records.map(() => ({
    id: receipt.id,
    state: 'FAILED',
    code: 'DELIVERY_UNREADABLE',
    message: `The records could not be read; the delivery is the dead letter ${receipt.id}.`,
  }))
}
