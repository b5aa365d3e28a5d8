import { DataError } from '../errors.ts'
import type { FieldDefinition, Fields, Json, Lint, Run } from '../plugin.ts'
import { isDay, momentOf, utcText } from './dates.ts'
import { nearest } from './nearest.ts'
import { isEmpty, shown } from './values.ts'
import { dayAt } from './zone.ts'

/** Turns a value that is not empty into what the record stores. Raises DataError without `at`. */
export type Reader = (value: Json, run: Run) => Json

const email = /^[^\s@<>()",;:\\[\]]+@[^\s@.]+(?:\.[^\s@.]+)+$/u
const url = /^https?:\/\/[^\s/]+\S*$/i
const country = /^[A-Z]{2}$/
const integer = /^-?\d+$/
const decimal = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/

const refuse = (code: string, message: string): never => {
  throw new DataError(code, message)
}

/** An id is text, whatever it arrives as: leading zeros and more than 53 bits survive. A lookup gives its `id`. */
export function idText(value: Json): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value)
    return refuse('ID_NUMBER', `the id ${value} is not a whole number that keeps its digits`)
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value) && !isEmpty(value['id']))
    return idText(value['id'] as Json)
  return refuse('ID_SHAPE', `${shown(value)} is not an id`)
}

function text(value: Json): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  return refuse('NOT_TEXT', `${shown(value)} is not text`)
}

function numeric(value: Json): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && decimal.test(value.trim())) {
    const number = Number(value)
    if (Number.isFinite(number)) return number
  }
  return refuse('NOT_A_NUMBER', `"${shown(value)}" is not a number`)
}

function truth(value: Json): boolean {
  if (value === true || value === 1 || value === '1' || value === 'true') return true
  if (value === false || value === 0 || value === '0' || value === 'false') return false
  return refuse('NOT_A_BOOLEAN', `"${shown(value)}" is neither true nor false`)
}

const formats: Record<NonNullable<FieldDefinition['format']>, Reader> = {
  id: idText,
  email: value => {
    const address = text(value)
    return email.test(address) && address.length <= 254
      ? address
      : refuse('EMAIL_INVALID', `"${shown(value)}" is not an email address`)
  },
  url: value => {
    const address = text(value).trim()
    return url.test(address) ? address : refuse('URL_INVALID', `"${shown(value)}" is not a web address`)
  },
  country: value => {
    const code = text(value).trim().toUpperCase()
    return country.test(code)
      ? code
      : refuse('COUNTRY_INVALID', `"${shown(value)}" is not a country code of two letters`)
  },
  date: (value, run) => {
    const day = text(value).trim()
    if (isDay(day)) return day
    const ms = momentOf(day)
    return ms === undefined
      ? refuse('DATE_INVALID', `"${shown(value)}" is not a date like 2026-01-31`)
      : dayAt(ms, run.timezone)
  },
  'date-time': value => {
    const ms = momentOf(text(value).trim())
    return ms === undefined
      ? refuse('DATE_TIME_INVALID', `"${shown(value)}" is not a time like 2026-01-31T08:00:00+03:00`)
      : utcText(ms)
  },
}

/** The reader of one field, with its limits, made once. */
export function readerOf(definition: FieldDefinition): Reader {
  if (definition.type === 'array') return rowsReader(definition)
  if (definition.type === 'lookup') return idText
  if (definition.type === 'boolean') return truth
  if (definition.type === 'number' || definition.type === 'integer') return numberReader(definition)
  const plain = definition.format === undefined ? text : formats[definition.format]
  const { enum: listed, minLength, maxLength } = definition
  if (listed === undefined && minLength === undefined && maxLength === undefined) return plain
  return (value, run) => {
    const result = plain(value, run) as string
    if (listed !== undefined) {
      const trimmed = result.trim()
      if (listed.includes(trimmed)) return trimmed
      return refuse('NOT_LISTED', `"${shown(result)}" is none of ${listed.join(', ')}`)
    }
    const length = [...result.trim()].length
    if (minLength !== undefined && length < minLength)
      refuse('TOO_SHORT', `"${shown(result)}" is shorter than ${minLength} characters`)
    if (maxLength !== undefined && length > maxLength)
      refuse('TOO_LONG', `it has ${length} characters, at most ${maxLength} are allowed`)
    return result
  }
}

