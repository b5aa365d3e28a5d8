import type { StepDefinition } from '../plugin.ts'
import dependencyCheck from './dependency-check.ts'
import fingerprint from './fingerprint.ts'
import map from './map.ts'
import parse from './parse.ts'
import push from './push.ts'
import upsert from './upsert.ts'

/** The six steps, in the order in which a flow has them. */
export const builtInSteps = [
  parse,
  map,
  fingerprint,
  dependencyCheck,
  upsert,
  push,
] as readonly StepDefinition[]
