/** `wasl mappings`: what counts, what a change would do, and saving it as a new version. */
import { readFile } from 'node:fs/promises'
import { DataError } from '../../errors.ts'
import { parseJson } from '../../json.ts'
import { compareMappings } from '../../operations/mapping-comparison.ts'
import {
  type MappingDesk,
  mappingVersions,
  type Preview,
  previewMapping,
  rollBack,
  type Saved,
  savedMappings,
  saveMapping,
  showMapping,
} from '../../operations/mappings.ts'
import { loadPipelines } from '../../pipeline/load.ts'
import type { MappingFile } from '../../pipeline/overlay.ts'
import { createRegistry } from '../../registry.ts'
import { findingText } from '../check.ts'
import type { RunCommand } from '../command.ts'
import { UsageError } from '../pipeline-context.ts'
import { columns, harmless } from './columns.ts'
import { edited } from './mapping-edit.ts'
import { missing, moduleOf, type Terminal, withSubcommands } from './terminal.ts'

const REASON = { reason: { type: 'string' } } as const

async function mappingDesk({ desk, context }: Terminal): Promise<MappingDesk> {
  const { store, tenant } = desk
  const registry = createRegistry({ connectors: context.connectors })
  const [document, saved] = await Promise.all([store.tenants.one(tenant.id), savedMappings(store, tenant.id)])
  return {
    ...desk,
    connectors: tenant.pipelines.registry.connectors,
    timezone: document?.timezone ?? 'UTC',
    rehearsed: (module, mapping) => {
      const { [module]: _, ...others } = saved
      const mappings = mapping === undefined ? others : { ...others, [module]: mapping }
      return loadPipelines({ folders: context.folders, registry, tenant: tenant.id, mappings })
    },
  }
}

async function mappingIn(file: string, module: string): Promise<MappingFile> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new DataError('FILE_UNREADABLE', `${file} cannot be read (${cause.code}).`, { at: file, cause })
  })
  return { ...(parseJson(bytes) as object), module }
}

function reasonIn({ values }: Terminal): string {
  const reason = (values['reason'] as string | undefined)?.trim() ?? ''
  if (reason.length < 3) throw new UsageError('Say why with --reason; it stands beside the version.')
  return reason
}

/** 0: saved; 1: there are findings. */
function ended({ show, paint }: Terminal, module: string, saved: Saved | undefined): number {
  if (saved === undefined) throw missing('version of the mapping', module)
  if ('stale' in saved)
    throw new DataError('STALE_VERSION', `Somebody else has saved version ${saved.stale} meanwhile.`, {
      hint: 'Look at it with `wasl mappings show`, and repeat the change.',
    })
  show(saved, () =>
    'saved' in saved
      ? [`Saved as version ${saved.saved}; running engines take it up within 5 s.`]
      : saved.findings.map(finding => findingText(finding, paint)),
  )
  return 'saved' in saved ? 0 : 1
}

