/** An update as a list of changes, checked before any document is touched. */
import { numberOf } from '../bson/number.ts'
import { type Raw, Type } from '../bson/raw.ts'
import { CommandError } from '../errors.ts'
import type { Node } from '../match/node.ts'
import { isTrue, parseFilter } from '../match/parse.ts'
import { isIndex, type Path, pathOf } from '../path.ts'

export interface Change {
  readonly operator: string
  readonly path: Path
  readonly operand: Raw
  /** Sort key of the path: MongoDB applies changes in the order of their paths. */
  readonly order: string
}

export interface Modification {
  readonly kind: 'modify'
  readonly changes: readonly Change[]
  /** Applied only when the document is inserted by an upsert. */
  readonly onInsert: readonly Change[]
  /** By identifier, for `$[identifier]`. */
  readonly arrayFilters: ReadonlyMap<string, Node>
  readonly positional: boolean
  /** First names of all changed paths: an index on none of them needs no look. */
  readonly touched: ReadonlySet<string>
}

export interface Replacement {
  readonly kind: 'replace'
  readonly document: Raw
}

export type Update = Modification | Replacement

const operators = new Set([
  '$set',
  '$unset',
  '$inc',
  '$mul',
  '$min',
  '$max',
  '$rename',
  '$setOnInsert',
  '$push',
  '$pull',
  '$pullAll',
  '$pop',
  '$addToSet',
  '$currentDate',
  '$bit',
])

export function parseUpdate(update: Raw, arrayFilters: Raw | undefined): Update {
  const first = update.firstName()
  if (!first?.startsWith('$')) {
    if (arrayFilters && !arrayFilters.isEmpty)
      throw new CommandError(
        'FailedToParse',
        'arrayFilters may not be specified for replacement-style updates',
      )
    return { kind: 'replace', document: update }
  }
  const changes: Change[] = []
  for (const { name, value } of update.fields()) {
    if (!operators.has(name)) {
      throw new CommandError(
        'FailedToParse',
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      )
    }
    if (value.type !== Type.object) {
      throw new CommandError(
        'FailedToParse',
        `Modifiers operate on fields but we found type ${value.type} instead. For example: {$mod: {<field>: ...}}`,
      )
    }
    for (const field of value.fields()) changes.push(...changesOf(name, field.name, field.value))
  }
  if (changes.length > 1) {
    changes.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    refuseConflicts(changes)
  }
  const filters = filtersOf(arrayFilters)
  const positional = changes.some(change => change.path.names.includes('$'))
  refuseUnused(changes, filters)
  return {
    kind: 'modify',
    changes: changes.filter(change => change.operator !== '$setOnInsert'),
    onInsert: changes.filter(change => change.operator === '$setOnInsert'),
    arrayFilters: filters,
    positional,
    touched: new Set(changes.map(change => change.path.names[0]!)),
  }
}

function changesOf(operator: string, name: string, operand: Raw): Change[] {
  const path = checkedPath(name)
  const change = { operator, path, operand, order: orderOf(path) }
  if (operator !== '$rename') return [change]
  if (operand.type !== Type.string)
    throw new CommandError('BadValue', `The 'to' field for $rename must be a string: ${name}`)
  const target = checkedPath(operand.text())
  if (name === target.text)
    throw new CommandError('BadValue', `The source and target field for $rename must differ: ${name}`)
  for (const each of [path, target])
    if (each.names.some(part => part === '$' || part.startsWith('$[')))
      throw new CommandError(
        'BadValue',
        `The source and target field for $rename may not be dynamic: ${each.text}`,
      )
  return [change, { operator: '$renameTarget', path: target, operand, order: orderOf(target) }]
}

function checkedPath(name: string): Path {
  const path = pathOf(name)
  if (path.names.some(part => part === ''))
    throw new CommandError(
      'EmptyFieldName',
      `The update path '${name}' contains an empty field name, which is not allowed.`,
    )
  if (path.names[0] === '$' || /^\$\[.*\]$/.test(path.names[0]!))
    throw new CommandError(
      'BadValue',
      `Cannot have positional (i.e. '$') element in the first position in path '${name}'`,
    )
  if (path.names.filter(part => part === '$').length > 1)
    throw new CommandError('BadValue', `Too many positional (i.e. '$') elements found in path '${name}'`)
  return path
}

/** New fields appear in the order of their names, numbers as numbers. */
function orderOf(path: Path): string {
  return path.names.map(name => (isIndex(name) ? `0${name.padStart(12, '0')}` : `1${name}`)).join('\u0000')
}

function refuseConflicts(changes: readonly Change[]): void {
  const seen = new Set<string>()
  const whole = new Set(changes.map(change => change.path.text))
  for (const { path } of changes) {
    const clash = (at: string) => {
      throw new CommandError(
        'ConflictingUpdateOperators',
        `Updating the path '${path.text}' would create a conflict at '${at}'`,
      )
    }
    if (seen.has(path.text)) clash(path.text)
    seen.add(path.text)
    for (let dot = path.text.indexOf('.'); dot > 0; dot = path.text.indexOf('.', dot + 1)) {
      const prefix = path.text.slice(0, dot)
      if (whole.has(prefix)) clash(prefix)
    }
  }
}

function filtersOf(arrayFilters: Raw | undefined): Map<string, Node> {
  const filters = new Map<string, Node>()
  for (const filter of arrayFilters?.elements() ?? []) {
    const names = new Set<string>()
    identifiers(filter, names)
    if (names.size !== 1)
      throw new CommandError(
        'FailedToParse',
        'Error parsing array filter :: caused by :: Expected a single top-level field name',
      )
    const [name] = [...names]
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name!))
      throw new CommandError(
        'BadValue',
        `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${name}'`,
      )
    if (filters.has(name!))
      throw new CommandError(
        'FailedToParse',
        `Found multiple array filters with the same top-level field name ${name}`,
      )
    filters.set(name!, parseFilter(filter))
  }
  return filters
}

function identifiers(filter: Raw, names: Set<string>): void {
  for (const { name, value } of filter.fields()) {
    if (!name.startsWith('$')) names.add(name.split('.')[0]!)
    else if (value.type === Type.array) for (const each of value.elements()) identifiers(each, names)
  }
}

function refuseUnused(changes: readonly Change[], filters: ReadonlyMap<string, Node>): void {
  const used = new Set<string>()
  for (const { path } of changes)
    for (const part of path.names) {
      const identifier = /^\$\[(.+)\]$/.exec(part)?.[1]
      if (!identifier) continue
      if (!filters.has(identifier))
        throw new CommandError(
          'BadValue',
          `No array filter found for identifier '${identifier}' in path '${path.text}'`,
        )
      used.add(identifier)
    }
  for (const name of filters.keys())
    if (!used.has(name))
      throw new CommandError(
        'FailedToParse',
        `The array filter for identifier '${name}' was not used in the update`,
      )
}

export function flag(value: Raw | undefined): boolean {
  return value !== undefined && isTrue(value)
}

export function integerOf(value: Raw, name: string): number {
  const number = value.isNumber ? numberOf(value) : Number.NaN
  if (!Number.isInteger(number))
    throw new CommandError('BadValue', `The value for ${name} must be an integer value`)
  return number
}
