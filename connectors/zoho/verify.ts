/**
 * Zoho CRM signs nothing. `zoho-signature` is for senders that can compute an HMAC (a Deluge function, the
 * extension's widget); `zoho-token` for Zoho's own notifications, which can only repeat what they were given.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SignedRequest, Verdict, Verifier } from '../../core/plugin.ts'

const WINDOW_MS = 300_000

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest()
const hmac = (secret: string, text: string | Buffer) => createHmac('sha256', secret).update(text).digest()
const refuse = (reason: string): Verdict => ({ ok: false, reason })
const newSecret = () => randomBytes(32).toString('base64url')

/** The header's one value; a header that came twice counts as none. */
const header = (request: SignedRequest, name: string): string | undefined => {
  const values = request.headers.get(name)
  return values?.length === 1 ? values[0] : undefined
}

/** Looks at every secret, whichever fits, so that the time tells nothing. */
const matching = (secrets: readonly string[], fits: (secret: string) => boolean): number => {
  let found = -1
  for (const [index, secret] of secrets.entries()) if (fits(secret) && found < 0) found = index
  return found
}

/** What is signed: the moment, the nonce, the method, path and query as sent, and the hash of the exact bytes. */
export const signedText = (
  request: Pick<SignedRequest, 'method' | 'path' | 'body'>,
  timestamp: string,
  nonce: string,
): string =>
  [timestamp, nonce, request.method.toUpperCase(), request.path, sha256(request.body).toString('hex')].join(
    '\n',
  )

/** The headers of a signed request; for the sandbox, tests and senders written in JavaScript. */
export const signatureHeaders = (
  request: Pick<SignedRequest, 'method' | 'path' | 'body' | 'now'>,
  secret: string,
  nonce: string = randomBytes(16).toString('hex'),
): Record<string, string> => {
  const timestamp = String(Math.floor(request.now / 1000))
  return {
    'X-Zoho-Timestamp': timestamp,
    'X-Zoho-Nonce': nonce,
    'X-Zoho-Signature': hmac(secret, signedText(request, timestamp, nonce)).toString('hex'),
  }
}

const signed = (request: SignedRequest, secrets: readonly string[], text: string | Buffer): Verdict => {
  const signature = header(request, 'x-zoho-signature')
  // One spelling only: 64 lower-case hexadecimal digits, as Deluge's "hex" gives them.
  if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature))
    return refuse('the signature is missing or malformed')
  const given = Buffer.from(signature, 'hex')
  const secret = matching(secrets, candidate => timingSafeEqual(hmac(candidate, text), given))
  return secret < 0 ? refuse('the signature does not fit') : { ok: true, trusted: true, secret }
}

/**
 * HMAC-SHA256 in `X-Zoho-Signature` over timestamp, nonce, method, path with query and the body's hash; with the
 * option `bodyOnly` over the body alone, for senders that cannot build the rest (repeats are then told only by
 * the notification's id).
 */
export const zohoSignature: Verifier = {
  name: 'zoho-signature',
  summary: 'An HMAC made by a Deluge function or the extension, over the request and its time.',
  verify(request, secrets, options) {
    if (options['bodyOnly'] === true) return signed(request, secrets, request.body)
    const timestamp = header(request, 'x-zoho-timestamp')
    if (timestamp === undefined || !/^[0-9]{10}$/.test(timestamp))
      return refuse('the timestamp is missing or malformed')
    if (Math.abs(request.now - Number(timestamp) * 1000) > WINDOW_MS)
      return refuse('the timestamp is outside the window')
    const nonce = header(request, 'x-zoho-nonce')
    if (nonce === undefined || !/^[A-Za-z0-9._~+/=-]{8,128}$/.test(nonce))
      return refuse('the nonce is missing or malformed')
    const verdict = signed(request, secrets, signedText(request, timestamp, nonce))
    return verdict.ok ? { ...verdict, nonce } : verdict
  },
  switches: ['bodyOnly'],
  newSecret,
}

/** The token to give to a notification channel (Zoho takes at most 50 characters): bound to the secret, not the secret. */
export const channelToken = (secret: string): string =>
  hmac(secret, 'zoho-channel-token').toString('hex').slice(0, 40)

const same = (a: string, b: string) => timingSafeEqual(sha256(a), sha256(b))

const tokenIn = (body: Buffer): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    const token =
      parsed !== null && typeof parsed === 'object' ? (parsed as { token?: unknown }).token : undefined
    return typeof token === 'string' ? token : undefined
  } catch {
    // Not JSON: then it holds no token, and is refused like a wrong one.
    return undefined
  }
}

/** The endpoint's secret in the notify URL and the channel's token in the body. Proves the sender, not the content. */
export const zohoToken: Verifier = {
  name: 'zoho-token',
  summary: "Zoho's own notifications: a secret in the URL and the channel's token in the body.",
  verify(request, secrets) {
    const given = request.query['secret'] ?? ''
    const token = tokenIn(request.body) ?? ''
    const secret = matching(secrets, candidate => {
      const [knowsSecret, knowsToken] = [same(given, candidate), same(token, channelToken(candidate))]
      return knowsSecret && knowsToken
    })
    return secret < 0
      ? refuse('the secret or the channel token does not fit')
      : { ok: true, trusted: false, secret }
  },
  newSecret,
}
