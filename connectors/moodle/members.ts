import { DataError, RetryableError, type WaslError } from '../../core/errors.ts'
import type {
  Payload,
  ReadResult,
  ResourceConnection,
  WriteOperation,
  WriteResult,
} from '../../core/plugin.ts'
import { harmless, writeBatches } from './batch.ts'
import { listIn, type MoodleClient } from './client.ts'
import { errorOf, warningsIn } from './errors.ts'
import { refusedField } from './fields.ts'
import { groupBy, parts, unknownField } from './lists.ts'
import { payloadOf } from './parse.ts'
import { isMoodleId, pairIn } from './payload.ts'
import { resources } from './resources.ts'

/** What cohorts and groups do alike, each with functions of its own. */
interface Membership {
  readonly resource: 'cohort_member' | 'group_member'
  /** The field with the id of the cohort or group. */
  readonly of: 'cohortid' | 'groupid'
  readonly list: { readonly name: string; readonly parameter: string }
  readonly add: { readonly name: string; readonly member: (of: string, user: string) => Payload }
  readonly remove: { readonly name: string }
}

const cohorts: Membership = {
  resource: 'cohort_member',
  of: 'cohortid',
  list: { name: 'core_cohort_get_cohort_members', parameter: 'cohortids' },
  add: {
    name: 'core_cohort_add_cohort_members',
    member: (of, user) => ({
      cohorttype: { type: 'id', value: of },
      usertype: { type: 'id', value: user },
    }),
  },
  remove: { name: 'core_cohort_delete_cohort_members' },
}

const groups: Membership = {
  resource: 'group_member',
  of: 'groupid',
  list: { name: 'core_group_get_group_members', parameter: 'groupids' },
  add: { name: 'core_group_add_group_members', member: (of, user) => ({ groupid: of, userid: user }) },
  remove: { name: 'core_group_delete_group_members' },
}

/** The code of Moodle's warning that the user is in the cohort already. */
const ALREADY_IN = '3'

export const cohortMemberResource = (client: MoodleClient) => memberResource(client, cohorts)
export const groupMemberResource = (client: MoodleClient) => memberResource(client, groups)

/** Adding and removing may be repeated without harm, so a lost answer is no question. */
function memberResource(client: MoodleClient, kind: Membership): ResourceConnection {
  const { resource, of } = kind
  const name = `moodle/${resource}`
  const perCall = resources[resource]!.perCall

  /** Per cohort or group its members; one that is gone makes Moodle refuse all, so they are halved. */
  async function membersOf(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, { users: ReadonlySet<string>; asOf: number }>> {
    if (ids.length === 0) return new Map()
    const call = kind.list.name
    try {
      const { body, asOf } = await client.call(
        { name: call, parameters: { [kind.list.parameter]: [...ids] }, resource: name, writes: false },
        signal,
      )
      return new Map(
        listIn(body, call).map(each => [
          String(each[of]),
          { asOf, users: new Set(Array.isArray(each['userids']) ? each['userids'].map(String) : []) },
        ]),
      )
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      if (ids.length === 1) return new Map()
      const half = Math.ceil(ids.length / 2)
      return new Map([
        ...(await membersOf(ids.slice(0, half), signal)),
        ...(await membersOf(ids.slice(half), signal)),
      ])
    }
  }

  async function read(ids: readonly string[], signal: AbortSignal) {
    const wanted = [
      ...groupBy(
        ids.filter(id => pairIn(id) !== undefined),
        id => pairIn(id)![0],
      ).keys(),
    ]
    const members = new Map<string, { users: ReadonlySet<string>; asOf: number }>()
    for (const part of parts(wanted, perCall))
      for (const [id, found] of await membersOf(part, signal)) members.set(id, found)
    return new Map(
      ids.map((id): [string, ReadResult] => {
        const [group, user] = pairIn(id) ?? ['', '']
        const found = members.get(group)
        if (found === undefined || !found.users.has(user)) return [id, { state: 'unseen' }]
        const payload = payloadOf(resource, { [of]: group, userid: user, readat: found.asOf })
        return [id, { state: 'found', payload }]
      }),
    )
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (by !== 'id') throw unknownField(name, by, ['id'])
    const matches = new Map<string, readonly Payload[]>()
    for (const [id, result] of await read([...new Set(values)], signal))
      if (result.state === 'found') matches.set(id, [result.payload])
    return matches
  }

  const pairIdOf = ({ id, fields }: WriteOperation): readonly [string, string] | undefined => {
    const [group, user] = [String(fields[of] ?? ''), String(fields['userid'] ?? '')]
    if (isMoodleId(group) && isMoodleId(user)) return [group, user]
    return id === undefined ? undefined : pairIn(id)
  }

  const isRemoval = ({ fields }: WriteOperation): boolean =>
    fields['removed'] === true || fields['removed'] === 1 || fields['removed'] === '1'

  async function send(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const pairs = operations.map(operation => pairIdOf(operation)!)
    const removal = isRemoval(operations[0]!)
    const call = removal ? kind.remove.name : kind.add.name
    const members = pairs.map(([group, user]) =>
      removal ? { [of]: group, userid: user } : kind.add.member(group, user),
    )
    const { body } = await client.call(
      { name: call, parameters: { members }, resource: name, writes: true },
      signal,
    )
    const warning = warningsIn(body).find(({ refusal }) => refusal.errorcode !== ALREADY_IN)
    // It names nobody; the others were added, and adding them again while the one is looked for does no harm.
    if (warning !== undefined)
      throw new DataError('MOODLE_NO_MEMBER', errorOf(warning.refusal, call, name).message, {
        at: warning.refusal.message.startsWith('cohort') ? of : 'userid',
        remote: 'moodle',
      })
    return operations.map((operation, index) => ({
      ok: true,
      id: pairs[index]!.join('_'),
      action: operation.id === undefined && !removal ? 'created' : 'updated',
    }))
  }

  async function blame([operation, ...others]: readonly WriteOperation[], refusal: WaslError) {
    const results = new Map<WriteOperation, WriteResult>()
    if (operation === undefined || others.length > 0 || !(refusal instanceof DataError)) return results
    if (refusal.code !== 'MOODLE_INVALID' || resource !== 'group_member') return results
    // The enrolment may be on its way, with another record of the same person.
    const error = new RetryableError('MOODLE_NOT_ENROLLED', refusal.message, {
      at: 'userid',
      hint: 'only a user who is enrolled in the course can be in one of its groups',
      remote: 'moodle',
      cause: refusal,
    })
    return results.set(operation, { ok: false, error })
  }

  return {
    read,
    find,
    write: (operations, signal) =>
      writeBatches(operations, {
        perCall,
        refuse: operation =>
          refusedField(resource, operation.fields) ??
          (pairIdOf(operation) === undefined ? incomplete(resource, of) : undefined),
        kindOf: operation => (isRemoval(operation) ? 'remove' : 'add'),
        send: harmless(some => send(some, signal)),
        blame,
      }),
  }
}

const incomplete = (resource: string, of: string) =>
  new DataError('MOODLE_FIELD_NEEDED', `a ${resource} needs "${of}" and "userid", both ids of Moodle`, {
    at: of,
    remote: 'moodle',
  })
