/** The store that tests run on: the MongoDB of MONGODB_URI, or one embedded server for all of them. */
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { embeddedUri } from '../core/store/embedded/connect.ts'

const entry = fileURLToPath(new URL('../core/store/embedded/process.ts', import.meta.url))
let folder: Promise<string> | undefined

async function serverUri(): Promise<string> {
  const given = process.env['MONGODB_URI']
  if (given !== undefined && given !== '') return given
  folder ??= mkdtemp(join(tmpdir(), 'wasl-test-'))
  // Each time, since the server ends when nobody has used it for a while.
  return embeddedUri(await folder, { entry, lingerMs: 60_000 })
}

/** The address of a database that nobody else uses. */
export async function freshDatabase(): Promise<string> {
  const uri = await serverUri()
  const name = `wasl_test_${randomBytes(6).toString('hex')}`
  const [, head = '', query = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(uri) ?? []
  return `${head}/${name}${query}`
}
