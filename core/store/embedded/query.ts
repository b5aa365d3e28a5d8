/** A query being read: filter, sort, skip, limit and projection over a plan, in batches. */
import type { Raw } from './bson/raw.ts'
import { CommandError } from './errors.ts'
import { matches, type Node } from './match/node.ts'
import { positionOf } from './match/position.ts'
import { type Plan, planFor } from './plan/plan.ts'
import { type Counters, recordsOf } from './plan/run.ts'
import type { Projection } from './projection.ts'
import { type SortField, sortComparator } from './sort.ts'
import type { Collection } from './storage/catalog.ts'
import { fetchFast } from './storage/documents.ts'
import type { Storage } from './storage/storage.ts'

export interface Request {
  readonly filter: Node
  readonly sort?: readonly SortField[] | undefined
  readonly skip?: number
  /** 0: no limit. */
  readonly limit?: number
  readonly projection?: Projection | undefined
  readonly hint?: Raw | undefined
  /** Milliseconds since the epoch after which it is given up (`maxTimeMS`). */
  readonly deadline?: number | undefined
}

export interface Hit {
  readonly record: number
  /** Good until the next hit is asked for. */
  readonly document: Raw
}

const sortMemory = 100 * 1024 * 1024

export class Query {
  readonly plan: Plan
  readonly counters: Counters = { keys: 0, documents: 0 }
  private readonly storage: Storage
  private readonly collection: Collection
  private readonly request: Request
  private iterator: Generator<Hit> | undefined

  constructor(storage: Storage, collection: Collection, request: Request) {
    this.storage = storage
    this.collection = collection
    this.request = request
    this.plan = planFor(collection, request)
  }

  /** The next document that belongs to the answer. */
  next(): Hit | undefined {
    this.iterator ??= this.windowed()
    const { done, value } = this.iterator.next()
    return done ? undefined : value
  }

  /** As it is answered. */
  shown(hit: Hit): Raw {
    const { projection, filter } = this.request
    if (!projection) return hit.document
    return projection.apply(
      hit.document,
      projection.positional ? positionOf(filter, hit.document) : undefined,
    )
  }

  private *windowed(): Generator<Hit> {
    const { skip = 0, limit = 0, sort } = this.request
    let left = limit > 0 ? limit : Number.POSITIVE_INFINITY
    let passed = 0
    const blocking = sort !== undefined && !this.plan.sorted
    for (const hit of blocking ? this.sorted(sort, skip + limit) : this.matching()) {
      if (passed++ < skip) continue
      yield hit
      if (--left <= 0) return
    }
  }

  private *matching(): Generator<Hit> {
    const { storage, collection, counters } = this
    const { filter, deadline } = this.request
    let read = 0
    for (const record of recordsOf(storage, collection, this.plan, counters)) {
      if (deadline !== undefined && (read++ & 63) === 0 && Date.now() > deadline)
        throw new CommandError('MaxTimeMSExpired', 'operation exceeded time limit')
      const document = fetchFast(storage, collection, record)
      if (!document) continue
      counters.documents++
      if (matches(filter, document)) yield { record, document }
    }
  }

  private *sorted(sort: readonly SortField[], enough: number): Generator<Hit> {
    const { key } = sortComparator(sort)
    const bounded = this.request.limit ? enough : Number.POSITIVE_INFINITY
    let kept: { key: Buffer; hit: Hit }[] = []
    let memory = 0
    for (const hit of this.matching()) {
      const sortKey = key(hit.document)
      const document = hit.document.copy()
      memory += document.end + sortKey.length + 100
      kept.push({ key: sortKey, hit: { record: hit.record, document } })
      if (kept.length > bounded * 2 + 100) {
        kept.sort((a, b) => Buffer.compare(a.key, b.key))
        kept = kept.slice(0, bounded)
        memory = kept.reduce((sum, each) => sum + each.hit.document.end + each.key.length + 100, 0)
      }
      if (memory > sortMemory)
        throw new CommandError(
          'QueryExceededMemoryLimitNoDiskUseAllowed',
          `Sort exceeded memory limit of ${sortMemory} bytes; make an index for it or use a limit`,
        )
    }
    kept.sort((a, b) => Buffer.compare(a.key, b.key))
    for (const each of kept) yield each.hit
  }
}
