import { DataError } from '../../core/errors.ts'
import { defineTransform } from '../../core/plugin.ts'

/** Moodle's usernames are lower case and hold letters, digits, `.`, `-`, `_` and `@` only (PARAM_USERNAME). */
export function usernameOf(address: string): string | null {
  const local = address.trim().split('@', 1)[0] as string
  const name = local.toLowerCase().replace(/[^-.@_a-z0-9]/g, '')
  return name === '' ? null : name
}

export const moodleUsername = defineTransform({
  name: 'moodle-username',
  summary: 'The part of an email address before the @, in the characters that Moodle allows in a username.',
  prepare: () => value => {
    if (typeof value !== 'string') throw new DataError('NOT_TEXT', 'a username is made of text only')
    return usernameOf(value)
  },
})
