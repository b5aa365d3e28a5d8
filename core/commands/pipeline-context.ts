import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Registry } from '../registry.ts'

/** What the commands about pipelines are given. */
export interface PipelineContext {
  readonly folders: { readonly pipelines: readonly string[]; readonly config: readonly string[] }
  readonly registry: Registry
  /** One line (or several) on standard output. */
  readonly print: (line: string) => void
  readonly color: boolean
}

type Options = NonNullable<ParseArgsConfig['options']>

/** A command line that cannot be understood; the code is of the family that `util.parseArgs` raises. */
export class UsageError extends Error {
  readonly code = 'ERR_PARSE_ARGS_USAGE'
}

/** Options and names of a command line. Raises UsageError with the usage where something is not known. */
export function readArguments<T extends Options>(
  args: readonly string[],
  options: T,
  names: { readonly usage: string; readonly least: number; readonly most: number },
) {
  const refuse = (what: string): never => {
    throw new UsageError(`${what}\nUsage: wasl ${names.usage}`)
  }
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
    const { length } = parsed.positionals
    if (length < names.least) refuse('Something is missing on the command line.')
    if (length > names.most) refuse(`"${parsed.positionals[names.most]}" is too much on the command line.`)
    return parsed
  } catch (error) {
    if (error instanceof UsageError) throw error
    return refuse((error as Error).message.split('. ')[0] as string)
  }
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** Colours where the terminal shows them. */
export const painter =
  (color: boolean) =>
  (style: keyof typeof codes, text: string): string =>
    color ? `\u001b[${codes[style]}m${text}\u001b[0m` : text
