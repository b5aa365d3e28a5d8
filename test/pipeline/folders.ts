import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ours = {
  pipelines: fileURLToPath(new URL('../../pipelines', import.meta.url)),
  config: fileURLToPath(new URL('../../config', import.meta.url)),
}

/** A folder for the time of one test, with files as JSON or text. */
export async function withFiles<T>(
  files: Readonly<Record<string, unknown>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'wasl-pipelines-'))
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(
        join(folder, name),
        typeof content === 'string' ? content : JSON.stringify(content, null, 2),
      )
    }
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
