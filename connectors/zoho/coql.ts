/**
 * The only place where text goes into a query. A value that a query language cannot carry for certain is not
 * quoted in some hopeful way: it is `undefined`, and the caller asks in another way.
 */

/** Control characters, line ends among them, have no agreed spelling in a query. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** Letters, digits and underscores: what Zoho makes of API names. */
const API_NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/

/**
 * A text in COQL's single quotes, a quote doubled (`'O''Brien'` parses, `'O\'Brien'` is a SYNTAX_ERROR). Whether a
 * backslash is an escape there is not known, so a value with one is undefined.
 */
export const coqlText = (value: string): string | undefined =>
  CONTROL.test(value) || value.includes('\\') ? undefined : `'${value.replaceAll("'", "''")}'`

/** A number as COQL takes it, bare; undefined for anything that is none. */
export const coqlNumber = (value: string): string | undefined =>
  /^-?\d{1,18}(\.\d{1,9})?$/.test(value) ? value : undefined

/** An API name, or undefined where it could be anything else. */
export const coqlName = (name: string): string | undefined => (API_NAME.test(name) ? name : undefined)

/** Records of `module` whose `column` is one of the quoted `values`, 200 at most. */
export const coqlIn = (
  module: string,
  columns: readonly string[],
  column: string,
  values: readonly string[],
): string =>
  `select ${columns.join(', ')} from ${module} where ${column} in (${values.join(', ')}) order by id asc limit 0, 200`

/** Records of `module` modified at a moment or later, `limit` of them in the order of their ids, after an id of Zoho's. */
export const coqlModified = (
  module: string,
  since: string,
  after: string | undefined,
  limit: number,
): string => {
  const modified = `Modified_Time >= '${since}'`
  const where = after === undefined ? modified : `(${modified} and id > '${after}')`
  return `select id, Modified_Time from ${module} where ${where} order by id asc limit 0, ${limit}`
}

/**
 * A value within the criteria of `/search`: `( ) ,` and the backslash escaped by a backslash. `equals` finds more
 * than it says (parts, other punctuation), so its answers are compared again.
 */
export const criteriaValue = (value: string): string | undefined =>
  CONTROL.test(value) ? undefined : value.replace(/[\\(),]/g, '\\$&')

export const criteriaEquals = (field: string, value: string): string => `(${field}:equals:${value})`
