import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Finding } from '../errors.ts'
import type { JsonSchema } from '../plugin.ts'
import { nearest } from './nearest.ts'
import type { Path, Source } from './source.ts'
import { shown } from './values.ts'

export type ShapeCheck = (source: Source) => { finding: Finding; path: Path; keyword: string }[]

const MAX_FINDINGS = 100

/** Compiles a schema for files. All findings are told, which traffic must never be (it costs too much). */
export function shapeCheck(schema: JsonSchema): ShapeCheck {
  const ajv = new Ajv2020({
    code: { optimize: false },
    allErrors: true,
    verbose: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    ownProperties: true,
  })
  for (const keyword of ['code', 'withOptions', 'secret', 'scale']) ajv.addKeyword(keyword)
  const validate: ValidateFunction = ajv.compile(schema)
  return source => {
    if (validate(source.value)) return []
    const errors = (validate.errors ?? []).filter(
      ({ keyword }) => keyword !== 'if' && keyword !== 'propertyNames',
    )
    return errors.slice(0, MAX_FINDINGS).map(error => {
      const path = pathOf(error)
      const { code, message, suggestion } = told(error)
      return { path, keyword: error.keyword, finding: source.finding(path, code, message, suggestion) }
    })
  }
}

function pathOf(error: ErrorObject): Path {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(part => (/^\d+$/.test(part) ? Number(part) : part))
  if (error.keyword === 'additionalProperties') return [...path, error.params['additionalProperty'] as string]
  if (error.propertyName !== undefined) return [...path, error.propertyName]
  return path
}

interface Told {
  code: string
  message: string
  suggestion: string | undefined
}

const quoted = (data: unknown): string => {
  const text = JSON.stringify(data) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

const indices = (params: Record<string, unknown>): number[] =>
  [Number(params['i']) + 1, Number(params['j']) + 1].sort((a, b) => a - b)

const listed = (all: readonly unknown[]): string => all.map(one => JSON.stringify(one)).join(', ')

function told(error: ErrorObject): Told {
  const schema = error.parentSchema as { code?: string; properties?: object; withOptions?: string[] }
  const { params, data } = error
  const say = (code: string, message: string, suggestion?: string): Told => ({ code, message, suggestion })
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params['additionalProperty'])
      const known = Object.keys(schema.properties ?? {})
      if (schema.code === 'UNKNOWN_TRANSFORM')
        return say(schema.code, `there is no transform "${name}" with options`, nearest(name, known))
      return say(
        'UNKNOWN_PROPERTY',
        `"${name}" is not known here`,
        nearest(name, known) ?? `one of ${known.join(', ')}`,
      )
    }
    case 'required':
      return say('MISSING_PROPERTY', `"${params['missingProperty']}" is missing`)
    case 'type':
      return say('WRONG_TYPE', `this must be ${typeName(params['type'])}, not ${quoted(data)}`)
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String)
      const kind = { UNKNOWN_STEP: 'step', UNKNOWN_TRANSFORM: 'transform' }[schema.code ?? '']
      const meant = nearest(String(data), [...allowed, ...(schema.withOptions ?? [])])
      if (schema.withOptions?.includes(String(data)) === true)
        return say('OPTIONS_MISSING', `the transform "${data}" needs options`, `{ "${data}": ... }`)
      if (kind !== undefined)
        return say(
          schema.code as string,
          `there is no ${kind} "${shown(data as never)}"`,
          meant ?? `one of ${allowed.join(', ')}`,
        )
      return say('NOT_ALLOWED', `${quoted(data)} is not allowed here, only ${listed(allowed)}`, meant)
    }
    case 'const':
      return say(
        'NOT_ALLOWED',
        `${quoted(data)} is not allowed here, only ${JSON.stringify(params['allowedValue'])}`,
      )
    case 'pattern':
      return say(
        'WRONG_FORM',
        `"${error.propertyName ?? shown(data as never)}" must look like ${params['pattern']}`,
      )
    case 'minimum':
    case 'maximum':
      return say('OUT_OF_RANGE', `${quoted(data)} is out of range: it ${error.message}`)
    case 'uniqueItems':
      return say('LISTED_TWICE', `entries ${indices(params).join(' and ')} are the same`)
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return say('EMPTY', 'this must not be empty')
    default:
      return say('SHAPE', error.message ?? 'this does not fit')
  }
}

const typeName = (type: unknown): string =>
  ({
    object: 'an object',
    array: 'a list',
    string: 'a text',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
  })[String(type)] ?? String(type)
