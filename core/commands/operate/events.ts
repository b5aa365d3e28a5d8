/** `wasl events`: what came in, what became of it, and once more. */
import { replay } from '../../operations/changes.ts'
import { EVENT_STATES, type EventView, listEvents, showEvent } from '../../operations/events.ts'
import type { RunCommand } from '../command.ts'
import { UsageError } from '../pipeline-context.ts'
import { momentOf } from './accounting.ts'
import { ago, harmless } from './columns.ts'
import { many } from './letters.ts'
import { told } from './outcome.ts'
import { explanation, LISTED, missing, moduleOf, oneOf, pageOf, withSubcommands } from './terminal.ts'

export const events: RunCommand = withSubcommands('events', {
  list: {
    usage: '[--state <state>] [--module <name>] [--record <id>] [--limit <n>] [--cursor <next>]',
    options: {
      ...LISTED,
      state: { type: 'string' },
      module: { type: 'string' },
      record: { type: 'string' },
    },
    async run(terminal) {
      const { desk, values, list } = terminal
      const { module, record } = values as { module?: string; record?: string }
      const state = oneOf('state', values['state'], EVENT_STATES)
      const page = await listEvents(
        desk,
        {
          ...(state === undefined ? {} : { state }),
          ...(module === undefined ? {} : { module: moduleOf(terminal, module) }),
          ...(record === undefined ? {} : { record }),
        },
        pageOf(values),
      )
      list(page, ['EVENT', 'AGE', 'MODULE', 'OUTCOME', 'OBJECT', 'WHY'], event => [
        event.id,
        ago(event.receivedAt, desk.now()),
        event.module ?? '',
        event.outcome,
        event.identity ?? '',
        event.message ?? event.reason ?? '',
      ])
      return 0
    },
  },
  show: {
    usage: '<event>',
    names: 1,
    async run(terminal) {
      const { desk, names, show } = terminal
      const id = names[0] as string
      const event = await showEvent(desk, id)
      if (event === undefined) throw missing('event', id)
      show(event, () => [...facts(event), ...explanation(terminal, event.explained)])
      return 0
    },
  },
  'replay-window': {
    usage: '--from <time> --to <time> [--module <name>]',
    options: { from: { type: 'string' }, to: { type: 'string' }, module: { type: 'string' } },
    async run(terminal) {
      const { values } = terminal
      const [from, to] = [momentOf('from', values['from']), momentOf('to', values['to'])]
      if (from === undefined || to === undefined || from >= to)
        throw new UsageError('Give --from and a later --to, such as 2026-09-01T08:00:00Z.')
      const module = values['module'] as string | undefined
      return many(terminal, {
        what: 'events.replay',
        from: from.toISOString(),
        to: to.toISOString(),
        ...(module === undefined ? {} : { module: moduleOf(terminal, module) }),
      })
    },
  },
  replay: {
    usage: '<event>',
    names: 1,
    async run({ desk, names, show }) {
      const id = names[0] as string
      return told(await replay(desk, id), 'event', id, show)
    },
  },
})

function facts(event: EventView): readonly string[] {
  const changes = (event.changes ?? []).map(
    ({ field, from, to }) => `  ${field}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`,
  )
  return [
    `${event.id}  ${event.outcome}${event.reason === undefined ? '' : ` (${event.reason})`}`,
    `received ${event.receivedAt} by ${event.endpoint}`,
    `${event.resource}  ${event.identity ?? 'no object named'}`,
    ...(event.record === undefined ? [] : [`record ${event.module}/${event.record}`]),
    ...(event.config === undefined ? [] : [`handled by version ${event.config}`]),
    ...changes,
    ...(event.message === undefined ? [] : [event.message]),
    ...(event.tried === undefined ? [] : [`looked at: ${event.tried.join(', ')}`]),
  ].map(harmless)
}
