import type { Json, Payload } from '../../core/plugin.ts'

/** The shape that Moodle's `validate_email` asks for: a local part without quotes or blanks, a host with a dot. */
const EMAIL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]{2,}$/
/** PARAM_USERNAME where the site does not allow extended characters. */
const USERNAME = /^[-.@_a-z0-9]+$/
/** What PHP's strip_tags would take away: a `<` with no blank after it. */
const TAG = /<(?!\s)/
const withoutTags = [
  'firstname',
  'lastname',
  'middlename',
  'alternatename',
  'firstnamephonetic',
  'lastnamephonetic',
  'city',
  'phone1',
  'phone2',
  'institution',
  'department',
  'address',
]

/** The first field that breaks a rule of Moodle's, and which rule: asked only after Moodle refused the user. */
export function faultyField(fields: Payload, creating: boolean): { at: string; why: string } | undefined {
  const text = (name: string): string | undefined => textOf(fields[name])
  for (const name of ['username', 'firstname', 'lastname', 'email'])
    if (creating ? (text(name) ?? '').trim() === '' : text(name)?.trim() === '')
      return { at: name, why: `"${name}" must not be empty` }
  const username = text('username')
  if (username !== undefined && !USERNAME.test(username))
    return {
      at: 'username',
      why: 'a username has small letters, digits and - . _ @ only (unless the site allows more)',
    }
  const email = text('email')
  if (email !== undefined && !EMAIL.test(email)) return { at: 'email', why: 'the email is no valid address' }
  const tagged = withoutTags.find(name => TAG.test(text(name) ?? ''))
  if (tagged !== undefined) return { at: tagged, why: `"${tagged}" holds "<", which Moodle takes for HTML` }
  const country = text('country')
  if (country !== undefined && !/^[A-Za-z]*$/.test(country))
    return { at: 'country', why: 'a country is a code of two letters' }
  return undefined
}

const textOf = (value: Json | undefined): string | undefined =>
  value === undefined || value === null ? undefined : typeof value === 'object' ? undefined : String(value)
