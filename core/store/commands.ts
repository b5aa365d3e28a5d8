/**
 * Many writes as one command. The driver's own bulk API measures every document before it sends it, which costs more
 * than the sending; here a batch is cut by number alone, since each document of ours is far below the limit.
 */
import type { Collection, Document } from 'mongodb'
import { guarded } from './failure.ts'

/** Far below the 100,000 that MongoDB takes; 500 of our largest documents (1 MiB) would still be too many bytes. */
const MOST = 500
/** A message may hold 48 MB; a delivery's bytes are at most 1 MiB. */
const MOST_BYTES = 16 * 1024 * 1024
const DURABLE = { w: 'majority', j: true } as const
const DUPLICATE = 11000

export interface Statement {
  readonly q: Document
  readonly u: Document
  readonly multi?: boolean
}

export interface Written {
  /** How many documents a filter found, or were inserted. */
  readonly matched: number
  /** The places of statements that a unique index refused. */
  readonly duplicates: ReadonlySet<number>
}

interface Reply {
  readonly n?: number
  readonly writeErrors?: readonly {
    readonly index: number
    readonly code: number
    readonly errmsg?: string
  }[]
  readonly writeConcernError?: { readonly errmsg?: string }
}

/** Unordered; what a unique index refuses is told, anything else is a StoreError. `weigh`: bytes of one document. */
export async function insertAll<T extends Document>(
  what: string,
  collection: Collection<T>,
  documents: readonly T[],
  weigh: (document: T) => number = () => 0,
): Promise<Written> {
  return inParts(documents, weigh, part =>
    guarded(what, () =>
      run(collection, { insert: collection.collectionName, documents: part, ordered: false }),
    ),
  )
}

/** `ordered`: one after the other, as pairs need it. */
export async function updateAll<T extends Document>(
  what: string,
  collection: Collection<T>,
  statements: readonly Statement[],
  ordered: boolean,
): Promise<Written> {
  return inParts(
    statements,
    () => 0,
    part =>
      guarded(what, () => run(collection, { update: collection.collectionName, updates: part, ordered })),
  )
}

async function inParts<T>(
  all: readonly T[],
  weigh: (one: T) => number,
  send: (part: readonly T[]) => Promise<Written>,
): Promise<Written> {
  let matched = 0
  const duplicates = new Set<number>()
  for (let from = 0; from < all.length; ) {
    let bytes = 0
    let until = from
    while (until < all.length && until - from < MOST && (until === from || bytes <= MOST_BYTES)) {
      bytes += weigh(all[until] as T)
      until += 1
    }
    const written = await send(all.slice(from, until))
    matched += written.matched
    for (const place of written.duplicates) duplicates.add(from + place)
    from = until
  }
  return { matched, duplicates }
}

async function run<T extends Document>(collection: Collection<T>, command: Document): Promise<Written> {
  const reply = (await collection.db.command({ ...command, writeConcern: DURABLE })) as Reply
  if (reply.writeConcernError !== undefined) throw new Error(reply.writeConcernError.errmsg ?? 'not durable')
  const errors = reply.writeErrors ?? []
  const other = errors.find(error => error.code !== DUPLICATE)
  if (other !== undefined) throw new Error(other.errmsg ?? `code ${other.code}`)
  return { matched: reply.n ?? 0, duplicates: new Set(errors.map(error => error.index)) }
}
