import type { Path } from './source.ts'

/** A copy without the parts that are misshapen, so that the rest can be looked at for its meaning. */
export function pruned(value: unknown, bad: readonly Path[]): unknown {
  const copy = structuredClone(value)
  for (const path of bad) remove(copy, path)
  return copy
}

function remove(root: unknown, path: Path): void {
  let parent = root as Record<string | number, unknown>
  for (const part of path.slice(0, -1)) {
    if (parent === null || typeof parent !== 'object') return
    parent = parent[part] as Record<string | number, unknown>
  }
  const last = path[path.length - 1]
  if (last === undefined || parent === null || typeof parent !== 'object') return
  // An element is blanked, or those after it would stand at other places than in the file.
  if (Array.isArray(parent)) parent[last as number] = blank(parent[last as number])
  else delete parent[last]
}

/**
 * The parts that every pipeline file has, where a misshapen one lacks them: those that refer to it read them too. That
 * they are missing was told.
 */
export function completed(file: unknown): unknown {
  if (!isObject(file)) return file
  const record = isObject(file['record']) ? file['record'] : undefined
  const flows = isObject(file['flows']) ? file['flows'] : {}
  const withSteps = Object.entries(flows)
    .filter((entry): entry is [string, Parts] => isObject(entry[1]))
    .map(([name, flow]) => [name, Array.isArray(flow['steps']) ? flow : { ...flow, steps: [] }])
  return {
    ...file,
    ...(record === undefined ? {} : { record: completedRecord(record) }),
    flows: Object.fromEntries(withSteps),
  }
}

function completedRecord(record: Parts): Parts {
  const whole = { identity: {}, fingerprint: [], ...record }
  if (!isObject(record['shared'])) return whole
  const shared = Object.entries(record['shared'])
    .filter((entry): entry is [string, Parts] => isObject(entry[1]))
    .map(([name, one]) => [name, { by: [], ...one }])
  return { ...whole, shared: Object.fromEntries(shared) }
}

type Parts = Record<string, unknown>

const isObject = (value: unknown): value is Parts =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const blank = (value: unknown): unknown => (value !== null && typeof value === 'object' ? {} : '')
