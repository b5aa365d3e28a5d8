/** Who may come in: tenants, their signing secrets, and the keys of people and tools. */
import Joi from 'joi'
import { addEndpoint, type EndpointWish, removeEndpoint } from '../../operations/endpoints.ts'
import { createKey, listKeys, OVERLAP_HOURS, revokeKey, rotateKey } from '../../operations/keys.ts'
import {
  createTenant,
  isZone,
  ORGANISATION_ID,
  rotateSecret,
  TENANT_ID,
  type TenantMaking,
} from '../../operations/tenants.ts'
import { SCOPES } from '../ports.ts'
import { problem } from '../problems.ts'
import { name, type Operation } from './route.ts'

const hours = Joi.number().integer().min(0).max(720).default(OVERLAP_HOURS)

export interface AdministrationOptions {
  readonly making: TenantMaking
  /** The tenant whose `admin` keys make others. */
  readonly installation: string
  /** By name. */
  readonly connectors: ReadonlySet<string>
  /** This engine takes up at once what was saved. */
  readonly afterwards: () => Promise<void>
}

export function administrationOperations(options: AdministrationOptions): readonly Operation[] {
  const { making, installation, connectors, afterwards } = options
  const organisationIds = Object.fromEntries(
    [...connectors].map(connector => [`${connector}OrgId`, Joi.string().pattern(ORGANISATION_ID, 'id')]),
  )
  return [
    {
      method: 'POST',
      path: '/v1/extension/tenants',
      scope: 'admin',
      status: 201,
      summary: 'Makes a college, with the installation’s admin key; its key and secrets are shown once.',
      body: {
        id: Joi.string().pattern(TENANT_ID, 'tenant id').required(),
        name: Joi.string().trim().min(1).max(120).required(),
        timezone: Joi.string()
          .max(60)
          .default('UTC')
          .custom((zone, { error }) => (isZone(zone) ? zone : error('any.invalid'))),
        language: Joi.valid('en', 'ar').default('en'),
        ...organisationIds,
      },
      async handle({ desk, body }) {
        if (desk.tenant.id !== installation)
          throw problem(403, 'INSTALLATION_KEY', 'Only an admin key of the installation makes colleges.')
        const { id = '', name: called = '', timezone = '', language = '', ...ids } = body
        const organisations = Object.fromEntries(
          Object.entries(ids).map(([property, value]) => [property.slice(0, -'OrgId'.length), value]),
        )
        const made = await createTenant(desk, making, { id, name: called, timezone, language, organisations })
        if (made === undefined) throw problem(409, 'TENANT_EXISTS', `There is a college "${id}" already.`)
        await afterwards()
        return { ...made.tenant, key: made.key, endpoints: made.endpoints }
      },
    },
    {
      method: 'POST',
      path: '/v1/extension/endpoints',
      scope: 'admin',
      status: 201,
      summary: 'A further way of sending to the college; its secret is shown once.',
      body: {
        connector: name.required(),
        verifier: name.required(),
        switches: Joi.array().items(name).max(10).unique().default([]),
      },
      async handle({ desk, body }) {
        const made = await addEndpoint(desk, making, body as unknown as EndpointWish)
        if (made === 'full')
          throw problem(409, 'ENDPOINTS_FULL', 'There are as many endpoints as there may be.')
        if (!('secret' in made))
          throw problem(400, 'BODY', 'The body is not as it must be.', { findings: [...made] })
        await afterwards()
        return made
      },
    },
    {
      method: 'DELETE',
      path: '/v1/extension/endpoints/{id}',
      scope: 'admin',
      summary:
        'Takes an endpoint away: what is signed with its secrets is refused, by other engines within 5 s.',
      params: { id: name },
      async handle({ desk, params }) {
        const id = params['id'] as string
        if (!(await removeEndpoint(desk, id))) return undefined
        await afterwards()
        return { id, status: 'removed' }
      },
    },
    {
      method: 'POST',
      path: '/v1/extension/endpoints/{id}/rotate',
      scope: 'admin',
      summary: 'A new signing secret, shown once; the old one counts for so many hours more.',
      params: { id: name },
      body: { hours },
      async handle({ desk, params, body }) {
        const rotated = await rotateSecret(desk, making, params['id'] as string, Number(body['hours']))
        if (rotated === 'changed') throw problem(409, 'NOT_NOW', 'Somebody else has just rotated it.')
        if (rotated !== undefined) await afterwards()
        return rotated
      },
    },
    {
      method: 'GET',
      path: '/api/v1/keys',
      scope: 'admin',
      summary: 'The keys of people and tools; only hashes of them are kept.',
      handle: async ({ desk }) => ({ items: await listKeys(desk) }),
    },
    {
      method: 'POST',
      path: '/api/v1/keys',
      scope: 'admin',
      status: 201,
      summary: 'A new key, shown once.',
      body: {
        scopes: Joi.array()
          .items(Joi.valid(...SCOPES))
          .min(1)
          .max(SCOPES.length)
          .unique()
          .required(),
        days: Joi.number().integer().min(1).max(9999),
      },
      handle({ desk, body }) {
        const { scopes, days } = body as unknown as { scopes: readonly string[]; days?: number }
        return createKey(desk, making.keys, scopes, days)
      },
    },
    {
      method: 'POST',
      path: '/api/v1/keys/{id}/rotate',
      scope: 'admin',
      status: 201,
      summary: 'A new key with the same scopes, shown once; the old one counts for so many hours more.',
      params: { id: name },
      body: { hours },
      async handle({ desk, params, body }) {
        const rotated = await rotateKey(desk, making.keys, params['id'] as string, Number(body['hours']))
        await afterwards()
        return rotated
      },
    },
    {
      method: 'DELETE',
      path: '/api/v1/keys/{id}',
      scope: 'admin',
      summary: 'Revokes a key: this engine refuses it at once, others within 5 s.',
      params: { id: name },
      async handle({ desk, params }) {
        const id = params['id'] as string
        if (!(await revokeKey(desk, id))) return undefined
        await afterwards()
        return { id, status: 'revoked' }
      },
    },
  ]
}
