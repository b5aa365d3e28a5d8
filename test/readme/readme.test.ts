/** Every example of every README, run as it stands there. */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import mongoose from 'mongoose'
import { startZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { channelToken } from '../../connectors/zoho/verify.ts'
import { checkAll } from '../../core/commands/check.ts'
import { COMMANDS } from '../../core/commands/table.ts'
import type { Finding } from '../../core/errors.ts'
import { createRegistry } from '../../core/registry.ts'
import { embeddedUri } from '../../core/store/embedded/connect.ts'
import { connectors, until } from '../e2e/college.ts'
import { type Demo, startDemo } from './demo.ts'
import { type Block, documents, root } from './documents.ts'

/** Why a block is not run: its file, how it begins, the reason. */
const NOT_RUN: readonly (readonly [file: string, begins: string, reason: string])[] = [
  ['README.md', ' Zoho webhook', 'a picture'],
  ['README.md', 'npm ci && npm test', 'this is what runs it; .ci/run does on a clean clone'],
  [
    'connectors/zoho/README.md',
    'curl -X POST https://accounts',
    'the code is made by hand in Zoho’s console',
  ],
  ['moodle-plugin/README.md', 'php local/', 'it needs a Moodle; that the commands take this is read below'],
  ['moodle-plugin/README.ar.md', 'php local/', 'the same'],
]

const known = (file: string, begins: string): Block => {
  const found = documents
    .flatMap(({ blocks }) => blocks)
    .filter(block => block.file === file && block.text.startsWith(begins))
  if (found.length !== 1) throw new Error(`${file} has ${found.length} blocks that begin with ${begins}`)
  return found[0] as Block
}
const run = new Set(NOT_RUN.map(([file, begins]) => known(file, begins)))

/** A block that is run by the test of that title. */
function example(file: string, begins: string): Block {
  const block = known(file, begins)
  run.add(block)
  return block
}

describe('what the READMEs show', function () {
  // Programs of their own are started, on a machine that may be busy.
  this.timeout(90_000)
  const start = example('README.md', 'npm ci && npm start')
  let demo: Demo

  before(async function () {
    // The program may have to be built first.
    this.timeout(70_000)
    demo = await startDemo(start.text)
  })

  after(() => demo?.close())

  /** A folder for WASL_HOME with these files; what `wasl check` finds in it and in ours. */
  async function findings(files: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
    const home = await mkdtemp(join(tmpdir(), 'wasl-example-'))
    const folders = (name: string) => [join(root, name), join(home, name)]
    try {
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(home, file)), { recursive: true })
        await writeFile(join(home, file), text)
      }
      const registry = createRegistry({ connectors })
      const { findings: found } = await checkAll({
        folders: { pipelines: folders('pipelines'), config: folders('config') },
        registry,
      })
      return found
    } finally {
      await rm(home, { recursive: true })
    }
  }

  it('README: the demo says what the README shows of it', () => {
    const shown = example('README.md', 'Wasl runs, with nothing').text
    const plain = (text: string) =>
      text.replace(/http:\/\/127\.0\.0\.1:\d+/g, '<address>').replace(/embedded, \S+\)/, 'embedded, data)')
    const said = plain(demo.said).split('\n')
    let place = 0
    for (const line of plain(shown)
      .split('\n')
      .filter(text => text !== '')) {
      const cut = line.endsWith(' ...') ? line.slice(0, -4) : undefined
      const found = said.findIndex(
        (each, at) => at >= place && (cut === undefined ? each === line : each.startsWith(cut)),
      )
      expect(found, line).to.be.at.least(0)
      place = found + 1
    }
  })

  it('README: each command of the demo shows what it says', async () => {
    const commands = [...demo.said.matchAll(/^\d+\. (.+)\n {3}(curl .+)$/gm)].map(
      ([, title = '', line = '']) => ({
        title,
        line,
      }),
    )
    const paste = async (title: RegExp): Promise<unknown> => {
      const found = commands.find(each => title.test(each.title))
      if (found === undefined) throw new Error(`no command is titled ${title}`)
      return JSON.parse(await demo.sh(found.line))
    }
    type Webhook = { status: number; answer: Record<string, unknown> }
    const answered = async (title: RegExp) => ((await paste(title)) as { webhook: Webhook }).webhook
    const rows = async (title: RegExp) => ((await paste(title)) as { data: Record<string, unknown>[] }).data

    expect(commands).to.have.length(9)
    const made = await answered(/^The registrar adds/)
    expect(made.answer, JSON.stringify(made)).to.include({ outcome: 'NEW', action: 'created' })
    expect(await paste(/^She is in Moodle/)).to.have.nested.property(
      '[0].email',
      'huda.nasser@college.example',
    )
    await until('Zoho was told', async () => {
      const [row] = await rows(/^A moment later Wasl has told Zoho/)
      return row?.['Sync_Status'] === 'Synced' && row['Student_Moodle_ID']
    })
    expect((await answered(/^The same webhook/)).answer).to.include({ status: 'duplicate' })
    expect((await answered(/^She is saved again/)).answer).to.include({ outcome: 'UNCHANGED' })
    const shown = JSON.parse(example('README.md', '{ "status": 200').text) as Webhook
    const changed = await answered(/^Now with a change/)
    expect(changed.status).to.equal(shown.status)
    expect(changed.answer).to.deep.include(shown.answer)
    const emptied = await answered(/^The email of .* is emptied/)
    expect(emptied.answer).to.include({ outcome: 'INVALID' })
    expect(JSON.stringify(emptied.answer)).to.contain('Academic_Email')
    await paste(/^A student is entered in Moodle/)
    const students = `${demo.zoho}/sandbox/BTEC_Students`
    const inZoho = async (query: string) =>
      ((await demo.json(`${students}?${query}`)) as { data: Record<string, unknown>[] }).data[0]
    await until('Zoho has her', () => inZoho('Academic_Email=salma.mansour%40college.example'))
    await paste(/^Moodle goes into maintenance/)
    const another = { Student_ID: 'STU-502', Full_Name: 'Dana Aziz', Academic_Email: 'dana@college.example' }
    await demo.json(students, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...another, Status: 'Active' }),
    })
    await until(
      'it arrives by itself',
      async () =>
        ((await demo.json(`${demo.moodle}/sandbox/users?idnumber=STU-502`)) as unknown[]).length === 1,
      30_000,
    )
  })

  it('connectors/moodle: a person at the sandbox’s terminal', async () => {
    const lines = example('connectors/moodle/README.md', 'curl -s  $URL/sandbox ').text
    // With `-f` curl fails where the answer does.
    const told = await demo.sh(lines.replaceAll('curl -s', 'curl -sf'), { URL: demo.moodle })
    expect(told).to.contain('"mona@college.example"').and.to.contain('"Irbid"').and.to.contain('maintenance')
    await demo.sh(`curl -sf ${demo.moodle}/sandbox/faults -d '{"kind":"maintenance","times":0}'`)
  })

  it('core: a file of records is imported', async () => {
    const { data } = (await demo.json(`${demo.zoho}/sandbox/BTEC_Students`)) as {
      data: Record<string, string | null>[]
    }
    const three = data.filter(row => row['Academic_Email']).slice(0, 3)
    const lines = three.map(row => [row['id'], row['Full_Name'], row['Academic_Email']].join(','))
    await writeFile(join(demo.folder, 'export.csv'), ['id,Full_Name,Academic_Email', ...lines].join('\n'))
    const told = await demo.sh(example('core/README.md', 'npx wasl import').text)
    expect(told).to.match(/^3 records?\b/m)
  })

  it('pipelines: the commands of an integrator, one after the other', async () => {
    await writeFile(
      join(demo.folder, 'some.json'),
      JSON.stringify([{ id: '5725767000000999001', Full_Name: 'Huda Aziz', Academic_Email: 'h@c.example' }]),
    )
    const told = await demo.sh(example('pipelines/README.md', 'npx wasl new module room').text)
    expect(existsSync(join(demo.folder, 'pipelines/room.json'))).to.equal(true)
    expect(told).to.contain('room').and.to.contain('Huda Aziz').and.to.match(/NEW/)
  })

  it('pipelines: a module in ten lines has no finding, with the resource described', async () => {
    const module = example('pipelines/README.md', '{\n  "$schema": "./pipeline.schema.json"').text
    const files = { 'pipelines/room.json': module }
    const [unknown] = await findings(files)
    expect(JSON.stringify(unknown)).to.contain('UNKNOWN_RESOURCE').and.to.contain('BTEC_Rooms')
    const ours = JSON.parse(await readFile(join(root, 'config/connectors/zoho.json'), 'utf8'))
    const zohoJson = JSON.stringify({ ...ours, resources: { BTEC_Rooms: {} } })
    expect(await findings({ ...files, 'config/connectors/zoho.json': zohoJson })).to.deep.equal([])
  })

  for (const begins of ['"pipelines": { "unit": "unit-as-course"', '"pipelines": { "unit": "unit-in-course"'])
    it(`pipelines: which of several files describes a module, ${begins}`, async () => {
      const text = `{${example('pipelines/README.md', begins).text}}`
      const { pipelines } = JSON.parse(text) as { pipelines: Record<string, string> }
      for (const [module, file] of Object.entries(pipelines))
        expect(JSON.parse(await readFile(join(root, `pipelines/${file}.json`), 'utf8')).module).to.equal(
          module,
        )
      await mkdir(join(demo.folder, 'chosen/config'), { recursive: true })
      await writeFile(join(demo.folder, 'chosen/config/default.json'), text)
      const told = await demo.sh('npx wasl check', { WASL_HOME: join(demo.folder, 'chosen') })
      expect(told).to.match(/^Nothing is wrong\. .*student/m)
    })

  it('config: a college’s own mapping has no finding', async () => {
    const text = example('config/README.md', '{\n  "$schema": "../../mapping').text
    expect(await findings({ 'config/mappings/default/student.json': text })).to.deep.equal([])
    const { $schema } = JSON.parse(text)
    expect(existsSync(join(root, 'config/mappings/default', $schema))).to.equal(true)
  })

  it('connectors/zoho: a module of one’s own is described', async () => {
    const ours = JSON.parse(await readFile(join(root, 'config/connectors/zoho.json'), 'utf8'))
    const own = JSON.parse(`{${example('connectors/zoho/README.md', '"resources":').text}}`)
    const text = JSON.stringify({ ...ours, ...own })
    expect(await findings({ 'config/connectors/zoho.json': text })).to.deep.equal([])
    expect(Object.keys(own.resources)).to.deep.equal(['BTEC_Attendance'])
  })

  it('connectors/zoho: a channel is watched', async () => {
    const sandbox = await startZohoSandbox()
    try {
      const { clientId, clientSecret, refreshToken } = sandbox.settings
      const query = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: refreshToken,
      })
      const token = await fetch(`${sandbox.url}/oauth/v2/token?${query}`, { method: 'POST' })
      const { access_token } = (await token.json()) as { access_token: string }
      const [head = '', ...lines] = example('connectors/zoho/README.md', 'POST {api_domain}')
        .text.replace('<channel token>', channelToken('a secret'))
        .replace('<at most a week ahead>', new Date(Date.now() + 6 * 86_400_000).toISOString())
        .split('\n')
      const [method = '', address = ''] = head.replace('{api_domain}', sandbox.url).split(' ')
      const response = await fetch(address, {
        method,
        headers: { authorization: `Zoho-oauthtoken ${access_token}`, 'content-type': 'application/json' },
        body: lines.join(''),
      })
      expect(await response.json()).to.have.nested.property('watch[0].status', 'success')
    } finally {
      await sandbox.close()
    }
  })

  it('connectors/zoho: a request is signed over the text that is shown', async () => {
    const shown = example('connectors/zoho/README.md', 'timestamp \\n').text
    const credentials = JSON.parse(await readFile(join(demo.folder, '../data/credentials.json'), 'utf8'))
    const { id, secret } = credentials.endpoints.zoho
    const path = `/api/v1/events/zoho/BTEC_Students?endpoint=${id}`
    const body = JSON.stringify({ module: 'BTEC_Students', operation: 'update', record_id: '1', data: null })
    const parts: Record<string, string> = {
      timestamp: String(Math.floor(Date.now() / 1000)),
      nonce: randomBytes(12).toString('hex'),
      METHOD: 'POST',
      '/path?query': path,
      'sha256hex(body)': createHash('sha256').update(body).digest('hex'),
    }
    const text = shown
      .split(' \\n ')
      .map(part => parts[part] ?? `unknown: ${part}`)
      .join('\n')
    const headers = {
      'content-type': 'application/json',
      'x-zoho-timestamp': parts['timestamp'] as string,
      'x-zoho-nonce': parts['nonce'] as string,
      'x-zoho-signature': createHmac('sha256', secret).update(text).digest('hex'),
    }
    const response = await fetch(`${demo.engine}${path}`, { method: 'POST', headers, body })
    expect(response.status).to.equal(202)
  })

  it('connectors/zoho: what the Deluge function sends is taken by an endpoint made for it', async () => {
    const made = await demo.sh(example('connectors/zoho/README.md', 'npx wasl tenants endpoint').text)
    const [, id = '', secret = ''] = /^(ep_\w+): (\S+)$/m.exec(made) ?? []
    // Deluge runs at Zoho only: its lines are read for what they put together.
    const { text } = example('connectors/zoho/README.md', 'void automation')
    const record = {
      id: '5725767000000888001',
      Full_Name: 'Huda Nasser',
      Modified_Time: new Date().toISOString(),
    }
    const body = JSON.stringify(
      Object.fromEntries(
        [...text.matchAll(/message\.put\("(\w+)", (.+)\);/g)].map(([, name = '', value = '']) => {
          const said = /^"(\w+)"$/.exec(value)?.[1]
          const time = value === 'zoho.currenttime.toLong()' ? Date.now() : undefined
          return [
            name,
            said ?? time ?? (name === 'data' ? record : `${record.id}-${name}`.replace('-record_id', '')),
          ]
        }),
      ),
    )
    const [, header = ''] =
      /headers\.put\("([\w-]+)", zoho\.encryption\.hmacsha256\(.*, body, "hex"\)\)/.exec(text) ?? []
    const [, path = ''] = /url : "https:\/\/[^/]+(\/\S+)"/.exec(text) ?? []
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const send = (headers: Record<string, string>) =>
      fetch(demo.engine + path.replace('THE-ENDPOINT', id), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
    await until(
      'the engine knows the endpoint',
      async () => (await send({ [header]: signature })).status === 202,
    )
    expect(
      (await send({ [header]: signature.replace(/^./, digit => (digit === '0' ? '1' : '0')) })).status,
    ).to.equal(401)
  })

  it('core/store/embedded: the server is found or started, and mongoose connects', async () => {
    const lines = example('core/store/embedded/README.md', 'const uri')
      .text.replace("'./data'", JSON.stringify(join(demo.folder, '../data')))
      .replace("'/path/of/process.ts'", JSON.stringify(join(root, 'core/store/embedded/process.ts')))
    const own = new mongoose.Mongoose()
    const body = new Function('embeddedUri', 'mongoose', `return (async () => {\n${lines}\n})()`)
    await body(embeddedUri, own)
    expect((await own.connection.db?.admin().ping())?.['ok']).to.equal(1)
    await own.disconnect()
  })

  it('moodle-plugin: its commands are there and take what is shown', async () => {
    for (const line of known('moodle-plugin/README.md', 'php local/').text.split('\n')) {
      const [, name = ''] = /^php local\/moodle_zoho_sync\/cli\/(\w+\.php)/.exec(line) ?? []
      const source = await readFile(join(root, 'moodle-plugin/cli', name), 'utf8')
      for (const [, option = ''] of line.matchAll(/--(\w+)/g)) expect(source, line).to.contain(`'${option}'`)
    }
    expect(known('moodle-plugin/README.ar.md', 'php local/').text).to.equal(
      known('moodle-plugin/README.md', 'php local/').text,
    )
  })

  it('names no command and no route that is not there', async () => {
    const openapi = (await demo.json(`${demo.engine}/documentation/openapi.json`)) as {
      paths: Record<string, Record<string, unknown>>
    }
    const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => ({
        method: method.toUpperCase(),
        fits: new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`),
      })),
    )
    const wrong: string[] = []
    for (const { file, text } of documents) {
      for (const [code, name = '', sub = ''] of text.matchAll(
        /`(?:npx )?wasl ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?/g,
      )) {
        const usage = COMMANDS[name]?.usage
        const choosing = /^\[list\]|\| /.test(usage ?? '')
        if (usage === undefined || (choosing && sub !== '' && !new RegExp(`\\b${sub}\\b`).test(usage)))
          wrong.push(`${file}: ${code}`)
      }
      for (const [code, method, path = ''] of text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^`\s?]*)/g))
        if (/^\/(api|v1|health|metrics|documentation)/.test(path) && !/^\/crm/.test(path))
          if (!routes.some(route => route.method === method && route.fits.test(path)))
            wrong.push(`${file}: ${code}`)
    }
    expect(wrong).to.deep.equal([])
  })

  it('are all among these', () => {
    const all = documents.flatMap(({ blocks }) => blocks)
    expect(all.filter(block => !run.has(block)).map(({ file, line }) => `${file}:${line}`)).to.deep.equal([])
  })
})
