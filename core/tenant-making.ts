/** How secrets, keys and endpoints of tenants are made; the engine and the commands make them alike. */
import { endpointsFor } from './first-start.ts'
import { newApiKey } from './http/keys.ts'
import { standardWebhooks } from './http/verifiers/standard-webhooks.ts'
import type { TenantMaking } from './operations/tenants.ts'
import type { ConnectorDefinition, Verifier } from './plugin.ts'
import type { Secrets } from './secrets.ts'
import { sealContext } from './tenants.ts'

export function tenantMaking(secrets: Secrets, connectors: readonly ConnectorDefinition[]): TenantMaking {
  const verifiers = verifiersOf(connectors)
  return {
    sealing: {
      seal: (tenant, purpose, plain) => secrets.seal(plain, sealContext(tenant, purpose)),
      open: (tenant, purpose, sealed) => secrets.open(sealed, sealContext(tenant, purpose)),
    },
    keys: { make: newApiKey, hash: secrets.hashKey },
    endpoints: tenant =>
      connectors.flatMap(connector => endpointsFor(connector, { secrets, verifiers, tenant })),
    offers: connectors.flatMap(({ name, accepts }) =>
      accepts.flatMap(each => {
        const verifier = verifiers.get(each)
        if (verifier === undefined) return []
        return { connector: name, verifier: each, switches: verifier.switches ?? [] }
      }),
    ),
    endpoint(tenant, name, verifier) {
      const connector = connectors.find(each => each.name === name)
      if (connector === undefined) return undefined
      return endpointsFor(connector, { secrets, verifiers, tenant }).find(each => each.verifier === verifier)
    },
    secret(name) {
      const verifier = verifiers.get(name)
      if (verifier === undefined) throw new RangeError(`there is no verifier "${name}"`)
      return verifier.newSecret()
    },
  }
}

/** Core's verifier and those that connectors bring. */
export function verifiersOf(connectors: readonly ConnectorDefinition[]): ReadonlyMap<string, Verifier> {
  const all = [standardWebhooks, ...connectors.flatMap(connector => connector.verifiers ?? [])]
  return new Map(all.map(verifier => [verifier.name, verifier]))
}
