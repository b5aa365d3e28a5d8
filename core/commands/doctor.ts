/** `wasl doctor`: asks everything that Wasl depends on, and says what is wrong and what to do. */
import { parseArgs } from 'node:util'
import { storeAddress } from '../engine.ts'
import { WaslError } from '../errors.ts'
import { loadPipelines } from '../pipeline/load.ts'
import type { Check, ConnectorDefinition, Json } from '../plugin.ts'
import { createRegistry, type Registry } from '../registry.ts'
import { createHttpClient } from '../request.ts'
import { createSecrets, readKey } from '../secrets.ts'
import { connectionSettings, type Settings } from '../settings.ts'
import { CLOCKS_DIFFER_MS, type StoreClock } from '../store/clock.ts'
import { openStore, type Store } from '../store/connect.ts'
import { createTenants } from '../tenants.ts'
import type { CommandContext } from './context.ts'

/** All that a remote may take to answer its checks, in milliseconds. */
const REMOTE_MS = 30_000

interface Section {
  readonly title: string
  readonly checks: readonly Check[]
}

/** @returns 0 when everything is well, 1 when something is not */
export async function doctor(context: CommandContext, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } }, strict: true })
  const { settings, connectors, print } = context
  const registry = createRegistry({ connectors })
  const sections: Section[] = [{ title: 'pipelines', checks: await pipelineChecks(settings, registry) }]
  const { store, check } = await storeCheck(settings)
  sections.push({ title: 'store', checks: store === undefined ? [check] : [check, clockCheck(store.clock)] })
  if (store !== undefined) {
    try {
      sections.push({ title: 'scheduler', checks: [await schedulerCheck(store)] })
      sections.push(...(await tenantSections(context, registry, store)))
    } finally {
      await store.close()
    }
  }
  if (sections.every(({ title }) => !title.includes('/'))) {
    sections.push({
      title: 'connections',
      checks: connectors.map(connector => notConnected(connector, settings)),
    })
  }
  print(values.json === true ? JSON.stringify({ sections }, null, 2) : report(sections, context.color))
  return sections.some(({ checks }) => checks.some(({ ok }) => !ok)) ? 1 : 0
}

async function pipelineChecks(settings: Settings, registry: Registry): Promise<readonly Check[]> {
  const { modules, findings } = await loadPipelines({ folders: settings.folders, registry })
  const running: Check = {
    name: 'modules',
    ok: modules.size > 0,
    message: [...modules.keys()].join(', ') || 'none runs',
  }
  return [
    running,
    ...findings.map(({ file, line, column, message, suggestion }) => ({
      name: `${file}:${line}:${column}`,
      ok: false,
      message,
      ...(suggestion === undefined ? {} : { hint: suggestion }),
    })),
  ]
}

async function storeCheck(settings: Settings): Promise<{ store?: Store; check: Check }> {
  try {
    const { uri, name } = await storeAddress(settings)
    const store = await openStore({ uri })
    await store.ping()
    return { store, check: { name: 'written', ok: true, message: `${name} takes writes` } }
  } catch (error) {
    return { check: { name: 'written', ok: false, ...told(error) } }
  }
}

function clockCheck(clock: Pick<StoreClock, 'ahead'>): Check {
  const ahead = clock.ahead()
  const name = 'clock'
  if (Math.abs(ahead) < CLOCKS_DIFFER_MS) return { name, ok: true, message: 'as that of this machine' }
  const message = `${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? 'behind' : 'ahead of'} that of this machine`
  const hint =
    "Keep both in step (NTP). Wasl goes by the store's: times that people read, and the age of signatures."
  return { name, ok: false, message, hint }
}

/** What failed, in words; anything that we did not raise on purpose keeps its own. */
function told(error: unknown): { message: string; hint?: string } {
  const message = error instanceof Error ? error.message : String(error)
  const hint = error instanceof WaslError ? error.hint : undefined
  return hint === undefined ? { message } : { message, hint }
}

async function schedulerCheck({ db, clock }: Store): Promise<Check> {
  const sweep = await db.collection('agendaJobs').findOne({ name: 'sweep' })
  // Agenda writes null for "never".
  const last = sweep?.['lastFinishedAt'] as Date | null | undefined
  if (last === undefined || last === null) {
    return { name: 'sweep', ok: true, message: 'has not run yet; it does, 30 s after the engine has started' }
  }
  const seconds = Math.round((clock.now() - last.getTime()) / 1000)
  return { name: 'sweep', ok: true, message: `ran ${seconds} s ago` }
}

async function tenantSections(
  { settings, connectors, log }: CommandContext,
  registry: Registry,
  store: Store,
): Promise<readonly Section[]> {
  const tenants = createTenants({
    store,
    secrets: createSecrets(await readKey(settings)),
    connectors,
    log,
    now: store.clock.now,
    load: tenant => loadPipelines({ folders: settings.folders, registry, tenant }),
    given: (tenant, name) => givenTo(settings, registry, tenant, name),
    http: (_tenant, remote, baseUrl, given) => createHttpClient(baseUrl, { remote, log, ...given }),
  })
  await tenants.refresh()
  try {
    const sections: Section[] = []
    for (const id of tenants.ids()) {
      const tenant = await tenants.get(id)
      for (const { name } of connectors) {
        const connection = tenant.connection(name)
        if (connection === undefined) continue
        const title = `${id}/${name}`
        try {
          sections.push({ title, checks: await connection.check(AbortSignal.timeout(REMOTE_MS)) })
        } catch (error) {
          sections.push({ title, checks: [{ name: 'reached', ok: false, ...told(error) }] })
        }
      }
    }
    return sections
  } finally {
    await tenants.close()
  }
}

function givenTo(
  settings: Settings,
  registry: Registry,
  tenant: string,
  name: string,
): { readonly [name: string]: Json } | undefined {
  const connector = registry.connector(name)
  if (connector === undefined || tenant !== settings.defaultTenant) return undefined
  return connectionSettings(settings, connector)
}

function notConnected(connector: ConnectorDefinition, settings: Settings): Check {
  const required = (connector.settings['required'] ?? []) as readonly string[]
  const variables = required.map(name =>
    `${connector.name}_${name.replace(/([a-z])([A-Z])/g, '$1_$2')}`.toUpperCase(),
  )
  return {
    name: connector.name,
    ok: !settings.production,
    message: 'no tenant is connected to it',
    hint: `set ${variables.join(', ')}`,
  }
}

function report(sections: readonly Section[], color: boolean): string {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text)
  const lines: string[] = []
  for (const { title, checks } of sections) {
    lines.push(title)
    for (const { name, ok, message, hint } of checks) {
      lines.push(`  ${ok ? paint(32, '✔') : paint(31, '✖')} ${name}: ${message}`)
      if (!ok && hint !== undefined) lines.push(`      → ${hint}`)
    }
  }
  const wrong = sections.flatMap(({ checks }) => checks).filter(({ ok }) => !ok).length
  lines.push(
    '',
    wrong === 0 ? 'Everything is well.' : `${wrong} ${wrong === 1 ? 'thing needs' : 'things need'} mending.`,
  )
  return lines.join('\n')
}
