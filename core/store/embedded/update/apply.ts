/** Carries an update out on one document. Pure: document in, document out. */
import { arithmetic } from '../bson/number.ts'
import { Raw } from '../bson/raw.ts'
import { encode, encodeValue } from '../bson/writer.ts'
import { CommandError } from '../errors.ts'
import { compare } from '../keys.ts'
import { matches, type Node } from '../match/node.ts'
import { emptyDocument, typeName } from '../match/parse.ts'
import { isIndex } from '../path.ts'
import { addToSet, pop, pull, pullAll, push } from './array.ts'
import type { Change, Modification } from './parse.ts'
import { bit, currentDate } from './scalar.ts'
import { ArrayNode, closed, documentOf, ObjectNode, opened, type Value } from './tree.ts'

export interface Context {
  /** The index that `$` stands for: the array element that the query matched. */
  readonly position?: number | undefined
  readonly inserting: boolean
}

const mostPadding = 1_500_000

/** The changed document; the same object where nothing changed. */
export function applyModification(document: Raw, update: Modification, context: Context): Raw {
  const root = new ObjectNode(document)
  const changes = context.inserting && update.onInsert.length > 0 ? merged(update) : update.changes
  let changed = false
  for (const change of changes) {
    if (applyChange(root, change, update, context)) changed = true
  }
  if (!changed) return document
  const result = documentOf(root)
  return result.identical(document) ? document : result
}

function merged(update: Modification): Change[] {
  return [...update.changes, ...update.onInsert].sort((a, b) =>
    a.order < b.order ? -1 : a.order > b.order ? 1 : 0,
  )
}

function applyChange(root: ObjectNode, change: Change, update: Modification, context: Context): boolean {
  if (change.operator === '$renameTarget') return false
  if (change.operator === '$rename') return rename(root, change)
  return visit(root, change, 0, update, context)
}

/** Operators that do nothing where the field is missing, instead of making it. */
const needsField = new Set(['$unset', '$pull', '$pullAll', '$pop'])

function visit(
  node: ObjectNode | ArrayNode,
  change: Change,
  depth: number,
  update: Modification,
  context: Context,
): boolean {
  const name = resolved(change, depth, node, context)
  if (/^\$\[.*\]$/.test(name)) return visitMany(node, name, change, depth, update, context)
  const last = depth === change.path.names.length - 1
  if (node instanceof ArrayNode && !isIndex(name)) throw notViable(name, node, change, depth)
  const child = node instanceof ObjectNode ? node.get(name) : node.values[Number(name)]
  if (last) return place(node, name, change, child)
  if (child === undefined) {
    if (needsField.has(change.operator)) return false
    const fresh = new ObjectNode(emptyDocument)
    visit(fresh, change, depth + 1, update, context)
    put(node, name, fresh)
    return true
  }
  const inside = opened(child)
  if (inside instanceof Raw) {
    if (needsField.has(change.operator)) return false
    throw notViable(change.path.names[depth + 1]!, inside, change, depth, name)
  }
  if (!visit(inside, change, depth + 1, update, context)) return false
  if (inside !== child) put(node, name, inside)
  return true
}

function resolved(change: Change, depth: number, node: ObjectNode | ArrayNode, context: Context): string {
  const name = change.path.names[depth]!
  if (name !== '$') return name
  if (context.position === undefined) {
    throw new CommandError(
      'BadValue',
      'The positional operator did not find the match needed from the query.',
    )
  }
  if (!(node instanceof ArrayNode)) throw notViable(String(context.position), node, change, depth)
  return String(context.position)
}

/** `$[]` and `$[identifier]`. */
function visitMany(
  node: Value,
  name: string,
  change: Change,
  depth: number,
  update: Modification,
  context: Context,
): boolean {
  if (!(node instanceof ArrayNode)) {
    throw new CommandError(
      'BadValue',
      `Cannot apply array updates to non-array element ${change.path.names[depth - 1]}: ${typeName(closed(node))}`,
    )
  }
  const filter = name === '$[]' ? undefined : update.arrayFilters.get(name.slice(2, -1))
  const last = depth === change.path.names.length - 1
  let changed = false
  node.values.forEach((element, index) => {
    if (filter && !passes(filter, name.slice(2, -1), closed(element))) return
    if (last) {
      if (place(node, String(index), change, element)) changed = true
      return
    }
    const inside = opened(element)
    if (inside instanceof Raw) {
      if (needsField.has(change.operator)) return
      throw notViable(change.path.names[depth + 1]!, inside, change, depth, String(index))
    }
    if (visit(inside, change, depth + 1, update, context)) {
      node.values[index] = inside
      changed = true
    }
  })
  return changed
}

