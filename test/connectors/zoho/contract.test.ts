import zoho from '../../../connectors/zoho/index.ts'
import { type Faults, startZohoSandbox } from '../../../connectors/zoho/sandbox/index.ts'
import { type ContractFault, connectorContract } from '../../contract/connector.ts'
import { memoryVault, toolsFor } from './tools.ts'

const faults: Readonly<Record<ContractFault, Faults>> = {
  busy: { status429: true },
  outage: { maintenance: true },
  'lose-answer': { drop: true, path: '/BTEC_Students' },
  'refuse-token': { revoked: true },
  'expire-token': { invalidToken: true },
}

const student = (n: number) => ({
  Student_ID: `STU-${n}`,
  Full_Name: `Student ${n}`,
  First_Name: 'ليلى',
  Last_Name: `O'Brien ${n}`,
  Academic_Email: `student.${n}@college.example`,
  City: 'Amman',
  Status: 'Active',
})

connectorContract('Zoho', {
  definition: zoho,
  resource: 'BTEC_Students',
  unknownId: '5725767000009999999',
  key: 'Academic_Email',
  text: 'Full_Name',
  fields: student,
  refused: { at: 'Status', fields: n => ({ ...student(n), Status: 'Gone fishing' }) },
  shared: { by: 'City', value: "Ma'an", fields: n => ({ ...student(n), City: "Ma'an" }) },
  async start() {
    const sandbox = await startZohoSandbox()
    const connection = zoho.connect(sandbox.settings, toolsFor(memoryVault()))
    return {
      connection,
      put: async fields => sandbox.person.create('BTEC_Students', fields),
      peek: async id => sandbox.record('BTEC_Students', id) ?? null,
      remove: async id => sandbox.person.remove('BTEC_Students', id),
      count: async () => sandbox.records('BTEC_Students').length,
      fault: async (fault, times) => sandbox.faults.set({ ...faults[fault], times }),
      mend: async () => sandbox.faults.clear(),
      async stop() {
        await connection.close()
        await sandbox.close()
      },
    }
  },
})
