/** Environment, `.env` and config/default.json -> one checked, frozen object. The only reader of the environment. */
import { access, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { SetupError } from './errors.ts'
import type { LogLevel } from './log.ts'
import type { ConnectorDefinition, Json, JsonSchema, Payload } from './plugin.ts'
import { asBoolean, check, converted, near, type Problem, refuse } from './settings-check.ts'

export type Role = 'all' | 'http' | 'worker'

export interface Settings {
  /** Default `127.0.0.1`. */
  readonly host: string
  /** Default 8001; 0 takes a free one. */
  readonly port: number
  /** Absent: the embedded server. */
  readonly mongodbUri?: string
  /** Absolute. Default `data` in the clone. */
  readonly dataFolder: string
  /** WASL_HOME, absolute: the integrator's own files. */
  readonly home?: string
  /** WASL_KEY as it was given; `readKey` decodes it. */
  readonly key?: string
  readonly defaultTenant: string
  readonly logLevel: LogLevel
  readonly role: Role
  /** NODE_ENV=production: no demo, no key made by itself. */
  readonly production: boolean
  /** Absolute, ours first: a file of a later folder counts beside (connectors, pipelines) or before (config) ours. */
  readonly folders: {
    readonly pipelines: readonly string[]
    readonly config: readonly string[]
    readonly connectors: readonly string[]
  }
  /** Module -> pipeline file, where several files describe one module. */
  readonly pipelines?: Readonly<Record<string, string>>
  /** The connector in whose shape `POST /sync/{module}` takes records from people with a key. */
  readonly syncConnector?: string
  /** Connectors that are npm packages. */
  readonly connectorPackages: readonly string[]
  /** Who is told of trouble, and how. */
  readonly alerts: {
    readonly webhookUrl?: string
    /** `whsec_...`; messages are signed with it. */
    readonly webhookSecret?: string
    /** The webhook may be http, or at a private address. Default false. */
    readonly webhookPrivate: boolean
    /** A program and its arguments, given a whole mail on its input. */
    readonly mailCommand?: readonly string[]
    readonly mailTo?: string
    readonly mailFrom: string
    /** Percent of the disk of the data folder that should be free. Default 5. */
    readonly diskFree: number
  }
  /** Builds for tests only: the point at which the process is to die (`crash.ts`). */
  readonly crash?: string
  /** The variables whose name begins with `prefix`, without it. A function, so that no log shows their values. */
  readonly variables: (prefix: string) => ReadonlyMap<string, string>
}

/** What the command line says; it wins over everything else. */
export type Given = Partial<Pick<Settings, 'host' | 'port' | 'role' | 'logLevel'>>

type Values = Record<string, unknown>

/** What a setting is called in the environment, and where it is checked. */
const VARIABLES: Readonly<Record<string, string>> = {
  host: 'HOST',
  port: 'PORT',
  mongodbUri: 'MONGODB_URI',
  dataFolder: 'WASL_DATA',
  home: 'WASL_HOME',
  key: 'WASL_KEY',
  defaultTenant: 'DEFAULT_TENANT_ID',
  logLevel: 'LOG_LEVEL',
  alertWebhookUrl: 'ALERT_WEBHOOK_URL',
  alertWebhookSecret: 'ALERT_WEBHOOK_SECRET',
  alertWebhookPrivate: 'ALERT_WEBHOOK_PRIVATE',
  alertMailCommand: 'ALERT_MAIL_COMMAND',
  alertMailTo: 'ALERT_MAIL_TO',
  alertMailFrom: 'ALERT_MAIL_FROM',
  alertDiskFree: 'ALERT_DISK_FREE',
}
/** Settings that mean nothing without the other. */
const PAIRS = [
  ['alertWebhookUrl', 'alertWebhookSecret'],
  ['alertWebhookSecret', 'alertWebhookUrl'],
  ['alertMailCommand', 'alertMailTo'],
  ['alertMailTo', 'alertMailCommand'],
] as const
const PATHS: ReadonlySet<string> = new Set(['dataFolder', 'home'])

const MAIL = '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$'

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['host', 'port', 'dataFolder', 'defaultTenant', 'logLevel', 'role', 'connectors'],
  properties: {
    host: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description: 'an address or host name to listen on',
    },
    port: { type: 'integer', minimum: 0, maximum: 65535, description: 'a whole number from 0 to 65535' },
    mongodbUri: {
      type: 'string',
      pattern: '^mongodb(\\+srv)?://.',
      description: 'an address that begins with mongodb:// or mongodb+srv://',
    },
    dataFolder: { type: 'string', minLength: 1, description: 'a folder' },
    home: { type: 'string', minLength: 1, description: 'a folder that exists' },
    key: { type: 'string', minLength: 1, description: '32 bytes in base64 or hexadecimal' },
    defaultTenant: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$',
      description: 'up to 64 letters, digits, - and _, beginning with a letter or digit',
    },
    logLevel: { enum: ['debug', 'info', 'warn', 'error', 'silent'] },
    role: { enum: ['all', 'http', 'worker'] },
    syncConnector: { type: 'string', minLength: 1, description: "a connector's name" },
    alertWebhookUrl: {
      type: 'string',
      pattern: '^https?://[^\\s@]+$',
      description: 'an address that begins with https://, without a name or password',
    },
    alertWebhookSecret: {
      type: 'string',
      pattern: '^whsec_[A-Za-z0-9+/]{22,}={0,2}$',
      secret: true,
      description: 'whsec_ and at least 16 bytes in base64',
    },
    alertWebhookPrivate: { type: 'boolean', description: 'true or false' },
    alertMailCommand: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
      description: 'a program and its arguments, such as /usr/sbin/sendmail,-t',
    },
    alertMailTo: { type: 'string', pattern: MAIL, description: 'an address of e-mail' },
    alertMailFrom: { type: 'string', pattern: MAIL, description: 'an address of e-mail' },
    alertDiskFree: { type: 'number', minimum: 0, maximum: 100, description: 'percent, from 0 to 100' },
    pipelines: {
      type: 'object',
      additionalProperties: { type: 'string', minLength: 1, description: 'the name of a file in pipelines/' },
    },
    connectors: {
      type: 'array',
      items: {
        type: 'string',
        pattern: '^(@[a-z0-9._~-]+/)?[a-z0-9._~-]+$',
        description: 'the name of an npm package',
      },
    },
  },
} satisfies JsonSchema

