/** Standard Webhooks 1.0.0, https://github.com/standard-webhooks/standard-webhooks (symmetric signatures, `v1`). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SignedRequest, Verdict, Verifier } from '../../plugin.ts'

const WINDOW_MS = 300_000
/** A header may hold several signatures, one per live secret of the sender; more than this are not looked at. */
const MAX_SIGNATURES = 8
const MIN_SECRET_BYTES = 16
/** Printable, without the dot that separates the signed parts: so no two messages have one signed text. */
const ID = /^[!-\-/-~]{1,256}$/
const TIMESTAMP = /^[0-9]{10}$/
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/

/** HMAC-SHA256 over `id.timestamp.body`, under a secret `whsec_<base64>`; within 5 minutes. */
export const standardWebhooks: Verifier = Object.freeze({
  name: 'standard-webhooks',
  summary: 'The open specification Standard Webhooks: HMAC-SHA256 over id, time and body.',

  verify(request: SignedRequest, secrets: readonly string[]): Verdict {
    const id = only(request, 'webhook-id')
    const timestamp = only(request, 'webhook-timestamp')
    const given = signaturesIn(only(request, 'webhook-signature'))
    if (id === undefined || !ID.test(id)) return refuse('webhook-id is missing or malformed')
    if (timestamp === undefined || !TIMESTAMP.test(timestamp))
      return refuse('webhook-timestamp is missing or malformed')
    if (Math.abs(request.now - Number(timestamp) * 1000) > WINDOW_MS)
      return refuse('webhook-timestamp is more than 5 minutes away')
    if (given.length === 0) return refuse('webhook-signature holds no signature of version v1')

    let secret = -1
    for (const [index, text] of secrets.entries()) {
      const key = keyOf(text)
      if (key === undefined) continue
      const expected = sign(key, id, timestamp, request.body)
      for (const signature of given) if (timingSafeEqual(signature, expected) && secret < 0) secret = index
    }
    if (secret < 0) return refuse('no signature fits')
    return { ok: true, trusted: true, secret, senderId: id }
  },

  newSecret: () => `whsec_${randomBytes(32).toString('base64')}`,
})

/** The headers of a signed message; `now` in milliseconds since 1970. Raises RangeError for a malformed secret. */
export function standardWebhooksHeaders(
  secret: string,
  message: { readonly id: string; readonly now: number; readonly body: Buffer },
): Record<string, string> {
  const key = keyOf(secret)
  if (key === undefined) throw new RangeError('the secret is not whsec_ and base64 of at least 16 bytes')
  const timestamp = String(Math.floor(message.now / 1000))
  return {
    'webhook-id': message.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${sign(key, message.id, timestamp, message.body).toString('base64')}`,
  }
}

const refuse = (reason: string): Verdict => ({ ok: false, reason })

const sign = (key: Buffer, id: string, timestamp: string, body: Buffer): Buffer =>
  createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()

/** The one value of a header; one that came twice counts as none. */
function only(request: SignedRequest, name: string): string | undefined {
  const values = request.headers.get(name)
  return values?.length === 1 ? values[0] : undefined
}

/** 32 bytes each, in their one canonical spelling. */
function signaturesIn(header: string | undefined): Buffer[] {
  const found: Buffer[] = []
  for (const part of header?.split(' ', MAX_SIGNATURES) ?? []) {
    const text = SIGNATURE.exec(part)?.[1]
    if (text === undefined) continue
    const bytes = Buffer.from(text, 'base64')
    if (bytes.length === 32 && bytes.toString('base64') === text) found.push(bytes)
  }
  return found
}

function keyOf(secret: string): Buffer | undefined {
  const text = SECRET.exec(secret)?.[1]
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= MIN_SECRET_BYTES ? bytes : undefined
}
