import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Name and loader of every connector that lives in this repository. core/bundle.mjs replaces this file by a fixed list. */
export function builtInConnectors(): readonly (readonly [name: string, load: () => Promise<unknown>])[] {
  const folder = new URL('../connectors/', import.meta.url)
  return readdirSync(fileURLToPath(folder), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map(name => [name, () => import(new URL(`${name}/index.ts`, folder).href)] as const)
}
