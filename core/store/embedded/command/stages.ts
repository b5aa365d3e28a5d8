/** Which aggregation stages there are, and which fields each takes; the rest is refused by name. */
import type { Document } from 'bson'
import { CommandError, unsupported } from '../errors.ts'

/** Fields of stages that take a document of options; `undefined` for those that take anything. */
const stages: Readonly<Record<string, readonly string[] | undefined>> = {
  $match: undefined,
  $project: undefined,
  $addFields: undefined,
  $set: undefined,
  $unset: undefined,
  $group: undefined,
  $sort: undefined,
  $limit: undefined,
  $skip: undefined,
  $count: undefined,
  $replaceRoot: ['newRoot'],
  $replaceWith: undefined,
  $sortByCount: undefined,
  $redact: undefined,
  $facet: undefined,
  $documents: undefined,
  $unwind: ['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays'],
  $lookup: ['from', 'localField', 'foreignField', 'let', 'pipeline', 'as'],
  $graphLookup: [
    'from',
    'startWith',
    'connectFromField',
    'connectToField',
    'as',
    'maxDepth',
    'depthField',
    'restrictSearchWithMatch',
  ],
  $unionWith: ['coll', 'pipeline'],
  $sample: ['size'],
  $bucket: ['groupBy', 'boundaries', 'default', 'output'],
  $bucketAuto: ['groupBy', 'buckets', 'output', 'granularity'],
  $setWindowFields: ['partitionBy', 'sortBy', 'output'],
  $fill: ['partitionBy', 'partitionByFields', 'sortBy', 'output'],
  $densify: ['field', 'partitionByFields', 'range'],
}

const elsewhere = new Set([
  '$out',
  '$merge',
  '$geoNear',
  '$search',
  '$searchMeta',
  '$vectorSearch',
  '$indexStats',
  '$collStats',
  '$currentOp',
  '$listSessions',
  '$listLocalSessions',
  '$planCacheStats',
  '$shardedDataDistribution',
  '$querySettings',
])

/** Raises for what is not known, in nested pipelines too. */
export function checkStages(pipeline: readonly unknown[]): void {
  for (const stage of pipeline) {
    if (typeof stage !== 'object' || stage === null || Array.isArray(stage))
      throw new CommandError('TypeMismatch', "Each element of the 'pipeline' array must be an object")
    const names = Object.keys(stage)
    if (names.length !== 1)
      throw new CommandError(
        'Location40323',
        'A pipeline stage specification object must contain exactly one field.',
      )
    const name = names[0]!
    if (name === '$changeStream')
      throw new CommandError('Location40573', 'The $changeStream stage is only supported on replica sets')
    if (elsewhere.has(name)) throw unsupported(`the stage ${name}`)
    if (!(name in stages))
      throw new CommandError('Location40324', `Unrecognized pipeline stage name: '${name}'`)
    checkOptions(name, (stage as Document)[name])
  }
}

function checkOptions(name: string, options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return
  for (const field of Object.keys(options)) {
    if (stages[name] && !stages[name].includes(field))
      throw new CommandError('FailedToParse', `unrecognized option to ${name} stage: ${field}`)
    const value = (options as Document)[field]
    if ((name === '$facet' || field === 'pipeline') && Array.isArray(value)) checkStages(value)
  }
}
