/** Lists in pages: a cursor says where the last page ended, so that nothing is counted or skipped over. */
import { DataError } from '../errors.ts'

export interface Page<T> {
  readonly items: readonly T[]
  /** Absent: there is nothing more. */
  readonly next?: string
}

export interface PageRequest {
  readonly cursor?: string
  /** 1 to 200. */
  readonly limit: number
}

export const MOST_PER_PAGE = 200
/** So many documents are looked at for one page at most: a filter that fits little gives short pages, never slow ones. */
const MOST_LOOKED_AT = 2000
const PART = /^[\w.:=@|/-]{0,300}$/

export const cursorOf = (parts: readonly string[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url')

/** Raises DataError `CURSOR`. */
export function partsOf(cursor: string | undefined, count: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined
  const parts = parsed(cursor)
  const fits =
    Array.isArray(parts) &&
    parts.length === count &&
    parts.every(part => typeof part === 'string' && PART.test(part))
  if (fits) return parts as string[]
  throw new DataError('CURSOR', 'The cursor is none that a list of this kind has given.', {
    at: '/cursor',
    hint: 'Pass on the "next" of the page before, with the same filters.',
  })
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    // What is no JSON is no cursor of ours: the caller says so.
    return undefined
  }
}

/** Some of a partition, in order. */
export interface Portion<D> {
  readonly documents: readonly D[]
  /** False: the partition ends here. */
  readonly more: boolean
}

export interface Walk<D, T> {
  /** The parts in which the list is kept, one after the other; a cursor names one of them. */
  readonly partitions: readonly string[]
  /** What follows `after` (empty at first); `limit` is how much is wanted. */
  readonly read: (partition: string, after: string, limit: number) => Promise<Portion<D>>
  readonly idOf: (document: D) => string
  /** What is shown of each; `undefined`: not what was asked for. */
  readonly show: (documents: readonly D[]) => Promise<readonly (T | undefined)[]>
}

/** One page of a list that lies in several partitions. */
export async function walk<D, T>(
  { partitions, read, idOf, show }: Walk<D, T>,
  { cursor, limit }: PageRequest,
): Promise<Page<T>> {
  const [from, past] = partsOf(cursor, 2) ?? [partitions[0] ?? '', '']
  let place = partitions.indexOf(from as string)
  let after = past as string
  const items: T[] = []
  let lookedAt = 0
  while (place >= 0 && place < partitions.length) {
    const partition = partitions[place] as string
    const { documents, more } = await read(partition, after, Math.min(MOST_PER_PAGE, limit + 1))
    const shown = await show(documents)
    for (const [index, document] of documents.entries()) {
      const item = shown[index]
      if (item !== undefined) {
        if (items.length === limit) return { items, next: cursorOf([partition, after]) }
        items.push(item)
      }
      after = idOf(document)
    }
    lookedAt += documents.length
    if (!more) {
      place += 1
      after = ''
    } else if (lookedAt >= MOST_LOOKED_AT) return { items, next: cursorOf([partition, after]) }
  }
  return { items }
}

/** Some of a walk, all of whose partitions are kept in the order of their ids. */
export interface Stretch<T> {
  readonly items: readonly T[]
  /** Whoever goes on after it misses nothing and sees nothing twice. */
  readonly last: string
}

/**
 * All of them in the order of their ids over all partitions, which is the order in which they came. What belongs
 * together (`groupOf`) is never parted.
 * @param after an id, itself left out; empty: from the beginning
 */
export async function* inOrder<D, T>(
  { partitions, read, idOf, show }: Walk<D, T>,
  groupOf: (id: string) => string,
  after: string,
  atOnce: number,
): AsyncGenerator<Stretch<T>> {
  const lines = partitions.map(partition => ({ partition, after, documents: [] as D[], more: true }))
  const fill = async (line: (typeof lines)[number]) => {
    while (line.more && line.documents.length === 0) {
      const { documents, more } = await read(line.partition, line.after, atOnce)
      const last = documents.at(-1)
      line.documents = [...documents]
      line.more = more && last !== undefined
      if (last !== undefined) line.after = idOf(last)
    }
  }
  let taken: D[] = []
  for (;;) {
    for (const line of lines) await fill(line)
    const [next] = lines
      .filter(({ documents }) => documents.length > 0)
      .sort((a, b) => byId(idOf(a.documents[0] as D), idOf(b.documents[0] as D)))
    const document = next?.documents[0]
    const last = taken.at(-1)
    const full =
      last !== undefined &&
      taken.length >= atOnce &&
      (document === undefined || groupOf(idOf(document)) !== groupOf(idOf(last)))
    if (last !== undefined && (full || document === undefined)) {
      const shown = await show(taken)
      yield { items: shown.filter(item => item !== undefined), last: idOf(last) }
      taken = []
    }
    if (next === undefined || document === undefined) return
    taken.push(document)
    next.documents.shift()
  }
}

/** `<24 digits>`, or `<24 digits>-<place>` in the order of the places. */
function byId(a: string, b: string): number {
  const [first, other] = [a.slice(0, 24), b.slice(0, 24)]
  if (first !== other) return first < other ? -1 : 1
  return Number(a.slice(25) || -1) - Number(b.slice(25) || -1)
}
