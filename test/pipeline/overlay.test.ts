import { join } from 'node:path'
import { expect } from 'chai'
import { findMappingFaults } from '../../core/pipeline/check-mapping.ts'
import { loadPipelines } from '../../core/pipeline/load.ts'
import { effectiveMapping, type MappingFile } from '../../core/pipeline/overlay.ts'
import { rehearse } from '../../core/pipeline/rehearse.ts'
import type { Json, Payload, ResourceName, Run } from '../../core/plugin.ts'
import { ours, withFiles } from './folders.ts'
import { registry } from './plugins.ts'

const run: Run = {
  tenant: 'al-noor',
  timezone: 'Asia/Amman',
  language: 'en',
  at: Date.parse('2026-11-24T12:00:00Z'),
}
const students: ResourceName = 'zoho/BTEC_Students'

const alNoor: MappingFile = {
  module: 'student',
  read: {
    [students]: {
      email: ['College_Email', 'Academic_Email'],
      phone: ['WhatsApp', 'Mobile'],
      status: {
        from: 'Study_State',
        values: { Enrolled: 'Active', 'On leave': 'Inactive' },
        default: 'Active',
      },
      city: false,
    },
  },
  names: { [students]: { Student_Moodle_ID: 'Moodle_User_ID', Sync_Status: 'Moodle_Sync_Status' } },
}

const loadGrades = (mapping: unknown) => load(mapping, {}, 'grade')

const load = (mapping: unknown, more: object = {}, module = 'student') =>
  withFiles({ [`config/mappings/al-noor/${module}.json`]: mapping }, folder =>
    loadPipelines({
      folders: { pipelines: [ours.pipelines], config: [ours.config, join(folder, 'config')] },
      registry,
      tenant: 'al-noor',
      ...more,
    }),
  )

const payload: Payload = {
  id: '539',
  Full_Name: 'Ali Hassan',
  College_Email: ' Ali@College.test ',
  WhatsApp: '079',
  Phone: '06',
  Study_State: 'On leave',
  City: 'Amman',
  Moodle_User_ID: '5',
}

