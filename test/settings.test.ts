import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { SetupError } from '../core/errors.ts'
import { connectionSettings, readSettings } from '../core/settings.ts'

let root: string
const write = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}
const refusal = async (work: () => Promise<unknown> | unknown): Promise<SetupError> => {
  try {
    await work()
  } catch (error) {
    expect(error).to.be.instanceOf(SetupError)
    return error as SetupError
  }
  return expect.fail('the settings were accepted')
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wasl-settings-'))
  const defaults = {
    host: '127.0.0.1',
    port: 8001,
    dataFolder: 'data',
    defaultTenant: 'default',
    logLevel: 'info',
  }
  write('config/default.json', JSON.stringify({ ...defaults, connectors: ['wasl-teams'] }))
})
afterEach(() => rmSync(root, { recursive: true }))

describe('settings', () => {
  it('come from config/default.json where nothing else says them', async () => {
    const settings = await readSettings({}, root)
    expect(settings).to.include({
      host: '127.0.0.1',
      port: 8001,
      role: 'all',
      production: false,
      logLevel: 'info',
    })
    expect(settings).to.not.have.any.keys('mongodbUri', 'key', 'home')
    expect(settings.dataFolder).to.equal(join(root, 'data'))
    expect(settings.folders.pipelines).to.deep.equal([join(root, 'pipelines')])
    expect(settings.connectorPackages).to.deep.equal(['wasl-teams'])
  })

  it('take the environment before .env, .env before WASL_HOME, and that before ours; the command line first', async () => {
    write('.env', 'PORT=2\nHOST="0.0.0.0" # everywhere\nLOG_LEVEL=warn\nDEFAULT_TENANT_ID=env-file\n')
    write('home/config/default.json', '{ "defaultTenant": "home", "port": 3, "logLevel": "error" }')
    const settings = await readSettings({ PORT: '1', WASL_HOME: join(root, 'home') }, root, {
      logLevel: 'debug',
    })
    expect(settings).to.include({ port: 1, host: '0.0.0.0', defaultTenant: 'env-file', logLevel: 'debug' })
    expect(settings.folders.connectors).to.deep.equal([
      join(root, 'connectors'),
      join(root, 'home/connectors'),
    ])
  })

  it('count an empty variable as not set', async () => {
    expect(await readSettings({ PORT: ' ', MONGODB_URI: '', WASL_KEY: '' }, root)).to.include({ port: 8001 })
  })

  it('are frozen, and show no variable when they are printed', async () => {
    const settings = await readSettings({ CRM_TOKEN: 'canary' }, root)
    expect(Object.isFrozen(settings) && Object.isFrozen(settings.folders.config)).to.equal(true)
    expect(JSON.stringify(settings)).to.not.contain('canary')
  })

  it('report everything that is wrong at once, by variable', async () => {
    const env = {
      PORT: '80O1',
      MONGODB_URI: 'postgres://ali:pw@db/x',
      LOG_LEVEL: 'loud',
      DEFAULT_TENANT_ID: '../x',
      WASL_HOME: join(root, 'nowhere'),
    }
    const error = await refusal(() => readSettings(env, root))
    expect(error.code).to.equal('SETTINGS')
    for (const name of Object.keys(env)) expect(error.message, name).to.contain(`  ${name}: `)
    expect(error.message).to.contain('PORT: it is "80O1"; set it to a whole number from 0 to 65535')
    expect(error.message).to.contain('one of debug, info, warn, error, silent')
    expect(error.message).to.not.contain('pw')
  })

  for (const port of ['-1', '65536', '0x10', '1e3', '8001.5', '8001 8002'])
    it(`refuse the port "${port}"`, async () => {
      expect((await refusal(() => readSettings({ PORT: port }, root))).message).to.contain('PORT')
    })

  it('S19: refuse a signing secret of eight bytes, without telling it', async () => {
    const short = `whsec_${Buffer.from('8 bytes!').toString('base64')}`
    const env = { ALERT_WEBHOOK_URL: 'https://alerts.example/', ALERT_WEBHOOK_SECRET: short }
    const error = await refusal(() => readSettings(env, root))
    expect(error.message).to.contain('ALERT_WEBHOOK_SECRET').and.contain('at least 16 bytes')
    expect(error.message).not.to.contain(short)
  })

  it('refuse a setting in a file that does not exist, and a file that is no JSON', async () => {
    write(
      'config/default.json',
      '{ "host": "a", "port": 1, "dataFolder": "d", "defaultTenant": "t", "logLevel": "info", "prot": 2 }',
    )
    expect((await refusal(() => readSettings({}, root))).message).to.contain(
      '"prot": there is no such setting',
    )
    write('config/default.json', '{ "host"')
    expect((await refusal(() => readSettings({}, root))).message).to.contain('default.json: it is no JSON')
  })
})

