/** Writes new files, all or none of them. */
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SetupError } from '../errors.ts'

/** Where an integrator's files are: WASL_HOME, else the clone. */
export interface Place {
  /** The folder of the clone. */
  readonly root: string
  readonly base: string
}

/** Path below the base -> content. */
export type NewFiles = ReadonlyMap<string, string>

/** Raises SetupError `FILE_THERE` before anything is written. */
export async function writeNew(files: NewFiles, { base }: Place): Promise<void> {
  for (const path of files.keys())
    if (await isThere(join(base, path)))
      throw new SetupError('FILE_THERE', `${join(base, path)} is there already.`, {
        at: path,
        hint: 'Choose another name, or remove it.',
      })
  for (const [path, content] of files) {
    await mkdir(dirname(join(base, path)), { recursive: true })
    await writeFile(join(base, path), content)
  }
}

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )

/** `library-loans` -> `LibraryLoans` */
export const pascal = (name: string): string =>
  name
    .split('-')
    .map(word => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('')

/** `library-loans` -> `LIBRARY_LOANS` */
export const shouted = (name: string): string => name.toUpperCase().replaceAll('-', '_')
