/**
 * GATE: a remote that is busy, down or refuses us is left alone; its records stand at the gate and count no attempt.
 *
 * Filter: closed by inserting it, or by `{_id, rounds}` as it was known; a turn (the probe, or a second's part of an opening
 * gate) is taken by `{_id, openAt}`; what a person paused matches none of these. Invariant: of all engines one sends the
 * probe, one lets a part go; a record at a gate has no `dueAt`, and one whose gate is gone is found and let go.
 */
import { RetryableError, SetupError, type WaslError } from '../errors.ts'
import type { Store } from '../store/connect.ts'
import type { GateDocument } from '../store/documents.ts'
import { clampRetryAfter, gateMs, perSecond } from './backoff.ts'
import { connectorOf, type Surroundings } from './tenant.ts'

/** So often is looked for records at gates that are no more. */
const ORPHANS_MS = 10_000
/** So long one engine has the probe for itself. */
const PROBE_MS = 60_000
const COUNT_LIMIT = 100_000
const ORPHANS_AT_ONCE = 1000
/** An opening gate lets records go so often, whichever engine does it. */
const OPENING_MS = 1000

/** What a person's pause of a whole tenant stands for in the place of a remote. */
export const EVERYTHING = '*'
/** In the place of a remote, what a person's pause of one module stands for: its records are not sent anywhere. */
export const moduleGate = (module: string): string => `module/${module}`

export interface Gates {
  /** The id of the gate that keeps `record` (of `module`, where that is known) from `resource` now, if one does. */
  before(tenant: string, resource: string, record: string, module?: string): string | undefined
  /** A person wants nothing asked of `resource` now. */
  isPaused(tenant: string, resource: string): boolean
  /** Closes the gate that this error asks for and gives its id; undefined: the error is the record's own. */
  closeFor(tenant: string, resource: string, error: WaslError): Promise<string | undefined>
  /** The remote answered. */
  answered(tenant: string, resource: string): Promise<void>
  /**
   * Reads what other engines know, sends probes, lets records go. True: some are due now.
   * @param at when the loop began to look, in milliseconds since 1970; looks are at least a second apart
   */
  turn(at: number): Promise<boolean>
  readonly all: readonly GateDocument[]
}

export interface GateOptions extends Pick<Surroundings, 'log' | 'now' | 'random' | 'crash'> {
  /** A probe is due: another engine that claims it first does not know it for one, and holds it up again. */
  readonly onProbe?: (tenant: string, records: readonly string[]) => void
}

