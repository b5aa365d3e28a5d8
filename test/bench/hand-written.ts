/**
 * What somebody would write for this one job alone: hapi takes the webhook, checks its signature, stores it in LMDB,
 * answers 202, then maps, fingerprints and upserts the student. Both writes go in groups, each durable before it
 * counts. No other module, no retries, no references, no second system: the measure for what an engine costs.
 * `tsx hand-written.ts <port> <folder> <secret>`
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import Hapi, { type Request } from '@hapi/hapi'
import { open } from 'lmdb'
import { zohoSignature } from '../../connectors/zoho/verify.ts'

interface Student {
  readonly [field: string]: string | null
}
interface Notification {
  readonly notification_id: string
  readonly data: Readonly<Record<string, unknown>> & { readonly id: string; readonly Modified_Time: string }
}
interface Accepted {
  readonly id: string
  readonly raw: Buffer
  readonly answer: (known: boolean) => void
}

const [, , port = '', folder = '', secret = ''] = process.argv
const root = open({ path: folder, overlappingSync: false, maxDbs: 4 })
const deliveries = root.openDB<Buffer, string>({ name: 'deliveries', encoding: 'binary' })
const outcomes = root.openDB<string, string>({ name: 'outcomes', encoding: 'string' })
const students = root.openDB<{ fields: Student; fingerprint: string; modified: string }, string>({
  name: 'students',
})

const text = (value: unknown): string | null => {
  const trimmed = typeof value === 'string' ? value.trim() : ''
  return trimmed === '' ? null : trimmed
}

/** The student as we keep it; undefined where the email is missing or wrong. */
function studentOf(data: Notification['data']): Student | undefined {
  const email = text(data['Academic_Email'] ?? data['Email'])?.toLowerCase()
  if (!email || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return undefined
  const fullName = text(data['Full_Name'] ?? data['Name']) ?? 'Unknown'
  const [first = '', ...others] = fullName.split(/\s+/)
  return {
    zohoId: data.id,
    studentId: text(data['Student_ID']),
    fullName,
    firstName: text(data['First_Name']) ?? first,
    lastName: text(data['Last_Name']) ?? (others.join(' ') || first),
    email,
    username: email.slice(0, email.indexOf('@')),
    phone: text(data['Phone'] ?? data['Mobile']),
    city: text(data['City']),
    country: text(data['Country']),
    status: text(data['Status']) ?? 'Active',
  }
}

const fingerprintOf = (student: Student): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(student).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex')

/** Stores one webhook's student and tells its outcome. Inside a transaction. */
function apply(raw: Buffer): string {
  const { data } = JSON.parse(raw.toString()) as Notification
  const fields = studentOf(data)
  if (!fields) return 'INVALID'
  const stored = students.get(data.id)
  if (stored && data.Modified_Time < stored.modified) return 'SKIPPED'
  const fingerprint = fingerprintOf(fields)
  if (stored?.fingerprint === fingerprint) return 'UNCHANGED'
  students.put(data.id, { fields, fingerprint, modified: data.Modified_Time })
  return stored ? 'UPDATED' : 'NEW'
}

/** Runs `work` on what has gathered while the last group was being written, one group at a time. */
function grouped<T>(work: (group: readonly T[]) => Promise<void>): (item: T) => void {
  let waiting: T[] = []
  let busy = false
  const run = async () => {
    busy = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await work(group)
    }
    busy = false
  }
  return item => {
    waiting.push(item)
    if (!busy) setImmediate(() => (busy ? undefined : void run()))
  }
}

const applyLater = grouped<Accepted>(async group => {
  await root.transaction(() => {
    for (const { id, raw } of group) outcomes.put(id, apply(raw))
  })
})

const store = grouped<Accepted>(async group => {
  const fresh: Accepted[] = []
  await root.transaction(() => {
    for (const accepted of group) {
      if (deliveries.doesExist(accepted.id)) continue
      deliveries.put(accepted.id, accepted.raw)
      fresh.push(accepted)
    }
  })
  for (const accepted of group) {
    const known = !fresh.includes(accepted)
    accepted.answer(known)
    if (!known) applyLater(accepted)
  }
})

function verified(request: Request, body: Buffer): boolean {
  const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name, [String(value)]]))
  const path = `${request.url.pathname}${request.url.search}`
  const verdict = zohoSignature.verify(
    { method: 'POST', path, query: {}, headers, body, now: Date.now() },
    [secret],
    {},
  )
  return verdict.ok
}

const listener = createServer()
const server = Hapi.server({ listener, autoListen: false, debug: false })
server.route([
  {
    method: 'POST',
    path: '/events',
    options: { payload: { parse: false, output: 'data', maxBytes: 1 << 20 } },
    handler: async (request, h) => {
      const raw = request.payload as Buffer
      if (!verified(request, raw)) return h.response({ error: 'Unauthorized' }).code(401)
      const { notification_id: id } = JSON.parse(raw.toString()) as Notification
      const known = await new Promise<boolean>(answer => store({ id, raw, answer }))
      return h
        .response({ status: known ? 'duplicate' : 'accepted', notification_id: id })
        .code(known ? 200 : 202)
    },
  },
  {
    method: 'POST',
    path: '/status',
    handler: request => {
      const { ids } = request.payload as { ids: string[] }
      return { events: ids.map(id => ({ id, outcome: outcomes.get(id) ?? 'open' })) }
    },
  },
])
await server.start()
listener.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 }, () =>
  process.stdout.write('ready\n'),
)
