import { SetupError } from '../errors.ts'

/** Formatters are costly to make (50 µs) and depend on nothing but the zone's name. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(timezone: string): Intl.DateTimeFormat {
  let found = formatters.get(timezone)
  if (found === undefined) {
    try {
      found = new Intl.DateTimeFormat('en-US', {
        timeZone: timezone,
        hourCycle: 'h23',
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      })
    } catch (cause) {
      throw new SetupError('TIMEZONE_UNKNOWN', `there is no time zone "${timezone}"`, {
        at: 'timezone',
        hint: 'Use an IANA name such as Asia/Amman.',
        cause,
      })
    }
    formatters.set(timezone, found)
  }
  return found
}

/** The zone's offset from UTC at a moment, in milliseconds. */
export function offsetAt(ms: number, timezone: string): number {
  if (timezone === 'UTC') return 0
  const parts: Record<string, number> = {}
  for (const part of formatter(timezone).formatToParts(ms)) parts[part.type] = Number(part.value)
  const local = Date.UTC(
    parts.year as number,
    (parts.month as number) - 1,
    parts.day as number,
    parts.hour as number,
    parts.minute as number,
    parts.second as number,
  )
  return local - Math.floor(ms / 1000) * 1000
}

/** `2026-11-24T15:01:02+03:00` */
export function isoWithOffset(ms: number, timezone: string): string {
  const offset = offsetAt(ms, timezone)
  const minutes = Math.abs(Math.round(offset / 60000))
  const two = (n: number) => String(n).padStart(2, '0')
  const sign = offset < 0 ? '-' : '+'
  return `${new Date(ms + offset).toISOString().slice(0, 19)}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** The calendar day of a moment in a zone: `2026-11-24`. */
export const dayAt = (ms: number, timezone: string): string =>
  new Date(ms + offsetAt(ms, timezone)).toISOString().slice(0, 10)

/** The moment at which a calendar day begins in a zone, in milliseconds. */
export function startOfDay(day: string, timezone: string): number {
  const utc = Date.parse(`${day}T00:00:00Z`)
  const first = utc - offsetAt(utc, timezone)
  return utc - offsetAt(first, timezone)
}