export function createGates(store: Pick<Store, 'gates' | 'records'>, options: GateOptions): Gates {
  const { log, now, random } = options
  let gates = new Map<string, GateDocument>()
  const probes = new Set<string>()
  let lookedForOrphans = 0

  const idsFor = (tenant: string, resource: string, module?: string) => [
    `${tenant}|${EVERYTHING}`,
    ...(module === undefined ? [] : [`${tenant}|${moduleGate(module)}`]),
    `${tenant}|${connectorOf(resource)}`,
    `${tenant}|${resource}`,
  ]

  async function refresh(): Promise<void> {
    gates = new Map((await store.gates.all()).map(gate => [gate._id, gate]))
  }

  async function letGo(gate: GateDocument, at: number): Promise<boolean> {
    const wait = gate.openAt.getTime() - at
    // Longer than a turn lasts: the engine that took it has another clock.
    if (wait > 0 && wait <= OPENING_MS) return false
    if (!(await store.gates.takeTurn(gate, new Date(at + OPENING_MS)))) return false
    const released = await store.records.release(gate._id, gate.opening ?? 1, new Date(now()))
    if (released.length > 0) return true
    await store.gates.remove(gate._id)
    gates.delete(gate._id)
    log.info('gate_opened', { gate: gate._id })
    return false
  }

  async function probe(gate: GateDocument): Promise<boolean> {
    if (!(await store.gates.takeTurn(gate, new Date(now() + PROBE_MS)))) return false
    const released = await store.records.release(gate._id, 1, new Date(now()))
    for (const id of released) probes.add(`${gate._id}|${id}`)
    options.onProbe?.(gate.tenant, released)
    if (released.length > 0) return true
    // Nobody stands there: the next who comes finds out.
    await store.gates.remove(gate._id)
    gates.delete(gate._id)
    return false
  }

  /** A gate may have opened while an engine that did not know it yet sent a record there. */
  async function releaseOrphans(): Promise<boolean> {
    if (Math.abs(now() - lookedForOrphans) < ORPHANS_MS) return false
    lookedForOrphans = now()
    let released = 0
    for (const id of await store.records.gates()) {
      if (!gates.has(id))
        released += (await store.records.release(id, ORPHANS_AT_ONCE, new Date(now()))).length
    }
    return released > 0
  }

  /** As this engine knows the gate; what it then knows of it is what is stored. */
  async function close(
    tenant: string,
    id: string,
    asked: NonNullable<ReturnType<typeof whatItAsks>>,
    error: WaslError,
  ): Promise<void> {
    const before = gates.get(id)
    // Only who paused it lets it go.
    if (before?.reason === 'paused') return
    // Calls that were under way when it closed fail with the first: only a probe tells that it goes on.
    const probed = [...probes].some(key => key.startsWith(`${id}|`))
    if (before !== undefined && before.opening === undefined && !probed) return
    const rounds = before === undefined ? 0 : before.rounds + 1
    const wait = gateMs(asked.reason, rounds, asked.askedMs)
    const at = now()
    const gate: GateDocument = {
      _id: id,
      tenant,
      remote: asked.remote,
      reason: asked.reason,
      code: error.code,
      message: error.message,
      closedAt: before?.closedAt ?? new Date(at),
      // Many gates that closed together do not open together.
      openAt: new Date(at + wait + Math.round(wait * 0.1 * random())),
      rounds,
    }
    for (const key of [...probes]) if (key.startsWith(`${id}|`)) probes.delete(key)
    const closed = await store.gates.close(gate, before === undefined ? null : before.rounds)
    if (closed) {
      gates.set(id, gate)
      log.warn('gate_closed', { gate: id, code: error.code, message: error.message, openAt: gate.openAt })
    } else {
      await refresh()
    }
  }

  return {
    get all() {
      return [...gates.values()]
    },

    before(tenant, resource, record, module) {
      for (const id of idsFor(tenant, resource, module)) {
        const gate = gates.get(id)
        if (gate === undefined || gate.opening !== undefined) continue
        if (!probes.has(`${id}|${record}`)) return id
      }
      return undefined
    },

    isPaused: (tenant, resource) =>
      idsFor(tenant, resource).some(id => {
        const gate = gates.get(id)
        return gate?.reason === 'paused' && gate.opening === undefined
      }),

    async closeFor(tenant, resource, error) {
      const asked = whatItAsks(resource, error)
      if (asked === undefined) return undefined
      const id = `${tenant}|${asked.remote}`
      await close(tenant, id, asked, error)
      // Another engine may have opened and removed it since this one looked.
      if (!gates.has(id)) await close(tenant, id, asked, error)
      return id
    },

    async answered(tenant, resource) {
      for (const id of idsFor(tenant, resource)) {
        const gate = gates.get(id)
        if (gate === undefined || gate.opening !== undefined || gate.reason === 'paused') continue
        const held = await store.records.countAtGate(id, COUNT_LIMIT)
        const opening = perSecond(held)
        for (const key of [...probes]) if (key.startsWith(`${id}|`)) probes.delete(key)
        // The probe was this second's part.
        const at = new Date(now() + OPENING_MS)
        await store.gates.opening(id, opening, at)
        CRASH: options.crash?.at('G1')
        gates.set(id, { ...gate, opening, openAt: at })
        log.info('gate_opening', { gate: id, held, perSecond: opening })
      }
    },

    async turn(at) {
      await refresh()
      let due = await releaseOrphans()
      for (const gate of [...gates.values()]) {
        if (gate.opening !== undefined) due = (await letGo(gate, at)) || due
        else if (gate.openAt.getTime() <= at) due = (await probe(gate)) || due
      }
      return due
    },
  }
}

/** Which gate an error shuts, and why. Pure. */
export function whatItAsks(
  resource: string,
  error: WaslError,
): { remote: string; reason: GateDocument['reason']; askedMs?: number } | undefined {
  if (error instanceof RetryableError && error.gate !== undefined) {
    const asked = error.retryAfterMs === undefined ? {} : { askedMs: clampRetryAfter(error.retryAfterMs) }
    return { remote: connectorOf(resource), reason: error.gate, ...asked }
  }
  if (error instanceof SetupError) {
    const remote = error.resource === undefined ? connectorOf(resource) : resource
    return { remote, reason: 'setup' }
  }
  return undefined
}
