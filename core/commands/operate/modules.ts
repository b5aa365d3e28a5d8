/** `wasl modules`: what runs, what is switched off, and the sweeps that compare it with the remotes. */
import { DataError } from '../../errors.ts'
import { type Desk, STATES } from '../../operations/desk.ts'
import { resume } from '../../operations/gates.ts'
import { changeModule, LEAST_INTERVAL, listModules, MOST_INTERVAL } from '../../operations/modules.ts'
import { cancelSync, retrySync, type SyncView, syncHistory, triggerSync } from '../../operations/syncs.ts'
import type { RunCommand } from '../command.ts'
import { UsageError } from '../pipeline-context.ts'
import { pauseNow, told } from './outcome.ts'
import { LISTED, missing, moduleOf, pageOf, type Terminal, withSubcommands } from './terminal.ts'

const MOST_COUNTED = 10_000

export const modules: RunCommand = withSubcommands('modules', {
  list: {
    usage: '',
    async run({ desk, list }) {
      const items = await Promise.all(
        (await listModules(desk)).map(async view => ({
          ...view,
          flows: view.flows.map(({ name }) => name),
          records: await countsOf(desk, view.module),
        })),
      )
      list({ items }, ['MODULE', 'VERSION', 'FLOWS', 'SWEPT', 'RECORDS'], item => [
        item.enabled ? item.module : `${item.module} (off)`,
        item.config,
        item.flows.join(', '),
        [
          item.interval === 0 ? 'when ordered' : `every ${item.interval} s`,
          ...(item.lastSyncAt === undefined ? [] : [`last ${item.lastSyncAt}`]),
        ].join(', '),
        Object.entries(item.records)
          .map(([state, count]) => `${state} ${count === MOST_COUNTED ? `${count} or more` : count}`)
          .join(', ') || 'none',
      ])
      return 0
    },
  },
  pause: {
    usage: '<module> --reason <why>',
    names: 1,
    options: { reason: { type: 'string' } },
    run: terminal => {
      const module = moduleOf(terminal, terminal.names[0] as string)
      const sentence = `Nothing of ${module} is sent any more; what comes in is stored and waits.`
      return pauseNow(terminal, { what: 'module', module }, { module }, sentence)
    },
  },
  resume: {
    usage: '<module>',
    names: 1,
    async run(terminal) {
      const module = moduleOf(terminal, terminal.names[0] as string)
      return told(await resume(terminal.desk, { what: 'module', module }), 'pause of', module, terminal.show)
    },
  },
  on: { usage: '<module>', names: 1, run: terminal => switchTo(terminal, true) },
  off: { usage: '<module>', names: 1, run: terminal => switchTo(terminal, false) },
  interval: {
    usage: '<module> <seconds>',
    names: 2,
    async run(terminal) {
      const [name, seconds] = terminal.names as [string, string]
      const module = moduleOf(terminal, name)
      const interval = Number(seconds)
      const fits = interval === 0 || (interval >= LEAST_INTERVAL && interval <= MOST_INTERVAL)
      if (!/^\d{1,6}$/.test(seconds) || !fits)
        throw new UsageError(`The interval is 0, or from ${LEAST_INTERVAL} to ${MOST_INTERVAL} seconds.`)
      await changeModule(terminal.desk, module, { interval })
      terminal.show({ module, interval }, () => [
        interval === 0
          ? `${module} is swept when it is ordered only.`
          : `${module} is swept every ${interval} s.`,
      ])
      return 0
    },
  },
  sync: {
    usage: '[<module>] [--full]',
    least: 0,
    names: 1,
    options: { full: { type: 'boolean' } },
    async run(terminal) {
      const [name] = terminal.names
      const items = await triggerSync(terminal.desk, {
        ...(name === undefined ? {} : { module: moduleOf(terminal, name) }),
        full: terminal.values['full'] === true,
      })
      listed(terminal, { items })
      return 0
    },
  },
  history: {
    usage: '[<module>] [--limit <n>] [--cursor <next>]',
    least: 0,
    names: 1,
    options: LISTED,
    async run(terminal) {
      const [name] = terminal.names
      const filter = name === undefined ? {} : { module: moduleOf(terminal, name) }
      listed(terminal, await syncHistory(terminal.desk, filter, pageOf(terminal.values)))
      return 0
    },
  },
  retry: {
    usage: '<sweep>',
    names: 1,
    async run(terminal) {
      const id = terminal.names[0] as string
      const begun = await retrySync(terminal.desk, id)
      if (begun === 'missing') throw missing('sweep', id)
      if (begun === 'refused')
        throw new DataError('NOT_NOW', 'It runs, or has come to its end.', { hint: 'Look at it again.' })
      listed(terminal, { items: [begun] })
      return 0
    },
  },
  cancel: {
    usage: '<sweep>',
    names: 1,
    async run({ desk, names, show }) {
      const id = names[0] as string
      const done = await cancelSync(desk, id)
      if (done !== 'done') return told(done, 'sweep', id, show)
      show({ id, status: 'cancelled' }, () => ['Cancelled: what has come in stays.'])
      return 0
    },
  },
})

function listed(
  { list }: Terminal,
  page: { readonly items: readonly SyncView[]; readonly next?: string },
): void {
  list(page, ['SWEEP', 'MODULE', 'STATUS', 'BEGAN', 'LISTED', 'READ', 'BY', 'WHY'], sync => [
    sync.id,
    sync.module,
    sync.status,
    sync.startedAt,
    String(sync.recordsProcessed),
    String(sync.recordsRead),
    sync.by,
    sync.errorMessage ?? '',
  ])
}

async function countsOf(desk: Desk, module: string): Promise<Readonly<Record<string, number>>> {
  const counts = await Promise.all(
    STATES.map(async state => {
      const count = await desk.store.lookup.count(desk.tenant.id, module, state, MOST_COUNTED)
      return [state, count] as const
    }),
  )
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

async function switchTo(terminal: Terminal, enabled: boolean): Promise<number> {
  const { desk, names, show } = terminal
  const module = moduleOf(terminal, names[0] as string)
  await changeModule(desk, module, { enabled })
  show({ module, enabled }, () => [
    enabled
      ? `${module} is on: running engines take its events up within 5 s.`
      : `${module} is off: running engines skip its events within 5 s.`,
  ])
  return 0
}
