import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { arrive, asReused, HEAD_START_MS, readDelivery } from '../../core/delivery/arrive.ts'
import { oldestFirst } from '../../core/delivery/batch.ts'
import type { Arrival } from '../../core/delivery/intake.ts'
import type { Item } from '../../core/delivery/scene.ts'
import { DataError } from '../../core/errors.ts'
import type { Incoming, Parsed, Version } from '../../core/plugin.ts'
import { NOW, STUDENT } from './records.ts'

const raw = Buffer.from('{"a":1}')
const arrival = (changes: Partial<Arrival> = {}): Arrival => ({
  tenant: 'al-noor',
  endpoint: 'zoho-main',
  connector: 'zoho',
  channel: 'events',
  route: 'students',
  raw,
  body: { a: 1 },
  trusted: true,
  receivedAt: NOW,
  ...changes,
})
const reading = (parsed: Parsed) => ({ parse: () => parsed })
const state = {
  resource: 'BTEC_Students',
  kind: 'state',
  id: '1',
  version: [5],
  payload: { id: '1' },
} as const
const nowhere = () => undefined

describe('a request before it is stored', () => {
  it('is one delivery with its events, open, with a head start for who has it in memory', () => {
    const { document, events } = arrive(arrival(), reading({ key: 'k', events: [state] }), nowhere)
    expect(events).to.deep.equal([state])
    expect(document).to.deep.include({
      tenant: 'al-noor',
      endpoint: 'zoho-main',
      connector: 'zoho',
      channel: 'events',
      route: 'students',
      key: 'k',
      raw,
      hash: createHash('sha256').update(raw).digest('hex'),
      trusted: true,
      receivedAt: new Date(NOW),
      dueAt: new Date(NOW + HEAD_START_MS),
      tries: 0,
      turn: 0,
      expireAt: new Date(NOW + 400 * 24 * 3_600_000),
    })
    expect(document.events).to.deep.equal([
      { id: `${document._id}-0`, resource: STUDENT, kind: 'state', version: [5], identity: `${STUDENT}:1` },
    ])
    expect(document._id).to.match(/^[0-9a-f]{24}$/)
  })

  it('keeps no payload in its events', () => {
    const { document } = arrive(arrival(), reading({ events: [state] }), nowhere)
    expect(document.events[0]).to.not.have.property('payload')
  })

  const keys: readonly (readonly [
    string,
    Partial<Arrival>,
    Partial<Parsed>,
    string | undefined,
    string | undefined,
  ])[] = [
    ['the sender’s id of a header', { senderId: 'h' }, { key: 'k', senderId: 'b' }, 'id:h', 'h'],
    ['the sender’s id of the body', {}, { key: 'k', senderId: 'b' }, 'id:b', 'b'],
    ['what a repeat would carry too', {}, { key: 'k' }, 'k', undefined],
    ['its own id, never its hash', {}, {}, undefined, undefined],
  ]
  for (const [title, from, parsed, key, senderId] of keys)
    it(`is known by ${title}`, () => {
      const { document } = arrive(arrival(from), reading({ events: [state], ...parsed }), nowhere)
      expect(document.key).to.equal(key ?? document._id)
      expect(document.senderId).to.equal(senderId)
    })

  it('has no two deliveries under one key where the sender named none', () => {
    const made = [1, 2].map(() => arrive(arrival(), reading({ events: [state] }), nowhere).document.key)
    expect(made[0]).not.to.equal(made[1])
  })

  it('is not due where it says nothing', () => {
    const { document } = arrive(arrival(), reading({ events: [] }), nowhere)
    expect(document).to.not.have.any.keys('dueAt', 'error')
    expect(document.events).to.deep.equal([])
  })

  it('brings only touches where its content proves nothing', () => {
    const remove = { ...state, kind: 'delete', id: '2' } as const
    const { document } = arrive(arrival({ trusted: false }), reading({ events: [state, remove] }), nowhere)
    expect(document.events.map(({ kind }) => kind)).to.deep.equal(['touch', 'touch'])
  })

  it('may bring an event without an id', () => {
    const { id: _id, ...rest } = state
    const { document } = arrive(arrival(), reading({ events: [rest] }), nowhere)
    expect(document.events[0]).to.not.have.property('identity')
  })

  const dead: readonly (readonly [string, Partial<Arrival>, Parameters<typeof arrive>[1], string])[] = [
    [
      'has bytes that are no JSON',
      { failure: new DataError('JSON_SYNTAX', 'm', { at: '/a' }) },
      reading({ events: [state] }),
      'JSON_SYNTAX',
    ],
    ['is for no connector', {}, undefined, 'UNKNOWN_CONNECTOR'],
    [
      'cannot be parsed',
      {},
      {
        parse: () => {
          throw new DataError('PARSE_SHAPE', 'm')
        },
      },
      'PARSE_SHAPE',
    ],
  ]
  for (const [title, from, reader, code] of dead)
    it(`is a dead letter where it ${title}`, () => {
      const { document, events } = arrive(arrival({ ...from, senderId: 's' }), reader, nowhere)
      expect(events).to.deep.equal([])
      expect(document).to.include({ key: 'id:s', senderId: 's', raw })
      expect(document).to.not.have.property('dueAt')
      expect(document.error).to.include({ code })
      expect(document.events).to.have.length(1)
      expect(document.events[0]).to.deep.include({ outcome: 'INVALID', error: document.error })
    })

  it('passes a fault of ours on', () => {
    const broken = {
      parse: () => {
        throw new TypeError('ours')
      },
    }
    expect(() => arrive(arrival(), broken, nowhere)).to.throw(TypeError)
  })

  it('is read with the resource that its route names', () => {
    const seen: Incoming[] = []
    const reader = {
      parse(incoming: Incoming) {
        seen.push(incoming)
        return { events: [] }
      },
    }
    readDelivery(reader, arrival({ senderId: 's' }), (connector, route) => `${connector} ${route}`)
    const { route: _route, ...webhook } = arrival({ channel: 'webhooks' })
    readDelivery(reader, webhook, () => 'never')
    expect(seen).to.deep.equal([
      {
        channel: 'events',
        body: { a: 1 },
        receivedAt: NOW,
        route: 'students',
        resource: 'zoho students',
        senderId: 's',
      },
      { channel: 'webhooks', body: { a: 1 }, receivedAt: NOW },
    ])
  })

  it('is another delivery where its id was used for other bytes, and says so', () => {
    const { document } = arrive(arrival({ senderId: 's' }), reading({ events: [state] }), nowhere)
    const reused = asReused(document)
    expect(reused).to.include({ key: `id:s:${document.hash}`, idReused: true, senderId: 's' })
    expect(document).to.not.have.property('idReused')
  })
})

