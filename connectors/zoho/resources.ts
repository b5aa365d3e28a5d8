import type { Payload, RemoteField, ResourceDefinition, Version } from '../../core/plugin.ts'
import type { ZohoField, ZohoModule, ZohoType } from './btec.ts'

/** Zoho takes and gives at most this many records in one call. */
export const RECORDS_PER_CALL = 100

const kinds: Partial<Record<ZohoType, RemoteField['kind']>> = {
  email: 'email',
  phone: 'phone',
  website: 'url',
  picklist: 'picklist',
  multiselectpicklist: 'picklist',
  integer: 'number',
  bigint: 'id',
  double: 'number',
  date: 'date',
  datetime: 'date',
  boolean: 'boolean',
  lookup: 'lookup',
  subform: 'rows',
}

const remoteField = (field: ZohoField): RemoteField => ({
  kind: field.identifies === true ? 'key' : (kinds[field.type] ?? 'text'),
  ...(field.length === undefined ? {} : { max: field.length }),
  ...(field.type === 'autonumber' ? { readOnly: true } : {}),
})

/** An id as a string, also where a sender wrote a short one as a number. */
export const idText = (value: unknown): string | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

/** Whether Zoho could have given out this id; how many digits it has is Zoho's affair. */
export const isZohoId = (id: string): boolean => /^\d{1,40}$/.test(id)

/** `2023-05-10T01:10:47-07:00` in milliseconds since 1970; undefined where it is no moment with an offset. */
export const momentOf = (value: unknown): number | undefined => {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/.test(value))
    return undefined
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : at
}

/** A moment as Zoho takes it in queries and headers: its second, with an offset. */
export const momentText = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}+00:00`

/** `Modified_Time`, in milliseconds; Zoho counts in seconds, so two changes within one are equal, not older. */
export const versionOf = (payload: Payload): Version => {
  const at = momentOf(payload['Modified_Time'])
  return at === undefined ? [] : [at]
}

/** A module of Zoho CRM as a resource. Any field is allowed, since a college adds its own. */
export const resourceOf = (module: ZohoModule): ResourceDefinition => ({
  summary: module.summary,
  perCall: RECORDS_PER_CALL,
  uniqueBy: Object.keys(module.fields).filter(name => module.fields[name]!.unique === true),
  partial: false,
  empty: null,
  aliases: module.aliases,
  fields: {
    ...Object.fromEntries(Object.entries(module.fields).map(([name, field]) => [name, remoteField(field)])),
    '*': {},
  },
  idOf: payload => idText(payload['id']),
  versionOf,
  changes: 'since',
})
