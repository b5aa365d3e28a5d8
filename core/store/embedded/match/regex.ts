import { type Raw, Type } from '../bson/raw.ts'
import { CommandError } from '../errors.ts'

/** `i`, `m`, `s`, `u` mean the same in PCRE and JavaScript; `x` (extended) has no counterpart. */
export function regexOf(operand: Raw, options?: string): RegExp {
  const { pattern, flags } =
    operand.type === Type.regex ? operand.regex() : { pattern: operand.text(), flags: '' }
  const chosen = options ?? flags
  for (const flag of chosen)
    if (!'imsu'.includes(flag)) throw new CommandError('BadValue', `invalid flag in regex options: ${flag}`)
  try {
    return new RegExp(pattern, [...new Set(chosen)].join(''))
  } catch (cause) {
    throw new CommandError('Location51091', `Regular expression is invalid: ${(cause as Error).message}`)
  }
}

/** What every string that matches begins with; empty where that is not known. */
export function literalPrefix(operand: Raw): string {
  const { pattern, flags } = operand.regex()
  if (flags !== '' || !pattern.startsWith('^') || pattern.includes('|')) return ''
  const literal = /^\^([A-Za-z0-9 _:@/=,;#-]*)/.exec(pattern)![1]!
  const next = pattern[literal.length + 1]
  return next !== undefined && '*?{+'.includes(next) ? literal.slice(0, -1) : literal
}
