import { DataError, WaslError } from '../../core/errors.ts'
import type { Payload, ResourceConnection, WriteOperation, WriteResult } from '../../core/plugin.ts'
import { writeBatches } from './batch.ts'
import { isObject, listIn, type MoodleClient, unexpected } from './client.ts'
import { errorOf, warningsIn } from './errors.ts'
import { refusedField, sendable } from './fields.ts'
import { groupBy, MOST, parts, unknownField } from './lists.ts'
import { readResults } from './lookups.ts'
import { payloadOf } from './parse.ts'
import { isMoodleId } from './payload.ts'
import { resources } from './resources.ts'
import { faultyField } from './user-rules.ts'
import { userVisibility } from './visibility.ts'

const NAME = 'moodle/user'
const PER_CALL = resources['user']!.perCall
/** A listing ends after so many ids in a row that nobody has. */
const NOBODY = 1000
const findable = new Set(['id', 'idnumber', 'username', 'email'])

/** Users through `core_user_get_users_by_field`, `core_user_create_users` and `core_user_update_users`. */
export function userResource(client: MoodleClient, now: () => number): ResourceConnection {
  const visibility = userVisibility(client, now)

  async function byField(field: string, values: readonly string[], signal: AbortSignal): Promise<Payload[]> {
    const found: Payload[] = []
    for (const part of parts(values, PER_CALL)) found.push(...(await byFieldOnce(field, part, signal)))
    visibility.saw(found)
    return found
  }

  /** One value that Moodle finds malformed makes it refuse all: they are halved until it stands alone. */
  async function byFieldOnce(
    field: string,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<Payload[]> {
    const name = 'core_user_get_users_by_field'
    try {
      const { body, asOf } = await client.call(
        { name, parameters: { field, values: [...values] }, resource: NAME, writes: false },
        signal,
      )
      return listIn(body, name).map(user => ({ ...payloadOf('user', user), readat: asOf }))
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      if (values.length === 1) return []
      const half = Math.ceil(values.length / 2)
      return [
        ...(await byFieldOnce(field, values.slice(0, half), signal)),
        ...(await byFieldOnce(field, values.slice(half), signal)),
      ]
    }
  }

  async function find(by: string, values: readonly string[], signal: AbortSignal) {
    if (!findable.has(by)) throw unknownField(NAME, by, findable)
    const matches = new Map<string, Payload[]>()
    const askable = values.filter(
      value => value.trim() === value && value !== '' && (by !== 'id' || isMoodleId(value)),
    )
    if (askable.length === 0) return matches
    const users = (await byField(by, askable, signal)).filter(user => !isDeleted(user))
    const byKey = groupBy(users, user => keyOf(by, String(user[by] ?? '')))
    for (const value of askable) {
      const found = byKey.get(keyOf(by, value))
      if (found !== undefined) matches.set(value, found.slice(0, MOST))
    }
    if (matches.size < new Set(askable).size) await visibility.assured(signal)
    return matches
  }

  async function read(ids: readonly string[], signal: AbortSignal) {
    const askable = [...new Set(ids.filter(isMoodleId))]
    const users = askable.length === 0 ? [] : await byField('id', askable, signal)
    if (users.length < askable.length) await visibility.assured(signal)
    const results = readResults(ids, new Map(users.map(user => [String(user['id']), user])))
    for (const user of users) if (isDeleted(user)) results.set(String(user['id']), { state: 'gone' })
    return results
  }

  async function create(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_user_create_users'
    const users = operations.map(({ fields }) => {
      return { createpassword: true, ...sendable('user', fields, 'id', 'suspended') }
    })
    const { body } = await client.call({ name, parameters: { users }, resource: NAME, writes: true }, signal)
    const created = listIn(body, name)
    if (created.length !== operations.length) throw unexpected(name)
    visibility.saw(created.map(({ id }) => ({ id: String(id) })))
    const results = created.map(({ id }): WriteResult => ({ ok: true, id: String(id), action: 'created' }))
    return suspendNew(operations, results, signal)
  }

  /** Moodle cannot create a suspended user: it takes a second call, and the next attempt finds the user if it fails. */
  async function suspendNew(
    operations: readonly WriteOperation[],
    results: WriteResult[],
    signal: AbortSignal,
  ) {
    const suspended = operations.flatMap(({ fields }, index) => {
      const result = results[index]!
      return result.ok && isTrue(fields['suspended']) ? [{ index, id: result.id }] : []
    })
    if (suspended.length === 0) return results
    const updates = await write(
      suspended.map(({ id }) => ({ id, fields: { suspended: true } })),
      signal,
    ).catch((error: unknown) => {
      if (!(error instanceof WaslError)) throw error
      return suspended.map((): WriteResult => ({ ok: false, error }))
    })
    suspended.forEach(({ index }, at) => {
      const update = updates[at]!
      if (!update.ok) results[index] = update
    })
    return results
  }

  async function update(operations: readonly WriteOperation[], signal: AbortSignal): Promise<WriteResult[]> {
    const name = 'core_user_update_users'
    const changing = operations.filter(({ fields }) => Object.keys(sendable('user', fields, 'id')).length > 0)
    const users = changing.map(({ id, fields }) => ({ id: id!, ...sendable('user', fields, 'id') }))
    const warnings = new Map<string, WaslError>()
    if (users.length > 0) {
      const { body } = await client.call(
        { name, parameters: { users }, resource: NAME, writes: true },
        signal,
      )
      if (body !== null && !isObject(body)) throw unexpected(name)
      for (const { itemid, refusal } of warningsIn(body))
        if (itemid !== undefined) warnings.set(itemid, errorOf(refusal, name, NAME))
    }
    const results: WriteResult[] = []
    for (const operation of operations) {
      const error = warnings.get(operation.id!)
      if (error !== undefined) results.push({ ok: false, error: await explained(operation, error, signal) })
      else if (changing.includes(operation)) results.push({ ok: true, id: operation.id!, action: 'updated' })
      else results.push({ ok: true, id: operation.id!, action: 'unchanged' })
    }
    return results
  }

  /** A username that another user has is told as an error of the database. */
  async function explained({ id, fields }: WriteOperation, error: WaslError, signal: AbortSignal) {
    const { username } = fields
    if (error.code !== 'MOODLE_DATABASE' || typeof username !== 'string') return error
    const holder = (await byField('username', [username], signal)).find(user => user['id'] !== id)
    return holder === undefined ? error : taken('username', String(holder['id']))
  }

  /** In production Moodle says `invalidparameter` to whatever is wrong: duplicates are looked up, then the rules. */
  async function blame(operations: readonly WriteOperation[], refusal: WaslError, signal: AbortSignal) {
    const results = new Map<WriteOperation, WriteResult>()
    const creations = operations.filter(({ id }) => id === undefined)
    for (const by of ['username', 'email'] as const) {
      const values = creations.map(({ fields }) => fields[by]).filter(value => typeof value === 'string')
      if (values.length === 0) continue
      const holders = await byField(by, values, signal)
      for (const operation of creations) {
        const id = holders.find(user => sameKey(by, user[by], operation.fields[by]))?.['id']
        if (id === undefined) continue
        if (results.has(operation) && operation.key?.by !== by) continue
        results.set(operation, duplicate(by, String(id)))
      }
    }
    for (const operation of operations) {
      if (results.has(operation)) continue
      const fault = faultyField(operation.fields, operation.id === undefined)
      if (fault === undefined) continue
      const { at, why } = fault
      const error = new DataError('MOODLE_INVALID', `Moodle refused the user: ${why}`, {
        at,
        remote: 'moodle',
        cause: refusal,
      })
      results.set(operation, { ok: false, error })
    }
    const [only] = creations
    if (operations.length === 1 && only !== undefined && !results.has(only)) {
      const id = await holderInAnyCase(only, signal)
      if (id !== undefined) results.set(only, duplicate('email', id))
    }
    return results
  }

  /** PostgreSQL compares by case, but Moodle refuses an email that differs in case only; this search does not. */
  async function holderInAnyCase(
    { fields }: WriteOperation,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { email } = fields
    if (typeof email !== 'string' || email.includes('%')) return undefined
    const name = 'core_user_get_users'
    const { body } = await client.call(
      { name, parameters: { criteria: [{ key: 'email', value: email }] }, resource: NAME, writes: false },
      signal,
    )
    if (!isObject(body) || !Array.isArray(body['users'])) throw unexpected(name)
    const holder = body['users'].filter(isObject).find(user => sameKey('email', user['email'], email))
    return holder === undefined ? undefined : String(holder['id'])
  }

  const write = (operations: readonly WriteOperation[], signal: AbortSignal) =>
    writeBatches(operations, {
      perCall: PER_CALL,
      refuse: ({ fields }) => refusedField('user', fields),
      send: some => (some[0]?.id === undefined ? create(some, signal) : update(some, signal)),
      blame: (some, refusal) => blame(some, refusal, signal),
    })

  /** Moodle neither pages through its users nor tells when one was changed: they are asked for by their ids, in order. */
  async function changes({ page }: { readonly page?: string }, signal: AbortSignal) {
    const [from = 1, nobody = 0] = page === undefined ? [] : page.split(' ').map(Number)
    const ids = Array.from({ length: PER_CALL }, (_, n) => String(from + n))
    const users = await byField('id', ids, signal)
    if (users.length === 0 && page === undefined) await visibility.assured(signal)
    const objects = users.map(user => {
      const id = String(user['id'])
      return isDeleted(user) ? { id, deleted: true as const } : { id }
    })
    const missing = users.length > 0 ? 0 : nobody + PER_CALL
    return { objects, ...(missing >= NOBODY ? {} : { next: `${from + PER_CALL} ${missing}` }) }
  }

  return { read, find, write, changes }
}

const keyOf = (by: string, value: string): string => (by === 'email' ? value.toLowerCase() : value)
const sameKey = (by: string, one: unknown, other: unknown): boolean =>
  typeof one === 'string' && typeof other === 'string' && keyOf(by, one) === keyOf(by, other)
const isTrue = (value: unknown): boolean => value === true || value === 1 || value === '1'

/**
 * Moodle keeps the row of a deleted user and shows it by its id like any other; only its names tell: the username
 * becomes `{email}.{seconds}`, the email a hash.
 */
const isDeleted = ({ username, email }: Payload): boolean =>
  /@.*\.\d{9,11}$/.test(String(username)) && (email === undefined || /^[0-9a-f]{32}$/.test(String(email)))

const taken = (by: string, holder: string) =>
  new DataError('MOODLE_TAKEN', `the Moodle user ${holder} has this ${by} already`, {
    at: by,
    remote: 'moodle',
  })

const duplicate = (by: string, id: string): WriteResult => ({
  ok: false,
  error: taken(by, id),
  duplicateOf: { by, id },
})
