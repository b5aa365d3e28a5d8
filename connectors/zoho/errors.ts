/** What Zoho's refusals mean for us: one table, read from top to bottom; the first line that fits decides. */
import { DataError, type GateReason, RetryableError, SetupError, type WaslError } from '../../core/errors.ts'
import type { Json, Payload } from '../../core/plugin.ts'

const remote = 'zoho'

/** A refusal as Zoho puts it, at the top level or for one record. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details: Payload
}

/** Where the refusal arose. */
export interface Place {
  readonly resource?: string
  /** The call changes something: what failed half-way may have taken effect. */
  readonly writes?: boolean
  readonly retryAfterMs?: number | undefined
}

interface Line {
  readonly when: { readonly code?: readonly string[]; readonly status?: (status: number) => boolean }
  readonly raise: 'retry' | 'data' | 'setup'
  readonly code: string
  readonly says: string
  readonly hint?: string
  readonly gate?: GateReason
  /** Only the resource is refused, not the whole remote. */
  readonly resource?: boolean
  /** The setting that is wrong. */
  readonly at?: string
  /** It may have taken effect, where it was a write. */
  readonly unsure?: boolean
}

const table: readonly Line[] = [
  {
    when: { code: ['TOO_MANY_REQUESTS', 'RATE_LIMIT_EXCEEDED', 'API_LIMIT_EXCEEDED'] },
    raise: 'retry',
    code: 'ZOHO_BUSY',
    says: 'Zoho asks us to slow down',
    hint: 'the credits of 24 hours or the calls at once are used up',
    gate: 'busy',
  },
  {
    when: { status: s => s === 429 },
    raise: 'retry',
    code: 'ZOHO_BUSY',
    says: 'Zoho asks us to slow down',
    hint: 'the credits of 24 hours or the calls at once are used up',
    gate: 'busy',
  },
  {
    when: { code: ['INVALID_TOKEN', 'AUTHENTICATION_FAILURE'] },
    raise: 'retry',
    code: 'ZOHO_TOKEN',
    says: 'Zoho refuses the access token, a renewed one too',
    hint: 'check the data centre of the accounts URL and that the user of the refresh token is active',
    gate: 'token',
  },
  {
    when: { code: ['OAUTH_SCOPE_MISMATCH'] },
    raise: 'setup',
    code: 'ZOHO_SCOPE',
    says: 'the token lacks a scope',
    hint: 'make a new refresh token with the scopes of connectors/zoho/README.md',
    at: 'refreshToken',
    resource: true,
  },
  {
    when: { code: ['NO_PERMISSION', 'AUTHORIZATION_FAILED', 'PERMISSION_DENIED'] },
    raise: 'setup',
    code: 'ZOHO_PERMISSION',
    says: "the token's user lacks a permission",
    hint: "give the user's profile view, create, edit and delete on the module",
    resource: true,
  },
  {
    when: { code: ['INVALID_MODULE'] },
    raise: 'setup',
    code: 'ZOHO_MODULE',
    says: 'there is no module of this API name, or the user does not see it',
    hint: 'compare the API names under Setup > Developer Hub > APIs & SDKs',
    resource: true,
  },
  {
    when: {
      code: [
        'INVALID_URL_PATTERN',
        'INVALID_REQUEST_METHOD',
        'REQUIRED_PARAM_MISSING',
        'EXPECTED_PARAM_MISSING',
      ],
    },
    raise: 'setup',
    code: 'ZOHO_CALL',
    says: 'Zoho does not know this call',
    hint: 'its API may have changed: update the connector',
    resource: true,
  },
  {
    when: { status: s => s === 502 || s === 503 || s === 504 },
    raise: 'retry',
    code: 'ZOHO_OUTAGE',
    says: 'Zoho is out of order',
    gate: 'outage',
    unsure: true,
  },
  {
    when: { status: s => s >= 500 },
    raise: 'retry',
    code: 'ZOHO_INTERNAL',
    says: 'Zoho failed internally',
    unsure: true,
  },
  { when: { code: ['RECORD_LOCKED'] }, raise: 'retry', code: 'ZOHO_LOCKED', says: 'the record is locked' },
  {
    when: { code: ['ALREADY_MODIFIED'] },
    raise: 'retry',
    code: 'ZOHO_CHANGED',
    says: 'the record was changed meanwhile',
  },
  {
    when: { code: ['MANDATORY_NOT_FOUND', 'DEPENDENT_FIELD_MISSING'] },
    raise: 'data',
    code: 'ZOHO_MISSING',
    says: 'a required field is missing',
  },
  {
    when: { code: ['DUPLICATE_DATA', 'DUPLICATE_LINKING_DATA'] },
    raise: 'data',
    code: 'ZOHO_DUPLICATE',
    says: 'another record holds this value already',
  },
  {
    when: {
      code: [
        'NOT_APPROVED',
        'NOT_REVIEWED',
        'RECORD_IN_BLUEPRINT',
        'CANNOT_UPDATE',
        'CANNOT_DELETE',
        'NOT_ALLOWED',
      ],
    },
    raise: 'data',
    code: 'ZOHO_NOT_ALLOWED',
    says: 'the record cannot be changed in its present state',
    hint: 'finish its approval, review or blueprint in Zoho',
  },
  { when: { code: ['INVALID_DATA'] }, raise: 'data', code: 'ZOHO_INVALID', says: 'Zoho refuses a value' },
  {
    when: { status: s => s === 401 },
    raise: 'retry',
    code: 'ZOHO_TOKEN',
    says: 'Zoho refuses the access token',
    gate: 'token',
  },
  {
    when: { status: s => s === 403 },
    raise: 'setup',
    code: 'ZOHO_PERMISSION',
    says: 'Zoho refuses the call',
    resource: true,
  },
  { when: {}, raise: 'data', code: 'ZOHO_REFUSED', says: 'Zoho refuses the call' },
]

