/** A parsed filter: a tree that tests documents and that the planner can read. */
import type { Raw } from '../bson/raw.ts'
import { type Path, some } from '../path.ts'

/** A test of single values, `undefined` standing for a missing field. */
export interface Leaf {
  readonly kind: 'leaf'
  readonly path: Path
  /** Without the dollar: `eq`, `in`, `gt`. */
  readonly operator: string
  /** What it is compared with. */
  readonly operand: Raw
  /** The operand's members, for `in`, `all` and `type`. */
  readonly list?: readonly Raw[]
  /** Elements of an array are tried one by one. */
  readonly expand: boolean
  test(value: Raw | undefined): boolean
}

export interface ElementMatch {
  readonly kind: 'elemMatch'
  readonly path: Path
  /** Tests an element. */
  test(value: Raw | undefined): boolean
  /** The conditions on the elements: over documents (paths inside) or over the values. */
  readonly inner: Node
  readonly values: boolean
}

export interface Branch {
  readonly kind: 'and' | 'or' | 'nor'
  readonly nodes: readonly Node[]
}

export interface Not {
  readonly kind: 'not'
  readonly node: Node
}

/** `$expr`, `$comment`, `$alwaysTrue`: decided by a function alone. */
export interface Opaque {
  readonly kind: 'opaque'
  readonly operator: string
  decide(document: Raw): boolean
}

export type Node = Leaf | ElementMatch | Branch | Not | Opaque

export function matches(node: Node, document: Raw): boolean {
  switch (node.kind) {
    case 'leaf':
      return some(document, node.path, node.expand, node.test)
    case 'elemMatch':
      return some(document, node.path, false, node.test)
    case 'and':
      for (const each of node.nodes) if (!matches(each, document)) return false
      return true
    case 'or':
      for (const each of node.nodes) if (matches(each, document)) return true
      return false
    case 'nor':
      for (const each of node.nodes) if (matches(each, document)) return false
      return true
    case 'not':
      return !matches(node.node, document)
    case 'opaque':
      return node.decide(document)
  }
}

/** The conditions of a value test (`$elemMatch: { $gt: 1 }`) asked of one element. */
export function matchesValue(node: Node, value: Raw): boolean {
  switch (node.kind) {
    case 'leaf':
      return node.test(value)
    case 'elemMatch':
      return node.test(value)
    case 'and':
      return node.nodes.every(each => matchesValue(each, value))
    case 'or':
      return node.nodes.some(each => matchesValue(each, value))
    case 'nor':
      return !node.nodes.some(each => matchesValue(each, value))
    case 'not':
      return !matchesValue(node.node, value)
    case 'opaque':
      return true
  }
}
