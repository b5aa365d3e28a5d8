import { expect } from 'chai'
import {
  coqlIn,
  coqlName,
  coqlNumber,
  coqlText,
  criteriaEquals,
  criteriaValue,
} from '../../../connectors/zoho/coql.ts'
import zoho from '../../../connectors/zoho/index.ts'
import { matcher, parseCoql } from '../../../connectors/zoho/sandbox/coql.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../../connectors/zoho/sandbox/index.ts'
import { parseCriteria } from '../../../connectors/zoho/sandbox/search.ts'
import { SetupError } from '../../../core/errors.ts'
import type { Connection } from '../../../core/plugin.ts'
import { memoryVault, toolsFor } from './tools.ts'

/** Values that would change a query in which they stood unquoted. */
const nasty = [
  "O'Brien",
  "''",
  "'",
  "x' or id is not null or 'a'='a",
  "') or (id is not null",
  '\\',
  "\\'",
  'a\\',
  "a\\' or id is not null or \\'",
  '"quoted"',
  '%',
  '_',
  '*',
  'a,b',
  'a@b.c)or(id:greater_than:0',
  '(a)and(b)',
  ':equals:',
  '$' + '{Leads.Email}',
  'ليلى الخطيب',
  '😀',
  'null',
  '-- comment',
  '; drop table',
  ' leading and trailing ',
  'Ａ wide letters',
]

describe('quoting for COQL', () => {
  const table: [string, string | undefined][] = [
    ['plain', "'plain'"],
    ["O'Brien", "'O''Brien'"],
    ["''", "''''''"],
    ['a\\b', undefined],
    ['a\nb', undefined],
    ['a\u0000b', undefined],
    ['a\u2028b', undefined],
    ['', "''"],
  ]
  for (const [value, quoted] of table)
    it(`${JSON.stringify(value)} becomes ${quoted ?? 'nothing: COQL cannot carry it for certain'}`, () => {
      expect(coqlText(value)).to.equal(quoted)
    })

  it('takes numbers bare, and nothing else as a number', () => {
    for (const value of ['0', '-5', '69.99', '123456789012345678']) expect(coqlNumber(value)).to.equal(value)
    for (const value of ['', '1 or 1=1', '1e9', '0x10', '٣', '--1', '1.', ' 1', 'NaN', '1)'])
      expect(coqlNumber(value), value).to.equal(undefined)
  })

  it('takes API names and nothing else as a name', () => {
    expect(coqlName('Student_Moodle_ID')).to.equal('Student_Moodle_ID')
    for (const name of ['', '1a', 'a b', "a'", 'a.b', 'a)', 'Full Name', 'id; x'])
      expect(coqlName(name)).to.equal(undefined)
  })

  for (const value of nasty)
    it(`carries ${JSON.stringify(value)} as one value, or not at all`, () => {
      const quoted = coqlText(value)
      if (quoted === undefined) return expect(value).to.match(/\\/)
      const query = parseCoql(coqlIn('BTEC_Students', ['id'], 'Last_Name', ["'other'", quoted]))
      if ('join' in query.where) throw new Error('the value became a condition')
      expect(query.where.values).to.deep.equal(['other', value])
      expect(matcher(query.where)(() => 'somebody else')).to.equal(false)
      expect(matcher(query.where)(() => value)).to.equal(true)
      return undefined
    })
})

describe('quoting for the criteria of search', () => {
  for (const value of nasty)
    it(`carries ${JSON.stringify(value)} as one value`, () => {
      const criterion = parseCriteria(criteriaEquals('Last_Name', criteriaValue(value)!))
      expect(criterion).to.deep.equal({ field: 'Last_Name', operator: 'equals', value })
    })

  it('does not carry control characters', () => {
    for (const value of ['a\nb', '\u0000', '\u007f']) expect(criteriaValue(value)).to.equal(undefined)
  })
})

describe('finding by values that hurt', () => {
  let sandbox: ZohoSandbox
  let connection: Connection
  const none = new AbortController().signal
  const resource = () => connection.resources['BTEC_Students']!

  before(async () => {
    sandbox = await startZohoSandbox()
    connection = zoho.connect(sandbox.settings, toolsFor(memoryVault()))
    for (const [n, value] of nasty.entries())
      sandbox.person.create('BTEC_Students', {
        Academic_Email: `s${n}@x.example`,
        Last_Name: value,
        Notes: value,
      })
    sandbox.person.create('BTEC_Students', {
      Academic_Email: 'o@x.example',
      Last_Name: 'OBrien',
      Username: '007',
    })
  })
  after(async () => {
    await connection.close()
    await sandbox.close()
  })

  it('finds each of them exactly, and nobody else, all in one go', async () => {
    const found = await resource().find('Last_Name', nasty, none)
    for (const [n, value] of nasty.entries()) {
      // A search for punctuation alone finds nothing in Zoho: not found is honest, somebody else would not be.
      const mails = (found.get(value) ?? []).map(payload => payload['Academic_Email'])
      if (value.includes('\\') && !/\w/.test(value)) expect(mails, value).to.deep.equal([])
      else expect(mails, value).to.deep.equal([`s${n}@x.example`])
    }
  })

  it('finds by a long text through the search, compared exactly', async () => {
    const found = await resource().find('Notes', ["O'Brien", 'Brien'], none)
    expect([...found.keys()]).to.deep.equal(["O'Brien"])
  })

  it('tells upper from lower case, which COQL does not', async () => {
    expect((await resource().find('Last_Name', ['OBRIEN', 'obrien'], none)).size).to.equal(0)
  })

  it('finds ids with leading zeros as texts', async () => {
    expect([...(await resource().find('Username', ['7', '007'], none)).keys()]).to.deep.equal(['007'])
  })

  it('asks in calls of fifty values', async () => {
    const before = sandbox.log.length
    await resource().find(
      'Username',
      Array.from({ length: 120 }, (_, n) => `u${n}`),
      none,
    )
    const queries = sandbox.log.slice(before).filter(({ path }) => path.endsWith('/coql'))
    expect(queries).to.have.length(3)
  })

  it('does not say "nobody" of a field that the module does not have', async () => {
    const error = await resource()
      .find('No_Such_Field', ['x'], none)
      .catch(error => error)
    expect(error)
      .to.be.instanceOf(SetupError)
      .and.include({ code: 'ZOHO_FIELD', at: 'No_Such_Field', resource: 'BTEC_Students' })
  })
})
