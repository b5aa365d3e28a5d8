import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../core/store/connect.ts'
import { freshDatabase } from '../store.ts'
import { type College, environmentFor, openCollege, until } from './college.ts'

const wasl = fileURLToPath(new URL('../../core/wasl.mjs', import.meta.url))
const COUNT = 2000
/** The one without an address. */
const BAD = 1234

const student = (n: number) => ({
  id: String(9_007_199_254_740_993_000n + BigInt(n)),
  Student_ID: String(n).padStart(8, '0'),
  Full_Name: `ليلى حداد ${n}`,
  Academic_Email: n === BAD ? '' : `s${n}@college.test`,
  Status: 'Active',
})
const students = Array.from({ length: COUNT }, (_, n) => student(n + 1))
const names = Object.keys(student(1)) as (keyof ReturnType<typeof student>)[]
const csv = [names.join(','), ...students.map(row => names.map(name => row[name]).join(','))].join('\r\n')
/** Ids as numbers of 19 digits, as some exports write them. */
const ndjson = students.map(row => JSON.stringify(row).replace(/"id":"(\d+)"/, '"id":$1')).join('\n')

interface Report {
  readonly summary: Readonly<Record<string, number>>
  readonly repeated: number
  readonly troubles: readonly Readonly<Record<string, unknown>>[]
}

describe('wasl import', () => {
  let folder: string
  const started: ChildProcess[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasl-import-'))
    await writeFile(join(folder, 'students.csv'), csv)
    await writeFile(join(folder, 'students.ndjson'), ndjson)
    await writeFile(join(folder, 'students.json'), JSON.stringify({ data: students }))
  })

  after(async () => {
    for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  function run(args: readonly string[], env: Record<string, string>) {
    const child = spawn(process.execPath, [wasl, 'import', ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    started.push(child)
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', text => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', text => {
      output.stderr += text
    })
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
    return { child, ended }
  }

  async function report(args: readonly string[], env: Record<string, string>) {
    const { code, stdout, stderr } = await run([...args, '--json'], env).ended
    if (stdout === '') throw new Error(stderr)
    return { code, ...(JSON.parse(stdout) as Report) }
  }

  const addsUp = ({ total, ...counts }: Report['summary']) =>
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).to.equal(total)

  describe('into an engine that runs', () => {
    let college: College
    let env: Record<string, string>

    before(async () => {
      college = await openCollege({ announce: false })
      env = {
        WASL_DATA: college.settings.dataFolder,
        MONGODB_URI: college.settings.mongodbUri as string,
      }
    })

    after(() => college.close())

    it('goes on where it was killed, and lists the one bad row', async () => {
      const file = join(folder, 'students.csv')
      const { child, ended } = run(['student', file], env)
      const deliveries = college.engine.store.db.collection('deliveries')
      await until(
        'the first part',
        async () => (await deliveries.countDocuments({ channel: 'batch' })) > 0,
        30_000,
      )
      child.kill('SIGKILL')
      expect((await ended).code, 'killed').to.equal(null)
      const before = await deliveries.countDocuments({ channel: 'batch' })
      expect(before).to.be.lessThan(COUNT / 500)

      const { code, summary, repeated, troubles } = await report(['student', file], env)
      expect(code).to.equal(1)
      expect(repeated).to.equal(before * 500)
      addsUp(summary)
      expect(summary).to.include({ total: COUNT, invalid: 1, new: COUNT - 1, open: 0 })
      expect(troubles).to.have.length(1)
      expect(troubles[0]).to.include({ row: BAD, line: BAD + 1, state: 'INVALID', field: 'email' })
      expect(await deliveries.countDocuments({ channel: 'batch' })).to.equal(COUNT / 500)
      const stored = await college.engine.store.db
        .collection('records')
        .findOne({ identities: `zoho/BTEC_Students:${student(42).id}` })
      expect(stored?.['fields']).to.include({ studentId: '00000042', fullName: 'ليلى حداد 42' })
    }).timeout(60_000)

    it('finds nothing new in the same records of another file', async () => {
      const { code, summary, repeated } = await report(['students', join(folder, 'students.ndjson')], env)
      expect(code).to.equal(1)
      expect(repeated).to.equal(0)
      expect(summary).to.include({ total: COUNT, unchanged: COUNT - 1, invalid: 1 })
    }).timeout(60_000)

    it('says in words what came of it', async () => {
      const file = join(folder, 'few.json')
      await writeFile(file, JSON.stringify([student(1), { ...student(5001), Academic_Email: 'no address' }]))
      const { code, stdout } = await run(['student', file], env).ended
      expect(code).to.equal(1)
      expect(stdout).to.match(/^record 2 {2}INVALID \w+ email: .+\n2 records: 1 unchanged, 1 invalid\.\n$/)
    }).timeout(30_000)

    it('ends with 0 where every record went through', async () => {
      const file = join(folder, 'good.json')
      await writeFile(file, JSON.stringify([student(1)]))
      expect(await report(['student', file], env)).to.include({ code: 0 })
    }).timeout(30_000)

    it('says what is wrong with the command line, the file or the module, before anything is sent', async () => {
      const file = join(folder, 'students.csv')
      const attempts: [string[], number, RegExp][] = [
        [['student'], 2, /Usage: wasl import <module> <file>/],
        [['student', join(folder, 'nowhere.csv')], 3, /FILE_UNREADABLE: .*nowhere\.csv is not there/],
        [['nothing', file], 1, /There is no module "nothing"/],
        [['student', file, '--connector', 'sap'], 1, /CONNECTOR_NEEDED/],
      ]
      for (const [args, expected, words] of attempts) {
        const { code, stderr } = await run(args, env).ended
        expect(stderr).to.match(words)
        expect(code, stderr).to.equal(expected)
      }
    }).timeout(30_000)
  })

  describe('without an engine', () => {
    it('stores and applies by itself, killed in between as well', async () => {
      const college = await openCollege({ announce: false })
      const { zoho, moodle } = college
      const data = await mkdtemp(join(folder, 'data-'))
      const uri = await freshDatabase()
      const store = await openStore({ uri })
      const env = {
        WASL_DATA: data,
        MONGODB_URI: uri,
        ...environmentFor(zoho, moodle),
      }
      try {
        const file = join(folder, 'students.json')
        const { child, ended } = run(['student', file], env)
        const deliveries = store.db.collection('deliveries')
        await until(
          'the first part',
          async () => (await deliveries.countDocuments({ channel: 'batch' })) > 0,
          30_000,
        )
        child.kill('SIGKILL')
        await ended
        const { code, summary, troubles, repeated } = await report(['student', file], env)
        expect(repeated).to.be.greaterThan(0)
        addsUp(summary)
        expect(summary).to.include({ total: COUNT, invalid: 1, open: 0 })
        expect(troubles.map(({ row, field }) => [row, field])).to.deep.equal([[BAD, 'email']])
        expect(code).to.equal(1)
        expect(
          await store.db.collection('records').countDocuments({ 'fields.studentId': '00000042' }),
        ).to.equal(1)
        expect(await store.db.collection('records').countDocuments()).to.equal(COUNT)
      } finally {
        await store.close()
        await college.close()
      }
    }).timeout(90_000)
  })
})
