import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect } from 'chai'
import { schemaFiles } from '../../core/commands/docs.ts'
import { loadPipelines } from '../../core/pipeline/load.ts'
import { defineConnector, defineStep, defineTransform, type ResourceName } from '../../core/plugin.ts'
import { createRegistry } from '../../core/registry.ts'
import { ours, withFiles } from './folders.ts'
import { registry } from './plugins.ts'

const folders = { pipelines: [ours.pipelines], config: [ours.config] }
const set = await loadPipelines({ folders, registry })

const inGroups = {
  student: 'student',
  unit: 'unit-as-course',
  class: 'class-as-group',
  enrollment: 'enrollment-in-group',
}

describe('our own pipelines', () => {
  it('have no findings, and all nine run', () => {
    expect(set.findings).to.deep.equal([])
    expect([...set.modules.keys()]).to.have.members([
      'student',
      'teacher',
      'program',
      'unit',
      'class',
      'registration',
      'enrollment',
      'payment',
      'grade',
    ])
  })

  it('run as well where classes are groups in the course of their unit', async () => {
    const groups = await loadPipelines({ folders, registry, only: inGroups })
    expect(groups.findings).to.deep.equal([])
    expect(groups.modules.get('class')?.identity.has('moodle/group')).to.equal(true)
    expect(groups.modules.get('enrollment')?.pushTo('moodle/group_member')?.idField).to.equal('memberKey')
    expect(groups.modules.get('enrollment')?.flowTo('moodle/group_member')?.name).to.equal('zoho-to-moodle')
  })

  it('have schemas for editors that are current (wasl docs --schemas)', () => {
    for (const [path, content] of schemaFiles({ folders, registry }))
      expect(readFileSync(path, 'utf8'), basename(path)).to.equal(content)
  })

  it('are explained by an example that runs as it stands, for a resource that the connector knows', async () => {
    const page = readFileSync(`${ours.pipelines}/README.md`, 'utf8')
    const example = /## A module in ten lines\n\n```json\n(.*?)```/s.exec(page)?.[1] ?? ''
    const known = example.replaceAll('BTEC_Rooms', 'BTEC_Units')
    const loaded = await withFiles({ 'pipelines/room.json': known }, folder =>
      loadPipelines({ folders: { ...folders, pipelines: [`${folder}/pipelines`] }, registry }),
    )
    expect(loaded.findings).to.deep.equal([])
    expect([...loaded.modules.keys()]).to.deep.equal(['room'])
  })

  it('a programme’s two pushes tell Zoho in one write', () => {
    const run = { tenant: 'default', timezone: 'UTC', language: 'en', at: 0 }
    const back = set.modules.get('program')?.writeBackTo('zoho/BTEC_Programs')
    expect(back?.render({ moodleCategoryId: '12', moodleCohortId: '3' }, 'done', run)).to.include({
      Moodle_Category_ID: '12',
      Moodle_Cohort_ID: '3',
      Sync_Status: 'Synced',
    })
  })
})

describe('names in routes', () => {
  const modules: [string, string | undefined][] = [
    ['student', 'student'],
    ['Students', 'student'],
    ['BTEC_Students', 'student'],
    ['btec_students', 'student'],
    ['classes', 'class'],
    ['BTEC_Classes', 'class'],
    ['registrations', 'registration'],
    ['enrolments', 'enrollment'],
    ['programme', 'program'],
    ['nothing', undefined],
    ['__proto__', undefined],
  ]
  for (const [name, module] of modules)
    it(`${name} is ${module ?? 'no module'}`, () => {
      expect(set.moduleOf(name)).to.equal(module)
    })

  const resources: [string, string, string | undefined][] = [
    ['zoho', 'students', 'BTEC_Students'],
    ['zoho', 'BTEC_STUDENTS', 'BTEC_Students'],
    ['zoho', 'class', 'BTEC_Classes'],
    ['moodle', 'users', 'user'],
    ['moodle', 'students', 'user'],
    ['moodle', 'enrollments', 'enrollment'],
    ['moodle', 'grades', 'grade'],
    ['moodle', 'BTEC_Students', undefined],
    ['teams', 'students', undefined],
  ]
  for (const [connector, name, resource] of resources)
    it(`${name} of ${connector} is ${resource ?? 'unknown'}`, () => {
      expect(set.resourceOf(connector, name)).to.equal(resource)
    })
})

