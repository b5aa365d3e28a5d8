import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A tenth module, which nobody has written code for: who was in which class on which day. */
const attendance = {
  version: 1,
  module: 'attendance',
  summary: 'Who was in which class on which day.',
  record: {
    identity: { 'zoho/BTEC_Attendance': 'zohoId' },
    required: ['day', 'present'],
    fingerprint: ['studentZohoId', 'day', 'present'],
    fields: {
      zohoId: { type: 'string', format: 'id' },
      studentZohoId: { type: 'lookup' },
      day: { type: 'string', format: 'date' },
      present: { enum: ['Yes', 'No', 'Late'] },
    },
  },
  flows: {
    'zoho-to-store': {
      from: 'zoho/BTEC_Attendance',
      steps: [
        { step: 'parse' },
        {
          step: 'map',
          fields: { zohoId: 'id', studentZohoId: 'Student', day: ['Day', 'Date'], present: 'Present' },
        },
        { step: 'fingerprint' },
        { step: 'dependency-check', needs: { student: { zohoId: 'studentZohoId' } } },
        { step: 'upsert' },
      ],
    },
  },
}

describe('files that change while the engine runs', () => {
  let home: string
  let college: College
  let moment = 0

  const write = async (name: string, content: unknown) => {
    await mkdir(dirname(join(home, name)), { recursive: true })
    await writeFile(
      join(home, name),
      typeof content === 'string' ? content : JSON.stringify(content, null, 2),
    )
  }
  const pipelines = async () => (await college.engine.tenants.get('default')).pipelines
  const running = async (module: string) => (await pipelines()).modules.get(module)
  const config = async (module: string, version: string) =>
    until(`${module} ${version}`, async () => (await running(module))?.config === version)

  const attended = (id: string, data: Payload = {}): Json => {
    moment += 1
    const at = new Date(Date.UTC(2026, 9, 1) + moment * 1000).toISOString()
    return {
      notification_id: `a-${moment}`,
      timestamp: at,
      module: 'attendance',
      operation: 'update',
      record_id: id,
      data: { id, Day: '2026-10-01', Present: 'Yes', Modified_Time: at, ...data },
    }
  }

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'wasl-home-'))
    college = await openCollege({
      announce: false,
      environment: { WASL_HOME: home },
      zoho: { fields: { BTEC_Attendance: { Day: { type: 'date' }, Present: { type: 'text' } } } },
    })
  })

  after(async () => {
    await college.close()
    await rm(home, { recursive: true, force: true })
  })

  it('a tenth module runs as soon as its files are there, and no code was changed for it', async () => {
    const code = () =>
      execFileSync('git', ['status', '--porcelain', 'core', 'connectors'], { cwd: root }).toString()
    const before = code()
    const early = await college.webhook('attendance', attended('81000000000000000'), { prefer: 'wait=10' })
    expect(early.body).to.include({ outcome: 'INVALID', code: 'UNKNOWN_MODULE' })

    const zoho = JSON.parse(await readFile(join(root, 'config', 'connectors', 'zoho.json'), 'utf8'))
    const resources = { BTEC_Attendance: { summary: 'Attendance.', aliases: ['attendance'] } }
    await write('config/connectors/zoho.json', { ...zoho, resources })
    await write('pipelines/attendance.json', attendance)
    await config('attendance', '1')
    expect((await pipelines()).findings).to.deep.equal([])

    const answer = await college.webhook('attendance', attended('81000000000000001'), { prefer: 'wait=10' })
    expect(answer.body).to.include({ outcome: 'NEW', module: 'attendance' })
    const again = await college.webhook('attendance', attended('81000000000000001', { Present: 'Late' }), {
      prefer: 'wait=10',
    })
    expect(again.body).to.deep.include({
      outcome: 'UPDATED',
      changes: [{ field: 'present', from: 'Yes', to: 'Late' }],
    })
    expect(code(), 'changes under core/ and connectors/').to.equal(before)
  })

  it('what Zoho only points at is read from there, for a resource that only the configuration names', async () => {
    const id = college.zoho.person.create('BTEC_Attendance', { Day: '2026-10-02', Present: 'No' })
    const body = { module: 'BTEC_Attendance', operation: 'insert', ids: [id] }
    const answer = await college.webhook('attendance', body, { prefer: 'wait=10' })
    expect(answer.body).to.include({ outcome: 'NEW', module: 'attendance' })
  })

  it('C17: a broken edit keeps the version that ran, and the finding says where it is wrong', async () => {
    const broken = JSON.stringify({ ...attendance, version: 2 }, null, 2)
    await write(
      'pipelines/attendance.json',
      broken.replace('"from": "zoho/BTEC_Attendance"', '"from": "zoho/BTEC_Attendence"'),
    )
    const finding = await until('the finding', async () =>
      (await pipelines()).findings.find(({ code }) => code === 'UNKNOWN_RESOURCE'),
    )
    expect(finding).to.include({ file: 'pipelines/attendance.json', suggestion: 'zoho/BTEC_Attendance' })
    expect(finding.line).to.be.greaterThan(1)
    await write('pipelines/attendance.json', '{ "version": ')
    await until('the finding', async () =>
      (await pipelines()).findings.find(({ code }) => code === 'JSON_SYNTAX'),
    )
    expect((await running('attendance'))?.config).to.equal('1')
    const answer = await college.webhook('attendance', attended('81000000000000002'), { prefer: 'wait=10' })
    expect(answer.body).to.include({ outcome: 'NEW', module: 'attendance' })
    await write('pipelines/attendance.json', { ...attendance, version: 3 })
    await config('attendance', '3')
    expect((await pipelines()).findings).to.deep.equal([])
  })

  it('C17: edits while 200 events are in flight: all end, each by a version that was right', async () => {
    const ids = Array.from({ length: 200 }, (_, place) => `8100000000001${String(place).padStart(4, '0')}`)
    const before = { ...attendance, version: 3 }
    const sending = Promise.all(ids.map(id => college.webhook('attendance', attended(id))))
    await write('pipelines/attendance.json', { ...before, version: 4 })
    await write('pipelines/attendance.json', '{ "version": ')
    await write('pipelines/attendance.json', { ...before, version: 5 })
    const more = await Promise.all([...ids].reverse().map(id => college.webhook('attendance', attended(id))))
    expect([...(await sending), ...more].filter(({ status }) => status !== 202)).to.deep.equal([])
    await config('attendance', '5')
    await college.quiet()
    const deliveries = await college.engine.store.db
      .collection('deliveries')
      .find({ 'events.identity': { $in: ids.map(id => `zoho/BTEC_Attendance:${id}`) } })
      .toArray()
    const events = deliveries.flatMap(each => each['events'] as Payload[])
    expect(events).to.have.length(400)
    expect(
      events.filter(event => !['NEW', 'UNCHANGED', 'UPDATED', 'SKIPPED'].includes(String(event['outcome']))),
    ).to.deep.equal([])
    expect(events.filter(event => !['3', '4', '5'].includes(String(event['config'])))).to.deep.equal([])
    await write('pipelines/attendance.json', before)
    await config('attendance', '3')
  }).timeout(60_000)

  it('a broken description of a resource leaves the resource as it was', async () => {
    const file = join(home, 'config/connectors/zoho.json')
    const before = await readFile(file, 'utf8')
    await writeFile(file, before.replace('"aliases"', '"alias"'))
    await until('the finding', async () =>
      (await pipelines()).findings.find(({ pointer }) => pointer === '/resources/BTEC_Attendance/alias'),
    )
    expect((await pipelines()).findings).to.have.length(1)
    const answer = await college.webhook('attendance', attended('81000000000000003'), { prefer: 'wait=10' })
    expect(answer.body).to.include({ outcome: 'NEW', module: 'attendance' })
    await writeFile(file, before)
    await until('no finding', async () => (await pipelines()).findings.length === 0)
  })

  it('a mapping counts from the next event on', async () => {
    await write('config/mappings/default/attendance.json', {
      module: 'attendance',
      read: { 'zoho/BTEC_Attendance': { present: ['Was_There'] } },
    })
    await config('attendance', '3+default.1')
    const answer = await college.webhook(
      'attendance',
      attended('81000000000000004', { Present: 'No', Was_There: 'Yes' }),
      { prefer: 'wait=10' },
    )
    expect(answer.body).to.include({ outcome: 'NEW' })
    const stored = await college.engine.store.db
      .collection('records')
      .findOne({ 'fields.zohoId': '81000000000000004' })
    expect(stored?.['fields']).to.include({ present: 'Yes' })
  })

  it('a whole folder that is replaced is taken up as well', async () => {
    await write('new/attendance.json', { ...attendance, version: 4 })
    await rename(join(home, 'pipelines'), join(home, 'old'))
    await rename(join(home, 'new'), join(home, 'pipelines'))
    await config('attendance', '4+default.1')
    await write('pipelines/attendance.json', { ...attendance, version: 5 })
    await config('attendance', '5+default.1')
  })

  it('an attendance finds the registration of its student on the programme of its class, and waits for it', async () => {
    const [, map] = attendance.flows['zoho-to-store'].steps
    const { steps } = structuredClone(attendance.flows['zoho-to-store'])
    steps[1] = { step: 'map', fields: { ...map?.fields, classZohoId: 'Class' } } as never
    steps[3] = {
      step: 'dependency-check',
      needs: {
        student: { zohoId: 'studentZohoId' },
        class: { zohoId: 'classZohoId' },
        registration: { studentZohoId: 'student.zohoId', programZohoId: 'class.programZohoId' },
      },
    } as never
    const fields = { ...attendance.record.fields, classZohoId: { type: 'lookup' } }
    const record = { ...attendance.record, fields }
    await write('pipelines/attendance.json', {
      ...attendance,
      version: 6,
      record,
      flows: { 'zoho-to-store': { from: 'zoho/BTEC_Attendance', steps } },
    })
    await config('attendance', '6+default.1')
    expect((await pipelines()).findings).to.deep.equal([])

    const { person } = college.zoho
    const made = (module: string, more: Payload) => ({ id: person.create(module, more), ...more })
    const student = made('BTEC_Students', { Full_Name: 'Ali Omar', Academic_Email: 'ali@college.test' })
    const program = (name: string) =>
      made('BTEC_Programs', { Name: name, Program_Name: name, Program_Code: name })
    const [business, law] = [program('Business'), program('Law')]
    const course = { Name: 'Tax', Class_Name: 'Tax', Class_Code: 'TAX', Program: { id: law.id } }
    const klass = made('BTEC_Classes', course)
    const register = async ({ id }: { id: string }) => {
      const row = made('BTEC_Registrations', { Student: { id: student.id }, Program: { id } })
      await college.call('POST', '/api/v1/sync/registrations', { data: [row] })
      await college.quiet()
    }
    const was = attended('81000000000000006', {
      Was_There: 'Yes',
      Student: { id: student.id },
      Class: { id: klass.id },
    })
    await college.webhook('attendance', was)
    await register(business)
    const stands = async () => {
      const [found] = await college.engine.store.records.byIdentities('default', [
        'zoho/BTEC_Attendance:81000000000000006',
      ])
      return { state: found?.state, missing: found?.missing.map(({ name }) => name) }
    }
    await until('all but one', async () => (await stands()).missing?.length === 1)
    expect(await stands()).to.deep.equal({ state: 'waiting', missing: ['registration'] })
    await register(law)
    await until('the registration', async () => (await stands()).state === 'ok')
    expect(await stands()).to.deep.equal({ state: 'ok', missing: [] })
  })
})
