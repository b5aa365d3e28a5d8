import { DataError } from '../../errors.ts'
import { defineTransform, type Fields, type Json, type Payload, type Scale } from '../../plugin.ts'
import { getter, isEmpty, shown } from '../values.ts'

function numberOf(value: Json | undefined, name: string): number {
  const number = isEmpty(value) || typeof value === 'boolean' ? Number.NaN : Number(value)
  if (!Number.isFinite(number))
    throw new DataError('NOT_A_NUMBER', `${name} "${shown(value)}" is not a number`)
  return number
}

/** Points on an item from `min` to `max` as 0..100, clamped. Rounding only takes away the noise of division. */
export function rescale(value: number, min: number, max: number): number {
  if (max <= min)
    throw new DataError('GRADE_RANGE', `a grade item from ${min} to ${max} has no range to scale by`)
  const scaled = min === 0 && max === 100 ? value : ((value - min) / (max - min)) * 100
  return Math.min(100, Math.max(0, Math.round(scaled * 1e9) / 1e9))
}

/** The grade whose band a score falls into; bands are highest first and closed below. */
export function bandOf(scale: Scale, score: number): string {
  const clamped = Math.min(100, Math.max(0, score))
  const lowest = scale.bands[scale.bands.length - 1] as Scale['bands'][number]
  return (scale.bands.find(band => clamped >= band.from) ?? lowest).grade
}

/** The middle of a grade's band; each band ends 1 below the next higher one, the highest at 100. */
export function middleOf(scale: Scale, grade: string): number {
  const index = scale.bands.findIndex(band => band.grade.toLowerCase() === grade.trim().toLowerCase())
  if (index < 0)
    throw new DataError(
      'GRADE_UNKNOWN',
      `"${shown(grade)}" is no grade of the scale ${scale.scale}: ${scale.bands.map(b => b.grade).join(', ')}`,
    )
  const band = scale.bands[index] as Scale['bands'][number]
  const above = scale.bands[index - 1]
  return (band.from + (above === undefined ? 100 : above.from - 1)) / 2
}

/**
 * The highest grade that an assignment's criteria allow: the level of a criterion is its code's first letter
 * (P1, M2, D1), which is that of the grade's name. Undefined where no code names a level.
 */
export function capOf(scale: Scale, outcomes: Json | undefined): string | undefined {
  if (!Array.isArray(outcomes)) return undefined
  const letters = new Set<string>()
  for (const row of outcomes)
    if (row !== null && typeof row === 'object' && !Array.isArray(row) && typeof row['code'] === 'string')
      letters.add(row['code'].trim().slice(0, 1).toUpperCase())
  return scale.bands.find(band => letters.has(band.grade.slice(0, 1).toUpperCase()))?.grade
}

function cap(scale: Scale, grade: Json, fields: Fields): Json {
  if (scale.capByOutcomes === false) return grade
  const highest = capOf(scale, fields['outcomes'])
  const rank = (name: Json) => scale.bands.findIndex(band => band.grade === name)
  if (highest === undefined || rank(grade) < 0) return grade
  return rank(grade) < rank(highest) ? highest : grade
}

function scaleFrom(scale: (name: string) => Scale | undefined, name: string): Scale {
  const found = scale(name)
  // The checker has refused the file before; this holds for callers that compile without it.
  if (found === undefined) throw new DataError('UNKNOWN_SCALE', `there is no scale "${name}"`)
  return found
}

const scaleName = { type: 'string', minLength: 1, scale: true }
type Range = { min?: string; max?: string }

export const gradeTransforms = [
  defineTransform<Range>({
    name: 'rescale',
    summary: "A score as 0 to 100, by the sender's fields with the least and the most points.",
    options: {
      type: 'object',
      properties: {
        min: { type: 'string', description: "The sender's field with the least points; without it 0." },
        max: { type: 'string', description: "The sender's field with the most points; without it 100." },
      },
      additionalProperties: false,
    },
    prepare({ min, max }) {
      const least = min === undefined ? undefined : getter(min)
      const most = max === undefined ? undefined : getter(max)
      const bound = (read: typeof least, payload: Payload, otherwise: number, name: string) => {
        const value = read?.(payload)
        return isEmpty(value) ? otherwise : numberOf(value, name)
      }
      return (value, { payload }) =>
        rescale(
          numberOf(value, 'the score'),
          bound(least, payload, 0, min ?? 'min'),
          bound(most, payload, 100, max ?? 'max'),
        )
    },
  }),
  defineTransform<string>({
    name: 'band',
    summary: 'The grade of a scale whose band holds a score.',
    options: scaleName,
    prepare(name, { scale }) {
      const bands = scaleFrom(scale, name)
      return value => bandOf(bands, numberOf(value, 'the score'))
    },
  }),
  defineTransform<string>({
    name: 'band-score',
    summary: "The middle of a grade's band as a score.",
    options: scaleName,
    prepare(name, { scale }) {
      const bands = scaleFrom(scale, name)
      return value => middleOf(bands, String(value))
    },
  }),
  defineTransform<{ labels: string }>({
    name: 'scale-label',
    summary: "A place on the sender's own scale (1 is the first) as its label; a label stays what it is.",
    options: {
      type: 'object',
      properties: {
        labels: {
          type: 'string',
          description: "The sender's field with the labels: a list, or text with commas.",
        },
      },
      required: ['labels'],
      additionalProperties: false,
    },
    prepare({ labels }) {
      const read = getter(labels)
      return (value, { payload }) => {
        const place = Number(value)
        if (Number.isNaN(place)) return value
        const given = read(payload)
        if (isEmpty(given)) return null
        const list = Array.isArray(given) ? given : String(given).split(',')
        const label = list[place - 1]
        if (label === undefined)
          throw new DataError('GRADE_LABEL', `${shown(value)} is no place on the scale ${list.join(', ')}`)
        return String(label).trim()
      }
    },
  }),
  defineTransform<string>({
    name: 'cap-by-outcomes',
    summary: 'A grade, at most the highest level among the codes of the field `outcomes` (P1, M2, D1).',
    options: scaleName,
    prepare(name, { scale }) {
      const bands = scaleFrom(scale, name)
      return (value, { fields }) => cap(bands, value, fields)
    },
  }),
]