/** The environment of this process, for `readSettings`; nobody else asks for it. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env

/**
 * The settings of this start. `root` is the folder of the clone. A variable of the environment counts before the
 * same in `.env` (in `root`), that before WASL_HOME/config/default.json, that before config/default.json; an empty
 * variable counts as not set. Raises one SetupError `SETTINGS` that lists every problem.
 */
export async function readSettings(
  env: NodeJS.ProcessEnv,
  root: string,
  given: Given = {},
): Promise<Settings> {
  const fromFile = await readEnvironmentFile(join(root, '.env'))
  const filled = (source: NodeJS.ProcessEnv) =>
    Object.entries(source).filter((entry): entry is [string, string] => (entry[1] ?? '').trim() !== '')
  const environment = new Map([...filled(fromFile), ...filled(env)])
  const nearest = (name: string) => (environment.get(name) === env[name] ? process.cwd() : root)

  const variables: Values = {}
  for (const [setting, name] of Object.entries(VARIABLES)) {
    const value = environment.get(name)?.trim()
    if (value === undefined) continue
    variables[setting] = PATHS.has(setting)
      ? resolve(nearest(name), value)
      : converted(value, SCHEMA.properties[setting as 'port'])
  }
  const home = variables['home'] as string | undefined
  const problems: Problem[] = []
  const values: Values = { role: 'all', connectors: [] }
  const configFolders = [join(root, 'config'), ...(home === undefined ? [] : [join(home, 'config')])]
  for (const folder of configFolders)
    Object.assign(values, await readConfig(join(folder, 'default.json'), problems))
  Object.assign(values, variables, given)
  if (typeof values['dataFolder'] === 'string') values['dataFolder'] = resolve(root, values['dataFolder'])

  const said = (setting: string) => VARIABLES[setting] ?? `config/default.json "${setting}"`
  problems.push(...check(SCHEMA, values, said))
  if (
    home !== undefined &&
    !(await access(home).then(
      () => true,
      () => false,
    ))
  )
    problems.push({
      name: 'WASL_HOME',
      wrong: `there is no folder ${home}`,
      todo: 'make it, or unset WASL_HOME',
    })
  for (const [one, other] of PAIRS)
    if (values[one] !== undefined && values[other] === undefined)
      problems.push({
        name: said(other),
        wrong: 'it is not set',
        todo: `set it, or unset ${said(one)}`,
      })
  refuse(problems)

  const testing: Pick<Settings, 'crash'> = {}
  CRASH: Object.assign(testing, crashOf(environment.get('WASL_CRASH')))

  const { connectors, ...plainValues } = values
  const folders = (name: string) =>
    Object.freeze([root, ...(home === undefined ? [] : [home])].map(base => join(base, name)))
  return Object.freeze({
    ...(Object.fromEntries(
      Object.entries(plainValues).filter(([name]) => !name.startsWith('alert')),
    ) as unknown as Omit<Settings, 'production' | 'alerts' | 'folders' | 'connectorPackages' | 'variables'>),
    ...testing,
    alerts: alertsOf(values),
    production: environment.get('NODE_ENV') === 'production',
    folders: Object.freeze({
      pipelines: folders('pipelines'),
      config: folders('config'),
      connectors: folders('connectors'),
    }),
    connectorPackages: Object.freeze([...(connectors as string[])]),
    variables: (prefix: string) =>
      new Map(
        [...environment]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, value]) => [name.slice(prefix.length), value.trim()]),
      ),
  })
}

