import type { ConnectorConfig, FlowFile, Json, PipelineFile } from '../plugin.ts'
import {
  type AgreeFile,
  derivedDefault,
  type HoldFile,
  type RuleFile,
  type RuleObject,
  ruleObject,
  sources,
  type WhenFile,
} from './grammar.ts'

type OverlayRule =
  | false
  | string
  | readonly string[]
  | {
      readonly from?: string | readonly string[]
      readonly values?: Readonly<Record<string, Json>>
      readonly default?: Json
    }

/** A college's own mapping of one module: what an admin edits. */
export interface MappingFile {
  readonly module: string
  readonly read?: Readonly<Record<string, Readonly<Record<string, OverlayRule>>>>
  /** By resource: the pipeline's name of a remote field -> this college's. */
  readonly names?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What holds records back, by the pipeline's names: whether it counts here. */
  readonly holds?: Readonly<Record<string, boolean>>
}

type Step = FlowFile['steps'][number]
type Renames = Readonly<Record<string, string>>

const isList = (value: unknown): value is readonly string[] => Array.isArray(value)

/** Merges key by key: what the overlay does not give stays, transforms among it; `from` replaces the source. */
function mergedRule(rule: RuleFile, overlay: Exclude<OverlayRule, false>): RuleObject {
  const given = typeof overlay === 'string' || isList(overlay) ? { from: overlay } : overlay
  const { of: _of, join: _join, with: _with, value: _value, ...rest } = ruleObject(rule, 'from')
  return given.from === undefined ? { ...ruleObject(rule, 'from'), ...given } : { ...rest, ...given }
}

/** A name, or the first part of a path, as this college calls it. */
export function renamed(name: string, names: Renames): string {
  if (Object.hasOwn(names, name)) return names[name] as string
  const dot = name.indexOf('.')
  if (dot < 0 || !Object.hasOwn(names, name.slice(0, dot))) return name
  return `${names[name.slice(0, dot)]}${name.slice(dot)}`
}

const renameKeys = <T>(object: Readonly<Record<string, T>>, names: Renames): Record<string, T> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [renamed(name, names), value]))

/** The sender's names inside a rule of `map`. */
function renameSource(file: RuleFile, names: Renames): RuleFile {
  if (typeof file === 'string') return renamed(file, names)
  if (isList(file)) return file.map(name => renamed(name, names))
  const rule = file as RuleObject
  return {
    ...rule,
    ...(rule.from === undefined ? {} : { from: sources(rule.from).map(name => renamed(name, names)) }),
    ...(rule.when === undefined ? {} : { when: renameKeys(rule.when, names) }),
  }
}

function renameMap(fields: Readonly<Record<string, RuleFile>>, names: Renames): Record<string, RuleFile> {
  return Object.fromEntries(Object.entries(fields).map(([field, rule]) => [field, renameSource(rule, names)]))
}

function overlayMap(step: Step, read: Readonly<Record<string, OverlayRule>>, names: Renames): Step {
  const fields: Record<string, RuleFile> = renameMap(step['fields'] as Record<string, RuleFile>, names)
  for (const [field, overlay] of Object.entries(read)) {
    const rule = fields[field]
    if (overlay === false) delete fields[field]
    else if (rule !== undefined) fields[field] = mergedRule(rule, overlay)
  }
  return { ...step, fields }
}

function overlayPush(step: Step, namesOf: (resource: string) => Renames): Step {
  const push = step as Step & {
    to: string
    fields: Record<string, RuleFile>
    match: string[]
    agree?: AgreeFile
    onDelete: unknown
  }
  const names = namesOf(push.to)
  const back = step['writeBack'] as { to: string; fields?: Record<string, RuleFile> } | undefined
  return {
    ...step,
    fields: renameKeys(push.fields, names),
    match: push.match.map(name => renamed(name, names)),
    ...(push.agree === undefined
      ? {}
      : { agree: { ...push.agree, fields: push.agree.fields.map(name => renamed(name, names)) } }),
    ...(typeof push.onDelete === 'object'
      ? { onDelete: renameKeys(push.onDelete as object as Renames, names) }
      : {}),
    ...(back === undefined
      ? {}
      : {
          writeBack: {
            ...back,
            ...(back.fields ? { fields: renameKeys(back.fields, namesOf(back.to)) } : {}),
          },
        }),
  }
}

function overlayHolds(step: Step, switched: Readonly<Record<string, boolean>>): Step {
  const holds = step['holds'] as Readonly<Record<string, HoldFile>> | undefined
  if (holds === undefined) return step
  const here = Object.entries(holds).map(([name, hold]) => [name, { ...hold, on: switched[name] ?? hold.on }])
  return { ...step, holds: Object.fromEntries(here) }
}

