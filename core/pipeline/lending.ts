import type { Lint, LintPlace } from '../plugin.ts'
import { isId, unknownField } from './fields.ts'
import { nearest } from './nearest.ts'
import { lentPath } from './references.ts'

/** What a name on the right of a push or a reference stands for: a field of ours, or one that another record lends. */
export function* lintPath(
  of: string,
  path: Lint['path'],
  references: ReadonlyMap<string, string>,
  { record, modules }: LintPlace,
): Iterable<Lint> {
  if (of === 'run.at' || of === 'run.error') return
  const lent = lentPath(of)
  if (lent === undefined) {
    if (!Object.hasOwn(record.fields, of)) yield unknownField(of, record.fields, path)
    return
  }
  const module = references.get(lent.name)
  if (module === undefined) {
    const meant = nearest(lent.name, references.keys())
    yield {
      path,
      code: 'UNKNOWN_REFERENCE',
      message: `"${lent.name}" is no record that this flow's dependency-check names`,
      ...(meant === undefined ? {} : { suggestion: `${meant}.${lent.field}` }),
    }
    return
  }
  const theirs = modules.get(module)?.record.fields
  if (theirs === undefined) return
  if (!Object.hasOwn(theirs, lent.field))
    yield {
      ...unknownField(lent.field, theirs, path),
      message: `${module} has no field "${lent.field}"`,
    }
  else if (!isId(theirs[lent.field]))
    yield {
      path,
      code: 'LENT_FIELD_CAN_CHANGE',
      message: `"${of}" is no id: when it changes, nobody sends this record again`,
      suggestion: `take an id of ${module}, or map the value into this record`,
    }
}
