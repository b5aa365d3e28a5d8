import type { Json, Payload } from '../../../core/plugin.ts'
import type { ZohoField, ZohoType } from '../btec.ts'
import { refusal, type ZohoError } from './answers.ts'
import type { Layout, LayoutModule } from './layout.ts'

/** What a check must know of the other records. */
export interface Surroundings {
  readonly layout: Layout
  /** A value that a picklist does not have: refused, or kept as it is (reports of Zoho differ). */
  readonly unknownPicklist: 'refuse' | 'store'
  exists(module: string, id: string): boolean
  /** Who else holds this value of a unique field. */
  holder(module: string, field: string, value: string): string | undefined
  /** As Zoho names the holder in a DUPLICATE_DATA. */
  duplicate(module: LayoutModule, field: string, id: string, path: string): Payload
}

export interface Checked {
  /** What is to be stored: known, writable fields; empty texts as null. */
  readonly values: Payload
  readonly error?: ZohoError
}

const texts = new Set<ZohoType>(['text', 'textarea', 'email', 'phone', 'website'])
const usualLength: Partial<Record<ZohoType, number>> = {
  text: 255,
  textarea: 2000,
  email: 100,
  phone: 30,
  website: 450,
}

export const lengthOf = (field: ZohoField): number | undefined => field.length ?? usualLength[field.type]

const isObject = (value: Json): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const expected = (type: string, name: string, path: string) =>
  refusal('INVALID_DATA', 'invalid data', { expected_data_type: type, api_name: name, json_path: path })

const tooLong = (longest: number, name: string, path: string) =>
  refusal('INVALID_DATA', 'invalid data', { maximum_length: longest, api_name: name, json_path: path })

const textError = (field: ZohoField, value: Json, name: string, path: string) => {
  if (typeof value !== 'string') return expected('string', name, path)
  const longest = lengthOf(field)
  if (longest !== undefined && value.length > longest) return tooLong(longest, name, path)
  if (field.type === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
    return expected('email', name, path)
  return undefined
}

const valueError = (field: ZohoField, value: Json, name: string, path: string, around: Surroundings) => {
  if (texts.has(field.type)) return textError(field, value, name, path)
  switch (field.type) {
    case 'picklist':
      if (typeof value !== 'string') return expected('string', name, path)
      if (value.length > 120) return tooLong(120, name, path)
      return around.unknownPicklist === 'store' || field.values?.includes(value) === true
        ? undefined
        : refusal('INVALID_DATA', 'invalid data', {
            api_name: name,
            json_path: path,
            supported_values: [...(field.values ?? [])],
          })
    case 'multiselectpicklist':
      return Array.isArray(value) ? undefined : expected('jsonarray', name, path)
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) return expected('integer', name, path)
      return Math.abs(value) >= 1e9 ? tooLong(9, name, path) : undefined
    case 'bigint':
      return /^-?\d{1,18}$/.test(String(value)) ? undefined : expected('bigint', name, path)
    case 'double':
      return typeof value === 'number' ? undefined : expected('double', name, path)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : expected('boolean', name, path)
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
        ? undefined
        : expected('date', name, path)
    case 'datetime':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(value)
        ? undefined
        : expected('datetime', name, path)
    case 'lookup':
      if (!isObject(value) || typeof value['id'] !== 'string') return expected('jsonobject', name, path)
      return around.exists(field.of!, value['id'])
        ? undefined
        : refusal('INVALID_DATA', 'the id given seems to be invalid', {
            api_name: name,
            json_path: `${path}.id`,
          })
    default:
      return undefined
  }
}

/** Rows are checked one by one by the rules of their own module; `_delete` and ids pass. */
const rowErrors = (
  rows: Json,
  field: ZohoField,
  name: string,
  path: string,
  around: Surroundings,
): ZohoError[] => {
  if (!Array.isArray(rows)) return [expected('jsonarray', name, path)]
  const inner = around.layout.get(field.of!)!
  return rows.flatMap((row, n) => {
    if (!isObject(row)) return [expected('jsonobject', name, `${path}[${n}]`)]
    return Object.entries(row).flatMap(([key, value]) => {
      const known = inner.fields.get(key)
      if (known === undefined || value === null || value === '') return []
      return valueError(known, value, key, `${path}[${n}].${key}`, around) ?? []
    })
  })
}

/**
 * Checks what was sent for one record, as Zoho would. `id` names the record that is changed, absent for a new one.
 * Fields that the module does not have, and those that Zoho makes itself, are passed over.
 */
export const checkRecord = (
  module: LayoutModule,
  sent: Payload,
  index: number,
  id: string | undefined,
  around: Surroundings,
): Checked => {
  const values: Payload = {}
  const errors: ZohoError[] = []
  for (const [name, field] of module.fields) {
    const path = `$.data[${index}].${name}`
    const given = Object.hasOwn(sent, name)
    const value = given && sent[name] !== '' ? sent[name]! : null
    if (field.mandatory === true && value === null && (given || id === undefined))
      errors.push(
        refusal('MANDATORY_NOT_FOUND', 'required field not found', { api_name: name, json_path: path }),
      )
    if (!given || field.type === 'autonumber') continue
    values[name] = value
    if (value === null) continue
    if (field.type === 'subform') errors.push(...rowErrors(value, field, name, path, around))
    else {
      const error = valueError(field, value, name, path, around)
      if (error !== undefined) errors.push(error)
    }
    if (field.unique !== true) continue
    const holder = around.holder(module.name, name, String(value))
    if (holder !== undefined && holder !== id)
      errors.push(refusal('DUPLICATE_DATA', 'duplicate data', around.duplicate(module, name, holder, path)))
  }
  if (errors.length === 0) return { values }
  if (errors.length === 1) return { values, error: errors[0]! }
  return { values, error: refusal('MULTIPLE_OR_MULTI_ERRORS', 'Multiple errors in the request', { errors }) }
}
