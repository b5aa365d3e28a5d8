import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { nearest } from '../../core/pipeline/nearest.ts'
import { pointer, readSource } from '../../core/pipeline/source.ts'

const student = readFileSync(fileURLToPath(new URL('../../pipelines/student.json', import.meta.url)), 'utf8')

describe('a JSON file', () => {
  it('is read with the place of every name', () => {
    const { source, findings } = readSource('a.json', '{\n  "a": [1,\n    { "b/c": 2 }]\n}')
    expect(findings).to.deep.equal([])
    expect(source.value).to.deep.equal({ a: [1, { 'b/c': 2 }] })
    expect(source.at(['a'])).to.deep.equal({ line: 2, column: 3 })
    expect(source.at(['a', 0])).to.deep.equal({ line: 2, column: 9 })
    expect(source.at(['a', 1, 'b/c'])).to.deep.equal({ line: 3, column: 7 })
    expect(source.at(['a', 1, 'missing'])).to.deep.equal({ line: 3, column: 5 })
    expect(pointer(['a', 1, 'b/c~'])).to.equal('/a/1/b~1c~0')
  })

  it('C01: that is cut anywhere is one finding with its line and column', () => {
    const step = Math.max(1, Math.floor(student.length / 400))
    for (let length = 0; length < student.trimEnd().length; length += step) {
      const { source, findings } = readSource('cut.json', student.slice(0, length))
      expect(source.value, `cut at ${length}`).to.equal(undefined)
      expect(findings.map(({ code }) => code)).to.deep.equal(['JSON_SYNTAX'])
      expect(findings[0]?.line).to.be.greaterThan(0)
      expect(findings[0]?.column).to.be.greaterThan(0)
    }
  })

  const broken: [string, string, string, number, number][] = [
    ['a comment', '{ // no\n}', 'JSON has no comments', 1, 3],
    ['a comma too many', '{ "a": 1, }', 'a name in double quotes belongs here', 1, 11],
    ['single quotes', "{ 'a': 1 }", 'this is no JSON value', 1, 3],
    ['a text over two lines', '{ "a": "b\n" }', 'the text is not closed', 1, 8],
    ['a second document', '{}\n{}', 'the file should end here', 2, 1],
    ['nothing', '  \n', 'a value belongs here', 2, 1],
  ]
  for (const [title, text, message, line, column] of broken)
    it(`with ${title} says so at ${line}:${column}`, () => {
      const { findings } = readSource('a.json', text)
      expect(findings.map(one => [one.message, one.line, one.column])).to.deep.equal([
        [message, line, column],
      ])
    })

  it('with a name twice says where the first one stands', () => {
    const { findings } = readSource('a.json', '{\n  "a": { "b": 1 },\n  "a": 2\n}')
    expect(findings).to.have.length(1)
    expect(findings[0]).to.include({ code: 'DUPLICATE_KEY', line: 3, column: 3, pointer: '/a' })
    expect(findings[0]?.message).to.contain('the first is at line 2')
  })

  it('C13: that is very large or very deep is refused at once', () => {
    const started = performance.now()
    expect(readSource('big.json', `"${'x'.repeat(2 * 1024 * 1024)}"`).findings[0]?.code).to.equal(
      'FILE_TOO_LARGE',
    )
    expect(readSource('deep.json', '['.repeat(100_000)).findings[0]?.code).to.equal('JSON_DEPTH')
    expect(readSource('text.json', JSON.stringify('['.repeat(1000))).findings).to.deep.equal([])
    expect(performance.now() - started).to.be.lessThan(200)
  })

  it('may begin with a byte order mark', () => {
    expect(readSource('a.json', '\ufeff{"a":1}').source.value).to.deep.equal({ a: 1 })
  })
})

describe('the name that was meant', () => {
  const names = ['firstName', 'lastName', 'email', 'moodleUserId']
  const meant: [string, string | undefined][] = [
    ['lastNam', 'lastName'],
    ['lastname', 'lastName'],
    ['emial', 'email'],
    ['moodleUserID', 'moodleUserId'],
    ['telephone', undefined],
    ['', undefined],
  ]
  for (const [name, expected] of meant)
    it(`of "${name}" is ${expected ?? 'nobody’s guess'}`, () => {
      expect(nearest(name, names)).to.equal(expected)
    })
})
