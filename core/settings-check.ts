/** How a setting's text becomes a value, and how everything that is wrong is told at once. Pure. */
import { Ajv, type ErrorObject } from 'ajv'
import { SetupError } from './errors.ts'
import type { Json, JsonSchema } from './plugin.ts'

export interface Problem {
  readonly name: string
  readonly wrong: string
  readonly todo: string
}

export function converted(text: string, schema: JsonSchema): Json {
  switch (schema['type']) {
    case 'integer':
    case 'number':
      return asNumber(text, schema) as Json
    case 'boolean':
      return asBoolean(text) ?? text
    case 'array':
    case 'object':
      return asStructure(text, schema['type'])
    default:
      return text
  }
}

/** Only plain decimals are numbers: what `Number` would make of `0x10` or ` ` is not what was meant. */
export const asNumber = (text: string, schema: { readonly type?: unknown }): unknown =>
  (schema.type === 'integer' || schema.type === 'number') && /^-?\d{1,15}(\.\d+)?$/.test(text)
    ? Number(text)
    : text

export function asBoolean(text: string): boolean | undefined {
  if (/^(true|yes|on|1)$/i.test(text)) return true
  return /^(false|no|off|0)$/i.test(text) ? false : undefined
}

function asStructure(text: string, type: 'array' | 'object'): Json {
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text)
    } catch {
      // The schema's check tells that this is no list or object, with the variable's name.
      return text
    }
  }
  return type === 'array' ? text.split(',').map(part => part.trim()) : text
}

export function check(
  schema: JsonSchema,
  values: Readonly<Record<string, unknown>>,
  said: (property: string) => string,
): Problem[] {
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    verbose: true,
    ownProperties: true,
    validateFormats: false,
  })
  const { $schema: _, ...rules } = schema
  const valid = ajv.compile(rules)
  return valid(values) ? [] : (valid.errors ?? []).map(error => problem(error, said))
}

function problem(error: ErrorObject, said: (property: string) => string): Problem {
  const [property = '', ...inner] = error.instancePath.split('/').slice(1)
  const params = error.params as Record<string, unknown>
  if (error.keyword === 'required' && property === '') {
    const name = said(String(params['missingProperty']))
    return { name, wrong: 'it is not set', todo: `set ${name}` }
  }
  if (error.keyword === 'additionalProperties' && property === '') {
    const name = said(String(params['additionalProperty']))
    return { name, wrong: 'there is no such setting', todo: 'take it out, or correct its name' }
  }
  const part = error.parentSchema as { description?: string; secret?: boolean } | undefined
  const shown =
    part?.secret || property === 'key' || property === 'mongodbUri'
      ? 'its value does not fit'
      : `it is ${JSON.stringify(error.data)}`
  const allowed = params['allowedValues'] as readonly unknown[] | undefined
  const should = allowed
    ? `one of ${allowed.join(', ')}`
    : (part?.description ?? `something that ${error.message}`)
  return { name: [said(property), ...inner].join(' '), wrong: shown, todo: `set it to ${should}` }
}

export function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  const lines = problems.map(({ name, wrong, todo }) => `  ${name}: ${wrong}; ${todo}`)
  const count = problems.length === 1 ? 'one setting is' : `${problems.length} settings are`
  throw new SetupError('SETTINGS', `${count} wrong:\n${lines.join('\n')}`, {
    at: problems.map(({ name }) => name).join(', '),
    hint: 'correct the environment, the .env file or config/default.json, and start again',
  })
}

/** At most one letter too many, missing, other or swapped, or two in a longer name. */
export function near(a: string, b: string): boolean {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++)
      row.push(Math.min(row[j - 1]! + 1, before[j]! + 1, before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    before = row
  }
  return before[b.length]! <= (a.length > 4 ? 2 : 1)
}
