/**
 * `npm run bench`: the engine beside a bare hapi echo and a hand-written program, in interleaved rounds of one run.
 * Only the ratios mean something on another machine. `--requests`, `--connections`, `--rounds` change the size.
 */
import { spawn } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { LoadOptions, LoadResult } from './load.ts'
import {
  buildOnce,
  embeddedPid,
  memoryOf,
  type Program,
  processorMs,
  startEcho,
  startEngine,
  startHandWritten,
} from './programs.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '8000' },
    connections: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
  },
})
const [count, connections, rounds] = [values.requests, values.connections, values.rounds].map(Number) as [
  number,
  number,
  number,
]
/** The engine collects what its start has left within ten seconds. */
const IDLE_MS = 12_000
const say = (line = '') => process.stdout.write(`${line}\n`)

interface Round {
  readonly accepted: number
  readonly settled?: number
  readonly outcomes: LoadResult['outcomes']
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time per webhook, of the program and of its embedded server. */
  readonly processor: number | undefined
  readonly storeProcessor: number | undefined
  readonly startMs: number
  readonly idle: number | undefined
  readonly after: number | undefined
  readonly server: number | undefined
}

/** The sender in its own process; `done` is called when everything has its outcome. */
function load(options: LoadOptions, done: () => void = () => {}): Promise<LoadResult> {
  const file = fileURLToPath(new URL('./load.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx/esm', file], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(options))
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', part => {
      if (text === '') done()
      text += part
    })
    child.on('error', reject)
    child.on('close', code =>
      code === 0
        ? resolve(JSON.parse(text.replace('settled\n', '')))
        : reject(new Error(`the sender ended with exit code ${code}`)),
    )
  })
}

async function round(name: string, start: () => Promise<Program>, seed: number): Promise<Round> {
  const program = await start()
  try {
    const { target, pid, folder, startMs } = program
    const measured = name === 'engine' && seed === 1
    if (measured) await wait(IDLE_MS)
    const idle = measured ? memoryOf(pid)?.rss : undefined
    const common = { ...target, connections }
    await load({ ...common, count: Math.min(1000, count), run: `w${seed}`, seed: seed + 1000 })
    const server = embeddedPid(folder)
    const [used, storeUsed] = [processorMs(pid), server === undefined ? undefined : processorMs(server)]
    let [usedAfter, storeUsedAfter]: (number | undefined)[] = []
    const result = await load({ ...common, count, run: `r${seed}`, seed }, () => {
      usedAfter = processorMs(pid)
      storeUsedAfter = server === undefined ? undefined : processorMs(server)
    })
    const perWebhook = (before: number | undefined, after: number | undefined) => {
      return after === undefined || before === undefined ? undefined : ((after - before) * 1000) / count
    }
    const refused = Object.keys(result.statuses).filter(status => !['200', '202'].includes(status))
    if (refused.length > 0) throw new Error(`${name} answered ${JSON.stringify(result.statuses)}`)
    const outcomes = Object.entries(result.outcomes).map(([outcome, times]) => `${times} ${outcome}`)
    const made: Round = {
      accepted: count / result.accepted,
      ...(result.settled === undefined ? {} : { settled: count / result.settled }),
      outcomes: result.outcomes,
      p50: result.p50,
      p99: result.p99,
      processor: perWebhook(used, usedAfter),
      storeProcessor: perWebhook(storeUsed, storeUsedAfter),
      startMs,
      idle,
      after: memoryOf(pid)?.rss,
      server: server === undefined ? undefined : memoryOf(server)?.anonymous,
    }
    say(
      `  ${name.padEnd(13)} ${made.accepted.toFixed(0).padStart(6)}/s accepted  ${made.settled === undefined ? '' : `${made.settled.toFixed(0).padStart(6)}/s end to end  ${outcomes.join(', ')}`}`,
    )
    return made
  } finally {
    await program.stop()
  }
}

const median = (numbers: readonly (number | undefined)[]): number | undefined => {
  const known = numbers.filter(number => number !== undefined).sort((a, b) => a - b)
  return known.length === 0 ? undefined : known[Math.floor((known.length - 1) / 2)]
}

