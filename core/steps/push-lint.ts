import { isId, unknownField } from '../pipeline/fields.ts'
import {
  type PushOptions,
  type RuleFile,
  type RuleObject,
  ruleObject,
  whenNames,
} from '../pipeline/grammar.ts'
import { lintPath } from '../pipeline/lending.ts'
import { nearest } from '../pipeline/nearest.ts'
import { flowReferences, lentPath, readBy } from '../pipeline/references.ts'
import type { Lint, LintPlace } from '../plugin.ts'

type Path = Lint['path']

const quoted = (names: readonly string[]): string => names.map(name => `"${name}"`).join(', ')

/** A change of what is not fingerprinted is not noticed. Ids are compared apart, and times are no news. */
function* lintHashed(of: string, path: Path, { record }: LintPlace): Iterable<Lint> {
  const field = record.fields[of]
  if (field === undefined || isId(field) || field.format === 'date-time') return
  if (record.fingerprint.includes(of)) return
  yield {
    path,
    code: 'PUSHED_NOT_FINGERPRINTED',
    message: `"${of}" is pushed but not fingerprinted: a change to it would never be sent`,
    suggestion: `add "${of}" to record.fingerprint`,
  }
}

type References = ReadonlyMap<string, string>

function* lintRule(
  file: RuleFile,
  path: Path,
  references: References,
  place: LintPlace,
  hashed: boolean,
): Iterable<Lint> {
  const rule: RuleObject = ruleObject(file, 'of')
  for (const name of readBy(file)) {
    yield* lintPath(name, path, references, place)
    if (hashed && lentPath(name) === undefined) yield* lintHashed(name, path, place)
  }
  for (const name of whenNames(rule.when)) {
    if (Object.hasOwn(place.record.fields, name)) {
      if (hashed) yield* lintHashed(name, [...path, 'when', name], place)
    } else yield unknownField(name, place.record.fields, [...path, 'when', name])
  }
  if (rule.each !== undefined && rule.of !== undefined)
    yield* lintRows(rule.each, rule.of, [...path, 'each'], place)
}

function* lintRows(
  each: NonNullable<RuleObject['each']>,
  of: string,
  path: Path,
  place: LintPlace,
): Iterable<Lint> {
  const columns = place.record.fields[of]?.items?.fields
  if (columns === undefined) return
  for (const [column, file] of Object.entries(each)) {
    const name = ruleObject(file, 'of').of
    if (name !== undefined && !Object.hasOwn(columns, name))
      yield {
        ...unknownField(name, columns, [...path, column]),
        message: `the rows of "${of}" have no field "${name}"`,
      }
  }
}

/** Only where the connector has told all its fields. */
function* lintRemote(names: readonly string[], path: Path, to: string, place: LintPlace): Iterable<Lint> {
  const known = place.resource(to)?.fields
  if (known === undefined) return
  for (const name of names) {
    if (name === 'id') continue
    const field = Object.hasOwn(known, name) ? known[name] : known['*']
    if (field === undefined) {
      const meant = nearest(name, Object.keys(known))
      yield {
        path: [...path, name],
        code: 'UNKNOWN_REMOTE_FIELD',
        message: `${to} has no field "${name}"`,
        ...(meant === undefined ? {} : { suggestion: meant }),
      }
    } else if (field.readOnly === true)
      yield {
        path: [...path, name],
        code: 'READ_ONLY_FIELD',
        message: `${to} does not let "${name}" be written`,
      }
  }
}

function* lintIdentity(to: string, field: string, path: Path, place: LintPlace): Iterable<Lint> {
  const expected = place.record.identity[to]
  // A resource that nobody knows is a finding already, and so is what is no name.
  if (expected === field || place.resource(to) === undefined) return
  yield {
    path,
    code: 'NOT_AN_IDENTITY',
    message: `"${field}" is not the record's identity in ${to}`,
    suggestion: expected ?? `add "${to}": "${field}" to record.identity`,
  }
}

export function* lintPush(push: PushOptions, place: LintPlace): Iterable<Lint> {
  const flow = place.modules.get(place.module)?.flows[place.flow]
  const references = new Map(
    (flow === undefined ? [] : flowReferences(flow)).map(reference => [reference.name, reference.module]),
  )
  const { to, fields = {}, match = [], remember = {}, writeBack } = push
  for (const [name, rule] of Object.entries(fields))
    yield* lintRule(rule, ['fields', name], references, place, true)
  yield* lintRemote(Object.keys(fields), ['fields'], to, place)
  for (const [index, by] of match.entries())
    if (typeof by === 'string' && by !== '' && by !== 'id' && !Object.hasOwn(fields, by))
      yield {
        path: ['match', index],
        code: 'UNKNOWN_MATCH',
        message: `"${by}" is matched but not sent`,
        suggestion: nearest(by, Object.keys(fields)) ?? `one of ${quoted(Object.keys(fields))}`,
      }
  for (const [index, name] of (push.agree?.fields ?? []).entries())
    if (typeof name === 'string' && !Object.hasOwn(fields, name))
      yield {
        path: ['agree', 'fields', index],
        code: 'UNKNOWN_MATCH',
        message: `"${name}" must agree but is not sent`,
        suggestion: nearest(name, Object.keys(fields)) ?? `one of ${quoted(Object.keys(fields))}`,
      }
  for (const field of Object.keys(remember)) yield* lintIdentity(to, field, ['remember', field], place)
  if (typeof push.onDelete === 'object') {
    for (const [name, rule] of Object.entries(push.onDelete))
      yield* lintRule(rule, ['onDelete', name], references, place, false)
    yield* lintRemote(Object.keys(push.onDelete), ['onDelete'], to, place)
  }
  for (const [name, field] of Object.entries(push.answers ?? {}))
    if (!Object.hasOwn(place.record.fields, field))
      yield unknownField(field, place.record.fields, ['answers', name])
  if (writeBack === undefined) return
  yield* lintIdentity(writeBack.to, writeBack.id, ['writeBack', 'id'], place)
  for (const [name, rule] of Object.entries(writeBack.fields ?? {}))
    yield* lintRule(rule, ['writeBack', 'fields', name], new Map(), place, false)
  yield* lintRemote(Object.keys(writeBack.fields ?? {}), ['writeBack', 'fields'], writeBack.to, place)
}
