/** Chooses how a query reads: by which index, in which ranges, in which order. */
import type { Raw } from '../bson/raw.ts'
import { CommandError } from '../errors.ts'
import type { Node } from '../match/node.ts'
import type { SortField } from '../sort.ts'
import type { Collection, Index } from '../storage/catalog.ts'
import { everything, type Interval, intersect, intervalsOf, isPoint, limits } from './bounds.ts'
import { flattened, implies } from './implies.ts'

export interface IndexPlan {
  readonly kind: 'index'
  readonly index: Index
  /** Byte ranges of encoded keys: start inside, end outside. */
  readonly ranges: readonly Range[]
  readonly reverse: boolean
  /** The ranges are read side by side, to keep the sort order. */
  readonly merge: boolean
  readonly sorted: boolean
  /** What the index's fields are limited to, for `explain`. */
  readonly bounds: readonly (readonly Interval[])[]
  readonly score: number
}

export interface Range {
  readonly start: Buffer
  readonly end: Buffer
  /** One whole key of all fields. */
  readonly exact: boolean
  /** How many bytes at the beginning are the same for the whole range (what a merge leaves out). */
  readonly common: number
}

export interface ScanPlan {
  readonly kind: 'scan'
  readonly reverse: boolean
  readonly sorted: boolean
}

export interface OrPlan {
  readonly kind: 'or'
  readonly plans: readonly IndexPlan[]
  readonly sorted: false
}

export interface NothingPlan {
  readonly kind: 'nothing'
  readonly sorted: true
}

export type Plan = IndexPlan | ScanPlan | OrPlan | NothingPlan

export interface Question {
  readonly filter: Node
  readonly sort?: readonly SortField[] | undefined
  readonly hint?: Raw | undefined
}

const mostRanges = 20_000
const mostMerged = 500

export function planFor(collection: Collection, { filter, sort, hint }: Question): Plan {
  const natural = sort?.[0]?.path.text === '$natural' ? sort[0].direction : undefined
  const wanted = natural ? undefined : sort?.length ? sort : undefined
  const scan: ScanPlan = { kind: 'scan', reverse: natural === -1, sorted: !wanted }
  if (natural && !hint) return scan
  const conditions = flattened(filter)
  if (hint) {
    const chosen = hinted(collection, hint)
    if (!chosen) {
      const direction = hint.type === 3 ? hint.get('$natural') : undefined
      return { ...scan, reverse: direction !== undefined && direction.bytes.readInt32LE(direction.start) < 0 }
    }
    return indexPlan(chosen, conditions, wanted, true)!
  }
  let best: IndexPlan | undefined
  for (const index of collection.indexes) {
    const plan = indexPlan(index, conditions, wanted, false)
    if (plan && (!best || plan.score > best.score)) best = plan
  }
  if (!best || best.score < 10) {
    const or = orPlan(collection, conditions)
    if (or) return or
  }
  return best ?? scan
}

function hinted(collection: Collection, hint: Raw): Index | undefined {
  if (hint.type === 3 && hint.firstName() === '$natural') return undefined
  const index = collection.indexes.find(each =>
    hint.type === 2 ? each.name === hint.text() : sameKey(each.key, hint),
  )
  if (!index)
    throw new CommandError(
      'BadValue',
      'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
    )
  return index
}

export function sameKey(a: Raw, b: Raw): boolean {
  const [x, y] = [a.fields(), b.fields()]
  return (
    x.length === y.length &&
    x.every((field, i) => field.name === y[i]!.name && sameDirection(field.value, y[i]!.value))
  )
}

function sameDirection(a: Raw, b: Raw): boolean {
  return a.identical(b) || (a.isNumber && b.isNumber && directionOf(a) === directionOf(b))
}

function directionOf(value: Raw): number {
  return value.type === 1
    ? Math.sign(value.bytes.readDoubleLE(value.start))
    : Math.sign(value.bytes.readInt32LE(value.start))
}

/** How this index would serve; undefined where it must not or does not help. */
function indexPlan(
  index: Index,
  conditions: readonly Node[],
  sort: readonly SortField[] | undefined,
  forced: boolean,
): IndexPlan | undefined {
  if (index.partial && !implies(conditions, index.partial)) {
    if (!forced) return undefined
  }
  const bounds = boundsOf(index, conditions)
  if (index.sparse && !forced && !bounds.some(each => each !== undefined && !includesMissing(each)))
    return undefined
  let points = 0
  while (points < bounds.length && bounds[points]?.every(isPoint)) points++
  const limited = points < bounds.length && bounds[points] !== undefined
  const order = sort && orderOf(index, bounds, points, sort)
  const useful = points > 0 || limited || order
  if (!useful && !forced) return undefined
  const used = points + (limited ? 1 : 0)
  const ranges = rangesOf(index, bounds, used)
  if (!ranges) return undefined
  const whole = index.unique && points === index.fields.length
  const merge = order?.merge === true && ranges.length > 1
  const sorted = !sort || (order !== undefined && (!merge || ranges.length <= mostMerged))
  return {
    kind: 'index',
    index,
    ranges,
    reverse: sorted && order?.reverse === true,
    merge: merge && sorted && sort !== undefined,
    sorted,
    bounds: bounds.map(each => each ?? [everything]),
    score:
      points * 10 +
      (limited ? 5 : 0) +
      (sorted && sort ? 6 : 0) +
      (whole ? 15 : 0) -
      index.fields.length * 0.01,
  }
}

