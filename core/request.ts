import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type RequestOptions,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import axios from 'axios'
import { checkBaseUrl, guardedLookup } from './addresses.ts'
import { DataError } from './errors.ts'
import { parseJson } from './json.ts'
import type { HttpAnswer, HttpClient, HttpRequest, Log } from './plugin.ts'
import { notJson, requestError } from './request-errors.ts'

const MEBIBYTE = 1024 * 1024
const MAX_ANSWER_BYTES = 5 * MEBIBYTE
const MAX_BODY_BYTES = 5 * MEBIBYTE
const DEADLINE_MS = 20_000
/** Servers close idle connections after 5 s and more; a request on one just being closed would be ambiguous. */
const IDLE_MS = 4_000
const CONTROL = /[^\t\x20-\x7e]/

export interface HttpClientOptions {
  /** The connector, for errors and logs. */
  readonly remote: string
  /** Plain http, private and loopback addresses are allowed. Default false. */
  readonly allowPrivate?: boolean
  /** Connections at a time; further requests wait within their deadline. Default 10. */
  readonly maxSockets?: number
  /** Ends every request that is under way, and the connections with it. */
  readonly until?: AbortSignal
  readonly log?: Log
}

/**
 * The client of one origin, as `HttpClient` in plugin.ts describes it. Raises SetupError `REMOTE_ADDRESS` at once
 * for a base URL that is not allowed, DataError `REQUEST_PATH` for a path that leaves the base URL,
 * `REQUEST_TOO_LARGE` for a body over 5 MiB, and RetryableError `REMOTE_ABORTED` (no gate) when the caller's
 * signal ends the request.
 */
export function createHttpClient(baseUrl: string, options: HttpClientOptions): HttpClient {
  const { remote, allowPrivate = false, maxSockets = 10, until, log } = options
  const base = checkBaseUrl(baseUrl, { remote, allowPrivate })
  const prefix = base.pathname.replace(/\/+$/, '')
  const agentOptions = {
    keepAlive: true,
    maxSockets,
    maxFreeSockets: maxSockets,
    timeout: IDLE_MS,
    lookup: guardedLookup(allowPrivate),
  }
  const secure = base.protocol === 'https:'
  const agent = secure
    ? new HttpsAgent({ ...agentOptions, rejectUnauthorized: true })
    : new HttpAgent(agentOptions)
  const client = axios.create({
    adapter: 'http',
    ...(secure ? { httpsAgent: agent } : { httpAgent: agent }),
    proxy: false,
    maxRedirects: 0,
    allowAbsoluteUrls: false,
    responseType: 'arraybuffer',
    maxContentLength: MAX_ANSWER_BYTES,
    maxBodyLength: MAX_BODY_BYTES,
    decompress: true,
    validateStatus: () => true,
    transformRequest: data => data,
    transformResponse: data => data,
    headers: { 'User-Agent': 'wasl', 'Accept-Encoding': 'gzip, deflate, br' },
  })

  let active = 0
  let closed = false
  const end = () => agent.destroy()
  until?.addEventListener('abort', end, { once: true })

  /** What is under way ends as it would have: cut off, nobody would know whether it took effect. */
  function endWhenIdle(): void {
    if (!closed || (active > 0 && until?.aborted !== true)) return
    until?.removeEventListener('abort', end)
    end()
  }

  return {
    origin: base.origin,

    async request(request) {
      const url = urlOf(base, prefix, request, remote)
      const { data, headers } = bodyOf(request, remote)
      const began = performance.now()
      const deadline = startDeadline(request.timeoutMs ?? DEADLINE_MS, request.signal)
      const sending = trackSending(secure)
      active += 1
      try {
        const response = await client.request<Buffer>({
          method: request.method,
          url: url.href,
          headers,
          data,
          signal: deadline.signal,
          transport: sending.transport,
        })
        const answer = answerOf(response.status, flatten(response.headers), response.data, remote)
        log?.debug('remote.answered', factsOf(request, remote, began, answer.status))
        return answer
      } catch (error) {
        const own = requestError(error, {
          remote,
          origin: base.origin,
          ended: deadline.ended(),
          sent: sending.sent(),
        })
        log?.debug('remote.failed', { ...factsOf(request, remote, began), code: own.code })
        throw own
      } finally {
        deadline.clear()
        active -= 1
        endWhenIdle()
      }
    },

    close() {
      closed = true
      endWhenIdle()
    },
  }
}

