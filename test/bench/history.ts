/**
 * `npm run bench:history`: every list and search of operators over a history of so many events (`--events`, 1,000,000
 * unless said), by HTTP, with its p50 and p95; then what retention costs, and webhooks meanwhile.
 */
import { cpus } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type College, notification, openCollege } from '../e2e/college.ts'

const { values } = parseArgs({ options: { events: { type: 'string', default: '1000000' } } })
const EVENTS = Number(values.events)
const TIMES = 40
const AT_ONCE = 2000
/** One of so many is removed as a whole. */
const REMOVED = 5
const MODULES = ['student', 'teacher', 'class', 'grade', 'enrollment'] as const
const DAY_S = 86_400
const say = (line: string) => process.stdout.write(`${line}\n`)

/** Spread over the 90 days before now, oldest first. */
const BEGAN_S = Math.floor(Date.now() / 1000) - 90 * DAY_S
const secondOf = (place: number) => BEGAN_S + Math.floor((place / EVENTS) * 90 * DAY_S)
const idOf = (place: number) =>
  secondOf(place).toString(16).padStart(8, '0') + place.toString(16).padStart(16, '0')
const moduleOf = (place: number) => MODULES[place % MODULES.length] as string

function outcomeOf(place: number): string {
  if (place % 5000 === 0) return 'INVALID'
  if (place % 50_021 === 0) return 'SKIPPED'
  return place % 3 === 0 ? 'UNCHANGED' : place % 3 === 1 ? 'UPDATED' : 'NEW'
}

const raw = Buffer.from(JSON.stringify({ module: 'BTEC_Students', data: { Full_Name: 'x'.repeat(300) } }))

const deliveryOf = (place: number) => ({
  _id: idOf(place),
  tenant: 'default',
  endpoint: 'ep',
  connector: 'zoho',
  channel: 'events',
  key: `k${place}`,
  hash: '',
  raw,
  trusted: true,
  tries: 0,
  turn: 0,
  receivedAt: new Date(secondOf(place) * 1000),
  expireAt: new Date((secondOf(place) + 400 * DAY_S) * 1000),
  standings: [`${moduleOf(place)}|${outcomeOf(place)}`],
  events: [
    {
      id: `${idOf(place)}-0`,
      resource: 'zoho/BTEC_Students',
      kind: 'state',
      version: [place],
      identity: `zoho/BTEC_Students:${place}`,
      module: moduleOf(place),
      record: idOf(place - (place % 10)),
      outcome: outcomeOf(place),
      ...(place % 5000 === 0 ? { error: { code: 'REQUIRED', message: 'email is missing' } } : {}),
    },
  ],
})

/** One record for every ten events. */
const recordOf = (place: number) => ({
  _id: idOf(place),
  tenant: 'default',
  module: moduleOf(place),
  identities: [`zoho/BTEC_Students:${place}`, `=username:person.${place}`],
  keys: [],
  fields: { fullName: `Person ${place}` },
  sides: {},
  source: 'zoho',
  rev: 1,
  outbox: {},
  pushed: {},
  refs: [],
  missing: [],
  state: place % 5000 === 0 ? 'dead' : 'ok',
  claims: 0,
  createdAt: new Date(secondOf(place) * 1000),
  updatedAt: new Date(secondOf(place) * 1000),
})

async function fill({ engine }: College): Promise<void> {
  const deliveries = engine.store.db.collection<{ _id: string }>('deliveries')
  const records = engine.store.db.collection<{ _id: string }>('records')
  const quick = { ordered: false, writeConcern: { w: 1 } } as const
  for (let from = 0; from < EVENTS; from += AT_ONCE) {
    const places = Array.from({ length: Math.min(AT_ONCE, EVENTS - from) }, (_, offset) => from + offset)
    await Promise.all([
      deliveries.insertMany(places.map(deliveryOf), quick),
      records.insertMany(places.filter(place => place % 10 === 0).map(recordOf), quick),
    ])
  }
}

