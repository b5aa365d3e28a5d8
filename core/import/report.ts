/** What became of a file's records. */
import type { EventState, EventStatus } from '../delivery/intake.ts'
import { type Summary, summarise } from '../http/answers.ts'

/** A record that did not go through. */
export interface Trouble {
  readonly row: number
  readonly line?: number
  readonly state: 'INVALID' | 'FAILED'
  readonly code?: string
  readonly field?: string
  readonly message: string
}

/** More are only counted: a file may be wrong from its first record to its last. */
const MOST_LISTED = 1000

export interface Tally {
  add(place: { readonly row: number; readonly line?: number }, event: Outcome): void
  readonly summary: Summary
  readonly troubles: readonly Trouble[]
}

export type Outcome = Pick<EventStatus, 'state' | 'code' | 'field' | 'message'>

export function createTally(): Tally {
  const summary = summarise([])
  const troubles: Trouble[] = []
  return {
    summary,
    troubles,
    add({ row, line }, { state, code, field, message }) {
      summary.total += 1
      summary[state.toLowerCase() as Lowercase<EventState>] += 1
      if ((state !== 'INVALID' && state !== 'FAILED') || troubles.length >= MOST_LISTED) return
      troubles.push({
        row,
        ...(line === undefined ? {} : { line }),
        state,
        ...(code === undefined ? {} : { code }),
        ...(field === undefined ? {} : { field }),
        message: message ?? 'No reason was given.',
      })
    },
  }
}

export const isClean = ({ invalid, failed }: Summary): boolean => invalid === 0 && failed === 0

/** Each record that did not go through, then the counts, which add up. */
export function reportText({ summary, troubles }: Pick<Tally, 'summary' | 'troubles'>): string {
  const lines = troubles.map(({ row, line, state, code, field, message }) => {
    const place = line === undefined ? `record ${row}` : `record ${row} (line ${line})`
    return `${place}  ${state}${code === undefined ? '' : ` ${code}`}${field === undefined ? '' : ` ${field}`}: ${message}`
  })
  const more = summary.invalid + summary.failed - troubles.length
  if (more > 0) lines.push(`and ${more} more`)
  const { total, ...counts } = summary
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  const said = parts.map(([name, count]) => `${count} ${name}`).join(', ')
  lines.push(`${total} ${total === 1 ? 'record' : 'records'}${said === '' ? '' : `: ${said}`}.`)
  return lines.join('\n')
}
