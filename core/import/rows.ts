/** The records of a file, one after the other: JSON, NDJSON or CSV. */
import { extname } from 'node:path'
import { SetupError, WaslError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { Json } from '../plugin.ts'
import { csvRows } from './csv.ts'
import { elementsOf } from './elements.ts'
import { MOST_TEXT, type Part, type Row, tooLong } from './row.ts'
import { textOf } from './text.ts'

export const FORMATS = ['json', 'ndjson', 'csv'] as const
export type Format = (typeof FORMATS)[number]

const EXTENSIONS: Readonly<Record<string, Format>> = {
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
  '.tsv': 'csv',
}

/** Raises SetupError `FILE_FORMAT`. */
export function formatOf(path: string): Format {
  const format = EXTENSIONS[extname(path).toLowerCase()]
  if (format !== undefined) return format
  throw new SetupError('FILE_FORMAT', `${path}: what it holds cannot be told from its name.`, {
    at: path,
    hint: `Name it .json, .ndjson or .csv, or say --format ${FORMATS.join('|')}.`,
  })
}

/** Raises SetupError `FILE_...` where the file as a whole cannot be read any further. */
export async function* rowsOf(
  path: string,
  format: Format,
  read: (bytes: number) => void,
): AsyncGenerator<Row> {
  const text = textOf(path, read)
  if (format === 'csv') yield* csvRows(path, text)
  else {
    const parts = format === 'json' ? elementsOf(path, text) : linesOf(path, text)
    let row = 0
    for await (const { line, ...part } of parts) {
      row += 1
      const place = { row, ...(line === undefined ? {} : { line }) }
      yield 'wrong' in part
        ? { ...place, size: 0, wrong: part.wrong }
        : { ...place, size: part.text.length, ...recordIn(part.text) }
    }
  }
}

function recordIn(text: string): { record: Json } | { wrong: { code: string; message: string } } {
  try {
    return { record: parseJson(text) }
  } catch (error) {
    if (!(error instanceof WaslError)) throw error
    return { wrong: { code: error.code, message: error.message } }
  }
}

async function* linesOf(path: string, text: AsyncIterable<string>): AsyncGenerator<Part> {
  let rest = ''
  let line = 0
  for await (const piece of text) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() as string
    if (rest.length > MOST_TEXT) throw tooLong(path, `line ${line + lines.length + 1}`)
    for (const one of lines) {
      line += 1
      if (one.trim() !== '') yield { line, text: one }
    }
  }
  if (rest.trim() !== '') yield { line: line + 1, text: rest }
}
