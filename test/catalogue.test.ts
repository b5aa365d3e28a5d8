/** The cases of adversaries that tests show: none of them goes away unnoticed. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const folder = fileURLToPath(new URL('.', import.meta.url))
const catalogue = JSON.parse(readFileSync(`${folder}catalogue.json`, 'utf8')) as {
  readonly shown: Readonly<Record<string, readonly string[]>>
  readonly open: Readonly<Record<string, string>>
  readonly notApplying: Readonly<Record<string, string>>
}
const shown = Object.values(catalogue.shown).flat()

/** A title begins with the ids of what it shows: `S03, S12: accepts either live secret`. */
function titled(): ReadonlySet<string> {
  const found = new Set<string>()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  for (const file of files.filter(name => /\.(test|crash)\.ts$/.test(name))) {
    const text = readFileSync(folder + file, 'utf8')
    const titles = text.matchAll(/(?:\b(?:it|describe)\(\s*|: )['"`]((?:[A-Z]\d\d, )*[A-Z]\d\d): /g)
    for (const [, ids = ''] of titles) for (const id of ids.split(', ')) found.add(id)
  }
  return found
}

describe('the catalogue of adversaries', () => {
  it('names each case once', () => {
    const all = [...shown, ...Object.keys(catalogue.open), ...Object.keys(catalogue.notApplying)]
    expect(all.filter((id, place) => all.indexOf(id) !== place)).to.deep.equal([])
    for (const [group, ids] of Object.entries(catalogue.shown))
      expect(ids.filter(id => !new RegExp(`^${group}\\d\\d$`).test(id))).to.deep.equal([])
  })

  it('has a test for every case that it calls shown, and a test for none that it calls open', () => {
    const found = titled()
    expect(shown.filter(id => !found.has(id))).to.deep.equal([])
    expect(
      [...found].filter(id => !shown.includes(id)).sort(),
      'move them in test/catalogue.json',
    ).to.deep.equal([])
  })
})
