/** The demo: with nothing configured, every connector's sandbox runs on loopback with a small college in it. */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { credentialsFile } from './first-start.ts'
import type { ConnectorDefinition, Json, Log, RunningDemo } from './plugin.ts'
import { connectionSettings, type Settings } from './settings.ts'

export interface DemoRemotes {
  readonly remotes: ReadonlyMap<string, RunningDemo>
  /** What the engine needs in order to reach them. */
  readonly connections: { readonly [connector: string]: { readonly [name: string]: Json } }
  close(): Promise<void>
}

/** Its presence says that the data folder holds a demo, so that real data never meets a sandbox. */
const markOf = (dataFolder: string): string => join(dataFolder, 'demo')

/** No connector is configured, no MongoDB is named, and the data folder is empty or holds a demo. */
export function isDemo(settings: Settings, connectors: readonly ConnectorDefinition[]): boolean {
  if (settings.production || settings.mongodbUri !== undefined || settings.role !== 'all') return false
  if (connectors.some(connector => connectionSettings(settings, connector) !== undefined)) return false
  return existsSync(markOf(settings.dataFolder)) || !existsSync(credentialsFile(settings.dataFolder))
}

/** Starts the sandbox of each connector that has one; their records are kept in the data folder. */
export async function startDemo(
  settings: Settings,
  connectors: readonly ConnectorDefinition[],
  log: Log,
): Promise<DemoRemotes> {
  const mark = markOf(settings.dataFolder)
  await mkdir(mark, { recursive: true, mode: 0o700 })
  await writeFile(join(mark, 'README'), 'Sandboxes of the demo. Delete the folder above to begin anew.\n')
  const remotes = new Map<string, RunningDemo>()
  for (const connector of connectors) {
    if (connector.demo === undefined) continue
    const { default: demo } = await connector.demo()
    const folder = join(mark, connector.name)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    remotes.set(connector.name, await demo.start({ folder, log }))
  }
  return {
    remotes,
    connections: Object.fromEntries([...remotes].map(([name, remote]) => [name, remote.settings])),
    async close() {
      for (const remote of remotes.values()) await remote.close()
    },
  }
}
