/** find, getMore, killCursors, count, distinct, findAndModify. */
import { bigintOf } from '../bson/number.ts'
import { type Raw, Type } from '../bson/raw.ts'
import type { Batch } from '../cursors.ts'
import { CommandError } from '../errors.ts'
import { evaluator } from '../expressions.ts'
import { KeyWriter } from '../keys.ts'
import { emptyDocument, parseFilter } from '../match/parse.ts'
import { positionOf } from '../match/position.ts'
import { pathOf, some } from '../path.ts'
import { parseProjection } from '../projection.ts'
import { Query, type Request } from '../query.ts'
import { parseSort } from '../sort.ts'
import type { Collection } from '../storage/catalog.ts'
import type { Answer, Call, Definition } from './call.ts'
import { removeMatching, updateMatching } from './change.ts'
import { refuseLet } from './write.ts'

const firstBatch = 101

export function cursorAnswer(batch: Batch, namespace: string, name: 'firstBatch' | 'nextBatch'): Answer {
  return { cursor: { [name]: batch.documents, id: batch.id, ns: namespace } }
}

export function findRequest(call: Call): Request {
  refuseLet(call)
  const sort = call.object('sort')
  const limit = call.number('limit') ?? 0
  return {
    filter: parseFilter(call.object('filter') ?? emptyDocument, evaluator),
    sort: sort && !sort.isEmpty ? parseSort(sort) : undefined,
    skip: call.size('skip') ?? 0,
    limit: Math.abs(limit),
    projection: parseProjection(call.object('projection')),
    hint: hintOf(call),
    deadline: call.deadline,
  }
}

export function hintOf(call: Call): Raw | undefined {
  const hint = call.raw('hint')
  return hint?.type === Type.object && hint.isEmpty ? undefined : hint
}

export const findCommand: Definition = {
  unsupported: ['tailable', 'awaitData', 'returnKey', 'showRecordId', 'min', 'max', 'oplogReplay'],
  fields: [
    'filter',
    'sort',
    'projection',
    'skip',
    'limit',
    'batchSize',
    'singleBatch',
    'hint',
    'noCursorTimeout',
    'allowDiskUse',
    'allowPartialResults',
    'let',
  ],
  run(call) {
    const { storage, cursors } = call.host
    const { namespace } = call
    const request = findRequest(call)
    const size = call.size('batchSize') ?? firstBatch
    const collection = storage.find(namespace)
    if (!collection) return cursorAnswer({ id: 0n, documents: [] }, namespace, 'firstBatch')
    const query = new Query(storage, collection, request)
    const single = call.flag('singleBatch') || (call.number('limit') ?? 0) < 0
    const source = {
      next: () => {
        const hit = query.next()
        return hit && query.shown(hit)
      },
    }
    return cursorAnswer(
      cursors.start(namespace, source, size, single, !call.flag('noCursorTimeout')),
      namespace,
      'firstBatch',
    )
  },
}

export const getMoreCommand: Definition = {
  fields: ['collection', 'batchSize'],
  run(call) {
    const namespace = `${call.database}.${call.string('collection') ?? ''}`
    const id = call.required('getMore')
    const size = call.size('batchSize')
    return cursorAnswer(
      call.host.cursors.more(BigInt.asIntN(64, bigintOf(id)), namespace, size === 0 ? undefined : size),
      namespace,
      'nextBatch',
    )
  },
}

export const killCursorsCommand: Definition = {
  fields: ['cursors'],
  run(call) {
    const killed: bigint[] = []
    const unknown: bigint[] = []
    for (const id of call.list('cursors')) {
      const number = bigintOf(id)
      ;(call.host.cursors.kill(number, call.namespace) ? killed : unknown).push(number)
    }
    return { cursorsKilled: killed, cursorsNotFound: unknown, cursorsAlive: [], cursorsUnknown: [] }
  },
}

