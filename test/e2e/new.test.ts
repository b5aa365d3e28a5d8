import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { create } from '../../core/commands/new.ts'
import { loadConnectors } from '../../core/connectors.ts'
import { type Engine, startEngine } from '../../core/engine.ts'
import { createLog } from '../../core/log.ts'
import type { Sandbox } from '../../core/new/template/sandbox/index.ts'
import { readSettings, type Settings } from '../../core/settings.ts'
import { freshDatabase } from '../store.ts'
import { connectors as builtIn, until } from './college.ts'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const run = promisify(execFile)
const log = createLog({ level: 'silent', readable: true })
const code = () =>
  execFileSync('git', ['status', '--porcelain', 'core', 'connectors'], { cwd: root }).toString()

describe('wasl new', () => {
  let home: string
  let zoho: ZohoSandbox

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'wasl-new-'))
    zoho = await startZohoSandbox({
      fields: {
        BTEC_Books: {
          Name: { type: 'text' },
          Library_ID: { type: 'text', unique: true, identifies: true },
          Last_Sync_with_Moodle: { type: 'datetime' },
          Sync_Status: { type: 'text' },
          Sync_Error_Message: { type: 'text' },
        },
      },
    })
  })

  after(async () => {
    await zoho.close()
    await rm(home, { recursive: true, force: true })
  })

  const settingsWith = async (more: Record<string, string> = {}): Promise<Settings> =>
    readSettings({ WASL_HOME: home, WASL_DATA: join(home, 'data'), PORT: '0', ...more }, root)

  async function wasl(settings: Settings, ...args: string[]) {
    const lines: string[] = []
    const exit = await create(
      {
        root,
        settings,
        folders: settings.folders,
        connectors: await loadConnectors(settings),
        log,
        print: line => lines.push(line),
        color: false,
      },
      args,
    )
    return { exit, text: lines.join('\n') }
  }

  const refused = (settings: Settings, ...args: string[]): Promise<Error> =>
    wasl(settings, ...args).then(
      () => expect.fail('it was done'),
      error => error,
    )

  it('makes a module that is checked and whose cases pass', async () => {
    const settings = await settingsWith()
    const { exit, text } = await wasl(settings, 'module', 'attendance', '--from', 'zoho/BTEC_Attendance')
    expect(exit, text).to.equal(0)
    expect(text).to.match(/nothing is wrong, and 6 cases pass/)
    for (const path of [
      'pipelines/attendance.json',
      'config/mappings/default/attendance.json',
      'config/connectors/zoho.json',
      'test/pipelines/attendance.cases.json',
    ])
      JSON.parse(await readFile(join(home, path), 'utf8'))
    const ours = await readFile(join(root, 'config/connectors/zoho.json'), 'utf8')
    const described = (await readFile(join(home, 'config/connectors/zoho.json'), 'utf8')).split('\n')
    for (const line of ours.split('\n').filter(each => each.includes('run.at')))
      expect(described, 'lines that somebody wrote stay').to.include(line)
  }).timeout(20_000)

  it('refuses names that are taken or none, and a resource that nobody has', async () => {
    const settings = await settingsWith()
    expect((await refused(settings, 'module', 'attendance')).message).to.contain('There is a module')
    expect((await refused(settings, 'module', 'Student')).message).to.contain('is no name')
    expect((await refused(settings, 'module', '../x')).message).to.contain('is no name')
    expect((await refused(settings, 'module', 'visit', '--from', 'moodle/visit')).message).to.contain(
      'no resource "visit"',
    )
    expect((await refused(settings, 'connector', 'zoho')).message).to.contain('There is a connector')
    expect((await refused(settings, 'pipeline', 'x')).message).to.contain('nothing new called')
  }).timeout(20_000)

  describe('a third connector', () => {
    let library: Sandbox
    let engine: Engine
    let untouched: string

    before(async () => {
      untouched = code()
      const { exit, text } = await wasl(await settingsWith(), 'connector', 'library')
      expect(exit, text).to.equal(0)
      const { startSandbox } = await import(
        pathToFileURL(join(home, 'connectors/library/sandbox/index.ts')).href
      )
      library = await startSandbox()
    })

    after(async () => {
      await engine?.stop()
      await library?.close()
    })

    const start = async (settings: Settings): Promise<void> => {
      const connectors = await loadConnectors(settings)
      engine = await startEngine({ settings, connectors, log })
      const endpoint = engine.credentials.endpoints['library']
      if (endpoint === undefined) throw new Error('the connector has no endpoint')
      library.announce({ url: engine.url, ...endpoint })
      const { url } = engine
      zoho.notify({
        url: `${url}/api/v1/events/zoho/{module}`,
        secret: engine.credentials.endpoints['zoho']?.secret ?? '',
        retries: 5,
      })
    }

    it('keeps the contract of connectors as it stands', async () => {
      const test = join(home, 'test/connectors/library/contract.test.ts')
      const env = {
        PATH: process.env['PATH'],
        TSX_TSCONFIG_PATH: join(home, 'tsconfig.json'),
      }
      const mocha = join(root, 'node_modules/mocha/lib/cli/cli.js')
      const args = ['--import', 'tsx/esm', mocha, '--no-color', test]
      const { stdout } = await run(process.execPath, args, { cwd: root, env }).catch(error => error)
      expect(stdout).to.match(/\b[3-9]\d passing/)
      expect(stdout).to.not.match(/failing/)
    }).timeout(60_000)

    it('runs end to end, fed by its own signed webhook, and nothing under core/ was changed for it', async () => {
      const environment = {
        MONGODB_URI: await freshDatabase(),
        ZOHO_ACCOUNTS_URL: zoho.settings.accountsUrl,
        ZOHO_CLIENT_ID: zoho.settings.clientId,
        ZOHO_CLIENT_SECRET: zoho.settings.clientSecret,
        ZOHO_REFRESH_TOKEN: zoho.settings.refreshToken,
        ZOHO_ALLOW_PRIVATE: 'true',
        LIBRARY_URL: library.settings.url,
        LIBRARY_TOKEN: library.settings.token,
        LIBRARY_ALLOW_PRIVATE: 'true',
      }
      const settings = await settingsWith(environment)
      // The installation is older than the connector: its endpoint is made when it is met first.
      const older = await startEngine({ settings, connectors: builtIn, log })
      await older.stop()

      const zohoConfig = join(home, 'config/connectors/zoho.json')
      const config = JSON.parse(await readFile(zohoConfig, 'utf8'))
      config.resources.BTEC_Books = {
        fields: { Library_ID: { type: 'text', unique: true, identifies: true } },
      }
      await writeFile(zohoConfig, JSON.stringify(config))
      await mkdir(join(home, 'pipelines'), { recursive: true })
      await writeFile(join(home, 'pipelines/book.json'), JSON.stringify(book))
      await start(settings)
      expect((await engine.tenants.get('default')).pipelines.findings).to.deep.equal([])

      const id = library.save({ code: 'B-1', title: 'كتاب الأول' })
      const row = await until('the book in Zoho', () =>
        zoho.records('BTEC_Books').find(each => each['Library_ID'] === id),
      )
      expect(row).to.include({ Name: 'كتاب الأول' })
      const noted = (wanted: string) =>
        until(`the library's note ${wanted}`, () => library.get(id)?.['note'] === wanted)
      await noted(String(row['id']))

      library.save({ title: 'The first book' }, id)
      await until(
        'the new title',
        () => zoho.record('BTEC_Books', String(row['id']))?.['Name'] === 'The first book',
      )

      expect(code(), 'changes under core/ and connectors/').to.equal(untouched)
    }).timeout(60_000)

    it('is refused without its signature', async () => {
      const id = engine.credentials.endpoints['library']?.id
      const answer = await fetch(`${engine.url}/api/v1/events/library/item?endpoint=${id}`, {
        method: 'POST',
        body: JSON.stringify({ type: 'item.saved', item: { id: '9', title: 'x' } }),
      })
      expect(answer.status).to.equal(401)
    })
  })
})

const book = {
  version: 1,
  module: 'book',
  summary: 'Books of the library, which Zoho shows.',
  record: {
    identity: { 'library/item': 'libraryId', 'zoho/BTEC_Books': 'zohoId' },
    required: ['title'],
    fingerprint: ['code', 'title'],
    fields: {
      libraryId: { type: 'string', format: 'id' },
      zohoId: { type: 'string', format: 'id' },
      code: { type: 'string' },
      title: { type: 'string' },
    },
  },
  flows: {
    'library-to-zoho': {
      from: 'library/item',
      steps: [
        { step: 'parse' },
        { step: 'map', fields: { libraryId: 'id', code: 'code', title: 'title' } },
        { step: 'fingerprint' },
        { step: 'upsert' },
        {
          step: 'push',
          to: 'zoho/BTEC_Books',
          match: ['id', 'Library_ID'],
          fields: { id: 'zohoId', Name: 'title', Library_ID: 'libraryId' },
          remember: { zohoId: 'id' },
          onDelete: 'keep',
          writeBack: { to: 'library/item', id: 'libraryId', fields: { note: 'zohoId' } },
        },
      ],
    },
  },
}
