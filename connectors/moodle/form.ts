import { DataError } from '../../core/errors.ts'
import type { Json, Payload } from '../../core/plugin.ts'

const NAME = /^[A-Za-z0-9_]+$/

/**
 * PHP's spelling of nested values: `users[0][username]=ali`. Booleans are sent as 1 and 0, `null` as the empty
 * text, an empty list or object not at all (PHP has no spelling for it). Raises DataError `MOODLE_FIELD_NAME` for
 * a name that could begin another parameter.
 */
export function formOf(parameters: Payload): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = []
  for (const [name, value] of Object.entries(parameters)) add(pairs, checked(name), value)
  return pairs
}

function add(pairs: (readonly [string, string])[], name: string, value: Json): void {
  if (Array.isArray(value)) value.forEach((element, index) => void add(pairs, `${name}[${index}]`, element))
  else if (value !== null && typeof value === 'object')
    for (const [key, member] of Object.entries(value)) add(pairs, `${name}[${checked(key)}]`, member)
  else pairs.push([name, textOf(value)])
}

const textOf = (value: null | boolean | number | string): string =>
  value === null ? '' : typeof value === 'boolean' ? (value ? '1' : '0') : String(value)

function checked(name: string): string {
  if (NAME.test(name)) return name
  throw new DataError('MOODLE_FIELD_NAME', `Moodle has no field named ${JSON.stringify(name)}`, {
    at: name,
    hint: 'a field name of Moodle has letters, digits and underscores only',
    remote: 'moodle',
  })
}
