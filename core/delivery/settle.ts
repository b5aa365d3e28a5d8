/**
 * How a lease ends: ACK, RETRY, PARK, GATE and DEAD as ordered pairs of updates. Pure.
 *
 * Filter: first `{_id, lease.nonce, rev}`, nothing changed since the claim: the entry goes, and `dueAt` with the last of
 * them; then `{_id, lease.nonce}`, something did: the same facts, but it stays due. The first takes the lease away, so one of
 * the two matches at most. Invariant: what the remote answered is stored with what follows from it (links, marks, `woke`),
 * and what came meanwhile is neither overwritten nor taken for sent.
 */
import type { WaslError } from '../errors.ts'
import type { Reference, ResourceName, WriteResult } from '../plugin.ts'
import type { OutboxEntry, Pushed, RecordDocument, StoredError } from '../store/documents.ts'
import type { LeasedPair } from '../store/records.ts'
import type { Hashes } from './back.ts'
import { without } from './draft.ts'
import { isSameError, storedError } from './error.ts'
import type { Held } from './held.ts'
import { nextSend, withMark, withoutEntry } from './outbox.ts'
import type { Send } from './plan.ts'
import { connectorOf } from './tenant.ts'

/** True whatever else changed meanwhile. Paths with dots. */
interface Facts {
  readonly set: { [path: string]: unknown }
  readonly unset: string[]
}

interface Ending {
  readonly facts: Facts
  /** The record as it is if nothing changed meanwhile. `state` undefined: derived from what is left. */
  readonly next: Partial<
    Pick<RecordDocument, 'outbox' | 'missing' | 'gate' | 'lastError' | 'state' | 'fields' | 'told'>
  >
  /** In the other case only: paths inside the outbox. */
  readonly outbox?: Facts
}

const nothing = (): Facts => ({ set: {}, unset: [] })

function pair(held: Held, { facts, next, outbox = nothing() }: Ending, now: number): LeasedPair {
  const { record, pipeline } = held
  const fields = next.fields ?? record.fields
  const left = tellable(held, next.outbox ?? record.outbox, fields)
  const keys = [...pipeline.keysOf(fields)]
  const known = new Set([...record.identities, ...(record.absorbedIdentities ?? [])])
  const identified = pipeline.identitiesOf(fields).every(identity => known.has(identity))
  const woke = facts.set['woke'] === true
  const state = next.state ?? stateOf({ ...record, missing: next.missing ?? record.missing }, left)
  // A conflict about who holds an identity is settled by a person, not by asking again.
  const unsettled = woke || (!identified && state !== 'conflict')
  const due = next.gate !== undefined ? undefined : unsettled ? now : dueAt(state, left, now)
  const set: { [path: string]: unknown } = { ...facts.set, claims: 0, outbox: left }
  set['state'] = state === 'ok' && due !== undefined ? 'due' : state
  const unset = [...facts.unset, 'lease']
  if (!sameList(keys, record.keys)) set['keys'] = keys
  if (next.missing !== undefined) set['missing'] = next.missing
  else if (state === 'ok' && record.missing.length > 0) set['missing'] = []
  if (next.gate !== undefined) set['gate'] = next.gate
  if (next.lastError !== undefined) set['lastError'] = next.lastError
  if (next.told !== undefined) set['told'] = next.told
  if (due === undefined) unset.push('dueAt')
  else set['dueAt'] = new Date(due)
  if (!woke && record.woke === true) unset.push('woke')
  return {
    same: { id: record._id, rev: held.rev, set, unset },
    changed: {
      id: record._id,
      rev: held.rev,
      set: { ...facts.set, ...outbox.set, claims: 0, dueAt: new Date(now) },
      unset: [...facts.unset, ...outbox.unset, 'lease'],
    },
  }
}

/** Nobody can be told by an id that is not known: such a mark would only keep the record due. */
function tellable(
  { pipeline }: Held,
  outbox: RecordDocument['outbox'],
  fields: RecordDocument['fields'],
): RecordDocument['outbox'] {
  let told = outbox
  for (const [to, entry] of Object.entries(outbox)) {
    const idField = pipeline.writeBackTo(to as ResourceName)?.idField
    if (entry.marks === undefined || (idField !== undefined && fields[idField] != null)) continue
    const left = without(entry, 'marks', 'error')
    const empty = left.content === undefined && left.remove !== true
    told = empty ? withoutEntry(told, to) : { ...told, [to]: left }
  }
  return told
}

