/**
 * Every function of the service, with what it takes and what it refuses, in one run on a real Moodle: the sandbox
 * answers the same, byte for byte, but for ids and times.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type MoodleSandbox, startMoodleSandbox } from '../../../connectors/moodle/sandbox/index.ts'

interface Exchange {
  readonly administrator: boolean
  /** Names of ids in the answer, with the place of their row in it. */
  readonly names: readonly (readonly [name: string, row: number])[]
  readonly name: string
  readonly parameters: readonly (readonly [string, string])[]
  readonly answer: string
}

const exchanges: readonly Exchange[] = readFileSync(
  join(import.meta.dirname, 'transcripts', 'all-functions.txt'),
  'utf8',
)
  .trimEnd()
  .split('\n\n')
  .slice(1)
  .map(block => {
    const lines = block.split('\n')
    const title = lines[0]!.startsWith('--- ') ? lines.shift()!.slice(4) : ''
    const [, name = '', values = ''] = /^POST (\S+) *(.*)$/.exec(lines.shift()!)!
    return {
      administrator: title.includes('administrator'),
      names: [...title.matchAll(/(\w+)=(\d)/g)].map(([, id = '', row]) => [id, Number(row)] as const),
      name,
      parameters: values
        .split(/ (?=[a-z]\w*(?:\[\w+\])*=)/)
        .filter(value => value !== '')
        .map(value => [value.slice(0, value.indexOf('=')), value.slice(value.indexOf('=') + 1)] as const),
      answer: lines.join('\n'),
    }
  })

describe('the Moodle sandbox answers every function as the real Moodle did', () => {
  const ids = new Map<string, string>()
  let sandbox: MoodleSandbox

  before(async () => {
    sandbox = await startMoodleSandbox({ debug: true })
    const { site } = sandbox
    site.anyCase = true
    for (const capability of ['moodle/user:delete', 'moodle/course:setforcedlanguage'])
      site.withheld.add(capability)
    // Ids that are like no other number of an answer.
    const [category, course, user] = [site.categories.get(1)!, site.courses.get(1)!, site.users.get(1)!]
    for (const [table, row] of [
      [site.users, { ...user, id: 70_000, username: 'gone', emailkey: 'gone' }],
      [site.courses, { ...course, id: 80_000 }],
      [site.categories, { ...category, id: 90_000 }],
      [site.cohorts, { id: 60_000, name: '', idnumber: '', description: '', visible: 1 }],
      [site.groups, { id: 50_000, courseid: 1, name: '', idnumber: '', description: '', timemodified: 0 }],
    ] as const) {
      table.insert(row as never)
      table.remove(row.id)
    }
  })
  after(() => sandbox.stop())

  /** The answer with names for what another site has otherwise. */
  const named = (answer: string): string =>
    [...ids]
      .reduce(
        (text, [name, id]) => text.replace(new RegExp(`(?<![\\d.])${id}(?!\\d)`, 'g'), `{${name}}`),
        answer.replaceAll(sandbox.url.replaceAll('/', '\\/'), '{root}'),
      )
      .replace(/pluginfile.php\\\/\d+/g, 'pluginfile.php\\/{ctx}')
      .replace(/\\\/core\\\/\d+\\\/u/g, '\\/core\\/{rev}\\/u')
      .replace(/"sortorder":\d+/g, '"sortorder":{n}')
      .replace(/"(timecreated|timemodified|cacherev)":\d+/g, '"$1":{t}')

  exchanges.forEach(({ administrator, names, name, parameters, answer }, n) => {
    it(`${n + 1}: ${name}`, async () => {
      const form = new URLSearchParams([
        ['wstoken', administrator ? sandbox.adminToken : sandbox.token],
        ['wsfunction', name],
        ['moodlewsrestformat', 'json'],
        ...parameters.map(([field, value]) => [
          field,
          value.replace(/\$(\w+)/g, (_, id: string) => ids.get(id) ?? ''),
        ]),
      ] as [string, string][])
      const path = `${sandbox.url}/webservice/rest/server.php`
      const text = await (await fetch(path, { method: 'POST', body: form })).text()
      const rows = names.length === 0 ? [] : (JSON.parse(text) as { readonly id: number }[])
      for (const [id, row] of names) ids.set(id, String(rows[row]?.id))
      expect(named(text)).to.equal(answer)
    })
  })
})
