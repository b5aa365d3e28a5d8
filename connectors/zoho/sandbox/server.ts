/** The HTTP side: tokens, faults, limits, and which call goes where. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Json } from '../../../core/plugin.ts'
import type { Announcement, Announcer } from './announce.ts'
import {
  type Answer,
  invalidToken,
  invalidUrl,
  noPermission,
  Refused,
  refuse,
  scopeMismatch,
} from './answers.ts'
import { control } from './control.ts'
import type { Strike } from './faults.ts'
import type { LoggedCall } from './log.ts'
import type { OAuth } from './oauth.ts'
import { type ApiCall, coql, records } from './records.ts'
import { settings } from './settings.ts'
import { watch } from './watch.ts'
import type { World } from './world.ts'

const MAX_BODY = 25 * 1024 * 1024
const LOGGED = 2_000
const hidden = new Set(['client_secret', 'refresh_token', 'secret'])

const read = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MAX_BODY) throw new Refused(refuse(413, 'INVALID_DATA', 'the body is too large'))
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Whatever its Content-Type says, or whether there is one: the official SDK sends none. */
const jsonOf = (bytes: Buffer): Json | undefined => {
  try {
    return JSON.parse(bytes.toString('utf8')) as Json
  } catch {
    // No JSON: each call says itself what it misses.
    return undefined
  }
}

/** `name="client_id"\r\n\r\nvalue` of multipart, as the official SDK sends its token request. */
const formOf = (bytes: Buffer, type: string): Map<string, string> => {
  const text = bytes.toString('utf8')
  if (!type.startsWith('multipart/form-data')) return new Map(new URLSearchParams(text))
  const parts = text.matchAll(/name="([^"]+)"\r\n(?:[^\r\n]+\r\n)*\r\n([\s\S]*?)\r\n--/g)
  return new Map([...parts].map(([, name, value]) => [name!, value!]))
}

const shownPath = (url: URL): string => {
  const query = [...url.searchParams]
    .map(([name, value]) => `${name}=${hidden.has(name) ? '***' : value}`)
    .join('&')
  return decodeURIComponent(url.pathname) + (query === '' ? '' : `?${query}`)
}

/** What a person reads at a terminal: filled fields only. */
const withoutEmpty = (body: Json): Json =>
  body === null || typeof body !== 'object' || Array.isArray(body)
    ? body
    : Object.fromEntries(
        Object.entries(body).filter(([name, value]) => value !== null && !name.startsWith('$')),
      )

/** What the sandbox sent because of a change, and what it was answered. */
const shownWebhook = (sent: Announcement | undefined): Json => {
  if (sent === undefined) return null
  try {
    return { status: sent.status, answer: JSON.parse(sent.answer) as Json }
  } catch {
    // No JSON: shown as it came.
    return { status: sent.status, answer: sent.answer }
  }
}

