/**
 * `npm run bench:burst`: 1,000 connections at once (`--connections`), each with five webhooks (`--each`). Every webhook
 * is accepted, or refused with 503 and sent again; then every record is compared with the newest that was sent of it.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import type { Json } from '../../core/plugin.ts'
import { load } from './load.ts'
import { buildOnce, memoryOf, type Program, startEngine } from './programs.ts'
import { workload } from './workload.ts'

const { values } = parseArgs({
  options: { connections: { type: 'string', default: '1000' }, each: { type: 'string', default: '5' } },
})
const connections = Number(values.connections)
const count = connections * Number(values.each)
const SEED = 7
const LOOK_MS = 50
const say = (line: string) => process.stdout.write(`${line}\n`)

type Fields = Readonly<Record<string, Json>>

/** The newest that was sent of each student, by its id in Zoho. */
function newest(): Map<string, Fields> {
  const students = new Map<string, Fields>()
  for (const { body } of workload(count, 'burst', SEED)) {
    const { data } = JSON.parse(body) as { data: Fields }
    const known = students.get(String(data['id']))
    if (known === undefined || String(known['Modified_Time']) < String(data['Modified_Time']))
      students.set(String(data['id']), data)
  }
  return students
}

async function* recordsOf({ target }: Program): AsyncGenerator<{ ids: Fields; fields: Fields }> {
  const headers = { authorization: target.outcome?.authorization as string }
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const url = `http://${target.host}:${target.port}/api/v1/records/student?limit=200${query}`
    const response = await fetch(url, { headers })
    if (!response.ok) throw new Error(`the list of records answered ${response.status}`)
    const page = (await response.json()) as { items: { ids: Fields; fields: Fields }[]; next?: string }
    yield* page.items
    cursor = page.next
  }
}

/** What is not as the newest webhook said, told one by one. */
async function stale(program: Program): Promise<{ seen: number; wrong: string[] }> {
  const expected = newest()
  const wrong: string[] = []
  let seen = 0
  for await (const { ids, fields } of recordsOf(program)) {
    const id = String(ids['zoho/BTEC_Students'])
    const data = expected.get(id)
    if (data === undefined) continue
    seen += 1
    for (const [field, source] of [
      ['city', 'City'],
      ['status', 'Status'],
      ['studentId', 'Student_ID'],
    ] as const)
      if (fields[field] !== data[source])
        wrong.push(`${id}: ${field} is ${fields[field]}, not ${data[source]}`)
  }
  if (seen !== expected.size) wrong.push(`${seen} records of ${expected.size} students`)
  return { seen, wrong }
}

await buildOnce()
const program = await startEngine()
let most = 0
const watch = setInterval(() => {
  most = Math.max(most, memoryOf(program.pid)?.rss ?? 0)
}, LOOK_MS)
try {
  say(`${cpus().length} cores, Node ${process.version}; the sender shares the machine`)
  const options = { ...program.target, connections, persistent: true }
  await load({ ...options, connections: 50, count: 1000, run: 'warm', seed: SEED + 1 })
  const result = await load({ ...options, count, run: 'burst', seed: SEED })
  const answers = Object.entries(result.statuses).map(([status, times]) => `${times} x ${status}`)
  say(
    `${count} webhooks on ${connections} connections in ${result.accepted.toFixed(1)} s: ${answers.join(', ')}`,
  )
  say(
    `without each connection's first   p50 ${result.p50.toFixed(0)} ms   p99 ${result.p99.toFixed(0)} ms (at most 2000)`,
  )
  say(`the engine at its most            ${most.toFixed(0)} MB (at most 250)`)
  const { seen, wrong } = await stale(program)
  say(`${seen} records compared, ${wrong.length} not as the newest webhook said`)
  for (const line of wrong.slice(0, 20)) say(`  ${line}`)
  const others = Object.keys(result.statuses).filter(status => !['200', '202', '503'].includes(status))
  if (wrong.length > 0 || others.length > 0) process.exitCode = 1
} finally {
  clearInterval(watch)
  await program.stop()
}
