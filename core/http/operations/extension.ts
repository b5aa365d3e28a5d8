/** The extension API: what admins change, from a widget or a script. */
import Joi from 'joi'
import type { Finding } from '../../errors.ts'
import { listConnections, type Sealing, saveConnection } from '../../operations/connections.ts'
import { compareMappings } from '../../operations/mapping-comparison.ts'
import {
  type MappingDesk,
  mappingVersions,
  previewMapping,
  rollBack,
  type Saved,
  saveMapping,
  showMapping,
} from '../../operations/mappings.ts'
import { changeModule, LEAST_INTERVAL, listModules, MOST_INTERVAL } from '../../operations/modules.ts'
import { moduleNamed } from '../../operations/records.ts'
import type { MappingFile } from '../../pipeline/overlay.ts'
import type { Payload } from '../../plugin.ts'
import { problem } from '../problems.ts'
import { type Call, name, type Operation, reason } from './route.ts'

const MODULE = '/v1/extension/field-mappings/{module}'
const mapping = Joi.object().required().unknown()
const version = Joi.number().integer().min(0).max(999_999_999)

export interface ExtensionOptions {
  readonly deskFor: (call: Call) => Promise<MappingDesk>
  /** This engine takes up at once what was saved. */
  readonly afterwards: () => Promise<void>
  readonly sealing: Sealing
  readonly isConnected: (tenant: string, connector: string) => Promise<boolean>
}

export function extensionOperations(options: ExtensionOptions): readonly Operation[] {
  const { deskFor, afterwards } = options
  /** Undefined: no such module. */
  const moduleOf = ({ desk, params }: Call) => moduleNamed(desk, params['module'] as string)

  async function answer(call: Call, module: string, saved: Saved | undefined): Promise<unknown> {
    if (saved === undefined) return undefined
    if ('findings' in saved) throw wrong(saved.findings)
    if ('stale' in saved) throw stale(saved.stale)
    await afterwards()
    const desk = await deskFor(call)
    return withTag(await showMapping(desk, module))
  }

  return [
    ...connectionOperations(options),
    {
      method: 'GET',
      path: '/v1/extension/modules',
      scope: 'read',
      summary: 'The modules, whether they are switched on, with the version of pipeline and mapping.',
      handle: async ({ desk }) => ({ items: await listModules(desk) }),
    },
    {
      method: 'PUT',
      path: '/v1/extension/modules/{name}',
      scope: 'configure',
      summary: 'Switches a module on or off, and says how often it is swept (seconds; 0: only when ordered).',
      params: { name },
      body: { enabled: Joi.boolean(), interval: Joi.number().integer().min(0).max(MOST_INTERVAL) },
      async handle({ desk, params, body }) {
        const module = moduleNamed(desk, params['name'] as string)
        if (module === undefined) return undefined
        await changeModule(desk, module, changeIn(body as unknown as ModuleChange))
        await afterwards()
        return (await listModules(desk)).find(each => each.module === module)
      },
    },
    {
      method: 'GET',
      path: '/v1/extension/metadata/{connector}-constraints',
      scope: 'read',
      summary: 'What a remote takes: the limits of its fields, as far as they are known without asking it.',
      params: { connector: name },
      async handle(call) {
        const connector = (await deskFor(call)).connectors.get(call.params['connector'] as string)
        if (connector === undefined) return undefined
        const resources = Object.entries(connector.resources).map(([resource, definition]) => {
          const { summary, perCall, uniqueBy, fields = {} } = definition
          return [resource, { summary, perCall, uniqueBy, fields }]
        })
        return { connector: connector.name, resources: Object.fromEntries(resources) }
      },
    },
    {
      method: 'GET',
      path: MODULE,
      scope: 'read',
      summary: 'The mapping that counts, and where each line comes from; its version stands in ETag.',
      params: { module: name },
      async handle(call) {
        const module = moduleOf(call)
        return module === undefined ? undefined : withTag(await showMapping(call.desk, module))
      },
    },
    {
      method: 'PUT',
      path: MODULE,
      scope: 'configure',
      summary: 'Saves a mapping as a new version; If-Match must name the version that it replaces.',
      params: { module: name },
      body: { mapping, reason: reason.required() },
      async handle(call) {
        const module = moduleOf(call)
        if (module === undefined) return undefined
        const { desk, body } = { desk: await deskFor(call), body: call.body as unknown as Edit }
        const given = { ...body.mapping, module } as MappingFile
        return answer(call, module, await saveMapping(desk, module, matched(call), given, body.reason))
      },
    },
    {
      method: 'POST',
      path: `${MODULE}/preview`,
      scope: 'read',
      summary: 'The newest events through the mapping that counts and through this one: what would differ.',
      params: { module: name },
      body: { mapping, events: Joi.number().integer().min(1).max(200).default(50) },
      async handle(call) {
        const module = moduleOf(call)
        if (module === undefined) return undefined
        const { mapping: tried, events } = call.body as unknown as { mapping: MappingFile; events: number }
        return previewMapping(await deskFor(call), module, { ...tried, module }, events)
      },
    },
    {
      method: 'GET',
      path: `${MODULE}/versions`,
      scope: 'read',
      summary: 'The versions that were saved, newest first, with who saved them and why.',
      params: { module: name },
      async handle(call) {
        const module = moduleOf(call)
        return module === undefined ? undefined : { items: await mappingVersions(call.desk, module) }
      },
    },
    {
      method: 'GET',
      path: `${MODULE}/compare`,
      scope: 'read',
      summary:
        'What two versions have differently: 0 is the pipeline alone, 1 the file; `to` is by default the one that counts.',
      params: { module: name },
      query: { from: version.required(), to: version },
      async handle(call) {
        const module = moduleOf(call)
        if (module === undefined) return undefined
        const { from, to } = call.query as unknown as { from: number; to?: number }
        return compareMappings(await deskFor(call), module, from, to)
      },
    },
    {
      method: 'POST',
      path: `${MODULE}/rollback`,
      scope: 'configure',
      summary: 'Saves an earlier version again, as the newest.',
      params: { module: name },
      body: { version: Joi.number().integer().min(2).required(), reason: reason.required() },
      async handle(call) {
        const module = moduleOf(call)
        if (module === undefined) return undefined
        const { version, reason: why } = call.body as unknown as { version: number; reason: string }
        return answer(call, module, await rollBack(await deskFor(call), module, matched(call), version, why))
      },
    },
    {
      method: 'GET',
      path: '/v1/extension/metadata/canonical-schema',
      scope: 'read',
      summary: 'The fields of every module, with their types and limits.',
      handle: async ({ desk }) => ({
        modules: Object.fromEntries(
          [...desk.tenant.pipelines.modules].map(([module, { plain }]) => [module, plain.record]),
        ),
      }),
    },
  ]
}

