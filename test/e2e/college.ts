/** A college for a test: both sandboxes, the engine between them, and people who wait for what they expect. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import moodle from '../../connectors/moodle/index.ts'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import type { MoodlePlugin } from '../../connectors/moodle/sandbox/plugin.ts'
import zoho, { signatureHeaders } from '../../connectors/zoho/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import { type Engine, type EngineOptions, startEngine } from '../../core/engine.ts'
import { createLog } from '../../core/log.ts'
import type { ConnectorDefinition, Json, Payload } from '../../core/plugin.ts'
import { readSettings, type Settings } from '../../core/settings.ts'
import { atRest } from '../rest.ts'
import { freshDatabase } from '../store.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const connectors = [zoho, moodle] as unknown as readonly ConnectorDefinition[]

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: { readonly [name: string]: Json }
}

export interface College {
  readonly zoho: ZohoSandbox
  readonly moodle: MoodleSandbox
  readonly plugin: MoodlePlugin
  engine: Engine
  readonly settings: Settings
  readonly options: Pick<EngineOptions, 'now' | 'scheduler'>
  /** A workflow's webhook, signed as `zoho-signature`. */
  webhook(module: string, body: Json, headers?: Record<string, string>): Promise<Answer>
  /** With the key of the installation. */
  call(method: string, path: string, body?: Json, headers?: Record<string, string>): Promise<Answer>
  /** Everything that is on its way has arrived, and nothing is due. */
  quiet(ms?: number): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

export interface CollegeOptions {
  readonly zoho?: Parameters<typeof startZohoSandbox>[0]
  readonly moodle?: Parameters<typeof startMoodleSandbox>[0]
  /** The engine is connected to this Moodle; the sandbox stands by unused. */
  readonly realMoodle?: { readonly url: string; readonly token: string } | undefined
  /** Moodle's plugin tells of Wasl's own writes too; the real one leaves them out. */
  readonly echoes?: boolean
  /** Sandboxes send their people's changes. Default true. */
  readonly announce?: boolean
  readonly environment?: Record<string, string>
  readonly monitorCommands?: boolean
  readonly log?: EngineOptions['log']
  readonly engine?: Pick<EngineOptions, 'now' | 'scheduler'>
}

export async function openCollege(options: CollegeOptions = {}): Promise<College> {
  const folder = await mkdtemp(join(tmpdir(), 'wasl-college-'))
  const zohoSandbox = await startZohoSandbox(options.zoho)
  const moodleSandbox = await startMoodleSandbox(options.moodle)
  const settings = await readSettings(
    {
      WASL_DATA: folder,
      PORT: '0',
      LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
      MONGODB_URI: await freshDatabase(),
      ...options.environment,
    },
    root,
  )
  const start = () =>
    startEngine({
      settings,
      connectors,
      log: options.log ?? createLog({ level: settings.logLevel, readable: true }),
      monitorCommands: options.monitorCommands ?? false,
      ...options.engine,
      connections: {
        zoho: { ...zohoSandbox.settings } as Payload,
        moodle:
          options.realMoodle === undefined
            ? { ...moodleSandbox.settings }
            : { url: options.realMoodle.url, token: options.realMoodle.token, allowPrivate: true },
      },
    })
  const engine = await start().catch(async error => {
    await zohoSandbox.close()
    await moodleSandbox.stop()
    throw error
  })
  let plugin = startPlugin(engine)

  function startPlugin({ url, credentials }: Engine): MoodlePlugin {
    const forZoho = credentials.endpoints['zoho']
    const forMoodle = credentials.endpoints['moodle']
    if (forZoho === undefined || forMoodle === undefined) throw new Error('no endpoints')
    if (options.announce !== false) {
      zohoSandbox.notify({ url: `${url}/api/v1/events/zoho/{module}`, secret: forZoho.secret, retries: 5 })
    }
    return moodleSandbox.plugin({
      url,
      secret: forMoodle.secret,
      endpoint: forMoodle.id,
      retryMs: 100,
      echoes: options.echoes ?? false,
    })
  }

  async function send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ) {
    const response = await fetch(`${college.engine.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Answer['body'],
    }
  }

  const college: College = {
    zoho: zohoSandbox,
    moodle: moodleSandbox,
    get plugin() {
      return plugin
    },
    engine,
    settings,
    options: options.engine ?? {},

    async webhook(module, body, headers = {}) {
      const endpoint = college.engine.credentials.endpoints['zoho']
      const path = `/api/v1/events/zoho/${module}?endpoint=${endpoint?.id}`
      const text = JSON.stringify(body)
      const signed = signatureHeaders(
        { method: 'POST', path, body: Buffer.from(text), now: Date.now() },
        endpoint?.secret ?? '',
      )
      return send('POST', path, text, { ...signed, ...headers })
    },

    call: (method, path, body, headers = {}) =>
      send(method, path, body === undefined ? undefined : JSON.stringify(body), {
        authorization: `Bearer ${college.engine.credentials.key}`,
        ...headers,
      }),

    async quiet(ms = 20_000) {
      const sent = async () => {
        await zohoSandbox.announced()
        await plugin.idle()
        return plugin.waiting === 0
      }
      await until('nothing is due', () => atRest(college.engine.store, sent), ms)
    },

    async restart() {
      await college.engine.stop()
      await plugin.stop()
      college.engine = await start()
      plugin = startPlugin(college.engine)
    },

    async close() {
      zohoSandbox.notify(null)
      await plugin.stop()
      await college.engine.stop()
      await zohoSandbox.close()
      await moodleSandbox.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return college
}

/** What an engine in a process of its own is told, so that it reaches both sandboxes. */
export const environmentFor = (zoho: ZohoSandbox, moodle: MoodleSandbox): Record<string, string> => ({
  ZOHO_ACCOUNTS_URL: zoho.settings.accountsUrl,
  ZOHO_CLIENT_ID: zoho.settings.clientId,
  ZOHO_CLIENT_SECRET: zoho.settings.clientSecret,
  ZOHO_REFRESH_TOKEN: zoho.settings.refreshToken,
  ZOHO_ALLOW_PRIVATE: 'true',
  MOODLE_URL: moodle.settings.url,
  MOODLE_TOKEN: moodle.settings.token,
  MOODLE_ALLOW_PRIVATE: 'true',
})

let notifications = 0

/** What a Zoho workflow function sends of a student. */
export function notification(
  data: Payload & { readonly id: string },
  more: { operation?: string; at?: string; notification_id?: string } = {},
): Payload {
  notifications += 1
  const at = more.at ?? new Date(Date.UTC(2026, 8, 1) + notifications * 1000).toISOString()
  return {
    notification_id: more.notification_id ?? `n-${notifications}`,
    timestamp: at,
    module: 'BTEC_Students',
    operation: more.operation ?? 'update',
    record_id: data.id,
    data: { Modified_Time: at, ...data },
  }
}

/** Looks again every 20 ms until `test` holds; fails with `what` after 20 s. */
export async function until<T>(
  what: string,
  test: () => T | Promise<T>,
  ms = 20_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms
  for (;;) {
    const result = await test()
    if (result) return result as NonNullable<T>
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms} ms`)
    await pause(20)
  }
}
