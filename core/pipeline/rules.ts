import { DataError } from '../errors.ts'
import type {
  FieldDefinition,
  Fields,
  Json,
  Payload,
  Run,
  StepContext,
  TransformDefinition,
} from '../plugin.ts'
import { equal } from './canonical.ts'
import { readerOf } from './fields.ts'
import {
  derivedDefault,
  type RuleFile,
  type RuleObject,
  ruleObject,
  sources,
  transformList,
  type WhenFile,
} from './grammar.ts'
import { getter, isEmpty, shown } from './values.ts'

export type Condition = (object: Payload | Fields) => boolean
export type RuleContext = Pick<StepContext, 'transform' | 'scale'>
type Change = ReturnType<TransformDefinition['prepare']>

/** A value, a list of values, `true` = present and not empty, `false` = absent or empty. All must fit. */
export function condition(when: WhenFile | undefined): Condition | undefined {
  if (when === undefined) return undefined
  const tests = Object.entries(when).map(([name, wanted]) => {
    const get = getter(name)
    if (wanted === true || wanted === false)
      return (object: Payload | Fields) => isEmpty(get(object)) !== wanted
    const list = Array.isArray(wanted) ? wanted : [wanted]
    const texts = new Set(list.filter(one => typeof one !== 'object').map(String))
    return (object: Payload | Fields) => {
      const value = get(object)
      if (value === undefined || value === null) return list.includes(null)
      return typeof value === 'object' ? list.some(one => equal(one, value)) : texts.has(String(value))
    }
  })
  if (tests.length === 1) return tests[0]
  return object => tests.every(test => test(object))
}

/** `transform` and `values` of a rule as one function; undefined where the rule has neither. */
export function finishing(rule: RuleObject, context: RuleContext): Change | undefined {
  const changes = transformList(rule.transform).map(one => prepared(one, context))
  if (rule.values !== undefined) changes.push(table(rule.values))
  if (changes.length === 0) return undefined
  if (changes.length === 1) return changes[0]
  return (value, work, run) => {
    let result = value
    for (const change of changes) {
      if (isEmpty(result)) return null
      result = change(result, work, run)
    }
    return result
  }
}

function prepared(transform: string | Readonly<Record<string, unknown>>, context: RuleContext): Change {
  const [name, options] =
    typeof transform === 'string' ? [transform, {}] : (Object.entries(transform)[0] ?? ['', {}])
  const definition = context.transform(name)
  if (definition === undefined) throw new DataError('UNKNOWN_TRANSFORM', `there is no transform "${name}"`)
  return definition.prepare(options, context)
}

function table(values: Readonly<Record<string, Json>>): Change {
  const rows = new Map(Object.entries(values))
  const other = rows.get('*')
  return value => {
    const found = typeof value === 'object' ? undefined : rows.get(String(value).trim())
    if (found !== undefined) return found
    if (other !== undefined) return other
    throw new DataError('NOT_LISTED', `"${shown(value)}" is none of ${[...rows.keys()].join(', ')}`)
  }
}

export interface MapScope {
  readonly payload: Payload
  readonly stored: Fields
  /** What was mapped so far; rules write here. */
  readonly fields: { [field: string]: Json }
  readonly run: Run
  /** What transforms see: the payload, and the stored fields with those mapped so far laid over them. */
  readonly view: { readonly payload: Payload; readonly fields: Fields }
}

export function mapScope(payload: Payload, stored: Fields, run: Run): MapScope {
  const fields: { [field: string]: Json } = {}
  const view = {
    payload,
    get fields() {
      return { ...stored, ...fields }
    },
  }
  return { payload, stored, fields, run, view }
}

export interface MapRule {
  readonly field: string
  /** The alternatives, as an error names them. */
  readonly tried: readonly string[]
  readonly apply: (scope: MapScope) => void
}

const here = (scope: MapScope, field: string): Json | undefined => {
  const mapped = scope.fields[field]
  return mapped === undefined ? scope.stored[field] : mapped
}

type Source = (scope: MapScope) => Json | undefined

