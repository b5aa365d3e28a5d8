import { DataError } from '../../core/errors.ts'
import type { ChangedPage, Json, Payload, ResourceConnection } from '../../core/plugin.ts'
import { rowsIn, type ZohoAnswer, type ZohoClient } from './client.ts'
import { coqlModified } from './coql.ts'
import { idText, isZohoId, momentOf, momentText, versionOf } from './resources.ts'

/** More than 200 in one answer cost further credits. */
const PER_PAGE = 200
/** Zoho shows the first 2,000 of a list without a token that expires. */
const DELETED_PAGES = 10

const moreAfter = ({ body }: ZohoAnswer): boolean =>
  (body['info'] as { more_records?: Json } | undefined)?.more_records === true

/**
 * What was modified, by COQL in the order of the ids, then what was deleted, newest first. A page is named by the
 * last id that was listed, not by a token of Zoho's: so a listing goes on after a crash, whenever that is, and a
 * record that changes meanwhile is neither left out nor moved.
 */
export const createLister = (
  client: ZohoClient,
  module: string,
): NonNullable<ResourceConnection['changes']> => {
  const modified = async (since: number, after: string | undefined, signal: AbortSignal) => {
    const json = { select_query: coqlModified(module, momentText(since), after, PER_PAGE) }
    const call = { method: 'POST', path: '/coql', json, writes: false, resource: module, signal } as const
    const answer = await client.call(call)
    const objects = rowsIn(answer).flatMap(row => {
      const id = idText(row['id'])
      return id === undefined ? [] : [{ id, version: versionOf(row), ...timeOf(row, 'Modified_Time') }]
    })
    const last = objects.at(-1)?.id
    return { objects, next: moreAfter(answer) && last !== undefined ? `after ${last}` : 'deleted 1' }
  }

  const deleted = async (
    since: number | undefined,
    page: number,
    signal: AbortSignal,
  ): Promise<ChangedPage> => {
    const answer = await client.call({
      method: 'GET',
      path: `/${module}/deleted`,
      query: { type: 'all', per_page: String(PER_PAGE), page: String(page) },
      ...(since === undefined ? {} : { headers: { 'If-Modified-Since': momentText(since) } }),
      resource: module,
      signal,
    })
    const objects = rowsIn(answer).flatMap(row => {
      const id = idText(row['id'])
      return id === undefined ? [] : [{ id, deleted: true as const, ...timeOf(row, 'deleted_time') }]
    })
    return { objects, ...(moreAfter(answer) && page < DELETED_PAGES ? { next: `deleted ${page + 1}` } : {}) }
  }

  return async ({ since, page }, signal) => {
    if (page === undefined) return modified(since ?? 0, undefined, signal)
    const [kind, at = ''] = page.split(' ')
    if (kind === 'after' && isZohoId(at)) return modified(since ?? 0, at, signal)
    if (kind === 'deleted' && /^\d{1,2}$/.test(at)) return deleted(since, Number(at), signal)
    throw new DataError(
      'ZOHO_PAGE',
      'the listing of changes was to go on at a page that Zoho cannot have given',
      {
        remote: 'zoho',
      },
    )
  }
}

const timeOf = (row: Payload, field: string): { at?: number } => {
  const at = momentOf(row[field])
  return at === undefined ? {} : { at }
}
