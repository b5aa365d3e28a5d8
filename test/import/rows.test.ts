import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { SetupError } from '../../core/errors.ts'
import { elementsOf } from '../../core/import/elements.ts'
import { formatOf, rowsOf } from '../../core/import/rows.ts'
import type { Json } from '../../core/plugin.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'wasl-rows-'))
})
after(() => rmSync(folder, { recursive: true }))

async function read(name: string, content: string | Buffer) {
  const path = join(folder, name)
  writeFileSync(path, content)
  const rows = []
  for await (const row of rowsOf(path, formatOf(path), () => undefined)) rows.push(row)
  return rows
}
const records = async (name: string, content: string | Buffer): Promise<Json[]> =>
  (await read(name, content)).map(row => ('record' in row ? row.record : { wrong: row.wrong.code }))
const refusal = (name: string, content: string | Buffer): Promise<SetupError> =>
  read(name, content).then(
    () => expect.fail('the file was read'),
    error => {
      expect(error).to.be.instanceOf(SetupError)
      return error
    },
  )

/** The text in pieces of `size` characters. */
async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size)
}

describe('a file of records', () => {
  it('is a JSON list, whose long ids keep their digits', async () => {
    expect(
      await records('a.json', '\ufeff[{"id": 5398830000000123456, "n": 1}, {"id": "0001"}]'),
    ).to.deep.equal([{ id: '5398830000000123456', n: 1 }, { id: '0001' }])
  })

  it('is a list under "data", whatever stands around it', async () => {
    const text = '{"info": {"data": [1], "x": "data"}, "note": "]}", "data" : [{"a": "]"}], "more": [2]}'
    expect(await records('b.json', text)).to.deep.equal([{ a: ']' }])
  })

  it('may be an empty list, and may have a comma too many', async () => {
    expect(await records('c.json', ' [ ] ')).to.deep.equal([])
    expect(await records('c.json', '[1,]')).to.deep.equal([1])
  })

  it('is cut at the same places, however its text comes', async () => {
    const text = '{ "count": 2, "data": [ {"a": "\\"]},\\\\", "b": [1, {"c": []}]} , "x,y" , 7 , null ] }'
    for (let size = 1; size <= text.length; size++) {
      const parts: string[] = []
      for await (const part of elementsOf('f.json', inPieces(text, size)))
        if ('text' in part) parts.push(part.text.trim())
      expect(parts, `${size} characters at a time`).to.deep.equal([
        '{"a": "\\"]},\\\\", "b": [1, {"c": []}]}',
        '"x,y"',
        '7',
        'null',
      ])
    }
  })

  it('that is cut off brings what it has, and says so', async () => {
    expect(await records('d.json', '[{"a": 1}, {"a": 2')).to.deep.equal([{ a: 1 }, { wrong: 'FILE_CUT_OFF' }])
  })

  it('with one broken record brings the others', async () => {
    expect(await records('e.json', '[{"a": 1}, {"a": }, {"a": 1, "a": 2}, {"a": 3}]')).to.deep.equal([
      { a: 1 },
      { wrong: 'JSON_SYNTAX' },
      { wrong: 'JSON_DUPLICATE_KEY' },
      { a: 3 },
    ])
    const lines = await read('e.ndjson', '{"a":1}\r\n\r\n{"a":\n{"a":3}')
    expect(lines.map(({ row, line }) => [row, line])).to.deep.equal([
      [1, 1],
      [2, 3],
      [3, 4],
    ])
    expect(lines[1]).to.have.property('wrong').with.property('code', 'JSON_SYNTAX')
  })

  it('is CSV whose first line names the fields; every value is a text', async () => {
    const text = '\ufeff"Full Name",Student_ID,,Note\r\n"ليلى, ""L""",00012,x,"two\nlines"\r\nAli,,y,\r\n'
    expect(await records('f.csv', text)).to.deep.equal([
      { 'Full Name': 'ليلى, "L"', Student_ID: '00012', Note: 'two\nlines' },
      { 'Full Name': 'Ali', Student_ID: '', Note: '' },
    ])
  })

  it('is CSV with semicolons or tabs as well', async () => {
    expect(await records('g.csv', 'a;b\n1;2,5\n')).to.deep.equal([{ a: '1', b: '2,5' }])
    expect(await records('g.tsv', 'a\tb\n1\t2\n')).to.deep.equal([{ a: '1', b: '2' }])
  })

  it('is CSV that tells each line that does not fit', async () => {
    const rows = await read('h.csv', 'a,b\n1,2\n1,2,3\n4,5\n')
    expect(rows.map(row => [row.row, row.line, 'wrong' in row ? row.wrong.code : 'good'])).to.deep.equal([
      [1, 2, 'good'],
      [2, 3, 'CSV_RECORD_INCONSISTENT_COLUMNS'],
      [3, 4, 'good'],
    ])
    const open = await read('h.csv', 'a,b\n1,2\n"3,4\n5,6\n')
    expect(open.at(-1)).to.have.property('wrong').with.property('code', 'CSV_QUOTE_NOT_CLOSED')
  })

  it('is refused with a sentence where it is none of these', async () => {
    expect((await refusal('i.json', '{"rows": []}')).code).to.equal('FILE_SHAPE')
    expect((await refusal('i.json', '"text"')).code).to.equal('FILE_SHAPE')
    expect((await refusal('i.json', '')).code).to.equal('FILE_SHAPE')
    expect((await refusal('i.csv', 'a,a\n1,2\n')).message).to.contain('names "a" twice')
    expect((await refusal('i.csv', Buffer.from('a\n\xe1\xc8\n', 'latin1'))).code).to.equal('FILE_NOT_UTF8')
    expect(() => formatOf('i.xlsx')).to.throw(SetupError, 'cannot be told')
  })
})
