/** Sends a file's records part by part and counts what became of them. */
import { createTally, type Tally } from './report.ts'
import type { Row } from './row.ts'
import type { Target } from './target.ts'

const MOST_ROWS = 500
/** A part must fit into one document of the store. */
const MOST_SIZE = 6 * 1024 * 1024

export interface Progress {
  readonly rows: number
  readonly repeated: number
}

type Good = Extract<Row, { record: unknown }>

/**
 * One part at a time and in order, so that the later of two records with one id counts; the next one is read while
 * the engine works. The same key and rows make the same parts, so a run that was interrupted goes on where it was.
 */
export async function importRows(
  rows: AsyncIterable<Row>,
  key: string,
  target: Target,
  progress: (progress: Progress) => void,
): Promise<{ readonly tally: Tally; readonly repeated: number }> {
  const tally = createTally()
  let repeated = 0
  let sending: Promise<void> = Promise.resolve()
  let part = 0

  async function send(chunk: readonly Good[], number: number): Promise<void> {
    const answer = await target.send({ key: `${key}:${number}`, records: chunk.map(({ record }) => record) })
    if (answer.repeated) repeated += chunk.length
    chunk.forEach((row, place) => {
      tally.add(
        row,
        answer.outcomes[place] ?? { state: 'FAILED', message: 'The engine did not answer for it.' },
      )
    })
    progress({ rows: tally.summary.total, repeated })
  }

  try {
    for await (const chunk of partsOf(rows, (row, wrong) => tally.add(row, { state: 'INVALID', ...wrong }))) {
      await sending
      sending = send(chunk, part++)
      // It is awaited with the next part; until then a failure must not end the process.
      sending.catch(() => undefined)
    }
  } finally {
    await sending
  }
  return { tally, repeated }
}

async function* partsOf(
  rows: AsyncIterable<Row>,
  wrong: (row: Row, why: { code: string; message: string }) => void,
): AsyncGenerator<readonly Good[]> {
  let part: Good[] = []
  let size = 0
  for await (const row of rows) {
    if ('wrong' in row) {
      wrong(row, row.wrong)
      continue
    }
    if (part.length > 0 && size + row.size > MOST_SIZE) {
      yield part
      part = []
      size = 0
    }
    part.push(row)
    size += row.size
    if (part.length === MOST_ROWS) {
      yield part
      part = []
      size = 0
    }
  }
  if (part.length > 0) yield part
}
