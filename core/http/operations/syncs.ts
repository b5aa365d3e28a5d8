/** Completeness sweeps over HTTP: ordered, watched, cancelled, repeated. */
import Joi from 'joi'
import { moduleNamed } from '../../operations/records.ts'
import {
  cancelSync,
  retrySync,
  type SyncView,
  showSync,
  syncHistory,
  triggerSync,
} from '../../operations/syncs.ts'
import { notFound, problem } from '../problems.ts'
import { parted } from './records.ts'
import { type Call, name, type Operation, objectId, paging } from './route.ts'

const STATUSES = ['running', 'completed', 'failed', 'cancelled']

/** Raises 404 where the module does not run. */
function moduleIn(desk: Call['desk'], given: string | undefined): { module?: string } {
  if (given === undefined) return {}
  const module = moduleNamed(desk, given)
  if (module === undefined) throw notFound()
  return { module }
}

const notNow = (message: string) =>
  problem(409, 'NOT_NOW', message, { hint: 'Look at it again; what is on its way ends by itself.' })

/** `ring`: a sweep may be due now. */
export function syncOperations(ring: () => void): readonly Operation[] {
  return [
    {
      method: 'POST',
      path: '/v1/extension/sync/trigger',
      scope: 'operate',
      status: 202,
      summary: 'Sweeps a module, or all of them, for what was changed in the remotes since the last sweep.',
      body: { module: name, full: Joi.boolean().default(false) },
      async handle({ desk, body }) {
        const { module, full } = body as unknown as { module?: string; full: boolean }
        const items = await triggerSync(desk, { ...moduleIn(desk, module), full })
        ring()
        return { items }
      },
    },
    {
      method: 'GET',
      path: '/v1/extension/sync/history',
      scope: 'read',
      summary: 'Completeness sweeps, newest first.',
      query: { ...paging, module: name, status: Joi.valid(...STATUSES) },
      handle({ desk, query }) {
        const { filter, page } = parted<{ module?: string; status?: SyncView['status'] }>(query)
        return syncHistory(desk, { ...filter, ...moduleIn(desk, filter.module) }, page)
      },
    },
    {
      method: 'GET',
      path: '/v1/extension/sync/history/{id}',
      scope: 'read',
      summary: 'How far a sweep is, or how it ended.',
      params: { id: objectId },
      handle: ({ desk, params }) => showSync(desk, params['id'] as string),
    },
    {
      method: 'POST',
      path: '/v1/extension/sync/retry/{id}',
      scope: 'operate',
      status: 202,
      summary: 'Begins a sweep that failed or was cancelled anew, from the same moment on.',
      params: { id: objectId },
      async handle({ desk, params }) {
        const begun = await retrySync(desk, params['id'] as string)
        if (begun === 'missing') return undefined
        if (begun === 'refused') throw notNow('It runs, or has come to its end.')
        ring()
        return begun
      },
    },
    {
      method: 'POST',
      path: '/v1/extension/sync/cancel/{id}',
      scope: 'operate',
      summary: 'Ends a sweep; what has come in stays.',
      params: { id: objectId },
      async handle({ desk, params }) {
        const id = params['id'] as string
        const done = await cancelSync(desk, id)
        if (done === 'missing') return undefined
        if (done === 'refused') throw notNow('It does not run any more.')
        return showSync(desk, id)
      },
    },
  ]
}
