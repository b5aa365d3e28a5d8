import type { Fields, FlowFile, RecordView, Reference, Work } from '../plugin.ts'
import {
  type DependencyOptions,
  derivedDefault,
  type PushOptions,
  type ReferenceFile,
  type RuleFile,
  ruleObject,
} from './grammar.ts'
import { lends } from './sending.ts'
import { isEmpty } from './values.ts'

/** One entry of `needs` or `uses`, read. */
export interface ReferenceRule {
  readonly name: string
  readonly module: string
  readonly needed: boolean
  readonly ends: boolean
  /** Their field and where its value comes from, sorted by their field: the order of the stored key. */
  readonly pairs: readonly { readonly theirs: string; readonly ours: string }[]
}

export function referenceRules({ needs = {}, uses = {} }: DependencyOptions): readonly ReferenceRule[] {
  const read = (entries: Readonly<Record<string, ReferenceFile>>, needed: boolean) =>
    Object.entries(entries).map(([name, entry]): ReferenceRule => {
      const { module = name, ends = false, ...pairs } = entry
      return {
        name,
        module: String(module),
        needed,
        ends: ends === true,
        pairs: Object.entries(pairs)
          .map(([theirs, ours]) => ({ theirs, ours: String(ours) }))
          .sort((a, b) => (a.theirs < b.theirs ? -1 : 1)),
      }
    })
  return [...read(needs, true), ...read(uses, false)]
}

/** What a flow keeps of ids that others lend: our field -> whose and which. */
export const takenOf = (flow: FlowFile): ReadonlyMap<string, { name: string; field: string }> =>
  new Map(
    flow.steps
      .filter(step => step.step === 'dependency-check')
      .flatMap(step => Object.entries((step as DependencyOptions).takes ?? {}))
      .flatMap(([field, of]) => {
        const path = lentPath(of)
        return path === undefined ? [] : [[field, path] as const]
      }),
  )

/** The references of a flow; a flow without `dependency-check` has none. */
export const flowReferences = (flow: FlowFile): readonly ReferenceRule[] =>
  flow.steps
    .filter(step => step.step === 'dependency-check')
    .flatMap(step => referenceRules(step as DependencyOptions))

const escaped = (value: string): string => value.replace(/[%&=|]/g, encodeURIComponent)

/** `student|moodleUserId=42`, `registration|programZohoId=7&studentZohoId=5`; undefined where a part is empty. */
export function keyOf(module: string, names: readonly string[], values: Fields): string | undefined {
  const parts: string[] = []
  for (const name of [...names].sort()) {
    const value = values[name]
    if (isEmpty(value)) return undefined
    parts.push(`${name}=${escaped(String(value))}`)
  }
  return `${module}|${parts.join('&')}`
}

/** Stands among a record's references while it is held back, so that it is found when the hold is switched off. */
export const holdKey = (module: string, name: string): string => `${module}|held=${escaped(name)}`

/** `student.zohoId` as name and field; undefined for a field of our own and for `run.at`. */
export function lentPath(of: string): { readonly name: string; readonly field: string } | undefined {
  const dot = of.indexOf('.')
  if (dot < 0 || of.startsWith('run.')) return undefined
  return { name: of.slice(0, dot), field: of.slice(dot + 1) }
}

/** Everything that a rule of `push` reads: our fields, and `student.zohoId` of others. */
export function readBy(file: RuleFile): readonly string[] {
  const rule = ruleObject(file, 'of')
  return [rule.of, ...(rule.join ?? []), derivedDefault(rule)?.of].filter(of => of !== undefined)
}

/** What a flow's pushes take from the records that it refers to: reference name -> fields. */
export function lentFields(flow: FlowFile): ReadonlyMap<string, ReadonlySet<string>> {
  const lent = new Map<string, Set<string>>()
  const take = (of: string) => {
    const path = lentPath(of)
    if (path !== undefined) lent.set(path.name, (lent.get(path.name) ?? new Set()).add(path.field))
  }
  for (const step of flow.steps) {
    if (step.step !== 'push') continue
    const push = step as unknown as PushOptions
    const deletion = typeof push.onDelete === 'object' ? push.onDelete : {}
    for (const rules of [push.fields ?? {}, push.writeBack?.fields ?? {}, deletion])
      for (const rule of Object.values(rules)) readBy(rule).forEach(take)
  }
  return lent
}

/** Fields that chained references take from others: reference name -> fields. */
export function chainedFields(rules: readonly ReferenceRule[]): ReadonlyMap<string, ReadonlySet<string>> {
  const chained = new Map<string, Set<string>>()
  for (const rule of rules)
    for (const { ours } of rule.pairs) {
      const path = lentPath(ours)
      if (path !== undefined) chained.set(path.name, (chained.get(path.name) ?? new Set()).add(path.field))
    }
  return chained
}

/** What can be told now: a chained reference only once the record that it starts from was found. */
export function tell(
  rules: readonly ReferenceRule[],
  work: Pick<Work, 'merged' | 'found'>,
): readonly Reference[] {
  const told: Reference[] = []
  for (const { name, module, needed, ends, pairs } of rules) {
    const values: { [field: string]: string } = {}
    for (const { theirs, ours } of pairs) {
      const path = lentPath(ours)
      const record = path === undefined ? undefined : work.found[path.name]
      const value =
        path === undefined ? work.merged[ours] : lends(record) ? record.fields[path.field] : undefined
      if (!isEmpty(value)) values[theirs] = String(value)
    }
    const key = keyOf(
      module,
      pairs.map(pair => pair.theirs),
      values,
    )
    if (key === undefined) continue
    told.push({ name, module, key, needed, ends, label: `${name} ${Object.values(values).join(' / ')}` })
  }
  return told
}

/** It is there, alive, and has every field that is taken from it. */
export const satisfied = (record: RecordView | null | undefined, taken: Iterable<string>): boolean => {
  if (!lends(record)) return false
  for (const field of taken) if (isEmpty(record.fields[field])) return false
  return true
}
