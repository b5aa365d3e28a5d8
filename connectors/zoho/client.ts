import { RetryableError } from '../../core/errors.ts'
import type { HttpAnswer, HttpClient, Json, Payload, Tools } from '../../core/plugin.ts'
import { errorOf, refusalIn, retryAfterOf } from './errors.ts'
import type { ZohoSettings } from './settings.ts'
import { type AccessToken, createTokens, type Tokens } from './token.ts'

const API = '/crm/v8'
const DEFAULT_CONCURRENCY = 5
/** Zoho says INVALID_TOKEN; after an expiry some accounts answer AUTHENTICATION_FAILURE instead. */
const expired = new Set(['INVALID_TOKEN', 'AUTHENTICATION_FAILURE'])

export interface ZohoCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/crm/v8`, beginning with `/`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The module it is about, for errors. */
  readonly resource?: string
  /** It changes something. Default: whatever is no GET. */
  readonly writes?: boolean
  readonly signal: AbortSignal
}

export interface ZohoAnswer {
  readonly status: number
  /** `{}` where the answer has no body (204, 304). */
  readonly body: Payload
}

const isObject = (body: Json): body is Payload =>
  body !== null && typeof body === 'object' && !Array.isArray(body)

/**
 * The objects of a list in an answer; none where it has no body (nothing found). Raises RetryableError
 * `ZOHO_UNREADABLE` where the list is due and missing: that is no proof that nothing is there.
 */
export const rowsIn = ({ status, body }: ZohoAnswer, key = 'data'): Payload[] => {
  if (status === 204 || status === 304) return []
  const rows = body[key]
  if (Array.isArray(rows)) return rows.filter(isObject)
  throw new RetryableError('ZOHO_UNREADABLE', `Zoho answered HTTP ${status} without its list of ${key}`, {
    remote: 'zoho',
    gate: 'outage',
  })
}

export interface ZohoClient {
  /**
   * Answers what Zoho answered to a call that it took as a whole: also one whose every record was refused (HTTP
   * 400 with `data`). Raises a WaslError for anything else. A call refused for its token is sent once more.
   */
  call(call: ZohoCall): Promise<ZohoAnswer>
  readonly tokens: Tokens
  close(): void
}

export const createClient = (settings: ZohoSettings, tools: Tools): ZohoClient => {
  const tokens = createTokens(settings, tools)
  let api: { domain: string; http: HttpClient } | undefined

  const httpAt = (domain: string): HttpClient => {
    if (api?.domain !== domain) {
      api?.http.close()
      const options = {
        allowPrivate: settings.allowPrivate === true,
        maxSockets: settings.concurrency ?? DEFAULT_CONCURRENCY,
      }
      api = { domain, http: tools.http(domain, options) }
    }
    return api.http
  }

  const send = (call: ZohoCall, token: AccessToken): Promise<HttpAnswer> =>
    httpAt(token.apiDomain).request({
      method: call.method,
      path: API + call.path,
      ...(call.query === undefined ? {} : { query: call.query }),
      ...(call.json === undefined ? {} : { json: call.json }),
      headers: { ...call.headers, Authorization: `Zoho-oauthtoken ${token.value}` },
      signal: call.signal,
    })

  const writes = (call: ZohoCall) => call.writes ?? call.method !== 'GET'

  /** A page of HTML, a torn answer: what it was meant to say is not known. */
  const unreadable = (call: ZohoCall, answer: HttpAnswer, cause: unknown) =>
    answer.status >= 400
      ? errorOf(refusalIn(null, answer.status), place(call, answer))
      : new RetryableError(
          'ZOHO_UNREADABLE',
          `Zoho answered HTTP ${answer.status} with something that is no JSON object`,
          {
            remote: 'zoho',
            gate: 'outage',
            ambiguous: writes(call),
            cause,
          },
        )

  const place = (call: ZohoCall, answer: HttpAnswer) => ({
    ...(call.resource === undefined ? {} : { resource: call.resource }),
    writes: writes(call),
    retryAfterMs: retryAfterOf(answer.headers['retry-after'], tools.now()),
  })

  const bodyOf = (call: ZohoCall, answer: HttpAnswer): Payload => {
    if (answer.status === 204 || answer.status === 304) return {}
    let body: Json
    try {
      body = answer.json()
    } catch (error) {
      throw unreadable(call, answer, error)
    }
    if (!isObject(body)) throw unreadable(call, answer, undefined)
    return body
  }

  return {
    tokens,
    async call(call) {
      if (call.signal.aborted)
        throw new RetryableError('REMOTE_ABORTED', 'the call to Zoho was given up', { remote: 'zoho' })
      const token = await tokens.current()
      let answer = await send(call, token)
      let body = bodyOf(call, answer)
      if (answer.status === 401 && expired.has(refusalIn(body, 401).code)) {
        answer = await send(call, await tokens.renewed(token.value))
        body = bodyOf(call, answer)
      }
      const { status } = answer
      if (Array.isArray(body['data']) && status < 500 && status !== 429) return { status, body }
      if (status < 300 || status === 304) return { status, body }
      throw errorOf(refusalIn(body, status), place(call, answer))
    },
    close() {
      tokens.close()
      api?.http.close()
    },
  }
}
