/** Field mappings as admins edit them: what counts and where it comes from, versions, and what a change would do. */
import { readDelivery } from '../delivery/arrive.ts'
import type { Finding } from '../errors.ts'
import { parseJson } from '../json.ts'
import { equal } from '../pipeline/canonical.ts'
import type { CompiledPipeline, PipelineSet } from '../pipeline/compiled.ts'
import type { SavedMapping } from '../pipeline/configuration.ts'
import { type RuleFile, ruleObject, sources } from '../pipeline/grammar.ts'
import { holdsOf, type MappingFile } from '../pipeline/overlay.ts'
import { rehearse } from '../pipeline/rehearse.ts'
import type { ConnectorDefinition, Json, PipelineFile, RecordView, ResourceName } from '../plugin.ts'
import type { Store } from '../store/connect.ts'
import type { DeliveryDocument } from '../store/documents.ts'
import type { MappingDocument } from '../store/mappings.ts'
import type { Desk } from './desk.ts'

const MOST_VERSIONS = 100

/** What the desk needs besides to try a mapping before it counts. */
export interface MappingDesk extends Desk {
  readonly connectors: ReadonlyMap<string, ConnectorDefinition>
  /** The tenant's pipelines as they would be with this mapping, or that of its file, with what is wrong with it. */
  readonly rehearsed: (module: string, saved: SavedMapping | undefined) => Promise<PipelineSet>
  /** Milliseconds since 1970 -> the college's settings. */
  readonly timezone: string
}

export interface MappingLine {
  readonly flow: string
  readonly from: string
  readonly field: string
  readonly rule: Json
  /** Who says so: the pipeline's file, or this college's mapping. */
  readonly origin: 'pipeline' | 'mapping'
}

export interface MappingView {
  readonly module: string
  /** What If-Match must name: 0 where there is no mapping, 1 for a file's. */
  readonly version: number
  readonly mapping: Json
  readonly lines: readonly MappingLine[]
  /** What can hold records back, and whether it does. */
  readonly holds: Readonly<Record<string, boolean>>
  readonly by?: string
  readonly reason?: string
  readonly at?: string
}

export async function showMapping(desk: Desk, module: string): Promise<MappingView | undefined> {
  const pipeline = desk.tenant.pipelines.modules.get(module)
  if (pipeline === undefined) return undefined
  const [saved] = await desk.store.mappings.versions(desk.tenant.id, module, 1)
  return {
    module,
    version: saved?.version ?? (pipeline.mapping === undefined ? 0 : 1),
    mapping: (saved?.mapping ?? pipeline.mapping ?? { module }) as Json,
    lines: linesOf(pipeline),
    holds: holdsOf(pipeline.file),
    ...(saved === undefined ? {} : { by: saved.by, reason: saved.reason, at: saved.at.toISOString() }),
  }
}

/** Every line of every flow as it runs. */
function linesOf({ file, plain }: CompiledPipeline): readonly MappingLine[] {
  return Object.entries(file.flows).flatMap(([flow, { from }]) => {
    const plainRules = rulesOf(plain, flow)
    return Object.entries(rulesOf(file, flow)).map(
      ([field, rule]): MappingLine => ({
        flow,
        from,
        field,
        rule,
        origin: isSameRule(rule, plainRules[field]) ? 'pipeline' : 'mapping',
      }),
    )
  })
}

/** A name, a list of one name and an object that says no more are one rule. */
export function isSameRule(a: Json, b: Json | undefined): boolean {
  if (b === undefined) return false
  const whole = (rule: Json): Json => {
    const { from, ...rest } = ruleObject(rule as RuleFile, 'from')
    return { ...(from === undefined ? {} : { from: [...sources(from)] }), ...rest } as Json
  }
  return equal(whole(a), whole(b))
}

export function rulesOf(file: PipelineFile, flow: string): Readonly<Record<string, Json>> {
  const map = file.flows[flow]?.steps.find(({ step }) => step === 'map')
  return (map?.['fields'] ?? {}) as Readonly<Record<string, Json>>
}

export type Saved =
  | { readonly saved: number }
  /** Somebody else has saved meanwhile; what counts now. */
  | { readonly stale: number }
  | { readonly findings: readonly Finding[] }

/** Saves a mapping as the next version, if `version` is still the one that counts and nothing is wrong with it. */
export async function saveMapping(
  desk: MappingDesk,
  module: string,
  version: number,
  mapping: MappingFile,
  reason: string,
): Promise<Saved | undefined> {
  const current = await showMapping(desk, module)
  if (current === undefined) return undefined
  if (current.version !== version) return { stale: current.version }
  const next = Math.max(1, version) + 1
  const findings = await findingsOf(desk, module, next, mapping)
  if (findings.length > 0) return { findings }
  const { store, tenant, audit, by, now } = desk
  await audit.write({
    tenant: tenant.id,
    by,
    action: 'mapping.save',
    target: module,
    details: { version: next, reason },
  })
  const added = await store.mappings.add({
    tenant: tenant.id,
    module,
    version: next,
    mapping: mapping as unknown as MappingDocument['mapping'],
    by,
    reason,
    at: new Date(now()),
  })
  return added ? { saved: next } : { stale: next }
}

