import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Payload } from '../../../core/plugin.ts'
import type { Answer } from './answers.ts'
import type { Faults } from './faults.ts'

const WINDOW_MS = 600_000
const TOKENS_PER_WINDOW = 10
const ACTIVE_TOKENS = 15
const LIFE_S = 3600
const scope =
  'ZohoCRM.modules.ALL ZohoCRM.settings.ALL ZohoCRM.coql.READ ZohoCRM.notifications.ALL ZohoSearch.securesearch.READ'

export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
  readonly refreshToken: string
}

interface Issued {
  readonly token: string
  readonly at: number
}

export interface OAuth {
  /** `parameters` from the query, a form or multipart, wherever the client put them. Errors are HTTP 200, as Zoho's. */
  token(parameters: ReadonlyMap<string, string>, apiDomain: string, faults: Readonly<Faults>): Answer
  accepts(token: string): boolean
  /** Takes one access token back. */
  revoke(token: string): void
}

export const createOAuth = (
  credentials: Credentials,
  options: { readonly now: () => number; readonly folder?: string | undefined },
): OAuth => {
  const file = options.folder === undefined ? undefined : join(options.folder, 'zoho-tokens.json')
  let issued: Issued[] =
    file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Issued[]) : []
  let active = new Set(issued.slice(-ACTIVE_TOKENS).map(({ token }) => token))
  const keep = () => {
    if (file !== undefined) writeFileSync(file, JSON.stringify(issued), { mode: 0o600 })
  }
  const answer = (body: Payload, status = 200): Answer => ({ status, body })
  const denied = () =>
    answer(
      {
        error_description: 'You have made too many requests continuously. Please try again after some time.',
        error: 'Access Denied',
        status: 'failure',
      },
      400,
    )

  return {
    token(parameters, apiDomain, faults) {
      const { clientId, clientSecret, refreshToken } = credentials
      if (faults.throttled === true) return denied()
      if (parameters.get('client_id') !== clientId) return answer({ error: 'invalid_client' })
      if (parameters.get('client_secret') !== clientSecret) return answer({ error: 'invalid_client_secret' })
      if (parameters.get('grant_type') !== 'refresh_token') return answer({ error: 'unsupported_grant_type' })
      if (parameters.get('refresh_token') !== refreshToken || faults.revoked === true)
        return answer({ error: 'invalid_code' })
      const now = options.now()
      issued = issued.filter(({ at }) => at > now - LIFE_S * 1000)
      if (issued.filter(({ at }) => at > now - WINDOW_MS).length >= TOKENS_PER_WINDOW) return denied()
      const token = `1000.${randomBytes(16).toString('hex')}.${randomBytes(16).toString('hex')}`
      issued.push({ token, at: now })
      active = new Set([...active, token].slice(-ACTIVE_TOKENS))
      keep()
      return answer({
        access_token: token,
        scope,
        api_domain: apiDomain,
        token_type: 'Bearer',
        expires_in: LIFE_S,
      })
    },
    accepts: token =>
      active.has(token) &&
      issued.some(known => known.token === token && known.at > options.now() - LIFE_S * 1000),
    revoke(token) {
      active.delete(token)
      issued = issued.map(known => (known.token === token ? { ...known, token: '' } : known))
      keep()
    },
  }
}
