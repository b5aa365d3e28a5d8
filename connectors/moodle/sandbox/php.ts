/** A value of PHP as a request brings it: text, or an array that is a list or a map. */
export type PhpValue = string | PhpArray
export interface PhpArray {
  readonly [key: string]: PhpValue
}

type Mutable = { [key: string]: string | Mutable }

/**
 * `$_POST` of a form-encoded body: `users[0][username]=ali` becomes nested arrays. PHP passes silently over what comes
 * after `max_input_vars` values, and so does this.
 */
export function parseForm(body: string, maxInputVars: number): PhpArray {
  const root: Mutable = {}
  if (body === '') return root
  let count = 0
  for (const pair of body.split('&')) {
    if (count++ >= maxInputVars) break
    const cut = pair.indexOf('=')
    put(root, decode(cut < 0 ? pair : pair.slice(0, cut)), cut < 0 ? '' : decode(pair.slice(cut + 1)))
  }
  return root
}

function put(root: Mutable, name: string, value: string): void {
  const bracket = name.indexOf('[')
  const head = (bracket < 0 ? name : name.slice(0, bracket)).replace(/[ .]/g, '_')
  if (head === '') return
  const path = [head]
  if (bracket >= 0)
    for (const match of name.slice(bracket).matchAll(/\[([^\]]*)\]/g)) path.push(match[1] as string)
  let place = root
  path.forEach((segment, index) => {
    const key = segment === '' ? String(Object.keys(place).length) : segment
    if (key === '__proto__') return
    if (index === path.length - 1) place[key] = value
    else {
      const inner = place[key]
      if (inner === undefined || typeof inner === 'string') place[key] = {}
      place = place[key] as Mutable
    }
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // PHP takes a stray percent sign as it stands.
    return text.replaceAll('+', ' ')
  }
}

/** `json_encode` without flags: `/` and everything beyond ASCII escaped, in UTF-16 units. */
export function phpJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replace(/[\u007f-\uffff]/g, unit =>
      unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}

/** `strip_tags`, as far as names and addresses can tell: a `<` before anything but a blank opens a tag. */
export const stripTags = (text: string): string => text.replaceAll('\0', '').replace(/<(?!\s)[^>]*(>|$)/g, '')