async function findingsOf(
  desk: MappingDesk,
  module: string,
  version: number,
  mapping: MappingFile,
): Promise<readonly Finding[]> {
  const { findings } = await desk.rehearsed(module, { version, mapping })
  const own = `mapping ${desk.tenant.id}/${module}, version ${version}`
  return findings.filter(({ file }) => file === own)
}

export async function mappingVersions({ store, tenant }: Desk, module: string) {
  const found = await store.mappings.versions(tenant.id, module, MOST_VERSIONS)
  return found.map(({ version, by, reason, at, mapping }) => ({
    version,
    by,
    reason,
    at: at.toISOString(),
    mapping,
  }))
}

/** Saves an earlier version again, as the newest. */
export async function rollBack(
  desk: MappingDesk,
  module: string,
  version: number,
  to: number,
  reason: string,
): Promise<Saved | undefined> {
  const earlier = await desk.store.mappings.one(desk.tenant.id, module, to)
  if (earlier === null) return undefined
  return saveMapping(desk, module, version, earlier.mapping as unknown as MappingFile, reason)
}

export interface Difference {
  readonly event: string
  readonly identity?: string
  readonly outcome: { readonly before: string; readonly after: string }
  readonly fields: readonly { readonly field: string; readonly before: Json; readonly after: Json }[]
}

export interface Preview {
  readonly findings: readonly Finding[]
  /** Events that were run through both. */
  readonly events: number
  readonly differences: readonly Difference[]
}

/** The newest `most` events of the module through the mapping that counts and through `mapping`; nothing is written. */
export async function previewMapping(
  desk: MappingDesk,
  module: string,
  mapping: MappingFile,
  most: number,
): Promise<Preview | undefined> {
  const current = await showMapping(desk, module)
  if (current === undefined) return undefined
  const version = Math.max(1, current.version) + 1
  const findings = await findingsOf(desk, module, version, mapping)
  if (findings.length > 0) return { findings, events: 0, differences: [] }
  const changed = await desk.rehearsed(module, { version, mapping })
  const samples = await desk.store.history.samples(desk.tenant.id, module, most)
  const events = samples.flatMap(delivery => payloadsOf(desk, delivery, module)).slice(0, most)
  const differences = events.flatMap(({ id, resource, payload }) => {
    const through = (set: PipelineSet) => {
      const run = { tenant: desk.tenant.id, timezone: desk.timezone, language: desk.language, at: desk.now() }
      return rehearse({ set, registry: set.registry, run }, { records: [] }, { resource, payload })
    }
    const [before, after] = [through(desk.tenant.pipelines), through(changed)]
    const fields = differing(before.record, after.record)
    if (fields.length === 0 && before.outcome === after.outcome) return []
    const own = changed.registry.resource(resource)?.idOf(payload)
    return [
      {
        event: id,
        ...(own === undefined ? {} : { identity: `${resource}:${own}` }),
        outcome: { before: before.outcome, after: after.outcome },
        fields,
      },
    ]
  })
  return { findings: [], events: events.length, differences }
}

function differing(before: RecordView | undefined, after: RecordView | undefined): Difference['fields'] {
  const names = new Set([...Object.keys(before?.fields ?? {}), ...Object.keys(after?.fields ?? {})])
  return [...names].flatMap(field => {
    const [a, b] = [before?.fields[field] ?? null, after?.fields[field] ?? null]
    return equal(a, b) ? [] : [{ field, before: a, after: b }]
  })
}

/** The whole payloads that a stored delivery carries; what only points at a record is left out. */
function payloadsOf(desk: MappingDesk, delivery: DeliveryDocument, module: string) {
  const { tenant, connectors } = desk
  const { channel } = delivery
  // What Wasl itself has looked up was not sent by anybody.
  if (channel === 'lookup' || channel === 'sweep' || delivery.unreadable === true) return []
  const { events } = readDelivery(
    connectors.get(delivery.connector),
    { ...delivery, channel, receivedAt: delivery.receivedAt.getTime(), body: parseJson(delivery.raw) },
    (connector, route) => tenant.pipelines.resourceOf(connector, route),
  )
  return events.flatMap(({ payload, kind, resource }, place) => {
    const stored = delivery.events[place]
    if (payload === undefined || kind !== 'state' || stored?.module !== module) return []
    return [{ id: stored.id, resource: `${delivery.connector}/${resource}` as ResourceName, payload }]
  })
}

/** What admins have saved, by module, as pipelines are loaded with it. */
export async function savedMappings(
  store: Pick<Store, 'mappings'>,
  tenant: string,
): Promise<Readonly<Record<string, SavedMapping>>> {
  const newest = await store.mappings.newest(tenant)
  return Object.fromEntries(
    newest.map(({ module, version, mapping }) => [
      module,
      { version, mapping: mapping as unknown as MappingFile },
    ]),
  )
}
