/** Open cursors: lazily read, closed at the end, on request, or after ten minutes without use. */
import type { Raw } from './bson/raw.ts'
import { CommandError } from './errors.ts'

export interface Source {
  /** The next document as it is answered, good until the next call. */
  next(): Raw | undefined
}

interface Cursor {
  readonly namespace: string
  readonly source: Source
  /** A document that did not fit into the batch before. */
  pending: Raw | undefined
  usedAt: number
  readonly expires: boolean
}

export const idleCursorMs = 600_000
/** A reply holds at most this much of documents, so that it stays below 16 MB with what is around them. */
const mostBytes = 16 * 1024 * 1024 - 64 * 1024

export interface Batch {
  readonly id: bigint
  readonly documents: Raw[]
}

export class Cursors {
  private readonly open = new Map<bigint, Cursor>()
  private last = 0n

  get size(): number {
    return this.open.size
  }

  /** The first batch; the cursor stays open where there is more and `single` is not asked for. */
  start(namespace: string, source: Source, size: number, single = false, expires = true): Batch {
    const cursor: Cursor = { namespace, source, pending: undefined, usedAt: Date.now(), expires }
    const documents = size === 0 ? [] : take(cursor, size)
    if (single) return { id: 0n, documents }
    if (size > 0) cursor.pending ??= source.next()?.copy()
    if (size > 0 && cursor.pending === undefined) return { id: 0n, documents }
    this.last += 1n + BigInt(Math.floor(Math.random() * 1_000_000))
    const id = this.last
    this.open.set(id, cursor)
    return { id, documents }
  }

  more(id: bigint, namespace: string, size: number | undefined): Batch {
    const cursor = this.open.get(id)
    if (!cursor || cursor.namespace !== namespace)
      throw new CommandError('CursorNotFound', `cursor id ${id} not found`)
    cursor.usedAt = Date.now()
    let documents: Raw[]
    try {
      documents = take(cursor, size ?? Number.POSITIVE_INFINITY)
      cursor.pending ??= cursor.source.next()?.copy()
    } catch (cause) {
      this.open.delete(id)
      throw cause
    }
    if (cursor.pending !== undefined) return { id, documents }
    this.open.delete(id)
    return { id: 0n, documents }
  }

  kill(id: bigint, namespace: string): boolean {
    return this.open.get(id)?.namespace === namespace && this.open.delete(id)
  }

  /** A dropped collection takes its cursors along. */
  forget(namespace: string): void {
    for (const [id, cursor] of this.open) if (cursor.namespace === namespace) this.open.delete(id)
  }

  expire(now: number, idleMs = idleCursorMs): void {
    for (const [id, cursor] of this.open)
      if (cursor.expires && now - cursor.usedAt > idleMs) this.open.delete(id)
  }
}

function take(cursor: Cursor, size: number): Raw[] {
  const documents: Raw[] = []
  let bytes = 0
  while (documents.length < size) {
    const document = cursor.pending ?? cursor.source.next()?.copy()
    cursor.pending = undefined
    if (!document) break
    bytes += document.end - document.start
    if (bytes > mostBytes && documents.length > 0) {
      cursor.pending = document
      break
    }
    documents.push(document)
  }
  return documents
}
