/** `/search`: criteria, email, phone or word. `equals` finds more than it says, as Zoho's index does. */
import type { Json, Payload } from '../../../core/plugin.ts'
import { Refused, refuse } from './answers.ts'
import type { LayoutModule } from './layout.ts'

type Criterion =
  | { readonly join: 'and' | 'or'; readonly left: Criterion; readonly right: Criterion }
  | { readonly field: string; readonly operator: string; readonly value: string }

const invalid = (name: string) =>
  new Refused(
    refuse(400, 'INVALID_QUERY', 'Invalid query formed', {
      reason: 'the criteria cannot be read',
      api_name: name,
    }),
  )

/** `((A:equals:x)and(B:starts_with:y))`, with `\` before a bracket, comma or backslash that is meant as text. */
export const parseCriteria = (text: string): Criterion => {
  let at = 0
  const eat = (what: string) => {
    if (!text.startsWith(what, at)) throw invalid('criteria')
    at += what.length
  }
  const leaf = (): Criterion => {
    const head = /([A-Za-z]\w*):([a-z_]+):/y
    head.lastIndex = at
    const match = head.exec(text)
    if (match === null) throw invalid('criteria')
    at = head.lastIndex
    let value = ''
    while (at < text.length && text[at] !== ')') {
      if (text[at] === '(') throw invalid('criteria')
      if (text[at] === '\\') at++
      value += text[at] ?? ''
      at++
    }
    return { field: match[1]!, operator: match[2]!, value }
  }
  const group = (): Criterion => {
    eat('(')
    let inner = text[at] === '(' ? group() : leaf()
    for (;;) {
      const join = /(and|or)(?=\()/y
      join.lastIndex = at
      const match = join.exec(text)
      if (match === null) break
      at = join.lastIndex
      inner = { join: match[1] as 'and' | 'or', left: inner, right: group() }
    }
    eat(')')
    return inner
  }
  const criterion = text.startsWith('(') ? group() : leaf()
  if (at !== text.length) throw invalid('criteria')
  return criterion
}

const breaks = /[{}[\]^:\-/!?*_@\s.,()\\'"]+/

const words = (text: string) =>
  text
    .toLowerCase()
    .split(breaks)
    .filter(word => word !== '')

/** A text equals another when its words occur in it, one after the other, whatever stands between them. */
const roughlyEqual = (held: string, wanted: string) => {
  const [there, sought] = [words(held), words(wanted)]
  if (sought.length === 0) return false
  return there.some((_, n) => sought.every((word, m) => there[n + m] === word))
}

const plain = (value: Json | undefined): string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'object')
    return Array.isArray(value) ? value.map(String).join(' ') : String(value['id'] ?? '')
  return String(value)
}

export const meets = (criterion: Criterion, row: Payload, module: LayoutModule): boolean => {
  if ('join' in criterion)
    return criterion.join === 'and'
      ? meets(criterion.left, row, module) && meets(criterion.right, row, module)
      : meets(criterion.left, row, module) || meets(criterion.right, row, module)
  const { field, operator, value } = criterion
  const type = module.fields.get(field)?.type
  if (type === undefined && field !== 'id') throw invalid(field)
  const held = plain(row[field])
  if (held === null) return operator === 'not_equal'
  const rough = type === 'text' || type === 'textarea' || type === 'email' || type === 'phone'
  const equal = rough ? roughlyEqual(held, value) : held === value
  switch (operator) {
    case 'equals':
      return equal
    case 'not_equal':
      return !equal
    case 'starts_with':
      return held.toLowerCase().startsWith(value.toLowerCase())
    case 'in':
      return value.split(',').some(one => (rough ? roughlyEqual(held, one) : held === one))
    case 'greater_than':
      return Number(held) > Number(value)
    case 'less_than':
      return Number(held) < Number(value)
    case 'greater_equal':
      return Number(held) >= Number(value)
    case 'less_equal':
      return Number(held) <= Number(value)
    default:
      throw invalid(field)
  }
}

/** The one of the four ways to search that counts, by Zoho's order. */
export const searchOf = (
  query: ReadonlyMap<string, string>,
  module: LayoutModule,
): ((row: Payload) => boolean) => {
  const criteria = query.get('criteria')
  if (criteria !== undefined) {
    if (criteria.length > 3000) throw invalid('criteria')
    const criterion = parseCriteria(criteria)
    return row => meets(criterion, row, module)
  }
  for (const type of ['email', 'phone'] as const) {
    const wanted = query.get(type)
    if (wanted === undefined) continue
    const fields = [...module.fields].filter(([, field]) => field.type === type).map(([name]) => name)
    return row => fields.some(name => roughlyEqual(plain(row[name]) ?? '', wanted))
  }
  const word = query.get('word')
  if (word === undefined)
    throw new Refused(
      refuse(400, 'EXPECTED_PARAM_MISSING', 'one of the expected parameter is missing', {
        param_names: ['criteria', 'email', 'phone', 'word'],
      }),
    )
  return row => Object.values(row).some(value => roughlyEqual(plain(value) ?? '', word))
}
