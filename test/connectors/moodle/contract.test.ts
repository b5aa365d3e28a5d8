import moodle from '../../../connectors/moodle/index.ts'
import type { FaultKind, MoodleSandbox } from '../../../connectors/moodle/sandbox/index.ts'
import type { ConnectorDefinition, Payload } from '../../../core/plugin.ts'
import { type ContractFault, type ContractHarness, connectorContract } from '../../contract/connector.ts'
import { connect } from './connected.ts'

const faults: Readonly<Record<Exclude<ContractFault, 'expire-token'>, FaultKind>> = {
  busy: 'busy',
  outage: 'maintenance',
  'lose-answer': 'drop',
  'refuse-token': 'invalid-token',
}

/** How a test reaches the rows of one resource past the connector. */
interface Shelf {
  readonly put: (sandbox: MoodleSandbox, fields: Payload) => number
  readonly live: (sandbox: MoodleSandbox) => readonly { readonly id: number }[]
  readonly remove: (sandbox: MoodleSandbox, id: number) => void
  readonly prepare?: (sandbox: MoodleSandbox) => void
  readonly peek?: (row: Payload) => Payload
}

type Subject = Pick<ContractHarness, 'key' | 'text' | 'fields' | 'refused' | 'shared' | 'seen'>

function contract(resource: string, shelf: Shelf, subject: Subject): void {
  connectorContract(`moodle/${resource}`, {
    ...subject,
    definition: moodle as unknown as ConnectorDefinition<never>,
    resource,
    without: ['expire-token'],
    deleted: 'unseen',
    unknownId: '999999',
    async start() {
      const { sandbox, connection, stop } = await connect()
      shelf.prepare?.(sandbox)
      const found = (id: string) =>
        shelf.live(sandbox).find(row => String(row.id) === id) as Payload | undefined
      return {
        connection,
        put: async fields => String(shelf.put(sandbox, fields)),
        peek: async id => {
          const row = found(id)
          return row === undefined ? null : (shelf.peek?.(row) ?? row)
        },
        remove: async id => shelf.remove(sandbox, Number(id)),
        count: async () => shelf.live(sandbox).length,
        fault: async (fault, times) => {
          const kind = faults[fault as keyof typeof faults]
          sandbox.faults.add({ kind, times, ...(fault === 'lose-answer' ? { writes: true } : {}) })
        },
        mend: async () => sandbox.faults.clear(),
        stop,
      }
    },
  })
}

const user = (n: number): Payload => ({
  username: `0student.${n}`,
  email: `Student.${n}@college.example`,
  firstname: 'منى',
  lastname: `O'Brien & Söhne ${n}`,
  idnumber: `000${n}`,
  description: `about ${n} 😀`,
})

contract(
  'user',
  {
    put: ({ person }, fields) => person.createUser({ ...fields, email: String(fields['email']) }).id,
    live: ({ site }) => [...site.users.all()].filter(({ id, deleted }) => id > 4 && deleted === 0),
    remove: ({ person }, id) => person.deleteUser(id),
  },
  {
    key: 'username',
    text: 'description',
    fields: user,
    refused: { at: 'email', fields: n => ({ ...user(n), email: 'not-an-email' }) },
    shared: { by: 'idnumber', value: 'STU-001', fields: n => ({ ...user(n), idnumber: 'STU-001' }) },
  },
)

const course = (n: number): Payload => ({
  fullname: `الوحدة ${n}`,
  shortname: `U${n}`,
  idnumber: `00${n}`,
  categoryid: '1',
  summary: `about ${n}`,
})
const ids = new Set(['categoryid', 'courseid', 'parent'])
const asNumber = (field: string, value: unknown) => (ids.has(field) ? Number(value) : value)

contract(
  'course',
  {
    put: ({ site }, fields) =>
      site.courses.insert({ ...fields, categoryid: 1, timecreated: 1, timemodified: 1_795_354_151 } as never)
        .id,
    live: ({ site }) => [...site.courses.all()].filter(({ id }) => id > 1),
    remove: ({ site }, id) => site.courses.remove(id),
  },
  {
    key: 'shortname',
    text: 'summary',
    fields: course,
    seen: asNumber,
    refused: { at: 'categoryid', fields: n => ({ ...course(n), categoryid: '999' }) },
  },
)

const category = (n: number): Payload => ({
  name: `Programme ${n}`,
  idnumber: `P-00${n}`,
  parent: '1',
  description: `about ${n}`,
})

contract(
  'category',
  {
    put: ({ site }, fields) =>
      site.categories.insert({ ...fields, parent: 1, timemodified: 1_795_354_151 } as never).id,
    live: ({ site }) => [...site.categories.all()].filter(({ id }) => id > 1),
    remove: ({ site }, id) => site.categories.remove(id),
  },
  {
    key: 'idnumber',
    text: 'description',
    fields: category,
    seen: asNumber,
    refused: { at: 'parent', fields: n => ({ ...category(n), parent: '999' }) },
  },
)

const cohort = (n: number): Payload => ({
  name: `Intake ${n}`,
  idnumber: `COH-${n}`,
  description: `about ${n}`,
})

contract(
  'cohort',
  {
    put: ({ site }, fields) => site.cohorts.insert({ ...fields, visible: 1 } as never).id,
    live: ({ site }) => [...site.cohorts.all()],
    remove: ({ site }, id) => site.cohorts.remove(id),
  },
  {
    key: 'idnumber',
    text: 'description',
    fields: cohort,
    refused: { at: 'name', fields: n => ({ ...cohort(n), name: '' }) },
  },
)

const group = (n: number): Payload => ({
  courseid: '2',
  name: `Group ${n}`,
  idnumber: `G-${n}`,
  key: `2_G-${n}`,
  description: `about ${n}`,
})

contract(
  'group',
  {
    prepare: ({ person }) => void person.createCourse({ fullname: 'Unit 1', shortname: 'U1' }),
    put: ({ site }, { key: _, ...fields }) =>
      site.groups.insert({ ...fields, courseid: 2, timemodified: 1_795_354_151 } as never).id,
    live: ({ site }) => [...site.groups.all()],
    remove: ({ site }, id) => site.groups.remove(id),
    peek: row => ({ ...row, key: `${row['courseid']}_${row['idnumber']}` }),
  },
  {
    key: 'key',
    text: 'description',
    fields: group,
    seen: asNumber,
    refused: { at: 'courseid', fields: n => ({ ...group(n), courseid: '999' }) },
  },
)
