/** What a command is. */
import type { CommandContext } from './context.ts'

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
