/** What is to be done next with a held record. Pure. */
import { DataError, type WaslError } from '../errors.ts'
import type { FieldMetadata, Payload, Reference, Rendered, ResourceName, Run } from '../plugin.ts'
import type { OutboxEntry } from '../store/documents.ts'
import { isMade } from './back.ts'
import { isSameError, storedError } from './error.ts'
import { type Held, OWN, targetsOf, wants } from './held.ts'

/** One object to be written to `to`. */
export interface Send {
  readonly do: 'send'
  readonly to: string
  /** `push`: the record's fields; `remove`: its `onDelete`; `marks`: nothing but the write-back. */
  readonly what: 'push' | 'remove' | 'marks'
  readonly fields: Payload
  /** The remote's id, where it is known. */
  readonly id?: string
  readonly rendered?: Rendered
  /** Entries that turned out to say nothing new. */
  readonly drop?: readonly string[]
}

export type Next =
  | Send
  /** It waits for other records. */
  | {
      readonly do: 'park'
      readonly to: string
      readonly refs: readonly Reference[]
      readonly missing: readonly Reference[]
    }
  | { readonly do: 'refuse'; readonly to: string; readonly error: WaslError }
  | { readonly do: 'gate'; readonly gate: string }
  /** Nothing can be sent now; `drop` has nothing to say any more. */
  | { readonly do: 'rest'; readonly drop: readonly string[] }

export interface Conditions {
  readonly run: Run
  /** The id of the closed gate before `resource`, if one is closed. */
  readonly gateBefore: (resource: string) => string | undefined
  readonly metadata: (resource: string) => ReadonlyMap<string, FieldMetadata> | undefined
}

const NOTHING: OutboxEntry = { attempt: 0 }

/** Pushes before marks, so that a mark tells how the push ended. */
export function nextFor(held: Held, conditions: Conditions): Next {
  const { record } = held
  const drop: string[] = []
  let gate: string | undefined
  let park: Next | undefined
  const entries = new Set([...targetsOf(record), ...Object.keys(record.outbox)])
  const ordered = [...entries].sort((a, b) => Number(isMarksOnly(held, a)) - Number(isMarksOnly(held, b)))
  for (const to of ordered) {
    const entry = record.outbox[to] ?? NOTHING
    if ((entry.notBefore?.getTime() ?? 0) > conditions.run.at) continue
    const next = forEntry(held, to, entry, conditions)
    if (next === 'nothing') {
      if (to in record.outbox) drop.push(to)
      continue
    }
    if (next === 'later') continue
    if (next.do === 'park' && record.state === 'waiting') {
      // It is waiting already: what its register is to be told goes first.
      park ??= next
      continue
    }
    if (next.do === 'send') {
      const closed = conditions.gateBefore(to)
      if (closed !== undefined) {
        gate ??= closed
        continue
      }
    }
    return next.do === 'send' ? { ...next, drop } : next
  }
  if (park !== undefined) return park
  return gate === undefined ? { do: 'rest', drop } : { do: 'gate', gate }
}

const isMarksOnly = ({ record }: Held, resource: string): boolean => {
  const entry = record.outbox[resource]
  return entry !== undefined && entry.content === undefined && entry.remove !== true
}

function forEntry(
  held: Held,
  to: string,
  entry: OutboxEntry,
  conditions: Conditions,
): Next | 'nothing' | 'later' {
  const { record } = held
  if (record.state === 'merged') return 'nothing'
  if (to === OWN) return own(held, conditions.run)
  if (held.kept.has(to))
    return record.state === 'deleted' ? 'nothing' : marks(held, to, entry, conditions.run)
  if (entry.remove === true) return removal(held, to, conditions.run)
  if (isMarksOnly(held, to) || record.state === 'conflict') return marks(held, to, entry, conditions.run)
  if (record.state === 'deleted') return 'nothing'
  return push(held, to, entry, conditions)
}

