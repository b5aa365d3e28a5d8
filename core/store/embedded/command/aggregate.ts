/** aggregate: what the leading stages have in common with a query is planned as one; the rest runs on its results. */
import type { Document } from 'bson'
import { numberOf } from '../bson/number.ts'
import { type Raw, Type } from '../bson/raw.ts'
import { encode } from '../bson/writer.ts'
import type { Source } from '../cursors.ts'
import { CommandError } from '../errors.ts'
import { decode, encodeDocument, evaluatorWith, runStages, variablesOf } from '../expressions.ts'
import type { Node } from '../match/node.ts'
import { emptyDocument, parseFilter } from '../match/parse.ts'
import { Query, type Request } from '../query.ts'
import { parseSort, type SortField } from '../sort.ts'
import type { Collection } from '../storage/catalog.ts'
import type { Call, Definition } from './call.ts'
import { cursorAnswer, hintOf } from './find.ts'
import { checkStages } from './stages.ts'

export const aggregateCommand: Definition = {
  fields: ['pipeline', 'cursor', 'allowDiskUse', 'bypassDocumentValidation', 'hint', 'let', 'explain'],
  run(call) {
    const stages = call.list('pipeline')
    checkStages(stages.map(stage => (stage.type === Type.object ? decode(stage) : null)))
    if (!call.has('cursor') && !call.flag('explain'))
      throw new CommandError(
        'FailedToParse',
        "The 'cursor' option is required, except for aggregate with the explain argument",
      )
    const whole = call.collectionOrAll === undefined
    const collection = whole ? undefined : call.host.storage.find(call.namespace)
    const namespace = whole ? `${call.database}.$cmd.aggregate` : call.namespace
    const size = sizeOf(call)
    const source = sourceOf(call, stages, collection)
    return cursorAnswer(call.host.cursors.start(namespace, source, size), namespace, 'firstBatch')
  },
}

function sizeOf(call: Call): number {
  const size = call.object('cursor')?.get('batchSize')
  if (!size) return 101
  const number = numberOf(size)
  if (!Number.isInteger(number) || number < 0)
    throw new CommandError('BadValue', 'cursor.batchSize must be a non-negative integer')
  return number
}

/** What the leading `$match`, `$sort`, `$skip` and `$limit` ask for as a query, and the stages that remain. */
export function leading(
  stages: readonly Raw[],
  variables: Document = {},
): { request: Request; rest: readonly Raw[] } {
  const filters: Node[] = []
  let sort: SortField[] | undefined
  let skip = 0
  let limit = 0
  let at = 0
  for (; at < stages.length; at++) {
    const [{ name, value } = { name: '', value: emptyDocument }] = stages[at]!.fields()
    if (name === '$match' && !sort && !skip && !limit && value.type === Type.object)
      filters.push(parseFilter(value, evaluatorWith(variables)))
    else if (name === '$sort' && !sort && !skip && !limit && value.type === Type.object && !value.isEmpty)
      sort = parseSort(value)
    else if (name === '$skip' && !limit) skip += wholeNumber(name, value, 0)
    else if (name === '$limit' && !limit) limit = wholeNumber(name, value, 1)
    else break
  }
  const filter: Node = filters.length === 1 ? filters[0]! : { kind: 'and', nodes: filters }
  return { request: { filter, sort, skip, limit }, rest: stages.slice(at) }
}

function wholeNumber(name: string, value: Raw, least: number): number {
  const number = value.isNumber ? numberOf(value) : Number.NaN
  if (!Number.isInteger(number) || number < least)
    throw new CommandError(
      'Location15957',
      `invalid argument to ${name} stage: it must be an integer of at least ${least}`,
    )
  return number
}

function sourceOf(call: Call, stages: readonly Raw[], collection: Collection | undefined): Source {
  const variables = variablesOf(call.object('let'))
  const { request, rest } = leading(stages, variables)
  const { storage } = call.host
  const query =
    collection && new Query(storage, collection, { ...request, hint: hintOf(call), deadline: call.deadline })
  if (rest.length === 0) return { next: () => query?.next()?.document }
  const counted = constantCount(rest)
  if (counted) return countSource(query, counted)
  const results = runStages(rest.map(decode), documentsOf(query), {
    resolve: name => all(call, name),
    variables,
  })
  return {
    next: () => {
      const document = results.next()
      return document && encodeDocument(document)
    },
  }
}

function* documentsOf(query: Query | undefined): Generator<Document> {
  for (let hit = query?.next(); hit; hit = query?.next()) yield decode(hit.document)
}

function all(call: Call, name: string): Document[] {
  const collection = call.host.storage.find(`${call.database}.${name}`)
  return collection
    ? [...documentsOf(new Query(call.host.storage, collection, { filter: parseFilter(emptyDocument) }))]
    : []
}

/** `countDocuments` and `$count` need no document taken apart: the fields of the single result, if it is one of these. */
function constantCount(rest: readonly Raw[]): ((n: number) => Raw) | undefined {
  if (rest.length !== 1) return undefined
  const [{ name, value } = { name: '', value: emptyDocument }] = rest[0]!.fields()
  if (name === '$count' && value.type === Type.string && /^[^$.\0]+$/.test(value.text()))
    return n => encode({ [value.text()]: n })
  if (name !== '$group' || value.type !== Type.object) return undefined
  const [id, sum, ...others] = value.fields()
  if (id?.name !== '_id' || !sum || others.length > 0 || !(id.value.isNumber || id.value.type === Type.null))
    return undefined
  const one =
    sum.value.type === Type.object && sum.value.firstName() === '$sum' ? sum.value.get('$sum')! : undefined
  if (one?.type !== Type.int || numberOf(one) !== 1 || sum.name.includes('.')) return undefined
  return n => encode({ _id: id.value, [sum.name]: n })
}

function countSource(query: Query | undefined, result: (n: number) => Raw): Source {
  let asked = false
  return {
    next() {
      if (asked) return undefined
      asked = true
      let n = 0
      while (query?.next()) n++
      return n > 0 ? result(n) : undefined
    },
  }
}
