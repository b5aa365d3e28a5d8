/** The routes for people and tools, all from one table, which the OpenAPI document is made of too. */
import type { Server } from '@hapi/hapi'
import type { Tenants } from '../../delivery/tenant.ts'
import type { Audit } from '../../operations/audit.ts'
import type { ConnectorDefinition, Log } from '../../plugin.ts'
import type { Reasons } from '../../reasons/reasons.ts'
import type { Store } from '../../store/connect.ts'
import type { Door } from '../receive.ts'
import { gateOperations } from './gates.ts'
import { letterOperations } from './letters.ts'
import { readingOperations } from './records.ts'
import { addOperations, type Operation } from './route.ts'

export interface OperationsOptions {
  readonly store: Store
  readonly tenants: Tenants
  readonly audit: Audit
  readonly reasons: Reasons
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Something may be due. */
  readonly ring: () => void
}

export const operationsOf = ({ log, ring, connectors }: OperationsOptions): readonly Operation[] => [
  ...readingOperations,
  ...letterOperations(log, ring),
  ...gateOperations(connectors),
]

/** For `createServer`. */
export function operationRoutes(options: OperationsOptions): (server: Server, door: Door) => void {
  const { store, tenants, audit, reasons, now } = options
  return (server, door) => {
    addOperations(server, door, operationsOf(options), async (id, by, language) => {
      const tenant = await tenants.get(id)
      return { store, tenant, audit, reasons, by, now, language: language || tenant.run(now()).language }
    })
  }
}
