/** Takes up changed pipelines, mappings and configuration without a restart. */
import type { Finding } from './errors.ts'
import type { PipelineSet } from './pipeline/compiled.ts'
import type { Log } from './plugin.ts'
import type { Settings } from './settings.ts'
import { type Watching, watchFiles } from './watch.ts'

/** Tells findings of a load: each once, however many tenants and loads it comes up in, until it is gone. */
export function findingLog(log: Log): (tenant: string, set: PipelineSet) => void {
  const told = new Map<string, ReadonlySet<string>>()
  return (tenant, { findings }) => {
    const before = new Set([...told.values()].flatMap(keys => [...keys]))
    for (const finding of findings)
      if (!before.has(keyOf(finding))) log.warn('finding', { tenant, ...finding })
    told.set(tenant, new Set(findings.map(keyOf)))
  }
}

const keyOf = (finding: Finding): string => JSON.stringify(finding)

/** Watches until it is closed. New and changed connectors are code: they are only told, since they need a restart. */
export async function watchSettings(
  folders: Settings['folders'],
  tenants: { reload(): Promise<void> },
  log: Log,
): Promise<Watching> {
  const failed = (error: unknown) => log.warn('reload_failed', { error })
  const files = await watchFiles({
    folders: [...folders.pipelines, ...folders.config],
    matches: /(?<!\.schema|\.cases)\.json$/,
    async changed() {
      await tenants.reload()
      log.info('reloaded', {})
    },
    failed,
  })
  const connectors = await watchFiles({
    // The first are ours, which change only with a new version of Wasl.
    folders: folders.connectors.slice(1),
    matches: /\.(ts|mjs|js|json)$/,
    async changed() {
      log.warn('restart_needed', {
        folders: folders.connectors.slice(1),
        hint: 'A connector has changed: restart Wasl.',
      })
    },
    failed,
  })
  return {
    async close() {
      await Promise.all([files.close(), connectors.close()])
    },
  }
}
