/** Each pipeline file with one token deleted or changed: a finding with a place, or still valid, and never a crash. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadPipelines } from '../../core/pipeline/load.ts'
import { ours } from './folders.ts'
import { registry } from './plugins.ts'

const COUNT = 2000
/** Mutants of different files that are tried in one load; the other files are as they should be. */
const AT_ONCE = 4
const SEED = 20_261_124
const told = { unit: 'unit-in-course', enrollment: 'enrollment' }
/** Which files count, by what colleges may choose; a file that is not chosen is not looked at. */
const choices = [
  {},
  {
    only: {
      student: 'student',
      unit: 'unit-as-course',
      class: 'class-as-group',
      enrollment: 'enrollment-in-group',
    },
  },
  { only: { ...told, student: 'student', class: 'class-with-section' } },
  { only: { ...told, student: 'student-suspended-in-moodle', class: 'class-with-summary' } },
]

const names = readdirSync(ours.pipelines).filter(name => /(?<!\.schema)\.json$/.test(name))
const originals = new Map(names.map(name => [name, readFileSync(join(ours.pipelines, name), 'utf8')]))

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

interface Token {
  readonly file: string
  readonly at: number
  readonly text: string
}

const tokensOf = (file: string, text: string): Token[] =>
  [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|[{}[\]:,]/g)].map(match => ({
    file,
    at: match.index,
    text: match[0],
  }))

interface Mutant {
  readonly file: string
  readonly what: string
  readonly content: string
}

/** What a hand that slips makes of a token; undefined where it makes nothing else of it. */
function changed({ text }: Token, others: readonly Token[], random: (below: number) => number): string {
  const other = others[random(others.length)]?.text ?? '"x"'
  if (text.startsWith('"')) {
    const inner = text.slice(1, -1)
    const middle = random(inner.length + 1)
    const choices = [
      `"${inner.slice(0, -1)}"`,
      `"${inner}x"`,
      `"${inner.slice(0, middle)}${inner.slice(middle + 1)}"`,
      `"${inner.toUpperCase()}"`,
      '""',
      '"__proto__"',
      inner,
      other,
      '7',
      'null',
      '{}',
      '[]',
      '[""]',
      'true',
    ]
    return choices[random(choices.length)] as string
  }
  const plain = [
    '"x"',
    '-1',
    '1e400',
    '0.5',
    'null',
    'true',
    'false',
    '{}',
    '[]',
    ',',
    ':',
    '{',
    '}',
    '[',
    ']',
    other,
  ]
  return plain[random(plain.length)] as string
}

function sample(): Mutant[] {
  const random = randomFrom(SEED)
  const all = [...originals].flatMap(([file, text]) => tokensOf(file, text))
  const mutants = new Map<string, Mutant>()
  while (mutants.size < COUNT) {
    const token = all[random(all.length)] as Token
    const text = originals.get(token.file) as string
    const to = random(2) === 0 ? '' : changed(token, all, random)
    if (to === token.text) continue
    const line = text.slice(0, token.at).split('\n').length
    const what = `${token.file}:${line} ${token.text} -> ${to === '' ? 'nothing' : to}`
    const content = text.slice(0, token.at) + to + text.slice(token.at + token.text.length)
    mutants.set(`${token.file} ${token.at} ${to}`, { file: token.file, what, content })
  }
  return [...mutants.values()]
}

/** Mutants of different files, a few together. */
function together(mutants: readonly Mutant[]): Mutant[][] {
  const groups: Mutant[][] = []
  let open: Mutant[][] = []
  for (const mutant of mutants) {
    let group = open.find(each => each.every(({ file }) => file !== mutant.file))
    if (group === undefined) {
      group = []
      open.push(group)
      groups.push(group)
    }
    group.push(mutant)
    open = open.filter(each => each.length < AT_ONCE)
  }
  return groups
}

describe('a pipeline file with one token deleted or changed', () => {
  let folder: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasl-mutants-'))
  })

  after(() => rmSync(folder, { recursive: true }))

  async function faultsOf(group: readonly Mutant[], place: number): Promise<string[]> {
    for (const { file, content } of group) writeFileSync(join(folder, file), content)
    const set = await loadPipelines({
      folders: { pipelines: [folder], config: [ours.config] },
      registry,
      ...choices[place % choices.length],
    }).catch((error: Error) => error)
    for (const { file } of group) writeFileSync(join(folder, file), originals.get(file) as string)
    if (set instanceof Error) return [`${group.map(({ what }) => what).join(' | ')}: ${set.stack}`]
    return group.flatMap(({ file, what, content }) => {
      const findings = set.findings.filter(finding => finding.file.endsWith(`/${file}`))
      const nowhere = findings.filter(({ line, column }) => line < 1 || column < 1)
      if (nowhere.length > 0) return [`${what}: ${nowhere[0]?.code} has no place`]
      if (findings.length > 0) return []
      // Nothing is wrong: then it runs, or another file was chosen for its module.
      const { module } = JSON.parse(content) as { module: string }
      const another = [...originals.keys()].some(name => name !== file && isAbout(name, module))
      return set.modules.has(module) || another ? [] : [`${what}: no finding, and it does not run`]
    })
  }

  const isAbout = (name: string, module: string): boolean =>
    (JSON.parse(originals.get(name) as string) as { module: string }).module === module

  it(`is told with its place or still valid, in ${COUNT.toLocaleString('en')} cases`, async () => {
    for (const [name, text] of originals) writeFileSync(join(folder, name), text)
    const faults: string[] = []
    for (const [place, group] of together(sample()).entries()) faults.push(...(await faultsOf(group, place)))
    expect(faults.join('\n')).to.equal('')
  }).timeout(60_000)
})
