import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import {
  channelToken,
  signatureHeaders,
  signedText,
  zohoSignature,
  zohoToken,
} from '../../../connectors/zoho/verify.ts'
import type { SignedRequest } from '../../../core/plugin.ts'

const now = Date.parse('2026-08-20T10:00:00Z')
const secret = zohoSignature.newSecret()
const older = zohoSignature.newSecret()
const body = Buffer.from('{"module":"BTEC_Students","data":{"Full_Name":"ليلى"}}')

const requestWith = (
  change: Partial<SignedRequest> = {},
  headers: Record<string, string | string[]> = {},
): SignedRequest => ({
  method: 'POST',
  path: '/api/v1/events/zoho/student?endpoint=e1',
  query: { endpoint: 'e1' },
  body,
  now,
  ...change,
  headers: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat()])),
})

const signedWith = (key: string, change: Partial<SignedRequest> = {}) =>
  signatureHeaders(requestWith(change), key)

describe('zoho-signature', () => {
  const verify = (request: SignedRequest, secrets: readonly string[] = [secret], options = {}) =>
    zohoSignature.verify(request, secrets, options)

  it('believes what was signed with the secret', () => {
    const headers = signedWith(secret)
    expect(verify(requestWith({}, headers))).to.deep.equal({
      ok: true,
      trusted: true,
      secret: 0,
      nonce: headers['X-Zoho-Nonce'],
    })
  })

  it('tells which of two live secrets fitted', () => {
    expect(verify(requestWith({}, signedWith(older)), [secret, older])).to.include({ ok: true, secret: 1 })
    expect(verify(requestWith({}, signedWith(older)), [secret])).to.include({ ok: false })
    expect(verify(requestWith({}, signedWith(secret)), [])).to.include({ ok: false })
  })

  it('signs timestamp, nonce, method, path with query and the hash of the body, as the documentation says', () => {
    const {
      'X-Zoho-Timestamp': timestamp,
      'X-Zoho-Nonce': nonce,
      'X-Zoho-Signature': signature,
    } = signedWith(secret)
    const text = signedText(requestWith(), timestamp!, nonce!)
    expect(text.split('\n')).to.have.length(5)
    expect(signature).to.equal(createHmac('sha256', secret).update(text).digest('hex'))
  })

  const changed: [string, Partial<SignedRequest>][] = [
    ['another body', { body: Buffer.from(body.toString().replace('ليلى', 'Layla')) }],
    ['the same JSON written otherwise', { body: Buffer.from(body.toString().replace(':', ': ')) }],
    ['another query', { path: '/api/v1/events/zoho/student?endpoint=e2' }],
    ['another path', { path: '/api/v1/events/zoho/grade?endpoint=e1' }],
    ['another method', { method: 'PUT' }],
  ]
  for (const [name, change] of changed)
    it(`refuses ${name}`, () => {
      expect(verify(requestWith(change, signedWith(secret))).ok).to.equal(false)
    })

  it('S04: hashes the bytes, not a text made of them', () => {
    const wrong = Buffer.from([0x22, 0xff, 0x22])
    const repaired = Buffer.from(wrong.toString('utf8'))
    expect(verify(requestWith({ body: wrong }, signedWith(secret, { body: wrong }))).ok).to.equal(true)
    expect(verify(requestWith({ body: repaired }, signedWith(secret, { body: wrong }))).ok).to.equal(false)
  })

  it('S03: takes a window of 300 seconds to either side', () => {
    for (const [seconds, ok] of [
      [0, true],
      [299, true],
      [-299, true],
      [301, false],
      [-301, false],
    ] as const)
      expect(
        verify(requestWith({}, signedWith(secret, { now: now + seconds * 1000 }))).ok,
        `${seconds} s`,
      ).to.equal(ok)
  })

  it('S01: refuses every bit of the signature that is turned', () => {
    const headers = signedWith(secret)
    const bytes = Buffer.from(headers['X-Zoho-Signature']!, 'hex')
    for (let bit = 0; bit < 256; bit++) {
      const turned = Buffer.from(bytes)
      turned[bit >> 3]! ^= 1 << (bit & 7)
      const request = requestWith({}, { ...headers, 'X-Zoho-Signature': turned.toString('hex') })
      expect(verify(request).ok).to.equal(false)
    }
  })

  const good = signedWith(secret)
  const malformed: [string, Record<string, string | string[]>][] = [
    ['no headers', {}],
    ['no signature', { ...good, 'X-Zoho-Signature': '' }],
    ['16 digits', { ...good, 'X-Zoho-Signature': 'a'.repeat(16) }],
    ['an odd length', { ...good, 'X-Zoho-Signature': 'a'.repeat(63) }],
    ['junk after it', { ...good, 'X-Zoho-Signature': `${good['X-Zoho-Signature']}zz` }],
    ['upper case', { ...good, 'X-Zoho-Signature': good['X-Zoho-Signature']!.toUpperCase() }],
    ['an algorithm before it', { ...good, 'X-Zoho-Signature': `sha256=${good['X-Zoho-Signature']}` }],
    ['the signature twice', { ...good, 'X-Zoho-Signature': [good['X-Zoho-Signature']!, 'b'.repeat(64)] }],
    ['a megabyte', { ...good, 'X-Zoho-Signature': 'a'.repeat(1_000_000) }],
    ['no nonce', { ...good, 'X-Zoho-Nonce': '' }],
    ['a nonce with a line end', { ...good, 'X-Zoho-Nonce': '12345678\n9' }],
  ]
  for (const [name, headers] of malformed)
    it(`refuses ${name}`, () => {
      expect(verify(requestWith({}, headers)).ok).to.equal(false)
    })

  const seconds = now / 1000
  for (const timestamp of [
    `${seconds}junk`,
    `+${seconds}`,
    ` ${seconds}`,
    `${seconds}.0`,
    `${seconds / 1e9}e9`,
    `0x${seconds.toString(16)}`,
    String(seconds).replace(/\d/g, digit => String.fromCharCode(0x660 + Number(digit))),
    `${now}`,
    String(seconds).padStart(20, '0'),
    '',
  ])
    it(`S06: refuses the timestamp ${JSON.stringify(timestamp)}, though correctly signed`, () => {
      const nonce = '0123456789abcdef'
      const signature = createHmac('sha256', secret)
        .update(signedText(requestWith(), timestamp, nonce))
        .digest('hex')
      const headers = { 'X-Zoho-Timestamp': timestamp, 'X-Zoho-Nonce': nonce, 'X-Zoho-Signature': signature }
      expect(verify(requestWith({}, headers)).ok).to.equal(false)
    })

  it('takes a signature over the body alone only where that is switched on', () => {
    const headers = { 'X-Zoho-Signature': createHmac('sha256', secret).update(body).digest('hex') }
    expect(verify(requestWith({}, headers)).ok).to.equal(false)
    expect(verify(requestWith({}, headers), [older, secret], { bodyOnly: true })).to.deep.equal({
      ok: true,
      trusted: true,
      secret: 1,
    })
    expect(verify(requestWith({}, headers), [older], { bodyOnly: true }).ok).to.equal(false)
    expect(verify(requestWith({}, headers), [secret], { bodyOnly: 'yes' }).ok).to.equal(false)
  })

  it('says nothing of the secret in its reasons', () => {
    const verdict = verify(requestWith({}, signedWith(older)))
    expect(JSON.stringify(verdict)).to.not.contain(secret)
  })
})

