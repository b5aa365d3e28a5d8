/**
 * Where the events of a delivery stand, as one list of short texts: `student|NEW`, `|open`. An index on it answers which
 * deliveries hold an event of a module with an outcome, however rare; one on both fields of the events cannot, since
 * two fields of one list bound an index only where both are asked of the same element.
 */
import type { Outcome } from '../plugin.ts'
import type { EventDocument } from './documents.ts'

/** `open`: it has no outcome yet. */
const STANDINGS = ['NEW', 'UPDATED', 'UNCHANGED', 'SKIPPED', 'DELETED', 'INVALID', 'open'] as const

const standing = (module: string | undefined, outcome: Outcome | 'open' | undefined): string =>
  `${module ?? ''}|${outcome ?? 'open'}`

export const standingsOf = (events: readonly Pick<EventDocument, 'module' | 'outcome'>[]): string[] => [
  ...new Set(events.map(({ module, outcome }) => standing(module, outcome))),
]

/** All that fit: of one module or of any of `modules`, with one outcome (`null`: open) or with any. */
export function standingsFor(
  { module, outcome }: { readonly module?: string; readonly outcome?: Outcome | null },
  modules: readonly string[],
): string[] {
  const outcomes = outcome === undefined ? STANDINGS : [outcome ?? ('open' as const)]
  const all = module === undefined ? ['', ...modules] : [module]
  return all.flatMap(each => outcomes.map(one => standing(each, one)))
}