describe('the flow for an event', () => {
  const user: ResourceName = 'moodle/user'
  const flow = (payload: object | undefined, module?: string) => {
    const chosen = set.choose(user, payload as never, module)
    if (chosen === undefined) return undefined
    return 'skip' in chosen ? chosen.skip : `${chosen.pipeline.module}/${chosen.flow.name}`
  }

  it('is the first whose condition fits', () => {
    expect(flow({ role: 'student' })).to.equal('student/moodle-to-zoho')
    expect(flow({ role: 'teacher' })).to.equal('teacher/moodle-to-zoho')
  })

  it('is that of its record’s module, whatever the condition says', () => {
    expect(flow({ role: 'student' }, 'teacher')).to.equal('teacher/moodle-to-zoho')
    expect(flow(undefined, 'teacher')).to.equal('teacher/moodle-to-zoho')
  })

  it('is none where none fits, for the reason that the connector knows', () => {
    expect(flow({ role: '' })).to.equal('no_role_yet')
    expect(set.choose('moodle/grade', { itemtype: 'course' })).to.deep.equal({ skip: 'not_for_this_flow' })
  })

  it('is unknown where no pipeline takes the resource', () => {
    expect(set.choose('moodle/cohort', { id: '1' })).to.equal(undefined)
  })
})

describe('keys', () => {
  it('are what others may refer to a record by', () => {
    const keys = set.modules
      .get('registration')
      ?.keysOf({ zohoId: '6', studentZohoId: '5&=|%', programZohoId: '7' })
    expect(keys).to.deep.equal([
      'registration|zohoId=6',
      'registration|programZohoId=7&studentZohoId=5%26%3D%7C%25',
    ])
  })

  it('lack what is empty', () => {
    expect(set.modules.get('student')?.keysOf({ zohoId: '5', moodleUserId: null })).to.deep.equal([
      'student|zohoId=5',
    ])
  })

  it('of unique fields are compared without case, in one Unicode form', () => {
    const unique = set.modules.get('student')?.uniqueOf
    expect(unique?.({ username: 'Ali\u0301' })).to.deep.equal(unique?.({ username: ' alí' }))
  })

  it('tell which fields others take', () => {
    expect([...(set.modules.get('student')?.lent ?? [])]).to.have.members(['zohoId', 'moodleUserId'])
    expect([...(set.modules.get('payment')?.lent ?? [])]).to.deep.equal([])
  })

  it('bring those together who share one remote object', () => {
    const [shared] = set.modules.get('enrollment')?.shared ?? []
    const fields = {
      studentZohoId: '5',
      classZohoId: '9',
      status: 'Active',
      createdAt: '2026-01-01T00:00:00Z',
    }
    expect(shared).to.include({ resource: 'moodle/enrollment', idField: 'enrolmentKey' })
    expect(shared?.keyOf(fields)).to.equal('enrollment|classZohoId=9&studentZohoId=5')
    expect(shared?.keyOf({ studentZohoId: '5' })).to.equal(undefined)
    expect(shared?.fits(fields)).to.equal(true)
    expect(shared?.fits({ ...fields, status: 'Withdrawn' })).to.equal(false)
    expect(shared?.age(fields)).to.equal('2026-01-01T00:00:00Z')
    expect(set.modules.get('enrollment')?.keysOf(fields)).to.include(
      'enrollment|classZohoId=9&studentZohoId=5',
    )
  })
})

describe('files that change', () => {
  const student = JSON.parse(readFileSync(`${ours.pipelines}/student.json`, 'utf8'))

  it('go on as they were while they are wrong', async () => {
    const previous = await withFiles({ 'pipelines/student.json': student }, folder =>
      loadPipelines({ folders: { ...folders, pipelines: [`${folder}/pipelines`] }, registry }),
    )
    for (const broken of [{ ...student, version: 'x' }, '{ "version": 2,', { ...student, flows: {} }]) {
      const next = await withFiles({ 'pipelines/student.json': broken }, folder =>
        loadPipelines({ folders: { ...folders, pipelines: [`${folder}/pipelines`] }, registry, previous }),
      )
      expect(next.findings).to.have.length(1)
      expect(next.modules.get('student')).to.equal(previous.modules.get('student'))
      expect(next.choose('zoho/BTEC_Students', {})).to.have.property('flow')
    }
  })

  it('of a later folder stand for ours of the same name, and beside the others', async () => {
    const own = { ...student, version: 9 }
    const further = {
      ...student,
      module: 'guest',
      record: { ...student.record, identity: student.record.identity },
    }
    const both = await withFiles({ 'pipelines/student.json': own, 'pipelines/guest.json': further }, folder =>
      loadPipelines({
        folders: { ...folders, pipelines: [ours.pipelines, `${folder}/pipelines`] },
        registry,
      }),
    )
    expect(both.modules.get('student')?.config).to.equal('9')
    expect(both.modules.has('guest')).to.equal(true)
    expect(both.modules.has('grade')).to.equal(true)
  })

  it('that are no objects are told and stop nothing', async () => {
    for (const odd of [[], 7, null, 'text']) {
      const loaded = await withFiles({ 'pipelines/odd.json': JSON.stringify(odd) }, folder =>
        loadPipelines({
          folders: { ...folders, pipelines: [ours.pipelines, `${folder}/pipelines`] },
          registry,
        }),
      )
      expect(loaded.findings.map(({ code }) => code)).to.deep.equal(['WRONG_TYPE'])
      expect(loaded.modules.size).to.equal(9)
    }
  })

  it('in a folder that is not there are none', async () => {
    const empty = await loadPipelines({ folders: { pipelines: ['/nowhere/at/all'], config: [] }, registry })
    expect(empty.modules.size).to.equal(0)
    expect(empty.findings).to.deep.equal([])
  })

  it('of scales are checked: highest first, the lowest from 0', async () => {
    const bands = (...from: number[]) => ({
      scale: 'x',
      version: 1,
      bands: from.map(start => ({ grade: `g${start}`, from: start })),
    })
    for (const [scale, code] of [
      [bands(40, 70, 0), 'SCALE_ORDER'],
      [bands(70, 40), 'SCALE_GAP'],
      [{ ...bands(0), scale: 'y' }, 'FILE_NAME'],
    ] as const) {
      const loaded = await withFiles({ 'config/scales/x.json': scale }, folder =>
        loadPipelines({ folders: { ...folders, config: [ours.config, `${folder}/config`] }, registry }),
      )
      expect(loaded.findings.map(finding => finding.code)).to.include(code)
      expect(loaded.modules.size).to.equal(9)
    }
  })
})

