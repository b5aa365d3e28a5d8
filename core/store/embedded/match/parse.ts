/** Filters become trees; what is not known is refused by name. */

import { numberOf } from '../bson/number.ts'
import { Raw, Type, typeNames } from '../bson/raw.ts'
import { CommandError, unsupported } from '../errors.ts'
import { type Path, pathOf } from '../path.ts'
import { type ElementMatch, type Leaf, matches, matchesValue, type Node } from './node.ts'
import {
  bitsTest,
  comparison,
  equals,
  inList,
  modTest,
  regexTest,
  sizeTest,
  type Test,
  typeTest,
} from './operators.ts'

/** Decides an aggregation expression about a document (`$expr`). */
export type Evaluate = (expression: Raw) => (document: Raw) => boolean

const elsewhere = new Set(['$where', '$text', '$jsonSchema', '$near', '$nearSphere', '$geoWithin'])
for (const name of ['$geoIntersects', '$within', '$geoNear', '$sampleRate', '$rand']) elsewhere.add(name)

export function parseFilter(filter: Raw, evaluate?: Evaluate): Node {
  const nodes: Node[] = []
  for (const { name, value } of filter.fields()) {
    if (name.startsWith('$') && !references.has(name)) {
      const node = logical(name, value, evaluate)
      if (node) nodes.push(node)
    } else nodes.push(...condition(pathOf(name), value))
  }
  return nodes.length === 1 ? nodes[0]! : { kind: 'and', nodes }
}

function logical(name: string, value: Raw, evaluate: Evaluate | undefined): Node | undefined {
  if (name === '$and' || name === '$or' || name === '$nor') {
    if (value.type !== Type.array) throw new CommandError('BadValue', `${name} must be an array`)
    if (value.isEmpty) throw new CommandError('BadValue', '$and/$or/$nor must be a nonempty array')
    const nodes = value.elements().map(each => {
      if (each.type !== Type.object)
        throw new CommandError('BadValue', '$or/$and/$nor entries need to be full objects')
      return parseFilter(each, evaluate)
    })
    return { kind: name.slice(1) as 'and' | 'or' | 'nor', nodes }
  }
  if (name === '$comment') return undefined
  if (name === '$expr') {
    if (!evaluate) throw unsupported('$expr here')
    return { kind: 'opaque', operator: '$expr', decide: evaluate(value) }
  }
  if (name === '$alwaysTrue' || name === '$alwaysFalse')
    return { kind: 'opaque', operator: name, decide: () => name === '$alwaysTrue' }
  if (elsewhere.has(name)) throw unsupported(name)
  throw new CommandError(
    'BadValue',
    `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
  )
}

/** Fields of a DBRef, not operators. */
const references = new Set(['$ref', '$id', '$db'])

function isOperators(value: Raw): boolean {
  if (value.type !== Type.object) return false
  const first = value.firstName()
  return first?.startsWith('$') === true && !references.has(first)
}

function condition(path: Path, value: Raw): Node[] {
  if (isOperators(value)) return operators(path, value)
  if (value.type === Type.regex) return [leaf(path, 'regex', value, regexTest(value))]
  return [leaf(path, 'eq', value, equals(value))]
}

function leaf(path: Path, operator: string, operand: Raw, test: Test, more: Partial<Leaf> = {}): Leaf {
  return { kind: 'leaf', path, operator, operand, expand: true, test, ...more }
}

/** The conditions of `{ $gt: 1, $lt: 5 }` on a path. */
function operators(path: Path, value: Raw): Node[] {
  const nodes: Node[] = []
  const fields = value.fields()
  for (const { name, value: operand } of fields) {
    if (name === '$options') {
      if (!fields.some(field => field.name === '$regex'))
        throw new CommandError('BadValue', '$options needs a $regex')
      continue
    }
    nodes.push(operator(path, name, operand, value))
  }
  return nodes
}

function operator(path: Path, name: string, operand: Raw, all: Raw): Node {
  switch (name) {
    case '$eq':
      return leaf(path, 'eq', operand, equals(operand))
    case '$ne':
      if (operand.type === Type.regex) throw new CommandError('BadValue', `Can't have regex as arg to $ne.`)
      return { kind: 'not', node: leaf(path, 'eq', operand, equals(operand)) }
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte': {
      const kind = name.slice(1) as 'gt' | 'gte' | 'lt' | 'lte'
      return leaf(path, kind, operand, comparison(kind, operand))
    }
    case '$in':
      return within(path, name, operand)
    case '$nin':
      return { kind: 'not', node: within(path, name, operand) }
    case '$not':
      return negation(path, operand)
    case '$exists': {
      const node = leaf(path, 'exists', operand, value => value !== undefined, { expand: false })
      return isTrue(operand) ? node : { kind: 'not', node }
    }
    case '$type': {
      const list = operand.type === Type.array ? operand.elements() : [operand]
      return leaf(path, 'type', operand, typeTest(list).test, { list })
    }
    case '$size':
      return leaf(path, 'size', operand, sizeTest(operand), { expand: false })
    case '$mod':
      return leaf(path, 'mod', operand, modTest(operand))
    case '$regex':
      return pattern(path, operand, all)
    case '$all':
      return everyOf(path, operand)
    case '$elemMatch':
      return elementMatch(path, operand)
    case '$bitsAllSet':
    case '$bitsAnySet':
    case '$bitsAllClear':
    case '$bitsAnyClear':
      return leaf(path, name.slice(1), operand, bitsTest(name.slice(1), operand))
    default:
      if (elsewhere.has(name)) throw unsupported(name)
      throw new CommandError('BadValue', `unknown operator: ${name}`)
  }
}

