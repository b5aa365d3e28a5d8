import { defineTransform } from '../../plugin.ts'

type Same = { field: string; same: Readonly<Record<string, readonly string[]>> }

export const storedTransforms = [
  defineTransform<Same>({
    name: 'unless-already',
    summary: 'The stored value where it already means the same to the sender, who knows fewer values.',
    options: {
      type: 'object',
      properties: {
        field: { type: 'string', description: 'Our field.' },
        same: {
          type: 'object',
          additionalProperties: { type: 'array', items: { type: 'string' } },
          description: "The sender's value on the left, the stored ones that mean the same on the right.",
        },
      },
      required: ['field', 'same'],
      additionalProperties: false,
    },
    prepare({ field, same }) {
      const meanings = new Map(Object.entries(same).map(([value, others]) => [value, new Set(others)]))
      return (value, { fields }) => {
        const stored = fields[field]
        return typeof stored === 'string' && meanings.get(String(value))?.has(stored) ? stored : value
      }
    },
  }),
]
