/** Projections of `find` and `findAndModify`. */
import { numberOf } from './bson/number.ts'
import { Raw, Type } from './bson/raw.ts'
import { encode, Writer } from './bson/writer.ts'
import { CommandError, unsupported } from './errors.ts'
import { matches, matchesValue, type Node } from './match/node.ts'
import { isTrue, parseFilter } from './match/parse.ts'

export interface Projection {
  /** `position` is the array index that the query matched, for `field.$`. */
  apply(document: Raw, position: number | undefined): Raw
  readonly positional: boolean
}

type Rule =
  | { readonly kind: 'tree'; readonly rules: Map<string, Rule> }
  | { readonly kind: 'whole' }
  | { readonly kind: 'slice'; readonly skip: number; readonly limit: number | undefined }
  | { readonly kind: 'elemMatch'; readonly node: Node; readonly values: boolean }
  | { readonly kind: 'position' }

/** Undefined where everything is answered as it is. */
export function parseProjection(spec: Raw | undefined): Projection | undefined {
  if (!spec || spec.isEmpty) return undefined
  const rules = new Map<string, Rule>()
  let including: boolean | undefined
  let id: boolean | undefined
  const fields = flat(spec, '')
  for (const { name, value } of fields) {
    const rule = ruleOf(name, value)
    if (name === '_id' && rule.kind === 'whole') {
      id = isTrue(value)
      continue
    }
    if (rule.kind === 'whole' || rule.kind === 'position') {
      const includes = rule.kind === 'position' || isTrue(value)
      if (including !== undefined && including !== includes)
        throw new CommandError(
          includes ? 'Location31253' : 'Location31254',
          `Cannot do ${includes ? 'inclusion' : 'exclusion'} on field ${name} in ${includes ? 'exclusion' : 'inclusion'} projection`,
        )
      including = includes
    } else if (rule.kind === 'elemMatch') including ??= true
    addRule(rules, name.replace(/\.\$$/, ''), rule)
  }
  const inclusive = including ?? id === true
  if (inclusive ? id !== false : id === false) rules.set('_id', { kind: 'whole' })
  const positional = fields.some(field => field.name.endsWith('.$'))
  return {
    positional,
    apply(document, position) {
      const writer = new Writer(document.end - document.start + 16)
      if (inclusive) include(writer, document, rules, position)
      else exclude(writer, document, rules, position)
      return Raw.document(writer.take())
    },
  }
}

/** `{ a: { b: 1 } }` means `{ 'a.b': 1 }`. */
function flat(spec: Raw, prefix: string): { name: string; value: Raw }[] {
  return spec.fields().flatMap(({ name, value }) => {
    const whole = prefix + name
    const nested = value.type === Type.object && !value.isEmpty && !value.firstName()!.startsWith('$')
    return nested ? flat(value, `${whole}.`) : [{ name: whole, value }]
  })
}

function ruleOf(name: string, value: Raw): Rule {
  if (name.endsWith('.$')) return { kind: 'position' }
  if (name.startsWith('$'))
    throw new CommandError('FailedToParse', `FieldPath field names may not start with '$'. Found: ${name}`)
  if (value.isNumber || value.type === Type.bool) return { kind: 'whole' }
  const operator = value.type === Type.object ? value.firstName() : undefined
  const operand = operator === undefined ? undefined : value.get(operator)!
  if (operator === '$slice') return sliceRule(operand!)
  if (operator === '$elemMatch') return elementRule(operand!)
  throw unsupported(`the expression in the projection of '${name}'`)
}

function sliceRule(operand: Raw): Rule {
  if (operand.isNumber) {
    const count = Math.trunc(numberOf(operand))
    return count < 0
      ? { kind: 'slice', skip: count, limit: undefined }
      : { kind: 'slice', skip: 0, limit: count }
  }
  const parts = operand.type === Type.array ? operand.elements() : []
  if (parts.length !== 2 || !parts.every(each => each.isNumber))
    throw new CommandError('BadValue', '$slice takes a number or an array of two numbers')
  const limit = Math.trunc(numberOf(parts[1]!))
  if (limit <= 0) throw new CommandError('BadValue', 'the limit of $slice must be positive')
  return { kind: 'slice', skip: Math.trunc(numberOf(parts[0]!)), limit }
}

