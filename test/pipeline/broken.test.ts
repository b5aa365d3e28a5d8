import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { findingText } from '../../core/commands/check.ts'
import { loadPipelines } from '../../core/pipeline/load.ts'
import { withFiles } from './folders.ts'
import { registry } from './plugins.ts'

const folder = fileURLToPath(new URL('../broken', import.meta.url))
const config = fileURLToPath(new URL('../../config', import.meta.url))
const fixtures = readdirSync(folder).filter(name => !name.endsWith('.txt'))

/** Loads one file, or the files of one folder, as `broken/`. */
async function load(fixture: string) {
  const place = mkdtempSync(join(tmpdir(), 'wasl-broken-'))
  const pipelines = join(place, 'broken')
  const path = join(folder, fixture)
  try {
    cpSync(path, statSync(path).isDirectory() ? pipelines : join(pipelines, fixture), { recursive: true })
    return await loadPipelines({ folders: { pipelines: [pipelines], config: [config] }, registry, only: {} })
  } finally {
    rmSync(place, { recursive: true })
  }
}

const expected = (fixture: string) => join(folder, `${basename(fixture, '.json')}.findings.txt`)

describe('broken pipeline files', () => {
  const cases: Readonly<Record<string, string>> = {
    'unknown-step': 'C03: ',
    'unknown-property': 'C04: ',
    'unknown-module': 'C06: ',
    'wrong-type': 'C09: ',
    'out-of-range': 'C10: ',
    'duplicate-key': 'C11: ',
    'prototype-names': 'C11: ',
    'unknown-record-field': 'C11: ',
    'dangerous-transform': 'C12: ',
  }
  it('are all there that show a case', () => {
    expect(Object.keys(cases).filter(name => !fixtures.includes(`${name}.json`))).to.deep.equal([])
  })

  it('C15: tells forty mistakes of six files, in order; of a file that is wrong throughout a hundred', async () => {
    const wrong = readFileSync(join(folder, 'seven-mistakes.json'), 'utf8')
    const files = Array.from({ length: 6 }, (_, place) => [
      `file-${place}.json`,
      wrong.replaceAll('"person"', `"person-${place}"`),
    ])
    const all = await withFiles(Object.fromEntries(files), place =>
      loadPipelines({ folders: { pipelines: [place], config: [config] }, registry, only: {} }),
    )
    const places = all.findings.map(({ file, line, column }) => ({ file, line, column }))
    expect(places).to.have.length(42)
    expect(new Set(places.map(({ file }) => file)).size).to.equal(6)
    const inOrder = [...places].sort(
      (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line) || a.column - b.column,
    )
    expect(places).to.deep.equal(inOrder)
    const [first] = files as [[string, string]]
    const fields = Array.from({ length: 150 }, (_, place) => `"wrong${place}": 1`).join(', ')
    const many = await withFiles(
      { 'many.json': first[1].replace('"version": 1,', `"version": 1, ${fields},`) },
      place => loadPipelines({ folders: { pipelines: [place], config: [config] }, registry, only: {} }),
    )
    // And what the meaning of the rest is wrong in.
    expect(many.findings.length).to.be.within(100, 110)
  })

  for (const fixture of fixtures)
    it(`${cases[basename(fixture, '.json')] ?? ''}tell exactly what is wrong: ${basename(fixture, '.json')}`, async () => {
      const { findings } = await load(fixture)
      const text = findings.map(finding => `${findingText(finding)}\n`).join('')
      expect(text).to.equal(readFileSync(expected(fixture), 'utf8'))
    })

  it('tell seven different mistakes of one file as seven findings, each with its line and column', async () => {
    const { findings, modules } = await load('seven-mistakes.json')
    expect(findings).to.have.length(7)
    expect(new Set(findings.map(({ code }) => code)).size).to.equal(7)
    for (const { line, column } of findings) expect(line * column).to.be.greaterThan(0)
    expect(modules.size).to.equal(0)
  })

  it('stop no other file', async () => {
    const { modules, findings } = await load('one-bad-one-good')
    expect([...modules.keys()]).to.deep.equal(['person'])
    expect(findings.map(({ file }) => file)).to.deep.equal(['broken/unit.json'])
  })
})
