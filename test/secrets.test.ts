import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { SetupError } from '../core/errors.ts'
import { createSecrets, decodeKey, readKey } from '../core/secrets.ts'

const key = Buffer.alloc(32, 7)

describe('secrets', () => {
  const { seal, open, hashKey } = createSecrets(key)

  it('opens what it sealed, whatever the text', () => {
    for (const text of ['', 'whsec_abc', 'الطالب', 'x'.repeat(100_000)])
      expect(open(seal(text, 'tenant/endpoint'), 'tenant/endpoint')).to.equal(text)
  })

  it('opens what it sealed of bytes, which no other way of sealing opens', () => {
    const { sealBytes, openBytes } = createSecrets(key)
    for (const bytes of [Buffer.alloc(0), Buffer.from([0xff, 0, 0x7b]), Buffer.alloc(100_000, 1)])
      expect(openBytes(sealBytes(bytes, 'c'), 'c').equals(bytes)).to.equal(true)
    const sealed = sealBytes(Buffer.from('{}'), 'c')
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
    for (const bad of [sealed, Buffer.from('{"a":1}'), Buffer.from(seal('{}', 'c').slice(3), 'base64url')])
      expect(() => openBytes(bad, 'c'))
        .to.throw(SetupError)
        .with.property('code', 'SECRET_UNREADABLE')
  })

  it('never seals the same text the same way twice', () => {
    expect(seal('a', 'c')).to.not.equal(seal('a', 'c'))
  })

  it('T10: does not open a value that was copied to another tenant', () => {
    const sealed = seal('token', 'a/zoho')
    expect(() => open(sealed, 'b/zoho'))
      .to.throw(SetupError)
      .with.property('code', 'SECRET_UNREADABLE')
  })

  it('does not open a value that was changed, or is none', () => {
    const sealed = seal('token', 'c')
    const changed = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA')
    for (const bad of [changed, '', 'v1.', 'v1.abc', 'v2.aaaa', 'token'])
      expect(() => open(bad, 'c'), bad)
        .to.throw(SetupError)
        .with.property('code', 'SECRET_UNREADABLE')
  })

  it('does not open under another key, and says what to do without the value', () => {
    const other = createSecrets(Buffer.alloc(32, 8))
    try {
      other.open(seal('canary', 'c'), 'c')
      expect.fail('it was opened')
    } catch (error) {
      expect(error).to.be.instanceOf(SetupError)
      expect((error as SetupError).hint).to.contain('WASL_KEY')
      expect(String(error)).to.not.contain('canary')
    }
  })

  it('hashes keys by HMAC: the same under one key, another under another', () => {
    expect(hashKey('wasl_x'))
      .to.match(/^[0-9a-f]{64}$/)
      .and.equal(createSecrets(key).hashKey('wasl_x'))
    expect(hashKey('wasl_x')).to.not.equal(createSecrets(Buffer.alloc(32, 8)).hashKey('wasl_x'))
  })
})

describe('the key', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasl-key-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const refused = async (settings: Parameters<typeof readKey>[0], code: string) => {
    const error = await readKey(settings).then(
      () => expect.fail('a key was read'),
      error => error,
    )
    expect(error).to.be.instanceOf(SetupError)
    expect(error.code).to.equal(code)
    expect(error.hint).to.be.a('string')
  }

  it('is read from hexadecimal, base64 and url-safe base64', () => {
    const bytes = Buffer.alloc(32, 0xfb)
    for (const text of [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')])
      expect(decodeKey(text)?.equals(bytes), text).to.equal(true)
  })

  it('is refused when it is short, long, or no clean encoding', async () => {
    for (const text of [
      '',
      'abc',
      '00'.repeat(31),
      '00'.repeat(33),
      `${'A'.repeat(42)}B=`,
      ` ${'00'.repeat(32)}`,
    ])
      expect(decodeKey(text), text).to.equal(undefined)
    await refused({ key: 'password', dataFolder: folder, production: true }, 'KEY_MALFORMED')
  })

  it('must be given in production', () => refused({ dataFolder: folder, production: true }, 'KEY_MISSING'))

  it('is made once in the data folder, for its owner only, however many start at once', async () => {
    const dataFolder = join(folder, 'data')
    const keys = await Promise.all(
      Array.from({ length: 8 }, () => readKey({ dataFolder, production: false })),
    )
    expect(new Set(keys.map(String)).size).to.equal(1)
    expect(readdirSync(dataFolder)).to.deep.equal(['wasl.key'])
    expect(statSync(join(dataFolder, 'wasl.key')).mode & 0o777).to.equal(0o600)
  })

  it('is not taken from a file that others can read', async () => {
    writeFileSync(join(folder, 'wasl.key'), key.toString('base64'))
    chmodSync(join(folder, 'wasl.key'), 0o644)
    await refused({ dataFolder: folder, production: false }, 'KEY_FILE_OPEN')
  })
})
