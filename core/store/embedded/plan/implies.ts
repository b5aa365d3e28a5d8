/** Whether a query can only match documents that a partial index holds. */

import { type Raw, Type } from '../bson/raw.ts'
import { Order, orderOf } from '../keys.ts'
import type { Leaf, Node } from '../match/node.ts'
import { typeTest } from '../match/operators.ts'

/** `conditions` all hold for what the query matches. */
export function implies(conditions: readonly Node[], partial: Node): boolean {
  if (partial.kind === 'and') return partial.nodes.every(each => implies(conditions, each))
  if (partial.kind === 'or') {
    return (
      partial.nodes.some(each => implies(conditions, each)) ||
      conditions.some(
        each => each.kind === 'or' && each.nodes.every(branch => implies(flattened(branch), partial)),
      )
    )
  }
  if (
    conditions.some(
      each => each.kind === 'or' && each.nodes.every(branch => implies(flattened(branch), partial)),
    )
  )
    return true
  if (partial.kind !== 'leaf') return false
  return conditions.some(
    each => each.kind === 'leaf' && each.path.text === partial.path.text && narrower(each, partial),
  )
}

export function flattened(node: Node): Node[] {
  return node.kind === 'and' ? node.nodes.flatMap(flattened) : [node]
}

function narrower(query: Leaf, partial: Leaf): boolean {
  if (partial.operator === 'exists') return needsField(query)
  if (query.operator === 'eq') return !isArray(query.operand) && partial.expand && partial.test(query.operand)
  if (query.operator === 'in')
    return query.list!.every(
      each => each.type !== Type.regex && !isArray(each) && partial.expand && partial.test(each),
    )
  if (partial.operator === 'type') {
    const types = typeTest(partial.list!).types
    if (query.operator === 'type') return [...typeTest(query.list!).types].every(type => types.has(type))
    return isRange(query) && wholeKind(query.operand).every(type => types.has(type))
  }
  if (!isRange(query) || !isRange(partial) || orderOf(query.operand) !== orderOf(partial.operand))
    return false
  const upwards = query.operator.startsWith('g')
  if (upwards !== partial.operator.startsWith('g')) return false
  return (
    partial.test(query.operand) ||
    (query.operator === partial.operator && query.operand.identical(partial.operand)) ||
    strictlySame(query, partial)
  )
}

/** `$gt: 5` lies within `$gt: 5` and `$gte: 5`, though 5 itself is not greater. */
function strictlySame(query: Leaf, partial: Leaf): boolean {
  return (
    query.operator.length === 2 &&
    query.operator === partial.operator &&
    query.operand.identical(partial.operand)
  )
}

function isArray(value: Raw): boolean {
  return value.type === Type.array
}

function isRange(leaf: Leaf): boolean {
  return ['gt', 'gte', 'lt', 'lte'].includes(leaf.operator)
}

/** All BSON types that compare with this value. */
function wholeKind(value: Raw): number[] {
  return orderOf(value) === Order.number ? [Type.double, Type.int, Type.long, Type.decimal] : [value.type]
}

function needsField(query: Leaf): boolean {
  if (query.operator === 'eq' || isRange(query)) {
    const order = orderOf(query.operand)
    return (
      order !== Order.null && order !== Order.undefined && order !== Order.minKey && order !== Order.maxKey
    )
  }
  if (query.operator === 'in') return query.list!.every(each => each.type !== Type.null)
  return true
}
