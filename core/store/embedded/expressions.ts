/**
 * Aggregation stages and expressions, by mingo, with our own `$match` and `$sort` in the place of mingo's. Loaded when
 * a command first needs them. Numbers are JavaScript's inside: a long beyond 2^53 stays a Long and is not calculated with.
 */
import { type Document, deserialize, serialize } from 'bson'
import { Raw } from './bson/raw.ts'
import { CommandError } from './errors.ts'
import { matches } from './match/node.ts'
import { type Evaluate, parseFilter } from './match/parse.ts'
import { parseSort, sortComparator } from './sort.ts'

/** Thrown where expressions are needed and not loaded yet: load them and run the command again. */
export class NeedsExpressions extends Error {}

type Mingo = {
  stream(
    pipeline: Document[],
    source: Iterable<Document>,
    options: RunOptions,
  ): { next(): Document | undefined }
  evaluate(document: Document, expression: unknown, variables: Document): unknown
}

export interface RunOptions {
  /** All documents of a collection of the same database. */
  resolve(collection: string): Document[]
  readonly variables: Document
}

const once: { mingo?: Mingo } = {}

export async function loadExpressions(): Promise<void> {
  once.mingo ??= await load()
}

function mingo(): Mingo {
  if (!once.mingo) throw new NeedsExpressions()
  return once.mingo
}

export function decode(document: Raw): Document {
  // A copy: what is decoded keeps pointing into the bytes, and those are used again for the next document.
  return deserialize(document.copy().bytes, { promoteBuffers: false })
}

export function encodeDocument(document: Document): Raw {
  const bytes = serialize(document, { ignoreUndefined: false })
  return Raw.document(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}

/** `$expr`: true where the expression gives neither false, 0, null nor nothing. */
export function evaluator(expression: Raw): (document: Raw) => boolean {
  return evaluatorWith({})(expression)
}

/** The values of a command's `let`: each is an expression that needs no document. */
export function variablesOf(spec: Raw | undefined): Document {
  return spec && !spec.isEmpty ? (mingo().evaluate({}, decode(spec), {}) as Document) : {}
}

/** The same with the variables of a command's `let`. */
export function evaluatorWith(variables: Document): Evaluate {
  return expression => evaluation(expression, variables)
}

function evaluation(expression: Raw, variables: Document): (document: Raw) => boolean {
  const { evaluate } = mingo()
  const value = decode(wrapped(expression))['e']
  return document => {
    const result = evaluate(decode(document), value, variables)
    return result !== false && result !== 0 && result !== null && result !== undefined
  }
}

function wrapped(value: Raw): Raw {
  const size = value.end - value.start + 8
  const bytes = Buffer.alloc(size)
  bytes.writeInt32LE(size, 0)
  bytes[4] = value.type
  bytes.write('e', 5)
  value.bytes.copy(bytes, 7, value.start, value.end)
  return Raw.document(bytes)
}

/** The results of the stages, as they are asked for. */
export function runStages(
  pipeline: Document[],
  source: Iterable<Document>,
  options: RunOptions,
): { next(): Document | undefined } {
  return mingo().stream(pipeline, source, options)
}

async function load(): Promise<Mingo> {
  const [{ Aggregator }, core, lazy, accumulator, expression, pipeline, projection, query, window] =
    await Promise.all([
      import('mingo/aggregator'),
      import('mingo/core'),
      import('mingo/lazy'),
      import('mingo/operators/accumulator'),
      import('mingo/operators/expression'),
      import('mingo/operators/pipeline'),
      import('mingo/operators/projection'),
      import('mingo/operators/query'),
      import('mingo/operators/window'),
    ])
  const ownSort = (source: Lazy, sort: Document) =>
    source.transform(documents => lazy.Lazy(sorted(documents, sort)) as unknown as Lazy)
  const operators = {
    accumulator,
    expression,
    pipeline: { ...pipeline, $match: ownMatch, $sort: ownSort },
    projection,
    query,
    window,
  }
  // mingo's own types of its operators are narrower than those its context takes.
  const context = core.Context.init(operators as unknown as Parameters<typeof core.Context.init>[0])
  const common = {
    idKey: '_id',
    processingMode: core.ProcessingMode.CLONE_OFF,
    useStrictMode: true,
    scriptEnabled: false,
    failOnError: true,
    context,
  }
  return {
    stream(pipeline, source, { resolve, variables }) {
      const options = { ...common, collectionResolver: resolve, variables }
      const iterator = guarded(() => new Aggregator(pipeline, options).stream(source))
      let ended = false
      return {
        next: () => {
          // mingo's iterators begin again when asked after their end.
          if (ended) return undefined
          const { done, value } = guarded(() => iterator.next())
          ended = done
          return done ? undefined : (value as Document)
        },
      }
    },
    evaluate: (document, expression, variables) =>
      guarded(() => core.evalExpr(document, expression, { ...common, variables })),
  }
}

/** What mingo refuses is an error of the command's, in mingo's words. */
function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof CommandError || error instanceof NeedsExpressions) throw error
    const { message } = error as Error
    throw new CommandError('BadValue', `the aggregation failed: ${message}`)
  }
}

interface Lazy {
  filter(keep: (document: Document) => boolean): Lazy
  transform(change: (documents: Document[]) => Lazy): Lazy
}

function ownMatch(source: Lazy, filter: Document): Lazy {
  const node = parseFilter(encodeDocument(filter), evaluator)
  return source.filter(document => matches(node, encodeDocument(document)))
}

function sorted(documents: Document[], sort: Document): Document[] {
  const { key } = sortComparator(parseSort(encodeDocument(sort)))
  return documents
    .map(document => ({ document, key: key(encodeDocument(document)) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(each => each.document)
}
