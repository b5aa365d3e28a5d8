/** Where a record stands by what it has to send. Pure. */
import type { RecordDocument } from '../store/documents.ts'
import { nextSend } from './outbox.ts'
import type { GateBefore } from './scene.ts'

/** Due, waiting, or straight to the gate that is closed before everything that it has to send. */
export function whereItStands(
  record: RecordDocument,
  {
    now,
    gateBefore,
    waits,
  }: { readonly now: number; readonly gateBefore: GateBefore; readonly waits: boolean },
): Pick<RecordDocument, 'state' | 'dueAt' | 'gate'> {
  const due = nextSend(record.outbox, now)
  if (due === undefined) return { state: waits ? 'waiting' : 'ok' }
  const gates = Object.keys(record.outbox).map(resource => gateBefore(resource, record.module))
  const [gate] = gates
  if (!waits && gate !== undefined && !gates.includes(undefined)) return { state: 'gated', gate }
  return { state: waits ? 'waiting' : 'due', dueAt: new Date(due) }
}