/** Nothing of it is sent: it only waits, or waits no longer. */
function own(held: Held, run: Run): Next | 'nothing' {
  const { refs, missing } = wants(held, OWN, run)
  const waits = held.record.state !== 'deleted' && missing.some(reference => reference.needed)
  return waits ? { do: 'park', to: OWN, refs, missing } : 'nothing'
}

function idIn(held: Held, field: string | undefined): string | undefined {
  const id = field === undefined ? undefined : held.record.fields[field]
  return typeof id === 'string' && id !== '' ? id : undefined
}

function push(
  held: Held,
  to: string,
  entry: OutboxEntry,
  conditions: Conditions,
): Next | 'nothing' | 'later' {
  const { record, pipeline } = held
  const { run } = conditions
  const plan = pipeline.pushTo(to as ResourceName)
  if (plan === undefined) return marks(held, to, entry, run)
  const { refs, missing, ended } = wants(held, to, run)
  if (ended) {
    return record.pushed[to]?.content === undefined && entry.sending !== true
      ? 'nothing'
      : removal(held, to, run)
  }
  if (missing.some(reference => reference.needed)) {
    // It waits already: what is to be told there does not wait with it.
    const told = record.state === 'waiting' ? marks(held, to, entry, run) : 'nothing'
    return told === 'nothing' ? { do: 'park', to, refs, missing } : told
  }
  let rendered: Rendered
  try {
    rendered = plan.render(record.fields, held.found.get(to) ?? {}, run, conditions.metadata(to))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    const known = entry.refused !== undefined && entry.refused === entry.content
    if (known && isSameError(record.lastError, storedError(error, to))) return 'later'
    return { do: 'refuse', to, error }
  }
  const last = record.pushed[to]
  // What is held there instead may be what a person wrote after it was sent.
  const same = rendered.content === last?.content && isMade(entry.back, last.made)
  if (same && entry.sending !== true) return marks(held, to, entry, run)
  if (entry.refused === rendered.content)
    return entry.marks === undefined ? 'later' : marks(held, to, entry, run)
  const id = idIn(held, plan.idField)
  const fields = { ...rendered.fields, ...plan.marks('done', run), ...markFields(held, to, entry, run) }
  return { do: 'send', to, what: 'push', fields, rendered, ...(id === undefined ? {} : { id }) }
}

function removal(held: Held, to: string, run: Run): Next | 'nothing' {
  const plan = held.pipeline.pushTo(to as ResourceName)
  if (plan === undefined) return 'nothing'
  const fields = plan.renderDelete(held.record.fields, run)
  const id = idIn(held, plan.idField)
  if (fields === 'keep' || id === undefined) return 'nothing'
  if (fields === 'delete') {
    const error = new DataError('DELETE_NOT_OFFERED', `${to} cannot be deleted through Wasl.`, {
      hint: 'Give `onDelete` the fields that switch it off.',
    })
    return { do: 'refuse', to, error }
  }
  return { do: 'send', to, what: 'remove', fields: { ...fields, ...plan.marks('done', run) }, id }
}

/** In the college's language, where it is about what the record itself failed of last. */
function messageOf({ record: { lastError } }: Held, { error }: OutboxEntry, run: Run): string | undefined {
  if (error === undefined || lastError?.message !== error) return error
  return run.explain?.(lastError) ?? error
}

function markFields(held: Held, to: string, entry: OutboxEntry, run: Run): Payload {
  const plan = held.pipeline.writeBackTo(to as ResourceName)
  if (plan === undefined || entry.marks === undefined) return {}
  return plan.render(held.record.fields, entry.marks, run, messageOf(held, entry, run))
}

function marks(held: Held, to: string, entry: OutboxEntry, run: Run): Next | 'nothing' {
  const plan = held.pipeline.writeBackTo(to as ResourceName)
  const id = idIn(held, plan?.idField)
  if (plan === undefined || id === undefined || entry.marks === undefined) return 'nothing'
  return { do: 'send', to, what: 'marks', fields: markFields(held, to, entry, run), id }
}
