/** The reference of fields and flows as Markdown, made from what is loaded. */
import type { FieldDefinition, PipelineFile, Scale } from '../plugin.ts'
import type { PipelineSet } from './compiled.ts'
import {
  type DependencyOptions,
  derivedDefault,
  type MapOptions,
  type PushOptions,
  type RuleFile,
  type RuleObject,
  ruleObject,
  sources,
  transformList,
} from './grammar.ts'
import { flowReferences, takenOf } from './references.ts'
import type { Registry } from './registered.ts'
import { middleOf } from './transforms/grades.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  row(...head),
  row(...head.map(() => '---')),
  ...rows.map(cells => row(...cells)),
  '',
]
const name = (text: string): string => `\`${text}\``
const names = (list: readonly string[]): string => list.map(name).join(', ')
const json = (value: unknown): string => name(JSON.stringify(value))

function typeOf(field: FieldDefinition): string {
  if (field.enum !== undefined) return field.enum.join(', ')
  if (field.items !== undefined) return `rows of ${names(Object.keys(field.items.fields))}`
  const limits = [
    field.minLength === undefined ? '' : `at least ${field.minLength} characters`,
    field.maxLength === undefined ? '' : `at most ${field.maxLength} characters`,
    field.minimum === undefined ? '' : `from ${field.minimum}`,
    field.maximum === undefined ? '' : `to ${field.maximum}`,
  ].filter(limit => limit !== '')
  return [field.format ?? field.type, ...limits].join(', ')
}

function fieldRows({ record }: PipelineFile): readonly (readonly string[])[] {
  return Object.entries(record.fields).map(([field, definition]) => {
    const identity = Object.keys(record.identity).filter(resource => record.identity[resource] === field)
    const marks = [
      ...identity.map(resource => `id in ${resource}`),
      ...(record.required?.includes(field) === true ? ['required'] : []),
      ...(record.unique?.includes(field) === true ? ['unique'] : []),
      ...(record.fingerprint.includes(field) ? ['its change is news'] : []),
    ]
    return [name(field), typeOf(definition), marks.join(', ')]
  })
}

const transforms = (transform: RuleObject['transform']): string =>
  transformList(transform)
    .map(one => (typeof one === 'string' ? name(one) : json(one)))
    .join(', then ')

/** A rule in words. */
function words(file: RuleFile, bare: 'from' | 'of'): string {
  const rule = ruleObject(file, bare)
  const derived = derivedDefault(rule)
  const parts = [
    names(sources(rule.from)).replaceAll(', ', ', else '),
    rule.of === undefined ? '' : `our ${name(rule.of)}`,
    rule.join === undefined ? '' : `our ${names(rule.join)} joined by ${json(rule.with ?? ' ')}`,
    rule.value === undefined ? '' : `always ${json(rule.value)}`,
    rule.when === undefined ? '' : `when ${json(rule.when)}`,
    rule.transform === undefined ? '' : `as ${transforms(rule.transform)}`,
    rule.values === undefined ? '' : `by ${json(rule.values)}`,
    rule.each === undefined ? '' : `each row: ${Object.keys(rule.each).map(name).join(', ')}`,
    derived === undefined
      ? ''
      : `without one, from ${name(derived.of)} ${transforms(derived.transform)}`.trimEnd(),
    derived !== undefined || rule.default === undefined ? '' : `without one, ${json(rule.default)}`,
    rule.keep === undefined ? '' : `not any more once ${name(rule.keep)} is set`,
    rule.max === undefined ? '' : `at most ${rule.max} characters`,
  ]
  return parts.filter(part => part !== '').join('; ')
}

function pushLines(push: PushOptions): string[] {
  const deletion = typeof push.onDelete === 'object' ? `sends ${json(push.onDelete)}` : push.onDelete
  return [
    `Sent to ${name(push.to)}, matched by ${names(push.match)}. On deletion: ${deletion}.`,
    '',
    ...table(
      ['field there', 'from'],
      Object.entries(push.fields).map(([field, rule]) => [name(field), words(rule, 'of')]),
    ),
    ...(push.writeBack === undefined
      ? []
      : [
          `Afterwards ${name(push.writeBack.to)} is told: ${names(Object.keys(push.writeBack.fields ?? {})) || 'marks only'}.`,
          '',
        ]),
  ]
}

