/** Only forms that say the same everywhere: a moment needs its offset, a day must exist. */
const moment = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})$/
const calendarDay = /^\d{4}-\d{2}-\d{2}$/

/** Is it a day of the calendar, written `2026-02-28`? */
export function isDay(text: string): boolean {
  if (!calendarDay.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

/** Milliseconds since 1970 of an ISO 8601 moment with offset; undefined where it is none. */
export function momentOf(text: string): number | undefined {
  const match = moment.exec(text)
  if (match === null || !isDay(match[1] as string)) return undefined
  const time = (match[2] as string).length === 5 ? `${match[2]}:00` : match[2]
  const offset = (match[3] as string).replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')
  const ms = Date.parse(`${match[1]}T${time}${offset}`)
  return Number.isNaN(ms) ? undefined : ms
}

/** `2026-11-24T12:01:02Z`: one form for one moment, so that two senders' texts compare. */
export const utcText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
