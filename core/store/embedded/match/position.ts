/** Which array element a filter matched: what `$` in an update or a projection stands for. */
import { Raw, Type } from '../bson/raw.ts'
import type { Path } from '../path.ts'
import { matches, type Node } from './node.ts'

/** The index in the first array that was passed on the way to a match; undefined where none was. */
export function positionOf(node: Node, document: Raw): number | undefined {
  switch (node.kind) {
    case 'leaf':
      return onPath(document, node.path, 0, node.expand, node.test)
    case 'elemMatch':
      return elementPosition(document, node.path, 0, node.test)
    case 'and': {
      let found: number | undefined
      for (const each of node.nodes) found = positionOf(each, document) ?? found
      return found
    }
    case 'or':
      for (const each of node.nodes) if (matches(each, document)) return positionOf(each, document)
      return undefined
    default:
      return undefined
  }
}

type Test = (value: Raw | undefined) => boolean

function onPath(value: Raw, path: Path, depth: number, expand: boolean, test: Test): number | undefined {
  const child = value.find(path.keys[depth]!)
  if (child === undefined) return undefined
  const last = depth === path.keys.length - 1
  if (child.type === Type.array) {
    const elements = child.elements()
    const index = elements.findIndex(element =>
      last
        ? expand && test(element)
        : element.type === Type.object && reaches(element, path, depth + 1, expand, test),
    )
    if (index >= 0) return index
    return last ? undefined : onPath(child, path, depth + 1, expand, test)
  }
  return last || child.type !== Type.object ? undefined : onPath(child, path, depth + 1, expand, test)
}

function reaches(value: Raw, path: Path, depth: number, expand: boolean, test: Test): boolean {
  const child = value.find(path.keys[depth]!)
  const last = depth === path.keys.length - 1
  if (last) return (expand && child?.type === Type.array && child.elements().some(test)) || test(child)
  if (child === undefined) return test(undefined)
  if (child.type === Type.object) return reaches(child, path, depth + 1, expand, test)
  return (
    child.type === Type.array &&
    child.elements().some(each => each.type === Type.object && reaches(each, path, depth + 1, expand, test))
  )
}

function elementPosition(value: Raw, path: Path, depth: number, test: Test): number | undefined {
  const child = value.find(path.keys[depth]!)
  if (child === undefined) return undefined
  const last = depth === path.keys.length - 1
  if (child.type === Type.array) {
    const elements = child.elements()
    const index = last
      ? elements.findIndex(element => test(arrayOf(element)))
      : elements.findIndex(
          each => each.type === Type.object && elementPosition(each, path, depth + 1, test) !== undefined,
        )
    return index >= 0 ? index : undefined
  }
  return last || child.type !== Type.object ? undefined : elementPosition(child, path, depth + 1, test)
}

/** The test of `$elemMatch` is for arrays: one element as an array of its own. */
function arrayOf(element: Raw): Raw {
  const size = element.end - element.start + 8
  const bytes = Buffer.alloc(size)
  bytes.writeInt32LE(size, 0)
  bytes[4] = element.type
  bytes[5] = 0x30
  element.bytes.copy(bytes, 7, element.start, element.end)
  return new Raw(Type.array, bytes, 0, size)
}
