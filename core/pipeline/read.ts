import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Finding } from '../errors.ts'
import { readSource, type Source } from './source.ts'

/** One JSON file of a folder, read. `value` of a broken one is undefined, its findings say why. */
export interface ReadFile {
  /** Without folder and `.json`. */
  readonly name: string
  readonly source: Source
  readonly findings: readonly Finding[]
}

/** Every `*.json` of a folder but schemas and case files, by name. A folder that is not there has none. */
export async function readFolder(folder: string, shown = basename(folder)): Promise<readonly ReadFile[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const files = names.filter(name => /(?<!\.schema|\.cases)\.json$/.test(name)).sort()
  return Promise.all(files.map(name => readOne(join(folder, name), `${shown}/${name}`)))
}

async function readOne(path: string, shown: string): Promise<ReadFile> {
  const { source, findings } = readSource(shown, await readFile(path, 'utf8'))
  return { name: basename(path, '.json'), source, findings }
}

/** Several folders as one: a file of a later folder stands for the one of the same name before it. */
export async function readFolders(folders: readonly string[], sub = ''): Promise<readonly ReadFile[]> {
  const files = new Map<string, ReadFile>()
  for (const folder of folders) {
    const shown = sub === '' ? basename(folder) : `${basename(folder)}/${sub}`
    for (const file of await readFolder(join(folder, sub), shown)) files.set(file.name, file)
  }
  return [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
