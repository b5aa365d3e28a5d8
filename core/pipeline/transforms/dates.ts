import { DataError } from '../../errors.ts'
import { defineTransform, type Json } from '../../plugin.ts'
import { isDay, momentOf, utcText } from '../dates.ts'
import { shown } from '../values.ts'
import { dayAt, isoWithOffset, startOfDay } from '../zone.ts'

/** Unix seconds as a number or digits. Moodle writes 0 for "not set". */
function seconds(value: Json): number | null {
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN
  if (!Number.isFinite(number) || Math.abs(number) > 253_402_300_799)
    throw new DataError('UNIX_TIME_INVALID', `"${shown(value)}" is not a time in unix seconds`)
  return number === 0 ? null : number
}

function milliseconds(value: Json, timezone: string): number {
  const text = String(value).trim()
  const ms = isDay(text) ? startOfDay(text, timezone) : momentOf(text)
  if (ms === undefined)
    throw new DataError('DATE_INVALID', `"${shown(value)}" is not a date or a time with its offset`)
  return ms
}

export const dateTransforms = [
  defineTransform({
    name: 'unix-time',
    summary: 'Unix seconds as an ISO 8601 time; 0 is empty.',
    prepare: () => value => {
      const at = seconds(value)
      return at === null ? null : utcText(at * 1000)
    },
  }),
  defineTransform({
    name: 'unix-date',
    summary: "Unix seconds as a day in the college's time zone; 0 is empty.",
    prepare: () => (value, _work, run) => {
      const at = seconds(value)
      return at === null ? null : dayAt(at * 1000, run.timezone)
    },
  }),
  defineTransform({
    name: 'to-unix',
    summary: "A time, or the beginning of a day in the college's time zone, as unix seconds.",
    prepare: () => (value, _work, run) => Math.floor(milliseconds(value, run.timezone) / 1000),
  }),
  defineTransform({
    name: 'day',
    summary: "A time as a day in the college's time zone.",
    prepare: () => (value, _work, run) => dayAt(milliseconds(value, run.timezone), run.timezone),
  }),
  defineTransform({
    name: 'local-time',
    summary: "A time with the offset of the college's time zone.",
    prepare: () => (value, _work, run) => isoWithOffset(milliseconds(value, run.timezone), run.timezone),
  }),
]
