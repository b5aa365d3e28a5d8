/** What a transform is. */
import type { Scale } from './files.ts'
import type { Fields } from './record.ts'
import type { Json, JsonSchema, Payload } from './values.ts'
import type { Run } from './work.ts'

export interface TransformDefinition<O = unknown> {
  readonly name: string
  readonly summary: string
  /** JSON Schema of its options, where it takes some: `{ "rescale": { "min": "grademin" } }`. */
  readonly options?: JsonSchema
  /** Never called with an empty value. Raises DataError (without `at`, which the caller adds) for a value it cannot read. */
  prepare(
    options: O,
    context: { readonly scale: (name: string) => Scale | undefined },
  ): (value: Json, work: { payload: Payload; fields: Fields }, run: Run) => Json
}

export const defineTransform = <O>(definition: TransformDefinition<O>): TransformDefinition<O> =>
  Object.freeze(definition)
