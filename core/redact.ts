/** What may leave the process in a log line: plain JSON without secrets, whatever was handed in. Pure. */
import { WaslError } from './errors.ts'
import type { Json } from './plugin.ts'

const HIDDEN = '[hidden]'
/** The last word of a name under which secrets are kept. */
const SECRET_WORDS =
  /^(?:secrets?|tokens?|wstoken|passwords?|passwd|passphrase|authori[sz]ation|credentials?|cookies?|signatures?|keys?|apikey|bearer)$/

/** Secrets that can be told by their own form, wherever in a text they stand. `$1` is what may be shown. */
const SECRET_FORMS: readonly (readonly [RegExp, string])[] = [
  [/\b(wasl_|whsec_)[\w+/=.-]+/g, `$1${HIDDEN}`],
  [/([?&;](?:[\w.-]*(?:secret|token|password|signature|key)|code)=)[^&;\s"'<>]*/gi, `$1${HIDDEN}`],
  [/\b((?:Bearer|Basic|[\w-]+-oauthtoken)\s+)[\w+/=.~-]{6,}/gi, `$1${HIDDEN}`],
  [/(\b[a-z][\w+.-]*:\/\/)[^\s/@"']+@/gi, `$1${HIDDEN}@`],
]

const MAX_DEPTH = 6
const MAX_ITEMS = 100
const MAX_TEXT = 4000

/** `text` with every secret that its form or `known` gives away replaced, and cut to 4,000 characters. */
export function redactText(text: string, known: Iterable<string> = []): string {
  let out = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text
  for (const secret of known) if (out.includes(secret)) out = out.replaceAll(secret, HIDDEN)
  for (const [form, shown] of SECRET_FORMS) out = out.replace(form, shown)
  return out
}

/** True for a name under which secrets are kept: `clientSecret`, `X-Api-Key`, `refresh_token`. */
export function namesSecret(name: string): boolean {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1_$2').split(/[^a-zA-Z]+/)
  return SECRET_WORDS.test(words.findLast(word => word !== '')?.toLowerCase() ?? '')
}

/**
 * Any value as plain JSON: secrets hidden by name and by form, cycles and depth cut, errors without their stack
 * (unless `stacks`) and without what the library below said beyond its message. Never throws.
 */
export function plain(value: unknown, options: { stacks?: boolean; known?: Iterable<string> } = {}): Json {
  const known = [...(options.known ?? [])]
  const above = new Set<object>()

  function visit(item: unknown, depth: number): Json {
    switch (typeof item) {
      case 'string':
        return redactText(item, known)
      case 'number':
        return Number.isFinite(item) ? item : String(item)
      case 'boolean':
        return item
      case 'object':
        return item === null ? null : inside(item, depth)
      case 'undefined':
        return null
      case 'function':
        return '[function]'
      default:
        return redactText(String(item), known)
    }
  }

  function inside(item: object, depth: number): Json {
    if (above.has(item)) return '[circular]'
    if (depth >= MAX_DEPTH) return '[deeper]'
    above.add(item)
    try {
      return object(item, depth + 1)
    } catch {
      // A getter or a proxy that throws must not take the line, or the caller, with it.
      return '[unreadable]'
    } finally {
      above.delete(item)
    }
  }

  function object(item: object, depth: number): Json {
    if (item instanceof Error) return error(item, depth)
    if (ArrayBuffer.isView(item)) return `[${item.byteLength} bytes]`
    if (item instanceof Date) return Number.isNaN(item.getTime()) ? '[no date]' : item.toISOString()
    if (item instanceof Map)
      return entries(
        [...item].map(([name, inner]) => [String(name), inner]),
        depth,
      )
    if (Array.isArray(item) || item instanceof Set) {
      const list = [...item]
      const shown = list.slice(0, MAX_ITEMS).map(inner => visit(inner, depth))
      return list.length > MAX_ITEMS ? [...shown, `… ${list.length - MAX_ITEMS} more`] : shown
    }
    // ObjectId, URL and the like say best themselves what they are.
    const json = (item as { toJSON?: unknown }).toJSON
    if (typeof json === 'function') {
      const told: unknown = json.call(item)
      if (typeof told !== 'object' || told === null) return visit(told, depth)
      return entries(Object.entries(told), depth)
    }
    return entries(Object.entries(item), depth)
  }

  function entries(list: readonly (readonly [string, unknown])[], depth: number): Json {
    const out: Record<string, Json> = Object.create(null)
    for (const [name, inner] of list.slice(0, MAX_ITEMS)) {
      if (inner === undefined) continue
      out[name] =
        namesSecret(name) && inner !== null && typeof inner !== 'boolean' ? HIDDEN : visit(inner, depth)
    }
    if (list.length > MAX_ITEMS) out['…'] = `${list.length - MAX_ITEMS} more`
    return out
  }

  function error(item: Error, depth: number): Json {
    const { code } = item as { code?: unknown }
    const place = item instanceof WaslError ? { at: item.at, hint: item.hint, remote: item.remote } : {}
    const facts = {
      name: item.name,
      code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
      message: item.message,
      ...place,
      cause: item.cause,
      stack: options.stacks ? item.stack : undefined,
    }
    return entries(Object.entries(facts), depth)
  }

  return visit(value, 0)
}
