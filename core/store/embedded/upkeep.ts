/** What the server does by itself, once a minute: TTL indexes and idle cursors. */
import { setTimeout as pause } from 'node:timers/promises'
import { encode } from './bson/writer.ts'
import type { Cursors } from './cursors.ts'
import { matches, type Node } from './match/node.ts'
import { parseFilter } from './match/parse.ts'
import { Query } from './query.ts'
import type { Collection, Index } from './storage/catalog.ts'
import { fetch, remove } from './storage/documents.ts'
import type { Storage } from './storage/storage.ts'

const everyMs = 60_000
/** Removed in one transaction, so that other writes do not wait long. */
const batch = 50
/** Between two transactions, as a share of what the one before took: others have most of the time. */
const rest = 2

/** Ends with the returned function. */
export function startUpkeep(
  storage: Storage,
  cursors: Cursors,
  failed: (error: unknown) => void,
): () => void {
  let expiring = false
  let stopped = false
  const timer = setInterval(() => {
    cursors.expire(Date.now())
    // Much that is over at once takes longer than until the next time.
    if (expiring) return
    expiring = true
    expireDocuments(storage, Date.now(), () => stopped)
      .catch(failed)
      .finally(() => {
        expiring = false
      })
  }, everyMs)
  timer.unref()
  return () => {
    stopped = true
    clearInterval(timer)
  }
}

/** Removes what the TTL indexes say is over; says how many documents that were. */
export async function expireDocuments(
  storage: Storage,
  now: number,
  isStopped: () => boolean = () => false,
): Promise<number> {
  let removed = 0
  for (const collection of [...storage.collections.values()])
    for (const index of collection.indexes)
      if (index.expireAfterSeconds !== undefined)
        removed += await expireBy(storage, collection, index, now, isStopped)
  return removed
}

async function expireBy(
  storage: Storage,
  collection: Collection,
  index: Index,
  now: number,
  isStopped: () => boolean,
): Promise<number> {
  const before = new Date(now - index.expireAfterSeconds! * 1000)
  const field = index.fields[0]!.path.text
  const due = parseFilter(encode({ [field]: { $lte: before } }))
  const filter: Node = index.partial ? { kind: 'and', nodes: [due, index.partial] } : due
  let removed = 0
  for (;;) {
    const began = performance.now()
    const found = await storage.write(() => {
      // The collection may have been dropped or made anew meanwhile.
      if (storage.find(collection.namespace) !== collection) return 0
      const query = new Query(storage, collection, { filter, limit: batch, hint: index.key })
      const records: number[] = []
      for (let hit = query.next(); hit; hit = query.next()) records.push(hit.record)
      for (const record of records) {
        const document = fetch(storage, collection, record)
        if (document && matches(filter, document)) remove(storage, collection, record, document)
      }
      return records.length
    })
    removed += found
    if (found < batch) return removed
    await pause((performance.now() - began) * rest)
    if (isStopped()) return removed
  }
}