/** Absent: undefined. Present in one of the alternatives, and empty in all of them: null. */
function sourceOf(rule: RuleObject): Source {
  if (rule.value !== undefined) {
    const constant = rule.value
    return () => constant
  }
  if (rule.join !== undefined) {
    const { join, with: between = ' ' } = rule
    return scope => {
      if (!join.some(name => scope.fields[name] !== undefined)) return undefined
      const parts = join.map(name => here(scope, name)).filter(part => !isEmpty(part))
      return parts.length === 0 ? null : parts.map(String).join(between)
    }
  }
  if (rule.of !== undefined) {
    const name = rule.of
    return scope => {
      const value = scope.fields[name]
      return value !== undefined && isEmpty(value) ? null : value
    }
  }
  const getters = sources(rule.from).map(getter)
  if (getters.length === 1) {
    const get = getters[0] as (typeof getters)[number]
    return ({ payload }) => {
      const value = get(payload)
      return value === undefined ? undefined : isEmpty(value) ? null : value
    }
  }
  return ({ payload }) => {
    let present = false
    for (let i = 0; i < getters.length; i++) {
      const value = (getters[i] as (typeof getters)[number])(payload)
      if (value === undefined) continue
      if (!isEmpty(value)) return value
      present = true
    }
    return present ? null : undefined
  }
}

/** One line of `map`, compiled: source, transforms, table, rows, default, type. Errors carry no `at` yet. */
export function mapRule(
  field: string,
  file: RuleFile,
  definition: FieldDefinition | undefined,
  context: RuleContext,
): MapRule {
  const rule = ruleObject(file, 'from')
  const source = sourceOf(rule)
  const finish = finishing(rule, context)
  const fits = condition(rule.when)
  const read = definition === undefined ? (value: Json) => value : readerOf(definition)
  const rows =
    rule.each === undefined ? undefined : rowsOf(rule.each, definition?.items?.fields ?? {}, context)
  const derived = derivedDefault(rule)
  const derive =
    derived === undefined ? undefined : finishing({ transform: derived.transform ?? [] }, context)
  const constant = derived === undefined ? rule.default : undefined
  const { keep } = rule

  const finished = (value: Json, scope: MapScope): Json => {
    const result = finish === undefined ? value : finish(value, scope.view, scope.run)
    if (isEmpty(result)) return null
    return rows === undefined ? result : rows(result, scope)
  }

  const apply = (scope: MapScope): void => {
    if (fits !== undefined && !fits(scope.payload)) return
    let value = source(scope)
    if (value !== undefined && value !== null) value = finished(value, scope)
    if (value === undefined || value === null) {
      const unset = value === null || scope.stored[field] === undefined
      if (derived !== undefined) {
        if (unset || scope.fields[derived.of] !== undefined) {
          if (keep !== undefined && !isEmpty(here(scope, keep))) return
          const base = here(scope, derived.of)
          let made = base === undefined || isEmpty(base) ? null : base
          if (made !== null && derive !== undefined) made = derive(made, scope.view, scope.run)
          if (!isEmpty(made)) value = finished(made as Json, scope)
        }
      } else if (constant !== undefined && unset) value = constant as Json
    }
    if (value === undefined) return
    scope.fields[field] = value === null ? null : read(value, scope.run)
  }
  return { field, tried: sources(rule.from), apply }
}

/** `each`: every row is a sender of its own; `of` reads the row made so far. */
function rowsOf(
  each: Readonly<Record<string, RuleFile>>,
  columns: Readonly<Record<string, FieldDefinition>>,
  context: RuleContext,
) {
  const rules = Object.entries(each).map(([name, rule]) => mapRule(name, rule, columns[name], context))
  return (list: Json, scope: MapScope): Json => {
    if (!Array.isArray(list)) throw new DataError('NOT_A_LIST', `${shown(list)} is not a list`)
    return list.map((row, index) => {
      if (row === null || typeof row !== 'object' || Array.isArray(row))
        throw new DataError('ROW_SHAPE', `row ${index + 1} is not an object`)
      const inner = mapScope(row, {}, scope.run)
      for (const rule of rules)
        try {
          rule.apply(inner)
        } catch (error) {
          if (!(error instanceof DataError)) throw error
          throw new DataError(error.code, `row ${index + 1}, ${rule.field}: ${error.message}`, {
            cause: error,
          })
        }
      return inner.fields
    })
  }
}
