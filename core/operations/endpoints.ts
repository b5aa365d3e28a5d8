/** Further ways of sending to a college: an endpoint made and taken away. */
import type { EndpointDocument } from '../store/documents.ts'
import type { Sealing } from './connections.ts'
import type { Desk } from './desk.ts'

/** What may be made, and how. */
export interface EndpointMaking {
  readonly sealing: Sealing
  readonly offers: readonly {
    readonly connector: string
    readonly verifier: string
    /** Options of the verifier that may be switched on. */
    readonly switches: readonly string[]
  }[]
  /** With a new secret, sealed. Undefined: nobody offers it. */
  readonly endpoint: (tenant: string, connector: string, verifier: string) => EndpointDocument | undefined
}

export interface EndpointWish {
  readonly connector: string
  readonly verifier: string
  readonly switches: readonly string[]
}

/** `secret` is shown this once. */
export interface NewEndpoint extends EndpointWish {
  readonly id: string
  readonly secret: string
}

/** One value that is not offered. */
export interface WishFinding {
  readonly pointer: string
  readonly code: string
  readonly message: string
}

/** Ten of each would be as many as a person can still tell apart. */
const MOST_ENDPOINTS = 50

/** Pure. */
export function wishFindings({ offers }: Pick<EndpointMaking, 'offers'>, wish: EndpointWish): WishFinding[] {
  const ofConnector = offers.filter(({ connector }) => connector === wish.connector)
  if (ofConnector.length === 0)
    return [notOffered('/connector', wish.connector, [...new Set(offers.map(({ connector }) => connector))])]
  const offer = ofConnector.find(({ verifier }) => verifier === wish.verifier)
  if (offer === undefined)
    return [
      notOffered(
        '/verifier',
        wish.verifier,
        ofConnector.map(({ verifier }) => verifier),
      ),
    ]
  return wish.switches.flatMap((name, place) =>
    offer.switches.includes(name) ? [] : notOffered(`/switches/${place}`, name, offer.switches),
  )
}

const notOffered = (pointer: string, given: string, known: readonly string[]): WishFinding => ({
  pointer,
  code: 'any.only',
  message: `There is no "${given}"; ${known.length === 0 ? 'there are none here' : `there are ${known.join(', ')}`}.`,
})

/** Its secret is shown once. Findings: it is not offered. `full`: there are as many as there may be. */
export async function addEndpoint(
  desk: Desk,
  making: EndpointMaking,
  wish: EndpointWish,
): Promise<NewEndpoint | readonly WishFinding[] | 'full'> {
  const findings = wishFindings(making, wish)
  const { store, tenant, audit, by } = desk
  const made = findings.length > 0 ? undefined : making.endpoint(tenant.id, wish.connector, wish.verifier)
  if (made === undefined) return findings
  const options = Object.fromEntries(wish.switches.map(name => [name, true]))
  const details = { connector: wish.connector, verifier: wish.verifier, switches: [...wish.switches] }
  await audit.write({ tenant: tenant.id, by, action: 'endpoint.create', target: made.id, details })
  const document = wish.switches.length === 0 ? made : { ...made, options }
  if (!(await store.tenants.addEndpoint(tenant.id, document, MOST_ENDPOINTS))) return 'full'
  const secret = making.sealing.open(tenant.id, made.id, made.secrets[0] ?? '')
  return { id: made.id, ...wish, secret }
}

/** What is signed with its secrets is refused from now on. False: there is no such endpoint. */
export async function removeEndpoint({ store, tenant, audit, by }: Desk, id: string): Promise<boolean> {
  const document = await store.tenants.one(tenant.id)
  if (!document?.endpoints.some(each => each.id === id)) return false
  await audit.write({ tenant: tenant.id, by, action: 'endpoint.remove', target: id })
  return store.tenants.removeEndpoint(tenant.id, id)
}