/** What waits for others or for a person sends nothing but its marks. */
function dueAt(
  state: RecordDocument['state'],
  outbox: RecordDocument['outbox'],
  now: number,
): number | undefined {
  if (state !== 'waiting' && state !== 'conflict') return nextSend(outbox, now)
  const marked = Object.entries(outbox).filter(([, entry]) => entry.marks !== undefined)
  return nextSend(Object.fromEntries(marked), now)
}

const sameList = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((each, place) => each === b[place])

/** What a record is stays so, however what it has to send fares. */
const isLasting = (state: RecordDocument['state']): boolean =>
  state === 'deleted' || state === 'merged' || state === 'conflict' || state === 'invalid'

function stateOf(record: RecordDocument, outbox: RecordDocument['outbox']): RecordDocument['state'] {
  const { state } = record
  if (isLasting(state)) return state
  const entries = Object.values(outbox)
  if (entries.some(entry => entry.refused !== undefined && entry.refused === entry.content)) return 'dead'
  if (entries.some(entry => entry.failingSince !== undefined)) return 'retrying'
  const content = entries.some(entry => entry.content !== undefined)
  return state === 'waiting' && record.missing.length > 0 && content ? 'waiting' : 'ok'
}

const dropped = (outbox: RecordDocument['outbox'], drop: readonly string[] = []): RecordDocument['outbox'] =>
  drop.reduce((left, resource) => withoutEntry(left, resource), outbox)

/** Nothing (more) to send. */
export function rest(held: Held, drop: readonly string[], now: number): LeasedPair {
  const outbox = dropped(held.record.outbox, drop)
  return pair(held, { facts: nothing(), next: { outbox } }, now)
}

/**
 * The remote took it.
 * @param made what it made of it, where that was looked at
 */
export function acknowledged(
  held: Held,
  send: Send,
  result: WriteResult & { ok: true },
  now: number,
  made: Hashes = {},
): LeasedPair {
  const { record, pipeline } = held
  const facts = nothing()
  const plan = pipeline.pushTo(send.to as ResourceName)
  const target = connectorOf(send.to)
  let outbox = dropped(withoutEntry(record.outbox, send.to), send.drop)
  const inside: Facts = { set: {}, unset: [`outbox.${send.to}.sending`, `outbox.${send.to}.was`] }
  let fields = record.fields
  // The remote's answer is not what that side said: only its fingerprint is forgotten, so that a person is heard again.
  if (record.sides[target]?.fp !== undefined && send.what !== 'marks') facts.unset.push(`sides.${target}.fp`)
  if (send.what === 'marks') {
    const entry = record.outbox[send.to]
    const left = entry === undefined ? undefined : without(entry, 'marks', 'error')
    if (left?.content !== undefined || left?.remove === true) outbox = { ...outbox, [send.to]: left }
    if (result.answered !== undefined && record.pushed[send.to] !== undefined) {
      facts.set[`pushed.${send.to}.answered`] = result.answered
    } else if (result.answered !== undefined) {
      facts.set[`pushed.${send.to}`] = { at: new Date(now), action: result.action, answered: result.answered }
    }
    return pair(held, { facts, next: { outbox }, outbox: nothing() }, now)
  }

  const pushed: Pushed = { at: new Date(now), action: result.action }
  const created = result.action === 'created' ? pushed.at : record.pushed[send.to]?.created
  if (created !== undefined) pushed.created = created
  if (send.rendered !== undefined) pushed.content = send.rendered.content
  if (send.what === 'remove') pushed.removed = true
  if (result.answered !== undefined) pushed.answered = result.answered
  const cut = [...(send.rendered?.cut ?? []), ...(result.cut ?? [])]
  if (cut.length > 0) pushed.cut = cut
  if (Object.keys(made).length > 0) pushed.made = { ...made }
  facts.set[`pushed.${send.to}`] = pushed
  if (plan !== undefined && record.fields[plan.idField] !== result.id) {
    facts.set[`fields.${plan.idField}`] = result.id
    fields = { ...fields, [plan.idField]: result.id }
    const found = sameList([...pipeline.keysOf(fields)], record.keys)
    if (pipeline.referred && (pipeline.lent.has(plan.idField) || !found)) facts.set['woke'] = true
  }
  const back = plan?.writeBack?.to
  if (back !== undefined && back !== send.to) {
    outbox = withMark(outbox, back, 'done')
    inside.set[`outbox.${back}.marks`] = 'done'
    inside.unset.push(`outbox.${back}.error`)
    facts.set['told'] = 'done'
  }
  if (record.lastError !== undefined) facts.unset.push('lastError')
  const missing = record.missing.length > 0 ? { missing: [] } : {}
  return pair(held, { facts, next: { outbox, fields, ...missing }, outbox: inside }, now)
}

