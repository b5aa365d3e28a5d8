/** The OpenAPI document, made from the table of routes, and a page that shows it. */
import type Joi from 'joi'
import type { Json } from '../../plugin.ts'
import type { Operation } from './route.ts'

type Schema = { [key: string]: Json }

interface Described {
  readonly type?: string
  readonly allow?: readonly Json[]
  readonly flags?: { readonly only?: boolean; readonly default?: Json; readonly presence?: string }
  readonly rules?: readonly { readonly name: string; readonly args?: Readonly<Record<string, unknown>> }[]
  readonly keys?: Readonly<Record<string, Described>>
  readonly matches?: readonly { readonly schema?: Described }[]
}

/** Routes that are not in the table: what senders use. */
const INTAKE: readonly (readonly [method: string, path: string, summary: string])[] = [
  ['post', '/api/v1/events/{connector}/{resource}', 'A webhook: stored, then answered 202.'],
  ['post', '/api/v1/webhooks', 'Webhooks of every kind of one sender.'],
  ['post', '/api/v1/events/status', 'What became of up to 500 events.'],
  ['post', '/api/v1/sync/{module}', 'A batch of records: {"data": [...]}.'],
  ['post', '/api/v1/{connector}/{collection}', 'A batch in a connector’s own shape.'],
]
const READ: typeof INTAKE = [['get', '/metrics', 'What the engine counts, as Prometheus reads it.']]
const OPEN: typeof INTAKE = [
  ['get', '/health/live', 'Whether the process turns.'],
  ['get', '/health/ready', 'Whether deliveries can be accepted.'],
]

/** Version 3.1. */
export function openApi(operations: readonly Operation[]): { [key: string]: Json } {
  const paths: { [path: string]: { [method: string]: Json } } = {}
  const add = (method: string, path: string, operation: Json) => {
    paths[path] = { ...paths[path], [method]: operation }
  }
  for (const operation of operations)
    add(operation.method.toLowerCase(), operation.path, described(operation))
  for (const [method, path, summary] of INTAKE)
    add(method, path, {
      summary,
      parameters: inPath(path),
      security: [{ signature: [] }, { key: ['operate'] }],
      requestBody: { required: true, content: { 'application/json': { schema: {} } } },
      responses: answers('202', 'Stored; or 200 with the outcomes.'),
    })
  for (const [method, path, summary] of READ)
    add(method, path, { summary, security: [{ key: ['read'] }], responses: answers('200', 'The metrics.') })
  for (const [method, path, summary] of OPEN)
    add(method, path, { summary, security: [], responses: { '200': { description: 'Yes.' } } })
  return {
    openapi: '3.1.0',
    info: { title: 'Wasl', version: '1', description: 'Webhooks in, records, retries and dead letters.' },
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key: wasl_<id>_<secret>.' },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description: 'What the endpoint’s verifier asks for.',
        },
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['statusCode', 'error', 'message', 'code'],
          properties: {
            statusCode: { type: 'integer' },
            error: { type: 'string' },
            message: { type: 'string' },
            code: { type: 'string' },
            hint: { type: 'string' },
            findings: { type: 'array', items: { type: 'object' } },
          },
        },
      },
    },
  }
}

const problem = (description: string): Json => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

const answers = (status: string, description: string): { [status: string]: Json } => ({
  [status]: { description },
  '400': problem('It is not as it must be.'),
  '401': problem('Nobody proved who asks.'),
  '429': problem('Too many wrong keys came before; Retry-After says how long to wait.'),
})

const inPath = (path: string): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