/** All that can hold a record of this module back, by name, and whether it does. */
export const holdsOf = (file: PipelineFile): Readonly<Record<string, boolean>> =>
  Object.fromEntries(
    Object.values(file.flows).flatMap(({ steps }) =>
      steps.flatMap(step =>
        Object.entries((step['holds'] ?? {}) as Readonly<Record<string, HoldFile>>).map(
          ([name, { on }]) => [name, on] as const,
        ),
      ),
    ),
  )

/** The pipeline as this college has it. */
export function applyMapping(file: PipelineFile, mapping: MappingFile): PipelineFile {
  const namesOf = (resource: string): Renames => mapping.names?.[resource] ?? {}
  const flows = Object.entries(file.flows).map(([name, flow]) => {
    const names = namesOf(flow.from)
    const steps = flow.steps.map(step => {
      if (step.step === 'map') return overlayMap(step, mapping.read?.[flow.from] ?? {}, names)
      if (step.step === 'dependency-check') return overlayHolds(step, mapping.holds ?? {})
      return step.step === 'push' ? overlayPush(step, namesOf) : step
    })
    const when: WhenFile | undefined = flow.when === undefined ? undefined : renameKeys(flow.when, names)
    return [name, { ...flow, steps, ...(when === undefined ? {} : { when }) }]
  })
  return { ...file, flows: Object.fromEntries(flows) as PipelineFile['flows'] }
}

/** The sync marks under this college's names: a mapping renames them like any other field of that remote. */
export function applyNames(config: ConnectorConfig, mapping: MappingFile): ConnectorConfig {
  const names: Renames = Object.assign(
    {},
    ...Object.entries(mapping.names ?? {})
      .filter(([resource]) => resource.startsWith(`${config.connector}/`))
      .map(([, renames]) => renames),
  )
  const marks = Object.entries(config.marks ?? {}).map(([name, marks]) => [
    name,
    Object.fromEntries(Object.entries(marks).map(([mark, rules]) => [mark, renameKeys(rules, names)])),
  ])
  return { ...config, marks: Object.fromEntries(marks) }
}

/** Why a field cannot be switched off in a flow, or undefined where it can. */
export function neededFor(file: PipelineFile, resource: string, field: string): string | undefined {
  if (file.record.required?.includes(field)) return 'the record requires it'
  if (Object.values(file.record.identity).includes(field)) return 'it is an identity'
  for (const flow of Object.values(file.flows))
    for (const step of flow.steps) {
      if (step.step === 'push') {
        const push = step as Step & { match: string[]; fields: Record<string, RuleFile> }
        for (const by of push.match ?? [])
          if (usesField(push.fields?.[by], field)) return `${String(step['to'])} is matched by it`
        for (const rule of Object.values(push.fields ?? {}))
          if (typeof rule === 'object' && field in ((rule as RuleObject).when ?? {}))
            return 'a condition reads it'
      }
      for (const { when, until } of Object.values((step['holds'] ?? {}) as Record<string, HoldFile>))
        if (field in (when ?? {}) || field in until) return 'a hold reads it'
      if (step.step === 'map' && flow.from === resource)
        for (const [other, rule] of Object.entries((step['fields'] ?? {}) as Record<string, RuleFile>)) {
          const { of, join, keep } = ruleObject(rule, 'from')
          const names = [of, ...(join ?? []), keep, derivedDefault(ruleObject(rule, 'from'))?.of]
          if (other !== field && names.includes(field)) return `${other} is made of it`
        }
    }
  return undefined
}

const usesField = (rule: RuleFile | undefined, field: string): boolean => {
  if (rule === undefined) return false
  const { of, join } = ruleObject(rule, 'of')
  return of === field || (join ?? []).includes(field)
}

/** One line of the mapping as it works now, and who says so. */
export interface EffectiveRule {
  readonly resource: string
  readonly field: string
  readonly rule: RuleFile | false
  readonly origin: 'pipeline' | 'tenant'
}

/** What `GET /field-mappings` answers: every line of every `map`, and where it comes from. */
export function effectiveMapping(
  file: PipelineFile,
  mapping: MappingFile | undefined,
): readonly EffectiveRule[] {
  const result: EffectiveRule[] = []
  const mapsOf = (pipeline: PipelineFile) =>
    Object.values(pipeline.flows).map(flow => ({
      resource: flow.from,
      fields: (flow.steps.find(step => step.step === 'map')?.['fields'] ?? {}) as Record<string, RuleFile>,
    }))
  const after = mapsOf(mapping === undefined ? file : applyMapping(file, mapping))
  mapsOf(file).forEach(({ resource, fields }, index) => {
    for (const [field, rule] of Object.entries(fields)) {
      const now = after[index]?.fields[field]
      const same = JSON.stringify(now) === JSON.stringify(rule) || mapping === undefined
      const touched = mapping?.read?.[resource]?.[field] !== undefined
      result.push({ resource, field, rule: now ?? false, origin: same && !touched ? 'pipeline' : 'tenant' })
    }
  })
  return result
}