function connectionOperations({
  deskFor,
  afterwards,
  sealing,
  isConnected,
}: ExtensionOptions): readonly Operation[] {
  async function shown(call: Call) {
    const { connectors, tenant, ...desk } = await deskFor(call)
    const all = [...connectors.values()]
    const connected = await Promise.all(all.map(({ name: each }) => isConnected(tenant.id, each)))
    const known = new Map(all.map((each, place) => [each.name, connected[place] === true]))
    const items = await listConnections({ ...desk, tenant }, all, sealing, each => known.get(each) === true)
    return { items }
  }
  return [
    {
      method: 'GET',
      path: '/v1/extension/settings',
      scope: 'read',
      summary: 'How the college is connected; secrets are never shown.',
      handle: shown,
    },
    {
      method: 'PUT',
      path: '/v1/extension/settings',
      scope: 'configure',
      summary: 'Changes a connection: what is left out stays, null takes a setting away.',
      body: { connector: name.required(), settings: Joi.object().required().unknown() },
      async handle(call) {
        const desk = await deskFor(call)
        const { connector, settings } = call.body as unknown as { connector: string; settings: Payload }
        const definition = desk.connectors.get(connector)
        if (definition === undefined) return undefined
        const findings = await saveConnection(desk, definition, settings, sealing, afterwards)
        if (findings.length > 0) throw wrong(findings, 'SETTINGS', 'The settings are not as they must be.')
        return shown(call)
      },
    },
    {
      method: 'GET',
      path: '/v1/extension/tenants/{id}',
      scope: 'read',
      summary: 'The college itself, with its endpoints.',
      params: { id: name },
      async handle({ desk, params }) {
        if (params['id'] !== desk.tenant.id) return undefined
        const tenant = await desk.store.tenants.one(desk.tenant.id)
        if (tenant === null) return undefined
        const { _id, name: called, timezone, language, organisations = {}, endpoints, createdAt } = tenant
        return {
          id: _id,
          name: called,
          timezone,
          language,
          organisations,
          ...Object.fromEntries(
            Object.entries(organisations).map(([connector, each]) => [`${connector}OrgId`, each]),
          ),
          endpoints: endpoints.map(({ id, connector, verifier }) => ({ id, connector, verifier })),
          createdAt: createdAt.toISOString(),
        }
      },
    },
  ]
}

interface ModuleChange {
  readonly enabled?: boolean
  readonly interval?: number
}

/** Raises 400 where nothing is to be changed, or sweeps would never end. */
function changeIn(change: ModuleChange): ModuleChange {
  const { enabled, interval } = change
  if (enabled === undefined && interval === undefined)
    throw wrong([finding('', 'Say what is to be changed: "enabled", "interval" or both.')], 'BODY', NOTHING)
  if (interval !== undefined && interval > 0 && interval < LEAST_INTERVAL)
    throw wrong(
      [finding('/interval', `It is 0, or from ${LEAST_INTERVAL} to ${MOST_INTERVAL} seconds.`)],
      'BODY',
      NOTHING,
    )
  return change
}

const NOTHING = 'The body is not as it must be.'
const finding = (pointer: string, message: string) => ({ pointer, code: 'BODY', message })

interface Edit {
  readonly mapping: object
  readonly reason: string
}

const withTag = <T extends { readonly version: number }>(view: T | undefined) =>
  view === undefined ? undefined : { ...view, etag: `"${view.version}"` }

/** The version that If-Match names. Raises 428 where there is none. */
function matched({ ifMatch }: Call): number {
  const version = /^"(\d{1,9})"$/.exec(ifMatch ?? '')?.[1]
  if (version !== undefined) return Number(version)
  throw problem(428, 'IF_MATCH_NEEDED', 'The header If-Match must name the version that is replaced.', {
    hint: 'Read the mapping first and pass on its ETag.',
  })
}

const stale = (version: number) =>
  problem(412, 'STALE_VERSION', `Somebody else has saved meanwhile: version ${version} counts.`, {
    hint: 'Read the mapping again, and repeat the change on it.',
  })

const wrong = (
  findings: readonly Pick<Finding, 'pointer' | 'code' | 'message' | 'suggestion'>[],
  code = 'MAPPING_WRONG',
  message = 'The mapping is not as it must be; nothing was saved.',
) =>
  problem(400, code, message, {
    findings: findings.map(({ pointer, code: each, message: said, suggestion }) => ({
      pointer,
      code: each,
      message: said,
      ...(suggestion === undefined ? {} : { suggestion }),
    })),
  })