export function isTrue(value: Raw): boolean {
  if (value.type === Type.bool) return value.bytes[value.start] === 1
  if (value.isNumber) return numberOf(value) !== 0
  return value.type !== Type.null && value.type !== Type.undefined
}

function within(path: Path, name: string, operand: Raw): Leaf {
  if (operand.type !== Type.array) throw new CommandError('BadValue', `${name} needs an array`)
  const list = operand.elements()
  for (const each of list)
    if (each.type === Type.object && isOperators(each))
      throw new CommandError('BadValue', `cannot nest $ under ${name}`)
  return leaf(path, 'in', operand, inList(list), { list })
}

function negation(path: Path, operand: Raw): Node {
  if (operand.type === Type.regex)
    return { kind: 'not', node: leaf(path, 'regex', operand, regexTest(operand)) }
  if (operand.type !== Type.object || !isOperators(operand))
    throw new CommandError('BadValue', '$not needs a regex or a document')
  return { kind: 'not', node: { kind: 'and', nodes: operators(path, operand) } }
}

function pattern(path: Path, operand: Raw, all: Raw): Leaf {
  if (operand.type !== Type.string && operand.type !== Type.regex)
    throw new CommandError('BadValue', '$regex has to be a string')
  const options = all.get('$options')
  if (options && options.type !== Type.string)
    throw new CommandError('BadValue', '$options has to be a string')
  return leaf(
    path,
    options || operand.type === Type.string ? 'regexWithOptions' : 'regex',
    operand,
    regexTest(operand, options?.text()),
  )
}

function everyOf(path: Path, operand: Raw): Node {
  if (operand.type !== Type.array) throw new CommandError('BadValue', '$all needs an array')
  const list = operand.elements()
  if (list.length === 0) return { kind: 'opaque', operator: '$alwaysFalse', decide: () => false }
  const nodes = list.map((each): Node => {
    if (each.type === Type.object && each.firstName() === '$elemMatch')
      return elementMatch(path, each.get('$elemMatch')!)
    if (each.type === Type.object && isOperators(each))
      throw new CommandError('BadValue', 'no $ expressions in $all')
    return each.type === Type.regex
      ? leaf(path, 'regex', each, regexTest(each))
      : leaf(path, 'eq', each, equals(each))
  })
  return nodes.length === 1 ? nodes[0]! : { kind: 'and', nodes }
}

function elementMatch(path: Path, operand: Raw): ElementMatch {
  if (operand.type !== Type.object) throw new CommandError('BadValue', '$elemMatch needs an Object')
  const first = operand.firstName()
  const values =
    first?.startsWith('$') === true &&
    !references.has(first) &&
    !['$and', '$or', '$nor', '$expr', '$where'].includes(first)
  const inner: Node = values ? { kind: 'and', nodes: operators(path, operand) } : parseFilter(operand)
  const test = values
    ? (element: Raw) => matchesValue(inner, element)
    : (element: Raw) => element.isContainer && matches(inner, element)
  return {
    kind: 'elemMatch',
    path,
    inner,
    values,
    test: value => value !== undefined && value.type === Type.array && value.elements().some(test),
  }
}

/** `{}`, for callers that have no filter. */
export const emptyDocument: Raw = new Raw(Type.object, Buffer.from([5, 0, 0, 0, 0]), 0, 5)

/** For messages: what kind of thing this is. */
export function typeName(value: Raw): string {
  return typeNames[value.type] ?? 'unknown'
}
