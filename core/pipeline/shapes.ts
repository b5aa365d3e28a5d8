import type { JsonSchema } from '../plugin.ts'
import type { Registry } from './registered.ts'
import { connectorConfigSchema, mappingSchema, pipelineSchema, scaleSchema } from './schema.ts'
import { type ShapeCheck, shapeCheck } from './shape.ts'

type Plugins = Pick<Registry, 'steps' | 'transforms'>

export interface Shapes {
  readonly pipeline: ShapeCheck
  readonly connector: ShapeCheck
  readonly scale: ShapeCheck
  readonly mapping: ShapeCheck
}

/** Compiling the schemas costs tens of milliseconds and depends on nothing but the registry, which is frozen. */
const compiled = new WeakMap<Plugins, Shapes>()

/** The checks of shape for every kind of file, made once per registry. */
export function shapesOf(registry: Plugins): Shapes {
  let shapes = compiled.get(registry)
  if (shapes === undefined) {
    shapes = {
      pipeline: whenUsed(() => pipelineSchema(registry)),
      connector: whenUsed(() => connectorConfigSchema(registry.transforms)),
      scale: whenUsed(() => scaleSchema),
      mapping: whenUsed(mappingSchema),
    }
    compiled.set(registry, shapes)
  }
  return shapes
}

/** A college without mappings needs no check of them. */
function whenUsed(schema: () => JsonSchema): ShapeCheck {
  let check: ShapeCheck | undefined
  return source => {
    check ??= shapeCheck(schema())
    return check(source)
  }
}
