import type { Lint, LintPlace } from '../plugin.ts'
import { isId, unknownField } from './fields.ts'
import { nearest } from './nearest.ts'
import { lentPath } from './references.ts'

/**
 * What a name on the right of a push or a reference stands for: a field of ours, or one that another record lends. Who
 * took it is sent again when it changes; a change is noticed of an id, and of what is fingerprinted there.
 * @param idsOnly what leads to a further record, or is kept among our own fields
 */
export function* lintPath(
  of: string,
  path: Lint['path'],
  references: ReadonlyMap<string, string>,
  { record, modules }: LintPlace,
  idsOnly = false,
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
  const lender = modules.get(module)?.record
  const theirs = lender?.fields
  if (theirs === undefined) return
  if (!Object.hasOwn(theirs, lent.field))
    yield {
      ...unknownField(lent.field, theirs, path),
      message: `${module} has no field "${lent.field}"`,
    }
  else if (isId(theirs[lent.field])) return
  else if (idsOnly)
    yield {
      path,
      code: 'LENT_FIELD_CAN_CHANGE',
      message: `"${of}" is no id: it cannot lead to another record`,
      suggestion: `take an id of ${module}`,
    }
  else if (!(lender?.fingerprint ?? []).includes(lent.field))
    yield {
      path,
      code: 'LENT_FIELD_CAN_CHANGE',
      message: `"${of}" is no id and not fingerprinted: when it changes, nobody sends this record again`,
      suggestion: `take an id of ${module}, or add "${lent.field}" to its record.fingerprint`,
    }
}
