/**
 * The sender: a process of its own with raw keep-alive sockets, so that it costs little beside what is measured.
 * Takes one JSON object of LoadOptions on standard input; on standard output it says `settled` on a line of its own when
 * everything has its outcome, as far as the last ones tell, and then one LoadResult: reading them all is no part of what is measured.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { signatureHeaders } from '../../connectors/zoho/verify.ts'
import { workload } from './workload.ts'

export interface LoadOptions {
  readonly host: string
  readonly port: number
  /** With its query. */
  readonly path: string
  readonly secret: string
  readonly count: number
  readonly connections: number
  readonly run: string
  readonly seed: number
  /** How to hear that everything has its outcome; absent: nothing is processed. */
  readonly outcome?: { readonly path: string; readonly authorization: string }
  /** What is answered 503 is sent again after the time that the answer names, as a sender does. */
  readonly persistent?: boolean
}

export interface LoadResult {
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Seconds until the last answer. */
  readonly accepted: number
  /** Seconds until everything had its outcome. */
  readonly settled?: number
  /** Events by outcome, repeats not counted. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Milliseconds; each connection's first request is left out. */
  readonly p50: number
  readonly p99: number
}

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Every webhook as the bytes of its request; signed now, since a signature is good for five minutes. */
function requestsOf(options: LoadOptions): { bytes: Buffer; id: string }[] {
  return workload(options.count, options.run, options.seed).map(({ id, body: text }) => {
    const body = Buffer.from(text)
    const signed = { method: 'POST', path: options.path, body, now: Date.now() }
    const headers = Object.entries(signatureHeaders(signed, options.secret, randomBytes(12).toString('hex')))
    const head = [
      `POST ${options.path} HTTP/1.1`,
      `Host: ${options.host}:${options.port}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      '',
      '',
    ].join('\r\n')
    return { bytes: Buffer.concat([Buffer.from(head), body]), id }
  })
}

/** Bytes of the answer to come, once its head is here; undefined before. Every server here sends a length. */
function lengthOf(text: string): { status: string; total: number } | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))
  if (!length) throw new Error(`an answer without a length: ${text.slice(0, head)}`)
  return { status: text.slice(9, 12), total: head + 4 + Number(length[1]) }
}

async function send(options: LoadOptions, requests: readonly { bytes: Buffer }[]) {
  const again: { bytes: Buffer }[] = []
  const statuses: Record<string, number> = {}
  const latencies: number[] = []
  let next = 0
  const one = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      let begun = 0
      let first = true
      let text = ''
      let request: { bytes: Buffer } | undefined
      const go = () => {
        request = again.pop() ?? requests[next++]
        if (!request) return resolve()
        begun = performance.now()
        socket.write(request.bytes)
      }
      socket.on('error', reject).on('close', () => reject(new Error('the server closed a connection')))
      socket.on('data', data => {
        text += data.toString('latin1')
        const answer = lengthOf(text)
        if (!answer || text.length < answer.total) return
        const seconds = Number(/\r\nretry-after: (\d+)/i.exec(text)?.[1] ?? 1)
        text = ''
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
        if (!first) latencies.push(performance.now() - begun)
        first = false
        if (!options.persistent || answer.status !== '503') return go()
        again.push(request!)
        setTimeout(go, seconds * 1000)
      })
      go()
    })
  const sockets = await Promise.all(
    Array.from(
      { length: options.connections },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect({ host: options.host, port: options.port, noDelay: true }, () =>
            resolve(socket),
          )
          socket.once('error', reject)
        }),
    ),
  )
  const begun = performance.now()
  await Promise.all(sockets.map(one))
  const accepted = (performance.now() - begun) / 1000
  for (const socket of sockets) socket.removeAllListeners('close').destroy()
  latencies.sort((a, b) => a - b)
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return { begun, accepted, statuses, p50: at(0.5), p99: at(0.99) }
}

/** What became of these notifications. */
async function outcomesOf(options: LoadOptions, ids: readonly string[]): Promise<string[]> {
  const { path, authorization } = options.outcome!
  const response = await fetch(`http://${options.host}:${options.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ ids }),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  const { events } = (await response.json()) as { events: { outcome: string }[] }
  return events.map(({ outcome }) => outcome)
}

/** Asks for the last ones until they have an outcome, then for all. */
async function settle(options: LoadOptions, all: readonly string[], begun: number, done: () => void) {
  const until = performance.now() + 120_000
  const open = async (ids: readonly string[]) => {
    const told = await outcomesOf(options, ids)
    return ids.length - told.filter(outcome => outcome !== 'open').length
  }
  while ((await open(all.slice(-200))) > 0) {
    if (performance.now() > until) throw new Error('after two minutes there are events without an outcome')
    await wait(10)
  }
  let settled = (performance.now() - begun) / 1000
  done()
  const outcomes: Record<string, number> = {}
  for (let at = 0; at < all.length; at += 500) {
    const ids = all.slice(at, at + 500)
    let told = await outcomesOf(options, ids)
    while (told.length < ids.length || told.includes('open')) {
      if (performance.now() > until) throw new Error('after two minutes there are events without an outcome')
      await wait(10)
      told = await outcomesOf(options, ids)
      settled = (performance.now() - begun) / 1000
    }
    for (const outcome of told) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  return { settled, outcomes }
}

/** @param done called when everything has its outcome, before all of them are read */
export async function load(options: LoadOptions, done: () => void = () => {}): Promise<LoadResult> {
  const requests = requestsOf(options)
  const { begun, ...sent } = await send(options, requests)
  if (!options.outcome) {
    done()
    return { ...sent, outcomes: {} }
  }
  const ids = [...new Set(requests.map(({ id }) => id))]
  return { ...sent, ...(await settle(options, ids, begun, done)) }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  let text = ''
  for await (const part of process.stdin) text += part
  const result = await load(JSON.parse(text), () => process.stdout.write('settled\n'))
  process.stdout.write(JSON.stringify(result))
}