export const mappings: RunCommand = withSubcommands('mappings', {
  list: {
    usage: '',
    async run({ desk, list }) {
      const views = await Promise.all(
        [...desk.tenant.pipelines.modules.keys()].map(module => showMapping(desk, module)),
      )
      const items = views.flatMap(view => view ?? [])
      list({ items }, ['MODULE', 'VERSION', 'LINES OF OUR OWN', 'WHY'], view => [
        view.module,
        String(view.version),
        view.lines.flatMap(({ origin, field }) => (origin === 'mapping' ? [field] : [])).join(', '),
        view.reason ?? '',
      ])
      return 0
    },
  },
  show: {
    usage: '<module>',
    names: 1,
    async run(terminal) {
      const { desk, names, show } = terminal
      const view = await showMapping(desk, moduleOf(terminal, names[0] as string))
      if (view === undefined) throw missing('module', names[0] as string)
      show(view, () => [
        `${view.module}, version ${view.version}`,
        ...columns(
          ['FLOW', 'FIELD', 'FROM', 'RULE'],
          view.lines.map(({ flow, field, origin, rule }) => [flow, field, origin, JSON.stringify(rule)]),
        ),
      ])
      return 0
    },
  },
  preview: {
    usage: '<module> <file>',
    names: 2,
    async run(terminal) {
      const [name, file] = terminal.names as [string, string]
      const module = moduleOf(terminal, name)
      const tried = await mappingIn(file, module)
      const preview = await previewMapping(await mappingDesk(terminal), module, tried, 50)
      if (preview === undefined) throw missing('module', name)
      terminal.show(preview, () => previewLines(terminal, preview))
      return preview.findings.length === 0 ? 0 : 1
    },
  },
  edit: {
    usage: '<module> --reason <why>',
    names: 1,
    options: REASON,
    async run(terminal) {
      const module = moduleOf(terminal, terminal.names[0] as string)
      const reason = reasonIn(terminal)
      const desk = await mappingDesk(terminal)
      const view = await showMapping(desk, module)
      if (view === undefined) throw missing('module', module)
      const draft = await edited(terminal.context, module, view.mapping)
      if (draft.mapping === undefined) {
        await draft.drop()
        terminal.show({ module, version: view.version }, () => ['Nothing was changed.'])
        return 0
      }
      const mapping = { ...draft.mapping, module } as unknown as MappingFile
      const preview = await previewMapping(desk, module, mapping, 50)
      if (preview !== undefined && preview.findings.length > 0) {
        terminal.show({ ...preview, draft: draft.file }, () => [
          ...previewLines(terminal, preview),
          `Nothing was saved. Mend the draft, then: wasl mappings save ${module} ${draft.file} --reason <why>`,
        ])
        return 1
      }
      if (preview !== undefined && terminal.values['json'] !== true)
        terminal.context.print(previewLines(terminal, preview, '').join('\n'))
      const code = ended(terminal, module, await saveMapping(desk, module, view.version, mapping, reason))
      await draft.drop()
      return code
    },
  },
  save: {
    usage: '<module> <file> --reason <why>',
    names: 2,
    options: REASON,
    async run(terminal) {
      const [name, file] = terminal.names as [string, string]
      const module = moduleOf(terminal, name)
      const [reason, mapping, desk] = [
        reasonIn(terminal),
        await mappingIn(file, module),
        await mappingDesk(terminal),
      ]
      const { version = 0 } = (await showMapping(desk, module)) ?? {}
      return ended(terminal, module, await saveMapping(desk, module, version, mapping, reason))
    },
  },
  versions: {
    usage: '<module>',
    names: 1,
    async run(terminal) {
      const { desk, names, list } = terminal
      const items = await mappingVersions(desk, moduleOf(terminal, names[0] as string))
      list({ items }, ['VERSION', 'AT', 'BY', 'WHY'], ({ version, at, by, reason }) => [
        String(version),
        at,
        by,
        reason,
      ])
      return 0
    },
  },
  compare: {
    usage: '<module> <version> [<version>]',
    least: 2,
    names: 3,
    async run(terminal) {
      const [name, from, to] = terminal.names as [string, string, string | undefined]
      const wrong = [from, to].find(version => version !== undefined && !/^\d{1,9}$/.test(version))
      if (wrong !== undefined) throw new UsageError(`"${wrong}" is no version.`)
      const module = moduleOf(terminal, name)
      const desk = await mappingDesk(terminal)
      const compared = await compareMappings(
        desk,
        module,
        Number(from),
        to === undefined ? undefined : Number(to),
      )
      if (compared === undefined)
        throw missing('version of the mapping', `${module} ${from} ${to ?? ''}`.trim())
      terminal.show(compared, () => [
        `${module}: version ${compared.from} → ${compared.to}, ${compared.differences.length} lines differ.`,
        ...compared.differences.flatMap(({ of, field, from: before, to: after }) => [
          harmless(`${of}  ${field}`),
          harmless(`  ${JSON.stringify(before)} → ${JSON.stringify(after)}`),
        ]),
      ])
      return 0
    },
  },
  rollback: {
    usage: '<module> <version> --reason <why>',
    names: 2,
    options: REASON,
    async run(terminal) {
      const [name, to] = terminal.names as [string, string]
      if (!/^\d{1,9}$/.test(to)) throw new UsageError(`"${to}" is no version.`)
      const module = moduleOf(terminal, name)
      const reason = reasonIn(terminal)
      const desk = await mappingDesk(terminal)
      const { version = 0 } = (await showMapping(desk, module)) ?? {}
      return ended(terminal, module, await rollBack(desk, module, version, Number(to), reason))
    },
  },
})

function previewLines(
  { paint }: Terminal,
  { findings, events, differences }: Preview,
  ending = ' Nothing was written.',
): readonly string[] {
  if (findings.length > 0) return findings.map(finding => findingText(finding, paint))
  const head = `${events} events were run through both: ${differences.length} would differ.${ending}`
  return [
    head,
    ...differences.flatMap(({ event, identity, outcome, fields }) => [
      harmless(`${identity ?? event}  ${outcome.before} → ${outcome.after}`),
      ...fields.map(({ field, before, after }) =>
        harmless(`  ${field}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`),
      ),
    ]),
  ]
}