/**
 * It may go well later.
 * @param ambiguous it may have been taken although no answer came
 * @param when it goes again, by how often it failed and since when; milliseconds since 1970
 */
export function retried(
  held: Held,
  send: Send,
  error: WaslError,
  ambiguous: boolean,
  when: (attempt: number, failingSince: number) => number,
  now: number,
): LeasedPair {
  const { record, pipeline } = held
  const entry: OutboxEntry = record.outbox[send.to] ?? { attempt: 0 }
  const failingSince = entry.failingSince ?? new Date(now)
  if (now - failingSince.getTime() > pipeline.retryMs) {
    return send.what === 'marks'
      ? markRefused(held, send, error, now)
      : refused(held, send.to, error, send.rendered?.content, now)
  }
  const attempt = (entry.attempt ?? 0) + 1
  const notBefore = new Date(when(attempt, failingSince.getTime()))
  const begun = ambiguous ? entry : without(entry, 'sending', 'was')
  let outbox = { ...record.outbox, [send.to]: { ...begun, attempt, notBefore, failingSince } }
  const lastError = storedError(error, send.to)
  if (send.what !== 'marks' && entry.failingSince === undefined) {
    outbox = failureMark(held, outbox, send.to, lastError)
  }
  const inside: Facts = {
    set: {
      [`outbox.${send.to}.attempt`]: attempt,
      [`outbox.${send.to}.notBefore`]: notBefore,
      [`outbox.${send.to}.failingSince`]: failingSince,
    },
    unset: ambiguous ? [] : [`outbox.${send.to}.sending`, `outbox.${send.to}.was`],
  }
  const state = isLasting(record.state) ? record.state : 'retrying'
  return pair(held, { facts: nothing(), next: { outbox, lastError, state }, outbox: inside }, now)
}

/** It stays wrong until somebody mends it. */
export function refused(
  held: Held,
  to: string,
  error: WaslError,
  content: string | undefined,
  now: number,
): LeasedPair {
  const { record } = held
  const entry: OutboxEntry = record.outbox[to] ?? { attempt: 0 }
  const lastError = storedError(error, to)
  const refusedContent = content ?? entry.content ?? 'unrendered'
  const after: OutboxEntry = {
    ...without(entry, 'sending', 'was', 'notBefore', 'failingSince'),
    content: refusedContent,
    refused: refusedContent,
  }
  let outbox: RecordDocument['outbox'] = { ...record.outbox, [to]: after }
  if (!isSameError(record.lastError, lastError) || record.state !== 'dead') {
    outbox = failureMark(held, outbox, to, lastError)
  }
  const inside: Facts = {
    set: { [`outbox.${to}.refused`]: refusedContent },
    unset: [`outbox.${to}.sending`, `outbox.${to}.was`],
  }
  const state = record.state === 'deleted' ? 'deleted' : 'dead'
  return pair(
    held,
    { facts: { set: { lastError }, unset: [] }, next: { outbox, state }, outbox: inside },
    now,
  )
}

