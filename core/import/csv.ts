/** The records of a CSV file: the header row names the sender's fields, every value is a text. */
import { Readable } from 'node:stream'
import { type CsvError, parse } from 'csv-parse'
import { SetupError } from '../errors.ts'
import { MOST_TEXT, type Row } from './row.ts'

const DELIMITERS = [',', ';', '\t'] as const

/** Commas, semicolons or tabs: whichever the header has most of. Raises SetupError `FILE_HEADER`, `FILE_CSV`. */
export async function* csvRows(path: string, text: AsyncGenerator<string>): AsyncGenerator<Row> {
  let head = ''
  for (let next = await text.next(); next.done !== true; next = await text.next()) {
    head += next.value
    if (head.includes('\n')) break
  }
  async function* whole(): AsyncGenerator<string> {
    yield head
    yield* text
  }
  let row = 0
  const skipped: Row[] = []
  const parser = parse({
    delimiter: delimiterOf(head.split('\n', 1)[0] ?? ''),
    columns: header => columns(path, header),
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MOST_TEXT,
    on_record: (record, { lines }): Row => {
      row += 1
      return { row, line: lines, size: JSON.stringify(record).length, record }
    },
    on_skip: error => {
      row += 1
      skipped.push(wrong(row, error))
      return undefined
    },
  })
  const source = Readable.from(whole())
  source.on('error', error => parser.destroy(error))
  try {
    for await (const one of source.pipe(parser) as AsyncIterable<Row>) {
      while (skipped[0] !== undefined && skipped[0].row < one.row) yield skipped.shift() as Row
      yield one
    }
  } catch (error) {
    if (!isCsvError(error)) throw error
    // Nothing after it can be told apart: quotes that are never closed, or a record without an end.
    row += 1
    skipped.push(wrong(row, error))
  } finally {
    source.destroy()
  }
  yield* skipped
}

const isCsvError = (error: unknown): error is CsvError =>
  /^CSV_/.test(String((error as { code?: unknown } | null)?.code))

function wrong(row: number, error: CsvError | undefined): Row {
  const line = Number(error?.['lines'] ?? Number.NaN)
  return {
    row,
    ...(Number.isInteger(line) ? { line } : {}),
    size: 0,
    wrong: { code: error?.code ?? 'CSV', message: `The line cannot be read: ${error?.message ?? 'no CSV'}.` },
  }
}

function delimiterOf(header: string): string {
  const plain = header.replace(/"[^"]*"/g, '')
  const counts = DELIMITERS.map(delimiter => ({ delimiter, count: plain.split(delimiter).length }))
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).delimiter
}

/** Columns without a name are left out: spreadsheets add such. */
function columns(path: string, header: readonly string[]): (string | false)[] {
  const names = header.map(name => name.trim())
  const twice = names.find((name, place) => name !== '' && names.indexOf(name) !== place)
  if (twice !== undefined || names.every(name => name === ''))
    throw new SetupError(
      'FILE_HEADER',
      twice === undefined
        ? `${path}: the first line names no field.`
        : `${path}: the first line names "${twice}" twice.`,
      { at: path, hint: "Its first line must hold the sender's field names, each once." },
    )
  return names.map(name => (name === '' ? false : name))
}
