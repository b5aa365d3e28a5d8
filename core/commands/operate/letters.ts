/** `wasl retries` and `wasl dead-letters`: what failed, and what is done about it. */
import { type BulkOrder, bulkView, cancelBulk, newNonce, runBulk, startBulk } from '../../operations/bulk.ts'
import { discard, retry } from '../../operations/changes.ts'
import {
  LETTER_STATES,
  type Letter,
  type LetterFilter,
  listDeadLetters,
  listRetries,
  RETRY_STATES,
  showLetter,
} from '../../operations/letters.ts'
import type { RunCommand } from '../command.ts'
import { UsageError } from '../pipeline-context.ts'
import { ago, harmless } from './columns.ts'
import { told } from './outcome.ts'
import {
  explanation,
  LISTED,
  missing,
  moduleOf,
  oneOf,
  pageOf,
  type Subcommand,
  type Terminal,
  withSubcommands,
} from './terminal.ts'

const FILTERS = {
  module: { type: 'string' },
  code: { type: 'string' },
  state: { type: 'string' },
  because: { type: 'string' },
  age: { type: 'string' },
} as const
const FILTER_USAGE =
  '[--module <name>] [--code <code>] [--state <state>] [--because <outage|busy|retrying|...>] [--age <seconds>]'
const HEADS = ['ID', 'AGE', 'MODULE', 'STATE', 'CODE', 'WHY']

function filterOf(terminal: Terminal, states: readonly string[]): LetterFilter {
  const { module, code, because, age } = terminal.values as Readonly<
    Record<'module' | 'code' | 'because' | 'age', string | undefined>
  >
  const state = oneOf('state', terminal.values['state'], states)
  if (age !== undefined && !/^\d{1,8}$/.test(age)) throw new UsageError('--age is a number of seconds.')
  return {
    ...(module === undefined ? {} : { module: moduleOf(terminal, module) }),
    ...(code === undefined ? {} : { code }),
    ...(state === undefined ? {} : { state }),
    ...(because === undefined ? {} : { because }),
    ...(age === undefined ? {} : { age: Number(age) }),
  }
}

const listing = (list: typeof listRetries, states: readonly string[]): Subcommand => ({
  usage: `${FILTER_USAGE} [--limit <n>] [--cursor <next>]`,
  options: { ...LISTED, ...FILTERS },
  async run(terminal) {
    const { desk, values } = terminal
    const page = await list(desk, filterOf(terminal, states), pageOf(values))
    terminal.list(page, HEADS, letter => [
      letter.id,
      ago(letter.since, desk.now()),
      letter.module ?? '',
      letter.state,
      letter.code ?? '',
      letter.sentence,
    ])
    return 0
  },
})

const showing: Subcommand = {
  usage: '<id>',
  names: 1,
  async run(terminal) {
    const { desk, names, show } = terminal
    const id = names[0] as string
    const letter = await showLetter(desk, id)
    if (letter === undefined) throw missing('dead letter or retry', id)
    show(letter, () => [...facts(letter), ...explanation(terminal, letter.explained)])
    return 0
  },
}

function facts(letter: Letter): readonly string[] {
  return [
    `${letter.id}  ${letter.state}  ${letter.code ?? ''}`.trimEnd(),
    `since ${letter.since}${letter.until === undefined ? '' : `, tried again at ${letter.until}`}`,
    ...(letter.identity === undefined ? [] : [letter.identity]),
    letter.sentence,
    ...(letter.tried === undefined ? [] : [`looked at: ${letter.tried.join(', ')}`]),
  ].map(harmless)
}

/** Many at once, as a job that ends with this command. */
export async function many(terminal: Terminal, order: BulkOrder): Promise<number> {
  const { desk, context, show } = terminal
  const job = await startBulk(desk, order, newNonce())
  // Whoever interrupts it means it: else an engine would go on with it.
  const interrupted = () =>
    void cancelBulk(desk, job._id).catch(error => context.log.error('bulk_failed', { error }))
  process.once('SIGINT', interrupted)
  try {
    await runBulk(desk, job, context.log)
  } finally {
    process.off('SIGINT', interrupted)
  }
  const ended = await desk.store.bulk.one(desk.tenant.id, job._id)
  const view = bulkView(ended ?? job)
  show(view, () => [`${view.done} done, ${view.refused} left as they are (job ${view.id}: ${view.state}).`])
  return view.state === 'done' ? 0 : 1
}

const chosen = (terminal: Terminal): string | undefined => {
  const { all, id } = terminal.values as { all?: boolean; id?: string }
  if ((all === true) === (id !== undefined)) throw new UsageError('Give either --id <id> or --all.')
  return id
}

const retrying = (what: 'retries.retry' | 'dead-letters.retry', states: readonly string[]): Subcommand => ({
  usage: `--id <id> | --all ${FILTER_USAGE}`,
  options: { ...FILTERS, id: { type: 'string' }, all: { type: 'boolean' } },
  async run(terminal) {
    const id = chosen(terminal)
    if (id === undefined) return many(terminal, { what, filter: filterOf(terminal, states) })
    return told(await retry(terminal.desk, id), 'dead letter or retry', id, terminal.show)
  },
})

function reasonOf({ values }: Terminal): string {
  const reason = values['reason'] as string | undefined
  if (reason === undefined || reason.trim().length < 3)
    throw new UsageError('Say why with --reason; it stands in the audit log.')
  return reason
}

export const retries: RunCommand = withSubcommands('retries', {
  list: listing(listRetries, RETRY_STATES),
  show: showing,
  retry: retrying('retries.retry', RETRY_STATES),
  discard: {
    usage: '--id <id> --reason <why>',
    options: { id: { type: 'string' }, reason: { type: 'string' } },
    async run(terminal) {
      const id = terminal.values['id'] as string | undefined
      if (id === undefined) throw new UsageError('Name the record with --id.')
      return told(await discard(terminal.desk, id, reasonOf(terminal)), 'retry', id, terminal.show)
    },
  },
})

export const deadLetters: RunCommand = withSubcommands('dead-letters', {
  list: listing(listDeadLetters, LETTER_STATES),
  show: showing,
  retry: retrying('dead-letters.retry', LETTER_STATES),
  discard: {
    usage: `--id <id> | --all ${FILTER_USAGE} --reason <why>`,
    options: { ...FILTERS, id: { type: 'string' }, all: { type: 'boolean' }, reason: { type: 'string' } },
    async run(terminal) {
      const reason = reasonOf(terminal)
      const id = chosen(terminal)
      if (id !== undefined)
        return told(await discard(terminal.desk, id, reason), 'dead letter', id, terminal.show)
      const filter = filterOf(terminal, LETTER_STATES)
      if (Object.keys(filter).length === 0) throw new UsageError('--all needs a filter, such as --code.')
      return many(terminal, { what: 'dead-letters.discard', filter, reason })
    },
  },
})
