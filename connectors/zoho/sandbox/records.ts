/** The calls about records below `/crm/v8/{module}`. */
import type { Json, Payload } from '../../../core/plugin.ts'
import { type Answer, invalidBody, invalidMethod, paramMissing, Refused, refusal, refuse } from './answers.ts'
import { answerOf, checkQuery, compared, type Held, matcher, parseCoql } from './coql.ts'
import type { LayoutModule } from './layout.ts'
import { searchOf } from './search.ts'
import { owner, type Stored } from './store.ts'
import type { World } from './world.ts'

export interface ApiCall {
  readonly method: string
  /** Below `/crm/v8`, decoded. */
  readonly segments: readonly string[]
  readonly query: ReadonlyMap<string, string>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Undefined where there is none or it is not JSON. */
  readonly body: Json | undefined
}

const isObject = (value: Json | undefined): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const number = (call: ApiCall, name: string, standard: number) => {
  const value = Number(call.query.get(name) ?? standard)
  return Number.isInteger(value) && value > 0 ? value : standard
}

const since = (call: ApiCall): number | undefined => {
  const at = Date.parse(String(call.headers['if-modified-since'] ?? ''))
  return Number.isNaN(at) ? undefined : at
}

const pageOf = <T>(call: ApiCall, rows: readonly T[]) => {
  const perPage = Math.min(number(call, 'per_page', 200), 200)
  const token = call.query.get('page_token')
  const page =
    token === undefined ? number(call, 'page', 1) : Number(Buffer.from(token, 'base64url').toString())
  if (token === undefined && page * perPage > 2000)
    throw new Refused(
      refuse(
        400,
        'DISCRETE_PAGINATION_LIMIT_EXCEEDED',
        'You can only get the first 2000 records without using page_token param',
        { limit: 2000 },
      ),
    )
  const start = (page - 1) * perPage
  const more = start + perPage < rows.length
  const data = rows.slice(start, start + perPage)
  const next = more ? Buffer.from(String(page + 1)).toString('base64url') : null
  return {
    data,
    info: { per_page: perPage, next_page_token: next, count: data.length, page, more_records: more },
  }
}

const list = (world: World, module: LayoutModule, call: ApiCall): Answer => {
  const fields =
    call.query
      .get('fields')
      ?.split(',')
      .filter(name => name !== '') ?? []
  if (fields.length === 0) return paramMissing('fields')
  if (fields.length > 50)
    return refuse(400, 'LIMIT_EXCEEDED', 'limit exceeded', { limit: 50, param_name: 'fields' })
  const ids = call.query
    .get('ids')
    ?.split(',')
    .filter(id => id !== '')
  let stored =
    ids === undefined
      ? [...world.store.table(module.name)]
      : ids.flatMap(id => world.store.get(module.name, id) ?? [])
  const from = since(call)
  if (from !== undefined) {
    stored = stored.filter(record => record.modifiedAt > from)
    if (stored.length === 0) return { status: 304 }
  }
  if (stored.length === 0) return { status: 204 }
  const [sortBy, order] = [call.query.get('sort_by') ?? 'id', call.query.get('sort_order') ?? 'desc']
  const key = (record: Stored) =>
    sortBy === 'Modified_Time' ? record.modifiedAt : sortBy === 'Created_Time' ? record.createdAt : 0
  const down = order === 'desc' ? -1 : 1
  const sorted = stored.sort(
    (a, b) => down * (key(a) - key(b) || a.id.length - b.id.length || (a.id < b.id ? -1 : 1)),
  )
  const { data, info } = pageOf(call, sorted)
  // Rows of subforms come with a single record only.
  const shown = fields.filter(name => module.fields.get(name)?.type !== 'subform')
  const rows = data.map(record => {
    const all = world.store.show(module, record)
    const row: Payload = { id: record.id }
    for (const name of shown) if (Object.hasOwn(all, name)) row[name] = all[name]!
    return row
  })
  return {
    status: 200,
    body: {
      data: rows,
      info: {
        call: false,
        ...info,
        sort_by: sortBy,
        sort_order: order,
        email: false,
        previous_page_token: null,
        page_token_expiry:
          info.next_page_token === null ? null : world.store.moment(world.now() + 86_400_000),
      },
    },
  }
}

const deleted = (world: World, module: LayoutModule, call: ApiCall): Answer => {
  const from = since(call) ?? 0
  const who = { name: owner.name, id: owner.id }
  const rows = world.store.deleted(module.name).filter(({ at }) => at > from)
  const { data, info } = pageOf(call, rows)
  if (data.length === 0) return { status: 204 }
  return {
    status: 200,
    body: {
      data: data.map(({ id, name, at }) => ({
        deleted_by: who,
        id,
        display_name: name,
        type: 'recycle',
        created_by: who,
        deleted_time: world.store.moment(at),
      })),
      info: { per_page: info.per_page, count: info.count, page: info.page, more_records: info.more_records },
    },
  }
}

