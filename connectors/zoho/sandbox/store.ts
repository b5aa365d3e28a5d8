import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json, Payload } from '../../../core/plugin.ts'
import { moment } from './answers.ts'
import type { Layout, LayoutModule } from './layout.ts'

const FIRST_ID = 5725767000000600000n
export const owner = {
  name: 'Wasl College',
  id: '5725767000000411001',
  email: 'registrar@college.example',
} as const

export interface Stored {
  readonly id: string
  readonly values: Payload
  readonly createdAt: number
  readonly modifiedAt: number
  /** What the search still finds while its index lags; absent for a record that is new. */
  readonly before?: Payload
}

export interface Deleted {
  readonly id: string
  readonly name: string
  readonly at: number
}

interface Table {
  readonly records: Map<string, Stored>
  readonly deleted: Map<string, Deleted>
  /** Unique field -> value in lower case -> id. */
  readonly unique: Map<string, Map<string, string>>
  number: number
}

type Line =
  | { readonly module: string; readonly put: Stored; readonly number: number }
  | { readonly module: string; readonly gone: Deleted }

export interface Store {
  readonly layout: Layout
  table(module: string): Iterable<Stored>
  get(module: string, id: string): Stored | undefined
  count(module: string): number
  holder(module: string, field: string, value: string): string | undefined
  insert(module: LayoutModule, values: Payload, id?: string): Stored
  update(module: LayoutModule, id: string, values: Payload): Stored
  remove(module: LayoutModule, id: string): void
  deleted(module: string): Deleted[]
  /** The record as Zoho shows it. */
  show(module: LayoutModule, stored: Stored): Payload
  nameOf(module: string, id: string): string | null
  newId(): string
  moment(at: number): string
}