/**
 * What the environment says of the single college's connection: `CRM_CLIENT_ID` is `clientId` of the connector
 * `crm`, converted to the type that its JSON Schema names (lists as JSON or with commas). Undefined where nothing
 * is set, or where `<CONNECTOR>_ENABLED` is false. Raises one SetupError `SETTINGS` that lists every problem.
 */
export function connectionSettings(
  settings: Pick<Settings, 'variables'>,
  definition: Pick<ConnectorDefinition, 'name' | 'settings'>,
): Payload | undefined {
  const prefix = `${shouted(definition.name)}_`
  const variables = new Map(settings.variables(prefix))
  const properties = (definition.settings['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>
  const said = (property: string) => prefix + shouted(property)
  const problems: Problem[] = []

  const switched = variables.get('ENABLED')
  const enabled = switched === undefined ? undefined : asBoolean(switched)
  if (enabled === false) return undefined
  if (switched !== undefined && enabled === undefined)
    problems.push({ name: `${prefix}ENABLED`, wrong: `it is "${switched}"`, todo: 'set it to true or false' })
  if (!('enabled' in properties)) variables.delete('ENABLED')
  const values: Record<string, Json> = {}
  for (const [property, schema] of Object.entries(properties)) {
    const text = variables.get(shouted(property))
    variables.delete(shouted(property))
    if (text !== undefined) values[property] = converted(text, schema)
  }
  for (const left of variables.keys()) {
    const meant = Object.keys(properties).find(property => near(shouted(property), left))
    if (meant !== undefined && !(meant in values))
      problems.push({
        name: prefix + left,
        wrong: 'there is no such setting',
        todo: `did you mean ${said(meant)}?`,
      })
  }
  const wanted = enabled === true || Object.keys(values).length > 0
  if (wanted) problems.push(...check(definition.settings, values, said))
  refuse(problems)
  return wanted ? values : undefined
}

const shouted = (name: string) =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z\d]+/g, '_')
    .toUpperCase()

const crashOf = (wanted: string | undefined): Pick<Settings, 'crash'> =>
  wanted === undefined ? {} : { crash: wanted.trim() }

/** Checked values, put together. */
const alertsOf = (values: Values): Settings['alerts'] =>
  Object.freeze({
    webhookPrivate: false,
    mailFrom: 'wasl@localhost',
    diskFree: 5,
    ...Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) =>
        name.startsWith('alert') ? [[`${name.charAt(5).toLowerCase()}${name.slice(6)}`, value]] : [],
      ),
    ),
  }) as Settings['alerts']

async function readEnvironmentFile(file: string): Promise<NodeJS.ProcessEnv> {
  const text = await readIfThere(file)
  return text === undefined ? {} : (parseEnv(text) as NodeJS.ProcessEnv)
}

async function readConfig(file: string, problems: Problem[]): Promise<Values> {
  const text = await readIfThere(file)
  if (text === undefined) return {}
  try {
    const { $schema: _, ...values } = JSON.parse(text)
    return values
  } catch (error) {
    problems.push({ name: file, wrong: `it is no JSON (${(error as Error).message})`, todo: 'correct it' })
    return {}
  }
}

const readIfThere = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new SetupError('SETTINGS', `${file} cannot be read (${error.code})`, {
      at: file,
      hint: 'check its permissions',
      cause: error,
    })
  })
