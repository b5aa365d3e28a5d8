/** What an upsert begins with: the fields that the query requires to be equal to something. */
import { type Raw, Type } from '../bson/raw.ts'
import { CommandError } from '../errors.ts'
import { emptyDocument } from '../match/parse.ts'
import { pathOf } from '../path.ts'
import { documentOf, ObjectNode, opened } from './tree.ts'

/** With `onlyId`, as for a replacement, only `_id` is taken. */
export function seedOf(query: Raw, onlyId: boolean): Raw {
  const equalities = new Map<string, Raw>()
  collect(query, equalities)
  const root = new ObjectNode(emptyDocument)
  for (const [path, value] of equalities) {
    if (onlyId && path !== '_id') continue
    set(root, path, value)
  }
  return documentOf(root)
}

function collect(query: Raw, equalities: Map<string, Raw>): void {
  for (const { name, value } of query.fields()) {
    if (name === '$and') for (const each of value.elements()) collect(each, equalities)
    else if (name === '$or' && value.elements().length === 1) collect(value.elements()[0]!, equalities)
    else if (!name.startsWith('$')) {
      const required = requiredValue(value)
      if (!required) continue
      if (equalities.has(name))
        throw new CommandError(
          'NotSingleValueField',
          `cannot infer query fields to set, path '${name}' is matched twice`,
        )
      equalities.set(name, required)
    }
  }
}

function requiredValue(value: Raw): Raw | undefined {
  if (value.type === Type.regex) return undefined
  if (value.type !== Type.object || !value.firstName()?.startsWith('$')) return value
  const equal = value.get('$eq')
  if (equal) return equal
  for (const name of ['$in', '$all']) {
    const list = value.get(name)
    const only = list?.type === Type.array ? list.elements() : []
    if (only.length === 1 && only[0]!.type !== Type.regex && !isOperator(only[0]!)) return only[0]
  }
  return undefined
}

function set(root: ObjectNode, text: string, value: Raw): void {
  const { names } = pathOf(text)
  let node = root
  for (const name of names.slice(0, -1)) {
    const child = opened(node.get(name) ?? emptyDocument)
    if (!(child instanceof ObjectNode))
      throw new CommandError(
        'NotSingleValueField',
        `cannot infer query fields to set, both paths '${text}' and '${name}' are matched`,
      )
    node.set(name, child)
    node = child
  }
  node.set(names.at(-1)!, value)
}

function isOperator(value: Raw): boolean {
  return value.type === Type.object && value.firstName()?.startsWith('$') === true
}
