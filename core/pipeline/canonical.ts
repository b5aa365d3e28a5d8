import { hash } from 'node:crypto'
import type { Json, Payload } from '../plugin.ts'

/** JSON with its keys sorted, so that equal values are equal texts whatever order they arrived in. */
export function canonical(value: Json | undefined): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const keys = Object.keys(value).sort()
  let text = '{'
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    text += `${i === 0 ? '' : ','}${JSON.stringify(key)}:${canonical(value[key])}`
  }
  return `${text}}`
}

/** SHA-256 of a text, the first 32 hex digits. */
export const digest = (text: string): string => hash('sha256', text, 'hex').slice(0, 32)

/** The hash by which two contents are compared. */
export const contentHash = (payload: Payload): string => digest(canonical(payload))

/** Equal as JSON; the order of keys does not matter. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  return canonical(a) === canonical(b)
}
