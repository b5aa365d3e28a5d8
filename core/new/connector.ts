/** The files of a new connector: the template beside this file under another name. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type NewFiles, type Place, pascal, shouted } from './files.ts'

const TEMPLATE = 'core/new/template'

/**
 * In the clone a connector imports the engine's files; below WASL_HOME it imports `wasl/plugin` and `wasl/errors`,
 * which a tsconfig.json leads to the clone for editors and for the contract test.
 */
export async function connectorFiles(name: string, place: Place): Promise<NewFiles> {
  const { root, base } = place
  const inClone = base === root
  const named = (text: string) =>
    text
      .replaceAll('SAMPLE', shouted(name))
      .replaceAll('Sample', pascal(name))
      .replaceAll(/\bsample\b/g, name)
  // A name with a dash is no name of a variable.
  const code = (text: string) => named(text.replaceAll(/\bsample(?=\.connect\(| as |\s+from )/g, 'connector'))
  const files = new Map<string, string>()
  const folder = join(root, TEMPLATE)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name))
    if (!entry.isFile()) continue
    const text = await readFile(join(folder, path), 'utf8')
    if (path.endsWith('.ts')) files.set(`connectors/${name}/${path}`, doors(code(text), inClone))
    else if (path === 'README.md.template')
      files.set(`connectors/${name}/README.md`, named(text).replace('%RUN%', runLine(name, place)))
  }
  const test = await readFile(join(folder, 'contract.test.ts.template'), 'utf8')
  files.set(`test/connectors/${name}/contract.test.ts`, imports(code(test), name, inClone))
  return files
}

/** The template's way to the public door, as the connector's own. */
function doors(text: string, inClone: boolean): string {
  return text.replaceAll(/'((?:\.\.\/)+)(plugin|errors)\.ts'/g, (_, up: string, file: string) =>
    inClone ? `'${up}core/${file}.ts'` : `'wasl/${file}'`,
  )
}

function imports(text: string, name: string, inClone: boolean): string {
  const up = '../../..'
  const core = (file: string) => (inClone ? `${up}/core/${file}.ts` : `wasl/${file}`)
  return text
    .replaceAll('%CONNECTOR%', `${up}/connectors/${name}`)
    .replaceAll('%PLUGIN%', core('plugin'))
    .replaceAll('%REQUEST%', core('request'))
    .replaceAll('%CONTRACT%', inClone ? '../../contract/connector.ts' : 'wasl/contract')
}

function runLine(name: string, { root, base }: Place): string {
  const test = `test/connectors/${name}/contract.test.ts`
  const lines =
    base === root
      ? [`npx mocha ${test}`]
      : [`cd ${root}`, `TSX_TSCONFIG_PATH=${join(base, 'tsconfig.json')} npx mocha ${join(base, test)}`]
  return ['```sh', ...lines, '```'].join('\n')
}

/** For editors and for the contract tests of connectors outside the clone. */
export function surroundings(root: string): NewFiles {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  return new Map([
    ['package.json', json({ private: true, type: 'module' })],
    [
      'tsconfig.json',
      json({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          strict: true,
          noEmit: true,
          allowImportingTsExtensions: true,
          skipLibCheck: true,
          types: ['node'],
          typeRoots: [join(root, 'node_modules/@types')],
          paths: {
            'wasl/plugin': [join(root, 'core/plugin.ts')],
            'wasl/errors': [join(root, 'core/errors.ts')],
            'wasl/request': [join(root, 'core/request.ts')],
            'wasl/contract': [join(root, 'test/contract/connector.ts')],
          },
        },
        include: ['connectors', 'test'],
      }),
    ],
  ])
}
