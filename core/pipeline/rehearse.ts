/** One event run through its pipeline in memory: what dry runs, previews and case files see. Nothing is written or sent. */
import { DataError } from '../errors.ts'
import type {
  Change,
  Ending,
  Fields,
  Json,
  Outcome,
  Payload,
  RecordView,
  Reference,
  ResourceName,
  Run,
  Version,
  Work,
} from '../plugin.ts'
import type { CompiledFlow, CompiledPipeline, PipelineSet } from './compiled.ts'
import { heard } from './heard.ts'
import type { Registry } from './registered.ts'
import { begin, chain, connectorOf, ended, isOlder } from './run.ts'

/** The records that are there. */
export interface World {
  readonly records: readonly RecordView[]
}

export interface RehearsedEvent {
  readonly resource: ResourceName
  readonly payload: Payload
  readonly kind?: 'state' | 'delete'
  readonly version?: Version
  readonly partial?: boolean
}

export interface Rehearsal {
  readonly outcome: Outcome | 'WAITING'
  readonly reason?: string
  readonly error?: DataError
  readonly module?: string
  readonly flow?: string
  /** After each step, or at the one that ended the event. */
  readonly steps: readonly { readonly name: string; readonly work: Work; readonly ended: boolean }[]
  readonly changes: readonly Change[]
  readonly missing: readonly Reference[]
  readonly kept: readonly string[]
  /** What would be sent now, references that were not found left out. */
  readonly sent: Readonly<Record<string, Payload>>
  readonly cut: readonly string[]
  readonly content: Readonly<Record<string, string>>
  /** The record as it would be stored; absent where nothing would. */
  readonly record?: RecordView
}

type Parts = { readonly set: PipelineSet; readonly registry: Pick<Registry, 'resource'>; readonly run: Run }
type Chosen = { readonly pipeline: CompiledPipeline; readonly flow: CompiledFlow }

const nothing = { steps: [], changes: [], missing: [], kept: [], sent: {}, cut: [], content: {} } as const

export function rehearse(parts: Parts, world: World, event: RehearsedEvent): Rehearsal {
  const { set, registry } = parts
  const id = registry.resource(event.resource)?.idOf(event.payload)
  const known = id === undefined ? null : byIdentity(world, `${event.resource}:${id}`)
  const chosen = set.choose(event.resource, event.payload, known?.module)
  if (chosen === undefined) {
    const error = new DataError('UNKNOWN_MODULE', `no running pipeline takes what ${event.resource} sends`)
    return { ...nothing, outcome: 'INVALID', error }
  }
  if ('skip' in chosen) return { ...nothing, outcome: 'SKIPPED', reason: chosen.skip }
  const named = { module: chosen.pipeline.module, flow: chosen.flow.name }
  const result =
    event.kind === 'delete' ? remove(parts, chosen, known, event) : state(parts, world, chosen, known, event)
  return { ...result, ...named }
}

const byIdentity = ({ records }: World, identity: string): RecordView | null =>
  records.find(record => record.identities.includes(identity)) ?? null

function state(
  parts: Parts,
  world: World,
  chosen: Chosen,
  known: RecordView | null,
  event: RehearsedEvent,
): Rehearsal {
  const { pipeline, flow } = chosen
  const version = event.version ?? parts.registry.resource(event.resource)?.versionOf(event.payload) ?? []
  const start = (record: RecordView | null) => begin({ ...event, version, record })
  let record = known
  let opened = flow.open(start(record), parts.run)
  if (record === null && !ended(opened)) {
    // The sender's object may be one that another system has told us of.
    const identities = (opened as Work).identities
    record = identities.map(one => byIdentity(world, one)).find(one => one !== null) ?? null
    if (record !== null) opened = flow.open(start(record), parts.run)
  }
  const found = ended(opened) ? {} : lookUp(world, pipelinesOf(parts), flow, opened)
  const steps = stepByStep(flow, start(record), found, parts.run)
  const last = steps[steps.length - 1]
  if (last?.ending !== undefined) return endedAt(last.ending, steps, record)
  const work = last?.work as Work
  const { sent, cut, content } = sending(chosen.pipeline, work, parts.run)
  const waiting = work.missing.length > 0
  return {
    outcome: waiting ? 'WAITING' : (work.outcome ?? 'UNCHANGED'),
    ...(waiting ? { reason: work.missing.map(whatIsMissing).join(', ') } : {}),
    ...(!waiting && work.reason !== undefined ? { reason: work.reason } : {}),
    steps,
    changes: work.changes,
    missing: work.missing,
    kept: work.kept,
    sent: waiting ? {} : sent,
    cut,
    content,
    record: stored(pipeline, flow, work, record, {
      ...heldBySender(parts, world, pipeline, work),
      ...(waiting ? {} : content),
    }),
  }
}

/** The content that the sender holds by what it says now, where that can be told. */
function heldBySender(parts: Parts, world: World, pipeline: CompiledPipeline, work: Work) {
  const { record, resource } = work
  const [plan, back] = [pipeline.pushTo(resource), pipeline.flowTo(resource)]
  const sent = record?.pushed[resource]?.content
  if (record === null || plan === undefined || back === undefined || sent === undefined) return {}
  if (work.changes.length === 0 || work.kept.length > 0) return {}
  const found = lookUp(world, pipelinesOf(parts), back, work)
  const content = heard(plan, sent, { before: record.fields, after: work.merged }, found, parts.run)
  return content === undefined ? {} : { [resource]: content }
}