export const countCommand: Definition = {
  fields: ['query', 'limit', 'skip', 'hint', 'fields'],
  run(call) {
    const collection = call.host.storage.find(call.namespace)
    if (!collection) return { n: 0 }
    const filter = call.object('query')
    const limit = Math.abs(call.number('limit') ?? 0)
    const skip = call.size('skip') ?? 0
    if (!filter || filter.isEmpty) {
      const left = Math.max(0, collection.count - skip)
      return { n: limit > 0 ? Math.min(limit, left) : left }
    }
    const query = new Query(call.host.storage, collection, {
      filter: parseFilter(filter, evaluator),
      skip,
      limit,
      hint: hintOf(call),
      deadline: call.deadline,
    })
    let n = 0
    while (query.next()) n++
    return { n }
  },
}

export const distinctCommand: Definition = {
  fields: ['key', 'query', 'hint'],
  run(call) {
    const key = pathOf(call.string('key') ?? '')
    const collection = call.host.storage.find(call.namespace)
    if (!collection) return { values: [] }
    const filter = parseFilter(call.object('query') ?? emptyDocument, evaluator)
    const query = new Query(call.host.storage, collection, {
      filter,
      hint: hintOf(call),
      deadline: call.deadline,
    })
    const writer = new KeyWriter()
    const values = new Map<string, Raw>()
    const add = (value: Raw) => {
      writer.at = 0
      writer.value(value)
      const text = writer.bytes.toString('latin1', 0, writer.at)
      if (!values.has(text)) values.set(text, value.copy())
    }
    for (let hit = query.next(); hit; hit = query.next())
      some(hit.document, key, false, value => {
        if (value?.type === Type.array) value.elements().forEach(add)
        else if (value) add(value)
        return false
      })
    return { values: [...values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value) }
  },
}

export const findAndModifyCommand: Definition = {
  fields: [
    'query',
    'sort',
    'remove',
    'update',
    'new',
    'fields',
    'upsert',
    'arrayFilters',
    'bypassDocumentValidation',
    'hint',
    'let',
  ],
  run(call) {
    refuseLet(call)
    const { storage } = call.host
    const { collection: name, database } = call
    const query = call.object('query') ?? emptyDocument
    const sortSpec = call.object('sort')
    const sort = sortSpec && !sortSpec.isEmpty ? parseSort(sortSpec) : undefined
    const projection = parseProjection(call.object('fields'))
    const hint = hintOf(call)
    const update = call.raw('update')
    const removes = call.flag('remove')
    if (removes === (update !== undefined))
      throw new CommandError(
        'FailedToParse',
        removes
          ? 'Cannot specify both an update and remove=true'
          : 'Either an update or remove=true must be specified',
      )
    if (removes && (call.flag('upsert') || call.flag('new')))
      throw new CommandError(
        'FailedToParse',
        `Cannot specify both ${call.flag('upsert') ? 'upsert' : 'new'}=true and remove=true`,
      )
    const shown = (document: Raw | undefined) => {
      if (!document) return null
      if (!projection) return document
      return projection.apply(
        document,
        projection.positional ? positionOf(parseFilter(query, evaluator), document) : undefined,
      )
    }
    const change = (collection: Collection): Answer => {
      if (removes) {
        const [removed] = removeMatching(storage, collection, { query, hint, sort, multi: false })
        return { lastErrorObject: { n: removed ? 1 : 0 }, value: shown(removed) }
      }
      const result = updateMatching(storage, collection, {
        query,
        update: update!,
        multi: false,
        upsert: call.flag('upsert'),
        arrayFilters: call.raw('arrayFilters'),
        hint,
        sort,
      })
      const { upserted } = result
      return {
        lastErrorObject: {
          n: result.matched > 0 || upserted ? 1 : 0,
          updatedExisting: result.matched > 0,
          ...(upserted ? { upserted } : {}),
        },
        value: shown(call.flag('new') ? result.after : result.before),
      }
    }
    return storage.write(() => storage.within(database, name, change))
  },
}
