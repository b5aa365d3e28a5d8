/** Whether an object that was found is the one that is meant. Pure. */
import { DataError, type WaslError } from '../errors.ts'
import type { Json, Payload, ResourceConnection, ResourceName } from '../plugin.ts'
import type { HeldSend } from './match.ts'

/** An id in an object, or text; nothing where it is empty. */
function comparable(value: Json | undefined): string | undefined {
  if (value === null || value === undefined || Array.isArray(value)) return undefined
  const one = typeof value === 'object' ? value['id'] : value
  const text = one === null || one === undefined ? '' : String(one).trim().normalize('NFC')
  return text === '' ? undefined : text
}

const said = (value: Json | undefined): string => {
  const name =
    value !== null && typeof value === 'object' && !Array.isArray(value) ? value['name'] : undefined
  return String(name ?? comparable(value))
}

const planOf = ({ held, send }: HeldSend) => held.pipeline.pushTo(send.to as ResourceName)

/** What the found object says otherwise than what is sent to it; undefined: it may be written to. */
export function disagreement(each: HeldSend, object: Payload, how: string): WaslError | undefined {
  const sent = each.send.rendered?.fields ?? {}
  for (const field of planOf(each)?.agree.fields ?? []) {
    const [theirs, ours] = [comparable(object[field]), comparable(sent[field])]
    if (theirs === undefined || ours === undefined || theirs === ours) continue
    return new DataError(
      'MATCH_DISAGREES',
      `${each.send.to} ${how} has "${said(object[field])}" as its ${field}, not "${said(sent[field])}".`,
      {
        at: field,
        hint: 'Correct the object that was found, or take away what it was found by; then retry.',
      },
    )
  }
  return undefined
}

/** Its id was told by another system, and nothing of ours was ever written to it. */
const isUnseen = (each: HeldSend): boolean =>
  each.send.what === 'push' &&
  each.send.id !== undefined &&
  planOf(each)?.agree.linked === true &&
  each.held.record.pushed[each.send.to]?.content === undefined

/** Looks at objects whose ids are known and that were never written to: those that are others. Raises what `find` raises. */
export async function strangers(
  connection: Pick<ResourceConnection, 'find'>,
  sends: readonly HeldSend[],
  idOf: (each: HeldSend) => string | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<HeldSend, WaslError>> {
  const refused = new Map<HeldSend, WaslError>()
  const ids = new Set(sends.flatMap(each => idOf(each) ?? []))
  if (ids.size === 0) return refused
  const found = await connection.find('id', [...ids], signal)
  for (const each of sends) {
    const id = idOf(each) ?? ''
    for (const object of found.get(id) ?? []) {
      const error = disagreement(each, object, id)
      if (error !== undefined) refused.set(each, error)
    }
  }
  return refused
}

export const unseenOf = (sends: readonly HeldSend[]): readonly HeldSend[] => sends.filter(isUnseen)

/** Those for which it matters what the object says. */
export const agreeing = (sends: readonly HeldSend[]): readonly HeldSend[] =>
  sends.filter(each => (planOf(each)?.agree.fields.length ?? 0) > 0)
