import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { control } from './control.ts'
import { createFaults, type Faults } from './faults.ts'
import { type Person, personIn } from './person.ts'
import type { PhpArray } from './php.ts'
import { type MoodlePlugin, type PluginOptions, startPlugin } from './plugin.ts'
import { answerCall, type RestAnswer, readCall } from './rest.ts'
import { openSite, type Site } from './site.ts'

export type { Fault, FaultKind } from './faults.ts'
export type { EnrolOptions, Person } from './person.ts'
export type { Attempt, MoodlePlugin, PluginOptions } from './plugin.ts'
export type { Site } from './site.ts'

export interface SandboxOptions {
  /** Default: any that is free. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Where records are kept; without it they are gone with the sandbox. */
  readonly folder?: string
  /** Default: a new one. */
  readonly token?: string
  /** People and courses of a site that is new. */
  readonly college?: College
  /** Answers carry `debuginfo`, as with debugging = DEVELOPER. Default false, as in production. */
  readonly debug?: boolean
  /** Time of every answer, in milliseconds. Default 0. */
  readonly latencyMs?: number
  /** PHP's limit of values in a call, beyond which they are dropped without a word. Default 5000. */
  readonly maxInputVars?: number
  /** Moodle's own address in what it answers. Default: the sandbox's. */
  readonly wwwroot?: string
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: () => number
  readonly themerev?: number
}

export interface College {
  readonly users?: readonly (Readonly<Record<string, unknown>> & {
    readonly email: string
    readonly role?: string
  })[]
  readonly courses?: readonly (Readonly<Record<string, unknown>> & {
    readonly fullname: string
    readonly shortname: string
  })[]
}

export interface LoggedCall {
  /** ISO 8601. */
  readonly at: string
  readonly function: string
  readonly parameters: PhpArray
  readonly status: number
  readonly errorcode?: string
  readonly fault?: string
  readonly ms: number
}

export interface MoodleSandbox {
  readonly url: string
  readonly token: string
  /** The administrator's, who sees all: to ask past a connector. */
  readonly adminToken: string
  /** As `connect` takes them. */
  readonly settings: { readonly url: string; readonly token: string; readonly allowPrivate: true }
  readonly site: Site
  readonly person: Person
  readonly faults: Pick<Faults, 'add' | 'clear' | 'list'>
  /** Every call of a web service function, oldest first, at most 10,000; the token is not in it. */
  readonly log: readonly LoggedCall[]
  /** Acts as our Moodle plugin towards an engine, from now on. */
  plugin(options: PluginOptions): MoodlePlugin
  stop(): Promise<void>
}

const LOG = 10_000
const MAX_BODY = 8 * 1024 * 1024

/** A Moodle to try things on: its REST server as real transcripts show it, and `/sandbox/...` for people. */
export async function startMoodleSandbox(options: SandboxOptions = {}): Promise<MoodleSandbox> {
  const { host = '127.0.0.1', token = randomBytes(16).toString('hex'), maxInputVars = 5_000 } = options
  const { now = Date.now, latencyMs = 0 } = options
  const faults = createFaults()
  const log: LoggedCall[] = []
  const plugins = new Set<MoodlePlugin>()

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const url = `http://${host}:${(server.address() as AddressInfo).port}`
  const site = openSite({
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    wwwroot: options.wwwroot ?? url,
    now,
    debug: options.debug ?? false,
    themerev: options.themerev ?? 1795354127,
  })
  const person = personIn(site)
  if (site.users.size === 4) populate(person, options.college)

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    if (body === undefined) return void response.writeHead(413).end()
    const path = (request.url ?? '').split('?')[0]
    if (path === '/sandbox' || path?.startsWith('/sandbox/')) {
      const answer = control(request, body, { site, person, faults, log: () => log })
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      return void response.end(`${JSON.stringify(answer.body, null, 2)}\n`)
    }
    if (path !== '/webservice/rest/server.php') return void response.writeHead(404).end('File not found.\n')
    const from = performance.now()
    const call = readCall(request, body, maxInputVars)
    const fault = faults.meet(call.name)
    const delay = latencyMs + (fault?.kind === 'latency' ? (fault.ms ?? 1_000) : 0)
    if (delay > 0) await wait(delay, undefined, { ref: false })
    const answer = answerCall(site, token, call, fault)
    log.push({
      at: new Date(now()).toISOString(),
      function: call.name,
      parameters: call.parameters,
      status: answer.status,
      ...(answer.errorcode === undefined ? {} : { errorcode: answer.errorcode }),
      ...(fault === undefined ? {} : { fault: fault.kind }),
      ms: Math.round(performance.now() - from),
    })
    if (log.length > LOG) log.shift()
    send(response, answer)
  }

  return {
    url,
    token,
    adminToken: site.adminToken,
    settings: { url, token, allowPrivate: true },
    site,
    person,
    faults,
    log,
    plugin(pluginOptions) {
      const plugin = startPlugin(site, person, pluginOptions)
      plugins.add(plugin)
      return plugin
    },
    async stop() {
      await Promise.all([...plugins].map(plugin => plugin.stop()))
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      site.close()
    },
  }
}

function send(response: ServerResponse, { status, type, body, headers, cut }: RestAnswer): void {
  if (cut === 'refuse' || cut === 'drop') return void response.destroy()
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers })
  if (cut !== 'half') return void response.end(body)
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy())
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function populate(person: Person, college: College = {}): void {
  for (const { role = '', ...user } of college.users ?? []) person.createUser(user as { email: string }, role)
  for (const course of college.courses ?? []) person.createCourse(course)
}