describe('zoho-token', () => {
  const notification = (token: unknown) =>
    Buffer.from(JSON.stringify({ ids: ['1'], module: 'BTEC_Students', token }))
  const verify = (given: string | undefined, token: unknown, secrets: readonly string[] = [secret, older]) =>
    zohoToken.verify(
      requestWith({ body: notification(token), query: given === undefined ? {} : { secret: given } }),
      secrets,
      {},
    )

  it('believes the sender but not the content', () => {
    expect(verify(secret, channelToken(secret))).to.deep.equal({ ok: true, trusted: false, secret: 0 })
    expect(verify(older, channelToken(older))).to.deep.equal({ ok: true, trusted: false, secret: 1 })
  })

  const refused: [string, string | undefined, unknown][] = [
    ['a wrong secret', 'wrong', channelToken(secret)],
    ['no secret', undefined, channelToken(secret)],
    ['a wrong token', secret, channelToken('wrong')],
    ['no token', secret, undefined],
    ['a token of null', secret, null],
    ['the secret itself as the token', secret, secret],
    ['the token of the other secret', secret, channelToken(older)],
    ['a token that is no text', secret, 12],
  ]
  for (const [name, given, token] of refused)
    it(`refuses ${name}`, () => {
      expect(verify(given, token).ok).to.equal(false)
    })

  it('refuses what is no JSON, without an exception', () => {
    for (const text of ['', '{', '[]', 'null', '"x"', '\u0000'])
      expect(
        zohoToken.verify(requestWith({ body: Buffer.from(text), query: { secret } }), [secret], {}).ok,
      ).to.equal(false)
  })

  it('makes tokens that Zoho takes: 40 characters, and not the secret', () => {
    expect(channelToken(secret)).to.match(/^[0-9a-f]{40}$/)
    expect(channelToken(secret)).to.not.equal(channelToken(older))
  })

  it('makes secrets of 256 bits that stand in a URL', () => {
    expect(secret).to.match(/^[A-Za-z0-9_-]{43}$/)
    expect(new Set([secret, older, zohoToken.newSecret()]).size).to.equal(3)
  })
})
