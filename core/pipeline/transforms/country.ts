import codes from 'i18n-iso-countries/codes.json' with { type: 'json' }
import arabic from 'i18n-iso-countries/langs/ar.json' with { type: 'json' }
import english from 'i18n-iso-countries/langs/en.json' with { type: 'json' }
import { DataError } from '../../errors.ts'
import { defineTransform, type Json } from '../../plugin.ts'
import { shown } from '../values.ts'

interface Locale {
  locale: string
  countries: Record<string, string | string[]>
}

const locales: Locale[] = [english, arabic]

/** Letters alone decide: case, Arabic vowel marks and tatweel do not. */
const plain = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[\p{M}\u0640]/gu, '')
    .replace(/[^\p{L}]+/gu, ' ')
    .trim()
    .toLowerCase()

/** `JOR` -> `JO`. The package's own look-up would load every language that it knows. */
const codeByThree = new Map(codes.map(([two, three]) => [three, two]))
const codeByName = new Map<string, string>()
const nameByCode = new Map<string, string>()
for (const { locale, countries: names } of locales)
  for (const [code, value] of Object.entries(names)) {
    const all = Array.isArray(value) ? value : [value]
    if (locale === 'en') nameByCode.set(code, all[0] as string)
    for (const name of all) codeByName.set(plain(name), code)
  }

function codeOf(value: Json): string {
  const given = String(value).trim()
  const upper = given.toUpperCase()
  if (nameByCode.has(upper)) return upper
  const code = codeByName.get(plain(given)) ?? (upper.length === 3 ? codeByThree.get(upper) : undefined)
  if (code === undefined)
    throw new DataError('COUNTRY_UNKNOWN', `there is no country "${shown(value)}"`, {
      hint: 'Use its English or Arabic name or its code of two or three letters.',
    })
  return code
}

export const countryTransforms = [
  defineTransform({
    name: 'country-code',
    summary: 'A country (English or Arabic name, or code) as its ISO 3166 code of two letters.',
    prepare: () => codeOf,
  }),
  defineTransform({
    name: 'country-name',
    summary: 'A country as its English name.',
    prepare: () => value => nameByCode.get(codeOf(value)) as string,
  }),
]
