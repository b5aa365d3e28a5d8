/** What is still to be sent, entry by entry. Pure: each function returns a new outbox. */
import { equal } from '../pipeline/canonical.ts'
import type { Mark } from '../plugin.ts'
import type { OutboxEntry, RecordDocument } from '../store/documents.ts'
import type { Hashes } from './back.ts'
import { without } from './draft.ts'

type Outbox = RecordDocument['outbox']

/**
 * `content` is to be sent to `resource`. New content starts its attempts anew, and after a refusal goes at once;
 * what was begun and not answered stays marked so.
 */
export function withContent(outbox: Outbox, resource: string, content: string): Outbox {
  const entry = outbox[resource]
  if (entry === undefined) return { ...outbox, [resource]: { content, attempt: 0 } }
  if (entry.content === content && entry.refused !== content && entry.remove === undefined) return outbox
  const begun = without(entry, 'failingSince', 'remove')
  const after = entry.refused === undefined ? begun : without(begun, 'notBefore', 'refused')
  return { ...outbox, [resource]: { ...after, content, attempt: 0 } }
}

/** What is to be sent there goes back to a sender that holds these values instead. */
export function withBack(outbox: Outbox, resource: string, back: Hashes): Outbox {
  const entry = outbox[resource] ?? { attempt: 0 }
  if (equal(entry.back ?? {}, back)) return outbox
  return { ...outbox, [resource]: { ...entry, back: { ...back } } }
}

/** The other side is told of a deletion. Nothing else goes there any more. */
export function withRemoval(outbox: Outbox, resource: string): Outbox {
  const entry = outbox[resource]
  const begun: OutboxEntry = { remove: true, attempt: 0 }
  if (entry?.sending !== undefined) begun.sending = entry.sending
  if (entry?.was !== undefined) begun.was = entry.was
  return { ...outbox, [resource]: begun }
}

/** A mark travels with what is due there, or by itself. */
export function withMark(outbox: Outbox, resource: string, mark: Mark, error?: string): Outbox {
  const entry = outbox[resource] ?? { attempt: 0 }
  if (entry.marks === mark && entry.error === error) return outbox
  const marked: OutboxEntry = { ...without(entry, 'error'), marks: mark }
  if (error !== undefined) marked.error = error
  return { ...outbox, [resource]: marked }
}

export const withoutEntry = (outbox: Outbox, resource: string): Outbox => without(outbox, resource)

/** Was anything ever sent there, or begun? */
export const wasSent = (record: RecordDocument, resource: string): boolean =>
  record.pushed[resource] !== undefined || record.outbox[resource]?.sending === true

/** The earliest moment at which something may be sent; undefined when nothing is to be sent. Milliseconds since 1970. */
export function nextSend(outbox: Outbox, now: number): number | undefined {
  let earliest: number | undefined
  for (const entry of Object.values(outbox)) {
    if (entry.refused !== undefined && entry.refused === entry.content && entry.marks === undefined) continue
    const at = entry.notBefore?.getTime() ?? now
    if (earliest === undefined || at < earliest) earliest = at
  }
  return earliest
}
