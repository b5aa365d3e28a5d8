import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Json, Payload } from '../../core/plugin.ts'
import { type College, openCollege, until } from './college.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TEACHER = { grader_role: 'teacher', grader: { id: '7', name: 'Lina' } }
const VERIFIER = { grader_role: 'iv', grader: { id: '8', name: 'سامر' } }

describe('grades as one college wants them', () => {
  let home: string
  let college: College
  let userid: string

  const write = async (name: string, content: Json) => {
    await mkdir(dirname(join(home, name)), { recursive: true })
    await writeFile(join(home, name), JSON.stringify(content))
  }
  const mapping = (on: boolean) =>
    write('config/mappings/default/grade.json', { module: 'grade', holds: { 'internal-verification': on } })
  const config = async () =>
    (await college.engine.tenants.get('default')).pipelines.modules.get('grade')?.config

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'wasl-home-'))
    await mapping(true)
    college = await openCollege({ environment: { WASL_HOME: home } })
    college.zoho.person.create('BTEC_Students', {
      Student_ID: 'STU-1',
      Full_Name: 'Ali Omar',
      Academic_Email: 'ali@college.test',
    })
    await college.quiet()
    userid = String([...college.moodle.site.users.all()].find(each => each.idnumber === 'STU-1')?.id)
  })

  after(async () => {
    await college.close()
    await rm(home, { recursive: true, force: true })
  })

  /** A click in Moodle's gradebook, until nothing moves any more. */
  async function grade(assignment: string, finalgrade: number, by: Payload): Promise<void> {
    college.moodle.person.grade({
      userid,
      courseid: '99',
      assignment: { id: assignment, name: `Assignment ${assignment}` },
      itemid: `5${assignment}`,
      finalgrade,
      ...by,
    })
    await college.quiet()
  }

  const row = (assignment: string) =>
    college.zoho
      .records('BTEC_Grades')
      .find(each => each['Moodle_Grade_Composite_Key'] === `${userid}_${assignment}`)

  const record = async (assignment: string) => {
    const { body } = await college.call('GET', `/api/v1/records/grade/${userid}_${assignment}`)
    return body as unknown as {
      readonly record: Payload
      readonly why: Payload
      readonly history: readonly Payload[]
    }
  }

  it('holds a grade back until its verification, says so, and sends it when that comes', async () => {
    await grade('1', 65, TEACHER)
    expect(row('1')).to.equal(undefined)
    const held = await record('1')
    expect(held.record['state']).to.equal('waiting')
    expect(held.history[0]).to.include({
      outcome: 'WAITING',
      reason: 'held',
      message: 'waits for internal verification',
    })
    expect(held.why).to.include({ because: 'held' })
    expect(held.why['sentence']).to.equal(
      'It is held back until internal verification, as this college wants it; the event that brings it sends it on.',
    )

    await grade('1', 65, VERIFIER)
    expect(row('1')).to.include({
      Grade: 'Merit',
      Score: 65,
      Grader_Name: 'Lina',
      Grader_Moodle_ID: '7',
      IV_Name: 'سامر',
      IV_Moodle_ID: '8',
      Sync_Status: 'Synced',
    })
    const sent = await record('1')
    expect(sent.record['state']).to.equal('ok')
    expect(sent.history[0]).to.include({ outcome: 'UPDATED', action: 'created' })
  })

  it('holds the change of a verified grade back again, while Zoho keeps what was verified', async () => {
    await grade('1', 90, TEACHER)
    expect(row('1')).to.include({ Grade: 'Merit', Score: 65 })
    await grade('1', 90, VERIFIER)
    expect(row('1')).to.include({ Grade: 'Distinction', Score: 90 })
    expect(college.zoho.records('BTEC_Grades')).to.have.length(1)
  })

  it('sends what it held back when the college does not want that any more', async () => {
    await grade('2', 45, TEACHER)
    expect(row('2')).to.equal(undefined)
    await mapping(false)
    await until('the held grade', () => row('2'))
    expect(row('2')).to.include({ Grade: 'Pass', Grader_Name: 'Lina' })
    await grade('3', 45, TEACHER)
    expect(row('3')).to.include({ Grade: 'Pass' })
  })

  it('counts a changed scale from the next event on, and each event shows the version that it had', async () => {
    const btec = JSON.parse(await readFile(join(root, 'config/scales/btec.json'), 'utf8')) as {
      bands: { grade: string; from: number }[]
    }
    const bands = btec.bands.map(band => (band.grade === 'Pass' ? { ...band, from: 50 } : band))
    await write('config/scales/btec.json', { ...btec, version: 2, bands } as Json)
    await until('the scale', async () => (await config())?.endsWith('/btec.2'))
    // What stands is not judged anew behind people's backs.
    expect(row('3')).to.include({ Grade: 'Pass' })
    await grade('4', 45, TEACHER)
    expect(row('4')).to.include({ Grade: 'Refer' })
    await grade('3', 45.5, TEACHER)
    expect(row('3')).to.include({ Grade: 'Refer' })
    const { history } = await record('3')
    const versions = history.map(event => String(event['config']).split('/').at(-1))
    expect(versions).to.deep.equal(['btec.2', 'btec.1'])
  })

  it('goes on with the scale that ran when a changed one is wrong', async () => {
    await write('config/scales/btec.json', {
      scale: 'btec',
      version: 3,
      bands: [{ grade: 'Pass', from: 40 }],
    })
    const finding = await until('the finding', async () =>
      (await college.engine.tenants.get('default')).pipelines.findings.find(
        ({ code }) => code === 'SCALE_GAP',
      ),
    )
    expect(finding.file).to.contain('btec.json')
    await grade('5', 45, TEACHER)
    expect(row('5')).to.include({ Grade: 'Refer' })
    expect(await config()).to.match(/btec\.2$/)
  })

  it('goes on with the scale that ran when a changed one has no version of its own', async () => {
    const btec = JSON.parse(await readFile(join(root, 'config/scales/btec.json'), 'utf8')) as {
      bands: { grade: string; from: number }[]
    }
    const bands = btec.bands.map(band => (band.grade === 'Pass' ? { ...band, from: 44 } : band))
    await write('config/scales/btec.json', { ...btec, version: 2, bands } as Json)
    const findings = async () => (await college.engine.tenants.get('default')).pipelines.findings
    const finding = await until('the finding', async () =>
      (await findings()).find(({ code }) => code === 'SCALE_VERSION'),
    )
    expect(finding).to.include({ pointer: '/version', suggestion: '"version": 3' })
    await grade('6', 45, TEACHER)
    expect(row('6')).to.include({ Grade: 'Refer' })
    await write('config/scales/btec.json', { ...btec, version: 3, bands } as Json)
    await until('the scale', async () => (await config())?.endsWith('/btec.3'))
    expect(await findings()).to.deep.equal([])
    await grade('7', 45, TEACHER)
    expect(row('7')).to.include({ Grade: 'Pass' })
  })

  it('goes on with the scale that ran before a restart when it was changed meanwhile without a version', async () => {
    const btec = JSON.parse(await readFile(join(home, 'config/scales/btec.json'), 'utf8')) as {
      bands: { grade: string; from: number }[]
    }
    const bands = btec.bands.map(band => (band.grade === 'Pass' ? { ...band, from: 46 } : band))
    await college.engine.stop()
    await write('config/scales/btec.json', { ...btec, bands } as Json)
    await college.restart()
    const findings = async () => (await college.engine.tenants.get('default')).pipelines.findings
    expect((await findings()).map(({ code, pointer }) => [code, pointer])).to.deep.equal([
      ['SCALE_VERSION', '/version'],
    ])
    await grade('8', 45, TEACHER)
    expect(row('8')).to.include({ Grade: 'Pass' })
    await college.engine.stop()
    await write('config/scales/btec.json', { ...btec, version: 4, bands } as Json)
    await college.restart()
    expect(await findings()).to.deep.equal([])
    await grade('9', 45, TEACHER)
    expect(row('9')).to.include({ Grade: 'Refer' })
  })
})
