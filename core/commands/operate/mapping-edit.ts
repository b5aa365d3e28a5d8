/** `wasl mappings edit`: a college's mapping in the editor of whoever sits at the terminal. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataError, SetupError } from '../../errors.ts'
import { parseJson } from '../../json.ts'
import type { Json } from '../../plugin.ts'
import type { CommandContext } from '../context.ts'

export interface Draft {
  /** Where it stands still, when it cannot be saved. */
  readonly file: string
  /** Undefined: nothing was changed. */
  readonly mapping: { readonly [name: string]: Json } | undefined
  /** Nobody needs it any more. */
  drop(): Promise<void>
}

/**
 * Opens `mapping` in `$VISUAL` or `$EDITOR` and waits for its end. Raises SetupError `NO_EDITOR` where none is named,
 * DataError `EDITOR_FAILED` where it ends badly, and what is wrong with the JSON with the place of the draft.
 */
export async function edited(
  context: Pick<CommandContext, 'settings' | 'root'>,
  module: string,
  mapping: Json,
): Promise<Draft> {
  const [program, ...args] = editorOf(context)
  const folder = await mkdtemp(join(tmpdir(), 'wasl-mapping-'))
  const file = join(folder, `${module}.json`)
  const drop = () => rm(folder, { recursive: true, force: true })
  // Editors complete and check it by the schema; it is not stored.
  const $schema = join(context.root, 'config/mapping.schema.json')
  const before = `${JSON.stringify({ $schema, ...(mapping as object) }, null, 2)}\n`
  await writeFile(file, before, { mode: 0o600 })
  const child = spawn(program, [...args, file], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit').catch(error => [(error as Error).message])) as [unknown]
  if (code !== 0) {
    await drop()
    throw new DataError('EDITOR_FAILED', `${program} ended with ${code}; nothing was saved.`, {
      hint: 'Set EDITOR to a program that waits until the file is closed.',
    })
  }
  const after = await readFile(file)
  if (after.toString('utf8') === before) return { file, mapping: undefined, drop }
  const { $schema: _, ...rest } = read(after, file)
  return { file, mapping: rest, drop }
}

function editorOf({ settings }: Pick<CommandContext, 'settings'>): [string, ...string[]] {
  const said = settings.variables('VISUAL').get('') || settings.variables('EDITOR').get('') || ''
  const [program, ...args] = said.split(/\s+/)
  if (program) return [program, ...args]
  throw new SetupError('NO_EDITOR', 'No editor is named.', {
    at: 'EDITOR',
    hint: 'Set EDITOR, such as EDITOR=nano; or save a file with `wasl mappings save`.',
  })
}

function read(bytes: Buffer, file: string): { readonly [name: string]: Json } {
  try {
    const parsed = parseJson(bytes)
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return parsed
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    throw new DataError(error.code, `${error.message} in ${file}`, { at: file, hint: KEPT(file) })
  }
  throw new DataError('FILE_SHAPE', `${file} holds no object.`, { at: file, hint: KEPT(file) })
}

const KEPT = (file: string): string =>
  `Mend the draft, then: wasl mappings save <module> ${file} --reason <why>`
