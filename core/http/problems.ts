import { Boom, badRequest, type Output } from '@hapi/boom'
import { DataError, RetryableError, StoreError, WaslError } from '../errors.ts'

/** One thing that is wrong in a request. `pointer`: RFC 6901, into the body. */
export interface RequestFinding {
  readonly pointer: string
  readonly code: string
  readonly message: string
}

const RETRY_AFTER_S = 5

/** hapi's error answer, with a stable code beside the sentence. */
export function problem(
  status: number,
  code: string,
  message: string,
  options: {
    findings?: readonly RequestFinding[]
    hint?: string
    headers?: Readonly<Record<string, string>>
  } = {},
): Boom {
  const boom = new Boom(message, { statusCode: status })
  const { findings, hint, headers } = options
  // boom hides the sentence of a 5xx, since it may be a library's; this one is ours.
  Object.assign(boom.output.payload, {
    message,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(findings === undefined ? {} : { findings }),
  })
  Object.assign(boom.output.headers, headers)
  return boom
}

/** The same for every failure, so that nothing can be learnt from it. */
export const unauthorized = (): Boom =>
  problem(401, 'UNAUTHORIZED', 'The request could not be authenticated.', {
    headers: { 'www-authenticate': 'Basic realm="wasl", charset="UTF-8"' },
  })

/** As constant as the 401; `wait`: seconds. */
export const tooManyAttempts = (wait: number): Boom =>
  problem(429, 'TOO_MANY_ATTEMPTS', 'Too many requests could not be authenticated. Please wait.', {
    headers: { 'retry-after': String(wait) },
  })

export const forbidden = (scope: string): Boom =>
  problem(403, 'SCOPE_MISSING', `This needs a key with the scope "${scope}".`)

export const notFound = (message = 'There is nothing here.', hint?: string): Boom =>
  problem(404, 'NOT_FOUND', message, hint === undefined ? {} : { hint })

export const tooLarge = (limit: number): Boom =>
  problem(413, 'BODY_TOO_LARGE', `The body is larger than ${limit} bytes.`)

export const unavailable = (code: string, message: string): Boom =>
  problem(503, code, message, { headers: { 'retry-after': String(RETRY_AFTER_S) } })

/** Our errors as answers: a store that does not take it is 503, wrong data 400 with its place. */
export function problemOf(error: WaslError): Boom {
  if (error instanceof StoreError || error instanceof RetryableError)
    return unavailable(error.code, 'This cannot be done now. Please try again.')
  const options = error.hint === undefined ? {} : { hint: error.hint }
  if (!(error instanceof DataError)) return problem(500, error.code, error.message, options)
  const pointer = error.at ?? ''
  return problem(400, error.code, error.message, {
    ...options,
    findings: [{ pointer, code: error.code, message: error.message }],
  })
}

const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'SCOPE_MISSING',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_TYPE',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

interface JoiDetails {
  readonly details?: readonly {
    readonly path: readonly (string | number)[]
    readonly type: string
    readonly message: string
  }[]
}

/**
 * What is answered for an error, and whether it is one of ours that nobody expected: that is logged with the
 * answer's correlation id, which is all that the caller learns of it.
 */
export function answerFor(error: unknown, correlation: string): { output: Output; unexpected: boolean } {
  const boom = toBoom(error)
  const payload = boom.output.payload as Output['payload'] & { code?: string; requestId?: string }
  payload.code ??= CODES[payload.statusCode] ?? 'ERROR'
  // Not in the body of a 4xx: one 401, or one 404, is to look like any other.
  if (payload.statusCode >= 500) payload.requestId = correlation
  return { output: boom.output, unexpected: payload.code === 'INTERNAL' }
}

function toBoom(error: unknown): Boom {
  if (error instanceof WaslError) return problemOf(error)
  if (!(error instanceof Boom)) return new Boom('', { statusCode: 500 })
  if (error.output.statusCode === 401 && (error.output.payload as { code?: string }).code === undefined)
    return unauthorized()
  const { details } = error as JoiDetails
  if (error.output.statusCode !== 400 || details === undefined) return error
  const boom = badRequest('The request is not as it must be.')
  Object.assign(boom.output.payload, {
    findings: details.map(({ path, type, message }) => ({
      pointer: path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
      code: type,
      message,
    })),
  })
  return boom
}
