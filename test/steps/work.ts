import { loadPipelines } from '../../core/pipeline/load.ts'
import { begin, ended } from '../../core/pipeline/run.ts'
import type { Fields, PipelineFile, RecordView, Run, StepContext, Work } from '../../core/plugin.ts'
import { ours } from '../pipeline/folders.ts'
import { registry } from '../pipeline/plugins.ts'

export const run: Run = {
  tenant: 'default',
  timezone: 'Asia/Amman',
  language: 'en',
  at: Date.parse('2026-11-24T12:00:00Z'),
}

/** A module with a sender that is the register and one that only fills. */
export const file: PipelineFile = {
  version: 1,
  module: 'guest',
  summary: 'Guests.',
  record: {
    identity: { 'zoho/BTEC_Students': 'zohoId', 'moodle/user': 'moodleUserId' },
    required: ['name'],
    fingerprint: ['name', 'city'],
    fields: {
      zohoId: { type: 'string', format: 'id' },
      moodleUserId: { type: 'string', format: 'id' },
      friendId: { type: 'lookup' },
      name: { type: 'string' },
      city: { type: 'string' },
      seenAt: { type: 'string', format: 'date-time' },
    },
  },
  flows: {
    in: {
      from: 'zoho/BTEC_Students',
      steps: [
        { step: 'dependency-check', needs: { friend: { module: 'guest', zohoId: 'friendId' } } },
        {
          step: 'push',
          to: 'moodle/user',
          match: ['id', 'email'],
          fields: { id: 'moodleUserId', firstname: 'name', city: 'city' },
          remember: { moodleUserId: 'id' },
          onDelete: 'keep',
        },
      ],
    },
    back: {
      from: 'moodle/user',
      steps: [
        {
          step: 'push',
          to: 'zoho/BTEC_Students',
          match: ['id'],
          fields: { id: 'zohoId', Full_Name: 'name', Mentor: 'friend.zohoId' },
          remember: { zohoId: 'id' },
          onDelete: 'keep',
        },
      ],
    },
  },
}

const { modules } = await loadPipelines({
  folders: { pipelines: [ours.pipelines], config: [ours.config] },
  registry,
})

export const contextOf = (flow: 'in' | 'back' = 'in', own: PipelineFile = file): StepContext => ({
  file: own,
  flow,
  from: own.flows[flow]?.from ?? 'zoho/BTEC_Students',
  modules: new Map([...[...modules].map(([name, one]) => [name, one.file] as const), ['guest', own]]),
  resource: name => registry.resource(name),
  transform: name => registry.transform(name),
  connectorConfig: () => undefined,
  scale: () => undefined,
})

export const recordOf = (fields: Fields, more: Partial<RecordView> = {}): RecordView => ({
  id: 'r1',
  module: 'guest',
  fields,
  identities: [],
  state: 'ok',
  sides: {},
  pushed: {},
  ...more,
})

export const workOf = (more: Partial<Work> & { record?: RecordView | null }): Work => {
  const work = begin({
    resource: 'zoho/BTEC_Students',
    version: [5],
    payload: {},
    record: more.record ?? null,
  })
  const merged = { ...more.record?.fields, ...more.fields }
  return { ...work, merged, ...more }
}

export { ended }
