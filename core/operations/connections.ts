/** How a college is connected to its remotes. Secrets go in and never come out again. */
import { SetupError } from '../errors.ts'
import type { ConnectorDefinition, Json, JsonSchema, Payload } from '../plugin.ts'
import { check } from '../settings-check.ts'
import type { Desk } from './desk.ts'

/** Encryption that is bound to the tenant and the connector. */
export interface Sealing {
  seal(tenant: string, connector: string, plain: string): string
  open(tenant: string, connector: string, sealed: string): string
}

/** Whichever engine tries a gate, it has heard of new settings by then. */
const HEARD_MS = 6000

export interface ConnectionView {
  readonly connector: string
  readonly summary: string
  readonly connected: boolean
  /** Whether it was saved here; otherwise it stands in the environment of the installation, or nowhere. */
  readonly saved: boolean
  /** Secrets are shown as `{ "set": true }`. */
  readonly settings: Payload
}

const propertiesOf = ({ settings }: Pick<ConnectorDefinition, 'settings'>) =>
  (settings['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>

const isSecret = (schema: JsonSchema | undefined): boolean => schema?.['secret'] === true

function masked(connector: ConnectorDefinition, settings: Payload): Payload {
  const properties = propertiesOf(connector)
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      // What the schema does not know may be anything.
      isSecret(properties[name]) || !(name in properties) ? { set: true } : value,
    ]),
  )
}

export async function listConnections(
  { store, tenant }: Desk,
  connectors: readonly ConnectorDefinition[],
  sealing: Sealing,
  isConnected: (connector: string) => boolean,
): Promise<readonly ConnectionView[]> {
  const document = await store.tenants.one(tenant.id)
  return connectors.map(connector => {
    const sealed = document?.connections[connector.name]
    const settings =
      sealed === undefined ? {} : (JSON.parse(sealing.open(tenant.id, connector.name, sealed)) as Payload)
    return {
      connector: connector.name,
      summary: connector.summary,
      connected: isConnected(connector.name),
      saved: sealed !== undefined,
      settings: masked(connector, settings),
    }
  })
}

/** One setting that is not as it must be; a secret is never quoted. */
export interface SettingFinding {
  readonly pointer: string
  readonly code: string
  readonly message: string
}

/**
 * Saves the settings of a connection and takes them up; what cannot be connected with is taken back. Properties that are
 * left out stay as they were, `null` takes one away, so that nobody must know a secret in order to change an address.
 * What waits for settings is tried with them as soon as every engine knows them.
 */
export async function saveConnection(
  { store, tenant, audit, by, now }: Desk,
  connector: ConnectorDefinition,
  given: Payload,
  sealing: Sealing,
  takeUp: () => Promise<void>,
): Promise<readonly SettingFinding[]> {
  const document = await store.tenants.one(tenant.id)
  const sealed = document?.connections[connector.name]
  const before =
    sealed === undefined ? {} : (JSON.parse(sealing.open(tenant.id, connector.name, sealed)) as Payload)
  const settings = Object.fromEntries(
    Object.entries({ ...before, ...given }).filter(([, value]) => value !== null),
  )
  const problems = check(connector.settings, settings, property => property)
  if (problems.length > 0 || document === null)
    return problems.map(({ name, wrong, todo }) => finding(name.replaceAll(' ', '/'), `${wrong}; ${todo}`))
  const changed = Object.keys(given).sort()
  await audit.write({
    tenant: tenant.id,
    by,
    action: 'connection.save',
    target: connector.name,
    details: { changed: changed as Json },
  })
  const next = sealing.seal(tenant.id, connector.name, JSON.stringify(settings))
  await store.tenants.change(tenant.id, {
    connections: { ...document.connections, [connector.name]: next },
  })
  try {
    await takeUp()
    const at = new Date(now() + HEARD_MS)
    for (const { _id, remote, reason, openAt } of await store.gates.of(tenant.id))
      if (reason === 'setup' && remote.split('/')[0] === connector.name && openAt > at)
        await store.gates.tryNow(_id, at)
    return []
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    await store.tenants.change(tenant.id, { connections: document.connections })
    await takeUp()
    return [finding(error.at ?? '', [error.message, error.hint].filter(Boolean).join('; '))]
  }
}

const finding = (name: string, message: string): SettingFinding => ({
  pointer: name === '' ? '' : `/${name}`,
  code: 'SETTINGS',
  message,
})