const factsOf = (request: HttpRequest, remote: string, began: number, status?: number) => ({
  remote,
  method: request.method,
  path: request.path.split('?')[0],
  ms: Math.round(performance.now() - began),
  ...(status === undefined ? {} : { status }),
})

function urlOf(base: URL, prefix: string, request: HttpRequest, remote: string): URL {
  const refused = () =>
    new DataError('REQUEST_PATH', `the path of a request to ${remote} is not below its address`, {
      at: 'path',
      remote,
    })
  if (!request.path.startsWith('/') || !URL.canParse(base.origin + prefix + request.path)) throw refused()
  const url = new URL(base.origin + prefix + request.path)
  if (url.origin !== base.origin || url.username !== '' || !url.pathname.startsWith(`${prefix}/`))
    throw refused()
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.append(name, value)
  url.hash = ''
  return url
}

function bodyOf(request: HttpRequest, remote: string) {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (CONTROL.test(value) || CONTROL.test(name))
      throw new DataError(
        'HEADER_VALUE',
        `the header ${JSON.stringify(name)} holds a character that is not allowed`,
        {
          at: name,
          remote,
          hint: 'headers hold printable ASCII only',
        },
      )
    headers[name] = value
  }
  let data: Buffer | undefined
  if (request.form !== undefined) {
    data = Buffer.from(new URLSearchParams(request.form as [string, string][]).toString())
    headers['Content-Type'] ??= 'application/x-www-form-urlencoded'
  } else if (request.json !== undefined) {
    data = Buffer.from(JSON.stringify(request.json))
    headers['Content-Type'] ??= 'application/json'
  }
  if (data !== undefined && data.length > MAX_BODY_BYTES)
    throw new DataError('REQUEST_TOO_LARGE', `${data.length} bytes are more than ${remote} is sent at once`, {
      remote,
      hint: `at most ${MAX_BODY_BYTES} bytes`,
    })
  return { data, headers }
}

function flatten(headers: object): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value)
  return flat
}

function answerOf(
  status: number,
  headers: Record<string, string>,
  bytes: Buffer,
  remote: string,
): HttpAnswer {
  return {
    status,
    headers,
    get text() {
      return bytes.toString('utf8')
    },
    json() {
      try {
        return parseJson(bytes)
      } catch (error) {
        throw notJson(error, { remote, status, type: headers['content-type'] })
      }
    },
  }
}

/** One timer for the whole request (axios's own does not cut a dripping body), and the caller's wish to end it. */
function startDeadline(ms: number, caller: AbortSignal | undefined) {
  const controller = new AbortController()
  let ended: 'deadline' | 'caller' | undefined
  const end = (by: 'deadline' | 'caller') => {
    ended ??= by
    controller.abort()
  }
  const byCaller = () => end('caller')
  const timer = setTimeout(end, ms, 'deadline')
  if (caller?.aborted === true) byCaller()
  else caller?.addEventListener('abort', byCaller, { once: true })
  return {
    signal: controller.signal,
    ended: () => ended,
    clear() {
      clearTimeout(timer)
      caller?.removeEventListener('abort', byCaller)
    },
  }
}

/** Tells whether a byte of the request may have left: only then may it have taken effect at the remote. */
function trackSending(secure: boolean) {
  let sent = false
  return {
    sent: () => sent,
    transport: {
      request(options: RequestOptions, onResponse: (response: never) => void): ClientRequest {
        const request = (secure ? httpsRequest : httpRequest)(options, onResponse as never)
        request.once('socket', socket => {
          const connected = () => {
            sent = true
          }
          if (request.reusedSocket || !socket.connecting) connected()
          else socket.once(secure ? 'secureConnect' : 'connect', connected)
        })
        return request
      },
    },
  }
}
