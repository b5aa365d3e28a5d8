import type { ServerInjectOptions } from '@hapi/hapi'
import { expect } from 'chai'
import { createAttempts, networkOf } from '../../core/http/attempts.ts'
import { newApiKey } from '../../core/http/keys.ts'
import { college, NOW } from './college.ts'

const KEYED = '/api/v1/events/register/People'
const SIGNED = '/api/v1/events/classroom/user_created'

describe('wrong keys', () => {
  it('A02: are answered 429 beyond 30 from an address, whatever X-Forwarded-For says, and one more every 2 s', async () => {
    let now = NOW
    const at = await college({ now: () => now })
    const answers = { 401: 0, 429: 0 } as Record<number, number>
    const bodies = new Set<string>()
    const send = async (request: ServerInjectOptions) => {
      const response = await at.server.inject(request)
      answers[response.statusCode] = (answers[response.statusCode] ?? 0) + 1
      bodies.add(response.payload)
      return response
    }
    const wrong = (i: number): ServerInjectOptions => {
      const request = at.keyed(KEYED, {}, newApiKey().key)
      const headers = { ...request.headers, 'x-forwarded-for': `10.0.${i >> 8}.${i & 255}` }
      return { ...request, headers }
    }
    for (let i = 0; i < 2_000; i++) await send(wrong(i))
    expect(answers).to.deep.equal({ 401: 30, 429: 1970 })
    expect(bodies.size, 'one 401 and one 429').to.equal(2)
    const { headers, result } = await send(wrong(0))
    expect(headers['retry-after']).to.equal('2')
    expect(result).to.include({ code: 'TOO_MANY_ATTEMPTS', statusCode: 429 })
    now += 2000
    expect((await send(wrong(0))).statusCode).to.equal(401)
    expect((await send(wrong(0))).statusCode).to.equal(429)
    expect(at.lines.filter(line => line.includes('http.refused'))).to.have.length(31)

    const elsewhere = { ...wrong(0), remoteAddress: '192.0.2.9' }
    expect((await send(elsewhere)).statusCode, 'another address').to.equal(401)
    await at.server.stop()
  })

  it('A02: lock out no right key that was seen before, and no endpoint with the right secret', async () => {
    const at = await college()
    const right = () => at.server.inject(at.keyed(KEYED, {}))
    expect((await right()).statusCode).to.equal(202)
    const guess = at.keys.operate.replace(/.{4}$/, '0000')
    const guesses: number[] = []
    for (let i = 0; i < 200; i++)
      guesses.push((await at.server.inject(at.keyed(KEYED, {}, guess))).statusCode)
    for (let i = 0; i < 200; i++) await at.server.inject(at.keyed(KEYED, {}, newApiKey().key))
    expect(new Set(guesses.slice(0, 10))).to.deep.equal(new Set([401]))
    expect((await right()).statusCode, 'the key under whose name was guessed').to.equal(202)
    expect((await at.server.inject(at.signed(SIGNED, {}))).statusCode, 'a signed webhook').to.equal(202)
    await at.server.stop()
  })

  it('under one name are counted over all addresses, 10 at once', () => {
    let now = NOW
    const attempts = createAttempts(() => now)
    for (let i = 0; i < 10; i++) {
      expect(attempts.waitFor(`192.0.2.${i}`, 'abc'), `${i}`).to.equal(undefined)
      attempts.failed(`192.0.2.${i}`, 'abc')
    }
    expect(attempts.waitFor('192.0.2.99', 'abc')).to.equal(10)
    expect(attempts.waitFor('192.0.2.99', 'def')).to.equal(undefined)
    now += 10_000
    expect(attempts.waitFor('192.0.2.99', 'abc')).to.equal(undefined)
  })

  it('are remembered in bounded memory, and a busy address is not forgotten for rare ones', () => {
    const attempts = createAttempts(() => NOW)
    for (let i = 0; i < 20_000; i++) {
      attempts.failed(`2001:db8:${(i >> 8).toString(16)}:${(i & 0xff).toString(16)}::1`, `key${i}`)
      attempts.failed('192.0.2.1', `other${i}`)
      attempts.succeeded(`right${i}`)
    }
    expect(attempts.size).to.equal(15_000)
    expect(attempts.waitFor('192.0.2.1', 'new')).to.be.greaterThan(0)
  })

  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:7::1', '2001:db8:0:7'],
    ['2001:0DB8:0000:0007:a:b:c:d', '2001:db8:0:7'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ] as const)
    it(`${address} counts as ${network}`, () => expect(networkOf(address)).to.equal(network))
})
