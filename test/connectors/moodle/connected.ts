import moodle from '../../../connectors/moodle/index.ts'
import {
  type MoodleSandbox,
  type SandboxOptions,
  startMoodleSandbox,
} from '../../../connectors/moodle/sandbox/index.ts'
import type { MoodleSettings } from '../../../connectors/moodle/settings.ts'
import type { Connection, HttpClient, Log, Tools } from '../../../core/plugin.ts'
import { createHttpClient } from '../../../core/request.ts'
import { realMoodle, type Site, siteAt } from './site.ts'

/** A line of the log, for tests that look for what must not be in it. */
export interface LogLine {
  readonly event: string
  readonly facts?: Readonly<Record<string, unknown>>
}

export interface Connected {
  readonly sandbox: MoodleSandbox
  readonly connection: Connection
  readonly lines: readonly LogLine[]
  stop(): Promise<void>
}

/** `calls` is told the functions of Moodle that are called. */
export const toolsFor = (lines: LogLine[], calls: string[] = []): Tools => {
  const line = (event: string, facts?: Readonly<Record<string, unknown>>) =>
    void lines.push(facts === undefined ? { event } : { event, facts })
  const log: Log = { debug: line, info: line, warn: line, error: line }
  return {
    tenant: 'default',
    log,
    vault: { read: async () => null, write: async () => true },
    now: Date.now,
    http: (url, options = {}) => counted(createHttpClient(url, { remote: 'moodle', ...options, log }), calls),
  }
}

const counted = (http: HttpClient, calls: string[]): HttpClient => ({
  origin: http.origin,
  request(request) {
    const name = request.form?.find(([field]) => field === 'wsfunction')?.[1]
    if (name !== undefined) calls.push(name)
    return http.request(request)
  },
  close: () => http.close(),
})

/** A sandbox and a connection to it over HTTP. */
export async function connect(
  options: SandboxOptions = {},
  settings: Partial<MoodleSettings> = {},
): Promise<Connected> {
  const sandbox = await startMoodleSandbox(options)
  const lines: LogLine[] = []
  const connection = moodle.connect({ ...sandbox.settings, ...settings }, toolsFor(lines))
  return {
    sandbox,
    connection,
    lines,
    async stop() {
      await connection.close()
      await sandbox.stop()
    },
  }
}

export interface ConnectedSite {
  readonly connection: Connection
  readonly site: Site
  /** Functions of Moodle that the connector called, in order. */
  readonly calls: string[]
  stop(): Promise<void>
}

/** A connection to a sandbox of its own, or to the real Moodle that was given. */
export async function connectSite(settings: Partial<MoodleSettings> = {}): Promise<ConnectedSite> {
  const calls: string[] = []
  if (realMoodle !== undefined) {
    const { url, token, adminToken } = realMoodle
    const connection = moodle.connect({ url, token, allowPrivate: true, ...settings }, toolsFor([], calls))
    const site = siteAt(
      { url, token: adminToken ?? token },
      { sandbox: undefined, mayDelete: adminToken !== undefined },
    )
    return {
      connection,
      site,
      calls,
      async stop() {
        await connection.close()
        await site.clean()
      },
    }
  }
  const sandbox = await startMoodleSandbox()
  const connection = moodle.connect({ ...sandbox.settings, ...settings }, toolsFor([], calls))
  return {
    connection,
    site: siteAt({ url: sandbox.url, token: sandbox.adminToken }, { sandbox, mayDelete: true }),
    calls,
    async stop() {
      await connection.close()
      await sandbox.stop()
    },
  }
}

export const never = new AbortController().signal
