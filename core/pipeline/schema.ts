/** The shape of pipeline and mapping files as JSON Schema, made from the steps and transforms that are registered. */
import type { JsonSchema, StepDefinition, TransformDefinition } from '../plugin.ts'

// `code` is our own keyword: the finding that a violation becomes.
const name = { type: 'string', minLength: 1 }
const names = { type: 'array', items: name, uniqueItems: true }
const resource = { type: 'string', pattern: '^[a-z][a-z0-9-]*/[A-Za-z][A-Za-z0-9_-]*$' }
const fieldName = '^[A-Za-z][A-Za-z0-9_]*$'

const either = (type: string, then: JsonSchema, otherwise: JsonSchema): JsonSchema => ({
  if: { type },
  then,
  else: otherwise,
})

const field: JsonSchema = {
  type: 'object',
  properties: {
    type: { enum: ['string', 'number', 'integer', 'boolean', 'array', 'lookup'] },
    format: { enum: ['id', 'email', 'date', 'date-time', 'country', 'url'] },
    enum: { type: 'array', items: name, minItems: 1, uniqueItems: true },
    minLength: { type: 'integer', minimum: 0 },
    maxLength: { type: 'integer', minimum: 1 },
    minimum: { type: 'number' },
    maximum: { type: 'number' },
    items: {
      type: 'object',
      properties: { required: names, fields: { $ref: '#/$defs/fields' } },
      required: ['fields'],
      additionalProperties: false,
    },
  },
  if: { required: ['enum'] },
  // biome-ignore lint/suspicious/noThenProperty: the words of JSON Schema
  then: true,
  else: { required: ['type'] },
  additionalProperties: false,
}

const record: JsonSchema = {
  type: 'object',
  properties: {
    identity: {
      type: 'object',
      minProperties: 1,
      propertyNames: resource,
      additionalProperties: name,
      description: "Each remote object on the left, the record's field with its id on the right.",
    },
    unique: { ...names, description: 'Fields in which no two records may be equal.' },
    findBy: {
      type: 'array',
      items: either('string', name, { type: 'array', items: name, minItems: 1, uniqueItems: true }),
      description: 'Further keys by which other records refer to this one.',
    },
    required: { ...names, description: 'Fields without which a record is INVALID.' },
    fingerprint: { ...names, minItems: 1, description: 'Fields whose change is news.' },
    fields: { $ref: '#/$defs/fields' },
    shared: {
      type: 'object',
      propertyNames: resource,
      description: 'Remote objects for which several records may stand; the youngest that fits owns it.',
      additionalProperties: {
        type: 'object',
        properties: {
          by: { ...names, minItems: 1 },
          while: { $ref: '#/$defs/when' },
          newest: name,
        },
        required: ['by', 'newest'],
        additionalProperties: false,
      },
    },
  },
  required: ['identity', 'fingerprint', 'fields'],
  additionalProperties: false,
}

const when: JsonSchema = {
  type: 'object',
  minProperties: 1,
  description: 'A value, a list of values, true = present, false = absent. All must fit.',
}

const single = (type: string) => ({ type, minLength: 1 })

/** The words of a rule; `bare` is what a bare name stands for. */
function rule(direction: 'map' | 'send'): JsonSchema {
  const self = { $ref: `#/$defs/${direction}Rule` }
  const transform = { $ref: '#/$defs/transforms' }
  const words: JsonSchema = {
    of: {
      ...single('string'),
      description: 'Our own field; in a push also `<reference>.<field>` and `run.at`.',
    },
    join: { ...names, minItems: 1, description: 'Our own fields, put together.' },
    with: { type: 'string', description: 'What stands between joined fields. Default: a space.' },
    value: { description: 'A constant.' },
    transform: { ...transform, description: 'What is done to the value, in order.' },
    values: { type: 'object', minProperties: 1, description: 'A table; "*" stands for any other value.' },
    default: {
      description: 'Where there is no value: a constant, or another of our fields.',
      ...either(
        'object',
        {
          properties: { of: name, transform },
          required: ['of'],
          additionalProperties: false,
        },
        true as unknown as JsonSchema,
      ),
    },
    each: { type: 'object', minProperties: 1, additionalProperties: self, description: 'Rows of a list.' },
    when: { $ref: '#/$defs/when' },
  }
  if (direction === 'map') {
    const from = {
      ...either('array', { items: name, minItems: 1, uniqueItems: true }, single('string')),
      description: "The sender's field, or alternatives: the first that is not empty wins.",
    }
    const long = {
      ...single('object'),
      properties: {
        from,
        ...words,
        keep: { ...name, description: 'A derived value is not taken any more once this field is set.' },
      },
      minProperties: 1,
      additionalProperties: false,
    }
    const list = { items: name, minItems: 1, uniqueItems: true }
    return either('string', single('string'), either('array', list, long))
  }
  const max = { type: 'integer', minimum: 2, description: 'Longer text is cut, with an ellipsis.' }
  return either('string', single('string'), {
    type: 'object',
    properties: { ...words, max },
    minProperties: 1,
    additionalProperties: false,
  })
}

function transformSchema(transforms: readonly TransformDefinition[]): JsonSchema {
  const plain = transforms.filter(transform => !needsOptions(transform))
  const one = either(
    'string',
    {
      enum: plain.map(transform => transform.name),
      code: 'UNKNOWN_TRANSFORM',
      withOptions: transforms.filter(needsOptions).map(transform => transform.name),
    },
    {
      type: 'object',
      properties: Object.fromEntries(
        transforms
          .filter(transform => transform.options !== undefined)
          .map(transform => [transform.name, { description: transform.summary, ...transform.options }]),
      ),
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      code: 'UNKNOWN_TRANSFORM',
    },
  )
  return either('array', { items: one, minItems: 1 }, one)
}

