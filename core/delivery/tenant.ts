/** What the delivery needs of a tenant while it works for it. */

import type { CrashPoint } from '../crash.ts'
import type { PipelineSet } from '../pipeline/compiled.ts'
import type {
  Connection,
  FieldMetadata,
  Log,
  ResourceConnection,
  ResourceDefinition,
  Run,
} from '../plugin.ts'

/** So often what was changed is asked for where the college says nothing else, in seconds. */
export const SWEEP_SECONDS = 900

export interface Tenant {
  readonly id: string
  readonly pipelines: PipelineSet
  /** The college's settings at `at` (milliseconds since 1970). */
  run(at: number): Run
  /** The college takes nothing of this module for now. */
  switchedOff(module: string): boolean
  /** Milliseconds between completeness sweeps of this module; 0: none by themselves. */
  sweepEvery(module: string): number
  /** When the college was made, in milliseconds since 1970. */
  readonly createdAt: number
  /** Undefined where the tenant has no connection to that connector. */
  connection(connector: string): Connection | undefined
  /** Asks the remotes what they say of the fields of these resources, where that is not known; kept for an hour. */
  prepare(resources: readonly string[]): Promise<void>
  /** What `prepare` heard; undefined where the remote says nothing. */
  metadata(resource: string): ReadonlyMap<string, FieldMetadata> | undefined
}

export interface Tenants {
  /** Raises SetupError `TENANT_UNKNOWN` where there is none of that id. */
  get(id: string): Promise<Tenant>
}

/** `zoho/BTEC_Students` -> `zoho` */
export const connectorOf = (resource: string): string => resource.slice(0, resource.indexOf('/'))

/** `zoho/BTEC_Students` -> `BTEC_Students` */
export const nameOf = (resource: string): string => resource.slice(resource.indexOf('/') + 1)

export function resourceConnection(tenant: Tenant, resource: string): ResourceConnection | undefined {
  return tenant.connection(connectorOf(resource))?.resources[nameOf(resource)]
}

/** What every part of the delivery is given. */
export interface Surroundings {
  readonly tenants: Tenants
  /** `zoho/BTEC_Students` -> what is known of it without credentials. */
  readonly resource: (name: string) => ResourceDefinition | undefined
  readonly log: Log
  readonly now: () => number
  /** Between 0 and 1: for jitter. */
  readonly random: () => number
  /** Tests only; used in statements labelled CRASH, which the bundle leaves out. */
  readonly crash?: CrashPoint | undefined
}
