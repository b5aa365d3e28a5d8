/** What is closed or paused: seen, paused and resumed by people; and the audit log of what they did. */
import Joi from 'joi'
import { listGates, type Pausable, pause, resume } from '../../operations/gates.ts'
import { moduleNamed } from '../../operations/records.ts'
import { problem } from '../problems.ts'
import { type Call, name, type Operation, reason } from './route.ts'

const PAGE = 100

/** `connectors`: those that are loaded. */
export const gateOperations = (connectors: ReadonlyMap<string, unknown>): readonly Operation[] => [
  {
    method: 'GET',
    path: '/api/v1/gates',
    scope: 'read',
    summary: 'Remotes to which nothing is sent now, with the reason and how many records stand there.',
    handle: async ({ desk }) => ({ items: await listGates(desk) }),
  },
  {
    method: 'POST',
    path: '/api/v1/gates/{connector}/pause',
    scope: 'operate',
    summary: 'Sends nothing more to a remote, or to one of its resources, until it is resumed.',
    params: { connector: name },
    body: { reason: reason.required(), resource: name },
    async handle({ desk, params, body }) {
      const remote = remoteOf(connectors, params, body)
      if (remote === undefined) return undefined
      await pause(desk, { what: 'remote', remote }, body['reason'] as string)
      return { remote, status: 'paused' }
    },
  },
  {
    method: 'POST',
    path: '/api/v1/gates/{connector}/resume',
    scope: 'operate',
    summary: 'Opens a paused remote little by little; one that closed by itself is tried at once.',
    params: { connector: name },
    body: { resource: name },
    async handle({ desk, params, body }) {
      const remote = remoteOf(connectors, params, body)
      if (remote === undefined) return undefined
      return resumed(desk, { what: 'remote', remote }, { remote })
    },
  },
  {
    method: 'POST',
    path: '/api/v1/modules/{module}/pause',
    scope: 'operate',
    summary: 'Sends nothing of a module anywhere until it is resumed; what comes in is stored and applied.',
    params: { module: name },
    body: { reason: reason.required() },
    async handle({ desk, params, body }) {
      const module = moduleNamed(desk, params['module'] as string)
      if (module === undefined) return undefined
      await pause(desk, { what: 'module', module }, body['reason'] as string)
      return { module, status: 'paused' }
    },
  },
  {
    method: 'POST',
    path: '/api/v1/modules/{module}/resume',
    scope: 'operate',
    summary: 'Lets the records of a paused module go, little by little.',
    params: { module: name },
    async handle({ desk, params }) {
      const module = moduleNamed(desk, params['module'] as string)
      return module === undefined ? undefined : resumed(desk, { what: 'module', module }, { module })
    },
  },
  {
    method: 'POST',
    path: '/api/v1/tenant/pause',
    scope: 'operate',
    summary: 'Sends nothing of the college anywhere, and reads nothing, until it is resumed.',
    body: { reason: reason.required() },
    async handle({ desk, body }) {
      await pause(desk, { what: 'tenant' }, body['reason'] as string)
      return { tenant: desk.tenant.id, status: 'paused' }
    },
  },
  {
    method: 'POST',
    path: '/api/v1/tenant/resume',
    scope: 'operate',
    summary: 'Lets the records of a paused college go, little by little.',
    handle: ({ desk }) => resumed(desk, { what: 'tenant' }, { tenant: desk.tenant.id }),
  },
  {
    method: 'GET',
    path: '/api/v1/audit',
    scope: 'admin',
    summary: 'What people changed, in order.',
    query: { after: Joi.number().integer().min(0).default(0) },
    async handle({ desk, query }) {
      const rows = await desk.audit.page(desk.tenant.id, Number(query['after']), PAGE)
      return {
        items: rows.map(({ number, at, by, action, target, details }) => ({
          number,
          at: at.toISOString(),
          by,
          action,
          target,
          details,
        })),
        ...(rows.length === PAGE ? { next: rows.at(-1)?.number } : {}),
      }
    },
  },
  {
    method: 'GET',
    path: '/api/v1/audit/verification',
    scope: 'admin',
    summary:
      'Whether the audit log is as it was written; keep the head elsewhere and pass it on the next time.',
    query: { head: Joi.string().hex().length(64) },
    handle: ({ desk, query }) => desk.audit.verify(desk.tenant.id, query['head']),
  },
]

/** Undefined: nothing of the kind is paused or closed. Raises 409. */
async function resumed(desk: Call['desk'], pausable: Pausable, facts: Readonly<Record<string, string>>) {
  const done = await resume(desk, pausable)
  if (done === 'missing') return undefined
  if (done === 'done') return { ...facts, status: 'resumed' }
  throw problem(409, 'NOT_NOW', 'The gate is opening already.')
}

function remoteOf(
  connectors: ReadonlyMap<string, unknown>,
  params: Readonly<Record<string, string>>,
  body: Readonly<Record<string, string>>,
): string | undefined {
  const { connector = '' } = params
  if (!connectors.has(connector)) return undefined
  return body['resource'] === undefined ? connector : `${connector}/${body['resource']}`
}
