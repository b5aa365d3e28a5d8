/** COQL as far as it is documented and needed: one table, conditions bracketed in pairs, order, limit. */
import type { Json, Payload } from '../../../core/plugin.ts'
import { type Answer, Refused, refuse } from './answers.ts'
import type { LayoutModule } from './layout.ts'

interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'sign'
  readonly value: string
  readonly at: number
}

export type Condition =
  | { readonly join: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly column: string; readonly operator: string; readonly values: readonly string[] }

export interface Query {
  readonly columns: readonly string[]
  readonly module: string
  readonly where: Condition
  readonly order?: { readonly column: string; readonly descending: boolean }
  readonly offset: number
  readonly limit: number
}

const syntaxError = (details: Payload) =>
  new Refused(refuse(400, 'SYNTAX_ERROR', 'error occured while parsing the query', details))
const invalidQuery = (column: string, reason: string) =>
  new Refused(refuse(400, 'INVALID_QUERY', 'invalid query formed', { column_name: column, reason }))

const tokensOf = (text: string): Token[] => {
  const tokens: Token[] = []
  // A quote within a text is doubled; a backslash is a character like any other.
  const pattern =
    /\s+|'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)(?![\w.])|([A-Za-z$][\w.$]*)|(<=|>=|!=|<>|[=<>(),])/gy
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(text)
    if (match === null) throw syntaxError({ line: 1, column: at + 1 })
    const [, quoted, number, word, sign] = match
    if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted.replaceAll("''", "'"), at })
    else if (number !== undefined) tokens.push({ kind: 'number', value: number, at })
    else if (word !== undefined) tokens.push({ kind: 'word', value: word, at })
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign, at })
  }
  return tokens
}

export const parseCoql = (text: string): Query => {
  const tokens = tokensOf(text)
  let next = 0
  const peek = () => tokens[next]
  const fail = () => syntaxError({ line: 1, column: (peek()?.at ?? text.length) + 1 })
  const isWord = (word: string, token = peek()) =>
    token?.kind === 'word' && token.value.toLowerCase() === word
  const isSign = (sign: string) => peek()?.kind === 'sign' && peek()?.value === sign
  const take = (fits: boolean): Token => {
    if (!fits || peek() === undefined) throw fail()
    return tokens[next++]!
  }
  const word = (name: string) => take(isWord(name))
  const sign = (value: string) => take(isSign(value))
  const name = () => take(peek()?.kind === 'word').value
  const value = () => {
    const token = peek()
    return take(token?.kind === 'text' || token?.kind === 'number' || isWord('true') || isWord('false')).value
  }
  const valueList = () => {
    sign('(')
    const values = [value()]
    while (isSign(',')) {
      next++
      values.push(value())
    }
    sign(')')
    if (values.length > 50)
      throw new Refused(refuse(400, 'LIMIT_EXCEEDED', 'in takes 50 values', { limit: 50 }))
    return values
  }

  const comparison = (): Condition => {
    const column = name()
    if (isWord('is')) {
      next++
      const not = isWord('not') && next++ >= 0
      word('null')
      return { column, operator: not ? 'is not null' : 'is null', values: [] }
    }
    const not = isWord('not') && next++ >= 0
    if (isWord('in')) {
      next++
      return { column, operator: not ? 'not in' : 'in', values: valueList() }
    }
    if (isWord('like')) {
      next++
      return { column, operator: not ? 'not like' : 'like', values: [value()] }
    }
    if (not) throw fail()
    const operator = take(peek()?.kind === 'sign' && /^([<>]=?|=|!=|<>)$/.test(peek()!.value)).value
    return { column, operator, values: [value()] }
  }
  const primary = (): Condition => {
    if (!isSign('(')) return comparison()
    next++
    const inner = pair()
    sign(')')
    return inner
  }
  /** More than two conditions side by side are a syntax error: they are bracketed in pairs. */
  const pair = (): Condition => {
    const left = primary()
    if (!isWord('and') && !isWord('or')) return left
    const join = tokens[next++]!.value.toLowerCase() as 'and' | 'or'
    return { join, left, right: primary() }
  }

  word('select')
  const columns = [name()]
  while (isSign(',')) {
    next++
    columns.push(name())
  }
  word('from')
  const module = name()
  if (!isWord('where')) throw syntaxError({ clause: 'where', message: 'missing clause' })
  next++
  const where = pair()
  let order: { column: string; descending: boolean } | undefined
  if (isWord('order')) {
    next++
    word('by')
    const column = name()
    const descending = isWord('desc')
    if (descending || isWord('asc')) next++
    order = { column, descending }
  }
  let [offset, limit] = [0, 200]
  if (isWord('limit')) {
    next++
    const first = Number(take(peek()?.kind === 'number').value)
    if (isSign(',')) {
      next++
      offset = first
      limit = Number(take(peek()?.kind === 'number').value)
    } else limit = first
  }
  if (peek() !== undefined) throw fail()
  if (limit > 2000) throw new Refused(refuse(400, 'LIMIT_EXCEEDED', 'limit is at most 2000', { limit: 2000 }))
  return { columns, module, where, offset, limit, ...(order === undefined ? {} : { order }) }
}

