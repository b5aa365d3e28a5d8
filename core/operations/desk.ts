/** What every operation is given: the store, one tenant and its pipelines, and the words for what is seen. */
import type { Tenant } from '../delivery/tenant.ts'
import type { Reasons } from '../reasons/reasons.ts'
import type { Store } from '../store/connect.ts'
import type { Audit } from './audit.ts'

export interface Desk {
  readonly store: Store
  readonly tenant: Pick<Tenant, 'id' | 'pipelines'>
  readonly audit: Audit
  readonly reasons: Reasons
  /** Who asks: `key:<id>` or `terminal:<user>`. */
  readonly by: string
  /** `en` or `ar`. */
  readonly language: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Where records of a module can be; merged and deleted ones last. */
export const STATES = [
  'due',
  'waiting',
  'gated',
  'retrying',
  'dead',
  'conflict',
  'invalid',
  'ok',
  'deleted',
  'merged',
] as const

/** The tenant's modules, those that run first; what is stored of others is found under their names too. */
export const modulesOf = ({ tenant }: Pick<Desk, 'tenant'>): readonly string[] => [
  ...tenant.pipelines.modules.keys(),
]