/** What COQL and search see: a change that is younger than the lag is not there yet. */
const indexed = (world: World, module: LayoutModule): Stored[] => {
  const seenUntil = world.now() - (world.faults.current.searchLagMs ?? 0)
  const seen: Stored[] = []
  for (const stored of world.store.table(module.name)) {
    if (stored.modifiedAt <= seenUntil) seen.push(stored)
    else if (stored.before !== undefined)
      seen.push({ ...stored, values: stored.before, modifiedAt: stored.createdAt })
  }
  return seen
}

const heldBy =
  (world: World, stored: Stored): Held =>
  column => {
    if (column === 'id') return stored.id
    if (column === 'Created_Time') return world.store.moment(stored.createdAt)
    if (column === 'Modified_Time') return world.store.moment(stored.modifiedAt)
    return column === 'Owner' ? owner : stored.values[column]
  }

const search = (world: World, module: LayoutModule, call: ApiCall): Answer => {
  const meets = searchOf(call.query, module)
  const rows = indexed(world, module).filter(stored => meets({ ...stored.values, id: stored.id }))
  const { data: page, info } = pageOf(call, rows)
  const data = page.map(stored => world.store.show(module, stored))
  const fields = call.query.get('fields')?.split(',')
  const shown = data.map(row =>
    fields === undefined
      ? row
      : {
          id: row['id']!,
          ...Object.fromEntries(fields.flatMap(name => (name in row ? [[name, row[name]!]] : []))),
        },
  )
  return shown.length === 0 ? { status: 204 } : { status: 200, body: { data: shown, info } }
}

export const coql = (world: World, call: ApiCall): Answer => {
  const text = isObject(call.body) ? call.body['select_query'] : undefined
  if (typeof text !== 'string')
    return refuse(400, 'MANDATORY_NOT_FOUND', 'required field not found', { api_name: 'select_query' })
  const query = parseCoql(text)
  const module = world.module(query.module)
  checkQuery(query, module)
  const fits = matcher(query.where)
  const rows = indexed(world, module).filter(stored => fits(heldBy(world, stored)))
  if (query.order !== undefined) {
    const { column, descending } = query.order
    const down = descending ? -1 : 1
    const key = (stored: Stored) => String(heldBy(world, stored)(column) ?? '')
    rows.sort((a, b) => compared(key(a), key(b)) * down)
  }
  const page = rows.slice(query.offset, query.offset + query.limit)
  const columns = new Set([...query.columns, 'id'])
  const shown = page.map(row => {
    const held = heldBy(world, row)
    return Object.fromEntries([...columns].map(column => [column, held(column) ?? null]))
  })
  return answerOf(shown, query.offset + page.length < rows.length)
}

const success = (world: World, stored: Stored, action: 'insert' | 'update', extra: Payload = {}): Payload => {
  const who = { name: owner.name, id: owner.id }
  return {
    code: 'SUCCESS',
    ...extra,
    details: {
      Modified_Time: world.store.moment(stored.modifiedAt),
      Modified_By: who,
      Created_Time: world.store.moment(stored.createdAt),
      id: stored.id,
      Created_By: who,
      $approval_state: 'approved',
    },
    message: action === 'insert' ? 'record added' : 'record updated',
    status: 'success',
  }
}

const noSuchId = (index: number) =>
  refusal('INVALID_DATA', 'the id given seems to be invalid', {
    api_name: 'id',
    json_path: `$.data[${index}].id`,
  })

const lockedError = (index: number) =>
  refusal('RECORD_LOCKED', 'Sorry, you cannot perform this operation as the record is locked.', {
    action: 'record_locking',
    api_name: 'id',
    json_path: `$.data[${index}].id`,
  })

/** 201 or 200 where all went well, 207 where some did, 400 where none did: always with an entry for each record. */
const together = (entries: readonly Payload[], good: number): Answer => {
  const failed = entries.filter(entry => entry['status'] === 'error').length
  return { status: failed === 0 ? good : failed === entries.length ? 400 : 207, body: { data: [...entries] } }
}

type Kind = 'insert' | 'update' | 'upsert'