function elementRule(operand: Raw): Rule {
  if (operand.type !== Type.object) throw new CommandError('BadValue', '$elemMatch needs an Object')
  const first = operand.firstName()
  const values = first?.startsWith('$') === true && !['$and', '$or', '$nor'].includes(first)
  return {
    kind: 'elemMatch',
    values,
    node: values ? parseFilter(encode({ '': operand })) : parseFilter(operand),
  }
}

function addRule(rules: Map<string, Rule>, path: string, rule: Rule): void {
  const names = path.split('.')
  let level = rules
  for (const [i, name] of names.entries()) {
    const existing = level.get(name)
    const last = i === names.length - 1
    if (last ? existing : existing && existing.kind !== 'tree')
      throw new CommandError('Location31249', `Path collision at ${path}`)
    if (last) level.set(name, rule)
    else {
      const next =
        existing?.kind === 'tree' ? existing : { kind: 'tree' as const, rules: new Map<string, Rule>() }
      level.set(name, next)
      level = next.rules
    }
  }
}

function include(
  writer: Writer,
  document: Raw,
  rules: Map<string, Rule>,
  position: number | undefined,
): void {
  const start = writer.open()
  for (const field of document.fields()) {
    const rule = rules.get(field.name)
    if (!rule) continue
    if (rule.kind === 'whole') writer.slice(document.bytes, field.at, field.value.end)
    else if (rule.kind === 'tree') {
      if (!field.value.isContainer) continue
      writer.name(field.value.type, field.name)
      includeInside(writer, field.value, rule.rules, position)
    } else special(writer, field.name, field.value, rule, position)
  }
  writer.close(start)
}

function includeInside(
  writer: Writer,
  value: Raw,
  rules: Map<string, Rule>,
  position: number | undefined,
): void {
  if (value.type === Type.object) {
    include(writer, value, rules, position)
    return
  }
  const start = writer.open()
  let index = 0
  for (const element of value.elements()) {
    if (!element.isContainer) continue
    writer.name(element.type, String(index++))
    includeInside(writer, element, rules, position)
  }
  writer.close(start)
}

function exclude(
  writer: Writer,
  document: Raw,
  rules: Map<string, Rule>,
  position: number | undefined,
): void {
  const start = writer.open()
  for (const field of document.fields()) {
    const rule = rules.get(field.name)
    if (rule?.kind === 'whole') continue
    if (!rule || (rule.kind === 'tree' && !field.value.isContainer))
      writer.slice(document.bytes, field.at, field.value.end)
    else if (rule.kind === 'tree') {
      writer.name(field.value.type, field.name)
      excludeInside(writer, field.value, rule.rules, position)
    } else special(writer, field.name, field.value, rule, position)
  }
  writer.close(start)
}

function excludeInside(
  writer: Writer,
  value: Raw,
  rules: Map<string, Rule>,
  position: number | undefined,
): void {
  if (value.type === Type.object) {
    exclude(writer, value, rules, position)
    return
  }
  const start = writer.open()
  for (const [index, element] of value.elements().entries()) {
    if (!element.isContainer) {
      writer.raw(String(index), element)
      continue
    }
    writer.name(element.type, String(index))
    excludeInside(writer, element, rules, position)
  }
  writer.close(start)
}

function special(writer: Writer, name: string, value: Raw, rule: Rule, position: number | undefined): void {
  if (value.type !== Type.array) {
    if (rule.kind === 'slice') writer.raw(name, value)
    return
  }
  const elements = value.elements()
  if (rule.kind === 'slice') {
    const from = rule.skip < 0 ? Math.max(0, elements.length + rule.skip) : rule.skip
    writer.value(name, elements.slice(from, rule.limit === undefined ? undefined : from + rule.limit))
    return
  }
  if (rule.kind === 'elemMatch') {
    const { node, values } = rule
    const found = elements.find(each =>
      values ? matchesValue(node, each) : each.isContainer && matches(node, each),
    )
    if (found) writer.value(name, [found])
    return
  }
  if (position === undefined)
    throw new CommandError(
      'Location51246',
      "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
    )
  const found = elements[position]
  writer.value(name, found ? [found] : [])
}
