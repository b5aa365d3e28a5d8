import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { standardWebhooks, standardWebhooksHeaders } from '../../core/http/verifiers/standard-webhooks.ts'
import type { SignedRequest, Verdict } from '../../core/plugin.ts'

const NOW = 1_700_000_000_000
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`
const BODY = Buffer.from('{"a":1}')

const request = (headers: Record<string, string | string[]>, body = BODY, now = NOW): SignedRequest => ({
  method: 'POST',
  path: '/api/v1/webhooks',
  query: {},
  headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value].flat()])),
  body,
  now,
})
const good = () => standardWebhooksHeaders(SECRET, { id: 'msg_1', now: NOW, body: BODY })
const verify = (signed: SignedRequest, secrets = [SECRET]): Verdict =>
  standardWebhooks.verify(signed, secrets, {})

/** Signs whatever it is given, as a sender would who knows the secret. */
const signedWith = (id: string, timestamp: string): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': timestamp,
  'webhook-signature': `v1,${createHmac('sha256', '0123456789abcdef0123456789abcdef').update(`${id}.${timestamp}.`).update(BODY).digest('base64')}`,
})

describe('standard-webhooks', () => {
  it('agrees with the example of the specification', () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const body = Buffer.from('{"test": 2432232314}')
    const verdict = verify(request(headers, body, 1_614_265_330_000), [
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ])
    expect(verdict).to.deep.equal({ ok: true, trusted: true, secret: 0, senderId: headers['webhook-id'] })
  })

  it('says which secret fitted, and finds the right signature among several', () => {
    const other = standardWebhooks.newSecret()
    expect(verify(request(good()), [other, SECRET])).to.include({ ok: true, secret: 1 })
    const wrong = `v1,${Buffer.alloc(32).toString('base64')}`
    const several = { ...good(), 'webhook-signature': `v1a,xyz ${wrong} ${good()['webhook-signature']}` }
    expect(verify(request(several))).to.include({ ok: true })
  })

  it('S08: looks at no more than 8 signatures', () => {
    const right = good()['webhook-signature']!
    const wrong = `v1,${Buffer.alloc(32).toString('base64')} `
    expect(verify(request({ ...good(), 'webhook-signature': wrong.repeat(7) + right })).ok).to.equal(true)
    expect(verify(request({ ...good(), 'webhook-signature': wrong.repeat(999) + right })).ok).to.equal(false)
  })

  it('S01: refuses each of the 256 bits turned', () => {
    const bytes = Buffer.from(good()['webhook-signature']!.slice(3), 'base64')
    for (let bit = 0; bit < 256; bit++) {
      const turned = Buffer.from(bytes)
      turned[bit >> 3]! ^= 1 << (bit & 7)
      const headers = { ...good(), 'webhook-signature': `v1,${turned.toString('base64')}` }
      expect(verify(request(headers)).ok).to.equal(false)
    }
  })

  it('S09, S10, S11: knows one spelling of a signature only', () => {
    const right = good()['webhook-signature']!.slice(3)
    const last = right.at(-2)!
    const next = String.fromCharCode(last.charCodeAt(0) + 1)
    for (const text of [
      `v1,${right}!`,
      `v1,${right.slice(0, 20)} ${right.slice(20)}`,
      `v1,${right.replaceAll('+', '-').replaceAll('/', '_').slice(0, -1)}`,
      `v1,${right.slice(0, -1)}`,
      `v1,${right.slice(0, -2)}${next}=`,
      `v0,${right}`,
      `sha1=${right}`,
      'none',
      right,
      '',
      'v1,',
      'x'.repeat(1_000_000),
    ])
      expect(verify(request({ ...good(), 'webhook-signature': text })).ok, text.slice(0, 60)).to.equal(false)
  })

  it('S03, S06: takes a timestamp of ten digits within five minutes only', () => {
    for (const timestamp of ['1700000300', '1699999700'])
      expect(verify(request(signedWith('m', timestamp))).ok).to.equal(true)
    for (const timestamp of [
      '1700000301',
      '1699999699',
      '1700000000junk',
      '+1700000000',
      ' 1700000000',
      '1.7e9',
      '0x6553f100',
      '١٧٠٠٠٠٠٠٠٠',
      '1700000000000',
      '00000000001700000000',
    ])
      expect(verify(request(signedWith('m', timestamp))).ok, timestamp).to.equal(false)
  })

  it('takes an id without the dot that separates what is signed', () => {
    expect(verify(request(signedWith('evt_9:a-b', '1700000000'))).ok).to.equal(true)
    for (const id of ['', 'a.b', 'a b', 'x'.repeat(257), 'معرف'])
      expect(verify(request(signedWith(id, '1700000000'))).ok, id).to.equal(false)
  })

  it('S04: signs the bytes, not what they decode to', () => {
    const body = Buffer.from([0x22, 0xff, 0x22])
    const headers = standardWebhooksHeaders(SECRET, { id: 'm', now: NOW, body })
    expect(verify(request(headers, body)).ok).to.equal(true)
    expect(verify(request(headers, Buffer.from([0x22, 0xef, 0xbf, 0xbd, 0x22]))).ok).to.equal(false)
  })

  it('S05: counts a header that came twice as none', () => {
    for (const name of Object.keys(good())) {
      const value = good()[name]!
      expect(verify(request({ ...good(), [name]: [value, value] })).ok).to.equal(false)
    }
  })

  it('S19: fits no secret that is short or malformed', () => {
    for (const secret of [
      '',
      'whsec_',
      `whsec_${Buffer.alloc(8).toString('base64')}`,
      'whsec_***',
      SECRET.slice(6),
    ])
      expect(verify(request(good()), [secret]).ok).to.equal(false)
    expect(verify(request(good()), []).ok).to.equal(false)
    expect(standardWebhooks.newSecret()).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/)
  })

  it('never throws, whatever the headers hold', () => {
    const headers = fc.dictionary(
      fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature'),
      fc.oneof(
        fc.string(),
        fc.constantFrom(...Object.values(good())),
        fc.array(fc.string(), { maxLength: 3 }),
      ),
    )
    fc.assert(
      fc.property(headers, fc.array(fc.string(), { maxLength: 2 }), (given, secrets) => {
        expect(verify(request(given), secrets).ok).to.equal(false)
      }),
      { numRuns: 500 },
    )
  })
})
