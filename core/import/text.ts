/** A file's text, piece by piece. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { SetupError } from '../errors.ts'

export interface ImportFile {
  readonly path: string
  readonly bytes: number
  /** SHA-256 of its content, hex. */
  readonly hash: string
}

const unreadable = (path: string, cause: unknown) => {
  const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read'
  return new SetupError('FILE_UNREADABLE', `${path} ${why}.`, { at: path, hint: 'Check its name.', cause })
}

/** Raises SetupError `FILE_UNREADABLE`. */
export async function openFile(path: string): Promise<ImportFile> {
  try {
    const { size } = await stat(path)
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
    return { path, bytes: size, hash: hash.digest('hex') }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Without a byte order mark. Raises SetupError `FILE_NOT_UTF8` and `FILE_UNREADABLE`. */
export async function* textOf(path: string, read: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Buffer) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
    } catch (cause) {
      throw new SetupError('FILE_NOT_UTF8', `${path} is no UTF-8.`, {
        at: path,
        hint: 'Save it as UTF-8 (in Excel: "CSV UTF-8").',
        cause,
      })
    }
  }
  const stream = createReadStream(path)
  try {
    for await (const chunk of stream) {
      read((chunk as Buffer).length)
      yield decode(chunk as Buffer)
    }
  } catch (cause) {
    throw cause instanceof SetupError ? cause : unreadable(path, cause)
  } finally {
    stream.destroy()
  }
  yield decode()
}
