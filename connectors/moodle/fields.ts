import { DataError } from '../../core/errors.ts'
import type { Payload } from '../../core/plugin.ts'
import { resources } from './resources.ts'

/**
 * One field that Moodle does not know makes it refuse every record of the call, so it is refused before. `id` is
 * passed over: a pipeline maps it, and the operation names it already.
 */
export function refusedField(resource: string, fields: Payload): DataError | undefined {
  const known = resources[resource]!.fields!
  const field = Object.keys(fields).find(
    name => name !== 'id' && (!Object.hasOwn(known, name) || known[name]!.readOnly === true),
  )
  if (field === undefined) return undefined
  if (field === 'password')
    return new DataError(
      'MOODLE_PASSWORD',
      'a password is never sent: Moodle makes one and mails it to the user',
      { at: field, remote: 'moodle' },
    )
  return new DataError(
    'MOODLE_FIELD',
    `a ${resource} in Moodle has no field "${field}" that can be written`,
    {
      at: field,
      remote: 'moodle',
    },
  )
}

/** Names the first field that a creation cannot do without and that is empty. */
export function missingField(
  resource: string,
  fields: Payload,
  needed: readonly string[],
): DataError | undefined {
  const field = needed.find(name => {
    const value = fields[name]
    return value === undefined || value === null || String(value).trim() === ''
  })
  if (field === undefined) return undefined
  return new DataError('MOODLE_FIELD_NEEDED', `a new ${resource} in Moodle needs "${field}"`, {
    at: field,
    remote: 'moodle',
  })
}

/**
 * The fields as Moodle takes them: without those named, and with 0 for a number or a switch that was cleared. A
 * cleared lookup is left out, since Moodle keeps no course without its category.
 */
export function sendable(resource: string, fields: Payload, ...without: readonly string[]): Payload {
  const known = resources[resource]!.fields!
  const result: Payload = {}
  for (const [name, value] of Object.entries(fields)) {
    if (without.includes(name)) continue
    const kind = known[name]?.kind
    const cleared = value === null || value === ''
    if (!cleared) result[name] = value
    else if (kind === 'number' || kind === 'boolean') result[name] = 0
    else if (kind !== 'id') result[name] = ''
  }
  return result
}

/** The same verdict about another field, or with another code: what the table cannot know of the call. */
export const renamed = (
  error: DataError,
  changes: { code?: string; at?: string; hint?: string },
): DataError => {
  const at = changes.at ?? error.at
  const hint = changes.hint ?? error.hint
  return new DataError(changes.code ?? error.code, error.message, {
    remote: 'moodle',
    ...(at === undefined ? {} : { at }),
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  })
}
