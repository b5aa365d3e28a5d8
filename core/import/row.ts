/** What is read of a file. */
import { SetupError } from '../errors.ts'
import type { Json } from '../plugin.ts'

/** One record of the file, or why there is none where one should be. */
export type Row = {
  /** From 1 on; the header of a CSV file is none. */
  readonly row: number
  /** Where it ends, in files with lines. */
  readonly line?: number
  /** About as much as it takes on its way. */
  readonly size: number
} & ({ readonly record: Json } | { readonly wrong: { readonly code: string; readonly message: string } })

/** Longest text of one record. */
export const MOST_TEXT = 8 * 1024 * 1024

/** The text of one record. */
export type Part = { readonly line?: number } & (
  | { readonly text: string }
  | { readonly wrong: { readonly code: string; readonly message: string } }
)

export const tooLong = (path: string, what: string): SetupError =>
  new SetupError('FILE_ROW_TOO_LONG', `${path}: ${what} is longer than ${MOST_TEXT / 1024 / 1024} MiB.`, {
    at: path,
    hint: 'Is it in the format that its name says?',
  })
