/** Case files: given stored records and an event, what is expected to happen. Data, so that an integrator writes them too. */
import type { Finding } from '../errors.ts'
import type { Fields, Json, JsonSchema, Payload, RecordView, ResourceName, Run } from '../plugin.ts'
import { canonical } from './canonical.ts'
import type { PipelineSet } from './compiled.ts'
import type { Registry } from './registered.ts'
import { type Rehearsal, rehearse, type World } from './rehearse.ts'

export interface Expectation {
  readonly outcome: string
  /** The reason of SKIPPED, UNCHANGED and DELETED. */
  readonly reason?: string
  /** What a record waits for, or why it is INVALID: part of the sentence. */
  readonly why?: string
  /** The error's code. */
  readonly code?: string
  /** The field that the error is about. */
  readonly at?: string
  readonly tried?: readonly string[]
  readonly module?: string
  readonly flow?: string
  /** Fields of the record afterwards, those that matter here. */
  readonly fields?: Payload
  /** Field -> from and to; all of them. */
  readonly changes?: Readonly<Record<string, readonly [Json, Json]>>
  /** Exactly these resources; of their fields those that matter here. */
  readonly sent?: Readonly<Record<string, Payload>>
  /** Fields that nobody is sent. */
  readonly notSent?: readonly string[]
  readonly cut?: readonly string[]
  readonly kept?: readonly string[]
}

export interface Case {
  readonly name: string
  /** Another flow, event or stored records than the file's. */
  readonly flow?: string
  readonly event?: Payload
  readonly stored?: Readonly<Record<string, readonly Payload[]>>
  /** Laid over the event; `without` are keys taken out of it. */
  readonly with?: Payload
  readonly without?: readonly string[]
  /** Cases that happen before, in order; their records are there. */
  readonly after?: readonly string[]
  readonly delete?: boolean
  readonly version?: readonly number[]
  /** Ids that the remotes gave after it was sent: `{ "moodle/user": "5" }`, for the cases after it. */
  readonly answered?: Readonly<Record<string, string>>
  readonly expect: Expectation
}

export interface CaseFile {
  /** `grade/moodle-to-zoho` */
  readonly flow: string
  readonly timezone?: string
  readonly language?: string
  readonly stored?: Readonly<Record<string, readonly Payload[]>>
  readonly event: Payload
  readonly cases: readonly Case[]
}

export interface CaseResult {
  readonly name: string
  readonly ok: boolean
  /** What was expected and what came, one line each where they differ. */
  readonly differences: readonly { readonly what: string; readonly expected: Json; readonly actual: Json }[]
}

const text = { type: 'string', minLength: 1 }
const object = { type: 'object' }
const texts = { type: 'array', items: text }
const records = { type: 'object', additionalProperties: { type: 'array', items: object } }
const shared = { flow: text, event: object, stored: records }

/** The schema of `*.cases.json`. */
export const casesSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Cases of one pipeline: stored records, an event, and what is expected',
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    ...shared,
    timezone: text,
    language: { enum: ['en', 'ar'] },
    cases: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: {
          name: text,
          ...shared,
          with: object,
          without: texts,
          after: texts,
          delete: { type: 'boolean' },
          version: { type: 'array', items: { type: 'number' } },
          answered: { type: 'object', additionalProperties: text },
          expect: {
            type: 'object',
            properties: {
              outcome: {
                enum: ['NEW', 'UPDATED', 'UNCHANGED', 'SKIPPED', 'DELETED', 'INVALID', 'WAITING'],
              },
              reason: text,
              why: text,
              code: text,
              at: text,
              tried: texts,
              module: text,
              flow: text,
              fields: object,
              changes: { type: 'object', additionalProperties: { type: 'array', minItems: 2, maxItems: 2 } },
              sent: { type: 'object', additionalProperties: object },
              notSent: texts,
              cut: texts,
              kept: texts,
            },
            required: ['outcome'],
            additionalProperties: false,
          },
        },
        required: ['name', 'expect'],
        additionalProperties: false,
      },
    },
  },
  required: ['flow', 'event', 'cases'],
  additionalProperties: false,
}

/** The time at which all cases happen. */
const NOW = Date.parse('2026-11-24T12:00:00Z')

type Parts = {
  readonly set: PipelineSet
  readonly registry: Pick<Registry, 'resource'>
  readonly tenant?: string
}

function given(set: PipelineSet, stored: Case['stored'] = {}): RecordView[] {
  return Object.entries(stored).flatMap(([module, list]) =>
    list.map((fields, index): RecordView => {
      const identities = set.modules.get(module)?.identitiesOf(fields) ?? []
      return { id: `${module}-${index}`, module, fields, identities, state: 'ok', sides: {}, pushed: {} }
    }),
  )
}

function withRecord(world: World, record: RecordView | undefined): World {
  if (record === undefined) return world
  return { records: [...world.records.filter(one => one.id !== record.id), record] }
}

