import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { chmod, link, mkdir, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SetupError } from './errors.ts'

const FORM = /^v1\.([A-Za-z0-9_-]+)$/
const CIPHER = 'aes-256-gcm'
const NONCE = 12
const TAG = 16
const KEY_BYTES = 32

/** Encryption of what must be read again (tokens, signing secrets), and hashes of what need not (bearer keys). */
export interface Secrets {
  /** AES-256-GCM under a sub-key of WASL_KEY; only the same `context` (tenant and purpose) opens it again. */
  seal(plain: string, context: string): string
  /** Raises SetupError `SECRET_UNREADABLE`: another WASL_KEY, another context, or a value that was changed. */
  open(sealed: string, context: string): string
  /** The same for bytes, under a sub-key of their own; some 6 µs for a webhook. */
  sealBytes(plain: Buffer, context: string): Buffer
  /** Raises SetupError `SECRET_UNREADABLE`. */
  openBytes(sealed: Buffer, context: string): Buffer
  /** HMAC-SHA256 under a sub-key of WASL_KEY, in hex. */
  hashKey(secret: string): string
}

/** `key`: 32 bytes, from `readKey`. */
export function createSecrets(key: Buffer): Secrets {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes, not ${key.length}`)
  const subKey = (use: string) => Buffer.from(hkdfSync('sha256', key, '', `wasl/${use}/v1`, KEY_BYTES))
  const sealing = subKey('seal')
  const payloads = subKey('payload')
  const hashing = subKey('hash-key')
  const bound = (context: string) => {
    if (context === '') throw new RangeError('a secret needs a context')
    return Buffer.from(context, 'utf8')
  }

  const sealed = (key_: Buffer, plain: Buffer, context: string): Buffer => {
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv(CIPHER, key_, nonce, { authTagLength: TAG }).setAAD(bound(context))
    const text = cipher.update(plain)
    cipher.final()
    return Buffer.concat([nonce, cipher.getAuthTag(), text])
  }
  const opened = (key_: Buffer, bytes: Buffer, context: string): Buffer => {
    if (bytes.length < NONCE + TAG) throw unreadable(context, 'it is not a sealed value')
    try {
      const decipher = createDecipheriv(CIPHER, key_, bytes.subarray(0, NONCE), { authTagLength: TAG })
      decipher.setAAD(bound(context)).setAuthTag(bytes.subarray(NONCE, NONCE + TAG))
      const plain = decipher.update(bytes.subarray(NONCE + TAG))
      decipher.final()
      return plain
    } catch (cause) {
      throw unreadable(context, 'it was sealed under another key, or changed', cause)
    }
  }

  return {
    seal: (plain, context) =>
      `v1.${sealed(sealing, Buffer.from(plain, 'utf8'), context).toString('base64url')}`,
    open: (text, context) =>
      opened(sealing, Buffer.from(FORM.exec(text)?.[1] ?? '', 'base64url'), context).toString('utf8'),
    sealBytes: (plain, context) => sealed(payloads, plain, context),
    openBytes: (bytes, context) => opened(payloads, bytes, context),
    hashKey: secret => createHmac('sha256', hashing).update(secret, 'utf8').digest('hex'),
  }
}

function unreadable(context: string, why: string, cause?: unknown): SetupError {
  return new SetupError('SECRET_UNREADABLE', `the stored secret "${context}" cannot be read: ${why}`, {
    at: 'WASL_KEY',
    hint: 'start with the WASL_KEY (or the wasl.key file) under which it was stored, or enter the secret again',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** 32 bytes from 64 hexadecimal digits or from base64 (also url-safe); undefined for anything else. */
export function decodeKey(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  // Only the one spelling of these bytes: the last character's spare bits must be zero.
  return bytes.toString('base64url') === text.replace(/=$/, '').replace(/\+/g, '-').replace(/\//g, '_')
    ? bytes
    : undefined
}

/**
 * The key of this installation: WASL_KEY, or `wasl.key` in the data folder, made (0600) where it is missing.
 * Raises SetupError `KEY_MISSING` (production without WASL_KEY), `KEY_MALFORMED`, `KEY_FILE_OPEN` (others may read it).
 */
export async function readKey(settings: {
  readonly key?: string
  readonly dataFolder: string
  readonly production: boolean
}): Promise<Buffer> {
  if (settings.key !== undefined) return decoded(settings.key, 'WASL_KEY')
  if (settings.production) {
    throw new SetupError('KEY_MISSING', 'WASL_KEY is not set: it encrypts the secrets in the store', {
      at: 'WASL_KEY',
      hint: 'set it to 32 random bytes (openssl rand -base64 32) and keep a copy in a safe place',
    })
  }
  const file = join(settings.dataFolder, 'wasl.key')
  if (!(await exists(file))) await makeKey(file, settings.dataFolder)
  if (((await stat(file)).mode & 0o077) !== 0) {
    throw new SetupError('KEY_FILE_OPEN', `${file} can be read by other users of this machine`, {
      at: file,
      hint: `chmod 600 ${file}`,
    })
  }
  return decoded((await readFile(file, 'utf8')).trim(), file)
}

function decoded(text: string, at: string): Buffer {
  const key = decodeKey(text)
  if (key) return key
  throw new SetupError('KEY_MALFORMED', `${at} is not a key: it must be 32 bytes in base64 or hexadecimal`, {
    at,
    hint: 'make one with: openssl rand -base64 32',
  })
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )

/** Two first starts at once must end with one key: whoever links its file first wins, and both read that. */
async function makeKey(file: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, {
    mode: 0o600,
    flag: 'wx',
    flush: true,
  })
  try {
    await chmod(draft, 0o600)
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
}
