/** Which remote object a record is, where its id is not known yet. */
import { DataError, type WaslError } from '../errors.ts'
import type { Payload, ResourceConnection, ResourceDefinition } from '../plugin.ts'
import type { RecordDocument } from '../store/documents.ts'
import type { Records } from '../store/records.ts'
import { disagreement } from './agree.ts'
import type { Held } from './held.ts'
import { mayMerge } from './merge.ts'
import type { Send } from './plan.ts'
import { nameOf } from './scene.ts'

/** `id`: it is there; `create`: it is not; `conflict`: a person decides; `merge`: another record has it. */
export type Match =
  | { readonly id: string }
  | { readonly create: true }
  | { readonly conflict: WaslError }
  | { readonly merge: RecordDocument }

export interface HeldSend {
  readonly held: Held
  readonly send: Send
}

type Value = { readonly by: string; readonly value: string }

/** By what it is looked for: what a lost creation was sent with first, then what the pipeline names, in order. */
function valuesOf({ held, send }: HeldSend): readonly Value[] {
  const was = held.record.outbox[send.to]?.was ?? []
  const now = send.rendered?.match ?? []
  return [...was, ...now.filter(({ by, value }) => !was.some(each => each.by === by && each.value === value))]
}

/**
 * Looks for all of them at once, one key after the other, exact matches only. Several objects for one key are a
 * conflict, as is an object that another record holds.
 */
export async function matchAll(
  records: Records,
  tenant: string,
  resource: {
    readonly name: string
    readonly definition: ResourceDefinition
    readonly connection: ResourceConnection
  },
  pending: readonly HeldSend[],
  signal: AbortSignal,
): Promise<ReadonlyMap<HeldSend, Match>> {
  const matches = new Map<HeldSend, Match>()
  const queues = new Map(
    pending.map(each => [each, [...valuesOf(each)].filter(({ by }) => by !== 'id')] as const),
  )
  while (queues.size > 0) {
    const groups = new Map<string, Map<string, HeldSend[]>>()
    for (const [each, queue] of queues) {
      const next = queue.shift()
      if (next === undefined) {
        queues.delete(each)
        matches.set(each, uncertain(each, resource.definition) ?? { create: true })
        continue
      }
      const values = groups.get(next.by) ?? new Map<string, HeldSend[]>()
      groups.set(next.by, values)
      values.set(next.value, [...(values.get(next.value) ?? []), each])
    }
    for (const [by, values] of groups) {
      const found = await resource.connection.find(by, [...values.keys()], signal)
      for (const [value, candidates] of found) {
        for (const each of values.get(value) ?? []) {
          const match = one(candidates, by, value, resource, each)
          if (match === undefined) continue
          matches.set(each, match)
          queues.delete(each)
        }
      }
    }
  }
  return refuseTaken(records, tenant, resource.name, matches)
}

function one(
  candidates: readonly Payload[],
  by: string,
  value: string,
  { name, definition }: { readonly name: string; readonly definition: ResourceDefinition },
  each: HeldSend,
): Match | undefined {
  const ids = new Set(candidates.map(payload => definition.idOf(payload)).filter(id => id !== undefined))
  if (ids.size === 0) return undefined
  if (ids.size > 1) {
    const error = new DataError('AMBIGUOUS_MATCH', `${ids.size} objects of ${name} have ${by} "${value}".`, {
      at: by,
      hint: `Give all but one of them another ${by}, or write the right id into the record.`,
    })
    return { conflict: error }
  }
  const id = [...ids][0] as string
  const [object] = candidates.filter(payload => definition.idOf(payload) === id)
  const error =
    object === undefined ? undefined : disagreement(each, object, `${id}, found by ${by} "${value}",`)
  return error === undefined ? { id } : { conflict: error }
}

/** A creation whose answer was lost, and nothing by which it could be found again. */
function uncertain({ held, send }: HeldSend, definition: ResourceDefinition): Match | undefined {
  if (held.record.outbox[send.to]?.sending !== true || definition.uniqueBy.length > 0) return undefined
  return {
    conflict: new DataError(
      'UNCERTAIN_CREATION',
      `Whether ${send.to} was created is not known: no answer came.`,
      {
        hint: 'Look for it there; write its id into the record, or retry to create it.',
      },
    ),
  }
}

/** A matched object may be another record's already. */
export async function refuseTaken(
  records: Records,
  tenant: string,
  resource: string,
  matches: ReadonlyMap<HeldSend, Match>,
): Promise<ReadonlyMap<HeldSend, Match>> {
  const wanted = new Map<string, HeldSend[]>()
  for (const [each, match] of matches) {
    if ('id' in match) {
      const identity = `${resource}:${match.id}`
      wanted.set(identity, [...(wanted.get(identity) ?? []), each])
    }
  }
  if (wanted.size === 0) return matches
  const checked = new Map(matches)
  const holders = await records.byIdentities(tenant, [...wanted.keys()])
  for (const [identity, claimants] of wanted) {
    const holder = holders.find(record => record.identities.includes(identity))
    const [first, ...others] = claimants as [HeldSend, ...HeldSend[]]
    for (const each of others) checked.set(each, { conflict: takenBy(first.held.record, identity) })
    if (holder === undefined) continue
    for (const each of claimants) {
      const { record, pipeline } = each.held
      if (holder._id === record._id || holder.mergedInto === record._id) continue
      checked.set(
        each,
        mayMerge(record, holder, pipeline) ? { merge: holder } : { conflict: takenBy(holder, identity) },
      )
    }
  }
  return checked
}

export const takenBy = (holder: RecordDocument, identity: string) =>
  new DataError('IDENTITY_TAKEN', `${identity} belongs to ${nameOf(holder)}.`, {
    hint: 'Correct the record that has the wrong one.',
  })
