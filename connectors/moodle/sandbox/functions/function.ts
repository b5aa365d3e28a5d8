import type { Description, Value } from '../parameters.ts'
import type { Origin, Site } from '../site.ts'

/** One function of Moodle's web service. */
export interface WebServiceFunction {
  readonly parameters: Readonly<Record<string, Description>>
  /** Synchronous, as a request is to Moodle's database: what it changed is undone when it throws. */
  run(site: Site, parameters: { readonly [key: string]: Value }, origin: Origin): unknown
}

export type Functions = Readonly<Record<string, WebServiceFunction>>

export type Fields = { readonly [key: string]: Value }
export const rows = (value: Value | undefined): readonly Fields[] => (value ?? []) as readonly Fields[]
export const texts = (value: Value | undefined): readonly string[] => (value ?? []) as readonly string[]
export const text = (value: Value | undefined): string => (typeof value === 'string' ? value : '')
export const int = (value: Value | undefined): number => Number.parseInt(text(value), 10) || 0
export const isTrue = (value: Value | undefined): boolean => value === '1'
