/**
 * `npm run bench:import`: one command, `wasl import`, brings a file of students (`--records`, 10,000 unless said) into a
 * new engine; then the same file once more; then a file ten times as large, for what it takes of memory.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Json } from '../../core/plugin.ts'
import { buildOnce, memoryOf } from './programs.ts'
import { workload } from './workload.ts'

const { values } = parseArgs({ options: { records: { type: 'string', default: '10000' } } })
const RECORDS = Number(values.records)
const LOOK_MS = 50
const program = fileURLToPath(new URL('../../core/wasl.mjs', import.meta.url))
const say = (line: string) => process.stdout.write(`${line}\n`)

/** Different students of about 1.2 KB, one per line. */
function students(count: number): string {
  const lines = new Map<string, string>()
  for (let run = 0; lines.size < count; run++)
    for (const { body } of workload(2 * count, `import${run}`, run + 1)) {
      const { record_id: id, data } = JSON.parse(body) as { record_id: string; data: Json }
      if (lines.size < count && !lines.has(id)) lines.set(id, JSON.stringify(data))
    }
  return `${[...lines.values()].join('\n')}\n`
}

interface Run {
  readonly seconds: number
  /** MB of the command's process at its most. */
  readonly memory: number
  readonly summary: Readonly<Record<string, number>>
}

/** Without an engine that runs: the command starts one for itself, on the embedded store. */
async function importOnce(folder: string, file: string, ...options: readonly string[]): Promise<Run> {
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, NODE_ENV: 'production', WASL_KEY: key, WASL_DATA: folder }
  const begun = performance.now()
  const args = [program, 'import', 'student', file, '--json', ...options]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let memory = 0
  const watch = setInterval(() => {
    memory = Math.max(memory, memoryOf(child.pid as number)?.rss ?? 0)
  }, LOOK_MS)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', part => {
    text += part
  })
  const code = await new Promise(resolve => child.on('close', resolve))
  clearInterval(watch)
  if (code !== 0) throw new Error(`wasl import ended with exit code ${code}: ${text}`)
  const { summary } = JSON.parse(text) as Pick<Run, 'summary'>
  return { seconds: (performance.now() - begun) / 1000, memory, summary }
}

const key = randomBytes(32).toString('base64')
const work = await mkdtemp(join(tmpdir(), 'wasl-bench-'))
const fileOf = async (count: number) => {
  const file = join(work, `${count}.ndjson`)
  await writeFile(file, students(count))
  return file
}

await buildOnce()
try {
  say(`${cpus().length} cores, Node ${process.version}; the embedded store shares the machine`)
  const [one, many, most] = [await fileOf(1), await fileOf(RECORDS), await fileOf(10 * RECORDS)]
  const start = await importOnce(join(work, 'start'), one)
  const tell = (title: string, expected: string, count: number, run: Run, budget: string) => {
    if (run.summary[expected] !== count)
      throw new Error(`${title}: ${JSON.stringify(run.summary)}, not ${count} ${expected}`)
    const rate = count / (run.seconds - start.seconds)
    say(
      `${title.padEnd(34)} ${run.seconds.toFixed(1).padStart(6)} s  ${rate.toFixed(0).padStart(6)}/s ${budget}  ${run.memory.toFixed(0).padStart(4)} MB`,
    )
  }
  say(`the command with one record           ${start.seconds.toFixed(1)} s, which is taken off the rates`)
  const folder = join(work, 'data')
  tell(`${RECORDS} new`, 'new', RECORDS, await importOnce(folder, many), '(at least 5000)')
  const again = await importOnce(folder, many, '--again')
  tell(`${RECORDS} once more, unchanged`, 'unchanged', RECORDS, again, '(at least 10000)')
  const large = await importOnce(join(work, 'large'), most)
  tell(`${10 * RECORDS} new`, 'new', 10 * RECORDS, large, '(memory as above)')
} finally {
  await rm(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}
