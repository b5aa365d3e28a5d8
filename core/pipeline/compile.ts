import type {
  ConnectorConfig,
  FlowFile,
  PipelineFile,
  PushPlan,
  ResourceName,
  Scale,
  StepContext,
  StepDefinition,
  WriteBackPlan,
} from '../plugin.ts'
import type { CompiledFlow, CompiledPipeline, SharedPlan } from './compiled.ts'
import type { SharedFile, UpsertOptions } from './grammar.ts'
import { identitiesOf, uniqueOf } from './identities.ts'
import { keySets } from './keys.ts'
import { applyMapping, type MappingFile } from './overlay.ts'
import { chainedFields, flowReferences, keyOf, lentFields, takenOf } from './references.ts'
import type { Registry } from './registered.ts'
import { condition } from './rules.ts'
import { chain, connectorOf } from './run.ts'
import { isEmpty } from './values.ts'

/** What a pipeline is compiled with: the plugins, the other modules, the college's configuration. */
export interface CompileParts {
  readonly registry: Pick<Registry, 'step' | 'transform' | 'resource'>
  readonly modules: ReadonlyMap<string, PipelineFile>
  readonly connectorConfig: (connector: string) => ConnectorConfig | undefined
  readonly scale: (name: string) => Scale | undefined
  readonly tenant?: string | undefined
}

type Step = FlowFile['steps'][number]

function compileFlow(file: PipelineFile, name: string, parts: CompileParts): CompiledFlow {
  const flow = file.flows[name] as FlowFile
  const context: StepContext = { ...parts, file, flow: name, from: flow.from, ...pluginsOf(parts) }
  const used = flow.steps.map(step => ({
    step,
    definition: parts.registry.step(step.step) as StepDefinition,
  }))
  const steps = used.map(({ step, definition }) => ({
    name: step.step,
    run: definition.prepare(step, context),
  }))
  const asking = used.flatMap(({ step, definition }) => definition.wants?.(step, context) ?? [])
  const plans = used.flatMap(({ step, definition }) => definition.plan?.(step, context) ?? [])
  const border = borderOf(flow.steps, parts)
  const runs = steps.map(step => step.run)
  const fits = condition(flow.when)
  const upsert = flow.steps.find(step => step.step === 'upsert') as UpsertOptions | undefined
  return Object.freeze({
    name,
    module: file.module,
    from: flow.from,
    connector: connectorOf(flow.from),
    idField: file.record.identity[flow.from] ?? '',
    fits: fits ?? (() => true),
    overwrite: (upsert?.overwrite ?? true) === true,
    open: chain(runs.slice(0, border)),
    references: work => asking.flatMap(wants => wants(work)),
    close: chain(runs.slice(border)),
    steps,
    ...(plans[0] === undefined ? {} : { push: plans[0] }),
    pushes: plans,
    takes: takenOf(flow).size > 0,
  } satisfies CompiledFlow)
}

const pluginsOf = ({ registry }: CompileParts) => ({
  resource: (name: string) => registry.resource(name),
  transform: (name: string) => registry.transform(name),
})

/** Steps from the first that refers to other records on run when those were read; without one, from `upsert` on. */
function borderOf(steps: readonly Step[], { registry }: CompileParts): number {
  const asking = steps.findIndex(step => registry.step(step.step)?.wants !== undefined)
  const border = asking >= 0 ? asking : steps.findIndex(step => step.step === 'upsert')
  return border < 0 ? steps.length : border
}

/** Several pushes may tell one record of the sender: its fields and marks go in one write. */
function united(plans: readonly PushPlan[]): ReadonlyMap<ResourceName, WriteBackPlan> {
  const backs = new Map<ResourceName, WriteBackPlan>()
  for (const { writeBack: back } of plans) {
    if (back === undefined) continue
    const before = backs.get(back.to)
    if (before === undefined) backs.set(back.to, back)
    else
      backs.set(back.to, {
        ...back,
        render: (...told) => ({ ...before.render(...told), ...back.render(...told) }),
      })
  }
  return backs
}

function keysOf(file: PipelineFile): CompiledPipeline['keysOf'] {
  const sets = keySets(file.record)
  return fields => sets.map(names => keyOf(file.module, names, fields)).filter(key => key !== undefined)
}

function sharedPlans(file: PipelineFile): readonly SharedPlan[] {
  return Object.entries((file.record.shared ?? {}) as Readonly<Record<string, SharedFile>>).map(
    ([resource, shared]): SharedPlan => ({
      resource: resource as ResourceName,
      idField: file.record.identity[resource] ?? '',
      keyOf: fields => keyOf(file.module, shared.by, fields),
      fits: condition(shared.while) ?? (() => true),
      age: fields => (isEmpty(fields[shared.newest]) ? '' : String(fields[shared.newest])),
    }),
  )
}

/** Fields of `module` that the other pipelines take from its records. */
export function lentOf(module: string, modules: Iterable<PipelineFile>): ReadonlySet<string> {
  const lent = new Set<string>()
  for (const file of modules)
    for (const flow of Object.values(file.flows)) {
      const references = flowReferences(flow)
      for (const taken of [lentFields(flow), chainedFields(references)])
        for (const reference of references)
          if (reference.module === module)
            for (const field of taken.get(reference.name) ?? []) lent.add(field)
      for (const { name, field } of takenOf(flow).values())
        if (references.some(reference => reference.name === name && reference.module === module))
          lent.add(field)
    }
  return lent
}

/** Do other records refer to those of `module`? */
const isReferred = (module: string, modules: Iterable<PipelineFile>): boolean =>
  [...modules].some(file =>
    Object.values(file.flows).some(flow =>
      flowReferences(flow).some(reference => reference.module === module),
    ),
  )

/** So long a record may fail before it is dead, where its file does not say. */
export const RETRY_HOURS = 72

/** Once per pipeline file and mapping; both must have passed the checker. */
export function compile(
  plain: PipelineFile,
  parts: CompileParts,
  mapping?: { readonly file: MappingFile; readonly version: number },
): CompiledPipeline {
  const file = mapping === undefined ? plain : applyMapping(plain, mapping.file)
  const own = mapping === undefined ? '' : `+${parts.tenant}.${mapping.version}`
  const scales = new Map<string, number>()
  const scale: CompileParts['scale'] = name => {
    const found = parts.scale(name)
    if (found !== undefined) scales.set(name, found.version)
    return found
  }
  const flows = Object.keys(file.flows).map(name => compileFlow(file, name, { ...parts, scale }))
  const pushes = new Map(flows.flatMap(flow => flow.pushes.map(plan => [plan.to, { plan, flow }] as const)))
  const writeBacks = united(flows.flatMap(flow => flow.pushes))
  return Object.freeze({
    module: file.module,
    file,
    plain,
    ...(mapping === undefined ? {} : { mapping: mapping.file }),
    config: `${plain.version}${own}${[...scales].map(([name, version]) => `/${name}.${version}`).join('')}`,
    retryMs: (file.retryHours ?? RETRY_HOURS) * 3_600_000,
    flows,
    identity: new Map(Object.entries(file.record.identity) as [ResourceName, string][]),
    identitiesOf: identitiesOf(file.record),
    uniqueOf: uniqueOf(file.record),
    keysOf: keysOf(file),
    shared: sharedPlans(file),
    lent: lentOf(file.module, parts.modules.values()),
    referred: isReferred(file.module, parts.modules.values()),
    pushTo: resource => pushes.get(resource)?.plan,
    flowTo: resource => pushes.get(resource)?.flow,
    writeBackTo: resource => writeBacks.get(resource),
  } satisfies CompiledPipeline)
}