describe('the registry', () => {
  const connector = defineConnector({
    name: 'crm',
    summary: 'A small one.',
    settings: {},
    resources: {
      Guest: {
        summary: 'Guests.',
        perCall: 1,
        uniqueBy: [],
        empty: null,
        idOf: payload => (payload['id'] === undefined ? undefined : String(payload['id'])),
        versionOf: () => [],
      },
    },
    accepts: ['bearer'],
    parse: () => ({ events: [] }),
    connect: () => ({ resources: {}, check: async () => [], close: async () => undefined }),
  })

  it('finds resources by their full name only', () => {
    const small = createRegistry({ connectors: [connector] })
    expect(small.resource('crm/Guest')?.summary).to.equal('Guests.')
    for (const name of ['Guest', 'crm/guest', 'crm/', 'crm/__proto__', 'crm/toString', ''])
      expect(small.resource(name), name).to.equal(undefined)
  })

  it('refuses two of one name, whoever brings them', () => {
    const trim = defineTransform({ name: 'trim', summary: 'Another.', prepare: () => value => value })
    const parse = defineStep({ name: 'parse', summary: 'Another.', options: {}, prepare: () => work => work })
    expect(() => createRegistry({ connectors: [connector, connector] })).to.throw(
      'two connectors named "crm"',
    )
    expect(() => createRegistry({ connectors: [], transforms: [trim] })).to.throw(
      'two transforms named "trim"',
    )
    expect(() => createRegistry({ connectors: [], steps: [parse] })).to.throw('two steps named "parse"')
  })

  it('takes a step and a transform of somebody else, and files may name them', async () => {
    const shout = defineTransform({ name: 'shout', summary: 'Louder.', prepare: () => value => `${value}!` })
    const stamp = defineStep<{ step?: string; field: string }>({
      name: 'stamp',
      summary: 'Writes a field.',
      options: {
        type: 'object',
        properties: { field: { type: 'string' } },
        required: ['field'],
        additionalProperties: false,
      },
      *lint({ field }, { record }) {
        if (!(field in record.fields))
          yield { path: ['field'], code: 'UNKNOWN_FIELD', message: `no field "${field}"` }
      },
      prepare:
        ({ field }) =>
        work => ({ ...work, merged: { ...work.merged, [field]: 'stamped' } }),
    })
    const own = createRegistry({ connectors: [connector], steps: [stamp], transforms: [shout] })
    const guest = (field: string) => ({
      version: 1,
      module: 'guest',
      summary: 'Guests.',
      record: {
        identity: { 'crm/Guest': 'crmId' },
        fingerprint: ['name'],
        fields: {
          crmId: { type: 'string', format: 'id' },
          name: { type: 'string' },
          mark: { type: 'string' },
        },
      },
      flows: {
        'crm-to-store': {
          from: 'crm/Guest',
          steps: [
            { step: 'parse' },
            { step: 'map', fields: { crmId: 'id', name: { from: 'Name', transform: 'shout' } } },
            { step: 'fingerprint' },
            { step: 'stamp', field },
            { step: 'upsert' },
          ],
        },
      },
    })
    const load = (field: string) =>
      withFiles({ 'p/guest.json': guest(field) }, folder =>
        loadPipelines({ folders: { pipelines: [`${folder}/p`], config: [] }, registry: own }),
      )
    const good = await load('mark')
    expect(good.findings).to.deep.equal([])
    const wrong = await load('makr')
    expect(wrong.findings.map(({ code, pointer }) => [code, pointer])).to.deep.equal([
      ['UNKNOWN_FIELD', '/flows/crm-to-store/steps/3/field'],
    ])
  })
})
