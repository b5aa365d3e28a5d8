/** What the driver raises, told as what it means for us. */
import { StoreError } from '../errors.ts'

interface DriverError {
  code?: number
  name?: string
  message?: string
  keyValue?: Record<string, unknown>
  keyPattern?: Record<string, unknown>
  writeErrors?: readonly { index: number; code: number; err?: { keyValue?: Record<string, unknown> } }[]
}

export const isDuplicateKey = (error: unknown): error is DriverError =>
  (error as DriverError | undefined)?.code === 11000

/** The statements of an unordered bulk that a unique index refused, by their place in it; undefined: another failure. */
export function duplicatesOf(error: unknown): ReadonlySet<number> | undefined {
  const failure = error as DriverError
  const errors = failure.writeErrors
  if (!Array.isArray(errors)) return isDuplicateKey(error) ? new Set([0]) : undefined
  if (errors.some(each => each.code !== 11000)) return undefined
  return new Set(errors.map(each => each.index))
}

/**
 * How long the store has for one operation, in milliseconds. The driver waits without end where a connection is closed
 * just when a command is written to it (seen with 7.8 and 7.9: it waits for the `drain` of a socket that is gone), and
 * `timeoutMS` has no effect any more; such a connection is lost to the pool.
 */
const ANSWER_MS = 10_000

/**
 * Runs one operation of the store. What the driver raises comes out as StoreError `STORE_UNAVAILABLE`, the driver's own
 * words as its cause (they may hold a query); so does no answer within `limitMs`, after which the operation may still
 * take effect. A duplicate key passes, since callers tell it apart.
 */
export async function guarded<T>(what: string, run: () => Promise<T>, limitMs = ANSWER_MS): Promise<T> {
  try {
    return await within(limitMs, run())
  } catch (cause) {
    if (cause instanceof StoreError || duplicatesOf(cause) !== undefined) throw cause
    throw new StoreError('STORE_UNAVAILABLE', `The store did not answer (${what}).`, {
      cause,
      hint: 'See whether MongoDB, or the data folder of the embedded server, can be reached and written.',
    })
  }
}

async function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A tenant left out would be a query over all of them. */
export function tenantOf(tenant: string): string {
  if (typeof tenant !== 'string' || tenant === '') {
    throw new StoreError('STORE_TENANT', 'An operation of the store was called without a tenant.')
  }
  return tenant
}
