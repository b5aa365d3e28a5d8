import type { Writable } from 'node:stream'
import winston from 'winston'
import type { Json, Log } from './plugin.ts'
import { plain, redactText } from './redact.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** Where the lines go. Default: standard output. */
  readonly stream?: Writable
  /** Lines for a person at a terminal instead of one JSON object per line. */
  readonly readable: boolean
  /** Which process or part speaks, shown as `name`. */
  readonly name?: string
}

/** The engine's log. `hide` takes a secret (8 characters or more) that must never be shown, in whatever text it stands. */
export interface EngineLog extends Log {
  hide(secret: string): void
}

const MESSAGE = Symbol.for('message')
/** Control characters, and those that reorder or hide text on a screen, would let a value forge what is read. */
const DECEIVING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const escaped = (text: string): string =>
  text.replace(DECEIVING, character =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  )

const COLOURS: Readonly<Record<string, number>> = { debug: 90, info: 36, warn: 33, error: 31 }

interface Line {
  readonly level: string
  readonly time: string
  readonly event: string
  readonly name: string | undefined
  readonly facts: Readonly<Record<string, Json>>
}

/** One JSON object; a fact never takes the place of `time`, `level`, `event` or `name`. */
function jsonLine({ level, time, event, name, facts }: Line): string {
  const own = { time, level, event, ...(name === undefined ? {} : { name }) }
  return escaped(JSON.stringify({ ...own, ...facts, ...own }))
}

function readableLine({ level, time, event, facts }: Line, colour: boolean): string {
  const paint = (text: string, code: number) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const shown = Object.entries(facts).map(([fact, value]) => {
    const text = typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
    return ` ${paint(`${escaped(fact)}=`, 90)}${escaped(text)}`
  })
  const head = `${paint(time.slice(11, 19), 90)} ${paint(level.toUpperCase().padEnd(5), COLOURS[level] ?? 0)}`
  return `${head} ${escaped(event)}${shown.join('')}`
}

/**
 * A log on winston: one line per event, on standard output unless `stream` says otherwise (a supervisor keeps it;
 * winston's own file transport loses lines on exit). Takes any value, shows no secret, throws never; a reader
 * that has gone away (EPIPE) ends the log, not the engine.
 */
export function createLog(options: LogOptions): EngineLog {
  const stream = options.stream ?? process.stdout
  const stacks = options.level === 'debug'
  const colour = options.readable && (stream as { isTTY?: boolean }).isTTY === true
  const hidden = new Set<string>()

  const format = winston.format(info => {
    const facts = plain(info['facts'] ?? {}, { stacks, known: hidden })
    const line: Line = {
      level: info.level,
      time: new Date().toISOString(),
      event: redactText(info.message as string, hidden),
      name: options.name,
      facts: facts !== null && typeof facts === 'object' && !Array.isArray(facts) ? facts : { facts },
    }
    Object.assign(info, { [MESSAGE]: options.readable ? readableLine(line, colour) : jsonLine(line) })
    return info
  })

  const silent = options.level === 'silent'
  const logger = winston.createLogger({
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    level: silent ? 'error' : options.level,
    silent,
    exitOnError: false,
    format: format(),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  })
  // Without a listener a closed pipe would end the process; nobody is left to be told of it.
  stream.on('error', () => {
    logger.silent = true
  })

  const write = (level: string) => (event: string, facts?: Readonly<Record<string, unknown>>) => {
    if (logger.isLevelEnabled(level)) logger.log({ level, message: String(event), facts })
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    hide: secret => {
      if (secret.length >= 8) hidden.add(secret)
    },
  }
}
