/** Gates as operators see them, and remotes that a person pauses and resumes. */
import type { Reason } from '../reasons/reasons.ts'
import type { GateDocument } from '../store/documents.ts'
import type { Done } from './changes.ts'
import type { Desk } from './desk.ts'

/** A person's pause has no end of its own. */
const FOR_EVER = new Date(Date.UTC(9999, 0))
const MOST_COUNTED = 10_000

export interface GateView {
  /** A connector, or `connector/resource` where only that is closed. */
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
  const gates = (await store.gates.all()).filter(gate => gate.tenant === tenant.id)
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

/** Nothing is sent to `remote` any more, and no attempt is counted, until it is resumed. */
export async function pauseRemote(desk: Desk, remote: string, reason: string): Promise<void> {
  const { store, tenant, audit, by, now } = desk
  await audit.write({ tenant: tenant.id, by, action: 'remote.pause', target: remote, details: { reason } })
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

/** A paused remote is opened, little by little; one that closed by itself is tried at once. */
export async function resumeRemote(desk: Desk, remote: string): Promise<Done> {
  const { store, tenant, audit, by, now } = desk
  const id = `${tenant.id}|${remote}`
  const gate = (await store.gates.all()).find(each => each._id === id)
  if (gate === undefined) return 'missing'
  await audit.write({ tenant: tenant.id, by, action: 'remote.resume', target: remote })
  const at = new Date(now())
  if (gate.reason !== 'paused') return (await store.gates.tryNow(id, at)) ? 'done' : 'refused'
  const held = await store.records.countAtGate(id, MOST_COUNTED)
  return (await store.gates.resume(id, Math.max(1, Math.ceil(held * 0.05)), at)) ? 'done' : 'refused'
}
