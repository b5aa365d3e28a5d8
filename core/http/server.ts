import { createServer as createListener, Server as Listener } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Lifecycle, Request, Server } from '@hapi/hapi'
import Hapi from '@hapi/hapi'
import { createAttempts } from './attempts.ts'
import { addKeyStrategies } from './authentication.ts'
import { addBatchRoutes } from './batch.ts'
import { addEventRoutes, rawBody } from './events.ts'
import { addHealthRoutes } from './health.ts'
import { type HttpOptions, LIMITS, type Surroundings } from './ports.ts'
import { answerFor, notFound, problem } from './problems.ts'
import { createDoor, type Door } from './receive.ts'
import { requestIdOf } from './request-id.ts'
import { addStatusRoute } from './status.ts'

const BACKLOG = 4096
/** How often Node looks for requests that take too long. */
const CHECK_MS = 500
/** hapi's fingerprint of a path of any length. */
const CATCH_ALL = '/#*'

/** For answers of the API; a page that needs more sets its own. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
]

/**
 * The HTTP side: intake, status and health, on hapi. It listens after `start()`; other routes may be added until
 * then, with `options: { auth: { strategy: 'key', scope } }` for people's keys (`request.auth.credentials.user`
 * holds `by` and `tenant`) and `validate.params` for every parameter. `routes` adds those that need the
 * door: records, retries, the extension API, the console. Errors are boom's shape with `code`; a method that a path
 * has not is 405.
 */
export async function createServer(
  options: HttpOptions,
  routes?: (server: Server, door: Door) => void,
): Promise<Server> {
  const surroundings: Surroundings = {
    ...options,
    limits: { ...LIMITS, ...options.limits },
    attempts: createAttempts(options.now),
  }
  const { limits } = surroundings
  const listener = createListener({
    requestTimeout: Math.max(limits.batchMs, limits.headersMs) + CHECK_MS,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: CHECK_MS,
  })
  const server = Hapi.server({
    host: options.host,
    port: options.port,
    listener: withBacklog(listener),
    debug: false,
    compression: { minBytes: 4096 },
    routes: {
      // For routes that let hapi read the body; ours read it themselves.
      payload: { maxBytes: limits.webhookBytes, timeout: limits.webhookMs, allow: 'application/json' },
      timeout: { server: limits.webhookMs + limits.waitMs },
      state: { parse: false, failAction: 'ignore' },
      validate: {
        failAction: (_request, _h, error) => {
          throw error
        },
      },
    },
  })
  listener.on('clientError', cutOff)

  const door = createDoor(surroundings)
  addKeyStrategies(server, surroundings, door.readBytes)
  addHealthRoutes(server, surroundings)
  addEventRoutes(server, surroundings, door)
  addStatusRoute(server, surroundings, door)
  addBatchRoutes(server, surroundings, door)

  const own = new Set(server.table().map(route => route.path))
  server.ext('onPreResponse', answerWith(surroundings))
  server.ext('onPreStart', () => {
    requireParamRules(server, own)
    addMethodRefusals(server)
  })
  routes?.(server, door)
  return server
}

/**
 * hapi, which is told first, ends its own side of what sent no request in time or none at all. Whoever leaves theirs
 * open would keep the connection for as long as they like.
 */
function cutOff(_error: Error, socket: Duplex): void {
  if (socket.writableEnded && socket instanceof Socket) socket.destroySoon()
}

/** hapi cannot be told how many connections may wait to be taken; bursts need more than Node's 511. */
function withBacklog(listener: Listener): Listener {
  const listen = (port: number, host: string, done: () => void) =>
    Listener.prototype.listen.call(listener, { port, host, backlog: BACKLOG }, done)
  return Object.assign(listener, { listen: listen as Listener['listen'] })
}

/**
 * A parameter arrives decoded: `..%2fx` as `../x`, `%00` as a NUL. So each must say what it may be. Ours look their
 * parameters up in what there is.
 */
function requireParamRules(server: Server, own: ReadonlySet<string>): void {
  for (const { path, method, settings } of server.table())
    if (path.includes('{') && !own.has(path) && !settings.validate?.params)
      throw new Error(`the route ${method.toUpperCase()} ${path} must say in validate.params what it takes`)
}

const answerWith =
  ({ log }: Surroundings): Lifecycle.Method =>
  (request, h) => {
    const { response } = request
    const correlation = requestIdOf(request)
    if (!('isBoom' in response)) {
      for (const [name, value] of SECURITY_HEADERS) response.headers[name] ??= value
      response.headers['x-request-id'] = correlation
      return h.continue
    }
    const { output, unexpected } = answerFor(response, correlation)
    if (unexpected) log.error('http.failed', { ...whereOf(request), error: response })
    else if (output.statusCode >= 500) log.warn('http.unavailable', { ...whereOf(request), error: response })
    const answer = h.response(output.payload).code(output.statusCode)
    for (const [name, value] of SECURITY_HEADERS) answer.header(name, value)
    for (const [name, value] of Object.entries(output.headers)) answer.header(name, String(value))
    return answer.header('x-request-id', correlation)
  }

/** Without the query, which may hold a secret. */
const whereOf = (request: Request) => ({
  method: request.method,
  path: request.path,
  request: requestIdOf(request),
})

/** Every path answers the methods that it has not with 405 and those that it has. */
function addMethodRefusals(server: Server): void {
  const paths = new Map<string, { path: string; methods: Set<string> }>()
  for (const { fingerprint, path, method } of server.table()) {
    const known = paths.get(fingerprint) ?? { path, methods: new Set<string>() }
    known.methods.add(method.toUpperCase())
    paths.set(fingerprint, known)
  }
  for (const { path, methods } of paths.values()) {
    if (methods.has('*')) continue
    if (methods.has('GET')) methods.add('HEAD')
    const allow = [...methods].sort().join(', ')
    server.route({
      method: '*',
      path,
      options: rawBody(),
      handler: () => {
        throw problem(405, 'METHOD_NOT_ALLOWED', `This path answers to ${allow}.`, { headers: { allow } })
      },
    })
  }
  // hapi's own 404 waits for the whole body first.
  if (!paths.has(CATCH_ALL))
    server.route({
      method: '*',
      path: '/{any*}',
      options: rawBody(),
      handler: () => {
        throw notFound()
      },
    })
}
