import type { Json, Payload, ReadResult } from '../../core/plugin.ts'
import { rowsIn, type ZohoClient } from './client.ts'
import type { Fields, Metadata } from './metadata.ts'
import { idText, isZohoId, RECORDS_PER_CALL } from './resources.ts'

/** `fields` may name at most this many. */
const FIELDS_PER_CALL = 50
/** Pages of the deleted list that are looked through, newest first: 2,000 records. */
const DELETED_PAGES = 10
const SINGLES_AT_ONCE = 5
/** Ids and versions, named in every call so that the parts of a record can be told to belong together. */
const always = ['id', 'Modified_Time']

export const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size))

const codeOf = (error: unknown) => (error as { code?: unknown }).code

/** Runs a call for many ids; halves them where the answer is more than a client takes (5 MiB). */
const halving = async (
  ids: readonly string[],
  call: (ids: readonly string[]) => Promise<readonly Payload[]>,
): Promise<readonly Payload[]> => {
  try {
    return await call(ids)
  } catch (error) {
    if (ids.length < 2 || codeOf(error) !== 'REMOTE_TOO_LARGE') throw error
    const middle = Math.ceil(ids.length / 2)
    const first = await halving(ids.slice(0, middle), call)
    return [...first, ...(await halving(ids.slice(middle), call))]
  }
}

export const createReader = (client: ZohoClient, metadata: Metadata, module: string) => {
  const path = `/${module}`

  const listed = async (
    ids: readonly string[],
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Payload[]> =>
    halving(ids, async some => {
      const query = { ids: some.join(','), fields: fields.join(','), per_page: '200' }
      return rowsIn(await client.call({ method: 'GET', path, query, resource: module, signal }))
    })

  /** All fields of some records; more than 50 take several calls, and a record that changed between them is left out. */
  const whole = async (
    ids: readonly string[],
    fields: Fields,
    signal: AbortSignal,
  ): Promise<Map<string, Payload>> => {
    const others = [...fields.keys()].filter(name => !always.includes(name))
    const found = new Map<string, Payload>()
    const torn = new Set<string>()
    const parts = chunks(others, FIELDS_PER_CALL - always.length)
    for (const [n, part] of (parts.length === 0 ? [[]] : parts).entries()) {
      const seen = new Set<string>()
      for (const row of await listed(ids, [...always, ...part], signal)) {
        const id = idText(row['id'])
        if (id === undefined) continue
        seen.add(id)
        const known = found.get(id)
        if (n > 0 && known?.['Modified_Time'] !== row['Modified_Time']) torn.add(id)
        found.set(id, { ...known, ...row, id })
      }
      if (n > 0) for (const id of found.keys()) if (!seen.has(id)) torn.add(id)
    }
    for (const id of torn) found.delete(id)
    for (const [id, row] of await singly([...torn], signal)) found.set(id, row)
    return found
  }

  /** One call per record, which brings everything: every field, and the rows of subforms, which no list has. */
  const singly = async (ids: readonly string[], signal: AbortSignal): Promise<Map<string, Payload>> => {
    const found = new Map<string, Payload>()
    const queue = [...ids]
    const worker = async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const call = {
          method: 'GET',
          path: `${path}/${encodeURIComponent(id)}`,
          resource: module,
          signal,
        } as const
        const row = await client.call(call).then(
          answer => rowsIn(answer)[0],
          error => {
            if (codeOf(error) === 'REMOTE_GONE') return undefined
            throw error
          },
        )
        if (row !== undefined) found.set(id, { ...row, id })
      }
    }
    await Promise.all(Array.from({ length: Math.min(SINGLES_AT_ONCE, queue.length) }, worker))
    return found
  }

  /** Which of them the module's deleted list names. */
  const deletedOf = async (ids: ReadonlySet<string>, signal: AbortSignal): Promise<Set<string>> => {
    const deleted = new Set<string>()
    for (let page = 1; page <= DELETED_PAGES && deleted.size < ids.size; page++) {
      const query = { type: 'all', per_page: '200', page: String(page) }
      const answer = await client.call({
        method: 'GET',
        path: `${path}/deleted`,
        query,
        resource: module,
        signal,
      })
      for (const row of rowsIn(answer)) {
        const id = idText(row['id'])
        if (id !== undefined && ids.has(id)) deleted.add(id)
      }
      if ((answer.body['info'] as { more_records?: Json } | undefined)?.more_records !== true) break
    }
    return deleted
  }

  const records = async (ids: readonly string[], signal: AbortSignal): Promise<Map<string, Payload>> => {
    const fields = await metadata.fields(module)
    const found = new Map<string, Payload>()
    const singles = [...fields.values()].some(field => field.type === 'subform')
    for (const some of chunks(ids, RECORDS_PER_CALL)) {
      const part =
        singles || some.length === 1 ? await singly(some, signal) : await whole(some, fields, signal)
      for (const [id, row] of part) found.set(id, row)
    }
    return found
  }

  return {
    records,
    singly,
    async read(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ReadResult>> {
      const asked = [...new Set(ids)]
      // What is no id of Zoho's is not asked for: it would make the whole call INVALID_DATA.
      const found = await records(
        asked.filter(id => isZohoId(id)),
        signal,
      )
      const missing = new Set(asked.filter(id => !found.has(id)))
      const deleted = missing.size === 0 ? missing : await deletedOf(missing, signal)
      return new Map(
        asked.map((id): [string, ReadResult] => {
          const payload = found.get(id)
          return [
            id,
            payload !== undefined
              ? { state: 'found', payload }
              : { state: deleted.has(id) ? 'gone' : 'unseen' },
          ]
        }),
      )
    },
  }
}

export type Reader = ReturnType<typeof createReader>
