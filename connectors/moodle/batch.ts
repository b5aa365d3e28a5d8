import { DataError, RetryableError, WaslError } from '../../core/errors.ts'
import type { WriteOperation, WriteResult } from '../../core/plugin.ts'
import { groupBy, parts } from './lists.ts'

/** How one of Moodle's functions takes many operations at once. */
export interface BatchWrite {
  readonly perCall: number
  /** What need not be sent to know that it is wrong. */
  refuse?(operation: WriteOperation): DataError | undefined
  /** Operations of different kinds never share a call. Default: creations and updates. */
  kindOf?(operation: WriteOperation): string
  /** One call for all of them; answers in their order. What it raises concerns every one of them. */
  send(operations: readonly WriteOperation[]): Promise<readonly WriteResult[]>
  /**
   * After a refusal that names nobody: results of the operations whose fault is found. Asked once per call, and
   * for each operation that was refused by itself.
   */
  blame(
    operations: readonly WriteOperation[],
    refusal: WaslError,
  ): Promise<ReadonlyMap<WriteOperation, WriteResult>>
}

/** Calls spent on finding whose operation makes Moodle's own code or database fail: beyond it, all wait. */
const SEARCH = 24

/**
 * Moodle takes a call whole or not at all, and in production does not say whose fault it was. So a refused call is
 * sent again without those whose fault is found, and halved while it is still refused: the good ones never wait for
 * the bad. Operations that were not settled when the remote failed as a whole carry that error; it is raised only
 * where none was settled.
 */
export async function writeBatches(
  operations: readonly WriteOperation[],
  batch: BatchWrite,
): Promise<readonly WriteResult[]> {
  const results = new Map<WriteOperation, WriteResult>()
  const queue: { part: readonly WriteOperation[]; asked: boolean }[] = []
  const sendable = operations.filter(operation => {
    const error = batch.refuse?.(operation)
    if (error !== undefined) results.set(operation, { ok: false, error })
    return error === undefined
  })
  const kindOf = batch.kindOf ?? (({ id }) => (id === undefined ? 'create' : 'update'))
  for (const group of groupBy(sendable, kindOf).values())
    for (const part of parts(group, batch.perCall)) queue.push({ part, asked: false })
  let search = SEARCH

  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { part, asked } = next
    try {
      const refusal = await sendPart(part)
      if (refusal === undefined) continue
      const failed = isFailure(refusal)
      if (failed) search--
      const blamed =
        part.length === 1 || !(failed || asked) ? await batch.blame(part, refusal) : new Map<never, never>()
      for (const [operation, result] of blamed) results.set(operation, result)
      const rest = part.filter(operation => !results.has(operation))
      if (part.length === 1 || search <= 0) {
        for (const operation of rest) results.set(operation, { ok: false, error: refusal })
      } else {
        const half = blamed.size > 0 ? rest.length : Math.ceil(rest.length / 2)
        queue.unshift({ part: rest.slice(half), asked: true })
        queue.unshift({ part: rest.slice(0, half), asked: true })
      }
    } catch (error) {
      if (!(error instanceof WaslError) || results.size === 0) throw error
      for (const operation of part) results.set(operation, { ok: false, error })
      for (const { part: unsent } of queue.splice(0))
        for (const operation of unsent) results.set(operation, { ok: false, error: withoutDoubt(error) })
    }
  }
  return operations.map(operation => results.get(operation)!)

  /** The refusal that concerns these operations, undefined where they went through; a failing remote is raised. */
  async function sendPart(part: readonly WriteOperation[]): Promise<WaslError | undefined> {
    if (part.length === 0) return undefined
    try {
      const answers = await batch.send(part)
      part.forEach((operation, index) => void results.set(operation, answers[index]!))
      return undefined
    } catch (error) {
      if (error instanceof DataError || (error instanceof WaslError && isFailure(error))) return error
      throw error
    }
  }
}

/** Moodle itself broke while it handled the call (rolled back): perhaps because of one operation, perhaps not. */
const isFailure = (error: WaslError): boolean =>
  error.code === 'MOODLE_INTERNAL' || error.code === 'MOODLE_DATABASE'

/** The same failure for an operation that was not sent, or that may be sent twice without harm. */
export function withoutDoubt(error: WaslError): WaslError {
  if (!(error instanceof RetryableError) || !error.ambiguous) return error
  const { code, message, at, hint, remote, cause, retryAfterMs, gate } = error
  return new RetryableError(code, message, {
    ...(at === undefined ? {} : { at }),
    ...(hint === undefined ? {} : { hint }),
    ...(remote === undefined ? {} : { remote }),
    cause,
    retryAfterMs,
    gate,
  })
}

/** For calls that may be repeated without harm: a lost answer is a failure like any other. */
export const harmless =
  (send: BatchWrite['send']): BatchWrite['send'] =>
  async operations => {
    try {
      return await send(operations)
    } catch (error) {
      throw error instanceof WaslError ? withoutDoubt(error) : error
    }
  }
