/** Mocha in several processes side by side, told as one run. */
import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

/**
 * Runs `command` once per list of arguments, all at the same time. What the first prints is shown as it comes, what each
 * other prints when those before it have ended; the summaries become one, with every failure under it.
 * @param lanes the arguments of each
 * @param options of `spawn`
 * @param leftOpenMs how long a process may take to end once it has told its result: longer means that a test left
 *   something open, and it is killed
 * @returns the exit code: 0 when all of them ended with 0
 */
export async function runLanes(command, lanes, options, leftOpenMs = 15_000) {
  const started = performance.now()
  const running = lanes.map(args => runLane(command, args, options, leftOpenMs))
  const results = []
  for (const lane of running) {
    lane.show()
    results.push(await lane.ended)
  }
  const seconds = Math.round((performance.now() - started) / 1000)
  const sum = name => results.reduce((total, { summary }) => total + countOf(summary, name), 0)
  process.stdout.write(`\n  ${sum('passing')} passing (${seconds} s)\n`)
  for (const name of ['pending', 'failing'])
    if (sum(name) > 0) process.stdout.write(`  ${sum(name)} ${name}\n`)
  for (const { summary } of results) {
    const failing = summary.findIndex(line => isCount(line, 'failing'))
    if (failing >= 0) process.stdout.write(`${summary.slice(failing + 1).join('\n')}\n`)
  }
  if (results.some(({ leftOpen }) => leftOpen))
    process.stdout.write('\n  ✖ nothing left open: a test has left a server, timer or connection open\n')
  return results.every(({ code }) => code === 0) ? 0 : 1
}

const isCount = (line, name) => new RegExp(`^ {2}\\d+ ${name}\\b`).test(stripVTControlCharacters(line))

function countOf(summary, name) {
  const line = summary.find(each => isCount(each, name))
  return line === undefined ? 0 : Number.parseInt(stripVTControlCharacters(line), 10)
}

/** One process. Its lines are shown from `show` on; those from its summary on are kept for the end. */
function runLane(command, args, options, leftOpenMs) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines = []
  const summary = []
  let rest = ''
  let shown = false
  let leftOpen = false
  let timer

  const take = line => {
    if (summary.length > 0 || isCount(line, 'passing')) summary.push(line)
    else if (shown) process.stdout.write(`${line}\n`)
    else lines.push(line)
    if (summary.length !== 1) return
    timer = setTimeout(() => {
      leftOpen = true
      child.kill('SIGKILL')
    }, leftOpenMs)
  }
  const ended = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        const pieces = (rest + text).split('\n')
        rest = pieces.pop() ?? ''
        for (const line of pieces) take(line)
      })
    child.on('error', reject)
    child.on('close', code => {
      clearTimeout(timer)
      if (rest !== '') take(rest)
      resolve({ code: code ?? 1, leftOpen, summary })
    })
  })
  return {
    ended,
    show() {
      shown = true
      if (lines.length > 0) process.stdout.write(`${lines.splice(0).join('\n')}\n`)
    },
  }
}
