/** The project's own files as a parser sees them: what they import, and their code without comments and types. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Every file below the given folders, as a path from the root; what is generated or installed is left out. */
export function filesIn(...folders: readonly string[]): string[] {
  return folders.flatMap(folder =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter(entry => entry.isFile())
      .map(entry => relative(root, join(entry.parentPath, entry.name))),
  )
}

export interface Import {
  readonly from: string
  /** A path from the root, the name of a package, or `node:...`. */
  readonly to: string
}

/** Every import of the given TypeScript files: static, dynamic, re-exported, and of types alone where `types` says so. */
export async function importsOf(files: readonly string[], types: boolean): Promise<readonly Import[]> {
  const imports: Import[] = []
  await build({
    absWorkingDir: root,
    entryPoints: [...files],
    bundle: true,
    write: false,
    outdir: 'dist',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    // Imports that nothing uses as a value are kept, so that those of types are seen.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: types } },
    plugins: [
      {
        name: 'record-imports',
        setup: ({ onLoad, onResolve }) => {
          if (types)
            onLoad({ filter: /\.ts$/ }, ({ path }) => ({
              contents: withTypes(readFileSync(path, 'utf8')),
              loader: 'ts',
            }))
          onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
            if (kind === 'entry-point') return undefined
            const local = path.startsWith('.')
              ? relative(root, resolve(dirname(importer), path))
              : packageOf(path)
            imports.push({ from: relative(root, importer), to: local })
            return { path, external: true }
          })
        },
      },
    ],
  })
  return imports
}

/** A parser drops imports of types: as plain imports they stay. */
const withTypes = (code: string): string =>
  code.replace(/^(import type (?=[{*\w])|export type (?=[{*]))/gm, kind => kind.replace(' type', ''))

/** `@hapi/hapi/lib/x` -> `@hapi/hapi` */
const packageOf = (specifier: string): string =>
  specifier.startsWith('node:')
    ? specifier
    : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** The code alone: no comments, no types; top-level statements begin in the first column. */
export async function codeOf(file: string): Promise<string> {
  const { code } = await transform(readFileSync(join(root, file), 'utf8'), {
    loader: file.endsWith('.ts') ? 'ts' : 'js',
    legalComments: 'none',
    charset: 'utf8',
    supported: { 'template-literal': false },
  })
  return code
}
