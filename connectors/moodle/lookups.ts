import type { Payload, ReadResult } from '../../core/plugin.ts'
import { MOST, mapInTurn } from './lists.ts'

/** Calls at a time where Moodle takes one value only. */
const WIDTH = 4

export type Matches = ReadonlyMap<string, readonly Payload[]>

/** Moodle keeps no list of what was deleted: what is not there was not seen. */
export const readResults = (
  ids: readonly string[],
  found: ReadonlyMap<string, Payload>,
): Map<string, ReadResult> =>
  new Map(
    ids.map(id => {
      const payload = found.get(id)
      return [id, payload === undefined ? { state: 'unseen' } : { state: 'found', payload }]
    }),
  )

export function matchesById(ids: readonly string[], found: ReadonlyMap<string, Payload>): Matches {
  const matches = new Map<string, readonly Payload[]>()
  for (const id of ids) {
    const payload = found.get(id)
    if (payload !== undefined) matches.set(id, [payload])
  }
  return matches
}

/** One call for each value, some at a time. */
export async function matchEach(
  values: readonly string[],
  matching: (value: string) => Promise<readonly Payload[]>,
): Promise<Matches> {
  const wanted = [...new Set(values)].filter(value => value.trim() !== '')
  const answers = await mapInTurn(wanted, WIDTH, matching)
  const matches = new Map<string, readonly Payload[]>()
  wanted.forEach((value, index) => {
    const found = answers[index]!
    if (found.length > 0) matches.set(value, found.slice(0, MOST))
  })
  return matches
}
