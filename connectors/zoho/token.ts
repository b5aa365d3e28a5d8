/**
 * The access token: one for all engines of a tenant, kept in the vault. Zoho gives at most ten in ten minutes to
 * one refresh token and then refuses for as long, so whoever renews it claims that first, by compare-and-set.
 */
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { RetryableError, SetupError, type WaslError } from '../../core/errors.ts'
import type { HttpClient, Json, Tools } from '../../core/plugin.ts'
import { retryAfterOf } from './errors.ts'
import type { ZohoSettings } from './settings.ts'

const NAME = 'zoho-access-token'
const remote = 'zoho'
const MINUTE = 60_000
const WINDOW_MS = 10 * MINUTE
const RENEWALS_PER_WINDOW = 10
/** A token with less time than this left is renewed before it is used. */
const MARGIN_MS = 2 * MINUTE
/** How long one engine may take to renew it before another one tries. */
const CLAIM_MS = 15_000

export interface AccessToken {
  readonly value: string
  /** Where the API of this college's data centre is, as the token answer said. */
  readonly apiDomain: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly scope: string
}

interface Kept {
  /** Of which credentials; others have nothing to do with it. */
  readonly of: string
  readonly token?: AccessToken
  /** When tokens were asked for in the last ten minutes. */
  readonly renewals: readonly number[]
  readonly claimedBy?: string
  readonly claimedUntil?: number
  /** Zoho refuses further renewals until then. */
  readonly refusedUntil?: number
}

export interface Tokens {
  /** A token that is good for now. */
  current(): Promise<AccessToken>
  /** Another one than `refused`, which Zoho did not take. */
  renewed(refused: string): Promise<AccessToken>
  close(): void
}

const throttled = (retryAfterMs: number) =>
  new RetryableError('ZOHO_TOKEN_LIMIT', 'Zoho gives no further access token for the time being', {
    remote,
    gate: 'busy',
    retryAfterMs,
    hint: 'ten in ten minutes is its limit: do not use the refresh token elsewhere',
  })

const refusals: Readonly<Record<string, { at: string; says: string; hint: string }>> = {
  invalid_code: {
    at: 'refreshToken',
    says: 'Zoho does not accept the refresh token',
    hint: 'it was revoked or belongs to another client or data centre: make a new one',
  },
  invalid_client: {
    at: 'clientId',
    says: 'Zoho does not know the client',
    hint: 'check the client id and that accountsUrl is that of its data centre',
  },
  invalid_client_secret: {
    at: 'clientSecret',
    says: 'Zoho does not accept the client secret',
    hint: 'copy it again from api-console.zoho.com',
  },
}