/** May it stand as a bare name? Not where its options have something required, or are no object. */
const needsOptions = ({ options }: TransformDefinition): boolean =>
  options !== undefined && (options['type'] !== 'object' || options['required'] !== undefined)

function stepSchema(steps: readonly StepDefinition[]): JsonSchema {
  return {
    type: 'object',
    required: ['step'],
    properties: {
      step: {
        enum: steps.map(step => step.name),
        code: 'UNKNOWN_STEP',
        description: steps.map(step => `${step.name}: ${step.summary}`).join('\n'),
      },
    },
    allOf: steps.map(step => ({
      if: { properties: { step: { const: step.name } }, required: ['step'] },
      // biome-ignore lint/suspicious/noThenProperty: the words of JSON Schema
      then: {
        ...step.options,
        properties: { step: true, ...(step.options['properties'] as JsonSchema | undefined) },
      },
    })),
  }
}

/** The schema of `pipelines/*.json`. */
export function pipelineSchema(parts: {
  steps: ReadonlyMap<string, StepDefinition>
  transforms: ReadonlyMap<string, TransformDefinition>
}): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A module: its record, and the flows between systems',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      version: { type: 'integer', minimum: 1, description: 'Raised with each change; events show it.' },
      module: { type: 'string', pattern: '^[a-z][a-z0-9-]*$' },
      summary: name,
      retryHours: {
        type: 'number',
        minimum: 1,
        maximum: 720,
        description:
          'So many hours a record may fail to be sent before it is a dead letter (default 72). Time at a closed gate, or waiting for another record, does not count.',
      },
      record,
      flows: {
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: '^[a-z][a-z0-9-]*$' },
        additionalProperties: {
          type: 'object',
          properties: {
            from: { $ref: '#/$defs/resource' },
            when: { $ref: '#/$defs/when' },
            steps: { type: 'array', minItems: 1, items: { $ref: '#/$defs/step' } },
          },
          required: ['from', 'steps'],
          additionalProperties: false,
        },
      },
    },
    required: ['version', 'module', 'summary', 'record', 'flows'],
    additionalProperties: false,
    $defs: {
      resource,
      field,
      fields: {
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: fieldName },
        additionalProperties: { $ref: '#/$defs/field' },
      },
      when,
      mapRule: rule('map'),
      sendRule: rule('send'),
      transforms: transformSchema([...parts.transforms.values()]),
      step: stepSchema([...parts.steps.values()]),
    },
  }
}

/** The schema of `config/mappings/<tenant>/<module>.json`. */
export function mappingSchema(): JsonSchema {
  const from = either('array', { items: name, minItems: 1, uniqueItems: true }, single('string'))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: "A college's own field names and values for one module",
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      module: name,
      read: {
        type: 'object',
        propertyNames: resource,
        description: "By resource: the record's field on the left, where this college has it on the right.",
        additionalProperties: {
          type: 'object',
          additionalProperties: either(
            'boolean',
            { const: false, description: 'Not read at all.' },
            either(
              'object',
              {
                properties: {
                  from,
                  values: { type: 'object', minProperties: 1 },
                  default: either(
                    'object',
                    { properties: { of: name }, required: ['of'], additionalProperties: false },
                    true as unknown as JsonSchema,
                  ),
                },
                minProperties: 1,
                additionalProperties: false,
              },
              from,
            ),
          ),
        },
      },
      names: {
        type: 'object',
        propertyNames: resource,
        description:
          "By resource: the pipeline's name of a remote field on the left, this college's on the right.",
        additionalProperties: { type: 'object', additionalProperties: name },
      },
      holds: {
        type: 'object',
        additionalProperties: { type: 'boolean' },
        description:
          "The pipeline's name of what holds records back, and whether it counts here: `internal-verification` of grades.",
      },
    },
    required: ['module'],
    additionalProperties: false,
  }
}

const rows = { type: 'object', minProperties: 1, additionalProperties: { $ref: '#/$defs/sendRule' } }

/** The schema of `config/connectors/<connector>.json`. */
export const connectorConfigSchema = (transforms: ReadonlyMap<string, TransformDefinition>): JsonSchema => ({
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    connector: name,
    marks: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: { pending: rows, done: rows, failed: rows },
        required: ['pending', 'done', 'failed'],
        additionalProperties: false,
      },
    },
    resources: {
      type: 'object',
      propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_-]*$' },
      additionalProperties: { type: 'object' },
    },
  },
  required: ['connector'],
  additionalProperties: false,
  $defs: { when, sendRule: rule('send'), transforms: transformSchema([...transforms.values()]) },
})

const band = { grade: name, from: { type: 'number', minimum: 0, maximum: 100 } }

/** The schema of `config/scales/<scale>.json`. */
export const scaleSchema: JsonSchema = {
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    scale: name,
    version: { type: 'integer', minimum: 1, description: 'Raised with each change; events show it.' },
    bands: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: band,
        required: Object.keys(band),
        additionalProperties: false,
      },
    },
    capByOutcomes: { type: 'boolean' },
  },
  required: ['scale', 'version', 'bands'],
  additionalProperties: false,
}
