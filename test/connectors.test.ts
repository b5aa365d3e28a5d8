import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { builtInConnectors } from '../core/built-in.ts'
import { loadConnectors } from '../core/connectors.ts'
import { RetryableError, SetupError } from '../core/errors.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wasl-home-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const write = (path: string, text: string) => {
  mkdirSync(join(home, path, '..'), { recursive: true })
  writeFileSync(join(home, path), text)
}
const load = (connectorPackages: readonly string[] = []) =>
  loadConnectors({
    folders: { pipelines: [], config: [], connectors: [join(home, 'ours'), join(home, 'connectors')] },
    connectorPackages,
    dataFolder: join(home, 'data'),
  })
const refusal = async (packages?: readonly string[]): Promise<SetupError> => {
  const error = await load(packages).then(
    () => expect.fail('the connectors were loaded'),
    error => error,
  )
  expect(error).to.be.instanceOf(SetupError).with.property('code', 'CONNECTORS')
  return error
}
/** A connector as an integrator writes it, in TypeScript, with a file beside it. */
const teams = `
  import { defineConnector } from 'wasl/plugin'
  import { RetryableError } from 'wasl/errors'
  import { resource } from './resource.ts'
  export default defineConnector<{ tenant: string }>({
    name: 'NAME', summary: 'Teams.', settings: { type: 'object' }, resources: { team: resource }, accepts: ['bearer'],
    parse: () => { throw new RetryableError('TEAMS_BUSY', 'later') },
    connect: () => ({ resources: {}, check: async () => [], close: async () => {} }),
  })`
const resource = `
  export const resource = { summary: 'A team.', perCall: 1, uniqueBy: [], empty: null, idOf: (p: any) => p.id, versionOf: () => [] }`

describe('connectors', () => {
  it('are ours, and those of WASL_HOME, which may be TypeScript in several files', async () => {
    write('connectors/teams/index.ts', teams.replace('NAME', 'teams'))
    write('connectors/teams/resource.ts', resource)
    const loaded = await load()
    expect(loaded.map(({ name }) => name)).to.deep.equal([
      ...builtInConnectors().map(([name]) => name),
      'teams',
    ])
    expect(loaded.at(-1)!.resources['team']!.idOf({ id: '5' })).to.equal('5')
  })

  it('raise errors of the classes that the engine knows', async () => {
    write('connectors/teams/index.ts', teams.replace('NAME', 'teams'))
    write('connectors/teams/resource.ts', resource)
    const connector = (await load()).at(-1)!
    expect(() => connector.parse({ channel: 'events', body: {}, receivedAt: 0 })).to.throw(RetryableError)
  })

  it('may be npm packages, found beside WASL_HOME', async () => {
    const packaged = 'node_modules/wasl-teams'
    write(`${packaged}/package.json`, '{ "name": "wasl-teams", "type": "module", "main": "index.js" }')
    write(`${packaged}/index.js`, teams.replace('NAME', 'packaged').replace('<{ tenant: string }>', ''))
    write(`${packaged}/resource.ts`, resource)
    expect((await load(['wasl-teams'])).at(-1)!.name).to.equal('packaged')
  })

  it('are refused all at once: broken, empty, no connector, not installed', async () => {
    write('connectors/broken/index.ts', 'export default (')
    write('connectors/empty/readme.txt', '')
    write('connectors/lacking/index.mjs', "export default { name: 'x', summary: '', connect() {} }")
    write('connectors/throws/index.js', "throw new Error('no licence')")
    const { message, hint } = await refusal(['wasl-nowhere'])
    expect(message).to.contain('broken/index.ts: index.ts line 1, column 17: Unexpected end of file')
    expect(message).to.contain('empty/index.ts: there is no index.ts, index.mjs, index.js in it')
    expect(message).to.contain(
      '"summary" does not fit, "settings" is missing, "resources" is missing, "accepts" is missing',
    )
    expect(message).to.contain('throws/index.js: no licence')
    expect(message).to.contain('the package wasl-nowhere: it is not installed; npm install wasl-nowhere')
    expect(hint).to.contain('defineConnector')
  })

  it('C16: are refused when two have one name', async () => {
    for (const folder of ['a', 'b']) {
      write(`connectors/${folder}/index.ts`, teams.replace('NAME', 'same'))
      write(`connectors/${folder}/resource.ts`, resource)
    }
    expect((await refusal()).message).to.match(/b\/index\.ts: the name "same" is taken by .*a\/index\.ts/)
  })
})