const fits = ({ when }: Line, refusal: Refusal) =>
  (when.code === undefined || when.code.includes(refusal.code)) &&
  (when.status === undefined || when.status(refusal.status))

const text = (value: Json | undefined) => (typeof value === 'string' && value !== '' ? value : undefined)

/** `$.data[0].Rows[1].LO_Score` -> `Rows[1].LO_Score`; else the API name or the parameter that Zoho names. */
export const fieldOf = (details: Payload): string | undefined =>
  text(details['json_path'])?.replace(/^\$(\.\w+\[\d+\])?\.?/, '') ||
  text(details['api_name']) ||
  text(details['param_name']) ||
  text(details['column_name'])

/** What was expected instead, in words; never the value itself. */
const expectation = (details: Payload): string => {
  const { maximum_length: longest, expected_data_type: type, supported_values: values } = details
  if (longest !== undefined) return `, at most ${String(longest)} characters fit`
  if (typeof type === 'string') return `, it must be ${type}`
  if (Array.isArray(values)) return `, it must be one of ${values.slice(0, 20).map(String).join(', ')}`
  return ''
}

/** Codes are Zoho's own words and harmless; its messages may repeat data, so only short known ones are shown. */
const saidBy = ({ code, status }: Refusal) => (code === '' ? `HTTP ${status}` : code)

/** The id of the record itself is no record's any more; that of a lookup names its field. */
const isGone = ({ code, details, message }: Refusal) => {
  const field = fieldOf(details)
  return (
    code === 'INVALID_DATA' &&
    (field === 'id' || (field === undefined && /\bid given seems to be invalid\b/i.test(message)))
  )
}

/** Our error for a refusal of Zoho. Pure. */
export const errorOf = (refusal: Refusal, place: Place = {}): WaslError => {
  const inner = refusal.details['errors']
  if (refusal.code === 'MULTIPLE_OR_MULTI_ERRORS' && Array.isArray(inner) && inner.length > 0)
    return severest(inner.map(each => errorOf(refusalIn(each, refusal.status), place)))
  if (isGone(refusal)) return new DataError('REMOTE_GONE', 'Zoho has no such record', { at: 'id', remote })
  const line = table.find(each => fits(each, refusal))!
  const field = fieldOf(refusal.details)
  const at = line.at ?? field
  const message = `${line.says} (${saidBy(refusal)})${field === undefined ? '' : `: ${field}`}${expectation(refusal.details)}`
  const where = {
    remote,
    ...(at === undefined ? {} : { at }),
    ...(line.hint === undefined ? {} : { hint: line.hint }),
  }
  if (line.raise === 'data') return new DataError(line.code, message, where)
  if (line.raise === 'setup')
    return new SetupError(line.code, message, {
      ...where,
      ...(line.resource === true && place.resource !== undefined ? { resource: place.resource } : {}),
    })
  return new RetryableError(line.code, message, {
    ...where,
    gate: line.gate,
    retryAfterMs: place.retryAfterMs,
    ambiguous: line.unsure === true && place.writes === true,
  })
}

/** Of several errors the one that decides: what is wrong for good comes before what may pass. */
const severest = (errors: readonly WaslError[]): WaslError =>
  errors.find(error => error instanceof DataError && error.code !== 'ZOHO_DUPLICATE') ??
  errors.find(error => error instanceof DataError) ??
  errors[0]!

/** Reads the refusal out of what Zoho answered; anything else than an object is one without a code. */
export const refusalIn = (answer: Json | undefined, status: number): Refusal => {
  const body = answer !== null && typeof answer === 'object' && !Array.isArray(answer) ? answer : {}
  const details = body?.['details']
  return {
    status,
    code: text(body?.['code']) ?? '',
    message: text(body?.['message']) ?? '',
    details:
      details !== null && typeof details === 'object' && !Array.isArray(details) ? (details ?? {}) : {},
  }
}

/**
 * The record that already holds the unique value, where a creation was refused for that alone. Zoho puts its id
 * in the details, or, among several errors, only in `duplicate_record`.
 */
export const duplicateIn = (refusal: Refusal): { readonly by: string; readonly id: string } | undefined => {
  const inner = refusal.details['errors']
  const all =
    refusal.code === 'MULTIPLE_OR_MULTI_ERRORS' && Array.isArray(inner)
      ? inner.map(each => refusalIn(each, refusal.status))
      : [refusal]
  const holders = all.map(each => {
    if (each.code !== 'DUPLICATE_DATA') return undefined
    const record = each.details['duplicate_record']
    const nested =
      record !== null && typeof record === 'object' && !Array.isArray(record) ? record?.['id'] : undefined
    const [by, id] = [fieldOf(each.details), text(each.details['id']) ?? text(nested)]
    return by === undefined || id === undefined ? undefined : { by, id }
  })
  const first = holders[0]
  return first !== undefined && holders.every(holder => holder?.id === first.id) ? first : undefined
}

/** `Retry-After` in milliseconds: seconds or an HTTP date; undefined where it is neither or not ahead. */
export const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined
  const value = header.trim()
  if (/^\d{1,10}$/.test(value)) return Number(value) * 1000
  const at = /^[A-Za-z]{3}/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) || at <= now ? undefined : at - now
}
