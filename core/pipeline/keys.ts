import type { PipelineFile } from '../plugin.ts'
import type { SharedFile } from './grammar.ts'

/** The keys under which other records may refer to one of this module: sets of fields, each sorted. */
export function keySets(record: PipelineFile['record']): readonly (readonly string[])[] {
  const shared = Object.values((record.shared ?? {}) as Readonly<Record<string, SharedFile>>)
  const all = [
    ...Object.values(record.identity ?? {}).map(field => [field]),
    ...(record.findBy ?? []).map(key => (typeof key === 'string' ? [key] : [...key])),
    ...shared.map(({ by }) => [...by]),
  ].map(key => key.sort())
  return [...new Map(all.map(key => [key.join('&'), key])).values()]
}