export const createZohoServer = (parts: {
  readonly world: World
  readonly oauth: OAuth
  readonly announcer: Announcer
  readonly base: () => string
  /** Calls of the API at once; one more is a 429. */
  readonly concurrency: number
}): { readonly server: Server; readonly log: LoggedCall[] } => {
  const { world, oauth, announcer, base } = parts
  const log: LoggedCall[] = []
  let inFlight = 0

  const route = (call: ApiCall): Answer => {
    const [first, second] = call.segments
    const { permission, scope } = world.faults.current
    if (first !== undefined && scope?.includes(first) === true) return scopeMismatch()
    if (first !== undefined && permission?.includes(first) === true)
      return noPermission(`Crm_Implied_View_${first}`)
    if (first === 'coql') return coql(world, call)
    if (first === 'actions' && second === 'watch') return watch(world, announcer, base(), call)
    if (first === 'settings' || first === 'users' || first === 'org')
      return settings(world, call) ?? invalidUrl()
    return first === undefined || first === '' || call.segments.length > 2
      ? invalidUrl()
      : records(world, call)
  }

  const tokenOf = (request: IncomingMessage) =>
    /^Zoho-oauthtoken (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''

  const api = async (
    request: IncomingMessage,
    url: URL,
    bytes: Buffer,
  ): Promise<{ answer: Answer; strike?: Strike | undefined }> => {
    const strike = world.faults.strike(request.method ?? 'GET', url.pathname)
    const token = tokenOf(request)
    if (strike === 'maintenance')
      return { answer: { status: 503, body: '<html><body>Zoho CRM is under maintenance</body></html>' } }
    if (strike === 'status500') return { answer: refuse(500, 'INTERNAL_ERROR', 'Internal Server Error') }
    if (strike === 'status429' || inFlight > parts.concurrency) {
      const { retryAfter } = world.faults.current
      const answer = refuse(
        429,
        'TOO_MANY_REQUESTS',
        'Many requests fired in concurrent than the allowed limit.',
      )
      return {
        answer: retryAfter === undefined ? answer : { ...answer, headers: { 'Retry-After': retryAfter } },
      }
    }
    if (strike === 'invalidToken') oauth.revoke(token)
    if (!oauth.accepts(token) || world.faults.current.revoked === true) return { answer: invalidToken() }
    const answer = route({
      method: request.method ?? 'GET',
      segments: url.pathname
        .replace(/^\/crm\/v\d+(\.\d+)?\/?/, '')
        .split('/')
        .map(decodeURIComponent),
      query: new Map(url.searchParams),
      headers: request.headers,
      body: jsonOf(bytes),
    })
    return { answer, strike }
  }

  const send = (response: ServerResponse, answer: Answer, strike?: Strike) => {
    const html = typeof answer.body === 'string'
    const text = answer.body === undefined ? '' : html ? String(answer.body) : JSON.stringify(answer.body)
    const body = Buffer.from(text)
    if (strike === 'drop') return response.socket?.destroy()
    response.writeHead(answer.status, {
      ...(answer.body === undefined
        ? {}
        : {
            'Content-Type': html ? 'text/html;charset=UTF-8' : 'application/json;charset=UTF-8',
            'Content-Length': body.length,
          }),
      ...answer.headers,
    })
    if (strike === 'halfResponse')
      return response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy())
    return response.end(body)
  }

  /** For a person at a terminal. */
  const show = (response: ServerResponse, { status, body }: Answer) => {
    response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8' })
    response.end(`${JSON.stringify(body, null, 2)}\n`)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://sandbox')
    const bytes = await read(request)
    const entry = { at: world.now(), method: request.method ?? 'GET', path: shownPath(url) }
    const noted = (body: Json | undefined, status: number) => {
      log.push({ ...entry, body, status })
      if (log.length > LOGGED) log.shift()
    }
    if (url.pathname === '/oauth/v2/token') {
      const parameters = new Map([
        ...url.searchParams,
        ...formOf(bytes, request.headers['content-type'] ?? ''),
      ])
      const answer = oauth.token(parameters, base(), world.faults.current)
      noted(
        Object.fromEntries([...parameters].map(([name, value]) => [name, hidden.has(name) ? '***' : value])),
        answer.status,
      )
      return send(response, answer)
    }
    if (url.pathname.startsWith('/sandbox')) {
      // A page in somebody's browser is no person of the college.
      if (request.headers.origin !== undefined)
        return send(response, refuse(403, 'NO_PERMISSION', 'not from a browser'))
      if (url.pathname === '/sandbox/repeat' && request.method === 'POST')
        return show(response, { status: 200, body: { webhook: shownWebhook(await announcer.repeat()) } })
      const before = announcer.sent.at(-1)
      const answer = control(world, log, request.method ?? 'GET', url, jsonOf(bytes))
      if (!url.searchParams.has('webhook')) return show(response, answer)
      await announcer.idle()
      const last = announcer.sent.at(-1)
      const webhook = shownWebhook(last === before ? undefined : last)
      return show(response, { ...answer, body: { record: withoutEmpty(answer.body ?? null), webhook } })
    }
    if (!url.pathname.startsWith('/crm/v')) {
      noted(undefined, 404)
      return send(response, invalidUrl())
    }
    inFlight++
    try {
      const { answer, strike } = await api(request, url, bytes).catch(error => {
        if (error instanceof Refused) return { answer: error.answer, strike: undefined }
        throw error
      })
      const wait = world.faults.current.latencyMs ?? 0
      if (wait > 0) await delay(wait, undefined, { ref: false })
      noted(jsonOf(bytes), strike === 'drop' || strike === 'halfResponse' ? 0 : answer.status)
      return send(response, answer, strike)
    } finally {
      inFlight--
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return response.destroy()
      const known = error instanceof Refused
      return send(response, known ? error.answer : refuse(500, 'INTERNAL_ERROR', 'Internal Server Error'))
    })
  })
  return { server, log }
}