function numberReader({ type, minimum, maximum }: FieldDefinition): Reader {
  return value => {
    if (type === 'integer' && typeof value === 'string' && !integer.test(value.trim()))
      refuse('NOT_WHOLE', `"${shown(value)}" is not a whole number`)
    const number = numeric(value)
    if (type === 'integer' && !Number.isSafeInteger(number))
      refuse('NOT_WHOLE', `${number} is not a whole number`)
    if (minimum !== undefined && number < minimum) refuse('TOO_SMALL', `${number} is less than ${minimum}`)
    if (maximum !== undefined && number > maximum) refuse('TOO_LARGE', `${number} is more than ${maximum}`)
    // -0 and 0 are one number, and must have one fingerprint.
    return number === 0 ? 0 : number
  }
}

function rowsReader({ items }: FieldDefinition): Reader {
  const readers = Object.entries(items?.fields ?? {}).map(
    ([name, definition]) => [name, readerOf(definition)] as const,
  )
  const required = items?.required ?? []
  return (value, run) => {
    if (!Array.isArray(value)) return refuse('NOT_A_LIST', `${shown(value)} is not a list`)
    if (items === undefined) return value
    return value.map((row, index) => {
      if (row === null || typeof row !== 'object' || Array.isArray(row))
        return refuse('ROW_SHAPE', `row ${index + 1} is not an object`)
      const result: { [key: string]: Json } = {}
      for (const [name, read] of readers) {
        const cell = row[name]
        if (cell === undefined) continue
        result[name] = isEmpty(cell) ? null : inRow(index, name, () => read(cell, run))
      }
      for (const name of required)
        if (isEmpty(result[name])) refuse('ROW_INCOMPLETE', `row ${index + 1} has no ${name}`)
      return result
    })
  }
}

function inRow<T>(index: number, name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    throw new DataError(error.code, `row ${index + 1}, ${name}: ${error.message}`, { cause: error })
  }
}

/** Fields that decide whether a record has changed: what is fingerprinted, and ids. Times alone are no change. */
export function significantFields(record: {
  fingerprint: readonly string[]
  fields: Readonly<Record<string, FieldDefinition>>
}): ReadonlySet<string> {
  const ids = Object.entries(record.fields).filter(([, field]) => isId(field))
  return new Set([...record.fingerprint, ...ids.map(([name]) => name)])
}

/** An id, which may be lent to other records and needs no fingerprint. */
export const isId = (field: FieldDefinition | undefined): boolean =>
  field?.format === 'id' || field?.type === 'lookup'

/** What is wrong with a record that lacks a required field, or undefined. */
export function missingField(
  required: readonly string[],
  merged: Fields,
  tried: (field: string) => readonly string[],
): DataError | undefined {
  for (const field of required)
    if (isEmpty(merged[field])) {
      const names = tried(field)
      const looked = names.length === 0 ? '' : ` (looked at ${names.join(', ')})`
      return new DataError('REQUIRED', `${field} is missing${looked}`, { at: field, tried: names })
    }
  return undefined
}

/** The finding for a name that the record does not have. */
export function unknownField(
  name: string,
  fields: Readonly<Record<string, FieldDefinition>>,
  path: Lint['path'],
): Lint {
  const meant = nearest(name, Object.keys(fields))
  return {
    path,
    code: 'UNKNOWN_FIELD',
    message: `the record has no field "${name}"`,
    ...(meant === undefined ? {} : { suggestion: meant }),
  }
}
