/**
 * `npm run bench:push`: so many new students (`--records`, 5,000 unless said) by one batch, until each is in Moodle and
 * Zoho was told; then 100 webhooks a second for `--seconds` (20), each on its own: until it was accepted, and until it is
 * in Moodle. Both sandboxes run in the process of the benchmark and answer at once.
 */
import { cpus } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { startZohoSandbox, type ZohoSandbox } from '../../connectors/zoho/sandbox/index.ts'
import type { Payload } from '../../core/plugin.ts'
import { ask, connect, quantile } from './ask.ts'
import { buildOnce, type Program, startEngine } from './programs.ts'

const { values } = parseArgs({
  options: { records: { type: 'string', default: '5000' }, seconds: { type: 'string', default: '20' } },
})
const RECORDS = Number(values.records)
const SECONDS = Number(values.seconds)
const PER_SECOND = 100
const PER_BATCH = 500
const LOOK_MS = 2
const PATIENCE_MS = 120_000
const say = (line: string) => process.stdout.write(`${line}\n`)

interface Remotes {
  readonly zoho: ZohoSandbox
  readonly moodle: MoodleSandbox
}

/** A registrar enters them; nobody is told yet. */
function entered({ zoho }: Remotes, run: string, count: number): (Payload & { id: string })[] {
  return Array.from({ length: count }, (_, n) => {
    const fields = {
      Student_ID: `STU-${run}${n}`,
      Full_Name: 'Sara Haddad',
      First_Name: 'Sara',
      Last_Name: 'Haddad',
      Academic_Email: `${run}.${n}@college.example.edu`,
      Phone: `+9627${String(n).padStart(8, '0')}`,
      City: 'Amman',
      Country: 'Jordan',
      Status: 'Active',
    }
    return { id: zoho.person.create('BTEC_Students', fields), ...fields }
  })
}

/** Looks until `done` holds. */
async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`)
    await pause(LOOK_MS)
  }
}

async function batch(program: Program, key: string, remotes: Remotes, run: string, count: number) {
  const { zoho, moodle } = remotes
  const students = entered(remotes, run, count)
  const before = moodle.site.users.size
  const begun = performance.now()
  for (let at = 0; at < count; at += PER_BATCH)
    await ask(program, 'POST', '/api/v1/sync/students', key, { data: students.slice(at, at + PER_BATCH) })
  await until('all are in Moodle', () => moodle.site.users.size >= before + count)
  const left = new Set(students.map(({ id }) => id))
  await until('Zoho was told of all', () => {
    for (const id of left) if (zoho.record('BTEC_Students', id)?.['Sync_Status'] === 'Synced') left.delete(id)
    return left.size === 0
  })
  return count / ((performance.now() - begun) / 1000)
}

/** In an open loop: each is sent at its time, however long the others take. */
async function steady({ target }: Program, remotes: Remotes) {
  const { users } = remotes.moodle.site
  const students = entered(remotes, 'steady', PER_SECOND * SECONDS)
  const sent = new Map<string, number>()
  const accepted: number[] = []
  const arrived: number[] = []
  const one = async (student: Payload & { id: string }, n: number) => {
    const body = Buffer.from(
      JSON.stringify({
        notification_id: `steady-${n}`,
        timestamp: new Date().toISOString(),
        module: 'BTEC_Students',
        operation: 'insert',
        record_id: student.id,
        data: student,
      }),
    )
    const signed = { method: 'POST', path: target.path, body, now: Date.now() }
    const begun = performance.now()
    sent.set(String(student['Academic_Email']), begun)
    const response = await fetch(`http://${target.host}:${target.port}${target.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signatureHeaders(signed, target.secret) },
      body,
    })
    await response.arrayBuffer()
    if (response.status !== 202) throw new Error(`a webhook was answered ${response.status}`)
    accepted.push(performance.now() - begun)
  }
  let known = Math.max(0, ...[...users.all()].map(({ id }) => id))
  const look = () => {
    for (let user = users.get(known + 1); user !== undefined; user = users.get(known + 1)) {
      known += 1
      arrived.push(performance.now() - (sent.get(user.email) ?? Number.NaN))
    }
    return arrived.length === students.length
  }
  const arriving = until('every webhook is in Moodle', look)
  const first = performance.now()
  const sending = students.map(async (student, n) => {
    await pause(Math.max(0, first + (n * 1000) / PER_SECOND - performance.now()))
    await one(student, n)
  })
  await Promise.all([...sending, arriving])
  const sorted = (times: number[]) => times.sort((a, b) => a - b)
  return { accepted: sorted(accepted), arrived: sorted(arrived) }
}

await buildOnce()
const remotes = { zoho: await startZohoSandbox(), moodle: await startMoodleSandbox() }
const program = await startEngine()
try {
  say(`${cpus().length} cores, Node ${process.version}; sandboxes and sender share the machine`)
  const key = program.target.outcome?.authorization as string
  await connect(program, key, 'moodle', remotes.moodle.settings)
  await connect(program, key, 'zoho', { ...remotes.zoho.settings })
  await batch(program, key, remotes, 'warm', PER_BATCH)
  const rate = await batch(program, key, remotes, 'batch', RECORDS)
  say(`${RECORDS} new students, in Moodle and told to Zoho: ${rate.toFixed(0)}/s (at least 1000)`)
  const { accepted, arrived } = await steady(program, remotes)
  const shown = (times: readonly number[], share: number) => quantile(times, share).toFixed(0).padStart(4)
  say(`${PER_SECOND} webhooks a second, for ${SECONDS} s`)
  say(
    `  accepted     p50 ${shown(accepted, 0.5)} ms               p99 ${shown(accepted, 0.99)} ms (at most 20)`,
  )
  say(
    `  in Moodle    p50 ${shown(arrived, 0.5)} ms (at most 50)   p99 ${shown(arrived, 0.99)} ms (at most 250)`,
  )
} finally {
  await program.stop()
  await remotes.zoho.close()
  await remotes.moodle.stop()
}
