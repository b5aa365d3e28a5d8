import { ADDRESS_REFUSED } from './addresses.ts'
import { DataError, RetryableError, SetupError, WaslError } from './errors.ts'

/** What was known of the request when it failed. */
export interface RequestFacts {
  readonly remote: string
  readonly origin: string
  /** Who ended it, where it was ended. */
  readonly ended: 'deadline' | 'caller' | undefined
  /** A byte of it may have left. */
  readonly sent: boolean
}

const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERR_TLS_CERT)/

/**
 * Our error for what axios raised. Its text is ours: axios's errors hold the request's headers, tokens among
 * them, so only the plain error below one is kept as the cause.
 */
export function requestError(error: unknown, facts: RequestFacts): WaslError {
  if (error instanceof WaslError) return error
  const { remote, origin, sent } = facts
  const code = codeOf(error)
  const place = { remote, cause: plainCause(error) }
  const effect = sent ? ' (it may have taken effect)' : ''

  if (facts.ended === 'caller')
    return new RetryableError('REMOTE_ABORTED', `the request to ${remote} was given up${effect}`, {
      ...place,
      ambiguous: sent,
    })
  if (facts.ended === 'deadline')
    return new RetryableError('REMOTE_TIMEOUT', `${remote} did not answer in time${effect}`, {
      ...place,
      gate: 'outage',
      ambiguous: sent,
    })
  if (code === ADDRESS_REFUSED)
    return new SetupError('REMOTE_ADDRESS', `the name of ${remote} leads to an address that is not allowed`, {
      ...place,
      at: 'baseUrl',
      hint: 'use the public name, or allow private addresses with "allowPrivate": true',
    })
  if (CERTIFICATE.test(code))
    return new SetupError('REMOTE_CERTIFICATE', `the certificate of ${origin} cannot be trusted: ${code}`, {
      ...place,
      at: 'baseUrl',
      hint: 'renew it at the remote, or name the certificate authority in NODE_EXTRA_CA_CERTS',
    })
  if (error instanceof Error && error.message.startsWith('maxContentLength'))
    return new RetryableError('REMOTE_TOO_LARGE', `${remote} answered more than 5 MiB${effect}`, {
      ...place,
      ambiguous: sent,
    })
  return new RetryableError('REMOTE_UNREACHABLE', `${remote} cannot be reached: ${code}${effect}`, {
    ...place,
    gate: 'outage',
    ambiguous: sent,
  })
}

/** The answer's status is known, its body is no JSON; the body itself is not repeated, it may hold anything. */
export function notJson(
  error: unknown,
  answer: { remote: string; status: number; type: string | undefined },
): RetryableError {
  if (!(error instanceof DataError)) throw error
  const type = answer.type === undefined ? 'without a type' : `of type ${answer.type.slice(0, 60)}`
  return new RetryableError(
    'REMOTE_NOT_JSON',
    `${answer.remote} answered ${answer.status} ${type}, which is no JSON: ${error.message}`,
    { remote: answer.remote, cause: error },
  )
}

function codeOf(error: unknown): string {
  for (let next = error; next instanceof Error; next = next.cause) {
    const inner = next instanceof AggregateError ? next.errors[0] : undefined
    const code = (next as { code?: unknown }).code ?? (inner as { code?: unknown } | undefined)?.code
    if (typeof code === 'string' && !code.startsWith('ERR_BAD') && code !== 'ERR_NETWORK') return code
  }
  return error instanceof Error && error.message.includes('aborted') ? 'ECONNRESET' : 'unknown error'
}

/** An error with the message and code alone. */
function plainCause(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error)
  return Object.assign(new Error(message), { code: codeOf(error) })
}
