/** What every command is given. */
import type { ConnectorDefinition, Log } from '../plugin.ts'
import type { Settings } from '../settings.ts'

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