/** What the token endpoint answered: a token, or our error. Success is told by the token, never by the status. */
export const readTokenAnswer = (
  status: number,
  body: Json,
  now: number,
  retryAfterMs?: number,
): AccessToken | WaslError => {
  const answer = body !== null && typeof body === 'object' && !Array.isArray(body) ? body : {}
  const { access_token: value, api_domain: domain, expires_in: life, error, scope } = answer
  if (typeof value === 'string' && value !== '') {
    if (typeof domain !== 'string' || !/^https?:\/\//.test(domain))
      return new SetupError('ZOHO_API_DOMAIN', 'the token answer names no api_domain', {
        at: 'accountsUrl',
        remote,
        hint: 'check that accountsUrl is an accounts server of Zoho',
      })
    // Some data centres have answered milliseconds, or left it out.
    const told = Number(life)
    const seconds = Number.isFinite(told) && told > 0 ? (told > 86_400 ? told / 1000 : told) : 3600
    return {
      value,
      apiDomain: domain,
      expiresAt: now + seconds * 1000,
      scope: typeof scope === 'string' ? scope : '',
    }
  }
  if (error === 'Access Denied' || status === 429) return throttled(Math.max(retryAfterMs ?? 0, WINDOW_MS))
  if (typeof error === 'string') {
    const known = refusals[error]
    return new SetupError(
      'ZOHO_REFRESH',
      `${known?.says ?? 'Zoho refuses to renew the access token'} (${safeWord(error)})`,
      {
        at: known?.at ?? 'refreshToken',
        remote,
        hint: known?.hint ?? 'make a new refresh token',
      },
    )
  }
  return new RetryableError(
    'ZOHO_TOKEN_ANSWER',
    `the token endpoint answered HTTP ${status} without a token`,
    {
      remote,
      gate: 'outage',
      retryAfterMs,
    },
  )
}

const safeWord = (word: string) => (/^[\w ]{1,40}$/.test(word) ? word : 'an unknown error')

export const createTokens = (settings: ZohoSettings, tools: Tools): Tokens => {
  const accounts: HttpClient = tools.http(settings.accountsUrl, {
    allowPrivate: settings.allowPrivate === true,
    maxSockets: 1,
  })
  const of = createHash('sha256')
    .update(
      JSON.stringify([settings.accountsUrl, settings.clientId, settings.clientSecret, settings.refreshToken]),
    )
    .digest('hex')
    .slice(0, 32)
  let held: AccessToken | undefined
  let flight: Promise<AccessToken> | undefined

  const isGood = (token: AccessToken | undefined, refused?: string): token is AccessToken =>
    token !== undefined && token.value !== refused && token.expiresAt - MARGIN_MS > tools.now()

  const read = async (): Promise<{ kept: Kept; version: number }> => {
    const entry = await tools.vault.read(NAME)
    const kept = entry === null ? undefined : (JSON.parse(entry.value) as Kept)
    return { kept: kept?.of === of ? kept : { of, renewals: [] }, version: entry?.version ?? 0 }
  }
  const write = (kept: Kept, version: number) => tools.vault.write(NAME, JSON.stringify(kept), version)

  const ask = async (): Promise<AccessToken | WaslError> => {
    const answer = await accounts.request({
      method: 'POST',
      path: '/oauth/v2/token',
      form: [
        ['refresh_token', settings.refreshToken],
        ['client_id', settings.clientId],
        ['client_secret', settings.clientSecret],
        ['grant_type', 'refresh_token'],
      ],
      timeoutMs: CLAIM_MS - 3_000,
    })
    const wait = retryAfterOf(answer.headers['retry-after'], tools.now())
    let body: Json
    try {
      body = answer.json()
    } catch {
      // An HTML page: maintenance or a proxy; told as an answer without a token.
      body = null
    }
    return readTokenAnswer(answer.status, body, tools.now(), wait)
  }

  /** Gives the claim back with what came of it; somebody else's claim, made after ours ran out, stays. */
  const settle = async (claim: string, change: Partial<Kept>) => {
    for (let tries = 0; tries < 5; tries++) {
      const { kept, version } = await read()
      if (kept.claimedBy !== claim) return
      const { claimedBy: _by, claimedUntil: _until, ...rest } = kept
      if (await write({ ...rest, ...change }, version)) return
    }
  }

  const renew = async (claim: string): Promise<AccessToken> => {
    let answer: AccessToken | WaslError
    try {
      answer = await ask()
    } catch (error) {
      await settle(claim, {})
      throw error
    }
    if (answer instanceof Error) {
      const wait =
        answer instanceof RetryableError && answer.gate === 'busy' ? answer.retryAfterMs : undefined
      await settle(claim, wait === undefined ? {} : { refusedUntil: tools.now() + wait })
      throw answer
    }
    tools.log.info('zoho.token_renewed', { api: answer.apiDomain })
    await settle(claim, { token: answer })
    return answer
  }

  const obtain = async (refused?: string): Promise<AccessToken> => {
    const patience = performance.now() + 2 * CLAIM_MS
    for (;;) {
      const { kept, version } = await read()
      if (isGood(kept.token, refused)) return kept.token
      const now = tools.now()
      if ((kept.refusedUntil ?? 0) > now) throw throttled(kept.refusedUntil! - now)
      if ((kept.claimedUntil ?? 0) > now) {
        if (performance.now() > patience)
          throw new RetryableError(
            'ZOHO_TOKEN_CLAIM',
            'another engine renews the access token and does not finish',
            {
              remote,
              gate: 'token',
            },
          )
        await delay(40 + Math.random() * 40)
        continue
      }
      const renewals = kept.renewals.filter(at => at > now - WINDOW_MS && at <= now)
      if (renewals.length >= RENEWALS_PER_WINDOW) throw throttled(renewals[0]! + WINDOW_MS - now)
      const claim = createHash('sha256').update(`${of}${now}${Math.random()}`).digest('hex').slice(0, 16)
      const claimed = {
        ...kept,
        renewals: [...renewals, now],
        claimedBy: claim,
        claimedUntil: now + CLAIM_MS,
      }
      if (await write(claimed, version)) return renew(claim)
    }
  }

  /** One at a time in this process; whoever comes meanwhile shares the answer. */
  const shared = (refused?: string): Promise<AccessToken> => {
    flight ??= obtain(refused)
      .then(token => {
        held = token
        return token
      })
      .finally(() => {
        flight = undefined
      })
    return flight
  }

  return {
    current: async () => (isGood(held) ? held : shared()),
    async renewed(refused) {
      if (isGood(held, refused)) return held
      const token = await shared(refused)
      return token.value === refused ? shared(refused) : token
    },
    close: () => accounts.close(),
  }
}