const middle = Math.floor(EVENTS / 2 / 10) * 10
const ASKED = [
  '/api/v1/events',
  '/api/v1/events?limit=200',
  '/api/v1/events?module=student',
  '/api/v1/events?state=UPDATED',
  '/api/v1/events?state=SKIPPED',
  '/api/v1/events?state=DELETED&module=grade',
  '/api/v1/events?state=INVALID',
  '/api/v1/events?state=FAILED',
  '/api/v1/events?state=WAITING',
  '/api/v1/events?state=open',
  `/api/v1/events?record=${idOf(middle)}`,
  `/api/v1/events/${idOf(middle)}-0`,
  '/api/v1/records/student',
  '/api/v1/records/student?state=dead',
  `/api/v1/records/student?q=${middle}`,
  '/api/v1/records/student?q=person.12',
  `/api/v1/records/student/${middle}`,
  '/api/v1/retries',
  '/api/v1/dead-letters',
  '/api/v1/dead-letters?limit=200',
  '/api/v1/dead-letters?state=invalid&code=REQUIRED',
  '/api/v1/gates',
  '/api/v1/bulk',
  '/api/v1/audit',
  '/metrics',
] as const

const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

async function timesOf(run: () => Promise<unknown>, times: number): Promise<readonly number[]> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    await run()
    took.push(performance.now() - began)
  }
  return took.sort((a, b) => a - b)
}

const shown = (times: readonly number[]) =>
  `p50 ${at(times, 0.5).toFixed(1).padStart(7)} ms   p95 ${at(times, 0.95).toFixed(1).padStart(7)} ms`

const college = await openCollege({ announce: false })
try {
  const { url, credentials, store } = college.engine
  say(`${EVENTS} events, ${Math.ceil(EVENTS / 10)} records; ${cpus().length} cores, Node ${process.version}`)
  const began = performance.now()
  await fill(college)
  say(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s`)

  const headers = { authorization: `Bearer ${credentials.key}` }
  let worst = 0
  for (const path of ASKED) {
    const times = await timesOf(async () => {
      const response = await fetch(`${url}${path}`, { headers })
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    }, TIMES)
    worst = Math.max(worst, at(times, 0.95))
    say(`${shown(times)}   ${path}`)
  }
  say(`the slowest p95: ${worst.toFixed(1)} ms (at most 100)`)

  let accepted = 0
  const send = async () => {
    accepted += 1
    const id = `7000000000000${String(accepted).padStart(6, '0')}`
    const data = {
      id,
      Full_Name: 'Rana Khalil',
      Academic_Email: `r.${accepted}@college.test`,
      Status: 'Active',
    }
    const { status } = await college.webhook('student', notification(data))
    if (status !== 202) throw new Error(`a webhook was answered ${status}`)
  }
  say(`webhooks before retention     ${shown(await timesOf(send, 200))}`)
  /** Webhooks one after the other while `work` goes on. */
  async function meanwhile(what: string, work: Promise<unknown>): Promise<void> {
    const began = performance.now()
    let working = true
    const ended = work.finally(() => {
      working = false
    })
    const during: number[] = []
    while (working) during.push(...(await timesOf(send, 1)))
    await ended
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    during.sort((a, b) => a - b)
    say(`${what} takes ${seconds} s; webhooks meanwhile`)
    say(`${' '.repeat(30)}${shown(during)}   max ${at(during, 1).toFixed(0)} ms, ${during.length} of them`)
  }

  const [first, old] = [new Date((BEGAN_S - DAY_S) * 1000), new Date((BEGAN_S + 60 * DAY_S) * 1000)]
  await meanwhile('forgetting payloads of 60 days', store.deliveries.forgetPayloads(first, old))

  // What is so old that it goes as a whole: the store itself looks once a minute.
  const deliveries = store.db.collection<{ _id: string }>('deliveries')
  const over = { _id: { $lt: idOf(Math.floor(EVENTS / REMOVED)) } }
  for (let from = 0; from < EVENTS / REMOVED; from += AT_ONCE)
    await deliveries.updateMany(
      { _id: { $gte: idOf(from), $lt: idOf(Math.min(from + AT_ONCE, Math.floor(EVENTS / REMOVED))) } },
      { $set: { expireAt: new Date(0) } },
    )
  const left = () => deliveries.countDocuments(over, { limit: 1 })
  const whole = await deliveries.countDocuments(over)
  while ((await deliveries.countDocuments(over)) === whole) await pause(200)
  const gone = (async () => {
    while ((await left()) > 0) await pause(200)
  })()
  await meanwhile(`removing ${whole} whole deliveries`, gone)
} finally {
  await college.close()
}
