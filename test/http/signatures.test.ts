/** Signatures through the door: whatever is wrong with one, the answer is the same and nothing is stored. */
import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import { signatureHeaders, zohoSignature } from '../../connectors/zoho/verify.ts'
import { standardWebhooks } from '../../core/http/verifiers/standard-webhooks.ts'
import type { Verifier } from '../../core/plugin.ts'
import { type College, college, NOW } from './college.ts'

const EVENT = '/api/v1/events/classroom/user_created'
const ZOHO = `${EVENT}?endpoint=classroom-zoho`

describe('a signature at the door', () => {
  let at: College
  const secret = zohoSignature.newSecret()

  before(async () => {
    at = await college({
      verifiers: new Map<string, Verifier>([
        [standardWebhooks.name, standardWebhooks],
        [zohoSignature.name, zohoSignature],
      ]),
    })
    at.endpoints.push({
      id: 'classroom-zoho',
      tenant: 'north',
      connector: 'classroom',
      verifier: zohoSignature.name,
      secrets: [secret],
      options: {},
    })
  })
  after(() => at.server.stop())

  const zoho = (body: Buffer | string, at_ = NOW) => ({
    method: 'POST' as const,
    url: ZOHO,
    payload: Buffer.from(body),
    headers: signatureHeaders({ method: 'POST', path: ZOHO, body: Buffer.from(body), now: at_ }, secret),
  })
  const both = (body: Buffer | string) => [
    { request: at.signed(EVENT, Buffer.from(body)), name: 'webhook-signature' },
    { request: zoho(body), name: 'X-Zoho-Signature' },
  ]
  const send = async (request: Parameters<College['server']['inject']>[0]) => {
    const { statusCode, payload } = await at.server.inject(request)
    return `${statusCode} ${payload}`
  }
  const THE_401 =
    '401 {"statusCode":401,"error":"Unauthorized","message":"The request could not be authenticated.","code":"UNAUTHORIZED"}'

  /** Each is refused with the one answer, stores nothing, and the log holds no failure of ours. */
  async function allRefused(requests: readonly Parameters<College['server']['inject']>[0][]) {
    const stored = at.intake.arrivals.length
    const from = at.lines.length
    const answers = new Set<string>()
    for (const request of requests) answers.add(await send(request))
    expect([...answers]).to.deep.equal([THE_401])
    expect(at.intake.arrivals.length).to.equal(stored)
    expect(at.lines.slice(from).filter(line => line.startsWith('error'))).to.deep.equal([])
  }

  it('S01: 5,120 signatures with one bit turned are 5,120 times the same 401', async () => {
    const requests = Array.from({ length: 10 }, (_, vector) => both(`{"vector":${vector}}`)).flatMap(pair =>
      pair.flatMap(({ request, name }) => {
        const headers = request.headers as Record<string, string>
        const [form, text] = name === 'webhook-signature' ? (['base64', 3] as const) : (['hex', 0] as const)
        const right = headers[name] as string
        return Array.from({ length: 256 }, (_, bit) => {
          const bytes = Buffer.from(right.slice(text), form)
          bytes[bit >> 3]! ^= 1 << (bit & 7)
          return { ...request, headers: { ...headers, [name]: right.slice(0, text) + bytes.toString(form) } }
        })
      }),
    )
    expect(requests).to.have.length(5_120)
    await allRefused(requests)
    for (const { request } of both('{"vector":0}')) expect(await send(request), 'unturned').to.match(/^202/)
  }).timeout(30_000)

  it('S02: the same content in other bytes is another message', async () => {
    const body = '{"a":1,"b":"A"}'
    const others = [
      '{"a": 1,"b":"A"}',
      '{"b":"A","a":1}',
      '{"a":1,"b":"\\u0041"}',
      `${body}\n`,
      '{"a":1.0,"b":"A"}',
    ]
    await allRefused(
      both(body).flatMap(({ request }) =>
        others.map(payload => ({ ...request, payload: Buffer.from(payload) })),
      ),
    )
  })

  it('S03: 300 seconds to either side count, and no more', async () => {
    const shifted = (seconds: number) => [
      at.signed(EVENT, { seconds }, { at: NOW + seconds * 1000 }),
      zoho(`{"seconds":${seconds}}`, NOW + seconds * 1000),
    ]
    await allRefused([301, -301, 86_400].flatMap(shifted))
    for (const request of [299, -299].flatMap(shifted)) expect(await send(request)).to.match(/^202/)
  })

  it('S04: the bytes are signed, not what they decode to', async () => {
    const odd = Buffer.from([0x22, 0xff, 0x22])
    const repaired = Buffer.from([0x22, 0xef, 0xbf, 0xbd, 0x22])
    await allRefused(both(odd).map(({ request }) => ({ ...request, payload: repaired })))
    for (const { request } of both(odd)) expect(await send(request)).to.match(/^202/)
  })

  it('S06: a time in another spelling is refused, though it is signed', async () => {
    const seconds = NOW / 1000
    const spellings = [
      `${seconds}junk`,
      `+${seconds}`,
      `${seconds}.0`,
      `${seconds / 1e9}e9`,
      `0x${seconds.toString(16)}`,
      String(seconds).replace(/\d/g, digit => String.fromCharCode(0x660 + Number(digit))),
      String(NOW),
      String(seconds).padStart(20, '0'),
    ]
    expect(Number(`${seconds / 1e9}e9`), 'the same moment').to.equal(seconds)
    const body = Buffer.from('{}')
    const plain = at.endpoints[0]?.secrets[0] as string
    const key = Buffer.from(plain.replace('whsec_', ''), 'base64')
    await allRefused(
      spellings.flatMap(timestamp => {
        const webhook = createHmac('sha256', key).update(`m.${timestamp}.`).update(body).digest('base64')
        const hash = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'
        const text = [timestamp, '0123456789abcdef', 'POST', ZOHO, hash].join('\n')
        const signature = createHmac('sha256', secret).update(text).digest('hex')
        return [
          {
            method: 'POST' as const,
            url: EVENT,
            payload: body,
            headers: {
              'webhook-id': 'm',
              'webhook-timestamp': timestamp,
              'webhook-signature': `v1,${webhook}`,
            },
          },
          {
            method: 'POST' as const,
            url: ZOHO,
            payload: body,
            headers: {
              'x-zoho-timestamp': timestamp,
              'x-zoho-nonce': '0123456789abcdef',
              'x-zoho-signature': signature,
            },
          },
        ]
      }),
    )
  })

  it('S08, S09, S10: too many, too short, malformed and other algorithms, without an exception', async () => {
    await allRefused(
      both('{"n":1}').flatMap(({ request, name }) => {
        const headers = request.headers as Record<string, string>
        const right = headers[name] as string
        const hex = Buffer.from(right.replace('v1,', ''), name === 'webhook-signature' ? 'base64' : 'hex')
        const wrong = `v1,${Buffer.alloc(32).toString('base64')} `
        const given = [
          '',
          'a'.repeat(16),
          'a'.repeat(63),
          `abzz${'0'.repeat(60)}`,
          'x'.repeat(1_000_000),
          wrong.repeat(999) + right,
          `sha1=${hex.toString('hex')}`,
          `sha256=${hex.toString('hex')}`,
          'none',
          'none,',
          right.replace('v1,', 'v0,').replace(/^(?!v0)/, 'v0,'),
          `${right}zz`,
        ]
        return given.map(signature => ({ ...request, headers: { ...headers, [name]: signature } }))
      }),
    )
  })

  it('S11: a right signature has one spelling', async () => {
    await allRefused(
      both('{"n":2}').flatMap(({ request, name }) => {
        const headers = request.headers as Record<string, string>
        const right = headers[name] as string
        const last = right.at(-2) as string
        const spellings =
          name === 'webhook-signature'
            ? [
                `${right}!`,
                `${right.slice(0, 20)} ${right.slice(20)}`,
                `v1,${Buffer.from(right.slice(3), 'base64').toString('base64url')}`,
                right.slice(0, -1),
                `${right.slice(0, -2)}${String.fromCharCode(last.charCodeAt(0) + 1)}=`,
              ]
            : [right.toUpperCase(), `0x${right}`, Buffer.from(right, 'hex').toString('base64')]
        return spellings
          .filter(text => text !== right)
          .map(signature => ({ ...request, headers: { ...headers, [name]: signature } }))
      }),
    )
  })

  it('S20: when the clock jumps by ten minutes, right requests are refused until it is right again', async () => {
    let ahead = 0
    const jumping = await college({ now: () => NOW + ahead })
    const good = () => jumping.signed(EVENT, { ahead }, { at: NOW })
    expect((await jumping.server.inject(good())).statusCode).to.equal(202)
    ahead = 600_000
    expect((await jumping.server.inject(good())).statusCode).to.equal(401)
    expect(
      jumping.lines.filter(line => line.includes('more than 5 minutes away')),
    ).to.have.length.greaterThan(0)
    expect((await jumping.server.inject('/health/live')).statusCode).to.equal(200)
    ahead = 0
    expect((await jumping.server.inject(good())).statusCode).to.equal(202)
    await jumping.server.stop()
  })
})
