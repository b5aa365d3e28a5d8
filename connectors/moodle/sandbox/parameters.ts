import { inside, invalidParameter, MoodleException } from './exceptions.ts'
import { type PhpArray, type PhpValue, stripTags } from './php.ts'

export type ParamType =
  | 'int'
  | 'bool'
  | 'raw'
  | 'raw_trimmed'
  | 'text'
  | 'notags'
  | 'username'
  | 'alpha'
  | 'alphanum'
  | 'alphanumext'
  | 'plugin'
  | 'auth'
  | 'lang'

/** Moodle's `external_value`, `external_multiple_structure` and `external_single_structure`. */
export type Description =
  | {
      readonly kind: 'value'
      readonly type: ParamType
      readonly optional: boolean
      readonly otherwise?: string
    }
  | { readonly kind: 'list'; readonly of: Description; readonly optional: boolean }
  | {
      readonly kind: 'object'
      readonly keys: Readonly<Record<string, Description>>
      readonly optional: boolean
    }

export const required = (type: ParamType): Description => ({ kind: 'value', type, optional: false })
export const optional = (type: ParamType, otherwise?: string): Description => ({
  kind: 'value',
  type,
  optional: true,
  ...(otherwise === undefined ? {} : { otherwise }),
})
export const list = (of: Description, isOptional = false): Description => ({
  kind: 'list',
  of,
  optional: isOptional,
})
export const object = (keys: Readonly<Record<string, Description>>): Description => ({
  kind: 'object',
  keys,
  optional: false,
})

export type Value = string | Value[] | { [key: string]: Value }

/** `external_api::validate_parameters`: what it cleans must be what came, and nothing else may have come. */
export function validate(description: Description, value: PhpValue): Value {
  if (description.kind === 'value') {
    if (typeof value !== 'string') throw invalidParameter('Scalar type expected, array or object received.')
    if (clean(value, description.type) !== value)
      throw invalidParameter(
        `Invalid external api parameter: the value is "${value}", the server was expecting "${description.type}" type`,
      )
    return value
  }
  if (typeof value === 'string') throw invalidParameter(`Only arrays accepted. The bad value is: '${value}'`)
  if (description.kind === 'list')
    return Object.values(value).map(element => validate(description.of, element))
  return validateKeys(description.keys, value)
}

function validateKeys(keys: Readonly<Record<string, Description>>, value: PhpArray): Value {
  const result: { [key: string]: Value } = {}
  for (const [key, description] of Object.entries(keys)) {
    const given = value[key]
    if (given === undefined) {
      if (!description.optional) throw invalidParameter(`Missing required key in single structure: ${key}`)
      if (description.kind === 'value' && description.otherwise !== undefined)
        result[key] = description.otherwise
      continue
    }
    try {
      result[key] = validate(description, given)
    } catch (error) {
      if (!(error instanceof MoodleException)) throw error
      throw invalidParameter(inside(key, error))
    }
  }
  const unexpected = Object.keys(value).filter(key => !(key in keys))
  if (unexpected.length > 0)
    throw invalidParameter(`Unexpected keys (${unexpected.join(', ')}) detected in parameter array.`)
  return result
}

/** Plugins and translations of this site: Moodle takes no others. */
const auths = new Set(['manual', 'email', 'nologin', 'ldap', 'oauth2', 'db', 'cas', 'shibboleth', 'lti'])
export const langs: ReadonlySet<string> = new Set(['en', 'ar', 'fr', 'de', 'es'])

/** `clean_param`, for the types that are used. */
function clean(value: string, type: ParamType): string {
  switch (type) {
    case 'int':
      return /^-?(0|[1-9]\d*)$/.test(value)
        ? value
        : value === ''
          ? '0'
          : `${Number.parseInt(value, 10) || 0}`
    case 'bool':
      return value === '1' || value === '0' ? value : ''
    case 'username':
      return value
        .trim()
        .toLowerCase()
        .replace(/[^-.@_a-z0-9]/g, '')
    case 'alpha':
      return value.replace(/[^a-zA-Z]/g, '')
    case 'alphanum':
      return value.replace(/[^a-zA-Z0-9]/g, '')
    case 'alphanumext':
      return value.replace(/[^a-zA-Z0-9_-]/g, '')
    case 'plugin':
      return /^[a-z][a-z0-9_]*[a-z0-9]$|^$/.test(value) ? value : ''
    case 'auth':
      return auths.has(value) ? value : ''
    case 'lang':
      return langs.has(value) ? value : ''
    case 'raw_trimmed':
      return value.trim()
    case 'text':
    case 'notags':
      return stripTags(value)
    case 'raw':
      return value
  }
}
