import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type College, notification, openCollege } from './college.ts'

describe('a pipeline file with seven mistakes', () => {
  let home: string
  let college: College

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'wasl-home-'))
    await mkdir(join(home, 'pipelines'))
    const broken = await readFile(new URL('../broken/seven-mistakes.json', import.meta.url), 'utf8')
    await writeFile(join(home, 'pipelines', 'seven-mistakes.json'), broken)
    college = await openCollege({ announce: false, environment: { WASL_HOME: home } })
  })

  after(async () => {
    await college.close()
    await rm(home, { recursive: true, force: true })
  })

  it('has seven findings with line and column, and the engine runs with the others', async () => {
    const { pipelines } = await college.engine.tenants.get('default')
    const findings = pipelines.findings.filter(({ file }) => file.includes('seven-mistakes'))
    expect(findings.map(({ code }) => code)).to.have.length(7)
    for (const { line, column, message } of findings) {
      expect(line, message).to.be.at.least(1)
      expect(column, message).to.be.at.least(1)
    }
    const student = {
      id: '71000000000000001',
      Student_ID: 'STU-71',
      Full_Name: 'Dina Khalil',
      Academic_Email: 'dina@college.test',
    }
    const answer = await college.webhook('student', notification(student), { prefer: 'wait=10' })
    expect(answer.body).to.include({ outcome: 'NEW', action: 'created' })
  })
})
