import type { LintPlace, PipelineFile } from '../plugin.ts'
import { checkRules } from './check-rules.ts'
import {
  derivedDefault,
  type FlowFile,
  type MapOptions,
  type PushOptions,
  type RuleFile,
  ruleObject,
  type TransformFile,
  transformList,
} from './grammar.ts'
import { checkResource, type Known, scaleNames, type Tell } from './known.ts'
import { nearest } from './nearest.ts'
import { flowReferences } from './references.ts'
import type { Path } from './source.ts'

/** The order of the six; a step that somebody added may stand anywhere. */
const order = ['parse', 'map', 'fingerprint', 'dependency-check', 'upsert', 'push']
const obligatory = ['parse', 'map', 'fingerprint', 'upsert']

type Steps = NonNullable<FlowFile['steps']>

function checkOrder(steps: Steps, path: Path, tell: Tell): void {
  const seen = new Set<string>()
  let last = -1
  for (const [index, { step }] of steps.entries()) {
    const rank = order.indexOf(step)
    if (rank < 0) continue
    const at = [...path, 'steps', index, 'step']
    if (rank < last) tell(at, 'STEP_ORDER', `"${step}" must come before "${order[last]}"`)
    else if (seen.has(step) && step !== 'push') tell(at, 'STEP_TWICE', `"${step}" stands here twice`)
    seen.add(step)
    last = Math.max(last, rank)
  }
}

/** A step whose name is misspelt is not missing as well. */
function checkMissing(steps: Steps, path: Path, known: Known, tell: Tell): void {
  const names = steps.map(step => step.step)
  const misspelt = names.filter(name => known.registry.step(name) === undefined)
  for (const name of obligatory)
    if (!names.includes(name) && !misspelt.some(one => nearest(one ?? '', order) === name))
      tell([...path, 'steps'], 'STEP_MISSING', `the step "${name}" is missing`)
}

const within = (path: Path, place: Path): boolean => place.every((part, i) => path[i] === part)

/** One flow: where it comes from, its steps in order, and what each of them says. */
export function checkFlow(
  file: PipelineFile,
  name: string,
  flow: FlowFile,
  spoilt: readonly Path[],
  lintPlace: Omit<LintPlace, 'mapped'>,
  known: Known,
  tell: Tell,
): void {
  const path = ['flows', name]
  const steps = flow.steps ?? []
  const fromKnown = checkResource(flow.from, [...path, 'from'], known.registry, tell)
  const own = file.record.identity?.[flow.from]
  if (fromKnown && own === undefined)
    tell([...path, 'from'], 'NOT_AN_IDENTITY', `the record has no identity in ${flow.from}`)
  checkOrder(steps, path, tell)
  checkMissing(steps, path, known, tell)

  const map = steps.find(step => step.step === 'map') as unknown as MapOptions | undefined
  const mapped = Object.keys(map?.fields ?? {})
  if (own !== undefined && map !== undefined && !mapped.includes(own))
    tell([...path, 'steps'], 'ID_NOT_MAPPED', `"${own}", the record's id in ${flow.from}, is not mapped`)

  for (const [index, step] of steps.entries()) {
    const at = [...path, 'steps', index]
    const definition = known.registry.step(step.step)
    // A part that lacks something essential is not looked at twice.
    if (definition === undefined || spoilt.some(one => within(at, one) || one.join('/') === at.join('/')))
      continue
    for (const lint of definition.lint?.(step, { ...lintPlace, mapped }) ?? [])
      tell([...at, ...lint.path], lint.code, lint.message, lint.suggestion)
    if (step.step === 'map')
      checkRules((step['fields'] ?? {}) as Rules, [...at, 'fields'], file.record.fields, tell)
    if (step.step === 'push') checkPush(step as unknown as PushOptions, at, known, tell)
    for (const [rulePath, rule] of rulesOf(step)) checkScales(rule, [...at, ...rulePath], known, tell)
  }
  for (const reference of flowReferences(flow as never)) {
    if (known.modules.has(reference.module) || known.unreadable.has(reference.module)) continue
    const index = steps.findIndex(step => step.step === 'dependency-check')
    tell(
      [...path, 'steps', index, reference.needed ? 'needs' : 'uses', reference.name],
      'UNKNOWN_MODULE',
      `there is no module "${reference.module}"`,
      nearest(reference.module, known.modules.keys()) ?? `one of ${[...known.modules.keys()].join(', ')}`,
    )
  }
}

type Rules = Readonly<Record<string, RuleFile>>

function rulesOf(step: Steps[number]): readonly (readonly [Path, RuleFile])[] {
  const back = step['writeBack'] as { fields?: Rules } | undefined
  const groups: [Path, unknown][] = [
    [['fields'], step['fields']],
    [['writeBack', 'fields'], back?.fields],
    [['onDelete'], step['onDelete']],
  ]
  return groups.flatMap(([path, rules]) =>
    rules !== null && typeof rules === 'object'
      ? Object.entries(rules as Rules).map(([name, rule]) => [[...path, name], rule] as const)
      : [],
  )
}

function checkScales(file: RuleFile, path: Path, known: Known, tell: Tell): void {
  const rule = ruleObject(file, 'of')
  const transforms: readonly (readonly [Path, TransformFile])[] = [
    ...transformList(rule.transform).map(one => [[...path, 'transform'], one] as const),
    ...transformList(derivedDefault(rule)?.transform).map(one => [[...path, 'default'], one] as const),
  ]
  for (const [at, transform] of transforms) {
    if (typeof transform === 'string') continue
    for (const [name, options] of Object.entries(transform))
      for (const scale of scaleNames(options, known.registry.transform(name)?.options))
        if (known.scale(scale) === undefined)
          tell(
            at,
            'UNKNOWN_SCALE',
            `there is no scale "${scale}" in config/scales`,
            nearest(scale, known.scales),
          )
  }
  for (const [name, inner] of Object.entries(rule.each ?? {}))
    checkScales(inner, [...path, 'each', name], known, tell)
}

function checkPush(push: PushOptions, path: Path, known: Known, tell: Tell): void {
  checkResource(push.to, [...path, 'to'], known.registry, tell)
  if (push.writeBack !== undefined)
    checkResource(push.writeBack.to, [...path, 'writeBack', 'to'], known.registry, tell)
  const marks: readonly (readonly [Path, string | undefined, string | undefined])[] = [
    [[...path, 'marks'], push.marks, push.to],
    [[...path, 'writeBack', 'marks'], push.writeBack?.marks, push.writeBack?.to],
  ]
  for (const [at, name, to] of marks) {
    if (name === undefined || typeof to !== 'string') continue
    const connector = to.split('/', 1)[0] as string
    const all = Object.keys(known.connectorConfig(connector)?.marks ?? {})
    if (!all.includes(name))
      tell(
        at,
        'UNKNOWN_MARKS',
        `config/connectors/${connector}.json has no marks "${name}"`,
        nearest(name, all) ?? (all.length === 0 ? undefined : `one of ${all.join(', ')}`),
      )
  }
}
