import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

export type Row = { id: number; [column: string]: unknown }

export interface Table<R extends Row> {
  get(id: number): R | undefined
  all(): IterableIterator<R>
  /** Rows whose column holds exactly this value; indexed columns are found at once. */
  by(column: keyof R & string, value: unknown): readonly R[]
  insert(row: Omit<R, 'id'> & { id?: number }): R
  update(id: number, changes: Partial<R>): R
  remove(id: number): void
  readonly size: number
}

/** Everything the sandbox knows, in memory and, with a folder, in a journal that survives it. */
export interface Tables {
  table<R extends Row>(name: string, indexed: readonly string[]): Table<R>
  /** What `work` changed is undone when it throws: Moodle's delegated transaction. Must be synchronous. */
  transaction<T>(work: () => T): T
  close(): void
}

interface Change {
  readonly table: string
  readonly id: number
  readonly row: Row | null
}

/** One line per change; a line that was cut by a kill is the last one and counts as never written. */
export function openTables(folder?: string): Tables {
  const stored = folder === undefined ? [] : load(folder)
  const file = folder === undefined ? undefined : rewrite(folder, stored)
  const descriptor = file === undefined ? undefined : openSync(file, 'a')
  const stores = new Map<string, ReturnType<typeof createTable>>()
  let pending: (Change & { readonly was: Row | null })[] | undefined

  const changed = (change: Change & { was: Row | null }) => {
    if (pending !== undefined) pending.push(change)
    else write([change])
  }
  const write = (changes: readonly Change[]) => {
    if (descriptor === undefined || changes.length === 0) return
    appendFileSync(
      descriptor,
      changes.map(({ table, id, row }) => `${JSON.stringify({ table, id, row })}\n`).join(''),
    )
  }

  return {
    table<R extends Row>(name: string, indexed: readonly string[]) {
      const store = createTable(name, indexed, changed)
      for (const { table, id, row } of stored) if (table === name) store.put(id, row)
      stores.set(name, store)
      return store.table as unknown as Table<R>
    },
    transaction(work) {
      if (pending !== undefined) return work()
      const changes: (Change & { readonly was: Row | null })[] = []
      pending = changes
      try {
        const result = work()
        pending = undefined
        write(changes)
        return result
      } catch (error) {
        pending = undefined
        for (const { table, id, was } of changes.reverse()) stores.get(table)!.put(id, was)
        throw error
      }
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor)
    },
  }
}

function createTable(
  name: string,
  indexed: readonly string[],
  changed: (change: Change & { was: Row | null }) => void,
) {
  const rows = new Map<number, Row>()
  const indexes = new Map(indexed.map(column => [column, new Map<unknown, Set<number>>()]))
  let last = 0

  /** `null` takes the row away. Ids are never given out twice, as in a database. */
  const put = (id: number, row: Row | null) => {
    const was = rows.get(id)
    for (const [column, index] of indexes) {
      if (was !== undefined) index.get(was[column])?.delete(id)
      if (row === null) continue
      const ids = index.get(row[column])
      if (ids === undefined) index.set(row[column], new Set([id]))
      else ids.add(id)
    }
    if (row === null) rows.delete(id)
    else rows.set(id, row)
    last = Math.max(last, id)
  }
  const store = (id: number, row: Row | null) => {
    const was = rows.get(id) ?? null
    put(id, row)
    changed({ table: name, id, row, was })
  }

  const table: Table<Row> = {
    get: id => rows.get(id),
    all: () => rows.values(),
    by(column, value) {
      const index = indexes.get(column)
      if (index === undefined) return [...rows.values()].filter(row => row[column] === value)
      return [...(index.get(value) ?? [])].sort((a, b) => a - b).map(id => rows.get(id)!)
    },
    insert(row) {
      const id = row.id ?? last + 1
      const stored: Row = { ...row, id }
      store(id, stored)
      return stored
    },
    update(id, changes) {
      const row: Row = { ...rows.get(id)!, ...changes, id }
      store(id, row)
      return row
    },
    remove: id => store(id, null),
    get size() {
      return rows.size
    },
  }
  return { table, put }
}

const FILE = 'moodle.ndjson'

/** The last row of every id. Of the removed ones the highest stays, so that no id is given out again. */
function load(folder: string): readonly Change[] {
  const file = join(folder, FILE)
  if (!existsSync(file)) return []
  const newest = new Map<string, Change>()
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const change = JSON.parse(line) as Change
    newest.set(`${change.table}/${change.id}`, change)
  }
  const highest = new Map<string, number>()
  for (const { table, id } of newest.values()) highest.set(table, Math.max(id, highest.get(table) ?? 0))
  return [...newest.values()].filter(({ table, id, row }) => row !== null || highest.get(table) === id)
}

function rewrite(folder: string, changes: readonly Change[]): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, FILE)
  writeFileSync(`${file}.new`, changes.map(change => `${JSON.stringify(change)}\n`).join(''), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return file
}
