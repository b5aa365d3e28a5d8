/**
 * `npm run bench:fairness`: what one college notices of another. The first has 50,000 students waiting (`--waiting`) and
 * a Moodle that is down; the second sends 500 (`--events`) and waits for each until it is in its own Moodle: alone, while
 * the first one's arrive, and while they wait.
 */
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type MoodleSandbox, startMoodleSandbox } from '../../connectors/moodle/sandbox/index.ts'
import { signatureHeaders } from '../../connectors/zoho/index.ts'
import { ask, type Body, connect, quantile } from './ask.ts'
import { buildOnce, type Program, startEngine } from './programs.ts'
import { workload } from './workload.ts'

const { values } = parseArgs({
  options: { waiting: { type: 'string', default: '50000' }, events: { type: 'string', default: '500' } },
})
const WAITING = Number(values.waiting)
const EVENTS = Number(values.events)
/** Webhooks of the second college that are on their way at once. */
const AT_ONCE = 5
const say = (line: string) => process.stdout.write(`${line}\n`)

/** A second college with a Moodle of its own; what is needed to send in its name. */
async function secondCollege(program: Program, key: string, moodle: MoodleSandbox) {
  const made = await ask(program, 'POST', '/v1/extension/tenants', key, { id: 'second', name: 'Second' })
  const authorization = `Bearer ${String((made['key'] as Body)['key'])}`
  await connect(program, authorization, 'moodle', moodle.settings)
  const endpoints = made['endpoints'] as readonly Body[]
  const endpoint = endpoints.find(each => each['verifier'] === 'zoho-signature') as Body
  return {
    authorization,
    path: `/api/v1/events/zoho/student?endpoint=${String(endpoint['id'])}`,
    secret: String(endpoint['secret']),
  }
}

type Second = Awaited<ReturnType<typeof secondCollege>>

/** Milliseconds from a webhook to its user in Moodle, of so many new students. */
async function timesOf({ target }: Program, { path, secret }: Second, run: string): Promise<number[]> {
  const all = workload(EVENTS * 3, run, 1)
  const first = new Map(all.map(({ id, body }) => [(JSON.parse(body) as Body)['record_id'], { id, body }]))
  const webhooks = [...first.values()].slice(0, EVENTS)
  const times: number[] = []
  const one = async () => {
    for (let next = webhooks.pop(); next !== undefined; next = webhooks.pop()) {
      const signed = { method: 'POST', path, body: Buffer.from(next.body), now: Date.now() }
      const began = performance.now()
      const response = await fetch(`http://${target.host}:${target.port}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          prefer: 'wait=30',
          ...signatureHeaders(signed, secret),
        },
        body: next.body,
      })
      const answer = (await response.json()) as Body
      if (response.status !== 200 || answer['action'] === undefined)
        throw new Error(`not in Moodle within 30 s: ${response.status} ${JSON.stringify(answer)}`)
      times.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return times.sort((a, b) => a - b)
}

/** The first college's webhooks from a process of their own. */
function flood({ target }: Program): Promise<void> {
  const file = fileURLToPath(new URL('./load.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx/esm', file], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const { outcome: _, ...rest } = target
  child.stdin.end(
    JSON.stringify({ ...rest, connections: 50, count: WAITING * 2, run: 'flood', seed: 3, persistent: true }),
  )
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code =>
      code === 0 ? resolve() : reject(new Error(`the sender ended with exit code ${code}`)),
    )
  })
}

const shown = (title: string, times: readonly number[]) => {
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)]
  say(`${title.padEnd(44)} p50 ${p50.toFixed(0).padStart(5)} ms   p95 ${p95.toFixed(0).padStart(5)} ms`)
  return p95
}

await buildOnce()
const [dead, alive] = [await startMoodleSandbox(), await startMoodleSandbox()]
const program = await startEngine()
try {
  say(`${cpus().length} cores, Node ${process.version}; ${WAITING} of one college, ${EVENTS} of the other`)
  const key = program.target.outcome?.authorization as string
  await connect(program, key, 'moodle', dead.settings)
  const second = await secondCollege(program, key, alive)
  await dead.stop()
  await timesOf(program, second, 'warm')
  const alone = shown('alone', await timesOf(program, second, 'alone'))
  let flooding = true
  const flooded = flood(program).finally(() => {
    flooding = false
  })
  const beside = shown('while the other college sends', await timesOf(program, second, 'beside'))
  if (!flooding) say('(the other college had sent all before the end of it)')
  await flooded
  const after = shown('while the other one waits for its Moodle', await timesOf(program, second, 'after'))
  say(
    `p95 beside p95 alone: ${(beside / alone).toFixed(2)} while it sends, ${(after / alone).toFixed(2)} while it waits`,
  )
  const gates = (await ask(program, 'GET', '/api/v1/gates', key))['items'] as readonly Body[]
  for (const { remote, reason, records } of gates)
    say(
      `gate ${String(remote)}: ${String(reason)}, ${String(records)} of the first 10,000 records wait there`,
    )
} finally {
  await program.stop()
  await alive.stop()
}
