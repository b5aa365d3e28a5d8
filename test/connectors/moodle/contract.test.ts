import moodle from '../../../connectors/moodle/index.ts'
import type { FaultKind } from '../../../connectors/moodle/sandbox/index.ts'
import type { ConnectorDefinition, Payload } from '../../../core/plugin.ts'
import { type ContractFault, connectorContract } from '../../contract/connector.ts'
import { connect } from './connected.ts'

const faults: Readonly<Record<Exclude<ContractFault, 'expire-token'>, FaultKind>> = {
  busy: 'busy',
  outage: 'maintenance',
  'lose-answer': 'drop',
  'refuse-token': 'invalid-token',
}

const fields = (n: number): Payload => ({
  username: `0student.${n}`,
  email: `Student.${n}@college.example`,
  firstname: 'منى',
  lastname: `O'Brien & Söhne ${n}`,
  idnumber: `000${n}`,
  description: `about ${n} 😀`,
})

connectorContract('moodle/user', {
  definition: moodle as unknown as ConnectorDefinition<never>,
  resource: 'user',
  key: 'username',
  text: 'description',
  fields,
  refused: { at: 'email', fields: n => ({ ...fields(n), email: 'not-an-email' }) },
  shared: { by: 'idnumber', value: 'STU-001', fields: n => ({ ...fields(n), idnumber: 'STU-001' }) },
  without: ['expire-token'],
  deleted: 'unseen',
  unknownId: '999999',

  async start() {
    const { sandbox, connection, stop } = await connect()
    const live = () => [...sandbox.site.users.all()].filter(({ id, deleted }) => id > 4 && deleted === 0)
    return {
      connection,
      put: async user => String(sandbox.person.createUser({ ...user, email: String(user['email']) }).id),
      peek: async id => (live().find(user => String(user.id) === id) as Payload | undefined) ?? null,
      remove: async id => sandbox.person.deleteUser(Number(id)),
      count: async () => live().length,
      fault: async (fault, times) => {
        const kind = faults[fault as keyof typeof faults]
        sandbox.faults.add({ kind, times, ...(fault === 'lose-answer' ? { writes: true } : {}) })
      },
      mend: async () => sandbox.faults.clear(),
      stop,
    }
  },
})