function described({ summary, scope, signed, params, query, body, status = 200 }: Operation): Json {
  const parameters = [
    ...Object.entries(params ?? {}).map(([name, schema]) => ({
      name,
      in: 'path',
      required: true,
      schema: schemaOf(schema.describe()),
    })),
    ...Object.entries(query ?? {}).map(([name, schema]) => ({
      name,
      in: 'query',
      required: isRequired(schema.describe()),
      schema: schemaOf(schema.describe()),
    })),
  ]
  const content =
    body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: objectOf(descriptions(body)) } } } }
  return {
    summary,
    parameters,
    security: [{ key: [scope] }, ...(signed === true ? [{ signature: [] }] : [])],
    ...content,
    responses: {
      ...answers(String(status), status === 202 ? 'Begun.' : 'The answer.'),
      '403': problem(`The key lacks the scope ${scope}.`),
      ...(params === undefined ? {} : { '404': problem('There is no such object of this tenant.') }),
      ...(status === 202 ? { '409': problem('It is not in a state to be changed so.') } : {}),
    },
  }
}

const descriptions = (shape: Readonly<Record<string, Joi.Schema>>): Readonly<Record<string, Described>> =>
  Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, schema.describe() as Described]))

const isRequired = (schema: Described): boolean => schema.flags?.presence === 'required'

function objectOf(keys: Readonly<Record<string, Described>>): Schema {
  const required = Object.entries(keys).filter(([, schema]) => isRequired(schema))
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(keys).map(([name, schema]) => [name, schemaOf(schema)])),
    ...(required.length === 0 ? {} : { required: required.map(([name]) => name) }),
  }
}

/** The part of joi that our routes use, as JSON Schema. */
export function schemaOf(schema: Described): Schema {
  const { type, flags, allow, rules = [], keys, matches } = schema
  const preset: Schema = flags?.default === undefined ? {} : { default: flags.default }
  if (flags?.only === true && allow !== undefined) return { enum: [...allow], ...preset }
  if (matches !== undefined)
    return { anyOf: matches.flatMap(match => (match.schema === undefined ? [] : [schemaOf(match.schema)])) }
  if (type === 'object') return { ...objectOf(keys ?? {}), ...preset }
  const made: Schema = { type: rules.some(({ name }) => name === 'integer') ? 'integer' : (type ?? 'string') }
  for (const { name, args = {} } of rules) {
    const limit = args['limit'] as number
    if (name === 'min') made[type === 'number' ? 'minimum' : 'minLength'] = limit
    if (name === 'max') made[type === 'number' ? 'maximum' : 'maxLength'] = limit
    if (name === 'length') Object.assign(made, { minLength: limit, maxLength: limit })
    if (name === 'pattern') made['pattern'] = String(args['regex']).replace(/^\/|\/[a-z]*$/g, '')
    if (name === 'isoDate') made['format'] = 'date-time'
  }
  return { ...made, ...preset }
}

/** A page without scripts: what there is, by path. */
export function documentationPage(operations: readonly Operation[]): string {
  const rows = [
    ...operations.map(({ method, path, scope, summary }) => [method, path, scope, summary]),
    ...INTAKE.map(([method, path, summary]) => [method.toUpperCase(), path, 'signature or operate', summary]),
    ...READ.map(([method, path, summary]) => [method.toUpperCase(), path, 'read', summary]),
    ...OPEN.map(([method, path, summary]) => [method.toUpperCase(), path, 'open', summary]),
  ]
  const body = rows.map(cells => `<tr>${cells.map(cell => `<td>${html(cell ?? '')}</td>`).join('')}</tr>`)
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Wasl: routes</title>
<style>body{font:16px/1.5 system-ui;margin:2rem;max-width:72rem}td,th{padding:.25rem .75rem;text-align:start;vertical-align:top}td:nth-child(2){font-family:monospace}</style>
<h1>Routes</h1>
<p>The whole description is <a href="/documentation/openapi.json">an OpenAPI document</a>. Keys go into the header <code>Authorization: Bearer wasl_…</code>.</p>
<table><thead><tr><th>Method<th>Path<th>Scope<th>What</thead><tbody>
${body.join('\n')}
</tbody></table></html>
`
}

const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
