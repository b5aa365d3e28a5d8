import { SetupError } from './errors.ts'
import { lookUps } from './pipeline/further.ts'
import type { Registry } from './pipeline/registered.ts'
import { builtInTransforms } from './pipeline/transforms/index.ts'
import type { ConnectorDefinition, StepDefinition, TransformDefinition } from './plugin.ts'
import { builtInSteps } from './steps/index.ts'

export type { Registry } from './pipeline/registered.ts'

function named<T extends { readonly name: string }>(kind: string, all: readonly T[]): ReadonlyMap<string, T> {
  const map = new Map<string, T>()
  for (const one of all) {
    if (!/^[a-z][a-z0-9-]*$/.test(one.name))
      throw new SetupError(
        'PLUGIN_NAME',
        `"${one.name}" is no name for a ${kind}: lower-case letters, digits and dashes`,
        {
          at: one.name,
        },
      )
    if (map.has(one.name))
      throw new SetupError('PLUGIN_TWICE', `there are two ${kind}s named "${one.name}"`, {
        at: one.name,
        hint: 'Rename or remove one of them.',
      })
    map.set(one.name, one)
  }
  return map
}

/** What depends on a registry only is compiled once (`shapesOf`): so the same connectors have the same one. */
const made = new WeakMap<readonly ConnectorDefinition[], Registry>()

/**
 * Brings connectors, steps and transforms together; the same list of connectors alone is the same registry. Raises
 * SetupError `PLUGIN_TWICE` where two share a name.
 */
export function createRegistry(parts: {
  connectors: readonly ConnectorDefinition[]
  steps?: readonly StepDefinition[]
  transforms?: readonly TransformDefinition[]
}): Registry {
  const alone = parts.steps === undefined && parts.transforms === undefined
  const before = alone ? made.get(parts.connectors) : undefined
  if (before !== undefined) return before
  const connectors = named('connector', parts.connectors)
  const steps = named('step', [...builtInSteps, ...(parts.steps ?? [])])
  const transforms = named('transform', [
    ...builtInTransforms,
    ...parts.connectors.flatMap(connector => connector.transforms ?? []),
    ...(parts.transforms ?? []),
  ])
  const registry = Object.freeze({
    ...lookUps(connectors),
    steps,
    transforms,
    step: (name: string) => steps.get(name),
    transform: (name: string) => transforms.get(name),
  })
  if (alone) made.set(parts.connectors, registry)
  return registry
}
