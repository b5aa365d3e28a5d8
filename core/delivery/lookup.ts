/** Before a record waits for others, they are sought in their remote; what is found comes in as a touch. */
import { WaslError } from '../errors.ts'
import { type Lookup, lookupsOf } from '../pipeline/lookup.ts'
import type { IncomingEvent } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument } from '../store/documents.ts'
import type { Gates } from './gate.ts'
import { touch } from './own-touches.ts'
import { resourceConnection, type Surroundings, type Tenant } from './tenant.ts'

/** Neither a miss nor a hit is asked for again so soon, in milliseconds. */
const AGAIN_MS = 3_600_000
const TOTAL_MS = 30_000
const REMEMBERED = 100_000

export interface Wanted {
  readonly module: string
  /** `student|moodleUserId=42` */
  readonly key: string
}

export interface LookupOptions extends Surroundings {
  readonly store: Pick<Store, 'deliveries'>
  readonly gates: Pick<Gates, 'before'>
  readonly handOver: (document: DeliveryDocument, events: readonly IncomingEvent[]) => boolean
}

/** @returns a function that seeks what is missing, one `find` per resource and field; it never raises */
export function createLookup(
  options: LookupOptions,
): (tenant: Tenant, wanted: readonly Wanted[]) => Promise<void> {
  const { log, now, gates } = options
  const asked = new Map<string, number>()

  function fresh(tenant: Tenant, { key }: Wanted): boolean {
    const name = `${tenant.id}|${key}`
    if ((asked.get(name) ?? 0) > now()) return false
    if (asked.size > REMEMBERED) asked.clear()
    asked.set(name, now() + AGAIN_MS)
    return true
  }

  async function ask(tenant: Tenant, resource: string, by: string | undefined, values: readonly string[]) {
    if (by === undefined) return values
    const connection = resourceConnection(tenant, resource)
    const definition = options.resource(resource)
    if (connection === undefined || definition === undefined) return []
    const found = await connection.find(by, values, AbortSignal.timeout(TOTAL_MS))
    return [...found.values()].flat().flatMap(payload => definition.idOf(payload) ?? [])
  }

  return async (tenant, wanted) => {
    const lookups = wanted
      .filter(each => fresh(tenant, each))
      .flatMap(({ module, key }) => {
        const pipeline = tenant.pipelines.modules.get(module)
        return pipeline === undefined ? [] : lookupsOf(pipeline, key)
      })
    for (const [resource, by, values] of grouped(lookups)) {
      if (resourceConnection(tenant, resource) === undefined) continue
      if (gates.before(tenant.id, resource, '') !== undefined) continue
      try {
        const ids = await ask(tenant, resource, by, values)
        if (ids.length === 0) continue
        const hour = Math.floor(now() / AGAIN_MS)
        await touch(
          options,
          tenant.id,
          'lookup',
          resource,
          [...new Set(ids)],
          hash => `lookup:${hour}:${hash}`,
        )
      } catch (error) {
        if (!(error instanceof WaslError)) throw error
        log.warn('lookup_failed', { tenant: tenant.id, resource, code: error.code })
      }
    }
  }
}

function grouped(
  lookups: readonly Lookup[],
): readonly (readonly [string, string | undefined, readonly string[]])[] {
  const groups = new Map<string, { resource: string; by: string | undefined; values: Set<string> }>()
  for (const { resource, by, value } of lookups) {
    const key = `${resource}|${by ?? ''}`
    const group = groups.get(key) ?? { resource, by, values: new Set<string>() }
    groups.set(key, group)
    group.values.add(value)
  }
  return [...groups.values()].map(({ resource, by, values }) => [resource, by, [...values]] as const)
}