describe('a connection', () => {
  const crm = {
    name: 'crm',
    settings: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      required: ['baseUrl', 'clientSecret'],
      additionalProperties: false,
      properties: {
        baseUrl: { type: 'string', pattern: '^https://', description: 'an https address' },
        clientSecret: { type: 'string', minLength: 4, secret: true },
        maxCalls: { type: 'integer', minimum: 1 },
        allowPrivate: { type: 'boolean' },
        scopes: { type: 'array', items: { type: 'string' } },
      },
    },
  }
  const from = async (env: NodeJS.ProcessEnv) => connectionSettings(await readSettings(env, root), crm)
  const whole = { CRM_BASE_URL: 'https://crm.example', CRM_CLIENT_SECRET: 'canary' }

  it('is not there when the environment says nothing of it, or switches it off', async () => {
    expect(await from({})).to.equal(undefined)
    expect(await from({ ...whole, CRM_ENABLED: 'false' })).to.equal(undefined)
  })

  it('takes its settings from variables named after its schema, in the types of the schema', async () => {
    const env = {
      ...whole,
      CRM_MAX_CALLS: '5',
      CRM_ALLOW_PRIVATE: 'yes',
      CRM_SCOPES: 'a, b',
      CRM_ENABLED: 'true',
    }
    expect(await from(env)).to.deep.equal({
      baseUrl: 'https://crm.example',
      clientSecret: 'canary',
      maxCalls: 5,
      allowPrivate: true,
      scopes: ['a', 'b'],
    })
    expect(await from({ ...whole, CRM_SCOPES: '["a,b"]' }))
      .to.have.property('scopes')
      .deep.equal(['a,b'])
  })

  it('reports everything that is wrong at once, without a secret', async () => {
    const error = await refusal(() =>
      from({ CRM_BASE_URL: 'ftp://x', CRM_CLIENT_SECRET: 'abc', CRM_MAX_CALLS: 'many' }),
    )
    expect(error.message).to.contain('CRM_BASE_URL: it is "ftp://x"; set it to an https address')
    expect(error.message).to.contain('CRM_MAX_CALLS: it is "many"')
    expect(error.message).to.contain('CRM_CLIENT_SECRET: its value does not fit').and.not.contain('abc')
  })

  it('C18: says which variable is missing, and which was probably mistyped', async () => {
    const error = await refusal(() => from({ CRM_BASE_URL: 'https://x', CRM_CLIENT_SECRETT: 'abcd' }))
    expect(error.message).to.contain('CRM_CLIENT_SECRET: it is not set')
    expect(error.message).to.contain(
      'CRM_CLIENT_SECRETT: there is no such setting; did you mean CRM_CLIENT_SECRET?',
    )
    expect((await refusal(() => from({ CRM_ENABLED: 'true' }))).message).to.contain(
      'CRM_BASE_URL: it is not set',
    )
    expect((await refusal(() => from({ ...whole, CRM_ENABLED: 'maybe' }))).message).to.contain(
      'set it to true or false',
    )
  })
})
