/** One kind of route for all that people and tools ask: a key with a scope, parameters that are checked, a tenant. */
import type { Request, ResponseToolkit, Server, ServerRoute } from '@hapi/hapi'
import Joi from 'joi'
import type { Desk } from '../../operations/desk.ts'
import type { Json } from '../../plugin.ts'
import { rawBody } from '../events.ts'
import type { Scope } from '../ports.ts'
import { notFound, problem } from '../problems.ts'
import type { Door } from '../receive.ts'

type Shape = Readonly<Record<string, Joi.Schema>>
type Values = Readonly<Record<string, string>>

/** What a route's handler is told. */
export interface Call {
  readonly desk: Desk
  readonly params: Values
  readonly query: Values
  readonly body: Values
  /** As the header says. */
  readonly ifMatch: string | undefined
}

/** A route as it is told to hapi and to the OpenAPI document. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly scope: Scope
  readonly summary: string
  /** A tenant's signing secret opens it as well as a key. Default false. */
  readonly signed?: boolean
  readonly params?: Shape
  readonly query?: Shape
  readonly body?: Shape
  /** The status of a good answer. Default 200. */
  readonly status?: number
  /** Undefined: there is no such object, which is the same 404 whoever asks. */
  handle(call: Call): Promise<unknown>
}

/** Ours: 24 hexadecimal digits. */
export const objectId = Joi.string().pattern(/^[0-9a-f]{24}$/, 'id')
export const eventId = Joi.string().pattern(/^[0-9a-f]{24}-\d{1,5}$/, 'event id')
export const name = Joi.string().pattern(/^[\w.-]{1,120}$/, 'name')
/** An id or unique name in any system: no control characters, no slash. */
export const anyId = Joi.string().pattern(/^[^\p{Cc}\p{Cf}/\\]{1,200}$/u, 'id')
export const code = Joi.string().pattern(/^[A-Z][A-Z0-9_]{1,60}$/, 'error code')
export const reason = Joi.string().trim().min(3).max(500)

export const paging: Shape = {
  limit: Joi.number().integer().min(1).max(200).default(50),
  cursor: Joi.string()
    .pattern(/^[\w-]{1,600}$/, 'cursor')
    .optional(),
}

/** Adds `operations` to the server, in the name of the key's tenant. */
export function addOperations(
  server: Server,
  door: Door,
  operations: readonly Operation[],
  deskFor: (tenant: string, by: string, language: string) => Promise<Desk>,
): void {
  for (const operation of operations) server.route(routeOf(operation, door, deskFor))
}

function routeOf(
  { method, path, scope, signed = false, params, query, body, status = 200, handle }: Operation,
  door: Door,
  deskFor: (tenant: string, by: string, language: string) => Promise<Desk>,
): ServerRoute {
  return {
    method,
    path,
    options: {
      ...(method === 'GET' ? {} : rawBody()),
      auth: { strategy: signed ? 'key-or-signature' : 'key', scope },
      validate: {
        ...(params === undefined ? {} : { params: Joi.object(params) }),
        query: Joi.object({ ...query, ...(signed ? { endpoint: name } : {}), lang: Joi.valid('en', 'ar') }),
        options: { abortEarly: false, convert: true },
      },
    },
    handler: async (request, h) => {
      const { by, tenant, basic } = request.auth.credentials.user as unknown as Caller
      const given = method === 'GET' ? {} : await bodyOf(request, door, body, basic)
      const { lang, endpoint: _, ...asked } = request.query as { lang?: string; endpoint?: string }
      const desk = await deskFor(tenant, by, lang ?? '')
      const answer = await handle({
        desk,
        params: request.params as Values,
        query: asked as Values,
        body: given,
        ifMatch: request.raw.req.headers['if-match'],
      })
      if (answer === undefined) throw notFound()
      return respond(h, answer, status)
    },
  }
}

interface Caller {
  /** `key:<id>` or `endpoint:<id>` */
  readonly by: string
  readonly tenant: string
  readonly basic: boolean
}

/** What an answer calls its `etag` becomes the header. */
function respond(h: ResponseToolkit, answer: unknown, status: number) {
  const { etag, ...body } = answer as { etag?: string }
  const response = h.response(body).code(status).header('cache-control', 'no-store')
  return etag === undefined ? response : response.header('etag', etag)
}

/** An empty body is an empty object. Raises 400 and 415. */
async function bodyOf(
  request: Request,
  door: Door,
  shape: Shape | undefined,
  basic: boolean,
): Promise<Values> {
  const type = request.raw.req.headers['content-type'] ?? ''
  const empty = request.raw.req.headers['content-length'] === '0' || shape === undefined
  // The one type that a form of another site cannot send.
  if (basic && !/^application\/json\b/i.test(type))
    throw problem(415, 'UNSUPPORTED_TYPE', 'The body must be of the type application/json.')
  const given: Json = empty ? {} : await door.readJson(request)
  const { value, error } = Joi.object(shape ?? {}).validate(given, { abortEarly: false, convert: false })
  if (error !== undefined) throw refusedBody(error)
  return value as Values
}

const refusedBody = (error: Joi.ValidationError) =>
  problem(400, 'BODY', 'The body is not as it must be.', {
    findings: error.details.map(({ path, type, message }) => ({
      pointer: path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
      code: type,
      message,
    })),
  })