function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  for (const row of rows)
    say(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
}

const programs: readonly (readonly [string, () => Promise<Program>])[] = [
  ['hapi echo', startEcho],
  ['hand-written', startHandWritten],
  ['engine', startEngine],
]
const cores = cpus()
say(
  `${cores.length} x ${cores[0]?.model ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Node ${process.version}, ${process.platform}`,
)
say(
  `${count} webhooks of 1.5 KB on ${connections} connections, ${rounds} rounds, medians; the sender shares the machine`,
)

await buildOnce()
const results = new Map<string, Round[]>(programs.map(([name]) => [name, []]))
for (let number = 1; number <= rounds; number++) {
  say(`\nround ${number}`)
  for (const [name, start] of programs) results.get(name)!.push(await round(name, start, number))
}

/**
 * On many connections two webhooks of one record may overtake each other: the older is then SKIPPED, by whichever
 * program met it late, and no longer UNCHANGED or UPDATED. Only then are these three counted as one.
 */
function comparable(one: LoadResult['outcomes'], other: LoadResult['outcomes']) {
  if (one['SKIPPED'] === undefined && other['SKIPPED'] === undefined) return [one, other] as const
  const united = ({ UNCHANGED = 0, UPDATED = 0, SKIPPED = 0, ...rest }: LoadResult['outcomes']) => ({
    ...rest,
    'known before': UNCHANGED + UPDATED + SKIPPED,
  })
  return [united(one), united(other)] as const
}

/** Two programs that share nothing but the task must come to the same end, or one of them is not doing it. */
for (const [number, made] of results.get('engine')!.entries()) {
  const [expected, seen]: readonly [LoadResult['outcomes'], LoadResult['outcomes']] = comparable(
    results.get('hand-written')![number]!.outcomes,
    made.outcomes,
  )
  for (const outcome of new Set([...Object.keys(expected), ...Object.keys(seen)]))
    if (expected[outcome] !== seen[outcome]) {
      say(
        `round ${number + 1}: ${expected[outcome] ?? 0} ${outcome} by the hand-written program, ${seen[outcome] ?? 0} by the engine`,
      )
      process.exitCode = 1
    }
}

const medianOf = (name: string, pick: (made: Round) => number | undefined) =>
  median(results.get(name)!.map(pick))
const shown = (value: number | undefined, digits = 0) => (value === undefined ? '–' : value.toFixed(digits))
const ratio = (name: string, pick: (made: Round) => number | undefined) => {
  const [own, measure] = [medianOf(name, pick), medianOf('hand-written', pick)]
  return own === undefined || measure === undefined ? '–' : (own / measure).toFixed(2)
}
say()
table([
  [
    '',
    'accepted/s',
    'of hand-written',
    'end to end/s',
    'of hand-written',
    'p50 ms',
    'p99 ms',
    'CPU µs',
    'store µs',
  ],
  ...programs.map(([name]) => [
    name,
    shown(medianOf(name, made => made.accepted)),
    ratio(name, made => made.accepted),
    shown(medianOf(name, made => made.settled)),
    ratio(name, made => made.settled),
    shown(
      medianOf(name, made => made.p50),
      1,
    ),
    shown(
      medianOf(name, made => made.p99),
      1,
    ),
    shown(medianOf(name, made => made.processor)),
    shown(medianOf(name, made => made.storeProcessor)),
  ]),
])
say()
table([
  ['engine', 'measured', 'budget'],
  [
    'start to first accepted webhook, new data folder',
    `${shown(medianOf('engine', made => made.startMs))} ms`,
    '2000 ms',
  ],
  ['memory of the engine, idle', `${shown(medianOf('engine', made => made.idle))} MB`, '120 MB'],
  ['memory of the engine, after the load', `${shown(medianOf('engine', made => made.after))} MB`, '250 MB'],
  [
    'memory of the embedded server, without the mapped file',
    `${shown(medianOf('engine', made => made.server))} MB`,
    '80 MB',
  ],
])
