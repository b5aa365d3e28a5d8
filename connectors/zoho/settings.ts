import type { JsonSchema } from '../../core/plugin.ts'

/** What one college's connection to Zoho CRM needs. */
export interface ZohoSettings {
  /** The accounts server of the college's data centre, such as `https://accounts.zoho.eu`. */
  readonly accountsUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Of a self client; it does not expire until it is revoked. */
  readonly refreshToken: string
  /** Calls under way at once. Zoho's Free edition allows 5, Standard 10, Professional 15. Default 5. */
  readonly concurrency?: number
  /** The sandbox on this machine: private addresses and plain http are allowed. Default false. */
  readonly allowPrivate?: boolean
}

export const settingsSchema: JsonSchema = {
  type: 'object',
  required: ['accountsUrl', 'clientId', 'clientSecret', 'refreshToken'],
  additionalProperties: false,
  properties: {
    accountsUrl: {
      type: 'string',
      default: 'https://accounts.zoho.com',
      description:
        "The accounts server of the college's data centre: accounts.zoho.com, .eu, .in, .com.au, .jp, .sa",
    },
    clientId: {
      type: 'string',
      minLength: 1,
      description: 'Client id of the self client (api-console.zoho.com)',
    },
    clientSecret: {
      type: 'string',
      minLength: 1,
      secret: true,
      description: 'Client secret of the self client',
    },
    refreshToken: {
      type: 'string',
      minLength: 1,
      secret: true,
      description: 'Refresh token with the scopes of the README',
    },
    concurrency: {
      type: 'integer',
      minimum: 1,
      maximum: 25,
      default: 5,
      description: 'Calls under way at once',
    },
    allowPrivate: {
      type: 'boolean',
      default: false,
      description: 'Allow private addresses and plain http (sandbox)',
    },
  },
}
