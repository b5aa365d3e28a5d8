/** `wasl jobs`: what was ordered over many records or events, how far it is, and its end before its time. */
import { bulkView, cancelBulk } from '../../operations/bulk.ts'
import type { RunCommand } from '../command.ts'
import { UsageError } from '../pipeline-context.ts'
import { ago } from './columns.ts'
import { told } from './outcome.ts'
import { missing, pageOf, withSubcommands } from './terminal.ts'

const ID = /^[0-9a-f]{24}$/

export const jobs: RunCommand = withSubcommands('jobs', {
  list: {
    usage: '[--limit <n>]',
    options: { limit: { type: 'string' } },
    async run({ desk, values, list }) {
      const items = (await desk.store.bulk.page(desk.tenant.id, pageOf(values).limit)).map(bulkView)
      list({ items }, ['JOB', 'AGE', 'WHAT', 'STATE', 'DONE', 'LEFT', 'BY', 'WHY'], job => [
        job.id,
        ago(job.startedAt, desk.now()),
        job.what,
        job.state,
        String(job.done),
        String(job.refused),
        job.by,
        job.error ?? '',
      ])
      return 0
    },
  },
  show: {
    usage: '<job>',
    names: 1,
    async run({ desk, names, show }) {
      const id = idOf(names)
      const job = await desk.store.bulk.one(desk.tenant.id, id)
      if (job === null) throw missing('job', id)
      const view = bulkView(job)
      show(view, () => [
        `${view.what}  ${view.state}: ${view.done} done, ${view.refused} left as they are`,
        `ordered by ${view.by} at ${view.startedAt}: ${JSON.stringify(view.order)}`,
        ...(view.error === undefined ? [] : [view.error]),
      ])
      return 0
    },
  },
  cancel: {
    usage: '<job>',
    names: 1,
    async run({ desk, names, show }) {
      const id = idOf(names)
      const done = await cancelBulk(desk, id)
      if (done !== 'done') return told(done, 'job', id, show)
      show({ id, status: 'cancelled' }, () => ['Cancelled: what it has done stays done.'])
      return 0
    },
  },
})

function idOf([id = '']: readonly string[]): string {
  if (!ID.test(id)) throw new UsageError(`"${id}" is no job: \`wasl jobs\` lists them.`)
  return id
}
