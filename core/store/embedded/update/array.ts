/** The array operators: each takes the old value and gives the new one, undefined where it stays. */
import { numberOf } from '../bson/number.ts'
import { type Raw, Type } from '../bson/raw.ts'
import { encode } from '../bson/writer.ts'
import { CommandError } from '../errors.ts'
import { equal } from '../keys.ts'
import { matches, matchesValue } from '../match/node.ts'
import { parseFilter, typeName } from '../match/parse.ts'
import { sortComparator } from '../sort.ts'
import { type Change, integerOf } from './parse.ts'
import { ArrayNode } from './tree.ts'

function elementsOf(change: Change, old: Raw | undefined): Raw[] {
  if (old === undefined) return []
  if (old.type === Type.array) return old.elements()
  const verb = change.operator
  throw new CommandError(
    verb === '$push' || verb === '$addToSet' || verb === '$pull' || verb === '$pullAll'
      ? 'BadValue'
      : 'TypeMismatch',
    verb === '$push' || verb === '$addToSet'
      ? `The field '${change.path.text}' must be an array but is of type ${typeName(old)} in document`
      : verb === '$pop'
        ? `Path '${change.path.text}' contains an element of non-array type '${typeName(old)}'`
        : `Cannot apply ${verb} to a non-array value`,
  )
}

/** `{ $each: [...] , ... }` or a single value. */
function additions(change: Change, modifiers: readonly string[]): { values: Raw[]; all: Raw | undefined } {
  const { operand, operator } = change
  if (operand.type !== Type.object || operand.get('$each') === undefined) {
    const first = operand.type === Type.object ? operand.firstName() : undefined
    if (first && modifiers.includes(first))
      throw new CommandError('BadValue', `${first} of ${operator} needs an $each`)
    return { values: [operand], all: undefined }
  }
  for (const { name } of operand.fields())
    if (name !== '$each' && !modifiers.includes(name))
      throw new CommandError('BadValue', `Unrecognized clause in ${operator}: ${name}`)
  const each = operand.get('$each')!
  if (each.type !== Type.array)
    throw new CommandError(
      'BadValue',
      `The argument to $each in ${operator} must be an array but it was of type: ${typeName(each)}`,
    )
  return { values: each.elements(), all: operand }
}

export function push(change: Change, old: Raw | undefined): ArrayNode | undefined {
  const { values, all } = additions(change, ['$slice', '$sort', '$position'])
  let elements = elementsOf(change, old)
  const before = elements.length
  const position = all?.get('$position')
  if (position) {
    const at = integerOf(position, '$position')
    elements.splice(at < 0 ? Math.max(0, elements.length + at) : at, 0, ...values)
  } else for (const value of values) elements.push(value)
  const sort = all?.get('$sort')
  if (sort) elements = sorted(elements, sort)
  const slice = all?.get('$slice')
  if (slice) {
    const count = integerOf(slice, '$slice')
    elements = count < 0 ? elements.slice(count) : elements.slice(0, count)
  }
  if (old !== undefined && values.length === 0 && !sort && elements.length === before) return undefined
  return new ArrayNode(elements)
}

function sorted(elements: Raw[], sort: Raw): Raw[] {
  if (sort.isNumber) {
    const direction = numberOf(sort)
    if (direction !== 1 && direction !== -1)
      throw new CommandError('BadValue', 'The $sort element value must be either 1 or -1')
    const byValue = sortComparator(encode({ v: direction }))
    return elements
      .map(element => ({ element, key: byValue.key(encode({ v: element })) }))
      .sort((a, b) => Buffer.compare(a.key, b.key))
      .map(each => each.element)
  }
  if (sort.type !== Type.object || sort.isEmpty)
    throw new CommandError(
      'BadValue',
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    )
  const byFields = sortComparator(sort)
  return elements
    .map(element => ({ element, key: byFields.key(element.isContainer ? element : encode({})) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(each => each.element)
}

export function addToSet(change: Change, old: Raw | undefined): ArrayNode | undefined {
  const { values } = additions(change, [])
  const elements = elementsOf(change, old)
  const before = elements.length
  for (const value of values) if (!elements.some(element => equal(element, value))) elements.push(value)
  return elements.length === before && old !== undefined ? undefined : new ArrayNode(elements)
}

export function pullAll(change: Change, old: Raw | undefined): ArrayNode | undefined {
  const { operand } = change
  if (operand.type !== Type.array)
    throw new CommandError(
      'BadValue',
      `$pullAll requires an array argument but was given a ${typeName(operand)}`,
    )
  if (old === undefined) return undefined
  const gone = operand.elements()
  return without(change, old, element => gone.some(each => equal(each, element)))
}

export function pull(change: Change, old: Raw | undefined): ArrayNode | undefined {
  const { operand } = change
  if (old === undefined) return undefined
  if (operand.type === Type.regex || (operand.type === Type.object && isCondition(operand))) {
    const filter = parseFilter(encode({ v: operand }))
    return without(change, old, element => matchesValue(filter, element))
  }
  if (operand.type === Type.object) {
    const filter = parseFilter(operand)
    return without(change, old, element => element.type === Type.object && matches(filter, element))
  }
  return without(change, old, element => equal(element, operand))
}

function isCondition(operand: Raw): boolean {
  const first = operand.firstName()
  return first?.startsWith('$') === true && !['$and', '$or', '$nor'].includes(first)
}

function without(change: Change, old: Raw, gone: (element: Raw) => boolean): ArrayNode | undefined {
  const elements = elementsOf(change, old)
  const kept = elements.filter(element => !gone(element))
  return kept.length === elements.length ? undefined : new ArrayNode(kept)
}

export function pop(change: Change, old: Raw | undefined): ArrayNode | undefined {
  const direction = change.operand.isNumber ? numberOf(change.operand) : Number.NaN
  if (direction !== 1 && direction !== -1)
    throw new CommandError('FailedToParse', '$pop expects 1 or -1, found: another value')
  if (old === undefined) return undefined
  const elements = elementsOf(change, old)
  if (elements.length === 0) return undefined
  return new ArrayNode(direction === 1 ? elements.slice(0, -1) : elements.slice(1))
}
