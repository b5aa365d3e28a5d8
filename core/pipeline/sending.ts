import { DataError } from '../errors.ts'
import type {
  FieldDefinition,
  FieldMetadata,
  Fields,
  Json,
  Payload,
  RecordView,
  ResourceDefinition,
  ResourceName,
  Run,
  StepContext,
} from '../plugin.ts'
import { fitting, limitOf } from './cutting.ts'
import { derivedDefault, type RuleFile, type RuleObject, ruleObject } from './grammar.ts'
import { condition, finishing } from './rules.ts'
import { isEmpty } from './values.ts'
import { isoWithOffset } from './zone.ts'

export interface SendScope {
  readonly fields: Fields
  readonly found: Readonly<Record<string, RecordView | null>>
  readonly run: Run
  readonly error?: string | undefined
  readonly metadata?: ReadonlyMap<string, FieldMetadata> | undefined
  readonly cut: string[]
}

/** Where the value goes and what of the pipeline is known there. */
export interface Target {
  readonly to: ResourceName
  readonly resource: ResourceDefinition | undefined
  readonly context: StepContext
  /** The type of the field that `of` names: ours, or that of a record that was found. */
  readonly typeOf: (of: string) => { field: FieldDefinition | undefined; identityOf?: ResourceName }
}

export type Sender = (scope: SendScope) => Json | undefined

/** A record that is gone lends nothing. */
export const lends = (record: RecordView | null | undefined): record is RecordView =>
  record !== null && record !== undefined && record.state !== 'deleted' && record.state !== 'merged'

function sourceOf(of: string): Sender {
  if (of === 'run.at') return ({ run }) => isoWithOffset(run.at, run.timezone)
  if (of === 'run.error') return ({ error }) => error ?? null
  const dot = of.indexOf('.')
  if (dot < 0) return ({ fields }) => fields[of]
  const [name, field] = [of.slice(0, dot), of.slice(dot + 1)]
  return ({ found }) => {
    const record = found[name]
    return lends(record) ? record.fields[field] : undefined
  }
}

function baseOf(rule: RuleObject): Sender {
  if (rule.value !== undefined) {
    const constant = rule.value
    return () => constant
  }
  if (rule.join !== undefined) {
    const { join, with: between = ' ' } = rule
    const parts = join.map(sourceOf)
    return scope => {
      const values = parts.map(part => part(scope))
      if (values.every(value => value === undefined)) return undefined
      const filled = values.filter(value => !isEmpty(value))
      return filled.length === 0 ? null : filled.map(String).join(between)
    }
  }
  return sourceOf(rule.of ?? '')
}

/**
 * Is the value an id that the remote wants as `{ "id": ... }`? The connector says so by the field's kind. Where it
 * does not know the field (a CRM's custom ones), our own lookup fields do, and an id lent from a record that the
 * same remote holds.
 */
function isLookup(rule: RuleObject, remoteKind: string | undefined, known: boolean, target: Target): boolean {
  if (remoteKind !== undefined) return remoteKind === 'lookup'
  if (known || rule.of === undefined || rule.transform !== undefined) return false
  const { field, identityOf } = target.typeOf(rule.of)
  if (field?.type === 'lookup') return true
  const sameRemote = identityOf?.split('/', 1)[0] === target.to.split('/', 1)[0]
  return sameRemote && rule.of.includes('.')
}

/** One line of `push`, compiled. `undefined`: not sent; the remote's empty value: cleared. */
export function sendRule(name: string, file: RuleFile, target: Target): Sender {
  const rule = ruleObject(file, 'of')
  const base = baseOf(rule)
  const finish = finishing(rule, target.context)
  const fits = condition(rule.when)
  const declared = target.resource?.fields
  const remote = declared?.[name] ?? declared?.['*']
  const ours = rule.of === undefined ? undefined : target.typeOf(rule.of).field
  const limit = limitOf(name, remote, ours, rule.max)
  const lookup = isLookup(rule, remote?.kind, declared?.[name] !== undefined, target)
  const empty = target.resource?.empty ?? null
  const derived = derivedDefault(rule)
  const second = derived === undefined ? undefined : derivedSender(derived, target)
  const constant = derived === undefined ? (rule.default as Json | undefined) : undefined
  const rows = rule.each === undefined ? undefined : rowsSender(name, rule.each, target)
  if (remote?.readOnly === true) return () => undefined

  return scope => {
    if (fits !== undefined && !fits(scope.fields)) return undefined
    if (scope.metadata?.get(name)?.readOnly === true) return undefined
    let value = base(scope)
    if (second !== undefined && isEmpty(value)) value = second(scope) ?? value
    if (!isEmpty(value) && finish !== undefined)
      value = finish(value as Json, { payload: {}, fields: scope.fields }, scope.run)
    if (isEmpty(value)) {
      if (constant !== undefined) return constant
      return value === undefined ? undefined : empty
    }
    if (rows !== undefined) return rows(value as Json, scope)
    if (lookup) return { id: String(value) }
    return fitting(value as Json, limit, scope.metadata?.get(name), cut => scope.cut.push(cut))
  }
}

/** Another of our fields, or one that is lent, where the first has no value. */
function derivedSender(derived: { of: string; transform?: RuleObject['transform'] }, target: Target): Sender {
  const source = sourceOf(derived.of)
  const finish = finishing({ transform: derived.transform ?? [] }, target.context)
  if (finish === undefined) return source
  return scope => {
    const value = source(scope)
    return isEmpty(value) ? value : finish(value as Json, { payload: {}, fields: scope.fields }, scope.run)
  }
}

function rowsSender(name: string, each: Readonly<Record<string, RuleFile>>, target: Target) {
  const inner: Target = {
    ...target,
    resource: target.resource === undefined ? undefined : { ...target.resource, fields: { '*': {} } },
    typeOf: () => ({ field: undefined }),
  }
  const columns = Object.entries(each).map(
    ([column, rule]) => [column, sendRule(column, rule, inner)] as const,
  )
  return (list: Json, scope: SendScope): Json => {
    if (!Array.isArray(list))
      throw new DataError('NOT_A_LIST', `${name} is sent as rows, but is no list`, { at: name })
    return list.map(row => {
      const cut: string[] = []
      const rowScope: SendScope = { ...scope, fields: row as Fields, metadata: undefined, cut }
      const sent = sendAll(columns, rowScope)
      for (const column of cut)
        if (!scope.cut.includes(`${name}.${column}`)) scope.cut.push(`${name}.${column}`)
      return sent
    })
  }
}

/** Every line that has something to send. Raises DataError, its `at` the remote's field. */
export function sendAll(rules: readonly (readonly [string, Sender])[], scope: SendScope): Payload {
  const payload: Payload = {}
  for (const [name, send] of rules) {
    let value: Json | undefined
    try {
      value = send(scope)
    } catch (error) {
      if (!(error instanceof DataError) || error.at !== undefined) throw error
      throw new DataError(error.code, error.message, { at: name, hint: error.hint ?? '', cause: error })
    }
    if (value !== undefined) payload[name] = value
  }
  return payload
}