describe('the events of a batch', () => {
  const item = (name: string, identity: string | undefined, version: Version): Item => ({
    event: {
      id: name,
      resource: STUDENT,
      kind: 'state',
      version,
      ...(identity === undefined ? {} : { identity }),
    },
    payload: {},
    partial: false,
    readAt: undefined,
    newId: name,
  })
  const table: readonly (readonly [string, readonly Item[], string])[] = [
    ['of one record go by version', [item('c', 'A', [3]), item('a', 'A', [1]), item('b', 'A', [2])], 'a b c'],
    [
      'of others keep their places',
      [item('b', 'A', [2]), item('x', 'B', [9]), item('a', 'A', [1]), item('y', 'B', [10])],
      'a x b y',
    ],
    [
      'of equal versions keep their order',
      [item('a', 'A', [1]), item('b', 'A', [1]), item('c', 'A', [0])],
      'c a b',
    ],
    [
      'without an id keep their places',
      [item('b', 'A', [2]), item('n', undefined, [0]), item('a', 'A', [1])],
      'a n b',
    ],
    ['go by every element of a version', [item('b', 'A', [2, 1]), item('a', 'A', [2])], 'a b'],
    ['that say nothing of order keep theirs', [item('a', 'A', [5]), item('b', 'A', [])], 'a b'],
    [
      'are sorted on either side of one that says nothing of order',
      [
        item('b', 'A', [5]),
        item('a', 'A', [4]),
        item('-', 'A', []),
        item('d', 'A', [3]),
        item('c', 'A', [2]),
      ],
      'a b - c d',
    ],
    ['may be none', [], ''],
  ]
  for (const [title, items, order] of table)
    it(title, () => {
      const before = [...items]
      expect(
        oldestFirst(items)
          .map(({ newId }) => newId)
          .join(' '),
      ).to.equal(order)
      expect(items).to.deep.equal(before)
    })
})