describe('a college’s own mapping', () => {
  it('replaces sources, keeps transforms, reads by a table, and switches a field off', async () => {
    const set = await load(alNoor)
    expect(set.findings).to.deep.equal([])
    const { record } = rehearse({ set, registry, run }, { records: [] }, { resource: students, payload })
    expect(record?.fields).to.include({
      email: 'ali@college.test',
      phone: '079',
      status: 'Inactive',
      moodleUserId: '5',
    })
    expect(record?.fields).not.to.have.property('city')
    expect(set.modules.get('student')?.config).to.equal('1+al-noor.1')
  })

  it('renames a remote field in matching, writing, write-back and sync marks', async () => {
    const set = await load(alNoor)
    const pipeline = set.modules.get('student')
    const push = pipeline?.pushTo(students)
    const rendered = push?.render({ moodleUserId: '5', email: 'a@b.c' }, {}, run)
    expect(rendered?.fields).to.include({ Moodle_User_ID: '5' })
    expect(rendered?.fields).not.to.have.property('Student_Moodle_ID')
    expect(rendered?.match[0]).to.deep.equal({ by: 'Moodle_User_ID', value: '5' })
    expect(push?.marks('done', run)).to.include({ Moodle_Sync_Status: 'Synced' })
    const back = pipeline?.writeBackTo(students)
    expect(back?.render({ moodleUserId: '5' }, 'done', run)).to.deep.equal({
      Moodle_User_ID: '5',
      Last_Sync_with_Moodle: '2026-11-24T15:00:00+03:00',
      Moodle_Sync_Status: 'Synced',
      Sync_Error_Message: null,
    })
    expect(back?.render({}, 'failed', run, 'x'.repeat(300))).to.deep.equal({
      Last_Sync_with_Moodle: '2026-11-24T15:00:00+03:00',
      Moodle_Sync_Status: 'Failed',
      Sync_Error_Message: `${'x'.repeat(249)}…`,
    })
  })

  it('switches on what holds records back, and names what there is where it does not know one', async () => {
    const on = await loadGrades({ module: 'grade', holds: { 'internal-verification': true } })
    expect(on.findings).to.deep.equal([])
    const wrong = await loadGrades({ module: 'grade', holds: { 'internal-verfication': true } })
    expect(wrong.findings.map(({ code, pointer, suggestion }) => [code, pointer, suggestion])).to.deep.equal([
      ['UNKNOWN_HOLD', '/holds/internal-verfication', 'internal-verification'],
    ])
    const none = await loadGrades({ module: 'grade', read: { 'moodle/grade': { graderRole: false } } })
    expect(none.findings.map(({ code }) => code)).to.deep.equal(['FIELD_NEEDED'])
  })

  it('shows the version of the scale that a module reads', async () => {
    const set = await load(alNoor)
    expect(set.modules.get('grade')?.config).to.match(/^\d+\/btec\.1$/)
    expect(set.modules.get('student')?.config).to.not.contain('btec')
  })

  it('counts for its own college only', async () => {
    const set = await load(alNoor, { tenant: 'default' })
    expect(set.modules.get('student')?.config).to.equal('1')
    expect(set.modules.get('student')?.pushTo(students)?.marks('done', run)).to.have.property('Sync_Status')
  })

  it('that was saved counts before the file, with its version', async () => {
    const saved: MappingFile = { module: 'student', read: { [students]: { phone: 'Telephone' } } }
    const set = await load(alNoor, { mappings: { student: { version: 7, mapping: saved } } })
    const { record } = rehearse(
      { set, registry, run },
      { records: [] },
      { resource: students, payload: { ...payload, Academic_Email: 'a@b.c', Telephone: '1' } },
    )
    expect(set.modules.get('student')?.config).to.equal('1+al-noor.7')
    expect(record?.fields['phone']).to.equal('1')
  })

  it('shows which line comes from where', async () => {
    const set = await load(alNoor)
    const pipeline = set.modules.get('student')
    if (pipeline === undefined) throw new Error('student does not run')
    const lines = effectiveMapping(pipeline.plain, pipeline.mapping)
    const line = (field: string) => lines.find(one => one.resource === students && one.field === field)
    expect(line('city')).to.include({ rule: false, origin: 'tenant' })
    expect(line('fullName')).to.include({ origin: 'pipeline' })
    expect(line('email')).to.deep.include({
      origin: 'tenant',
      rule: { from: ['College_Email', 'Academic_Email'], transform: ['trim', 'lowercase'] },
    })
    expect(line('moodleUserId')).to.deep.include({ rule: 'Moodle_User_ID', origin: 'tenant' })
  })

  const faults: [string, Json, string, string][] = [
    [
      'switches off what is required',
      { read: { [students]: { email: false } } },
      'FIELD_NEEDED',
      '/read/zoho~1BTEC_Students/email',
    ],
    [
      'switches off an identity',
      { read: { [students]: { zohoId: false } } },
      'FIELD_NEEDED',
      '/read/zoho~1BTEC_Students/zohoId',
    ],
    [
      'switches off what is matched by',
      { read: { [students]: { studentId: false } } },
      'FIELD_NEEDED',
      '/read/zoho~1BTEC_Students/studentId',
    ],
    [
      'names a field that is not there',
      { read: { [students]: { emial: 'X' } } },
      'UNKNOWN_FIELD',
      '/read/zoho~1BTEC_Students/emial',
    ],
    [
      'names another module’s resource',
      { read: { 'zoho/BTEC_Grades': { email: 'X' } } },
      'UNKNOWN_RESOURCE',
      '/read/zoho~1BTEC_Grades',
    ],
    [
      'maps to a value that is not listed',
      { read: { [students]: { status: { values: { A: 'Actve' } } } } },
      'NOT_LISTED',
      '/read/zoho~1BTEC_Students/status/values/A',
    ],
    [
      'reads a field that the pipeline does not',
      { read: { 'moodle/user': { zohoId: 'x' } } },
      'NEVER_MAPPED',
      '/read/moodle~1user/zohoId',
    ],
    [
      'changes a transform',
      { read: { [students]: { email: { transform: 'trim' } } } },
      'UNKNOWN_PROPERTY',
      '/read/zoho~1BTEC_Students/email/transform',
    ],
    ['says true', { read: { [students]: { city: true } } }, 'NOT_ALLOWED', '/read/zoho~1BTEC_Students/city'],
  ]
  for (const [title, mapping, code, pointer] of faults)
    it(`that ${title} is refused as ${code}`, async () => {
      const body = { module: 'student', ...(mapping as Payload) }
      const set = await load(body)
      const [finding] = set.findings
      expect(set.findings).to.have.length(1)
      expect(finding).to.include({ code, pointer, file: 'config/mappings/al-noor/student.json' })
      expect(finding?.line).to.be.greaterThan(0)
      const running = await load({ module: 'student' })
      const [same] = findMappingFaults(body, running, registry)
      expect(same).to.include({ code, pointer, line: 0, message: finding?.message ?? '' })
    })

  it('that is wrong does not run half: the module waits for its correction, the others run', async () => {
    const set = await load({ module: 'student', read: { [students]: { email: false } } })
    expect([...set.modules.keys()]).not.to.include('student')
    expect([...set.modules.keys()]).to.include('teacher')
  })

  it('of no module is refused', async () => {
    const set = await withFiles({ 'config/mappings/al-noor/studnt.json': { module: 'studnt' } }, folder =>
      loadPipelines({
        folders: { pipelines: [ours.pipelines], config: [ours.config, join(folder, 'config')] },
        registry,
        tenant: 'al-noor',
      }),
    )
    expect(set.findings.map(({ code, suggestion }) => [code, suggestion])).to.deep.equal([
      ['UNKNOWN_MODULE', 'student'],
    ])
  })
})