function includesMissing(intervals: readonly Interval[]): boolean {
  const missing = Buffer.from([0x10])
  return intervals.some(
    each => Buffer.compare(each.low, missing) <= 0 && Buffer.compare(each.high, missing) >= 0,
  )
}

/** Per field what the conditions limit it to, as far as that is sound; leading fields only. */
function boundsOf(index: Index, conditions: readonly Node[]): (readonly Interval[] | undefined)[] {
  const bounds: (readonly Interval[] | undefined)[] = []
  for (const [i, field] of index.fields.entries()) {
    // Two fields below one array: an element that fits the one need not be the element that fits the other.
    const entangled = index.fields.some(
      (other, j) =>
        j < i &&
        index.multikey[j] &&
        index.multikey[i] &&
        other.path.names[0] === field.path.names[0] &&
        bounds[j],
    )
    bounds.push(entangled ? undefined : fieldBounds(field, index.multikey[i] === true, conditions))
  }
  return bounds
}

function fieldBounds(
  field: SortField,
  multikey: boolean,
  conditions: readonly Node[],
): readonly Interval[] | undefined {
  let found: readonly Interval[] | undefined
  for (const node of conditions) {
    if (node.kind !== 'leaf' && node.kind !== 'elemMatch') continue
    if (node.path.text !== field.path.text) continue
    const next = intervalsOf(node, field.direction < 0)
    if (!next) continue
    if (!found) found = next
    else if (!multikey) found = intersect(found, next)
    else if (next.every(isPoint) && (!found.every(isPoint) || next.length < found.length)) found = next
  }
  return found
}

interface Order {
  readonly reverse: boolean
  /** Only if the ranges are read side by side. */
  readonly merge: boolean
}

/** Whether reading the index gives the sort, and in which direction. */
function orderOf(
  index: Index,
  bounds: readonly (readonly Interval[] | undefined)[],
  points: number,
  sort: readonly SortField[],
): Order | undefined {
  if (index.truncated) return undefined
  let singles = 0
  const constant = new Set<string>()
  while (singles < points && bounds[singles]!.length === 1) {
    if (!index.multikey[singles]) constant.add(index.fields[singles]!.path.text)
    singles++
  }
  const wanted = sort.filter(field => !constant.has(field.path.text))
  if (wanted.length === 0) return { reverse: false, merge: false }
  const straight = follows(index, singles, wanted)
  if (straight !== undefined) return { reverse: straight, merge: false }
  const merged = follows(index, points, wanted)
  return merged === undefined ? undefined : { reverse: merged, merge: true }
}

/** From field `skip` on, the index is in this order (false) or its reverse (true). */
function follows(index: Index, skip: number, sort: readonly SortField[]): boolean | undefined {
  let reverse: boolean | undefined
  for (const [i, wanted] of sort.entries()) {
    const field = index.fields[skip + i]
    if (!field || field.path.text !== wanted.path.text || index.multikey[skip + i]) return undefined
    const turned = field.direction !== wanted.direction
    if (reverse !== undefined && reverse !== turned) return undefined
    reverse = turned
  }
  return reverse
}

/** All combinations of the points, and the last field's intervals; undefined where they are too many. */
function rangesOf(
  index: Index,
  bounds: readonly (readonly Interval[] | undefined)[],
  used: number,
): Range[] | undefined {
  let prefixes: Buffer[] = [Buffer.alloc(0)]
  const lastPoints = used > 0 && bounds[used - 1]!.every(isPoint)
  for (let i = 0; i < used - 1; i++) {
    const { direction } = index.fields[i]!
    const points = bounds[i]!.map(each => limits(each, direction).start)
    if (direction < 0) points.reverse()
    if (prefixes.length * points.length > mostRanges) return undefined
    prefixes = prefixes.flatMap(prefix => points.map(each => Buffer.concat([prefix, each])))
  }
  if (used === 0) return [{ start: Buffer.alloc(0), end: Buffer.from([0xff]), exact: false, common: 0 }]
  const { direction } = index.fields[used - 1]!
  const last = bounds[used - 1]!.map(each => limits(each, direction))
  if (direction < 0) last.reverse()
  if (prefixes.length * last.length > mostRanges) return undefined
  return prefixes.flatMap(prefix =>
    last.map(({ start, end }) => ({
      start: Buffer.concat([prefix, start]),
      end: Buffer.concat([prefix, end]),
      exact: lastPoints && used === index.fields.length,
      common: lastPoints ? prefix.length + start.length : prefix.length,
    })),
  )
}

function orPlan(collection: Collection, conditions: readonly Node[]): OrPlan | undefined {
  for (const or of conditions) {
    if (or.kind !== 'or') continue
    const others = conditions.filter(each => each !== or)
    const plans: IndexPlan[] = []
    for (const branch of or.nodes) {
      const plan = planFor(collection, { filter: { kind: 'and', nodes: [...flattened(branch), ...others] } })
      if (plan.kind === 'index') plans.push(plan)
      else if (plan.kind === 'or') plans.push(...plan.plans)
      else break
    }
    if (plans.length >= or.nodes.length) return { kind: 'or', plans, sorted: false }
  }
  return undefined
}
