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
      pipeline: shapeCheck(pipelineSchema(registry)),
      connector: shapeCheck(connectorConfigSchema(registry.transforms)),
      scale: shapeCheck(scaleSchema),
      mapping: shapeCheck(mappingSchema()),
    }
    compiled.set(registry, shapes)
  }
  return shapes
}
