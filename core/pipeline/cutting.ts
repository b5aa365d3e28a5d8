import { DataError } from '../errors.ts'
import type { FieldDefinition, FieldMetadata, Json, RemoteField } from '../plugin.ts'
import { shown } from './values.ts'

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * At most `max` UTF-16 units, the last one an ellipsis where something was taken away; a character that people
 * see as one is never split. Remotes count units or code points: units is the smaller promise.
 */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  let end = 0
  for (const { segment, index } of graphemes.segment(text)) {
    if (index + segment.length > max - 1) break
    end = index + segment.length
  }
  return `${text.slice(0, end).trimEnd()}…`
}

/** What one target field allows, from the connector, the rule and, when it is sent, the remote's metadata. */
export interface Limit {
  readonly name: string
  readonly max: number | undefined
  readonly free: boolean
}

/** Only free text is cut: an id, key or address that lacks its end would be another one. */
export function limitOf(
  name: string,
  remote: RemoteField | undefined,
  ours: FieldDefinition | undefined,
  ruleMax: number | undefined,
): Limit {
  const bounds = [remote?.max, ruleMax].filter(one => one !== undefined)
  const max = bounds.length === 0 ? undefined : Math.min(...bounds)
  const plain =
    ours === undefined || (ours.format === undefined && ours.enum === undefined && ours.type === 'string')
  return { name, max, free: remote?.kind === undefined ? plain : remote.kind === 'text' }
}

/** The value as the remote takes it; `cuts` is told of what was cut. Raises DataError `TOO_LONG`, `PICKLIST_VALUE`. */
export function fitting(
  value: Json,
  limit: Limit,
  metadata: FieldMetadata | undefined,
  cuts: (name: string) => void,
): Json {
  if (typeof value !== 'string') return value
  if (metadata?.values !== undefined && metadata.values.length > 0 && !metadata.values.includes(value))
    throw new DataError(
      'PICKLIST_VALUE',
      `${limit.name} knows no value "${shown(value)}", only ${metadata.values.join(', ')}`,
      { at: limit.name, hint: 'Add the value to the picklist, or map it to one that it has.' },
    )
  let max = limit.max
  if (metadata?.max !== undefined && (max === undefined || metadata.max < max)) max = metadata.max
  if (max === undefined || value.length <= max) return value
  if (!limit.free)
    throw new DataError(
      'TOO_LONG',
      `"${shown(value)}" has ${value.length} characters, ${limit.name} takes ${max}`,
      {
        at: limit.name,
        hint: 'This kind of value is never cut: correct it where it comes from.',
      },
    )
  cuts(limit.name)
  return cut(value, max)
}
