/** What the operators' commands share: the store opened without an engine, subcommands, tables or JSON. */
import { userInfo } from 'node:os'
import type { ParseArgsConfig } from 'node:util'
import { storeAddress } from '../../engine.ts'
import { DataError, SetupError } from '../../errors.ts'
import { createAudit } from '../../operations/audit.ts'
import type { Desk } from '../../operations/desk.ts'
import { savedMappings } from '../../operations/mappings.ts'
import type { Page } from '../../operations/paging.ts'
import { loadPipelines } from '../../pipeline/load.ts'
import { createReasons, LANGUAGES, type Reason } from '../../reasons/reasons.ts'
import { createRegistry } from '../../registry.ts'
import { createSecrets, readKey, type Secrets } from '../../secrets.ts'
import { openStore } from '../../store/connect.ts'
import type { RunCommand } from '../command.ts'
import type { CommandContext } from '../context.ts'
import { painter, readArguments, UsageError } from '../pipeline-context.ts'
import { columns, harmless } from './columns.ts'

const COMMON = {
  tenant: { type: 'string' },
  json: { type: 'boolean' },
  lang: { type: 'string' },
} as const

export const LISTED = { limit: { type: 'string' }, cursor: { type: 'string' } } as const

type Given = Readonly<Record<string, string | boolean | undefined>>

/** What a subcommand is given. */
export interface Terminal {
  readonly desk: Desk
  readonly secrets: Secrets
  readonly context: CommandContext
  readonly names: readonly string[]
  readonly values: Given
  /** JSON where it was asked for, else what `lines` says. */
  show(data: unknown, lines: () => readonly string[]): void
  /** One page as a table, and how to see the next. */
  list<T>(page: Page<T>, heads: readonly string[], row: (item: T) => readonly string[]): void
  readonly paint: ReturnType<typeof painter>
}

export interface Subcommand {
  /** What follows its name. */
  readonly usage: string
  readonly options?: NonNullable<ParseArgsConfig['options']>
  /** How many names it takes, at most. */
  readonly names?: number
  /** How many it needs. Default: all of them. */
  readonly least?: number
  readonly run: (terminal: Terminal) => Promise<number>
}

/** A command whose first word chooses what it does; `list` where none is given. */
export function withSubcommands(
  command: string,
  subcommands: Readonly<Record<string, Subcommand>>,
): RunCommand {
  return async (context, args) => {
    const [first = 'list', ...rest] = args[0]?.startsWith('-') ? ['list', ...args] : args
    const subcommand = subcommands[first]
    if (subcommand === undefined) {
      const known = Object.entries(subcommands).map(([name, { usage }]) => `${command} ${name} ${usage}`)
      throw new UsageError(
        `There is no "wasl ${command} ${first}".\nUsage: wasl ${known.join('\n       wasl ')}`,
      )
    }
    const { usage, options = {}, names = 0, least = names } = subcommand
    const { values, positionals } = readArguments(
      rest,
      { ...COMMON, ...options },
      { usage: `${command} ${first} ${usage}`, least, most: names },
    )
    return atDesk(context, values as Given, positionals, subcommand.run)
  }
}

async function atDesk(
  context: CommandContext,
  values: Given,
  names: readonly string[],
  run: Subcommand['run'],
): Promise<number> {
  const { settings, connectors, print, color } = context
  const lang = values['lang']
  if (lang !== undefined && !LANGUAGES.some(each => each === lang))
    throw new UsageError(`--lang is one of ${LANGUAGES.join(', ')}.`)
  const secrets = createSecrets(await readKey(settings))
  const store = await openStore({
    uri: (await storeAddress(settings)).uri,
    payloads: { seal: secrets.sealBytes, open: secrets.openBytes },
  })
  try {
    const id = (values['tenant'] as string | undefined) ?? settings.defaultTenant
    const tenant = await store.tenants.one(id)
    if (tenant === null)
      throw new SetupError('TENANT_UNKNOWN', `There is no tenant "${id}".`, {
        at: '--tenant',
        hint: 'Start the engine once, which makes the first; `wasl tenants list` shows all.',
      })
    const pipelines = await loadPipelines({
      folders: settings.folders,
      registry: createRegistry({ connectors }),
      tenant: id,
      mappings: await savedMappings(store, id),
    })
    const desk: Desk = {
      store,
      tenant: { id, pipelines },
      audit: createAudit(store.audit, secrets.hashKey, store.clock.now),
      reasons: createReasons(connectors),
      by: `terminal:${userInfo().username}`,
      language: (lang as string | undefined) ?? tenant.language,
      now: store.clock.now,
    }
    return await run(terminalOf(context, desk, secrets, values, names, print, color))
  } finally {
    await store.close()
  }
}

function terminalOf(
  context: CommandContext,
  desk: Desk,
  secrets: Secrets,
  values: Given,
  names: readonly string[],
  print: CommandContext['print'],
  color: boolean,
): Terminal {
  const paint = painter(color)
  const show = (data: unknown, lines: () => readonly string[]) =>
    values['json'] === true ? print(JSON.stringify(data, null, 2)) : print(lines().join('\n'))
  return {
    desk,
    secrets,
    context,
    names,
    values,
    paint,
    show,
    list: (page, heads, row) =>
      show(page, () => {
        if (page.items.length === 0) return ['Nothing.']
        const [head = '', ...rows] = columns(heads, page.items.map(row))
        const more = page.next === undefined ? [] : ['', `There is more: --cursor ${page.next}`]
        return [paint('bold', head), ...rows, ...more]
      }),
  }
}

/** `--limit` and `--cursor`. Raises UsageError. */
export function pageOf({ limit = '50', cursor }: Given): { limit: number; cursor?: string } {
  const count = Number(limit)
  if (!Number.isInteger(count) || count < 1 || count > 200)
    throw new UsageError('--limit is a number from 1 to 200.')
  return { limit: count, ...(typeof cursor === 'string' ? { cursor } : {}) }
}

/** The value of an option that has a closed list. Raises UsageError. */
export function oneOf<T extends string>(
  name: string,
  given: Given[string],
  all: readonly T[],
): T | undefined {
  if (given === undefined) return undefined
  const found = all.find(each => each === given)
  if (found === undefined) throw new UsageError(`--${name} is one of ${all.join(', ')}.`)
  return found
}

/** The module that `name` means. Raises UsageError. */
export function moduleOf({ desk }: Pick<Terminal, 'desk'>, name: string): string {
  const module = desk.tenant.pipelines.moduleOf(name)
  if (module === undefined)
    throw new UsageError(
      `There is no running module "${name}". Known are ${[...desk.tenant.pipelines.modules.keys()].join(', ')}.`,
    )
  return module
}

/** Where something is wrong: the cause, who can mend it, and the next step. */
export function explanation({ desk }: Pick<Terminal, 'desk'>, reason: Reason | undefined): readonly string[] {
  if (reason === undefined) return []
  const who = desk.reasons.whoIs(reason.who, desk.language)
  return [harmless(reason.cause), `→ ${harmless(reason.next)} (${who})`]
}

export const missing = (what: string, id: string): DataError =>
  new DataError('NOT_FOUND', `There is no ${what} "${id}" of this tenant.`, {
    hint: 'Look it up in the list.',
  })
