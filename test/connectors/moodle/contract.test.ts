import moodle from '../../../connectors/moodle/index.ts'
import type { FaultKind } from '../../../connectors/moodle/sandbox/index.ts'
import type { ConnectorDefinition, Payload } from '../../../core/plugin.ts'
import { type ContractFault, type ContractHarness, connectorContract } from '../../contract/connector.ts'
import { connectSite } from './connected.ts'
import { onReal, type Site } from './site.ts'

const faults: Readonly<Record<Exclude<ContractFault, 'expire-token'>, FaultKind>> = {
  busy: 'busy',
  outage: 'maintenance',
  'lose-answer': 'drop',
  'refuse-token': 'invalid-token',
}

type Subject = Pick<ContractHarness, 'key' | 'text' | 'fields' | 'refused' | 'shared' | 'seen'> & {
  /** Makes what the objects of the resource stand in. */
  readonly prepare?: (site: Site) => Promise<void>
  /** Fields of ours as Moodle itself takes and tells them. */
  readonly sent?: (fields: Payload) => Payload
  readonly told?: (row: Payload) => Payload
}

/** The name of the test's own run: real Moodles keep what other tests left. */
let run = ''

function contract(resource: string, { prepare, sent, told, ...subject }: Subject): void {
  connectorContract(`moodle/${resource}`, {
    ...subject,
    definition: moodle as unknown as ConnectorDefinition<never>,
    resource,
    // A real Moodle cannot be told to fail.
    without: onReal ? ['expire-token', 'busy', 'outage', 'lose-answer', 'refuse-token'] : ['expire-token'],
    deleted: resource === 'user' ? 'gone' : 'unseen',
    unknownId: '999999',
    async start() {
      const { site, connection, stop } = await connectSite()
      run = site.run
      await prepare?.(site)
      return {
        connection,
        put: async fields => {
          const wanted = sent?.(fields) ?? fields
          return site.create(resource, wanted)
        },
        peek: async id => {
          const row = await site.read(resource, id)
          return row === null ? null : (told?.(row) ?? row)
        },
        ...(site.mayDelete ? { remove: (id: string) => site.remove(resource, id) } : {}),
        count: () => site.count(resource),
        fault: async (fault, times) => {
          const kind = faults[fault as keyof typeof faults]
          site.sandbox!.faults.add({ kind, times, ...(fault === 'lose-answer' ? { writes: true } : {}) })
        },
        mend: async () => site.sandbox!.faults.clear(),
        stop,
      }
    },
  })
}

const user = (n: number): Payload => ({
  username: `0student.${run}.${n}`,
  email: `Student.${run}.${n}@college.example`,
  firstname: 'منى',
  lastname: `O'Brien & Söhne ${n}`,
  idnumber: `000${run}${n}`,
  description: `about ${n} 😀`,
})

contract('user', {
  key: 'username',
  text: 'description',
  fields: user,
  refused: { at: 'email', fields: n => ({ ...user(n), email: 'not-an-email' }) },
  shared: {
    by: 'idnumber',
    get value() {
      return `STU-${run}`
    },
    fields: n => ({ ...user(n), idnumber: `STU-${run}` }),
  },
})

const course = (n: number): Payload => ({
  fullname: `الوحدة ${n}`,
  shortname: `U${run}${n}`,
  idnumber: `00${run}${n}`,
  categoryid: '1',
  summary: `about ${n}`,
})
const ids = new Set(['categoryid', 'courseid', 'parent'])
const asNumber = (field: string, value: unknown) => (ids.has(field) ? Number(value) : value)

contract('course', {
  key: 'shortname',
  text: 'summary',
  fields: course,
  seen: asNumber,
  refused: { at: 'categoryid', fields: n => ({ ...course(n), categoryid: '999999' }) },
})

const category = (n: number): Payload => ({
  name: `Programme ${n}`,
  idnumber: `P-${run}${n}`,
  parent: '1',
  description: `about ${n}`,
})

contract('category', {
  key: 'idnumber',
  text: 'description',
  fields: category,
  seen: asNumber,
  refused: { at: 'parent', fields: n => ({ ...category(n), parent: '999999' }) },
})

const cohort = (n: number): Payload => ({
  name: `Intake ${n}`,
  idnumber: `COH-${run}${n}`,
  description: `about ${n}`,
})

contract('cohort', {
  key: 'idnumber',
  text: 'description',
  fields: cohort,
  refused: { at: 'name', fields: n => ({ ...cohort(n), name: '' }) },
})

let unit = ''
const group = (n: number): Payload => ({
  courseid: unit,
  name: `Group ${n}`,
  idnumber: `G-${run}${n}`,
  key: `${unit}_G-${run}${n}`,
  description: `about ${n}`,
})

contract('group', {
  prepare: async site => {
    unit = await site.create('course', {
      fullname: 'Unit 1',
      shortname: `UG${site.run}`,
      categoryid: '1',
    })
  },
  sent: ({ key: _, ...fields }) => fields,
  told: row => ({ ...row, key: `${row['courseid']}_${row['idnumber']}` }),
  key: 'key',
  text: 'description',
  fields: group,
  seen: asNumber,
  refused: { at: 'courseid', fields: n => ({ ...group(n), courseid: '999999' }) },
})
