/** Changing documents that a query finds: shared by update, delete and findAndModify. */
import { type Raw, Type } from '../bson/raw.ts'
import { CommandError, unsupported } from '../errors.ts'
import { evaluator } from '../expressions.ts'
import { equal } from '../keys.ts'
import { matches, type Node } from '../match/node.ts'
import { parseFilter } from '../match/parse.ts'
import { positionOf } from '../match/position.ts'
import { Query } from '../query.ts'
import type { SortField } from '../sort.ts'
import type { Collection } from '../storage/catalog.ts'
import { fetch, insert, prepared, remove, replace, withId } from '../storage/documents.ts'
import type { Storage } from '../storage/storage.ts'
import { applyModification } from '../update/apply.ts'
import { parseUpdate, type Update } from '../update/parse.ts'
import { seedOf } from '../update/seed.ts'

export interface Statement {
  readonly query: Raw
  readonly update: Raw
  readonly multi: boolean
  readonly upsert: boolean
  readonly arrayFilters: Raw | undefined
  readonly hint: Raw | undefined
  readonly sort?: readonly SortField[] | undefined
}

export interface Updated {
  matched: number
  modified: number
  /** The `_id` of the document that an upsert made. */
  upserted?: Raw
  /** The last document that was matched, and what it became. */
  before?: Raw
  after?: Raw
}

/** In a transaction: carries an update out. */
export function updateMatching(storage: Storage, collection: Collection, statement: Statement): Updated {
  if (statement.update.type === Type.array) throw unsupported('an update by an aggregation pipeline')
  if (statement.update.type !== Type.object)
    throw new CommandError('FailedToParse', 'Update argument must be either an object or an array')
  const update = parseUpdate(statement.update, statement.arrayFilters)
  if (update.kind === 'replace' && statement.multi)
    throw new CommandError('FailedToParse', 'multi update is not supported for replacement-style update')
  const filter = parseFilter(statement.query, evaluator)
  const result: Updated = { matched: 0, modified: 0 }
  for (const record of recordsFor(storage, collection, filter, statement)) {
    const document = fetch(storage, collection, record)
    if (!document || !matches(filter, document)) continue
    result.matched++
    const changed = changedBy(update, document, filter)
    result.before = document
    result.after = changed
    if (changed === document) continue
    replace(
      storage,
      collection,
      record,
      document,
      changed,
      update.kind === 'modify' ? update.touched : undefined,
    )
    result.modified++
  }
  if (result.matched > 0 || !statement.upsert) return result
  const made = madeBy(update, statement.query)
  insert(storage, collection, made)
  return { ...result, upserted: made.get('_id')!, after: made }
}

/** All records first, so that what an update moves in an index is not met again. */
function recordsFor(
  storage: Storage,
  collection: Collection,
  filter: Node,
  { multi, hint, sort }: Pick<Statement, 'multi' | 'hint' | 'sort'>,
): number[] {
  const query = new Query(storage, collection, { filter, hint, sort, limit: multi ? 0 : 1 })
  const records: number[] = []
  for (let hit = query.next(); hit; hit = query.next()) records.push(hit.record)
  return records
}

function changedBy(update: Update, document: Raw, filter: Node): Raw {
  if (update.kind === 'replace') {
    const id = document.get('_id')!
    const given = update.document.get('_id')
    if (given && !equal(given, id)) throw immutableId()
    const next = withId(update.document, id)
    return next.identical(document) ? document : next
  }
  const position = update.positional ? positionOf(filter, document) : undefined
  const changed = applyModification(document, update, { position, inserting: false })
  if (changed !== document && update.touched.has('_id')) {
    const [before, after] = [document.get('_id')!, changed.get('_id')]
    if (!after || !equal(before, after)) throw immutableId()
  }
  return changed
}

function immutableId(): CommandError {
  return new CommandError(
    'ImmutableField',
    "Performing an update on the path '_id' would modify the immutable field '_id'",
  )
}

/** The document of an upsert. */
function madeBy(update: Update, query: Raw): Raw {
  const seed = seedOf(query, update.kind === 'replace')
  if (update.kind === 'modify') {
    const made = applyModification(seed, update, { inserting: true })
    const [before, after] = [seed.get('_id'), made.get('_id')]
    if (before && (!after || !equal(before, after))) throw immutableId()
    return prepared(made)
  }
  const id = seed.get('_id')
  const given = update.document.get('_id')
  if (id && given && !equal(id, given)) throw immutableId()
  return prepared(id && !given ? withId(update.document, id) : update.document)
}

/** In a transaction: removes what the query finds and says how many that were. */
export function deleteMatching(
  storage: Storage,
  collection: Collection,
  statement: { query: Raw; hint: Raw | undefined; multi: boolean; sort?: readonly SortField[] | undefined },
): number {
  return removeMatching(storage, collection, statement).length
}

/** The same, with the removed documents. */
export function removeMatching(
  storage: Storage,
  collection: Collection,
  statement: { query: Raw; hint: Raw | undefined; multi: boolean; sort?: readonly SortField[] | undefined },
): Raw[] {
  const filter = parseFilter(statement.query, evaluator)
  const removed: Raw[] = []
  for (const record of recordsFor(storage, collection, filter, statement)) {
    const document = fetch(storage, collection, record)
    if (!document) continue
    remove(storage, collection, record, document)
    if (!statement.multi || removed.length === 0) removed.push(document)
    else removed.length++
  }
  return removed
}
