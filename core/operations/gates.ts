/** Gates as operators see them; and what a person pauses and resumes: a remote, a module, or the whole tenant. */
import { perSecond } from '../delivery/backoff.ts'
import { EVERYTHING, moduleGate } from '../delivery/gate.ts'
import type { Reason } from '../reasons/reasons.ts'
import type { GateDocument } from '../store/documents.ts'
import type { Done } from './changes.ts'
import type { Desk } from './desk.ts'

/** A person's pause has no end of its own. */
const FOR_EVER = new Date(Date.UTC(9999, 0))
const MOST_COUNTED = 10_000

export interface GateView {
  /** A connector, or `connector/resource` where only that is closed; `module/<name>` and `*` where those are paused. */
  readonly remote: string
  readonly reason: GateDocument['reason']
  readonly code: string
  readonly message: string
  readonly closedAt: string
  /** When the remote is tried again; absent where a person has paused it. */
  readonly openAt?: string
  /** It answers again, and its records are let go little by little. */
  readonly opening: boolean
  /** Records that stand there, counted up to 10,000. */
  readonly records: number
  readonly explained?: Reason
}

export async function listGates({ store, tenant, reasons, language }: Desk): Promise<readonly GateView[]> {
  const gates = await store.gates.of(tenant.id)
  return Promise.all(
    gates.map(async gate => {
      const explained = reasons.of(gate.code, language)
      return {
        remote: gate.remote,
        reason: gate.reason,
        code: gate.code,
        message: gate.message,
        closedAt: gate.closedAt.toISOString(),
        ...(gate.reason === 'paused' ? {} : { openAt: gate.openAt.toISOString() }),
        opening: gate.opening !== undefined,
        records: await store.records.countAtGate(gate._id, MOST_COUNTED),
        ...(explained === undefined ? {} : { explained }),
      }
    }),
  )
}

/** What a person may pause: what comes in is stored and applied all the same, and waits at the gate. */
export type Pausable =
  | { readonly what: 'tenant' }
  | { readonly what: 'module'; readonly module: string }
  /** A connector, or `connector/resource`. */
  | { readonly what: 'remote'; readonly remote: string }

function gateOf(pausable: Pausable): string {
  if (pausable.what === 'tenant') return EVERYTHING
  return pausable.what === 'module' ? moduleGate(pausable.module) : pausable.remote
}

/** Nothing is sent there any more, and no attempt is counted, until it is resumed. Engines hear of it within a second. */
export async function pause(desk: Desk, pausable: Pausable, reason: string): Promise<void> {
  const { store, tenant, audit, by, now } = desk
  const remote = gateOf(pausable)
  const action = `${pausable.what}.pause`
  await audit.write({ tenant: tenant.id, by, action, target: remote, details: { reason } })
  await store.gates.pause({
    _id: `${tenant.id}|${remote}`,
    tenant: tenant.id,
    remote,
    reason: 'paused',
    code: 'PAUSED',
    message: reason,
    closedAt: new Date(now()),
    openAt: FOR_EVER,
    rounds: 0,
  })
}

/** What is paused is opened, little by little; a remote that closed by itself is tried at once. */
export async function resume(desk: Desk, pausable: Pausable): Promise<Done> {
  const { store, tenant, audit, by, now } = desk
  const remote = gateOf(pausable)
  const id = `${tenant.id}|${remote}`
  const gate = (await store.gates.of(tenant.id)).find(each => each._id === id)
  if (gate === undefined) return 'missing'
  await audit.write({ tenant: tenant.id, by, action: `${pausable.what}.resume`, target: remote })
  const at = new Date(now())
  if (gate.reason !== 'paused') return (await store.gates.tryNow(id, at)) ? 'done' : 'refused'
  const held = await store.records.countAtGate(id, MOST_COUNTED)
  return (await store.gates.resume(id, perSecond(held), at)) ? 'done' : 'refused'
}
