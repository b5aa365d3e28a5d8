/** Records as the delivery has them, over our own pipelines. */
import type { Held } from '../../core/delivery/held.ts'
import type { Conditions, Send } from '../../core/delivery/plan.ts'
import type { Tenant } from '../../core/delivery/tenant.ts'
import type { CompiledPipeline } from '../../core/pipeline/compiled.ts'
import { loadPipelines } from '../../core/pipeline/load.ts'
import type { Log, RecordView, ResourceConnection, Run } from '../../core/plugin.ts'
import type { OutboxEntry, RecordDocument } from '../../core/store/documents.ts'
import { ours } from '../pipeline/folders.ts'
import { registry } from '../pipeline/plugins.ts'

export const NOW = Date.parse('2026-11-24T12:00:00Z')

export const set = await loadPipelines({
  folders: { pipelines: [ours.pipelines], config: [ours.config] },
  registry,
})

export function pipelineOf(module: string): CompiledPipeline {
  const pipeline = set.modules.get(module)
  if (pipeline === undefined) throw new Error(`no pipeline ${module}`)
  return pipeline
}

export const run: Run = { tenant: 'al-noor', timezone: 'Asia/Amman', language: 'en', at: NOW }

/** Far enough from the epoch that ids sort by time as real ones do. */
export const idOf = (number: number): string => number.toString(16).padStart(24, '0')

export const STUDENT = 'zoho/BTEC_Students'
export const USER = 'moodle/user'

const studentFields = {
  zohoId: '1001',
  studentId: 'STU-1',
  fullName: 'Sara Naser',
  firstName: 'Sara',
  lastName: 'Naser',
  email: 'sara@college.test',
  username: 'sara',
  status: 'Active',
}

/** A student that Zoho brought, with nothing sent yet. */
export function student(changes: Partial<RecordDocument> = {}): RecordDocument {
  return {
    _id: idOf(1),
    tenant: 'al-noor',
    module: 'student',
    identities: [`${STUDENT}:1001`],
    keys: [...pipelineOf('student').keysOf(changes.fields ?? studentFields)],
    fields: studentFields,
    sides: { zoho: { version: [5], fp: 'zoho-said' } },
    source: 'zoho',
    rev: 4,
    outbox: {},
    pushed: {},
    refs: [],
    missing: [],
    state: 'due',
    claims: 1,
    dueAt: new Date(NOW),
    lease: { nonce: 'n', until: new Date(NOW + 15_000) },
    createdAt: new Date(NOW),
    updatedAt: new Date(NOW),
    ...changes,
  }
}

const enrolmentFields = {
  zohoId: '3001',
  studentZohoId: '1001',
  classZohoId: '2001',
  status: 'Active',
  createdAt: '2026-09-01T00:00:00Z',
}

/** An enrolment from Zoho, which needs its student and its class. */
export const enrolment = (changes: Partial<RecordDocument> = {}): RecordDocument =>
  student({
    _id: idOf(9),
    module: 'enrollment',
    identities: ['zoho/BTEC_Enrollments:3001'],
    keys: [...pipelineOf('enrollment').keysOf(changes.fields ?? enrolmentFields)],
    fields: enrolmentFields,
    refs: ['student|zohoId=1001', 'class|zohoId=2001'],
    ...changes,
  })

export const fieldsOf = (record: RecordDocument, changes: RecordDocument['fields']) => ({
  ...record.fields,
  ...changes,
})

export const held = (record: RecordDocument, found: Record<string, RecordView | null> = {}): Held => ({
  record,
  pipeline: pipelineOf(record.module),
  rev: record.rev,
  found: new Map(Object.keys(record.outbox).map(to => [to, found] as const)),
  kept: new Set(),
})

export const due = (changes: Partial<OutboxEntry> = {}): OutboxEntry => ({
  content: 'c1',
  attempt: 0,
  ...changes,
})

export const view = (module: string, changes: Partial<RecordView> = {}): RecordView => ({
  id: idOf(77),
  module,
  fields: {},
  identities: [],
  state: 'ok',
  sides: {},
  pushed: {},
  ...changes,
})

/** A push of the record as it would be rendered now. */
export function pushOf(one: Held, to: string): Send {
  const rendered = one.pipeline.pushTo(to as 'a/b')?.render(one.record.fields, one.found.get(to) ?? {}, run)
  if (rendered === undefined) throw new Error(`nothing is sent to ${to}`)
  return { do: 'send', to, what: 'push', fields: rendered.fields, rendered }
}

export const conditions: Conditions = { run, gateBefore: () => undefined, metadata: () => undefined }

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** A college with these connections. */
export function tenantWith(
  connections: Readonly<Record<string, Readonly<Record<string, ResourceConnection>>>>,
  id = 'al-noor',
): Tenant {
  return {
    id,
    pipelines: set,
    run: at => ({ ...run, at }),
    switchedOff: () => false,
    sweepEvery: () => 0,
    createdAt: 0,
    connection(connector) {
      const resources = connections[connector]
      return resources && { resources, check: async () => [], close: async () => {} }
    },
    prepare: async () => {},
    metadata: () => undefined,
  }
}
