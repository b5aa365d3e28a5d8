import { expect } from 'chai'
import type { Payload } from '../../core/plugin.ts'
import { type College, openCollege } from './college.ts'

describe('a record that waits for several others', () => {
  let college: College

  before(async () => {
    college = await openCollege({ announce: false })
  })

  after(() => college.close())

  it('says what is still missing after each arrival, also where nothing of it is sent', async () => {
    const ids = {
      student: '91000000000000001',
      unit: '91000000000000002',
      program: '91000000000000003',
      registration: '91000000000000004',
    }
    const bodies: Readonly<Record<string, Payload>> = {
      students: {
        id: ids.student,
        Student_ID: 'STU-W',
        Full_Name: 'Wafa Waits',
        Academic_Email: 'wafa@college.test',
      },
      units: { id: ids.unit, Name: 'Unit W', Unit_Name: 'Unit W', Unit_Code: 'U-W' },
      programs: { id: ids.program, Name: 'Programme W', Program_Name: 'Programme W', Program_Code: 'P-W' },
      registrations: {
        id: ids.registration,
        Name: 'R-W',
        Student: { id: ids.student },
        Program: { id: ids.program },
      },
    }
    const sync = async (module: string) => {
      await college.call('POST', `/api/v1/sync/${module}`, { data: [bodies[module] as Payload] })
      await college.quiet()
    }
    const missing = async () => {
      const [record] = await college.engine.store.records.byIdentities('default', [
        'zoho/BTEC_Grades:91000000000000009',
      ])
      return { state: record?.state, missing: record?.missing.map(({ name }) => name).sort() }
    }
    const grade = {
      id: '91000000000000009',
      Student: { id: ids.student },
      Unit: { id: ids.unit },
      Registration: { id: ids.registration },
      Grade: 'Merit',
    }
    const { body } = await college.call('POST', '/api/v1/sync/grades', { data: [grade] })
    expect(body['summary']).to.include({ waiting: 1 })
    await college.quiet()
    expect(await missing()).to.deep.equal({ state: 'waiting', missing: ['registration', 'student', 'unit'] })
    await sync('units')
    expect(await missing()).to.deep.equal({ state: 'waiting', missing: ['registration', 'student'] })
    await sync('students')
    expect(await missing()).to.deep.equal({ state: 'waiting', missing: ['registration'] })
    await sync('programs')
    await sync('registrations')
    expect(await missing()).to.deep.equal({ state: 'ok', missing: [] })
  })
})
