/** The data folder: LMDB, the catalog, and writes in grouped commits. */
import { mkdirSync } from 'node:fs'
import { constants } from 'node:os'
import { type Database, open, type RootDatabase } from 'lmdb'
import { CommandError } from '../errors.ts'
import {
  type Collection,
  decodeCollection,
  encodeCollection,
  encodeCounters,
  type Index,
  idIndexSpec,
  makeIndex,
} from './catalog.ts'

interface Task {
  run(): unknown
  resolve(result: unknown): void
  reject(error: unknown): void
  /** Has a transaction to itself, which an error undoes as a whole. */
  alone: boolean
  result?: unknown
  error?: unknown
}

export type Store = Database<Buffer, Buffer>

export class Storage {
  readonly documents: Store
  readonly entries: Store
  readonly collections = new Map<string, Collection>()
  private readonly root: RootDatabase<Buffer, string>
  private readonly meta: Database<Buffer, string>
  private queue: Task[] = []
  private scheduled = false
  private readonly dirty = new Set<Collection>()
  private readonly counted = new Set<Collection>()
  private check: () => void = () => {}

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.root = open<Buffer, string>({
      path: folder,
      overlappingSync: false,
      noSubdir: false,
      maxDbs: 4,
      encoding: 'binary',
      cache: false,
    })
    const binary = { encoding: 'binary', keyEncoding: 'binary', cache: false } as const
    this.documents = this.root.openDB<Buffer, Buffer>({ name: 'documents', ...binary })
    this.entries = this.root.openDB<Buffer, Buffer>({ name: 'entries', ...binary })
    this.meta = this.root.openDB<Buffer, string>({ name: 'meta', encoding: 'binary', cache: false })
    this.load()
  }

  /** Small records besides the data: the owner's. In a transaction of its own, `change` sees and sets the value. */
  claim(key: string, change: (old: string | undefined) => string | undefined): boolean {
    return this.root.transactionSync(() => {
      const old = this.meta.get(key)
      const next = change(old && Buffer.from(old).toString())
      if (next === undefined) return false
      this.meta.put(key, Buffer.from(next))
      return true
    })
  }

  release(key: string): void {
    this.root.transactionSync(() => {
      this.meta.remove(key)
    })
  }

  peek(key: string): string | undefined {
    return this.meta.get(key)?.toString()
  }

  /** `check` runs first in every transaction; what it throws ends the transaction. */
  guard(check: () => void): void {
    this.check = check
  }

  load(): void {
    this.collections.clear()
    this.dirty.clear()
    this.counted.clear()
    for (const { key, value } of this.meta.getRange({ start: 'collection|', end: 'collection|\uffff' })) {
      const counters = this.meta.get(`counters|${key.slice('collection|'.length)}`)
      const collection = decodeCollection(Buffer.from(value), counters && Buffer.from(counters))
      this.collections.set(collection.namespace, collection)
    }
  }

  /** Runs `run` in the next transaction, together with others that wait; answers once that is on disk. */
  write<T>(run: () => T, alone = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ run, resolve: resolve as (result: unknown) => void, reject, alone })
      if (this.scheduled) return
      this.scheduled = true
      setImmediate(() => this.flush())
    })
  }

  private flush(): void {
    this.scheduled = false
    const waiting = this.queue
    this.queue = []
    for (let from = 0; from < waiting.length; ) {
      let to = from + 1
      if (!waiting[from]!.alone) while (to < waiting.length && !waiting[to]!.alone) to++
      this.commit(waiting.slice(from, to))
      from = to
    }
  }

  private commit(tasks: Task[]): void {
    try {
      this.root.transactionSync(() => {
        this.check()
        for (const task of tasks) this.attempt(task)
        this.saveCatalog()
      })
    } catch (cause) {
      // Nothing of the group is stored. One that breaks must not take the others with it.
      this.load()
      if (tasks.length > 1) for (const task of tasks) this.commit([task])
      else tasks[0]!.reject(diskError(cause))
      return
    }
    for (const task of tasks) {
      if (task.error !== undefined) task.reject(task.error)
      else task.resolve(task.result)
    }
  }

  /** A CommandError is an answer and leaves what earlier statements stored; anything else undoes the transaction. */
  private attempt(task: Task): void {
    delete task.error
    try {
      task.result = task.run()
    } catch (error) {
      if (task.alone || !(error instanceof CommandError)) throw error
      task.error = error
    }
  }

  private saveCatalog(): void {
    for (const collection of this.dirty) {
      if (this.collections.get(collection.namespace) === collection)
        this.meta.put(`collection|${collection.namespace}`, encodeCollection(collection))
    }
    for (const collection of this.counted) {
      if (this.collections.get(collection.namespace) === collection)
        this.meta.put(`counters|${collection.namespace}`, encodeCounters(collection))
    }
    this.dirty.clear()
    this.counted.clear()
  }

  find(namespace: string): Collection | undefined {
    return this.collections.get(namespace)
  }

  /** In a transaction: the collection, made where it is not there yet. */
  obtain(database: string, name: string): Collection {
    const namespace = `${database}.${name}`
    const existing = this.collections.get(namespace)
    if (existing) return existing
    const collection: Collection = {
      id: this.nextId(),
      database,
      name,
      namespace,
      indexes: [makeIndex(this.nextId(), idIndexSpec())],
      count: 0,
      nextRecord: 1,
    }
    this.collections.set(namespace, collection)
    this.changed(collection)
    this.counted.add(collection)
    return collection
  }

  /** In a transaction: runs on a collection that is made only if something is put into it. */
  within<T>(database: string, name: string, run: (collection: Collection) => T): T {
    const existed = this.collections.has(`${database}.${name}`)
    const collection = this.obtain(database, name)
    try {
      return run(collection)
    } finally {
      if (!existed && collection.count === 0) this.drop(collection)
    }
  }

  /** In a transaction: a number that no collection or index had before. */
  nextId(): number {
    const last = this.meta.get('lastId')
    const next = (last ? Buffer.from(last).readUInt32BE(0) : 0) + 1
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32BE(next)
    this.meta.put('lastId', bytes)
    return next
  }

  /** The catalog's entry is written at the end of the transaction. */
  changed(collection: Collection): void {
    this.dirty.add(collection)
  }

  countChanged(collection: Collection): void {
    this.counted.add(collection)
  }

  /** In a transaction: the collection with its documents and indexes. */
  drop(collection: Collection): void {
    this.collections.delete(collection.namespace)
    this.meta.remove(`collection|${collection.namespace}`)
    this.meta.remove(`counters|${collection.namespace}`)
    clear(this.documents, collection.id)
    for (const index of collection.indexes) clear(this.entries, index.id)
  }

  dropIndex(collection: Collection, index: Index): void {
    collection.indexes = collection.indexes.filter(each => each !== index)
    clear(this.entries, index.id)
    this.changed(collection)
  }

  async close(): Promise<void> {
    if (this.queue.length > 0) this.flush()
    await this.root.flushed
    await this.root.close()
  }
}

/** What the system says when it does not take the bytes, in words that help. */
function diskError(cause: unknown): unknown {
  const { code, message } = cause as { code?: unknown; message?: string }
  if (code !== constants.errno.EIO && code !== constants.errno.ENOSPC && code !== constants.errno.EDQUOT)
    return cause
  return new CommandError(
    'OutOfDiskSpace',
    `the data folder could not be written (${message}): is the disk full?`,
  )
}

/** Removes by range, in pieces: lmdb's own clear can end the process (lmdb-js issue 317). */
function clear(store: Store, id: number): void {
  const start = prefixOf(id)
  const end = prefixOf(id + 1)
  for (;;) {
    const keys = [...store.getKeys({ start, end, limit: 1000 })]
    for (const key of keys) store.remove(Buffer.from(key))
    if (keys.length < 1000) return
  }
}

export function prefixOf(id: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(id)
  return bytes
}
