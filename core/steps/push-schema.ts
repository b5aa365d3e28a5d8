import type { JsonSchema } from '../plugin.ts'

const resource = { $ref: '#/$defs/resource' }
const name = { type: 'string', minLength: 1 }
const sendRules = { type: 'object', minProperties: 1, additionalProperties: { $ref: '#/$defs/sendRule' } }

/** The shape of a `push` step. */
export const pushSchema: JsonSchema = {
  type: 'object',
  properties: {
    to: { ...resource, description: 'The connector and resource that it is sent to.' },
    match: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: name,
      description: 'By which of the sent fields the remote object is looked for, in order.',
    },
    agree: {
      type: 'object',
      description:
        'Sent fields in which an object found by a key must not differ from what is sent: else a person decides.',
      properties: {
        fields: { type: 'array', minItems: 1, uniqueItems: true, items: name },
        linked: {
          type: 'boolean',
          description:
            'Also an object whose id was told, before anything is sent to it first. Default false.',
        },
      },
      required: ['fields'],
      additionalProperties: false,
    },
    fields: { ...sendRules, description: "The remote's field on the left, ours on the right." },
    remember: {
      type: 'object',
      minProperties: 1,
      additionalProperties: name,
      description:
        'Our field on the left keeps what the remote answers under the name on the right: its `id`.',
    },
    onDelete: {
      description: 'What is sent when the record is deleted: nothing (`keep`), a deletion, or these fields.',
      if: { type: 'string' },
      // biome-ignore lint/suspicious/noThenProperty: the words of JSON Schema
      then: { enum: ['keep', 'delete'] },
      else: sendRules,
    },
    marks: { ...name, description: "The connector's sync marks that travel with the record." },
    answers: {
      type: 'object',
      additionalProperties: name,
      description:
        'What a sender that waits is answered besides: its name on the left, our field on the right.',
    },
    writeBack: {
      type: 'object',
      description: "What the sender's own record is told afterwards.",
      properties: {
        to: resource,
        id: { ...name, description: "Our field with that record's id." },
        fields: sendRules,
        marks: { ...name, description: "The connector's sync marks, sent on failure too." },
      },
      required: ['to', 'id'],
      additionalProperties: false,
    },
  },
  required: ['to', 'match', 'fields', 'remember', 'onDelete'],
  additionalProperties: false,
}
