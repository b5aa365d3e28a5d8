/** Modules of a college's own, as `"resources"` in config/connectors/zoho.json describes them. */
import type { JsonSchema, Payload } from '../../core/plugin.ts'
import type { ZohoField, ZohoModule, ZohoType } from './btec.ts'

const types: Readonly<Record<ZohoType, true>> = {
  text: true,
  textarea: true,
  email: true,
  phone: true,
  website: true,
  picklist: true,
  multiselectpicklist: true,
  integer: true,
  bigint: true,
  double: true,
  date: true,
  datetime: true,
  boolean: true,
  lookup: true,
  subform: true,
  autonumber: true,
}
const name = { type: 'string', minLength: 1 }
const flag = { type: 'boolean' }

/** One module: every part may be left out, and fields that are not described are taken as they are. */
export const moduleSchema: JsonSchema = {
  type: 'object',
  properties: {
    summary: name,
    aliases: { type: 'array', items: name },
    fields: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: {
          type: { enum: Object.keys(types) },
          length: { type: 'integer', minimum: 1 },
          values: { type: 'array', items: name },
          unique: flag,
          mandatory: flag,
          of: name,
          identifies: flag,
          needed: flag,
        },
        required: ['type'],
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
}

/** The modules with those beside them; one that is there already gets the further fields. */
export function extended(
  modules: Readonly<Record<string, ZohoModule>>,
  described: Readonly<Record<string, Payload>>,
): Readonly<Record<string, ZohoModule>> {
  const all: Record<string, ZohoModule> = { ...modules }
  for (const [module, given] of Object.entries(described)) {
    const { summary, aliases = [], fields = {} } = given as Partial<ZohoModule>
    const before = all[module] ?? { summary: `${module}.`, aliases: [], fields: {} }
    all[module] = {
      summary: summary ?? before.summary,
      aliases: [...before.aliases, ...aliases],
      fields: { ...before.fields, ...(fields as Readonly<Record<string, ZohoField>>) },
    }
  }
  return all
}