const isRow = (value: Json): value is Payload =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** Records in memory and, where a folder is given, in a journal there that is read again at the next start. */
export const createStore = (
  layout: Layout,
  options: {
    readonly folder?: string | undefined
    readonly now: () => number
    readonly offsetMinutes: number
  },
): Store => {
  const tables = new Map<string, Table>()
  const journal = options.folder === undefined ? undefined : join(options.folder, 'zoho.ndjson')
  let lastId = FIRST_ID

  const tableOf = (module: string): Table => {
    let table = tables.get(module)
    if (table === undefined) {
      table = { records: new Map(), deleted: new Map(), unique: new Map(), number: 0 }
      tables.set(module, table)
    }
    return table
  }
  const newId = () => String(++lastId)
  const seen = (id: string) => {
    if (/^\d{1,19}$/.test(id) && BigInt(id) > lastId) lastId = BigInt(id)
  }

  const unindex = (module: LayoutModule, stored: Stored) => {
    for (const [field, values] of tableOf(module.name).unique) {
      const value = stored.values[field]
      if (value !== null && value !== undefined) values.delete(String(value).toLowerCase())
    }
  }
  const put = (module: LayoutModule, stored: Stored) => {
    const table = tableOf(module.name)
    table.records.set(stored.id, stored)
    seen(stored.id)
    for (const [field, { unique }] of module.fields) {
      const value = stored.values[field]
      if (unique !== true || value === null || value === undefined) continue
      if (!table.unique.has(field)) table.unique.set(field, new Map())
      table.unique.get(field)!.set(String(value).toLowerCase(), stored.id)
    }
  }
  const write = (line: Line) => {
    if (journal !== undefined) appendFileSync(journal, `${JSON.stringify(line)}\n`)
  }

  const apply = (line: Line) => {
    const module = layout.get(line.module)
    if (module === undefined) return
    const table = tableOf(module.name)
    if ('put' in line) {
      const known = table.records.get(line.put.id)
      if (known !== undefined) unindex(module, known)
      put(module, line.put)
      table.number = Math.max(table.number, line.number)
      return
    }
    const known = table.records.get(line.gone.id)
    if (known !== undefined) unindex(module, known)
    table.records.delete(line.gone.id)
    table.deleted.set(line.gone.id, line.gone)
    seen(line.gone.id)
  }

  const load = (file: string) => {
    for (const text of readFileSync(file, 'utf8').split('\n')) {
      if (text === '') continue
      try {
        apply(JSON.parse(text) as Line)
      } catch (error) {
        // The last line may be torn by a kill: what was not answered was not promised.
        if (!(error instanceof SyntaxError)) throw error
      }
    }
    const lines: Line[] = [...tables].flatMap(([module, table]) => [
      ...[...table.records.values()].map((record): Line => ({ module, put: record, number: table.number })),
      ...[...table.deleted.values()].map((gone): Line => ({ module, gone })),
    ])
    writeFileSync(`${file}.new`, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
    renameSync(`${file}.new`, file)
  }

  if (journal !== undefined) {
    mkdirSync(options.folder!, { recursive: true, mode: 0o700 })
    if (existsSync(journal)) load(journal)
  }

  const numbered = (module: LayoutModule, table: Table): Payload => {
    const field = [...module.fields].find(([, { type }]) => type === 'autonumber')
    if (field === undefined) return {}
    table.number++
    const [name, { pattern = '{1}' }] = field
    const text = pattern.replace(/\{(\d+)\}/, (_, digits: string) =>
      String(table.number).padStart(digits.length, '0'),
    )
    return { [name]: text }
  }

  /** Version 8: rows without an id are added, rows with one changed, `_delete` removes, `[]` removes all. */
  const mergedRows = (there: Json, sent: Json): Json => {
    if (!Array.isArray(sent)) return sent
    const rows = new Map(
      (Array.isArray(there) ? there : []).filter(isRow).map(row => [String(row['id']), row]),
    )
    if (sent.length === 0) rows.clear()
    for (const row of sent.filter(isRow)) {
      const id = typeof row['id'] === 'string' ? row['id'] : newId()
      if ('_delete' in row) rows.delete(id)
      else rows.set(id, { ...rows.get(id), ...row, id })
    }
    return [...rows.values()]
  }
  const withRows = (module: LayoutModule, values: Payload, there: Payload): Payload => {
    const merged: Payload = { ...there, ...values }
    for (const [name, { type }] of module.fields)
      if (type === 'subform' && name in values) merged[name] = mergedRows(there[name] ?? [], values[name]!)
    return merged
  }

  const nameOf = (module: string, id: string): string | null => {
    const name = tableOf(module).records.get(id)?.values['Name']
    return typeof name === 'string' ? name : null
  }

  const shownRows = (rows: Json, parent: Stored): Json => {
    const name = parent.values['Name'] ?? null
    return (Array.isArray(rows) ? rows : [])
      .filter(isRow)
      .map(row => ({ ...row, Parent_Id: { name, id: parent.id } }))
  }

  return {
    layout,
    newId,
    nameOf,
    moment: at => moment(at, options.offsetMinutes),
    table: module => tableOf(module).records.values(),
    get: (module, id) => tableOf(module).records.get(id),
    count: module => tableOf(module).records.size,
    holder: (module, field, value) => tableOf(module).unique.get(field)?.get(value.toLowerCase()),
    insert(module, values, id = newId()) {
      const table = tableOf(module.name)
      const at = options.now()
      const all = { ...numbered(module, table), ...withRows(module, values, {}) }
      const stored: Stored = { id, values: all, createdAt: at, modifiedAt: at }
      put(module, stored)
      write({ module: module.name, put: stored, number: table.number })
      return stored
    },
    update(module, id, values) {
      const table = tableOf(module.name)
      const known = table.records.get(id)!
      const stored: Stored = {
        id,
        values: withRows(module, values, known.values),
        createdAt: known.createdAt,
        modifiedAt: Math.max(options.now(), known.modifiedAt),
        before: known.values,
      }
      unindex(module, known)
      put(module, stored)
      write({ module: module.name, put: stored, number: table.number })
      return stored
    },
    remove(module, id) {
      const line: Line = {
        module: module.name,
        gone: { id, name: nameOf(module.name, id) ?? '', at: options.now() },
      }
      apply(line)
      write(line)
    },
    deleted: module => [...tableOf(module).deleted.values()].reverse(),
    show(module, stored) {
      const shown: Payload = { Owner: owner, id: stored.id }
      for (const [name, field] of module.fields) {
        const value = stored.values[name] ?? (field.type === 'boolean' ? false : null)
        shown[name] =
          field.type === 'lookup' && value !== null && isRow(value)
            ? { name: nameOf(field.of!, String(value['id'])), id: value['id']! }
            : field.type === 'subform'
              ? shownRows(value, stored)
              : value
      }
      return {
        ...shown,
        Created_By: { name: owner.name, id: owner.id },
        Modified_By: { name: owner.name, id: owner.id },
        Created_Time: moment(stored.createdAt, options.offsetMinutes),
        Modified_Time: moment(stored.modifiedAt, options.offsetMinutes),
        $approval_state: 'approved',
      }
    },
  }
}
