/** Reads what a plan names: records of a collection, in the plan's order. Nothing stays open between two batches. */
import type { Collection } from '../storage/catalog.ts'
import { documentKey, lookUp, recordAt } from '../storage/documents.ts'
import { highLimit, lowLimit } from '../storage/index-keys.ts'
import { prefixOf, type Storage } from '../storage/storage.ts'
import type { IndexPlan, Plan, Range } from './plan.ts'

export interface Counters {
  keys: number
  documents: number
}

/** Records in the plan's order, each once. */
export function* recordsOf(
  storage: Storage,
  collection: Collection,
  plan: Plan,
  counters: Counters,
): Generator<number> {
  switch (plan.kind) {
    case 'nothing':
      return
    case 'scan': {
      const reader = new Reader(
        storage.documents,
        documentKey(collection, 0),
        prefixOf(collection.id + 1),
        plan.reverse,
        false,
      )
      for (let entry = reader.next(); entry; entry = reader.next()) yield recordAt(entry.key, 4)
      return
    }
    case 'index':
      yield* indexRecords(storage, plan, counters)
      return
    case 'or': {
      const seen = new Set<number>()
      for (const branch of plan.plans)
        for (const record of indexRecords(storage, branch, counters)) {
          if (seen.has(record)) continue
          seen.add(record)
          yield record
        }
    }
  }
}

function* indexRecords(storage: Storage, plan: IndexPlan, counters: Counters): Generator<number> {
  const many = plan.index.multikey.some(Boolean)
  const seen = many ? new Set<number>() : undefined
  const records = plan.merge
    ? mergedRecords(storage, plan, counters)
    : orderedRecords(storage, plan, counters)
  for (const record of records) {
    if (seen?.has(record)) continue
    seen?.add(record)
    yield record
  }
}

function* orderedRecords(storage: Storage, plan: IndexPlan, counters: Counters): Generator<number> {
  const ranges = plan.reverse ? [...plan.ranges].reverse() : plan.ranges
  for (const range of ranges) {
    if (range.exact && plan.index.unique && !plan.index.truncated && range.start.length <= 1800) {
      counters.keys++
      const record = lookUp(storage, plan.index, range.start)
      if (record !== undefined) yield record
      continue
    }
    const reader = readerOf(storage, plan, range)
    for (let entry = reader.next(); entry; entry = reader.next()) {
      counters.keys++
      yield recordIn(plan, entry)
    }
  }
}

/** Side by side, always the one whose key (without what is the same within each range) comes first. */
function* mergedRecords(storage: Storage, plan: IndexPlan, counters: Counters): Generator<number> {
  const heads = plan.ranges.map(range => {
    const reader = readerOf(storage, plan, range)
    return { reader, from: 4 + range.common, entry: reader.next() }
  })
  const sign = plan.reverse ? -1 : 1
  for (;;) {
    let first: (typeof heads)[number] | undefined
    for (const head of heads) {
      if (!head.entry) continue
      if (
        !first ||
        sign * Buffer.compare(head.entry.key.subarray(head.from), first.entry!.key.subarray(first.from)) < 0
      )
        first = head
    }
    if (!first) return
    counters.keys++
    yield recordIn(plan, first.entry!)
    first.entry = first.reader.next()
  }
}

function readerOf(storage: Storage, plan: IndexPlan, range: Range): Reader {
  const prefix = prefixOf(plan.index.id)
  const start = Buffer.concat([prefix, lowLimit(range.start)])
  const end = Buffer.concat([prefix, highLimit(range.end)])
  return new Reader(storage.entries, start, end, plan.reverse, plan.index.unique)
}

function recordIn(plan: IndexPlan, entry: Entry): number {
  return plan.index.unique ? recordAt(entry.value!, 0) : recordAt(entry.key, entry.key.length - 6)
}

interface Entry {
  readonly key: Buffer
  readonly value?: Uint8Array
}

/** A range read in growing pieces: between them no LMDB cursor stays open, which would keep old pages alive. */
class Reader {
  private readonly store: Storage['entries']
  private start: Buffer
  private end: Buffer
  private readonly reverse: boolean
  private readonly values: boolean
  private piece: Entry[] = []
  private at = 0
  private size = 16
  private finished = false

  constructor(store: Storage['entries'], start: Buffer, end: Buffer, reverse: boolean, values: boolean) {
    this.store = store
    this.start = start
    this.end = end
    this.reverse = reverse
    this.values = values
  }

  next(): Entry | undefined {
    if (this.at < this.piece.length) return this.piece[this.at++]
    if (this.finished) return undefined
    this.read()
    return this.piece[this.at++]
  }

  private read(): void {
    const { start, end, reverse, values, size } = this
    // Backwards LMDB begins at `start` and ends before `end`: both limits are moved by one key.
    const options = reverse
      ? { start: end, end: start, reverse, limit: size + 1, snapshot: false }
      : { start, end, limit: size, snapshot: false }
    const piece: Entry[] = []
    if (values) {
      for (const { key, value } of this.store.getRange(options))
        piece.push({ key: Buffer.from(key), value: Buffer.from(value) })
    } else for (const key of this.store.getKeys(options)) piece.push({ key: asBuffer(key) })
    this.finished = piece.length < (reverse ? size + 1 : size)
    if (reverse) {
      // `end` is outside and `start` inside: LMDB has it the other way round.
      if (piece[0]?.key.equals(end)) piece.shift()
      else if (piece.length > size) piece.pop()
      if (this.finished) this.addStart(piece)
    }
    const last = piece.at(-1)
    if (last) {
      if (reverse) this.end = last.key
      else this.start = Buffer.concat([last.key, Buffer.from([0])])
    }
    this.piece = piece
    this.at = 0
    this.size = Math.min(size * 4, 512)
  }

  private addStart(piece: Entry[]): void {
    const value = this.store.get(this.start)
    if (value !== undefined && !piece.some(entry => entry.key.equals(this.start)))
      piece.push({ key: this.start, value: Buffer.from(value) })
  }
}

function asBuffer(key: Uint8Array): Buffer {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength)
}
