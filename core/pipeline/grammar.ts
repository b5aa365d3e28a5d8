/** The parts of a pipeline file that the built-in steps share: rules, conditions, transforms, as they are written. */
import type { Json, Mark, ResourceName } from '../plugin.ts'

export type TransformFile = string | Readonly<Record<string, unknown>>

export type RuleObject = {
  /** The sender's field, or alternatives in order. */
  readonly from?: string | readonly string[]
  /** Our own field, `student.zohoId` of a record that was found, `run.at` or `run.error`. */
  readonly of?: string
  readonly join?: readonly string[]
  readonly with?: string
  readonly value?: Json
  readonly transform?: TransformFile | readonly TransformFile[]
  readonly values?: Readonly<Record<string, Json>>
  readonly default?: Json | { readonly of: string; readonly transform?: RuleObject['transform'] }
  readonly each?: Readonly<Record<string, RuleFile>>
  readonly when?: WhenFile
  readonly keep?: string
  readonly max?: number
}

/** A bare name is the obvious source: the sender's field in `map`, ours in `push`. */
export type RuleFile = string | readonly string[] | RuleObject

export type WhenFile = Readonly<Record<string, Json>>

export type MapOptions = { readonly fields: Readonly<Record<string, RuleFile>> }

/** `theirs: ours` pairs, with the reserved words `module` and `ends`. */
export type ReferenceFile = Readonly<Record<string, string | boolean>>
/** Until a later event of the record itself brings what `until` asks for, nothing of it is sent. */
export type HoldFile = {
  /** A college's mapping says otherwise. */
  readonly on: boolean
  readonly when?: WhenFile
  readonly until: WhenFile
}
export type DependencyOptions = {
  readonly needs?: Readonly<Record<string, ReferenceFile>>
  readonly uses?: Readonly<Record<string, ReferenceFile>>
  readonly holds?: Readonly<Record<string, HoldFile>>
  /** Our field on the left, an id that a found record lends on the right: `room.houseId`. */
  readonly takes?: Readonly<Record<string, string>>
}

export type UpsertOptions = { readonly overwrite?: boolean | readonly string[] }

export type WriteBackFile = {
  readonly to: ResourceName
  readonly id: string
  readonly fields?: Readonly<Record<string, RuleFile>>
  readonly marks?: string
}

/** What must not differ between an object that was found and what is sent to it; where one side has nothing, nothing does. */
export type AgreeFile = {
  readonly fields: readonly string[]
  /** Also with an object whose id was told, before anything is sent to it first. */
  readonly linked?: boolean
}

export type PushOptions = {
  readonly to: ResourceName
  readonly match: readonly string[]
  readonly agree?: AgreeFile
  readonly fields: Readonly<Record<string, RuleFile>>
  readonly remember: Readonly<Record<string, string>>
  readonly onDelete: 'keep' | 'delete' | Readonly<Record<string, RuleFile>>
  readonly marks?: string
  readonly answers?: Readonly<Record<string, string>>
  readonly writeBack?: WriteBackFile
}

export type SharedFile = {
  readonly by: readonly string[]
  readonly while?: WhenFile
  readonly newest: string
}

export type MarksFile = Readonly<Record<Mark, Readonly<Record<string, RuleFile>>>>

/** A rule in its long form; `bare` says what a bare name means. */
export function ruleObject(rule: RuleFile, bare: 'from' | 'of'): RuleObject {
  if (typeof rule === 'string') return bare === 'from' ? { from: rule } : { of: rule }
  if (Array.isArray(rule)) return { from: rule }
  return rule as RuleObject
}

export const sources = (from: RuleObject['from']): readonly string[] =>
  from === undefined ? [] : typeof from === 'string' ? [from] : from

export const transformList = (transform: RuleObject['transform']): readonly TransformFile[] =>
  transform === undefined
    ? []
    : Array.isArray(transform)
      ? (transform as readonly TransformFile[])
      : [transform as TransformFile]

export const derivedDefault = (
  rule: RuleObject,
): { of: string; transform?: RuleObject['transform'] } | undefined => {
  const value = rule.default
  return value !== null && typeof value === 'object' && !Array.isArray(value) && 'of' in value
    ? (value as { of: string; transform?: RuleObject['transform'] })
    : undefined
}

/** The sender's fields that a condition reads are top-level names or paths; ours are field names. */
export const whenNames = (when: WhenFile | undefined): readonly string[] => Object.keys(when ?? {})

/** A flow as it may stand in a file that is not yet known to be right. */
export type FlowFile = {
  readonly from: string
  readonly when?: WhenFile
  readonly steps?: readonly ({ readonly step: string } & Readonly<Record<string, unknown>>)[]
}
