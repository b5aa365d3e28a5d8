import type { Json, Payload, ResourceDefinition } from '../../plugin.ts'

/** An id as a text, also where a sender wrote a short one as a number. */
export const idIn = (value: Json | undefined): string | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

export const idOf = (payload: Payload): string | undefined => idIn(payload['id'])

/** What is known of an item without asking: lengths, kinds, and which field the remote itself keeps unique. */
export const item: ResourceDefinition = {
  summary: 'An item. Matched by id or code.',
  perCall: 50,
  uniqueBy: ['code'],
  empty: null,
  aliases: ['items'],
  idOf,
  versionOf: ({ modified }) => (typeof modified === 'number' ? [modified] : []),
  fields: {
    id: { kind: 'id', readOnly: true },
    code: { kind: 'key', max: 60 },
    title: { max: 255 },
    note: { max: 2000 },
    modified: { kind: 'number', readOnly: true },
  },
}
