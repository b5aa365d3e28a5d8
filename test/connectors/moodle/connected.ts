import moodle from '../../../connectors/moodle/index.ts'
import {
  type MoodleSandbox,
  type SandboxOptions,
  startMoodleSandbox,
} from '../../../connectors/moodle/sandbox/index.ts'
import type { MoodleSettings } from '../../../connectors/moodle/settings.ts'
import type { Connection, Log, Tools } from '../../../core/plugin.ts'
import { createHttpClient } from '../../../core/request.ts'

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

export const toolsFor = (lines: LogLine[]): Tools => {
  const line = (event: string, facts?: Readonly<Record<string, unknown>>) =>
    void lines.push(facts === undefined ? { event } : { event, facts })
  const log: Log = { debug: line, info: line, warn: line, error: line }
  return {
    tenant: 'default',
    log,
    vault: { read: async () => null, write: async () => true },
    now: Date.now,
    http: (url, options = {}) => createHttpClient(url, { remote: 'moodle', ...options, log }),
  }
}

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

export const never = new AbortController().signal
