/** explain: the plan in MongoDB's words, and with `executionStats` what reading by it costs. Nothing is written. */
import { type Raw, Type } from '../bson/raw.ts'
import type { Encodable } from '../bson/writer.ts'
import { CommandError, unsupported } from '../errors.ts'
import { evaluator } from '../expressions.ts'
import { emptyDocument, parseFilter } from '../match/parse.ts'
import type { IndexPlan, Plan } from '../plan/plan.ts'
import { Query, type Request } from '../query.ts'
import { parseSort } from '../sort.ts'
import type { Collection } from '../storage/catalog.ts'
import { leading } from './aggregate.ts'
import type { Answer, Call, Definition } from './call.ts'
import { findRequest, hintOf } from './find.ts'

type Stage = { readonly [name: string]: Encodable }

export const explainCommand: Definition = {
  fields: ['verbosity'],
  run(call) {
    const inner = call.inner(call.required('explain'))
    const { request, wrap } = explained(inner)
    const collection = call.host.storage.find(inner.namespace)
    const query = collection && new Query(call.host.storage, collection, request)
    const stage = query ? stagesOf(query.plan, request, collection) : { stage: 'EOF' }
    const winningPlan = wrap ? { stage: wrap, inputStage: stage } : stage
    const answer: Answer = {
      explainVersion: '1',
      queryPlanner: { namespace: inner.namespace, indexFilterSet: false, winningPlan, rejectedPlans: [] },
    }
    if (call.string('verbosity') !== 'queryPlanner') answer['executionStats'] = statistics(query, winningPlan)
    answer['command'] = call.required('explain')
    answer['serverInfo'] = { host: 'embedded', version: '7.0.0' }
    return answer
  },
}

function statistics(query: Query | undefined, executionStages: Stage): Encodable {
  const began = Date.now()
  let nReturned = 0
  while (query?.next()) nReturned++
  return {
    executionSuccess: true,
    nReturned,
    executionTimeMillis: Date.now() - began,
    totalKeysExamined: query?.counters.keys ?? 0,
    totalDocsExamined: query?.counters.documents ?? 0,
    executionStages: { ...executionStages, nReturned },
  }
}

/** The query behind a command, and the stage that stands around it. */
function explained(call: Call): { request: Request; wrap?: string } {
  switch (call.name) {
    case 'find':
      return { request: findRequest(call) }
    case 'aggregate':
      return { request: { ...leading(call.list('pipeline')).request, hint: hintOf(call) } }
    case 'count':
      return { request: simple(call, call.object('query')), wrap: 'COUNT' }
    case 'distinct':
      return { request: simple(call, call.object('query')) }
    case 'update':
      return { request: statement(call, 'updates', 'multi', true), wrap: 'UPDATE' }
    case 'delete':
      return { request: statement(call, 'deletes', 'limit', false), wrap: 'DELETE' }
    case 'findAndModify': {
      const sort = call.object('sort')
      const request = {
        ...simple(call, call.object('query')),
        ...(sort ? { sort: parseSort(sort) } : {}),
        limit: 1,
      }
      return { request, wrap: call.flag('remove') ? 'DELETE' : 'UPDATE' }
    }
    default:
      throw unsupported(`explain of '${call.name}'`)
  }
}

function simple(call: Call, filter: Raw | undefined): Request {
  return { filter: parseFilter(filter ?? emptyDocument, evaluator), hint: hintOf(call) }
}

function statement(call: Call, list: string, many: string, whenSet: boolean): Request {
  const [only, ...others] = call.list(list)
  if (!only || others.length > 0)
    throw new CommandError('InvalidLength', 'explained write batches must be of size 1')
  const value = only.get(many)
  const isSet = value?.bytes.subarray(value.start, value.end).some(byte => byte !== 0)
  return {
    filter: parseFilter(only.get('q') ?? emptyDocument, evaluator),
    hint: only.get('hint'),
    limit: isSet === whenSet ? 0 : 1,
  }
}

function stagesOf(plan: Plan, request: Request, collection: Collection): Stage {
  let stage = accessStage(plan, request)
  if (request.sort && !plan.sorted)
    stage = { stage: 'SORT', sortPattern: sortPattern(request), ...bound(request), inputStage: stage }
  else if (request.limit) stage = { stage: 'LIMIT', limitAmount: request.limit, inputStage: stage }
  if (request.skip) stage = { stage: 'SKIP', skipAmount: request.skip, inputStage: stage }
  if (request.projection) stage = { stage: 'PROJECTION_DEFAULT', inputStage: stage }
  return collection ? stage : { stage: 'EOF' }
}

function sortPattern(request: Request): Encodable {
  return Object.fromEntries(request.sort!.map(field => [field.path.text, field.direction]))
}

function bound({ limit, skip = 0 }: Request): Stage {
  return limit ? { limitAmount: limit + skip } : {}
}

function accessStage(plan: Plan, { filter }: Request): Stage {
  switch (plan.kind) {
    case 'nothing':
      return { stage: 'EOF' }
    case 'scan':
      return { stage: 'COLLSCAN', direction: plan.reverse ? 'backward' : 'forward' }
    case 'or':
      return {
        stage: 'FETCH',
        inputStage: { stage: 'OR', inputStages: plan.plans.map(each => scanStage(each)) },
      }
    case 'index': {
      const byId = plan.index.name === '_id_' && filter.kind === 'leaf' && filter.operator === 'eq'
      if (byId && filter.operand.type !== Type.array) return { stage: 'IDHACK' }
      if (!plan.merge) return { stage: 'FETCH', inputStage: scanStage(plan) }
      const inputStages = plan.ranges.map(() => scanStage(plan))
      return { stage: 'FETCH', inputStage: { stage: 'SORT_MERGE', inputStages } }
    }
  }
}

function scanStage({ index, reverse, bounds }: IndexPlan): Stage {
  return {
    stage: 'IXSCAN',
    keyPattern: index.key,
    indexName: index.name,
    isMultiKey: index.multikey.some(Boolean),
    isUnique: index.unique,
    isSparse: index.sparse,
    isPartial: index.partial !== undefined,
    indexVersion: 2,
    direction: reverse ? 'backward' : 'forward',
    indexBounds: Object.fromEntries(
      index.fields.map((field, i) => [
        field.path.text,
        bounds[i]!.slice(0, 20).map(each => {
          const shown = (key: Buffer) => key.toString('hex')
          return `${each.lowIncluded ? '[' : '('}${shown(each.low)}, ${shown(each.high)}${each.highIncluded ? ']' : ')'}`
        }),
      ]),
    ),
  }
}