/** Refuses what the module does not have or COQL does not filter by. */
export const checkQuery = (query: Query, module: LayoutModule): void => {
  if (query.columns.length > 50)
    throw new Refused(refuse(400, 'LIMIT_EXCEEDED', 'more than 50 columns', { limit: 50 }))
  const known = (column: string) =>
    ['id', 'Created_Time', 'Modified_Time', 'Owner'].includes(column) ||
    module.fields.has(column.replace(/\.id$/, ''))
  const visit = (condition: Condition): void => {
    if ('join' in condition) {
      visit(condition.left)
      visit(condition.right)
      return
    }
    const { column } = condition
    const type = module.fields.get(column)?.type
    if (!known(column)) throw invalidQuery(column, 'column given seems to be invalid')
    if (type === 'textarea' || type === 'subform')
      throw invalidQuery(column, 'column cannot be used in criteria')
    if (type === 'integer' || type === 'double')
      if (condition.values.some(value => !/^-?\d+(\.\d+)?$/.test(value)))
        throw invalidQuery(column, 'value given seems to be invalid for the column')
  }
  for (const column of query.columns)
    if (!known(column)) throw invalidQuery(column, 'column given seems to be invalid')
  visit(query.where)
}

const plain = (value: Json | undefined): string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'object') return Array.isArray(value) ? null : String(value['id'] ?? '')
  return String(value)
}

const like = (text: string, pattern: string) => {
  const parts = pattern
    .toLowerCase()
    .split('%')
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text.toLowerCase())
}

/** What a record holds in a column, asked for only where a condition needs it. */
export type Held = (column: string) => Json | undefined

const whole = /^-?\d+$/
const numeric = /^-?\d+(\.\d+)?$/
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/

/** Below zero, zero or above, as `held` stands to `value`: ids with all their digits, moments whatever their offset. */
export const compared = (held: string, value: string): number => {
  if (whole.test(held) && whole.test(value)) return Number(BigInt(held) - BigInt(value))
  if (numeric.test(held) && numeric.test(value)) return Number(held) - Number(value)
  if (moment.test(held) && moment.test(value)) return Date.parse(held) - Date.parse(value)
  const [left, right] = [held.toLowerCase(), value.toLowerCase()]
  return left < right ? -1 : left === right ? 0 : 1
}

/** Operators on a value that is there. Texts are compared without regard to case, as Zoho's database does. */
const comparisons: Readonly<Record<string, (values: readonly string[]) => (held: string) => boolean>> = {
  in: values => {
    const all = new Set(values.map(value => value.toLowerCase()))
    return held => all.has(held.toLowerCase())
  },
  like:
    ([pattern = '']) =>
    held =>
      like(held, pattern),
  '<':
    ([value = '']) =>
    held =>
      compared(held, value) < 0,
  '<=':
    ([value = '']) =>
    held =>
      compared(held, value) <= 0,
  '>':
    ([value = '']) =>
    held =>
      compared(held, value) > 0,
  '>=':
    ([value = '']) =>
    held =>
      compared(held, value) >= 0,
}
const negated: Readonly<Record<string, string>> = {
  '!=': 'in',
  '<>': 'in',
  'not in': 'in',
  'not like': 'like',
}

/** Made once for a query, asked for every record. */
export const matcher = (condition: Condition): ((held: Held) => boolean) => {
  if ('join' in condition) {
    const [left, right] = [matcher(condition.left), matcher(condition.right)]
    return condition.join === 'and' ? held => left(held) && right(held) : held => left(held) || right(held)
  }
  const { operator, values } = condition
  const column = condition.column.replace(/\.id$/, '')
  if (operator === 'is null') return held => plain(held(column)) === null
  if (operator === 'is not null') return held => plain(held(column)) !== null
  const not = negated[operator]
  const fits = comparisons[not ?? (operator === '=' ? 'in' : operator)]!(values)
  return held => {
    const value = plain(held(column))
    return value === null ? not !== undefined : fits(value) !== (not !== undefined)
  }
}

export const answerOf = (rows: readonly Payload[], more: boolean): Answer =>
  rows.length === 0
    ? { status: 204 }
    : { status: 200, body: { data: [...rows], info: { count: rows.length, more_records: more } } }