function passes(filter: Node, identifier: string, element: Raw): boolean {
  return matches(filter, encode({ [identifier]: element }))
}

function notViable(
  name: string,
  element: Value,
  change: Change,
  depth: number,
  holder = change.path.names[depth - 1],
): CommandError {
  return new CommandError(
    'PathNotViable',
    `Cannot create field '${name}' in element {${holder}: ${typeName(closed(element))}}`,
  )
}

function put(node: ObjectNode | ArrayNode, name: string, value: Value): void {
  if (node instanceof ObjectNode) {
    node.set(name, value)
    return
  }
  const index = Number(name)
  if (index > node.values.length + mostPadding)
    throw new CommandError('BadValue', `can't backfill more than ${mostPadding} elements`)
  while (node.values.length < index) node.values.push(encodeValue(null))
  node.values[index] = value
}

/** Applies the operator to the field itself; false where nothing changes. */
function place(node: ObjectNode | ArrayNode, name: string, change: Change, old: Value | undefined): boolean {
  if (change.operator === '$unset') {
    if (old === undefined) return false
    if (node instanceof ObjectNode) node.delete(name)
    else node.values[Number(name)] = encodeValue(null)
    return true
  }
  const value = outcome(change, old === undefined ? undefined : closed(old))
  if (value === undefined) return false
  put(node, name, value)
  return true
}

/** The new value of a field, undefined where it stays. */
function outcome(change: Change, old: Raw | undefined): Value | undefined {
  const { operand } = change
  switch (change.operator) {
    case '$set':
    case '$setOnInsert':
      return old?.identical(operand) ? undefined : operand
    case '$inc':
    case '$mul':
      return calculated(change, old)
    case '$min':
      return old === undefined || compare(operand, old) < 0 ? operand : undefined
    case '$max':
      return old === undefined || compare(operand, old) > 0 ? operand : undefined
    case '$push':
      return push(change, old)
    case '$addToSet':
      return addToSet(change, old)
    case '$pull':
      return pull(change, old)
    case '$pullAll':
      return pullAll(change, old)
    case '$pop':
      return pop(change, old)
    case '$currentDate':
      return currentDate(operand)
    case '$bit':
      return bit(change, old)
    default:
      throw new CommandError('FailedToParse', `Unknown modifier: ${change.operator}`)
  }
}

function calculated(change: Change, old: Raw | undefined): Raw {
  const { operand, operator, path } = change
  const verb = operator === '$inc' ? 'increment' : 'multiply'
  if (!operand.isNumber)
    throw new CommandError(
      'TypeMismatch',
      `Cannot ${verb} with non-numeric argument: {${path.text}: ${typeName(operand)}}`,
    )
  if (old === undefined) return operator === '$inc' ? operand : arithmetic('*', operand, encodeValue(0))
  if (!old.isNumber)
    throw new CommandError(
      'TypeMismatch',
      `Cannot apply ${operator} to a value of non-numeric type. The field '${path.names.at(-1)}' is of type ${typeName(old)}`,
    )
  return arithmetic(operator === '$inc' ? '+' : '*', old, operand)
}

function rename(root: ObjectNode, change: Change): boolean {
  const from = parentOf(root, change.path.names, false)
  const name = change.path.names.at(-1)!
  const value = from?.get(name)
  if (!from || value === undefined) return false
  const target = change.operand.text().split('.')
  from.delete(name)
  parentOf(root, target, true)!.set(target.at(-1)!, value)
  return true
}

/** The document that holds the last name, opened all the way; arrays may not be passed. */
function parentOf(root: ObjectNode, names: readonly string[], create: boolean): ObjectNode | undefined {
  let node = root
  for (const name of names.slice(0, -1)) {
    let child = node.get(name)
    if (child === undefined && !create) return undefined
    child = opened(child ?? emptyDocument)
    if (child instanceof ArrayNode)
      throw new CommandError(
        'BadValue',
        `The path of $rename cannot pass through an array element: '${names.join('.')}'`,
      )
    if (!(child instanceof ObjectNode)) {
      if (!create) return undefined
      throw new CommandError(
        'PathNotViable',
        `Cannot create field '${names.at(-1)}' in element {${name}: ${typeName(child)}}`,
      )
    }
    node.set(name, child)
    node = child
  }
  return node
}
