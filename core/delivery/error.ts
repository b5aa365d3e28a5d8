/** Errors as they are kept and shown. */
import { DataError, WaslError } from '../errors.ts'
import type { StoredError } from '../store/documents.ts'

/** Anything that we did not raise on purpose is a fault of ours: its words may hold anything and are not kept. */
export function storedError(error: unknown, to?: string): StoredError {
  if (!(error instanceof WaslError)) {
    return {
      code: 'INTERNAL',
      message: 'Wasl itself failed here; the log has the details.',
      ...(to === undefined ? {} : { to }),
    }
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.at === undefined ? {} : { at: error.at }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error instanceof DataError && error.tried !== undefined ? { tried: error.tried } : {}),
    ...(to === undefined ? {} : { to }),
  }
}

/** The same thing is wrong as before: nothing new to tell anybody. */
export const isSameError = (a: StoredError | undefined, b: StoredError): boolean =>
  a !== undefined && a.code === b.code && a.at === b.at && a.to === b.to
