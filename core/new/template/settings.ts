import type { JsonSchema } from '../../plugin.ts'

/** What one college's connection needs: `SAMPLE_URL`, `SAMPLE_TOKEN` and `SAMPLE_ALLOW_PRIVATE` in the environment. */
export interface SampleSettings {
  readonly url: string
  readonly token: string
  readonly allowPrivate?: boolean
}

export const settingsSchema: JsonSchema = {
  type: 'object',
  properties: {
    url: { type: 'string', pattern: '^https?://', description: 'the address of the API' },
    token: { type: 'string', minLength: 1, secret: true, description: 'the token of the API' },
    allowPrivate: { type: 'boolean', description: 'true for the sandbox on this machine only' },
  },
  required: ['url', 'token'],
  additionalProperties: false,
}
