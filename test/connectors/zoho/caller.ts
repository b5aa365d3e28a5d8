import type { ZohoSandbox } from '../../../connectors/zoho/sandbox/index.ts'
import type { Json, Payload } from '../../../core/plugin.ts'

/** Calls the sandbox's API as any client would, with a token of its own, or one that was kept. */
export const callerOf = (sandbox: ZohoSandbox, kept = '') => {
  let token = kept
  const api = async (method: string, path: string, body?: Json, headers: Record<string, string> = {}) => {
    if (token === '') {
      const { clientId, clientSecret, refreshToken } = sandbox.settings
      const form = new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: refreshToken,
        grant_type: 'refresh_token',
      })
      const answer = await fetch(`${sandbox.url}/oauth/v2/token`, { method: 'POST', body: form })
      token = ((await answer.json()) as { access_token: string }).access_token
    }
    const answer = await fetch(`${sandbox.url}/crm/v8${path}`, {
      method,
      headers: { Authorization: `Zoho-oauthtoken ${token}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? undefined : (JSON.parse(text) as Payload),
    }
  }
  return { api, token: () => token }
}

export const data = (answer: { body: Payload | undefined }) => answer.body!['data'] as Payload[]
