import type { FieldMetadata, Json, Payload } from '../../core/plugin.ts'
import { rowsIn, type ZohoClient } from './client.ts'

const HOUR = 3_600_000
/** `length` of these is that of a text; of a lookup or a subform it says something else. */
const texts = new Set(['text', 'textarea', 'email', 'phone', 'website', 'picklist'])
const computed = new Set([
  'autonumber',
  'formula',
  'rollup_summary',
  'profileimage',
  'fileupload',
  'imageupload',
])

export interface Field {
  readonly name: string
  readonly type: string
  readonly metadata: FieldMetadata
  /** Zoho refuses a second record with the same value. */
  readonly unique: boolean
  /** The module that holds a subform's rows. */
  readonly rowsIn?: string
}

export type Fields = ReadonlyMap<string, Field>

export interface Metadata {
  /** Raises the WaslError of the call; what went well is kept for an hour. */
  fields(module: string): Promise<Fields>
}

const text = (value: Json | undefined) => (typeof value === 'string' && value !== '' ? value : undefined)
const object = (value: Json | undefined): Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value ?? {}) : {}
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])

/**
 * One entry of `/settings/fields`. Records hold the *display* label of a picklist's value, also where its
 * `actual_value` differs. Keys that do not apply come as `{}` or null.
 */
export const fieldIn = (entry: Json): Field | undefined => {
  const field = object(entry)
  const name = text(field['api_name'])
  if (name === undefined) return undefined
  const type = text(field['data_type']) ?? ''
  const length = Number(field['length'])
  const values = list(field['pick_list_values'])
    .map(value => text(object(value)['display_value']))
    .filter((value): value is string => value !== undefined)
  const readOnly = field['read_only'] === true || field['field_read_only'] === true || computed.has(type)
  const rowsIn =
    type === 'subform'
      ? (text(object(field['subform'])['module']) ?? text(object(field['associated_module'])['module']))
      : undefined
  return {
    name,
    type,
    unique:
      text(object(field['unique'])['casesensitive']) !== undefined ||
      Object.keys(object(field['unique'])).length > 0,
    metadata: {
      ...(texts.has(type) && Number.isFinite(length) && length > 0 ? { max: length } : {}),
      ...(values.length > 0 ? { values } : {}),
      ...(readOnly ? { readOnly } : {}),
      ...(field['system_mandatory'] === true ? { required: true } : {}),
    },
    ...(rowsIn === undefined ? {} : { rowsIn }),
  }
}

export const createMetadata = (client: ZohoClient, now: () => number): Metadata => {
  const kept = new Map<string, { until: number; fields: Promise<Fields> }>()

  const load = async (module: string): Promise<Fields> => {
    const answer = await client.call({
      method: 'GET',
      path: '/settings/fields',
      query: { module },
      resource: module,
      // Shared by all who wait for it: none of them may end it for the others.
      signal: new AbortController().signal,
    })
    const fields = rowsIn(answer, 'fields')
      .map(fieldIn)
      .filter(field => field !== undefined)
    return new Map(fields.map(field => [field.name, field]))
  }

  return {
    fields(module) {
      const known = kept.get(module)
      if (known !== undefined && known.until > now()) return known.fields
      const fields = load(module)
      kept.set(module, { until: now() + HOUR, fields })
      // A failure is told to whoever asked, and asked again by the next.
      fields.catch(() => kept.delete(module))
      return fields
    },
  }
}

/** As the engine sees it; a subform's own fields as `Learning_Outcomes_Assessm.LO_Title`. */
export const describe = async (
  metadata: Metadata,
  module: string,
): Promise<ReadonlyMap<string, FieldMetadata>> => {
  const described = new Map<string, FieldMetadata>()
  for (const field of (await metadata.fields(module)).values()) {
    described.set(field.name, field.metadata)
    if (field.rowsIn === undefined) continue
    for (const inner of (await metadata.fields(field.rowsIn)).values())
      described.set(`${field.name}.${inner.name}`, inner.metadata)
  }
  return described
}