/** A mark could not be written, for good: it is given up, the record stays what it is. */
export function markRefused(
  held: Held,
  { to, drop }: Pick<Send, 'to' | 'drop'>,
  error: WaslError,
  now: number,
): LeasedPair {
  const entry = held.record.outbox[to]
  const left = entry === undefined ? undefined : without(entry, 'marks', 'error', 'notBefore', 'failingSince')
  let outbox = dropped(withoutEntry(held.record.outbox, to), drop)
  if (left?.content !== undefined || left?.remove === true) outbox = { ...outbox, [to]: left }
  // Why the record itself is wrong says more than that nobody could be told of it.
  const told = held.record.lastError === undefined ? { lastError: storedError(error, to) } : {}
  return pair(held, { facts: nothing(), next: { outbox, ...told } }, now)
}

/** The loser of a merge; `done`: the survivor has taken over what this one was when it was read. */
export function mergedAway(held: Held, done: boolean, now: number): LeasedPair {
  const { _id: id } = held.record
  const later = { set: { claims: 0, dueAt: new Date(now) }, unset: ['lease'] }
  const ended = { set: { claims: 0, absorbed: true, outbox: {} }, unset: ['lease', 'dueAt'] }
  return { same: { id, rev: held.rev, ...(done ? ended : later) }, changed: { id, rev: held.rev, ...later } }
}

/** Two records claim one object, or one record fits two objects: a person decides. */
export function conflicting(held: Held, to: string, error: WaslError, now: number): LeasedPair {
  const lastError = storedError(error, to)
  const entry = held.record.outbox[to]
  const begun = entry === undefined ? {} : { [to]: without(entry, 'sending', 'was') }
  const outbox = failureMark(held, { ...held.record.outbox, ...begun }, to, lastError)
  return pair(held, { facts: nothing(), next: { outbox, lastError, state: 'conflict' } }, now)
}

/** Keeps ids that others lend before anything is sent: they may say whose the shared object is. */
export function taken(held: Held, fields: RecordDocument['fields'], now: number): LeasedPair {
  const set: Facts['set'] = { woke: true }
  for (const [field, value] of Object.entries(fields)) set[`fields.${field}`] = value
  const all = { ...held.record.fields, ...fields }
  return pair(held, { facts: { set, unset: [] }, next: { fields: all } }, now)
}

/** Waits; the register is told once. */
export function parked(held: Held, to: string, missing: readonly Reference[], now: number): LeasedPair {
  const { record, pipeline } = held
  const back = pipeline.pushTo(to as ResourceName)?.writeBack?.to
  const told = back !== undefined && record.told !== 'pending' ? ('pending' as const) : undefined
  const outbox = back !== undefined && told ? withMark(record.outbox, back, told) : record.outbox
  const next: Ending['next'] = { outbox, missing: missingOf(missing), state: 'waiting' }
  return pair(held, { facts: nothing(), next: told === undefined ? next : { ...next, told } }, now)
}

export const missingOf = (missing: readonly Reference[]): RecordDocument['missing'] =>
  missing
    .filter(each => each.needed)
    .map(({ name, key, label, held }) => ({ name, key, label, ...(held === undefined ? {} : { held }) }))

/** `failed`: the resource that certainly took nothing, so that a creation begun there is none. */
export function gated(held: Held, gate: string, now: number, failed?: string): LeasedPair {
  const { record } = held
  const state = isLasting(record.state) ? record.state : 'gated'
  const entry = failed === undefined ? undefined : record.outbox[failed]
  if (failed === undefined || entry === undefined)
    return pair(held, { facts: nothing(), next: { gate, state } }, now)
  const outbox = { ...record.outbox, [failed]: without(entry, 'sending', 'was') }
  const inside: Facts = { set: {}, unset: [`outbox.${failed}.sending`, `outbox.${failed}.was`] }
  return pair(held, { facts: nothing(), next: { gate, state, outbox }, outbox: inside }, now)
}

/** The register hears of a failure; where nobody is told, nothing is added. */
function failureMark(
  held: Held,
  outbox: RecordDocument['outbox'],
  to: string,
  error: StoredError,
): RecordDocument['outbox'] {
  const back = held.pipeline.pushTo(to as ResourceName)?.writeBack?.to
  return back === undefined || back === to ? outbox : withMark(outbox, back, 'failed', error.message)
}
