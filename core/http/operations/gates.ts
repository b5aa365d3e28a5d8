/** Remotes that are closed: seen, paused and resumed by people; and the audit log of what they did. */
import Joi from 'joi'
import { listGates, pauseRemote, resumeRemote } from '../../operations/gates.ts'
import { problem } from '../problems.ts'
import { name, type Operation, reason } from './route.ts'

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
      await pauseRemote(desk, remote, body['reason'] as string)
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
      const done = remote === undefined ? 'missing' : await resumeRemote(desk, remote)
      if (done === 'missing') return undefined
      if (done === 'done') return { remote, status: 'resumed' }
      throw problem(409, 'NOT_NOW', 'The gate is opening already.')
    },
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

function remoteOf(
  connectors: ReadonlyMap<string, unknown>,
  params: Readonly<Record<string, string>>,
  body: Readonly<Record<string, string>>,
): string | undefined {
  const { connector = '' } = params
  if (!connectors.has(connector)) return undefined
  return body['resource'] === undefined ? connector : `${connector}/${body['resource']}`
}
