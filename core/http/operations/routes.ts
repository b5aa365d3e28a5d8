/** The routes for people and tools, all from one table, which the OpenAPI document is made of too. */
import type { Server } from '@hapi/hapi'
import type { Tenants } from '../../delivery/tenant.ts'
import type { Audit } from '../../operations/audit.ts'
import type { Sealing } from '../../operations/connections.ts'
import type { Desk } from '../../operations/desk.ts'
import type { MappingDesk } from '../../operations/mappings.ts'
import type { Expiring, Measures } from '../../operations/measures.ts'
import type { TenantMaking } from '../../operations/tenants.ts'
import type { PipelineSet } from '../../pipeline/compiled.ts'
import type { SavedMapping } from '../../pipeline/configuration.ts'
import type { ConnectorDefinition } from '../../plugin.ts'
import type { Reasons } from '../../reasons/reasons.ts'
import type { Store } from '../../store/connect.ts'
import type { Door } from '../receive.ts'
import { accountingOperation } from './accounting.ts'
import { administrationOperations } from './administration.ts'
import { extensionOperations } from './extension.ts'
import { gateOperations } from './gates.ts'
import { letterOperations } from './letters.ts'
import { documentationPage, openApi } from './openapi.ts'
import { readingOperations } from './records.ts'
import { addOperations, type Call, type Operation } from './route.ts'
import { syncOperations } from './syncs.ts'

export interface OperationsOptions {
  readonly store: Store
  readonly tenants: Tenants
  readonly audit: Audit
  readonly reasons: Reasons
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Something may be due. */
  readonly ring: () => void
  /** A job over many was ordered. */
  readonly runJobs: () => void
  /** A completeness sweep may be due. */
  readonly ringSync: () => void
  readonly measures: Measures
  /** What ends by itself of a tenant's connections. */
  readonly expiring: (tenant: string) => Promise<readonly Expiring[]>
  /** A tenant's pipelines as they would be with this mapping of `module`; undefined: with that of its file. */
  readonly pipelinesWith: (
    tenant: string,
    module: string,
    mapping: SavedMapping | undefined,
  ) => Promise<PipelineSet>
  /** Takes up at once what was saved. */
  readonly refresh: () => Promise<void>
  readonly sealing: Sealing
  readonly making: TenantMaking
  /** The tenant whose `admin` keys make others. */
  readonly installation: string
}

/** The page runs nothing and loads nothing. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

export function operationsOf(options: OperationsOptions): readonly Operation[] {
  const { ring, connectors, tenants, now, pipelinesWith, refresh, sealing } = options
  const mappingDesk = async ({ desk }: Call): Promise<MappingDesk> => {
    const tenant = await tenants.get(desk.tenant.id)
    return {
      ...desk,
      tenant,
      connectors,
      timezone: tenant.run(now()).timezone,
      rehearsed: (module, saved) => pipelinesWith(tenant.id, module, saved),
    }
  }
  return [
    ...readingOperations,
    ...letterOperations(ring, options.runJobs),
    accountingOperation,
    ...gateOperations(connectors),
    ...administrationOperations({
      making: options.making,
      installation: options.installation,
      connectors: new Set(connectors.keys()),
      afterwards: refresh,
    }),
    ...syncOperations(options.ringSync).map(operation => ({ ...operation, signed: true })),
    ...extensionOperations({
      deskFor: mappingDesk,
      afterwards: refresh,
      sealing,
      isConnected: async (tenant, connector) =>
        (await tenants.get(tenant)).connection(connector) !== undefined,
    }).map(operation => ({ ...operation, signed: true })),
  ]
}

/** For `createServer`. */
export function operationRoutes(options: OperationsOptions): (server: Server, door: Door) => void {
  const { store, tenants, audit, reasons, now, measures, expiring } = options
  const operations = operationsOf(options)
  const deskFor = async (id: string, by: string, language: string): Promise<Desk> => {
    const tenant = await tenants.get(id)
    return { store, tenant, audit, reasons, by, now, language: language || tenant.run(now()).language }
  }
  return (server, door) => {
    addOperations(server, door, operations, deskFor)
    const document = openApi(operations)
    const page = documentationPage(operations)
    server.route([
      {
        method: 'GET',
        path: '/metrics',
        options: { auth: { strategy: 'key', scope: 'read' } },
        handler: async (request, h) => {
          const { by, tenant } = request.auth.credentials.user as unknown as { by: string; tenant: string }
          const text = await measures.text(await deskFor(tenant, by, ''), await expiring(tenant))
          return h.response(text).type(measures.contentType)
        },
      },
      { method: 'GET', path: '/documentation/openapi.json', handler: () => document },
      {
        method: 'GET',
        path: '/documentation',
        handler: (_request, h) =>
          h.response(page).type('text/html').header('content-security-policy', PAGE_POLICY),
      },
    ])
  }
}
