import { SetupError } from '../../core/errors.ts'

/** Payloads that a find answers for one value at most. */
export const MOST = 200

export function parts<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  const result: (readonly T[])[] = []
  for (let from = 0; from < list.length; from += size) result.push(list.slice(from, from + size))
  return result
}

export function groupBy<T>(
  list: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** At most `width` at a time, results in the order of the list. */
export async function mapInTurn<T, R>(
  list: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(list.length)
  let next = 0
  const run = async () => {
    for (let index = next++; index < list.length; index = next++) results[index] = await work(list[index]!)
  }
  await Promise.all(Array.from({ length: Math.min(width, list.length) }, run))
  return results
}

/** A pipeline matches by a field that Moodle cannot be searched by. */
export const unknownField = (resource: string, by: string, known: Iterable<string>) =>
  new SetupError('MOODLE_FIND', `${resource} cannot be found by "${by}"`, {
    at: by,
    remote: 'moodle',
    resource,
    hint: `it is found by ${[...known].join(', ')}; change "match" in the pipeline`,
  })