/** A hold that the college can switch. */
function holdLines(flow: PipelineFile['flows'][string]): string[] {
  const holds = flow.steps.flatMap(step => Object.entries((step as DependencyOptions).holds ?? {}))
  return holds.flatMap(([hold, { on, when, until }]) => [
    `Held back by ${name(hold)} (${on ? 'on' : 'off'}; a mapping's \`holds\` switches it)${
      when === undefined ? '' : `, when our ${json(when)}`
    }, until our ${json(until)}.`,
    '',
  ])
}

/** Ids of others that it keeps among its own fields. */
function takenLines(flow: PipelineFile['flows'][string]): string[] {
  const taken = [...takenOf(flow)].map(
    ([field, of]) => `our ${name(field)} is ${name(`${of.name}.${of.field}`)}`,
  )
  return taken.length === 0 ? [] : [`From what it refers to: ${taken.join(', ')}.`, '']
}

/** The limits of a scale as its people read them: from here to below the next. */
function scaleLines({ scale, version, bands, capByOutcomes = true }: Scale): string[] {
  return [
    `### ${scale}`,
    '',
    `Version ${version}. ${
      capByOutcomes
        ? "A grade is at most the highest level among its assignment's criteria."
        : "A grade may be higher than its assignment's criteria."
    }`,
    '',
    ...table(
      ['band', 'from', 'to', 'as a score'],
      bands.map(({ grade, from }, place) => {
        const above = bands[place - 1]
        return [
          grade,
          String(from),
          above === undefined ? '100' : `below ${above.from}`,
          String(middleOf({ scale, version, bands }, grade)),
        ]
      }),
    ),
  ]
}

function flowLines(file: PipelineFile, flowName: string): string[] {
  const flow = file.flows[flowName] as PipelineFile['flows'][string]
  const map = flow.steps.find(step => step.step === 'map') as unknown as MapOptions | undefined
  const upsert = flow.steps.find(step => step.step === 'upsert')
  const references = flowReferences(flow).map(({ name: as, module, pairs, needed, ends }) => [
    name(as),
    module,
    pairs.map(({ theirs, ours }) => `${name(theirs)} = our ${name(ours)}`).join(' and '),
    `${needed ? 'waits for it' : 'taken where known'}${ends ? ', ends with it' : ''}`,
  ])
  const pushes = flow.steps.filter(step => step.step === 'push') as unknown as readonly PushOptions[]
  return [
    `### ${flowName}`,
    '',
    `From ${name(flow.from)}${flow.when === undefined ? '' : `, when ${json(flow.when)}`}. Steps: ${flow.steps.map(step => step.step).join(', ')}.${fillsOnly(
      upsert?.['overwrite'],
    )}`,
    '',
    ...table(
      ['our field', 'from'],
      Object.entries(map?.fields ?? {}).map(([field, rule]) => [name(field), words(rule, 'from')]),
    ),
    ...(references.length === 0 ? [] : table(['refers to', 'module', 'by', 'meaning'], references)),
    ...takenLines(flow),
    ...holdLines(flow),
    ...pushes.flatMap(pushLines),
  ]
}

/** Every module that runs, then the steps and transforms that a file may name. */
export function referencePage(set: PipelineSet, registry: Registry): string {
  const modules = [...set.modules.values()].flatMap(({ file, config }) => [
    `## ${file.module}`,
    '',
    `${file.summary} Version ${config}.`,
    '',
    ...table(['field', 'type', ''], fieldRows(file)),
    ...Object.keys(file.flows).flatMap(flow => flowLines(file, flow)),
  ])
  const listed = (all: Iterable<{ name: string; summary: string }>) =>
    table(
      ['name', 'what it does'],
      [...all].map(one => [name(one.name), one.summary]),
    )
  return [
    '# Modules, fields and flows',
    '',
    'Made by `wasl docs` from the pipeline files.',
    '',
    ...modules,
    ...(set.scales.size === 0 ? [] : ['## Scales', '', ...[...set.scales.values()].flatMap(scaleLines)]),
    '## Steps',
    '',
    ...listed(registry.steps.values()),
    '## Transforms',
    '',
    ...listed(registry.transforms.values()),
  ].join('\n')
}

function fillsOnly(overwrite: unknown): string {
  if (overwrite === undefined || overwrite === true) return ''
  const changes = Array.isArray(overwrite) ? ` Changes ${overwrite.map(name).join(', ')}.` : ''
  return ` Fills only what was never set.${changes}`
}
