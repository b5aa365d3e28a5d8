import { DataError } from '../../errors.ts'
import { defineTransform, type Json } from '../../plugin.ts'
import { isEmpty, shown } from '../values.ts'

const text = (value: Json): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new DataError('NOT_TEXT', `${shown(value)} is not text`)
}

const words = (value: Json): string[] => text(value).trim().split(/\s+/u)

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
}

function entity(whole: string, name: string): string {
  if (!name.startsWith('#')) return entities[name.toLowerCase()] ?? whole
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
  const allowed = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  return allowed ? String.fromCodePoint(code) : whole
}

/** Every pattern here is linear: a tag or an entity is bounded by its own closing character. */
export function plainText(html: string): string {
  if (!html.includes('<') && !html.includes('&')) return html.trim()
  return html
    .replace(/<(?:br|\/p|\/div|\/li|\/h[1-6]|\/tr)\b[^<>]*>/gi, '\n')
    .replace(/<\/?[a-z!][^<>]*>/gi, '')
    .replace(/&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});/gi, entity)
    .split('\n')
    .map(line => line.replace(/[ \t\u00a0]+/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

export const textTransforms = [
  defineTransform({
    name: 'trim',
    summary: 'Without blanks at its ends.',
    prepare: () => value => text(value).trim(),
  }),
  defineTransform({
    name: 'lowercase',
    summary: 'In lower case.',
    prepare: () => value => text(value).toLowerCase(),
  }),
  defineTransform({
    name: 'uppercase',
    summary: 'In upper case.',
    prepare: () => value => text(value).toUpperCase(),
  }),
  defineTransform({
    name: 'text',
    summary: 'A number as text.',
    prepare: () => value => text(value),
  }),
  defineTransform({
    name: 'first-word',
    summary: 'The first word; the whole where there is one word only.',
    prepare: () => value => words(value)[0] as string,
  }),
  defineTransform({
    name: 'other-words',
    summary: 'All words but the first; the whole where there is one word only.',
    prepare: () => value => {
      const all = words(value)
      return all.length === 1 ? (all[0] as string) : all.slice(1).join(' ')
    },
  }),
  defineTransform({
    name: 'plain-text',
    summary: 'HTML as plain text: tags gone, paragraphs as lines, entities as characters.',
    prepare: () => value => plainText(text(value)),
  }),
  defineTransform<{ before: string }>({
    name: 'prefix',
    summary: 'With a text before it.',
    options: {
      type: 'object',
      properties: { before: { type: 'string', minLength: 1 } },
      required: ['before'],
      additionalProperties: false,
    },
    prepare:
      ({ before }) =>
      value =>
        `${before}${text(value)}`,
  }),
  defineTransform({
    name: 'is-positive',
    summary: 'True for a number above 0.',
    prepare: () => value => {
      const number = Number(value)
      if (isEmpty(value) || Number.isNaN(number))
        throw new DataError('NOT_A_NUMBER', `"${shown(value)}" is not a number`)
      return number > 0
    },
  }),
]
