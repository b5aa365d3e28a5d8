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

const blank = (value: unknown): unknown => (value !== null && typeof value === 'object' ? {} : '')
