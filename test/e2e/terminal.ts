/** A terminal beside a college: command lines as `wasl` runs them, on the same store and in the same process. */
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../../core/commands/table.ts'
import { createLog } from '../../core/log.ts'
import type { Json } from '../../core/plugin.ts'
import { type College, connectors } from './college.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Shown {
  /** The exit code. */
  readonly code: number
  readonly text: string
}

/** `more`: words that hold blanks. */
type Run<T> = (line: string, ...more: readonly string[]) => Promise<T>

export interface Terminal {
  /** `wasl('records show student 1')` */
  readonly wasl: Run<Shown>
  /** With `--json`, as it was read back. */
  readonly json: Run<Readonly<Record<string, Json>>>
  /** The error with which the line was refused. */
  readonly refusal: Run<Error>
}

export function terminalOf(college: () => College): Terminal {
  async function wasl(line: string, ...more: readonly string[]): Promise<Shown> {
    const [name = '', ...words] = line.split(' ')
    const lines: string[] = []
    const run = await COMMANDS[name]?.load()
    const { settings } = college()
    const code = await run?.(
      {
        root,
        settings,
        folders: settings.folders,
        connectors,
        log: createLog({ level: 'silent', readable: false }),
        print: text => lines.push(text),
        color: false,
      },
      [...words, ...more],
    )
    return { code: code ?? -1, text: lines.join('\n') }
  }

  return {
    wasl,
    json: async (line, ...more) => JSON.parse((await wasl(line, ...more, '--json')).text),
    async refusal(line, ...more) {
      try {
        await wasl(line, ...more)
      } catch (error) {
        return error as Error
      }
      throw new Error('it was not refused')
    },
  }
}
