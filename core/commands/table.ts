/** Every command of the program, loaded only when it is run. */
import type { ConnectorDefinition, Log } from '../plugin.ts'
import type { Settings } from '../settings.ts'

/** What every command is given. */
export interface CommandContext {
  /** The folder of the clone. */
  readonly root: string
  readonly settings: Settings
  readonly folders: Settings['folders']
  readonly connectors: readonly ConnectorDefinition[]
  readonly log: Log
  /** One line (or several) on standard output. */
  readonly print: (text: string) => void
  /** Whether standard output shows colours. */
  readonly color: boolean
}

/** Tells the exit code: 0 well, 1 the command found something wrong. Raises WaslError for the rest. */
export type RunCommand = (context: CommandContext, args: readonly string[]) => Promise<number>

export interface Command {
  /** What follows the command's name. */
  readonly usage: string
  readonly summary: string
  /** Its options, one per line. */
  readonly details?: string
  readonly load: () => Promise<RunCommand>
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    usage: '[--role all|http|worker]',
    summary: 'Runs the engine; with nothing configured, the demo.',
    details: '  --role   http takes deliveries in, worker applies and sends them, all does both (default)\n',
    load: async () => (await import('./start.ts')).start,
  },
}
