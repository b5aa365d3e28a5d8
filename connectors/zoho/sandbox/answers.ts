/** The words in which Zoho CRM refuses, as its OpenAPI description has them. */
import type { Json, Payload } from '../../../core/plugin.ts'

export interface Answer {
  readonly status: number
  /** Absent: no body (204, 304). */
  readonly body?: Json
  readonly headers?: Readonly<Record<string, string>>
}

export type ZohoError = { code: string; details: Payload; message: string; status: 'error' }

export const refusal = (code: string, message: string, details: Payload = {}): ZohoError => ({
  code,
  details,
  message,
  status: 'error',
})

export const refuse = (status: number, code: string, message: string, details: Payload = {}): Answer => ({
  status,
  body: refusal(code, message, details),
})

/** A call that the sandbox cannot serve, raised from anywhere below the server. */
export class Refused extends Error {
  readonly answer: Answer
  constructor(answer: Answer) {
    super(JSON.stringify(answer.body))
    this.name = 'Refused'
    this.answer = answer
  }
}

export const invalidToken = () => refuse(401, 'INVALID_TOKEN', 'invalid oauth token')
export const scopeMismatch = () => refuse(401, 'OAUTH_SCOPE_MISMATCH', 'Unauthorized')
export const invalidModule = () =>
  refuse(400, 'INVALID_MODULE', 'the module name given seems to be invalid', { resource_path_index: 0 })
export const invalidUrl = () =>
  refuse(404, 'INVALID_URL_PATTERN', 'Please check if the URL trying to access is a correct one')
export const invalidMethod = () =>
  refuse(400, 'INVALID_REQUEST_METHOD', 'The http request method type is not a valid one')
export const noPermission = (permission: string) =>
  refuse(403, 'NO_PERMISSION', 'permission denied', { permissions: [permission] })
export const paramMissing = (name: string) =>
  refuse(400, 'REQUIRED_PARAM_MISSING', 'required param is missing', { param_name: name })
export const invalidBody = () =>
  refuse(400, 'INVALID_DATA', 'the body is not JSON', { expected_data_type: 'jsonobject' })

/** `2023-05-10T01:10:47+03:00`: Zoho answers in the organisation's zone, without fractions. */
export const moment = (at: number, offsetMinutes: number): string => {
  const local = new Date(at + offsetMinutes * 60_000).toISOString().slice(0, 19)
  const [sign, minutes] = [offsetMinutes < 0 ? '-' : '+', Math.abs(offsetMinutes)]
  const two = (n: number) => String(n).padStart(2, '0')
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