/** The remotes' answers: ids that they gave to what was sent. */
function linked(set: PipelineSet, record: RecordView | undefined, answered: Case['answered'] = {}) {
  if (record === undefined) return undefined
  const pipeline = set.modules.get(record.module)
  const fields: Fields = {
    ...record.fields,
    ...Object.fromEntries(
      Object.entries(answered).map(([to, id]) => [pipeline?.identity.get(to as ResourceName) ?? to, id]),
    ),
  }
  const identities = [...new Set([...record.identities, ...(pipeline?.identitiesOf(fields) ?? [])])]
  return { ...record, fields, identities }
}

/** Runs every case of a file, each in a world of its own. */
export function runCases(parts: Parts, file: CaseFile): readonly CaseResult[] {
  const run: Run = {
    tenant: parts.tenant ?? 'default',
    timezone: file.timezone ?? 'Asia/Amman',
    language: file.language ?? 'en',
    at: NOW,
  }
  const byName = new Map(file.cases.map(one => [one.name, one]))
  const play = (one: Case, world: World): { result: Rehearsal; world: World } => {
    const before = (one.after ?? []).reduce((now, name) => {
      const earlier = byName.get(name)
      return earlier === undefined ? now : play(earlier, now).world
    }, world)
    const result = rehearse({ ...parts, run }, before, eventOf(parts, file, one))
    return { result, world: withRecord(before, linked(parts.set, result.record, one.answered)) }
  }
  return file.cases.map(one => {
    const unknown = (one.after ?? []).filter(name => !byName.has(name) || name === one.name)
    if (unknown.length > 0)
      return {
        name: one.name,
        ok: false,
        differences: unknown.map(name => ({ what: 'after', expected: name, actual: null })),
      }
    const { result } = play(one, { records: given(parts.set, one.stored ?? file.stored) })
    const differences = compare(one.expect, result)
    return { name: one.name, ok: differences.length === 0, differences }
  })
}

function eventOf({ set }: Parts, file: CaseFile, one: Case) {
  const [module = '', flow = ''] = (one.flow ?? file.flow).split('/', 2)
  const from = set.modules.get(module)?.flows.find(({ name }) => name === flow)?.from
  const payload: Payload = { ...(one.event ?? file.event), ...one.with }
  for (const key of one.without ?? []) delete payload[key]
  return {
    resource: from ?? ('' as ResourceName),
    payload,
    kind: one.delete === true ? ('delete' as const) : ('state' as const),
    ...(one.version === undefined ? {} : { version: one.version }),
  }
}

type Difference = CaseResult['differences'][number]

function compare(expected: Expectation, result: Rehearsal): readonly Difference[] {
  const differences: Difference[] = []
  const same = (what: string, wanted: Json | undefined, actual: Json | undefined) => {
    if (wanted === undefined || canonical(wanted) === canonical(actual)) return
    differences.push({ what, expected: wanted, actual: actual ?? null })
  }
  const message = result.error?.message ?? result.reason
  same('outcome', expected.outcome, result.outcome)
  if (differences.length > 0 && message !== undefined)
    differences.push({ what: 'because', expected: null, actual: message })
  same('reason', expected.reason, result.reason)
  if (expected.why !== undefined && !(message ?? '').includes(expected.why))
    same('why', expected.why, message ?? null)
  same('code', expected.code, result.error?.code)
  same('at', expected.at, result.error?.at)
  same('tried', expected.tried as Json, result.error?.tried as Json)
  same('module', expected.module, result.module)
  same('flow', expected.flow, result.flow)
  for (const [name, value] of Object.entries(expected.fields ?? {}))
    same(`fields.${name}`, value, result.record?.fields[name])
  const changes = Object.fromEntries(result.changes.map(({ field, from, to }) => [field, [from, to]]))
  same('changes', expected.changes as Json | undefined, changes)
  if (expected.sent !== undefined) compareSent(expected.sent, result.sent, same)
  const names = new Set(Object.values(result.sent).flatMap(payload => Object.keys(payload)))
  for (const name of expected.notSent ?? []) if (names.has(name)) same('notSent', null, name)
  same('cut', expected.cut as Json | undefined, [...result.cut])
  same('kept', expected.kept as Json | undefined, [...result.kept])
  return differences
}

function compareSent(
  expected: Readonly<Record<string, Payload>>,
  actual: Rehearsal['sent'],
  same: (what: string, wanted: Json | undefined, actual: Json | undefined) => void,
): void {
  same('sent to', Object.keys(expected).sort(), Object.keys(actual).sort())
  for (const [to, fields] of Object.entries(expected))
    for (const [name, value] of Object.entries(fields)) same(`sent.${to}.${name}`, value, actual[to]?.[name])
}

/** The cases as findings, for tools: each failing one at its place in the file. */
export const caseFinding = (file: string, result: CaseResult): Finding => ({
  file,
  line: 0,
  column: 0,
  pointer: '',
  code: 'CASE_FAILED',
  message: `${result.name}: ${result.differences.map(({ what }) => what).join(', ')} differ`,
})
