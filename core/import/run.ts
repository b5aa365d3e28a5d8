/** Sends a file's records part by part and counts what became of them. */
import { createTally, type Tally } from './report.ts'
import type { Row } from './row.ts'
import type { Answer, Target } from './target.ts'

const MOST_ROWS = 500
/** Parts that are applied, or wait for it. */
const MOST_AT_ONCE = 2
/** A part must fit into one document of the store. */
const MOST_SIZE = 6 * 1024 * 1024

export interface Progress {
  readonly rows: number
  readonly repeated: number
}

type Good = Extract<Row, { record: unknown }>

/**
 * In order, so that the later of two records with one id counts; while the engine applies one part, the next is read
 * and stored. The same key and rows make the same parts, so a run that was interrupted goes on where it was.
 */
export async function importRows(
  rows: AsyncIterable<Row>,
  key: string,
  target: Target,
  progress: (progress: Progress) => void,
): Promise<{ readonly tally: Tally; readonly repeated: number }> {
  const tally = createTally()
  let repeated = 0
  const under: Promise<void>[] = []
  let taken: Promise<unknown> = Promise.resolve()
  let part = 0

  async function told(chunk: readonly Good[], answered: Promise<Answer>): Promise<void> {
    const answer = await answered
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
      if (under.length === MOST_AT_ONCE) await under.shift()
      await taken
      const records = chunk.map(({ record }) => record)
      const sent = target.send({ key: `${key}:${part++}`, records })
      taken = sent.taken
      const ended = told(chunk, sent.answer)
      // They are awaited with a later part; until then a failure must not end the process.
      for (const later of [taken, ended]) later.catch(() => undefined)
      under.push(ended)
    }
  } finally {
    await Promise.all(under)
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
