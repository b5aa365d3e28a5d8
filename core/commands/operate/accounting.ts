/** `wasl accounting`: whether everything that was accepted is somewhere. */
import { type Account, accountForAll, type Counts } from '../../operations/accounting.ts'
import type { RunCommand } from '../command.ts'
import { UsageError } from '../pipeline-context.ts'
import { columns } from './columns.ts'
import { withSubcommands } from './terminal.ts'

const DAY_MS = 24 * 3_600_000

export const accounting: RunCommand = withSubcommands('accounting', {
  list: {
    usage: '[--from <time>] [--to <time>]',
    options: { from: { type: 'string' }, to: { type: 'string' } },
    async run({ desk, values, show }) {
      const to = momentOf('to', values['to']) ?? new Date(desk.now())
      const from = momentOf('from', values['from']) ?? new Date(to.getTime() - DAY_MS)
      if (from >= to) throw new UsageError('--from must be before --to.')
      const account = await accountForAll(desk, from, to)
      show(account, () => lines(account))
      return account.balanced ? 0 : 1
    },
  },
})

/** A time in ISO 8601. Raises UsageError. */
export function momentOf(name: string, given: unknown): Date | undefined {
  if (given === undefined) return undefined
  const at = new Date(String(given))
  if (Number.isNaN(at.getTime())) throw new UsageError(`--${name} is a time such as 2026-09-01T08:00:00Z.`)
  return at
}

function lines({ from, to, deliveries, total, modules, balanced }: Account): readonly string[] {
  const states = Object.keys(total)
  const row = (name: string, counts: Counts) => [
    name,
    ...states.map(state => String((counts as Readonly<Record<string, number>>)[state] ?? 0)),
  ]
  return [
    `${from} to ${to}: ${deliveries} deliveries`,
    '',
    ...columns(
      ['MODULE', ...states.map(state => state.toUpperCase())],
      [...Object.entries(modules).map(([module, counts]) => row(module, counts)), row('all', total)],
    ),
    '',
    balanced
      ? 'It adds up: everything that was accepted is somewhere.'
      : 'It does not add up: something was lost. Please report this.',
  ]
}