/** Whom an upsert means: the id that was sent, else who holds the value of a field that it is to compare. */
const upsertTarget = (world: World, module: LayoutModule, row: Payload, checks: readonly string[]) => {
  if (typeof row['id'] === 'string') return { id: row['id'], by: null }
  const unique = [...module.fields].filter(([, field]) => field.unique === true).map(([name]) => name)
  for (const field of checks.length > 0 ? checks : unique) {
    const value = row[field]
    const id =
      value === undefined || value === null
        ? undefined
        : world.store.holder(module.name, field, String(value))
    if (id !== undefined) return { id, by: field }
  }
  return { id: undefined, by: checks[0] ?? unique[0] ?? null }
}

const write = (world: World, module: LayoutModule, call: ApiCall, kind: Kind, only?: string): Answer => {
  if (!isObject(call.body)) return invalidBody()
  const { data, trigger, duplicate_check_fields: checks } = call.body
  if (!Array.isArray(data))
    return refuse(400, 'MANDATORY_NOT_FOUND', 'required field not found', {
      api_name: 'data',
      json_path: '$.data',
    })
  if (data.length > 100)
    return refuse(400, 'LIMIT_EXCEEDED', 'count of records in your request exceeds the limit', {
      maximum_length: 100,
      api_name: 'data',
    })
  const workflow = Array.isArray(trigger) ? trigger.includes('workflow') : true
  const from = Date.parse(String(call.headers['if-unmodified-since'] ?? ''))
  const entries = data.map((row, index): Payload => {
    if (!isObject(row))
      return refusal('INVALID_DATA', 'invalid data', {
        expected_data_type: 'jsonobject',
        json_path: `$.data[${index}]`,
      })
    const target =
      kind === 'insert'
        ? { id: undefined, by: null }
        : kind === 'update'
          ? { id: only ?? row['id'], by: null }
          : upsertTarget(world, module, row, Array.isArray(checks) ? checks.map(String) : [])
    const id = typeof target.id === 'string' ? target.id : undefined
    if (kind === 'update' && id === undefined)
      return refusal('MANDATORY_NOT_FOUND', 'required field not found', {
        api_name: 'id',
        json_path: `$.data[${index}].id`,
      })
    const known = id === undefined ? undefined : world.store.get(module.name, id)
    if (id !== undefined && known === undefined) return noSuchId(index)
    if (id !== undefined && world.faults.current.locked?.includes(id) === true) return lockedError(index)
    if (known !== undefined && known.modifiedAt > from)
      return refusal('ALREADY_MODIFIED', 'record updated time has already passed if-unmodified-since time', {
        Modified_Time: world.store.moment(known.modifiedAt),
        id: known.id,
      })
    const saved = world.save(module, row, { index, workflow, ...(id === undefined ? {} : { id }) })
    if ('error' in saved) return saved.error
    const action = id === undefined ? 'insert' : 'update'
    return success(
      world,
      saved.stored,
      action,
      kind === 'upsert' ? { duplicate_field: target.by, action } : {},
    )
  })
  return together(entries, kind === 'insert' ? 201 : 200)
}

const remove = (world: World, module: LayoutModule, ids: readonly string[], workflow: boolean): Answer =>
  together(
    ids.map((id, index) => {
      if (world.faults.current.locked?.includes(id) === true) return lockedError(index)
      return world.remove(module, id, workflow)
        ? { code: 'SUCCESS', details: { id }, message: 'record deleted', status: 'success' }
        : refusal('INVALID_DATA', 'record not deleted', { id })
    }),
    200,
  )

export const records = (world: World, call: ApiCall): Answer => {
  const [name = '', second] = call.segments
  const module = world.module(name)
  const { method } = call
  const workflow = call.query.get('wf_trigger') !== 'false'
  if (second === undefined) {
    if (method === 'GET') return list(world, module, call)
    if (method === 'POST') return write(world, module, call, 'insert')
    if (method === 'PUT') return write(world, module, call, 'update')
    if (method !== 'DELETE') return invalidMethod()
    const ids =
      call.query
        .get('ids')
        ?.split(',')
        .filter(id => id !== '') ?? []
    if (ids.length === 0)
      return refuse(400, 'REQUIRED_PARAM_MISSING', 'One of the expected parameter is missing', {
        param_name: 'ids',
      })
    return remove(world, module, ids, workflow)
  }
  if (second === 'upsert') return method === 'POST' ? write(world, module, call, 'upsert') : invalidMethod()
  if (second === 'deleted') return method === 'GET' ? deleted(world, module, call) : invalidMethod()
  if (second === 'search') return method === 'GET' ? search(world, module, call) : invalidMethod()
  if (method === 'PUT') return write(world, module, call, 'update', second)
  if (method === 'DELETE') return remove(world, module, [second], workflow)
  if (method !== 'GET') return invalidMethod()
  const stored = world.store.get(module.name, second)
  return stored === undefined
    ? { status: 204 }
    : { status: 200, body: { data: [world.store.show(module, stored)] } }
}
