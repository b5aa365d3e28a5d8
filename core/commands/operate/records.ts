/** `wasl records`: where a record stands, and why. */
import { STATES } from '../../operations/desk.ts'
import { listRecords, type RecordStory, showRecord } from '../../operations/records.ts'
import type { RunCommand } from '../command.ts'
import { ago, columns, harmless } from './columns.ts'
import {
  explanation,
  LISTED,
  missing,
  moduleOf,
  oneOf,
  pageOf,
  type Terminal,
  withSubcommands,
} from './terminal.ts'

export const records: RunCommand = withSubcommands('records', {
  list: {
    usage: '<module> [--q <id or name>] [--state <state>] [--limit <n>] [--cursor <next>]',
    names: 1,
    options: { ...LISTED, q: { type: 'string' }, state: { type: 'string' } },
    async run(terminal) {
      const { desk, names, values, list } = terminal
      const q = values['q'] as string | undefined
      const state = oneOf('state', values['state'], STATES)
      const module = moduleOf(terminal, names[0] as string)
      const page = await listRecords(
        desk,
        module,
        { ...(q === undefined ? {} : { q }), ...(state === undefined ? {} : { state }) },
        pageOf(values),
      )
      list(page, ['RECORD', 'STATE', 'IDS', 'CHANGED', 'WHY'], record => [
        record.id,
        record.state,
        Object.entries(record.ids)
          .map(([resource, id]) => `${resource}:${id}`)
          .join(' '),
        ago(record.updatedAt, desk.now()),
        record.why.sentence,
      ])
      return 0
    },
  },
  show: {
    usage: '<module> <id>',
    names: 2,
    async run(terminal) {
      const { desk, names, show } = terminal
      const [name, id] = names as [string, string]
      const story = await showRecord(desk, moduleOf(terminal, name), id)
      if (story === undefined) throw missing('record', id)
      show(story, () => lines(terminal, story))
      return 0
    },
  },
})

function lines(terminal: Terminal, { record, why, history, changes }: RecordStory): readonly string[] {
  const { paint, desk } = terminal
  const head =
    record === undefined
      ? ['There is no record of it.']
      : [
          `${record.module} ${record.id}  ${record.state}`,
          ...Object.entries(record.ids).map(([resource, id]) => `  ${resource}: ${id}`),
          ...Object.entries(record.fields).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`),
        ].map(harmless)
  const rows = history.map(event => [
    ago(event.receivedAt, desk.now()),
    event.outcome,
    event.id,
    event.message ?? event.reason ?? '',
  ])
  return [
    ...head,
    '',
    paint('bold', harmless(why.sentence)),
    ...explanation(terminal, why.explained),
    '',
    ...columns(['AGE', 'OUTCOME', 'EVENT', 'WHY'], rows),
    ...changes.map(({ at, by, action }) => harmless(`${at}  ${action} by ${by}`)),
  ]
}