const whatIsMissing = ({ label, held }: Reference): string =>
  held === true ? `held back until ${label}` : `${label} is not here yet`

const pipelinesOf = ({ set }: Parts) => set.modules

function endedAt({ end, work }: Ending, steps: Rehearsal['steps'], record: RecordView | null): Rehearsal {
  return {
    ...nothing,
    steps,
    outcome: end.outcome,
    ...(end.reason === undefined ? {} : { reason: end.reason }),
    ...(end.error === undefined ? {} : { error: end.error as DataError }),
    changes: work.changes,
    ...(record === null ? {} : { record }),
  }
}

type Found = Readonly<Record<string, RecordView | null>>

/** Every reference that can be told, the chained ones too. */
function lookUp(world: World, modules: PipelineSet['modules'], flow: CompiledFlow, work: Work): Found {
  const found: Record<string, RecordView | null> = {}
  for (;;) {
    const news = flow.references({ ...work, found }).filter(({ name }) => !(name in found))
    if (news.length === 0) return found
    for (const { name, module, key } of news)
      found[name] =
        world.records.find(
          one => one.module === module && (modules.get(module)?.keysOf(one.fields) ?? []).includes(key),
        ) ?? null
  }
}

function stepByStep(flow: CompiledFlow, start: Work, found: Found, run: Run) {
  const steps: { name: string; work: Work; ended: boolean; ending?: Ending }[] = []
  let work: Work = { ...start, found }
  for (const { name, run: step } of flow.steps) {
    const result = chain([step])(work, run)
    if (ended(result)) {
      steps.push({ name, work: result.work, ended: true, ending: result })
      return steps
    }
    work = result
    steps.push({ name, work, ended: false })
  }
  return steps
}

/** What is due, and what goes back to a sender whose values were refused. */
function sending(pipeline: CompiledPipeline, work: Work, run: Run) {
  const sent: Record<string, Payload> = {}
  const content: Record<string, string> = {}
  const cut: string[] = []
  const targets = [...work.due.map(({ to }) => to), ...(work.kept.length > 0 ? [work.resource] : [])]
  for (const to of targets) {
    const rendered = pipeline.pushTo(to)?.render(work.merged, work.found, run)
    if (rendered === undefined) continue
    sent[to] = rendered.fields
    content[to] = rendered.content
    cut.push(...rendered.cut)
  }
  return { sent, content, cut }
}

function stored(
  pipeline: CompiledPipeline,
  flow: CompiledFlow,
  work: Work,
  before: RecordView | null,
  content: Readonly<Record<string, string>>,
): RecordView {
  const side = { version: work.version, ...(work.fingerprint === undefined ? {} : { fp: work.fingerprint }) }
  const sides: Record<string, { readonly version: Version; readonly fp?: string }> = {
    ...before?.sides,
    [flow.connector]: side,
  }
  for (const to of Object.keys(content)) {
    const told = sides[connectorOf(to)]
    if (told !== undefined && connectorOf(to) !== flow.connector)
      sides[connectorOf(to)] = { version: told.version }
  }
  const pushed = Object.entries(content).map(([to, hash]) => [to, { content: hash }])
  return {
    id: before?.id ?? work.identities[0] ?? '',
    module: pipeline.module,
    fields: work.merged,
    identities: [...new Set([...work.identities, ...(before?.identities ?? [])])],
    state: 'ok',
    sides,
    pushed: { ...before?.pushed, ...Object.fromEntries(pushed) },
  }
}

/** A delete skips the steps; from a sender that only fills, it takes away the link. */
function remove(
  { run, registry }: Parts,
  { pipeline, flow }: Chosen,
  record: RecordView | null,
  event: RehearsedEvent,
): Rehearsal {
  const version = event.version ?? registry.resource(event.resource)?.versionOf(event.payload) ?? []
  if (record === null) return { ...nothing, outcome: 'DELETED' }
  if (isOlder(version, record.sides[flow.connector]?.version ?? []))
    return { ...nothing, outcome: 'SKIPPED', reason: 'older' }
  if (record.state === 'deleted') return { ...nothing, outcome: 'UNCHANGED', record }
  const sides = { ...record.sides, [flow.connector]: { version } }
  if (!flow.overwrite) {
    const fields: Fields = { ...record.fields, [flow.idField]: null }
    const identities = pipeline.identitiesOf(fields)
    return {
      ...nothing,
      outcome: 'DELETED',
      reason: 'unlinked',
      record: { ...record, sides, fields, identities },
    }
  }
  const sent: Record<string, Payload> = {}
  for (const to of Object.keys(record.pushed) as ResourceName[]) {
    if (to === flow.from) continue
    const deletion = pipeline.pushTo(to)?.renderDelete(record.fields, run)
    if (typeof deletion === 'object') sent[to] = deletion
    else if (deletion === 'delete') sent[to] = { deleted: true } satisfies Record<string, Json>
  }
  return { ...nothing, outcome: 'DELETED', sent, record: { ...record, sides, state: 'deleted' } }
}
