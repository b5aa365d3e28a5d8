import type { TransformDefinition } from '../../plugin.ts'
import { countryTransforms } from './country.ts'
import { dateTransforms } from './dates.ts'
import { gradeTransforms } from './grades.ts'
import { storedTransforms } from './stored.ts'
import { textTransforms } from './text.ts'

/** The transforms that come with the engine. */
export const builtInTransforms: readonly TransformDefinition[] = [
  ...textTransforms,
  ...dateTransforms,
  ...countryTransforms,
  ...(storedTransforms as readonly TransformDefinition[]),
  ...(gradeTransforms as readonly TransformDefinition[]),
]
