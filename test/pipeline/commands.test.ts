import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { check } from '../../core/commands/check.ts'
import { docs } from '../../core/commands/docs.ts'
import { dryRun } from '../../core/commands/dry-run.ts'
import { UsageError } from '../../core/commands/pipeline-context.ts'
import { test } from '../../core/commands/test.ts'
import { SetupError } from '../../core/errors.ts'
import { ours, withFiles } from './folders.ts'
import { registry } from './plugins.ts'

type Run = typeof check

async function output(
  command: Run,
  args: readonly string[],
  folders = { pipelines: [ours.pipelines], config: [ours.config] },
) {
  const lines: string[] = []
  const code = await command({ folders, registry, print: line => lines.push(line), color: false }, args)
  return { code, text: lines.join('\n') }
}

async function refused(run: Promise<unknown>): Promise<Error> {
  try {
    await run
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was refused')
}

const student = readFileSync(join(ours.pipelines, 'student.json'), 'utf8')

describe('wasl check', () => {
  it('ends with 0 when nothing is wrong', async () => {
    const { code, text } = await output(check, [])
    expect(code).to.equal(0)
    expect(text).to.equal(
      'Nothing is wrong. 9 modules can run: class, enrollment, grade, payment, program, registration, student, teacher, unit.',
    )
  })

  it('ends with 1 and tells each finding with its place, also those of every college’s mapping', async () => {
    const files = {
      'pipelines/student.json': student.replace(
        '"required": ["fullName", "email"]',
        '"required": ["fullName", "emial"]',
      ),
      'config/mappings/al-noor/teacher.json': {
        module: 'teacher',
        read: { 'zoho/BTEC_Teachers': { email: false } },
      },
    }
    await withFiles(files, async folder => {
      const folders = {
        pipelines: [ours.pipelines, join(folder, 'pipelines')],
        config: [ours.config, join(folder, 'config')],
      }
      const { code, text } = await output(check, [], folders)
      expect(code).to.equal(1)
      expect(text).to.contain('pipelines/student.json:10:30  UNKNOWN_FIELD')
      expect(text).to.contain('the record has no field "emial"  → email')
      expect(text).to.contain('config/mappings/al-noor/teacher.json:5:7  FIELD_NEEDED')
      expect(text).to.contain('2 findings. ')
      const json = JSON.parse((await output(check, ['--json'], folders)).text)
      expect(json.ok).to.equal(false)
      expect(json.findings.map((one: { code: string }) => one.code)).to.have.members([
        'UNKNOWN_FIELD',
        'FIELD_NEEDED',
      ])
      const one = JSON.parse((await output(check, ['--json', '--tenant', 'other'], folders)).text)
      expect(one.findings).to.have.length(1)
    })
  })

  it('explains wrong arguments', async () => {
    const error = await refused(output(check, ['--jsn']))
    expect(error).to.be.instanceOf(UsageError)
    expect(error.message).to.contain("Unknown option '--jsn'")
    expect(error.message).to.contain('Usage: wasl check [--tenant <id>] [--json] [--watch]')
  })
})

describe('wasl dry-run', () => {
  const run = (content: unknown, args: readonly string[] = [], stored?: unknown) =>
    withFiles({ 'in.json': content, 'stored.json': stored ?? {} }, folder =>
      output(dryRun, [
        ...(args.length > 0 && !args[0]?.startsWith('-') ? [args[0] as string] : ['students']),
        join(folder, 'in.json'),
        ...args.filter((arg, index) => index > 0 || arg.startsWith('-')),
        ...(stored === undefined ? [] : ['--stored', join(folder, 'stored.json')]),
      ]),
    )
  const ali = { id: '5398830000123456789', Full_Name: 'Ali Hassan', Academic_Email: 'ali@college.test' }

  it('shows each step, the fields and what would be sent', async () => {
    const { code, text } = await run(ali)
    expect(code).to.equal(0)
    expect(text.split('\n').slice(0, 6)).to.deep.equal([
      'Record 1  NEW',
      '  parse: done',
      '  map: 7 fields of 3',
      text.split('\n')[3],
      '  upsert: NEW',
      '  push: moodle/user',
    ])
    expect(text).to.contain('    zohoId = "5398830000123456789"')
    expect(text).to.contain('  to moodle/user\n    username = "ali"')
  })

  it('keeps the digits of ids that are numbers in the file', async () => {
    const { text } = await run('{ "id": 5398830000123456789, "Full_Name": "Ali Hassan", "Email": "a@b.c" }')
    expect(text).to.contain('zohoId = "5398830000123456789"')
  })

  it('shows the difference to a record that is there', async () => {
    const stored = { student: [{ zohoId: ali.id, fullName: 'Ali Hasan', email: 'ali@college.test' }] }
    const { text } = await run({ data: [ali] }, [], stored)
    expect(text).to.contain('Record 1  UPDATED')
    expect(text).to.contain('  fullName: - "Ali Hasan" + "Ali Hassan"')
  })

  it('names what is missing, and sends nothing then', async () => {
    const grade = { userid: '42', key: '42_1', finalgrade: 70, gradetype: 1 }
    const { code, text } = await run(grade, ['grade', '--flow', 'moodle-to-zoho'])
    expect(code).to.equal(0)
    expect(text).to.contain('Record 1  WAITING  student 42 is not here yet')
    expect(text).to.contain('  missing: student 42')
    expect(text).not.to.contain('to zoho/BTEC_Grades')
  })

  it('ends with 1 when a record is invalid, and goes on with the others', async () => {
    const { code, text } = await run([{ id: '1', Full_Name: 'A' }, ali])
    expect(code).to.equal(1)
    expect(text).to.contain('TOO_SHORT  fullName: "A" is shorter than 2 characters')
    expect(text).to.contain('Record 2  NEW')
  })

  it('answers tools in JSON', async () => {
    const { text } = await run([{ id: '1', Full_Name: 'Ali Hassan' }], ['--json'])
    const [one] = JSON.parse(text)
    expect(one).to.deep.include({ outcome: 'INVALID', module: 'student', flow: 'zoho-to-moodle' })
    expect(one.error).to.deep.include({ code: 'REQUIRED', at: 'email' })
  })

  it('explains what it cannot use', async () => {
    const wrong: [() => Promise<unknown>, typeof SetupError | typeof UsageError, string][] = [
      [() => output(dryRun, ['student']), UsageError, 'Something is missing'],
      [
        () => run(ali, ['studnt']),
        UsageError,
        'There is no running module "studnt". Known are class, enrollment',
      ],
      [
        () => run(ali, ['student', '--flow', 'back']),
        UsageError,
        'has no flow "back". Known are zoho-to-moodle, moodle-to-zoho',
      ],
      [() => output(dryRun, ['student', '/nowhere.json']), SetupError, '/nowhere.json cannot be read'],
      [() => run('{ "id": '), SetupError, 'in.json'],
      [() => run([7]), SetupError, 'record 1 is no object'],
      [() => run(ali, [], { nobody: [] }), SetupError, 'there is no module "nobody"'],
    ]
    for (const [attempt, kind, message] of wrong) {
      const error = await refused(attempt())
      expect(error).to.be.instanceOf(kind)
      expect(error.message).to.contain(message)
    }
  })
})

describe('wasl test', () => {
  const cases = (outcome: string, more: object = {}) => ({
    flow: 'student/zoho-to-moodle',
    event: { id: '1', Full_Name: 'Ali Hassan', Email: 'a@b.c', City: 'Amman' },
    cases: [{ name: 'Ali is sent', expect: { outcome, ...more } }],
  })
  const run = (content: unknown, args: readonly string[] = []) =>
    withFiles({ 'own.cases.json': content }, folder =>
      output(test, [join(folder, 'own.cases.json'), ...args]),
    )

  it('ends with 0 when all pass', async () => {
    const { code, text } = await run(cases('NEW', { sent: { 'moodle/user': { city: 'Amman' } } }))
    expect(code).to.equal(0)
    expect(text).to.contain('1 of 1 cases passed.')
  })

  it('shows what was expected and what came where one fails, and ends with 1', async () => {
    const { code, text } = await run(
      cases('NEW', { sent: { 'moodle/user': { city: 'Irbid' } }, notSent: ['email'] }),
    )
    expect(code).to.equal(1)
    expect(text).to.contain(
      '  ✗ Ali is sent\n      sent.moodle/user.city\n        - expected "Irbid"\n        + came     "Amman"',
    )
    expect(text).to.contain('notSent')
    const other = await run(cases('INVALID'))
    expect(other.text).to.contain('- expected "INVALID"\n        + came     "NEW"')
  })

  it('tells what is wrong with the case file itself, with its place', async () => {
    const misspelt = await run(cases('NEW', { snet: {} }))
    expect(misspelt.code).to.equal(1)
    expect(misspelt.text).to.match(/own\.cases\.json:\d+:\d+ {2}UNKNOWN_PROPERTY/)
    expect(misspelt.text).to.contain('→ sent')
    const nowhere = await run({ ...cases('NEW'), flow: 'student/back' })
    expect(nowhere.text).to.contain('UNKNOWN_FLOW')
    const after = await run({
      ...cases('NEW'),
      cases: [{ name: 'x', after: ['y'], expect: { outcome: 'NEW' } }],
    })
    expect(after.text).to.contain('- expected "y"')
  })

  it('ends with 2 when there is nothing to run', async () => {
    await withFiles({ 'pipelines/student.json': student }, async folder => {
      const { code } = await output(test, [], {
        pipelines: [join(folder, 'pipelines')],
        config: [ours.config],
      })
      expect(code).to.equal(2)
    })
  })
})

describe('wasl docs', () => {
  it('writes the reference of every module', async () => {
    await withFiles({}, async folder => {
      const { code } = await output(docs, [join(folder, 'reference.md')])
      const page = readFileSync(join(folder, 'reference.md'), 'utf8')
      expect(code).to.equal(0)
      expect(page).to.contain('## student')
      expect(page).to.contain('| `username` | string | unique, its change is news |')
      expect(page).to.contain('Sent to `moodle/user`, matched by `id`, `idnumber`, `email`.')
      expect(page).to.contain('| `moodle-username` |')
    })
  })
})
