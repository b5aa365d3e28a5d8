import type { Json } from '../plugin.ts'

/** `null`, an empty text and blanks are empty; 0, false and an empty list are values. */
export const isEmpty = (value: Json | undefined): boolean =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '')

/** Reads one source out of an object: `undefined` where it is absent, `null` where it is there and empty. */
export type Getter = (object: { readonly [key: string]: Json }) => Json | undefined

const inherited = new Set(Object.getOwnPropertyNames(Object.prototype))

/** A name as it stands; where the object has no such key, `a.b` goes inside. `x.id` also takes a bare id. */
export function getter(name: string): Getter {
  const own: Getter = inherited.has(name)
    ? object => (Object.hasOwn(object, name) ? object[name] : undefined)
    : object => object[name]
  if (!name.includes('.')) return own
  const [head, ...path] = name.split('.') as [string, ...string[]]
  return object => own(object) ?? inside(Object.hasOwn(object, head) ? object[head] : undefined, path)
}

function inside(start: Json | undefined, path: readonly string[]): Json | undefined {
  let value = start
  for (let i = 0; i < path.length; i++) {
    if (value === undefined || value === null) return value
    const key = path[i] as string
    if (typeof value !== 'object') return key === 'id' && i === path.length - 1 ? value : undefined
    const parent: { [key: string]: Json } = value as { [key: string]: Json }
    value = Object.hasOwn(parent, key) ? parent[key] : undefined
  }
  return value
}

/** A value as people read it in a message: short, and never the whole of a long text. */
export function shown(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
